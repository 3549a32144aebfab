"""Inputs on disk, so that they are written once and then read by every benchmark."""

import shutil
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Final

from msgspec import Struct

from benchmarks.inputs import OBJECTS, Facts, Input
from shipper.demo.objects import StoredObject

BUILD: Final = Path(__file__).parents[2] / "build"
SEED: Final = 20_260_203


class Stored(Struct, frozen=True):
    """
    An input that is there.

    Attributes:
        objects: all of them
        facts: how varied they are
    """

    objects: list[StoredObject]
    facts: Facts


def load(wanted: Input) -> Stored:
    """Read an input; write it first if that was not done yet, or by another version of the code."""
    folder = BUILD / "bench" / wanted.name.replace("/", "-") / _version()
    if not folder.exists():
        shutil.rmtree(folder.parent, ignore_errors=True)
        _write(folder, wanted.write(Random(SEED), wanted.records, OBJECTS))
    objects = _read(folder)
    return Stored(objects, wanted.facts(objects))


def _write(folder: Path, objects: Iterable[StoredObject]) -> None:
    unfinished = folder.with_suffix(".unfinished")
    unfinished.mkdir(parents=True)
    for number, (key, body) in enumerate(objects):
        (unfinished / f"{number:03d}.key").write_text(key)
        (unfinished / f"{number:03d}.body").write_bytes(body)
    unfinished.rename(folder)


def _read(folder: Path) -> list[StoredObject]:
    return [
        StoredObject(path.read_text(), path.with_suffix(".body").read_bytes()) for path in sorted(folder.glob("*.key"))
    ]


def _version() -> str:
    """Name the code that writes inputs."""
    digest = blake2b(digest_size=6)
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), *(here / "inputs").iterdir()]):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()
