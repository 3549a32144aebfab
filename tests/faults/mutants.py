"""Mutants: patches that break a promise of the shipper, each of which the oracle has to find."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from faults import trial
from faults.kinds import Fault
from faults.plan import draw
from faults.services import services
from faults.summary import Summary

SEEDS: Final = 20
"""Within so many a mutant has to be found."""

_FOLDER: Final = Path(__file__).parent / "mutants"
_SHARED: Final = ("config", "dashboards", "mappings")
"""Folders that the package looks for beside itself."""


def names() -> list[str]:
    """Name all mutants."""
    return sorted(path.stem for path in _FOLDER.glob("*.patch"))


@contextmanager
def applied(name: str | None) -> Iterator[Path]:
    """
    Give the folder that holds the package `shipper`, a broken copy of it if a mutant is named.

    Raises:
        RuntimeError: the patch does not fit the code any more
    """
    if name is None:
        yield trial.PACKAGE
        return
    with tempfile.TemporaryDirectory(prefix=f"mutant-{name}-") as place:
        folder = Path(place)
        shutil.copytree(
            trial.PACKAGE / "shipper", folder / "shipper", ignore=shutil.ignore_patterns("__pycache__", "data")
        )
        for shared in _SHARED:
            (folder / shared).symlink_to(trial.PACKAGE / shared)
        patch = _FOLDER / f"{name}.patch"
        done = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", str(patch)],
            cwd=folder,
            env={**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)},  # else it may skip all as not tracked
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{patch} does not fit the code any more; make it anew: {done.stderr.strip()}")
        yield folder


async def hunt(name: str | None, without: Sequence[Fault], tell: Callable[[str], None]) -> int:
    """
    Run seeds on each mutant until it is found; gives the exit status.

    Args:
        name: of the only one to look for; None for all
        without: kinds of faults to be left out
        tell: told how it goes
    """
    found: dict[str, int | None] = {}
    async with services(tell) as real:
        for mutant in [name] if name else names():
            found[mutant] = None
            with applied(mutant) as package:
                for seed in range(1, SEEDS + 1):
                    plan = draw(seed, without=[*without, *real.beyond])
                    result = await trial.run(plan, real, package=package)
                    tell(f"{mutant}: {Summary().line(result)}")
                    if wrong := result.verdict.lines():
                        found[mutant] = seed
                        tell(f"  {wrong[0]}")
                        break
    told = [f"{mutant}: {f'found by seed {seed}' if seed else 'NOT FOUND'}" for mutant, seed in found.items()]
    print("; ".join(told))
    return int(None in found.values())
