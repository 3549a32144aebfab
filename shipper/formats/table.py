"""
Lines of columns under a header, such as VPC flow logs: any subset of the columns, in any order.

The header is compiled once into a Struct whose fields are the columns as they come. A batch of lines is then rewritten
as one JSON array of arrays and decoded in C, without touching a single line in Python. A marker at the end of each line
makes a line with more or fewer columns fail. When a batch fails, it is halved until the culprit stands among a few
lines that are looked at one by one.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

import msgspec

from shipper.errors import RecordError
from shipper.formats.columns import compiled, converted
from shipper.formats.lines import Lines
from shipper.formats.record import PassedOver, Row, Unparsed, record_error

R = TypeVar("R", bound=Row)

BATCH_BYTES: Final = 1 << 14
"""Bytes of lines that are decoded in one go."""

FEW_BYTES: Final = 1 << 11
"""A batch that fails and is no longer than this is looked at line by line."""

_BLANK_LINES: Final = re.compile(rb"(?: *+\r?+(?:\n|\Z))*+")


class Table(Generic[R]):
    """
    Lines of columns with one separator.

    Args:
        row: the Struct of one line; the names that its fields have when encoded are the columns' names in the header
        separator: what stands between two columns; blanks count as one however many there are
        null: the token of a column without a value; an empty one has none either
        headerless: column lists to try, by their number of columns, on an object that begins with no header
    """

    form: ClassVar = "columns under a header"

    def __init__(
        self, row: type[R], *, separator: str = " ", null: str = "-", headerless: Sequence[Sequence[str]] = ()
    ) -> None:
        self.record = row
        self.separator = separator
        self.null = null
        self._names = {field.encode_name: field.name for field in msgspec.structs.fields(row)}
        self._numbers = {field.encode_name for field in msgspec.structs.fields(row) if field.type in (int, int | None)}
        self._headerless = {len(columns): tuple(columns) for columns in headerless}

    def decoder(self, *, record_bytes: int) -> "TableDecoder[R]":
        """Start on one object; see `Format`."""
        return TableDecoder(self, record_bytes=record_bytes)

    def split(self, line: str) -> list[str]:
        """Give the tokens of one line."""
        tokens = line.split(self.separator)
        return [token for token in tokens if token] if self.separator == " " else tokens

    def is_header(self, tokens: Sequence[str]) -> bool:
        """Tell whether a line is a header: at least half of its tokens are names of columns."""
        return 2 * sum(token in self._names for token in tokens) >= len(tokens) > 0

    def named(self, line: str) -> tuple[str, ...] | None:
        """Give the columns that a line names; None when it is no header."""
        tokens = self.split(line)
        return tuple(tokens) if self.is_header(tokens) else None

    def layout(self, tokens: Sequence[str]) -> tuple[str, ...] | None:
        """
        Give the columns of an object whose first line is no header, if they are known.

        There must be as many, and at least half of those that hold numbers must hold numbers here.
        """
        columns = self._headerless.get(len(tokens))
        if columns is None:
            return None
        numbers = [token for token, name in zip(tokens, columns, strict=True) if name in self._numbers]
        fitting = sum(token.isdecimal() or token == self.null for token in numbers)
        return columns if 2 * fitting >= len(numbers) else None

    def fields(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Give the field of each column; an empty name for a column that is not declared, or was there before."""
        names = [self._names.get(column, "") for column in columns]
        return tuple("" if name in names[:index] else name for index, name in enumerate(names))

    def undeclared(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Give the names of the columns that the row does not declare."""
        return tuple(column for column in columns if column not in self._names)


class TableDecoder(Generic[R]):
    """Decodes one object; see `Decoder`."""

    def __init__(self, table: Table[R], *, record_bytes: int) -> None:
        self._table = table
        self._limit = record_bytes
        self._separator = table.separator.encode()
        self._null = msgspec.json.encode(table.null)
        self._framing = Lines(record_bytes)
        self._foreign: PassedOver | None = None  # the whole object, when there is neither a header nor a known layout
        self._unknown = "neither a header nor a known number of columns"
        self._begun = False  # whether the first line was read that says, or shows, what the columns are
        self._columns: tuple[str, ...] = ()
        self._header_line: bytes | None = None
        self._row: type[Any] = table.record
        self._decode: Callable[[bytes], list[R]] | None = None
        # of the list answered last
        self._out: list[R | RecordError] = []
        self._unparsed: dict[int, tuple[Unparsed, ...]] = {}
        self._text = b""
        self._lines: list[bytes] | None = None  # the text line by line, once somebody asks
        self._ahead = 0  # errors ahead of the lines of the text

    def feed(self, block: bytes) -> list[R | RecordError]:
        """Decode the lines that this block completes."""
        self._out, self._unparsed = [], {}
        if self._foreign:
            self._foreign.add(block)
        else:
            self._read(*self._framing.feed(block))
        return self._out

    def finish(self) -> list[R | RecordError]:
        """Decode the last line, which need not end in a newline."""
        self._out, self._unparsed = [], {}
        if not self._foreign:
            self._read(*self._framing.finish())
        if self._foreign:
            self._out.append(self._foreign.error("columns", self._unknown))
            self._foreign = None
        return self._out

    def original(self, index: int) -> bytes:
        """Give the line of one record of the list answered last."""
        record = self._out[index]
        if isinstance(record, RecordError):
            return record.original
        if self._lines is None:
            self._lines = self._records(self._text)
        return self._lines[index - self._ahead]

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one record of the list answered last that were set aside."""
        return self._unparsed.get(index, ())

    @property
    def undeclared(self) -> tuple[str, ...]:
        """Names of the columns that the source does not declare; see `Tabular`."""
        return self._table.undeclared(self._columns)

    def _read(self, error: RecordError | None, text: bytes) -> None:
        """Decode whole lines, behind the error of one that was too long."""
        if error:
            self._out.append(error)
        if not self._begun:
            text = self._begin(text)
        self._ahead = len(self._out)
        self._text = text.replace(b"\r\n", b"\n").removesuffix(b"\n").removesuffix(b"\r")
        self._lines = None
        start = 0
        while start < len(self._text):
            newline = self._text.find(b"\n", start + BATCH_BYTES)
            end = newline if newline >= 0 else len(self._text)
            self._rows(self._text[start:end])
            start = end + 1

    def _begin(self, text: bytes) -> bytes:
        """Learn the columns from the first line; give what is left to decode."""
        while text := text[found.end() if (found := _BLANK_LINES.match(text)) else 0 :]:
            line, _, rest = text.partition(b"\n")
            line = line.removesuffix(b"\r")
            error = self._framing.too_long(line)
            if error:
                self._out.append(error)
            elif not self._directs(line):
                return self._understand(line, text, rest)
            text = rest
        return text

    def _understand(self, line: bytes, text: bytes, rest: bytes) -> bytes:
        """Compile the columns that the first line tells of; give the text with that line, or the rest without it."""
        first = line.decode(errors="replace")
        header = self._table.named(first)
        columns = header or self._table.layout(self._table.split(first))
        if columns is None:
            return self._pass_over(text)
        self._begun = True
        self._header_line = line if header else None
        self._declare(columns)
        return rest if header else text

    def _declare(self, columns: tuple[str, ...]) -> None:
        """Decode what follows by these columns."""
        self._columns = columns
        self._row, self._decode = compiled(self._table.record, self._table.fields(columns))

    def _pass_over(self, text: bytes) -> bytes:
        """Take the whole object for another kind of log; nothing is left to decode."""
        self._foreign = PassedOver()
        self._foreign.add(text)
        self._foreign.extend(self._framing.give_up())
        return b""

    def _directs(self, line: bytes) -> bool:  # noqa: ARG002 -- other formats have such lines
        """Follow a line that says how to read those after it; False when it is none."""
        return False

    def _is_record(self, line: bytes) -> bool:
        """Tell whether a line is a record: neither blank nor the header again."""
        return bool(line.strip(b" " if self._separator == b" " else b"")) and line != self._header_line

    def _records(self, text: bytes) -> list[bytes]:
        return [line for line in text.split(b"\n") if self._is_record(line)]

    def _split(self, line: str) -> list[str]:
        return self._table.split(line)

    def _miscounted(self, found: int) -> str:
        return f"{found} columns, the header has {len(self._columns)}"

    def _values(self, tokens: list[str]) -> list[str | None]:
        return [None if token in ("", self._table.null) else token for token in tokens]

    # -- decoding -----------------------------------------------------------------------------------------------------

    def _rows(self, text: bytes) -> None:
        """Decode lines in one go where that works, else half by half."""
        rows = self._batch(text)
        middle = text.find(b"\n", len(text) // 2) if len(text) > FEW_BYTES else -1
        if rows is not None:
            self._out += rows
        elif middle >= 0:
            self._rows(text[:middle])
            self._rows(text[middle + 1 :])
        else:
            for line in text.split(b"\n"):
                if not self._directs(line) and self._is_record(line):
                    self._out.append(self._line(line))

    def _batch(self, text: bytes) -> list[R] | None:
        """Decode lines as one JSON array of arrays; None when any of them needs a closer look."""
        if not self._decode or len(text) > self._limit or b'"' in text or b"\\" in text:
            return None
        if self._header_line is not None and self._header_line in text:
            return None
        body = text.replace(self._separator, b'","').replace(b"\n", b'",[]],["')
        try:
            return self._decode((b'[["' + body + b'",[]]]').replace(self._null, b"null"))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _line(self, line: bytes) -> R | RecordError:
        """Decode one line, column by column where a value is not as declared."""
        too_long = self._framing.too_long(line)
        if too_long:
            return too_long
        try:
            tokens = self._split(line.decode())
        except UnicodeDecodeError as error:
            return record_error("undecodable", f"invalid UTF-8 at byte {error.start}", line)
        if len(tokens) != len(self._columns):
            return record_error("columns", self._miscounted(len(tokens)), line)
        row: R
        row, unparsed = converted(self._values(tokens), self._row, self._columns)
        if unparsed:
            self._unparsed[len(self._out)] = unparsed
        return row
