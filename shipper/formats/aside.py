"""Lines of columns of which some are not declared: their values are set aside under the columns' names."""

from typing import TypeVar

from shipper.errors import RecordError
from shipper.formats.record import Row, Unparsed
from shipper.formats.table import Table, TableDecoder

R = TypeVar("R", bound=Row)


class AsideDecoder(TableDecoder[R]):
    """Decodes one object; see `Decoder`."""

    def __init__(self, table: Table[R], *, record_bytes: int) -> None:
        super().__init__(table, record_bytes=record_bytes)
        self._undeclared: tuple[tuple[str, str], ...] = ()  # name and attribute of each such column

    def _declare(self, columns: tuple[str, ...]) -> None:
        super()._declare(columns)
        fields = self._table.fields(columns)
        self._undeclared = tuple((columns[at], f"_undeclared_{at}") for at, name in enumerate(fields) if not name)

    def _batch(self, text: bytes) -> list[R] | None:
        rows = super()._batch(text)
        if rows and self._undeclared:
            for index, row in enumerate(rows, len(self._out)):
                self._set_aside(index, row)
        return rows

    def _line(self, line: bytes) -> R | RecordError:
        row = super()._line(line)
        if self._undeclared and not isinstance(row, RecordError):
            self._set_aside(len(self._out), row)
        return row

    def _set_aside(self, index: int, row: R) -> None:
        values = [(name, getattr(row, attribute)) for name, attribute in self._undeclared]
        found = tuple([Unparsed(name, value) for name, value in values if value is not None])
        if found:
            self._unparsed[index] = self._unparsed.get(index, ()) + found
