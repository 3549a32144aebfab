"""
What lies in `tests/samples`: for each source, in a folder of its name, keys and objects that it must know how to read.

    keys.txt               S3 keys that this source claims, one a line; the first is the one the cases are read under
    keys.expected.json     what the source takes from each of these keys
    skip.txt               keys beside them that hold no logs
    untold.txt             cases whose content does not tell their source, one a line: `<case>: why`
    <case>.log             the inflated bytes of an object
    <case>.parquet         such an object as a Parquet file
    <case>.toml            the configuration it is read with, of a source of which something can be set
    <case>.expected.json   the documents it becomes

Cases whose name begins with `future_` hold fields that no source declares yet. In those that begin with `enveloped_`
the records have something around them that they got on their way to S3. Those that begin with `foreign_` hold something
that is no log of the source.
"""

import difflib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from shipper.config import load
from shipper.source import Source, Sources

OF_PACKAGE: Final = os.environ.get("PACKAGE_SAMPLES")
"""Folder of samples of another package, whose sources are then asked instead of ours; see docs/own-sources.md."""
SAMPLES: Final = Path(OF_PACKAGE).absolute() if OF_PACKAGE else Path(__file__).parent / "samples"
OBJECTS: Final = frozenset({".log", ".parquet"})
UPDATE: Final = "pytest tests/test_sources.py --update-goldens"
SOURCES: Final = tuple(
    [one for one in Sources.discover() if (SAMPLES / one.name).is_dir()] if OF_PACKAGE else Sources.built_in()
)
MOST_DIFF_LINES: Final = 80


@dataclass(frozen=True)
class Case:
    """One object of a source, which is set as the case wants it."""

    path: Path
    source: Source[Any, Any] = field(compare=False, repr=False)

    def of(self, source: Source[Any, Any]) -> bool:
        """Tell whether the object is of this source, however that is set."""
        return self.source.dataset == source.dataset

    @property
    def name(self) -> str:
        """Name for test reports."""
        return f"{self.source.name}/{self.path.stem}"

    @property
    def key(self) -> str:
        """Key under which the object is read."""
        return keys(self.source)[0]

    @property
    def settings(self) -> str:
        """The configuration that it is read with; empty if the source is as it is by itself."""
        file = self.path.with_suffix(".toml")
        return file.read_text() if file.exists() else ""

    @property
    def golden(self) -> Path:
        """Where the expected documents are."""
        return self.path.with_suffix(".expected.json")

    @property
    def has_undeclared_fields(self) -> bool:
        """Whether the object holds fields that the source does not declare, on purpose."""
        return self.path.stem.startswith("future_")

    @property
    def is_foreign(self) -> bool:
        """Whether the object holds something of others, on purpose."""
        return self.path.stem.startswith("foreign_")

    @property
    def is_enveloped(self) -> bool:
        """Whether the records have envelopes around them."""
        return self.path.stem.startswith("enveloped_")


def folder(source: Source[Any, Any]) -> Path:
    """Give the samples' folder of a source."""
    return SAMPLES / source.name


def lines(path: Path) -> list[str]:
    """Read a list of keys; empty when there is no such file."""
    return path.read_text().splitlines() if path.exists() else []


def keys(source: Source[Any, Any]) -> list[str]:
    """Give the keys that a source claims."""
    return lines(folder(source) / "keys.txt")


def untold(source: Source[Any, Any]) -> dict[str, str]:
    """Give the cases of a source that nobody can tell by their content, each with the reason."""
    return dict(line.split(": ", 1) for line in lines(folder(source) / "untold.txt"))  # type: ignore[misc]


def as_set(source: Source[Any, Any], file: Path) -> Source[Any, Any]:
    """Give a source as a configuration file sets it, if there is such a file."""
    if not file.exists():
        return source
    settings = load(file, {}, Sources(SOURCES).settings)
    return next(one for one in Sources.discover(settings=settings.sources) if one.dataset == source.dataset)


CASES: Final = tuple(
    Case(path, as_set(source, path.with_suffix(".toml")))
    for source in SOURCES
    for path in sorted(folder(source).iterdir())
    if path.suffix in OBJECTS
)


def pretty(value: Any) -> str:
    """Write JSON as it stands in golden files: indented and sorted, so that a diff shows what changed."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def check_golden(path: Path, value: Any, *, update: bool) -> None:
    """
    Compare with a golden file, or write it.

    Raises:
        AssertionError: they differ; the message shows how, and says what to run
    """
    text = pretty(value)
    if update:
        path.write_text(text)
        return
    expected = path.read_text() if path.exists() else ""
    if expected == text:
        return
    name = path.relative_to(SAMPLES.parent.parent)
    diff = list(difflib.unified_diff(expected.splitlines(), text.splitlines(), f"{name}", "now", lineterm="", n=8))
    more = len(diff) - MOST_DIFF_LINES
    shown = [*diff[:MOST_DIFF_LINES], f"... {more} more lines"] if more > 0 else diff
    raise AssertionError("\n".join([f"{name} is not what comes out now. If the change is meant: {UPDATE}", *shown]))
