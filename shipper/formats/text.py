"""Lines of text, one a record: as they are, or as whatever a source makes of a line."""

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from shipper.errors import RecordError
from shipper.formats.lines import Lines
from shipper.formats.record import Record, Unparsed, record_error

R = TypeVar("R")
T = TypeVar("T", bound=Record)

Reader = Callable[[str], tuple[R | RecordError, tuple[Unparsed, ...]]]
"""Makes a record of a line, or says what is wrong with it; and gives the values that it set aside."""


class TextLines(Generic[T]):
    """
    Lines as they are.

    Args:
        record: the Struct of one line; its only field is the line's text

    Raises:
        TypeError: the record has more fields than that, or none
    """

    form: ClassVar = "lines"

    def __init__(self, record: type[T]) -> None:
        if len(record.__struct_fields__) != 1:
            raise TypeError(f"{record.__name__} has {len(record.__struct_fields__)} fields; a line of text fills one")
        self.record = record
        self._field = record.__struct_fields__[0]

    def decoder(self, *, record_bytes: int) -> "TextDecoder[T]":
        """Start on one object; see `Format`."""
        return TextDecoder(self._read, record_bytes=record_bytes)

    def _read(self, line: str) -> tuple[T, tuple[Unparsed, ...]]:
        return self.record(**{self._field: line}), ()


class TextDecoder(Generic[R]):
    """
    Decodes one object line by line; see `Decoder`. Blank lines are no records.

    Args:
        read: what makes a record of a line
        record_bytes: lines longer than this become a `RecordError`
    """

    def __init__(self, read: Reader[R], *, record_bytes: int) -> None:
        self._read = read
        self._framing = Lines(record_bytes)
        # of the list answered last
        self._out: list[R | RecordError] = []
        self._originals: list[bytes] = []
        self._unparsed: dict[int, tuple[Unparsed, ...]] = {}

    def feed(self, block: bytes) -> list[R | RecordError]:
        """Decode the lines that this block completes."""
        return self._answer(*self._framing.feed(block))

    def finish(self) -> list[R | RecordError]:
        """Decode the last line, which need not end in a newline."""
        return self._answer(*self._framing.finish())

    def original(self, index: int) -> bytes:
        """Give the line of one record of the list answered last."""
        return self._originals[index]

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one record of the list answered last that were set aside."""
        return self._unparsed.get(index, ())

    def _answer(self, error: RecordError | None, text: bytes) -> list[R | RecordError]:
        """Decode whole lines, behind the error of one that was too long."""
        self._out, self._originals, self._unparsed = [], [], {}
        if error:
            self._out.append(error)
            self._originals.append(error.original)
        for end in text.split(b"\n"):
            line = end.removesuffix(b"\r")
            if not line or line.isspace():
                continue
            record, unparsed = self._one(line)
            if unparsed:
                self._unparsed[len(self._out)] = unparsed
            self._out.append(record)
            self._originals.append(record.original if isinstance(record, RecordError) else line)
        return self._out

    def _one(self, line: bytes) -> tuple[R | RecordError, tuple[Unparsed, ...]]:
        too_long = self._framing.too_long(line)
        if too_long:
            return too_long, ()
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            return record_error("undecodable", f"invalid UTF-8 at byte {error.start}", line), ()
        return self._read(text)
