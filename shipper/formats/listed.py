"""
Lines of columns that nothing in the object names, such as CloudFront's real-time logs: somebody has to list them.

An object is read when its first line has as many columns as are listed, and what belongs there in those that hold no
texts. So a list that is not that of the log does not fill the index with values in wrong fields.
"""

from collections.abc import Sequence
from typing import ClassVar, TypeVar, get_args

import msgspec

from shipper.formats.aside import AsideDecoder
from shipper.formats.columns import compiled, converted
from shipper.formats.record import Row
from shipper.formats.table import Table

R = TypeVar("R", bound=Row)


class ListedTable(Table[R]):
    """
    Lines of columns with one separator and no header; one is understood, though, and then stands for the list.

    Args:
        row: the Struct of one line; the names that its fields have when encoded are the columns' names
        columns: their names, in order; values of those that the row does not declare are set aside
        remedy: what to do about an object that has other ones
        by_clients: how the names of columns begin that clients write into: these tell nothing of the log
        separator: what stands between two columns
        null: the token of a column without a value; an empty one has none either
    """

    form: ClassVar = "columns as listed"

    def __init__(
        self,
        row: type[R],
        columns: Sequence[str],
        *,
        remedy: str,
        by_clients: tuple[str, ...] = (),
        separator: str = "\t",
        null: str = "-",
    ) -> None:
        super().__init__(row, separator=separator, null=null, headerless=(columns,))
        self.columns = tuple(columns)
        self._remedy = remedy
        self._kind, _ = compiled(row, self.fields(self.columns))
        self._telling = {
            one.encode_name
            for one in msgspec.structs.fields(row)
            if str not in get_args(one.type) and not one.encode_name.startswith(by_clients)
        }

    def decoder(self, *, record_bytes: int) -> "ListedDecoder[R]":
        """Start on one object; see `Format`."""
        return ListedDecoder(self, record_bytes=record_bytes)

    def named(self, line: str) -> tuple[str, ...] | None:
        """Tell whether a line names the very columns that are listed; no log has that, but people's files do."""
        return self.columns if tuple(self.split(line)) == self.columns else None

    def layout(self, tokens: Sequence[str]) -> tuple[str, ...] | None:
        """Give the columns if a line has as many, and what belongs there in at least half of those that tell."""
        if len(tokens) != len(self.columns):
            return None
        values = [None if token in ("", self.null) else token for token in tokens]
        telling = [name for name, value in zip(self.columns, values, strict=True) if value and name in self._telling]
        _, unparsed = converted(values, self._kind, self.columns)
        wrong = sum(one.field in self._telling for one in unparsed)
        return self.columns if 2 * wrong <= len(telling) else None

    def mismatch(self, found: int) -> str:
        """Say what is wrong with a line of some number of columns, and what to do."""
        listed = len(self.columns)
        is_wrong = (
            f"{found} columns, {listed} are listed" if found != listed else "values that are not of these columns"
        )
        return f"{is_wrong}; {self._remedy}"


class ListedDecoder(AsideDecoder[R]):
    """Decodes one object; see `Decoder`."""

    _table: ListedTable[R]

    def _pass_over(self, text: bytes) -> bytes:
        first = text.partition(b"\n")[0].decode(errors="replace")
        self._unknown = self._table.mismatch(len(self._table.split(first)))
        return super()._pass_over(text)

    def _miscounted(self, found: int) -> str:
        return self._table.mismatch(found)

    def _batch(self, text: bytes) -> list[R] | None:
        """Leave out blank lines first: Firehose may put its own line feed behind each record's."""
        text = text.replace(b"\n\n", b"\n").strip(b"\n") if b"\n\n" in text else text.strip(b"\n")
        return super()._batch(text)
