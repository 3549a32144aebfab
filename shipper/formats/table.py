"""
Lines of columns under a header, such as VPC flow logs: any subset of the columns, in any order.

The header is compiled once into a Struct whose fields are the columns as they come. A block of lines is then rewritten as
one JSON array of arrays and decoded in C, without touching a single line in Python. A marker at the end of each line makes
a line with more or fewer columns fail. When a batch fails it is halved until the culprit stands alone.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar, get_type_hints

import msgspec

from shipper.errors import RecordError
from shipper.formats.record import Row, Unparsed

R = TypeVar("R", bound=Row)

ORIGINAL_BYTES: Final = 1 << 20
"""Bytes of a broken line that are kept for its dead letter."""

_COLUMN = re.compile(r" - at `\$\[(\d+)\]`$")


class Table(Generic[R]):
    """
    Lines of columns with one separator.

    Args:
        row: the Struct of one line; the names that its fields have when encoded are the columns' names in the header
        separator: what stands between two columns
        null: the token of a column without a value
        headerless: column lists to try, by their number of columns, on an object that begins with no header
    """

    def __init__(
        self, row: type[R], *, separator: str = " ", null: str = "-", headerless: Sequence[Sequence[str]] = ()
    ) -> None:
        self.record = row
        self.separator = separator
        self.null = null
        self.headerless = {len(columns): tuple(columns) for columns in headerless}
        self._names = {field.encode_name: field.name for field in msgspec.structs.fields(row)}

    def decoder(self, *, record_bytes: int) -> "TableDecoder[R]":
        """Start on one object; see `Format`."""
        return TableDecoder(self, record_bytes=record_bytes)

    def header(self, tokens: Sequence[str]) -> tuple[str, ...] | None:
        """Tell whether these tokens are a header: at least half of them are names of columns."""
        known = sum(token in self._names for token in tokens)
        return tuple(tokens) if 2 * known >= len(tokens) > 0 else None

    def names(self, header: tuple[str, ...]) -> tuple[str, ...]:
        """Field names of the columns of a header; an empty name for a column that the source does not declare."""
        names = [self._names.get(column, "") for column in header]
        return tuple("" if name in names[:index] else name for index, name in enumerate(names))


class TableDecoder(Generic[R]):
    """Decodes one object; see `Decoder`."""

    def __init__(self, table: Table[R], *, record_bytes: int) -> None:
        self._table = table
        self._limit = record_bytes
        self._separator = table.separator.encode()
        self._null = f'"{table.null}"'.encode()
        self._tail = b""
        self._overlong_head = b""
        self._overlong = 0  # bytes so far of a line that is longer than the limit
        self._header: tuple[str, ...] = ()
        self._header_line = b""
        self._row: type[Any] = table.record
        self._decode: Callable[[bytes], list[R]] | None = None
        self._foreign = False
        self._text = b""
        self._lead: list[RecordError] = []
        self._unparsed: dict[int, tuple[Unparsed, ...]] = {}

    def feed(self, block: bytes) -> list[R | RecordError]:
        """Decode the lines that this block completes."""
        return self._drain(block, final=False)

    def finish(self) -> list[R | RecordError]:
        """Decode the last line, which need not end in a newline."""
        return self._drain(b"", final=True)

    def original(self, index: int) -> bytes:
        """Give the line of one record of the list answered last."""
        if index < len(self._lead):
            return self._lead[index].original
        return self._lines(self._text)[index - len(self._lead)]

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one record of the list answered last that were set aside."""
        return self._unparsed.get(index, ())

    def _drain(self, block: bytes, *, final: bool) -> list[R | RecordError]:
        self._lead = []
        self._unparsed = {}
        self._text = b""
        if self._foreign:
            return []
        text = self._overlong_passed(self._tail + block, final=final)
        if self._decode is None and text:
            text = self._begin(text)
        if self._decode is None:
            return list(self._lead)
        self._text = text.replace(b"\r\n", b"\n") if b"\r" in text else text
        return [*self._lead, *self._rows(self._text, len(self._lead))]

    def _overlong_passed(self, text: bytes, *, final: bool) -> bytes:
        """Cut off the unfinished line at the end and keep it; pass over it when it is longer than the limit."""
        if self._overlong:
            newline = text.find(b"\n")
            if newline < 0 and not final:
                self._overlong += len(text)
                self._tail = b""
                return b""
            length = self._overlong + (newline if newline >= 0 else len(text))
            self._lead.append(self._too_long(self._overlong_head, length))
            self._overlong = 0
            text = text[newline + 1 :] if newline >= 0 else b""
        newline = len(text) if final else text.rfind(b"\n") + 1
        self._tail = text[newline:]
        if len(self._tail) > self._limit:
            self._overlong, self._overlong_head = len(self._tail), self._tail[:ORIGINAL_BYTES]
            self._tail = b""
        return text[:newline].removesuffix(b"\n")

    def _begin(self, text: bytes) -> bytes:
        """Compile the header; give the text behind it."""
        line, _, rest = text.lstrip(b"\r\n").partition(b"\n")
        tokens = _split(line.decode(errors="replace"), self._table.separator)
        header = self._table.header(tokens)
        if header is None:
            header, rest = self._table.headerless.get(len(tokens)), text
        if header is None:
            self._foreign = True
            cause = f"no header, and no known layout of {len(tokens)} columns"
            self._lead.append(RecordError("columns", cause, line[:ORIGINAL_BYTES], len(text)))
            return b""
        self._header = header
        self._header_line = line.rstrip(b"\r")
        self._row, self._decode = _compiled(self._table.record, header, self._table.names(header))
        return rest

    def _lines(self, text: bytes) -> list[bytes]:
        return [line for line in text.split(b"\n") if line.strip() and line != self._header_line]

    def _rows(self, text: bytes, index: int) -> list[R | RecordError]:
        """Decode lines in one go where that works, else half by half."""
        if not text:
            return []
        rows = self._batch(text)
        if rows is not None:
            return rows
        middle = text.find(b"\n", len(text) // 2) if len(text) > 4 * self._limit or text.count(b"\n") > 16 else -1
        if middle < 0:
            return [self._line(line, index + number) for number, line in enumerate(self._lines(text))]
        first = self._rows(text[:middle], index)
        return first + self._rows(text[middle + 1 :], index + len(first))

    def _batch(self, text: bytes) -> list[R | RecordError] | None:
        """Decode lines as one JSON array of arrays; None when any of them needs a closer look."""
        if self._decode is None or b'"' in text or b"\\" in text or b"\n\n" in text:
            return None
        if self._has_long_line(text) or self._header_line in text:
            return None
        body = text.replace(self._separator, b'","').replace(b"\n", b'",[]],["')
        try:
            return list(self._decode((b'[["' + body + b'",[]]]').replace(self._null, b"null")))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _line(self, line: bytes, index: int) -> R | RecordError:
        """Decode one line, column by column where a value is not as declared."""
        if len(line) > self._limit:
            return self._too_long(line, len(line))
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            return _undecodable(line, f"invalid UTF-8 at byte {error.start}")
        separator = self._table.separator
        tokens: list[Any] = [None if token == self._table.null else token for token in _split(text, separator)]
        if len(tokens) != len(self._header):
            return _undecodable(line, f"{len(tokens)} columns where the header has {len(self._header)}", "columns")
        unparsed: list[Unparsed] = []
        while True:
            try:
                row: R = msgspec.convert([*tokens, []], self._row, strict=False)
            except msgspec.ValidationError as error:
                column = _COLUMN.search(str(error))
                if column is None:
                    return _undecodable(line, str(error))
                at = int(column[1])
                unparsed.append(Unparsed(self._header[at], str(tokens[at])))
                tokens[at] = None
            else:
                if unparsed:
                    self._unparsed[index] = tuple(unparsed)
                return row

    def _has_long_line(self, text: bytes) -> bool:
        start = 0
        while len(text) - start > self._limit:
            newline = text.rfind(b"\n", start, start + self._limit + 1)
            if newline < 0:
                return True
            start = newline + 1
        return False

    def _too_long(self, line: bytes, length: int) -> RecordError:
        cause = f"the line has {length} bytes, the limit is {self._limit}"
        return RecordError("too_long", cause, line[:ORIGINAL_BYTES], length)


def _split(text: str, separator: str) -> list[str]:
    """Split at each separator; blanks count as one however many there are."""
    return text.split() if separator == " " else text.split(separator)


def _undecodable(line: bytes, cause: str, reason: str = "undecodable") -> RecordError:
    return RecordError(reason, cause, line[:ORIGINAL_BYTES], len(line))


@lru_cache(maxsize=64)
def _compiled(
    record: type[Row], header: tuple[str, ...], names: tuple[str, ...]
) -> tuple[type[Any], Callable[[bytes], list[Any]]]:
    """
    Make the Struct of the lines under one header, and its decoder.

    Columns that the header lacks are class attributes, so that reading them costs nothing and gives None. The last
    element must be an empty list, which no text can be: it stands at the end of every line.
    """
    types = get_type_hints(record)
    taken = {name for name in names if name}
    columns = [(name, types[name]) if name else (f"undeclared_{at}", str | None) for at, name in enumerate(names)]
    absent = {field: None for field in record.__struct_fields__ if field not in taken}
    row = msgspec.defstruct(
        record.__name__,
        [*columns, ("end_of_line", list[None])],
        bases=(Row,),
        namespace=absent,
        array_like=True,
        gc=False,
        kw_only=False,
    )
    return row, msgspec.json.Decoder(list[row], strict=False).decode  # type: ignore[valid-type]
