"""
Lines of columns in a fixed order, where a value with blanks stands in double quotes or in square brackets.

Such logs have no header. New columns are added at the end: older lines have fewer of them than we know, and newer ones
have more.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from shipper.errors import RecordError
from shipper.formats.columns import compiled, converted
from shipper.formats.record import Row, Unparsed, record_error
from shipper.formats.text import TextDecoder

R = TypeVar("R", bound=Row)

_VALUE: Final = re.compile(
    r"""
      "(.*?)"(?=[ ]|\Z)                       # a quote inside counts where it ends no value
    | \[([^\]]*)\](?=[ ]|\Z)
    | ([^ "\[](?:[^ ]*[^ "])?)(?=[ ]|\Z)      # a quote at its end shows that a quoted value was torn apart
    | ([^ ])                                  # anything else is none of these
    """,
    re.VERBOSE | re.DOTALL,
)
_NOT_A_VALUE: Final = 4


class Quoted(Generic[R]):
    """
    Lines of columns without a header, such as access logs.

    Args:
        row: the Struct of one line; the names that its fields have when encoded are the columns' names
        columns: all of them in order; one that the row does not declare is passed over
        least: columns that even the oldest lines have; all when it is None
        null: the token of a column without a value, quoted or bare; an empty one has none either

    A value beyond the last column goes to what was set aside as `column_<number>`, counted from 1.
    """

    def __init__(self, row: type[R], columns: Sequence[str], *, least: int | None = None, null: str = "-") -> None:
        names = {field.encode_name: field.name for field in msgspec.structs.fields(row)}
        self.record = row
        self.columns = tuple(columns)
        self.null = null
        self._least = len(columns) if least is None else least
        self._row: type[Any] = compiled(row, tuple(names.get(column, "") for column in columns))[0]

    def decoder(self, *, record_bytes: int) -> "TextDecoder[R]":
        """Start on one object; see `Format`."""
        return TextDecoder(self._read, record_bytes=record_bytes)

    def split(self, line: str) -> list[str] | None:
        """Give the values of one line without their quotes and brackets; None where these do not match."""
        values: list[str] = []
        for found in _VALUE.finditer(line):
            if found.lastindex == _NOT_A_VALUE:  # to go on would take time that grows with the square of the length
                return None
            values.append(found[found.lastindex or 0])
        return values

    def _read(self, line: str) -> tuple[R | RecordError, tuple[Unparsed, ...]]:
        """Decode one line, column by column where a value is not as declared."""
        tokens = self.split(line)
        if tokens is None:
            return record_error("columns", "quotes or brackets do not match", line.encode()), ()
        if len(tokens) < self._least:
            cause = f"{len(tokens)} columns, at least {self._least} are needed"
            return record_error("columns", cause, line.encode()), ()
        values = [None if token in ("", self.null) else token for token in tokens]
        known = len(self.columns)
        beyond = [
            Unparsed(f"column_{number}", value)
            for number, value in enumerate(values[known:], known + 1)
            if value is not None
        ]
        filled = values[:known] + [None] * (known - len(values))
        row: R
        row, unparsed = converted(filled, self._row, self.columns)
        return row, (*unparsed, *beyond)
