"""
Extended log files: lines of columns under `#Fields:`, such as CloudFront's.

https://www.w3.org/TR/WD-logfile.html

Lines that begin with `#` are directives. `#Fields:` names the columns of the lines below it, up to the next one. What
stands between two columns is told by the first line: a tab as a rule, but whoever sets up a log may choose. Columns
that are not declared are set aside under their names, so that new ones are not lost.
"""

import re
from collections.abc import Sequence
from typing import Final, TypeVar

from shipper.errors import RecordError
from shipper.formats.aside import AsideDecoder
from shipper.formats.columns import compiled, converted
from shipper.formats.record import Row, record_error
from shipper.formats.table import Table

R = TypeVar("R", bound=Row)

DIRECTIVE: Final = b"#"
FIELDS: Final = "#Fields:"
SEPARATORS: Final = ("\t", " ", "|", ";", ",")
"""What may stand between two columns; texts in the columns have neither of the first three."""

_BETWEEN_NAMES: Final = re.compile(r"[\s|;,]+")


class W3cTable(Table[R]):
    """
    Lines of columns with directives.

    Args:
        row: the Struct of one line; the names that its fields have when encoded are the columns' names
        null: the token of a column without a value; an empty one has none either
        headerless: column lists to try on an object without `#Fields:`; its first line must fit in each column
    """

    def __init__(self, row: type[R], *, null: str = "-", headerless: Sequence[Sequence[str]] = ()) -> None:
        super().__init__(row, separator=SEPARATORS[0], null=null, headerless=headerless)

    def decoder(self, *, record_bytes: int) -> "W3cDecoder[R]":
        """Start on one object; see `Format`."""
        return W3cDecoder(self, record_bytes=record_bytes)

    def split(self, line: str) -> list[str]:
        """Give the tokens of one line."""
        return line.split(next((one for one in SEPARATORS if one in line), self.separator))

    def named(self, line: str) -> tuple[str, ...] | None:
        """Give the columns that a line names, with or without `#Fields:`; None when it is no header."""
        if line.startswith(FIELDS):
            return tuple(_BETWEEN_NAMES.split(line.removeprefix(FIELDS).strip()))
        return super().named(line)


class W3cDecoder(AsideDecoder[R]):
    """Decodes one object; see `Decoder`."""

    _table: W3cTable[R]

    def __init__(self, table: W3cTable[R], *, record_bytes: int) -> None:
        super().__init__(table, record_bytes=record_bytes)
        self._is_foreign = False  # whether no column is declared

    def _directs(self, line: bytes) -> bool:
        """Follow a directive: of all of them only `#Fields:` tells what is to be known. It may be missing in front."""
        if not line.startswith(DIRECTIVE) and (self._begun or self._columns):
            return False
        columns = self._table.named(line.decode(errors="replace"))
        if columns:
            self._declare(columns)
        return bool(columns) or line.startswith(DIRECTIVE)

    def _is_record(self, line: bytes) -> bool:
        return bool(line) and not line.startswith(DIRECTIVE)

    def _declare(self, columns: tuple[str, ...]) -> None:
        super()._declare(columns)
        self._is_foreign = not any(self._table.fields(columns))

    def _understand(self, line: bytes, text: bytes, rest: bytes) -> bytes:  # noqa: ARG002 -- the line is a record
        """Learn from the first record what stands between columns, and which ones these are unless that was told."""
        first = line.decode(errors="replace")
        if self._is_foreign:
            return self._pass_over(text)
        if self._columns:
            fitting = [one for one in SEPARATORS if len(first.split(one)) == len(self._columns)]
        else:
            fitting = [one for one in SEPARATORS if self._fits(first.split(one))]
            if not fitting:
                return self._pass_over(text)
            self._declare(self._table.layout(first.split(fitting[0])) or ())
        self._separator = (fitting or SEPARATORS)[0].encode()
        self._begun = True
        return text

    def _fits(self, tokens: list[str]) -> bool:
        """Tell whether a line has a known number of columns, and in each of them what belongs there."""
        columns = self._table.layout(tokens)
        if columns is None:
            return False
        row, _ = compiled(self._table.record, self._table.fields(columns))
        _, unparsed = converted(self._values(tokens), row, columns)
        return not unparsed

    def _split(self, line: str) -> list[str]:
        return line.split(self._separator.decode())

    def _batch(self, text: bytes) -> list[R] | None:
        return None if self._is_foreign or DIRECTIVE in text else super()._batch(text)

    def _line(self, line: bytes) -> R | RecordError:
        if self._is_foreign:
            return record_error("columns", "none of the columns is known", line)
        return super()._line(line)
