"""
Lines of columns in a fixed order, where a value with blanks stands in double quotes or in square brackets.

Such logs have no header. New columns are added at the end: older lines have fewer of them than we know, and newer ones
have more. Clients' texts stand in them as they were sent, so with quotes of their own: `shipper.formats.anchored` tells
where they end in lines whose layout is known, and otherwise each value ends at the first quote before a blank.
"""

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

import msgspec

from shipper.errors import RecordError
from shipper.formats.anchored import anchored, names
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
        layout: all columns in order. How they stand in a line may be told: `"name"` in quotes, where a client's text
            may have more of them; `'name'` in quotes, where it may not; `[name]`; `name*` with blanks but no quotes,
            with one in quotes somewhere behind it; `name*` in a layout without quotes, where the columns behind it are
            counted from the end of the line. A column that the row does not declare is passed over.
        least: columns that even the oldest lines have; all when it is None
        ends: numbers of columns of older lines that end with such as cannot have more quotes, the latest first
        null: the token of a column without a value, quoted or bare; an empty one has none either

    A value beyond the last column goes to what was set aside as `column_<number>`, counted from 1.

    Attributes:
        row: the Struct of the lines, which has the declared columns of this layout

    Raises:
        ValueError: a column has no name
    """

    form: ClassVar = "columns"

    def __init__(
        self,
        row: type[R],
        layout: Sequence[str],
        *,
        least: int | None = None,
        ends: Sequence[int] = (),
        null: str = "-",
    ) -> None:
        fields = {field.encode_name: field for field in msgspec.structs.fields(row)}
        self.record = row
        self.layout = tuple(layout)
        self.columns = names(layout)
        self.null = null
        self._least = len(layout) if least is None else least
        numbers = frozenset(name for name, field in fields.items() if field.type in (int, int | None))
        lines = [anchored(layout, numbers, null), *(anchored(layout[:end], numbers, null, later=0) for end in ends)]
        self._lines = tuple(line.match for line in lines if line)
        self._spanning = None if self._lines else next((at for at, name in enumerate(layout) if name[-1:] == "*"), None)
        declared = [fields[column].name if column in fields else "" for column in self.columns]
        self.row: type[Any] = compiled(row, tuple(declared))[0]

    def decoder(self, *, record_bytes: int) -> "TextDecoder[R]":
        """Start on one object; see `Format`."""
        return TextDecoder(self.read, record_bytes=record_bytes)

    def split(self, line: str) -> list[str] | None:
        """Give the values of one line without their quotes and brackets; None where these do not match."""
        if self._spanning is not None:
            return self._spanned(line.rstrip(" ").split(" "), self._spanning)
        found = None
        for match in self._lines:
            if found := match(line):
                break
        if found is None:
            return _values(line)
        *values, rest = found.groups(self.null)
        last = values[-1]
        if rest:
            values += (_values(rest[1:]) or ()) if '"' in rest else rest[1:].split(" ")
        if len(values) < len(self.columns) and '" ' in last:
            # A later column in quotes looks like the end of the text before it, but such a line has all that we know.
            otherwise = _values(line)
            if otherwise and len(otherwise) > len(self.columns):
                return otherwise
        return values

    def _spanned(self, tokens: list[str], at: int) -> list[str]:
        """Put what the line has more of than columns into the one that may have blanks."""
        end = at + 1 + max(0, len(tokens) - len(self.columns))
        return [*tokens[:at], " ".join(tokens[at:end]), *tokens[end:]]

    def read(self, line: str) -> tuple[R | RecordError, tuple[Unparsed, ...]]:
        """Decode one line, column by column where a value is not as declared."""
        tokens = self.split(line)
        if tokens is None:
            return record_error("columns", "quotes or brackets do not match", line.encode()), ()
        if len(tokens) < self._least:
            cause = f"{len(tokens)} columns, at least {self._least} are needed"
            return record_error("columns", cause, line.encode()), ()
        null, known = self.null, len(self.columns)
        values = [None if token == null or not token else token for token in tokens]
        beyond: list[Unparsed] = []
        if len(values) > known:
            later = enumerate(values[known:], known + 1)
            beyond = [Unparsed(f"column_{number}", value) for number, value in later if value is not None]
            del values[known:]
        values += [None] * (known - len(values))
        row: R
        row, unparsed = converted(values, self.row, self.columns)
        return row, (*unparsed, *beyond)


def _values(line: str) -> list[str] | None:
    """Split a line at the blanks outside of quotes and brackets; None where these do not match."""
    values: list[str] = []
    for found in _VALUE.finditer(line):
        if found.lastindex == _NOT_A_VALUE:  # to go on would take time that grows with the square of the length
            return None
        values.append(found[found.lastindex or 0])
    return values
