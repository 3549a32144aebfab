"""
The samples of every log source as objects: what AWS's own pages and users' systems showed, oddities included.

They are old events, so that searches of the last minutes do not meet them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shipper.demo.objects import StoredObject, zipped
from shipper.resources import resource
from shipper.source import Sources

PREFIX: Final = "samples"


def sample_objects(sources: Sources, folder: Path | None = None) -> Iterator[StoredObject]:
    """
    Give each sample under a key that its source claims, below a prefix that names the sample.

    Those that are read with a configuration of their own are left out: the demo has one for all.

    Args:
        sources: whose samples
        folder: where they lie; by default those that travel with the package

    Raises:
        FileNotFoundError: a source has no samples
    """
    folder = folder or resource("samples")
    for source in sources:
        key = (folder / source.name / "keys.txt").read_text().splitlines()[0]
        for path in sorted((folder / source.name).glob("*.log")):
            if not path.with_suffix(".toml").exists():
                body = path.read_bytes()
                yield StoredObject(f"{PREFIX}/{path.stem}/{key}", zipped(body) if key.endswith(".gz") else body)
