"""
Rows as JSON objects: one a record, with the columns' names as keys and all values as text, as CloudFront writes them.

Every value goes the way of the values of a `Table`: the same row says the same in either form. What is not declared is
set aside under its key, so that new columns are not lost.
"""

from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from shipper.errors import RecordError
from shipper.formats.columns import compiled, converted
from shipper.formats.json import JsonRecords
from shipper.formats.record import Decoder, Row, Unparsed, record_error

R = TypeVar("R", bound=Row)

Members = dict[str, Any]
"""One object as it stands."""


class JsonRows(Generic[R]):
    """
    Objects whose members are columns, however they are strung together.

    Args:
        row: the Struct of one row; the names that its fields have when encoded are the columns' names
        null: the text of a column without a value; null and an empty text have none either
    """

    form: ClassVar = "JSON: array, lines, glued"

    def __init__(self, row: type[R], *, null: str = "-") -> None:
        self.record = row
        self.null = null
        self.columns = tuple(field.encode_name for field in msgspec.structs.fields(row))
        self.objects: JsonRecords[Members] = JsonRecords(Members)

    def decoder(self, *, record_bytes: int) -> "JsonRowDecoder[R]":
        """Start on one object; see `Format`."""
        return JsonRowDecoder(self, record_bytes=record_bytes)


class JsonRowDecoder(Generic[R]):
    """Decodes one object; see `Decoder`."""

    def __init__(self, layout: JsonRows[R], *, record_bytes: int) -> None:
        self._inner: Decoder[Members] = layout.objects.decoder(record_bytes=record_bytes)
        self._columns = layout.columns
        self._nothing = ("", layout.null)
        self._row: type[Any] = compiled(layout.record, layout.record.__struct_fields__)[0]
        # of the list answered last
        self._unparsed: dict[int, tuple[Unparsed, ...]] = {}

    def feed(self, block: bytes) -> list[R | RecordError]:
        """Decode what this block completes."""
        return self._rows(self._inner.feed(block))

    def finish(self) -> list[R | RecordError]:
        """Decode more of what is left when no more blocks come."""
        return self._rows(self._inner.finish())

    def original(self, index: int) -> bytes:
        """Give the bytes of one record of the list answered last."""
        return self._inner.original(index)

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one record of the list answered last that were set aside."""
        return self._unparsed.get(index, ())

    def _rows(self, found: list[Members | RecordError]) -> list[R | RecordError]:
        self._unparsed = {}
        return [one if isinstance(one, RecordError) else self._one(index, one) for index, one in enumerate(found)]

    def _one(self, index: int, members: Members) -> R | RecordError:
        """Make a row of an object, column by column where a value is not as declared."""
        nothing, number = self._nothing, len(members)
        values = [None if (value := members.pop(name, None)) in nothing else value for name in self._columns]
        if not number or len(members) > number / 2:
            return record_error("columns", "most members are no columns of this log", self._inner.original(index))
        row: R
        unparsed: tuple[Unparsed, ...] = ()
        try:
            row = msgspec.convert([*values, []], self._row, strict=False)
        except msgspec.ValidationError:
            row, unparsed = converted([None if one is None else _text(one) for one in values], self._row, self._columns)
        if members:
            later = members.items()
            unparsed += tuple([Unparsed(name, _text(value)) for name, value in later if value not in (None, *nothing)])
        if unparsed:
            self._unparsed[index] = unparsed
        return row


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
