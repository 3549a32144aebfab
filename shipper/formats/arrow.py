"""
Rows out of batches of Arrow columns, as if they had stood as text in the log.

Every value becomes text and goes the way of the values of a `Table`: so the same row says the same whatever types its
file declares, and a value that is not as expected is set aside alike.
"""

import importlib
from collections.abc import Sequence
from itertools import repeat
from typing import Any, Generic, TypeVar

import msgspec

from shipper.errors import RecordError
from shipper.formats.columns import compiled, converted
from shipper.formats.record import Row, Unparsed, record_error

R = TypeVar("R", bound=Row)

Arrow = Any
"""The package `pyarrow`, or something of it: it has no types."""


class Rows(Generic[R]):
    """
    The rows of one batch.

    Args:
        batch: a `RecordBatch`
        record: the Struct that declares all columns
        fields: the field of each column of the batch; an empty name for a column that is not declared
        keep: whether values of columns that are not declared are set aside, under the names of these
        null: the token of a column without a value; an empty text is none either
        limit: bytes of a row above which it becomes an error

    Attributes:
        columns: names of all columns, declared or not
        values: a record or an error for each row
        unparsed: the values that were set aside, by the position of their row
    """

    def __init__(
        self, batch: Arrow, record: type[R], fields: Sequence[str], *, null: str, limit: int, keep: bool = False
    ) -> None:
        self.columns: tuple[str, ...] = tuple(batch.schema.names)
        self.values: list[R | RecordError] = []
        self.unparsed: dict[int, tuple[Unparsed, ...]] = {}
        self._arrow = importlib.import_module("pyarrow")
        self._compute = importlib.import_module("pyarrow.compute")
        self._nulls = self._arrow.array(["", null])
        self._none = self._arrow.scalar(None, self._arrow.string())
        self._limit = limit
        known = [at for at, name in enumerate(fields) if name]
        self._known = known
        self._undeclared = [at for at, name in enumerate(fields) if keep and not name]
        self._names = tuple(batch.schema.names[at] for at in known)
        self._row, _ = compiled(record, tuple(fields[at] for at in known))
        self._batch = self._without_dictionaries(batch)
        self._decode(self._batch)

    def original(self, index: int) -> bytes:
        """Give all columns of one row, declared or not, as JSON."""
        row = self._batch.slice(index, 1)
        columns = zip(row.schema.names, row.columns, strict=True)
        return msgspec.json.encode({name: self._shown(column) for name, column in columns})

    def _without_dictionaries(self, batch: Arrow) -> Arrow:
        """Put values in the place of references to them, so that a slice of the batch is as long as its own values."""
        columns = [
            column.dictionary_decode() if isinstance(column, self._arrow.DictionaryArray) else column
            for column in batch.columns
        ]
        return self._arrow.RecordBatch.from_arrays(columns, names=batch.schema.names)

    def _decode(self, batch: Arrow) -> None:
        """Decode rows in one go where that works, else half by half."""
        texts = self._texts(batch)
        middle = batch.num_rows // 2
        if texts is not None:
            self._set_aside(batch)
            self._convert(texts)
        elif middle:
            self._decode(batch.slice(0, middle))
            self._decode(batch.slice(middle))
        else:
            self.values.append(self._error(batch))

    def _texts(self, batch: Arrow) -> list[tuple[Any, ...]] | None:
        """Give the values of each row as text, with the list that ends it; None when a row needs a closer look."""
        if batch.nbytes > self._limit:
            return None
        try:
            columns = [self._text(batch.column(at)) for at in self._known]
        except (self._arrow.ArrowInvalid, UnicodeDecodeError):
            return None
        return list(zip(*columns, repeat([])))

    def _text(self, column: Arrow) -> list[str | None]:
        """
        Write the values of a column as text.

        Raises:
            ArrowInvalid: a value is not UTF-8
            UnicodeDecodeError: so is this
        """
        arrow = self._arrow
        if arrow.types.is_timestamp(column.type):  # a time without a zone is UTC
            column = column.cast(arrow.timestamp("us", "UTC"), safe=False)
        try:
            texts = column.cast(arrow.string())
        except arrow.ArrowNotImplementedError:  # lists and the like
            return [None if one is None else _json(one) for one in column.to_pylist()]
        is_null = self._compute.is_in(texts, value_set=self._nulls)
        found: list[str | None] = self._compute.if_else(is_null, self._none, texts).to_pylist()
        return found

    def _convert(self, rows: list[tuple[Any, ...]]) -> None:
        """Decode rows of text, column by column where a value is not as declared."""
        try:
            self.values += msgspec.convert(rows, list[self._row], strict=False)  # type: ignore[name-defined]
        except msgspec.ValidationError:
            for *values, _ in rows:
                row, unparsed = converted(values, self._row, self._names)
                if unparsed:
                    index = len(self.values)
                    self.unparsed[index] = (*unparsed, *self.unparsed.get(index, ()))
                self.values.append(row)

    def _set_aside(self, batch: Arrow) -> None:
        """Set aside what undeclared columns hold for the rows that come next."""
        for at in self._undeclared:
            name, column = batch.schema.names[at], batch.column(at)
            for index, _ in enumerate(column):
                value = self._shown(column.slice(index, 1))
                if value is not None:
                    row = len(self.values) + index
                    self.unparsed[row] = (*self.unparsed.get(row, ()), Unparsed(name, value))

    def _error(self, row: Arrow) -> RecordError:
        """Say what is wrong with one row."""
        original = self.original(len(self.values))
        if row.nbytes > self._limit:
            return record_error("too_long", f"the row has {row.nbytes} bytes, the limit is {self._limit}", original)
        return record_error("undecodable", "invalid UTF-8", original)

    def _shown(self, value: Arrow) -> str | None:
        """Write the only value of a column so that it can be read, whatever is wrong with it."""
        try:
            return self._text(value)[0]
        except (self._arrow.ArrowInvalid, UnicodeDecodeError):
            raw: bytes = value.cast(self._arrow.binary()).to_pylist()[0]
            return raw.decode(errors="backslashreplace")


def _json(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()
