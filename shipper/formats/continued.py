"""Lines that go on with the record before them: they are none themselves."""

from typing import Final, TypeVar

from shipper.errors import RecordError
from shipper.formats.record import PassedOver, Unparsed
from shipper.formats.text import Reader, TextDecoder

R = TypeVar("R")

NO_RECORD: Final = "columns"
"""Reason of the error of a line that is no record."""


class ContinuedDecoder(TextDecoder[R]):
    """
    Decodes one object, some of whose records have several lines; see `Decoder`.

    Args:
        read: what makes a record of a line, or of several
        kind: of the records that may go on, up to the next line that is a record; blank lines belong to them
        record_bytes: records longer than this become a `RecordError`
    """

    def __init__(self, read: Reader[R], *, kind: type[R], record_bytes: int) -> None:
        super().__init__(read, record_bytes=record_bytes)
        self._kind = kind
        self._limit = record_bytes
        self._open = bytearray()  # the record that may go on
        self._passed: PassedOver | None = None  # that record, when it is too long

    def finish(self) -> list[R | RecordError]:
        """Decode the last record."""
        super().finish()
        self._end()
        return self._out

    def _answer(self, error: RecordError | None, text: bytes) -> list[R | RecordError]:
        self._out, self._originals, self._unparsed = [], [], {}
        if error:
            self._end()
            self._give(error, error.original)
        lines = text.split(b"\n")
        if not lines[-1]:  # behind the end of the last line
            lines.pop()
        for end in lines:
            self._add(end.removesuffix(b"\r"))
        return self._out

    def _add(self, line: bytes) -> None:
        """Decode a line, unless it goes on with those before it."""
        is_blank = (not line or line.isspace()) and len(line) <= self._limit
        is_open = bool(self._open or self._passed)
        if is_blank and not is_open:
            return
        record, unparsed = (None, ()) if is_blank else self._one(line)
        if is_open and (record is None or (isinstance(record, RecordError) and record.reason == NO_RECORD)):
            self._go_on(line)
            return
        self._end()
        if isinstance(record, self._kind):
            self._open += line
        elif record is not None:
            self._give(record, record.original if isinstance(record, RecordError) else line, unparsed)

    def _go_on(self, line: bytes) -> None:
        """Add a line to the record that may go on; of one that is too long only the head is kept."""
        if self._passed:
            self._passed.add(b"\n" + line)
            return
        self._open += b"\n" + line
        if len(self._open) > self._limit:
            self._passed = PassedOver()
            self._passed.add(bytes(self._open))
            self._open.clear()

    def _end(self) -> None:
        """Give the record that went on up to here."""
        text, passed = bytes(self._open.rstrip()), self._passed
        self._open.clear()
        self._passed = None
        if passed:
            error = passed.error("too_long", f"the record has {passed.length} bytes, the limit is {self._limit}")
            self._give(error, error.original)
        elif text:
            record, unparsed = self._one(text)
            self._give(record, text, unparsed)

    def _give(self, record: R | RecordError, original: bytes, unparsed: tuple[Unparsed, ...] = ()) -> None:
        if unparsed:
            self._unparsed[len(self._out)] = unparsed
        self._out.append(record)
        self._originals.append(original)
