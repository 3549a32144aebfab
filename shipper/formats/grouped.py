"""
JSON objects that hold a list of records, and say beside it what is true of all of them; or the records alone.

Each record is decoded by itself, so that a broken one, or one whose types have changed, costs none of its neighbours.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from shipper.errors import RecordError
from shipper.formats.json import JsonRecords
from shipper.formats.record import Record, Unparsed, record_error
from shipper.formats.repair import repair

G = TypeVar("G", bound=Record)
I = TypeVar("I", bound=Record)  # noqa: E741 -- an item

_members: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_items: Final = msgspec.json.Decoder(list[Raw]).decode
_encode: Final = msgspec.json.Encoder().encode


class Grouped(Record, Generic[G, I], kw_only=False):
    """
    One record.

    Attributes:
        group: what is said beside the list
        item: what the list says
    """

    group: G
    item: I


class GroupedRecords(Generic[G, I]):
    """
    Objects of one type that hold records of one type.

    Args:
        group: the Struct of such an object; the list is one of its members
        item: the Struct of a record
        items: name of the list
        within: name of a member that may be an object with the list; when it is a text, that is an error
        sealed: what is wrong with an object where it is a text
        alone: tells by its members an object that has no list but is a record itself, of which nothing else is said
    """

    def __init__(
        self,
        group: type[G],
        item: type[I],
        *,
        items: str,
        within: str,
        sealed: str,
        alone: Callable[[Mapping[str, Raw]], bool] = lambda _: False,
    ) -> None:
        self.record = group
        self.item = item
        self.items = items
        self.within = within
        self.sealed = sealed
        self.alone = alone
        self.decode_group = msgspec.json.Decoder(group, strict=False).decode
        self.decode_item = msgspec.json.Decoder(item, strict=False).decode
        self.decode_items = msgspec.json.Decoder(list[item], strict=False).decode  # type: ignore[valid-type]
        self.objects: JsonRecords[Any] = JsonRecords(Raw)
        self.form = f"JSON: {items} of objects, lines, glued"

    def decoder(self, *, record_bytes: int) -> "GroupedDecoder[G, I]":
        """Start on one object; see `Format`."""
        return GroupedDecoder(self, record_bytes=record_bytes)


class GroupedDecoder(Generic[G, I]):
    """Decodes one object; see `Decoder`."""

    def __init__(self, layout: GroupedRecords[G, I], *, record_bytes: int) -> None:
        self._layout = layout
        self._objects = layout.objects.decoder(record_bytes=record_bytes)
        self._begin()

    def feed(self, block: bytes) -> list[Grouped[G, I] | RecordError]:
        """Decode the objects that this block completes."""
        return self._answer(self._objects.feed(block))

    def finish(self) -> list[Grouped[G, I] | RecordError]:
        """Decode what is left."""
        return self._answer(self._objects.finish())

    def original(self, index: int) -> bytes:
        """Give the object of one record of the list answered last, with no other records in it."""
        record = self._out[index]
        if isinstance(record, RecordError):
            return record.original
        return self._with_one(*self._places[index])

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one record of the list answered last, and of its object, that were set aside."""
        return self._unparsed.get(index, ())

    def _begin(self) -> list[Grouped[G, I] | RecordError]:
        self._out: list[Grouped[G, I] | RecordError] = []
        self._places: dict[int, tuple[bytes, int]] = {}  # of each record its object, and which in the list it is
        self._unparsed: dict[int, tuple[Unparsed, ...]] = {}
        self._apart: _Apart | None = None  # the object that was asked for last
        return self._out

    def _answer(self, objects: list[Raw | RecordError]) -> list[Grouped[G, I] | RecordError]:
        out = self._begin()
        for one in objects:
            if isinstance(one, RecordError):
                out.append(one)
            else:
                self._group(bytes(one))
        return out

    def _group(self, text: bytes) -> None:
        """Decode the records of one object."""
        try:
            members = _flattened(self._layout, _members(text))
            if self._layout.items not in members and self._layout.alone(members):
                text = _encode({self._layout.items: [Raw(text)]})
                members = _members(text)
            items = members.pop(self._layout.items)
            group, told = _decoded(_encode(members), self._layout.decode_group)
            if not told and self._together(group, text, items):
                return
            each = _items(items)
        except KeyError:
            self._out.append(record_error("undecodable", f"there is no list {self._layout.items!r} in it", text))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
            self._out.append(record_error("undecodable", str(error), text))
        else:
            for at, item in enumerate(each):
                self._item(group, text, at, item, told)

    def _together(self, group: G, text: bytes, items: Raw) -> bool:
        """Decode all records of one object in one go; False where one of them is broken."""
        try:
            records = self._layout.decode_items(items)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        start = len(self._out)
        self._places |= {start + at: (text, at) for at in range(len(records))}
        self._out += [Grouped(group, record) for record in records]
        return True

    def _item(self, group: G, text: bytes, at: int, item: Raw, told: tuple[Unparsed, ...]) -> None:
        """Decode one record."""
        try:
            record, unparsed = _decoded(bytes(item), self._layout.decode_item)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            cause = "invalid UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            self._out.append(record_error("undecodable", cause, self._with_one(text, at)))
            return
        if told or unparsed:
            self._unparsed[len(self._out)] = told + unparsed
        self._places[len(self._out)] = (text, at)
        self._out.append(Grouped(group, record))

    def _with_one(self, text: bytes, at: int) -> bytes:
        """Write an object with only one record in it. It is taken apart once for all: there may be many in it."""
        if self._apart is None or self._apart.text is not text:
            self._apart = _apart(self._layout, text)
        self._apart.around[self._layout.items] = [self._apart.items[at]]
        return _encode(self._apart.members)


class _Apart(NamedTuple):
    """
    An object in its parts.

    Attributes:
        text: the object
        members: its members
        around: those among which the list is: its own, or those of the object within it
        items: what is in the list
    """

    text: bytes
    members: dict[str, Any]
    around: dict[str, Any]
    items: list[Raw]


def _decoded(text: bytes, decode: Any) -> tuple[Any, tuple[Unparsed, ...]]:
    """Decode an object, value by value where its types are not as declared."""
    try:
        return decode(text), ()
    except msgspec.ValidationError:
        return repair(text, decode)


def _flattened(layout: GroupedRecords[Any, Any], members: dict[str, Raw]) -> dict[str, Raw]:
    """
    Give the members of an object together with those of the object within it.

    Raises:
        ValueError: there is a text where the object should be
    """
    within = bytes(members.get(layout.within, b""))
    if within[:1] == b"{":
        return {**members, **_members(within), layout.within: Raw(b"null")}
    if within[:1] == b'"' and layout.items not in members:
        raise ValueError(layout.sealed)
    return members


def _apart(layout: GroupedRecords[Any, Any], text: bytes) -> _Apart:
    members: dict[str, Any] = dict(_members(text))
    around = members
    if bytes(members.get(layout.within, b""))[:1] == b"{":
        within = _members(members[layout.within])
        if layout.items in within:
            around = members[layout.within] = dict(within)
    return _Apart(text, members, around, _items(around[layout.items]))
