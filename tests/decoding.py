"""From the bytes of an object to what a decoder makes of them."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import strategies as st
from msgspec import Struct

from shipper.errors import RecordError
from shipper.formats import Format, Unparsed

MIB = 1 << 20
MOST_LISTS = 1000
"""Lists at the end of an object; a decoder that gives more has no end."""


class Decoded(Struct, frozen=True):
    """
    One value of the stream.

    Attributes:
        value: a record or an error
        original: the bytes it stands for
        unparsed: what was set aside
    """

    value: Any
    original: bytes
    unparsed: tuple[Unparsed, ...]


def decoded(layout: Format[Any], blocks: Iterable[bytes], *, record_bytes: int = MIB) -> list[Decoded]:
    """Decode an object that comes in these blocks."""
    decoder = layout.decoder(record_bytes=record_bytes)
    out: list[Decoded] = []
    left = itertools.islice(iter(decoder.finish, []), MOST_LISTS)
    for values in itertools.chain(map(decoder.feed, blocks), left):
        out += [Decoded(value, decoder.original(at), decoder.unparsed(at)) for at, value in enumerate(values)]
    return out


def cut(raw: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Cut an object into blocks whose sizes come round again and again; in one block when there are none."""
    if not sizes:
        return [raw]
    out: list[bytes] = []
    start = 0
    for size in itertools.cycle(sizes):
        if start >= len(raw):
            return out
        out.append(raw[start : start + size])
        start += size
    return out


def records(out: Iterable[Decoded]) -> list[Any]:
    """Give the records among what was decoded."""
    return [one.value for one in out if not isinstance(one.value, RecordError)]


def errors(out: Iterable[Decoded]) -> list[RecordError]:
    """Give the errors among what was decoded."""
    return [one.value for one in out if isinstance(one.value, RecordError)]


block_sizes = st.lists(st.integers(1, 60), max_size=4)
"""Sizes of blocks; an empty list is one block."""


@st.composite
def damaged(draw: st.DrawFn, raw: bytes, start: int = 0, stop: int | None = None) -> bytes:
    """Flip, insert, delete or cut bytes at one place between two positions."""
    at = draw(st.integers(start, max(start, (len(raw) if stop is None else stop) - 1)))
    byte = draw(st.one_of(st.sampled_from(list(b'{}[]",:\\ \n1x-')), st.integers(0, 255)))
    match draw(st.sampled_from(["flip", "insert", "delete", "cut"])):
        case "flip":
            return raw[:at] + bytes([byte]) + raw[at + 1 :]
        case "insert":
            return raw[:at] + bytes([byte]) + raw[at:]
        case "delete":
            return raw[:at] + raw[at + 1 :]
        case _:
            return raw[:at]
