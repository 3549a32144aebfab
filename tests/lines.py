"""
A log source for tests of delivery: a line is a record.

`drop…` is not worth a document, `broken…` cannot be decoded, `raise…` cannot be mapped; all else becomes a document,
`future…` one whose event is far ahead of the clock.
"""

from datetime import UTC, datetime
from typing import Final

from shipper import ecs
from shipper.errors import RecordError
from shipper.formats import Record, Unparsed
from shipper.marks import Marks
from shipper.source import Origin, Source

BEGINNING: Final = datetime(2026, 8, 3, 12, tzinfo=UTC)
FUTURE: Final = datetime(2099, 1, 1, tzinfo=UTC)
DOCUMENTS: Final = "logs-test.lines-default"


class Line(Record):
    """All that is known of a line that is JSON."""

    message: str = ""


class Lines:
    """A line is a record."""

    record = Line
    form = "lines"

    def decoder(self, *, record_bytes: int) -> "LinesDecoder":
        """Start on one object; no line is too long."""
        assert record_bytes
        return LinesDecoder()


class LinesDecoder:
    """Decodes one object."""

    def __init__(self) -> None:
        self._tail = b""
        self._lines: list[bytes] = []

    def feed(self, block: bytes) -> list[bytes | RecordError]:
        """Decode the lines that this block completes."""
        *self._lines, self._tail = (self._tail + block).split(b"\n")
        return list(map(self._decoded, self._lines))

    def finish(self) -> list[bytes | RecordError]:
        """Decode the last line."""
        self._lines, self._tail = [self._tail] if self._tail else [], b""
        return list(map(self._decoded, self._lines))

    def original(self, index: int) -> bytes:
        """Give a line."""
        return self._lines[index]

    def unparsed(self, _: int) -> tuple[Unparsed, ...]:
        """Lines have no values of the wrong type."""
        return ()

    def _decoded(self, line: bytes) -> bytes | RecordError:
        return RecordError("undecodable", "a broken line", line, len(line)) if line.startswith(b"broken") else line


class LineDocument(ecs.Document, kw_only=True):
    """A line as it is indexed."""

    message: str


def document(line: bytes, _: Origin) -> LineDocument | None:
    """Make a document of a line."""
    if line.startswith(b"raise"):
        raise LookupError("a line that cannot be mapped")
    if line.startswith(b"drop"):
        return None
    time = FUTURE if line.startswith(b"future") else BEGINNING
    return LineDocument(timestamp=time, cloud=ecs.Cloud(), event=ecs.Event(), message=line.decode())


LINES: Final = Source(
    dataset="test.lines",
    key=r"^logs/",
    skip=r"^logs/digest/",
    marks=Marks(line=r"line \d"),
    format=Lines(),
    document=document,
)
