"""
Objects that hold several records: an event with many findings is read as so many events with one finding each.

So a record has all that stands around it, and its original can be read by itself.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Raw, structs

from shipper.errors import RecordError
from shipper.formats.record import Decoder, Unparsed

R = TypeVar("R")

Path = Sequence[str]
"""Names from an object down to the array in it."""

_decode_members = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_items = msgspec.json.Decoder(list[Raw]).decode


class EachDecoder(Generic[R]):
    """
    Makes of each object as many records as one of its arrays has items; see `Decoder`.

    An object without such an array, or with an empty one, is one record.

    Args:
        inner: decodes the objects
        paths: of the arrays, which are lists of the object's Struct; the first that has items counts
    """

    def __init__(self, inner: Decoder[R], paths: Sequence[Path]) -> None:
        self._inner = inner
        self._paths = paths
        self._parts: list[tuple[int, Path, int]] = []  # of each record its object, and which item of which array it has
        self._asked: tuple[int, _Apart] | None = None  # the object of the original that was asked for last

    def feed(self, block: bytes) -> list[R | RecordError]:
        """Decode what this block completes."""
        return self._records(self._inner.feed(block))

    def finish(self) -> list[R | RecordError]:
        """Decode more of what is left when no more blocks come."""
        return self._records(self._inner.finish())

    def original(self, index: int) -> bytes:
        """Give the bytes of one record of the list answered last; of an object with several, those with one item."""
        if not self._parts:
            return self._inner.original(index)
        at, path, item = self._parts[index]
        if not path:
            return self._inner.original(at)
        if self._asked is None or self._asked[0] != at:
            self._asked = (at, _Apart(self._inner.original(at), path))
        return self._asked[1].with_one(item)

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one record of the list answered last, or around it, that were set aside."""
        return self._inner.unparsed(self._parts[index][0] if self._parts else index)

    def _records(self, objects: list[R | RecordError]) -> list[R | RecordError]:
        self._parts = []
        self._asked = None
        found = [(at, *several) for at, one in enumerate(objects) if (several := self._several(one))]
        if not found:  # as nearly always
            return objects
        out: list[R | RecordError] = []
        start = 0
        for at, path, number in found:
            self._parts += [(before, (), 0) for before in range(start, at)]
            self._parts += [(at, path, item) for item in range(number)]
            out += objects[start:at]
            out += _split(objects[at], path)
            start = at + 1
        self._parts += [(behind, (), 0) for behind in range(start, len(objects))]
        return out + objects[start:]

    def _several(self, one: Any) -> tuple[Path, int] | None:
        """Give the array of an object that has items, and their number, if there are several."""
        for path in self._paths:
            items = one
            for name in path:
                items = getattr(items, name, None)
            if items:
                return (path, len(items)) if len(items) > 1 else None
        return None


def _split(one: Any, path: Path) -> Iterator[Any]:
    """Copy an object for each item of an array, with that item alone."""
    name, *below = path
    inner = getattr(one, name)
    for part in _split(inner, below) if below else ([item] for item in inner):
        yield structs.replace(one, **{name: part})


class _Apart:
    """
    An object taken apart once for all items of one of its arrays: there may be many.

    Args:
        original: the object
        path: of the array
    """

    def __init__(self, original: bytes, path: Path) -> None:
        self._original = original
        self._path = path
        self._levels: list[dict[str, Raw]] = []  # members of the object, and of those in it on the way to the array
        part = original
        try:
            for name in path:
                self._levels.append(_decode_members(part))
                part = bytes(self._levels[-1][name])
        except UnicodeDecodeError:  # in a name, which no other decoder looks into
            self._levels = []
        self._items = _decode_items(part) if self._levels else []

    def with_one(self, item: int) -> bytes:
        """Write the object once more with one item alone."""
        if not self._levels:
            return self._original
        part = b"[%b]" % bytes(self._items[item])
        for members, name in zip(reversed(self._levels), reversed(self._path), strict=True):
            part = msgspec.json.encode({**members, name: Raw(part)})
        return part
