"""
Logs to measure with: a module for each source, under the source's name, with `inputs`.

What a module writes depends on its seed alone. It is as varied as real logs are, because caches, compression and the
rare slow ways through the code all make a fool of whoever measures with the same record again and again.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from random import Random
from typing import Any, Final, NamedTuple

from benchmarks.enveloping import payload
from benchmarks.packing import packed
from shipper.demo.objects import StoredObject
from shipper.source import Source

Facts = dict[str, int | float | str]
"""What an input is like, by name, to be printed."""

OBJECTS: Final = 10
"""Objects that an input is spread over."""


Enlarge = Callable[[bytes, int], Iterator[bytes]]
"""Writes the inflated bytes of one object again, with its records so many times over."""


class Framing(NamedTuple):
    """
    How an object is made large.

    Attributes:
        enlarge: writes its bytes, piece by piece
        pack: makes an object of them
    """

    enlarge: Enlarge
    pack: Callable[[Iterable[bytes]], bytes] = packed


def over_and_over(text: bytes, times: int) -> Iterator[bytes]:
    """Write an object again and again, for formats whose objects may follow each other as they are."""
    return repeat(text, times)


def in_payloads(text: bytes, times: int) -> Iterator[bytes]:
    """Write the lines of an object as messages of CloudWatch Logs, a payload again and again."""
    return repeat(payload(text.decode().splitlines()), times)


def glued(text: bytes, times: int) -> Iterator[bytes]:
    """Write the lines of an object with nothing between them, as Firehose does."""
    return repeat(b"".join(text.splitlines()), times)


class Input(NamedTuple):
    """
    Logs of one source.

    Attributes:
        name: the dataset; behind a slash what is special, where a source has several inputs
        records: to be written for a benchmark
        write: writes so many records, spread over some objects
        facts: looks at objects and tells how varied they are
        framings: how an object is made large, by the name of the framing; the usual one has no name
    """

    name: str
    records: int
    write: Callable[[Random, int, int], Iterator[StoredObject]]
    facts: Callable[[Iterable[StoredObject]], Facts]
    framings: Mapping[str, Framing]


def of(source: Source[Any, Any]) -> Sequence[Input]:
    """Give the inputs of a source; none if nobody has written a module for it."""
    if source.name not in names():
        return ()
    found: Sequence[Input] = importlib.import_module(f"{__name__}.{source.name}").inputs
    return found


def names() -> frozenset[str]:
    """Name the sources that have inputs."""
    return frozenset(module.name for module in pkgutil.iter_modules(__path__))
