"""
Entries of one or more lines, such as the logs of databases.

An entry begins with a line that opens in a known way; the lines behind it belong to it, up to the next that does. What
comes message by message, out of an envelope, needs no such cutting: a message is an entry, whatever lines are in it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

from msgspec import Struct

from shipper.errors import RecordError
from shipper.formats.backlog import Backlog
from shipper.formats.record import PassedOver, Record, Unparsed, record_error

HEAD_BYTES: Final = 512
"""Bytes of a line that decide whether an entry begins with it."""


class Around(Struct, frozen=True, gc=False):
    """
    What is known of an entry from what was around it.

    Attributes:
        log_group: of CloudWatch Logs
        log_stream: of CloudWatch Logs
        time: when CloudWatch Logs was given it
    """

    log_group: str | None = None
    log_stream: str | None = None
    time: datetime | None = None


NOTHING_AROUND: Final = Around()


class Entry(Record):
    """Base of the Structs that say what an entry holds."""

    around: Around = NOTHING_AROUND


E = TypeVar("E", bound=Entry)

Reader = Callable[[str], tuple[E | None, tuple[Unparsed, ...]]]
"""Makes a record of a text, and gives what it set aside; None when the text is none after all."""


def matching(record: Callable[..., E], pattern: re.Pattern[str]) -> Reader[E]:
    """Read a text by a pattern for all of it; its named groups are the fields of the record."""

    def read(text: str) -> tuple[E | None, tuple[Unparsed, ...]]:
        found = pattern.fullmatch(text)
        return (record(**found.groupdict()) if found else None), ()

    return read


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[E]):
    """
    Entries that begin alike.

    Attributes:
        name: for people, and for `Entries.told`
        record: the Struct of such an entry
        begins: pattern of how their first line opens, in ASCII: it has no capturing groups, and looks at no line feed
            and at no more than `HEAD_BYTES`
        read: makes a record of such a text
    """

    name: str
    record: type[E]
    begins: str
    read: Reader[E]


class Entries(Generic[E]):
    """
    Entries of some kinds, which may be mixed.

    Args:
        kinds: the first whose beginning fits decides
        told: names of the kinds that a message can be of, by what is around it; None when that does not tell
        otherwise: makes a record of a message that begins in no known way; None where only a known beginning will do
        opening: pattern of a first line that never stands alone: what follows it begins no entry, even if it looks so
    """

    def __init__(
        self,
        kinds: Sequence[Kind[E]],
        *,
        told: Callable[[Around], frozenset[str] | None] = lambda _: None,
        otherwise: Callable[[str, Around], E | None] = lambda _text, _around: None,
        opening: str | None = None,
    ) -> None:
        self.kinds = tuple(kinds)
        any_kind = "|".join(f"({kind.begins})" for kind in kinds)
        self._begins = re.compile(any_kind.encode())
        self._next = re.compile(rb"\n(?:%b)" % any_kind.encode())
        self._opening = re.compile(opening.encode()) if opening else None
        self._told = told
        self._otherwise = otherwise

    def decoder(self, *, record_bytes: int) -> "EntryDecoder[E]":
        """Start on one object; see `Format`."""
        return EntryDecoder(self, EntryFraming(self._next, self._opening, record_bytes))

    def read(self, text: bytes) -> tuple[E | RecordError, tuple[Unparsed, ...]]:
        """Decode one entry of a file."""
        return self._read(text, NOTHING_AROUND)

    def message(
        self, text: bytes, around: Around, *, record_bytes: int
    ) -> tuple[E | RecordError, tuple[Unparsed, ...]]:
        """Decode one message, which is an entry, however it begins."""
        if len(text) > record_bytes:
            return record_error("too_long", _too_long(len(text), record_bytes), text), ()
        record, unparsed = self._read(text, around)
        if not isinstance(record, RecordError):
            record.around = around
        return record, unparsed

    def _read(self, data: bytes, around: Around) -> tuple[E | RecordError, tuple[Unparsed, ...]]:
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            return record_error("undecodable", f"invalid UTF-8 at byte {error.start}", data), ()
        begins = self._begins.match(data)
        told = self._told(around)
        kind = self.kinds[begins.lastindex - 1] if begins and begins.lastindex else None
        if kind and (told is None or kind.name in told):
            record, unparsed = kind.read(text)
            if record:
                return record, unparsed
            return record_error("undecodable", f"it begins like an entry of {kind.name}, but is none", data), ()
        if other := self._otherwise(text, around):
            return other, ()
        expected = ", ".join(sorted(told or {kind.name for kind in self.kinds}))
        return record_error("undecodable", f"it does not begin like an entry of {expected}", data), ()


class EntryDecoder(Generic[E]):
    """
    Decodes one object; see `Decoder`.

    Args:
        layout: what the entries are
        framing: cuts the object into them
    """

    def __init__(self, layout: Entries[E], framing: "EntryFraming") -> None:
        self._layout = layout
        self._framing = framing
        # of the list answered last
        self._originals: list[bytes] = []
        self._unparsed: dict[int, tuple[Unparsed, ...]] = {}

    def feed(self, block: bytes) -> list[E | RecordError]:
        """Decode the entries that this block completes."""
        return self._answer(self._framing.feed(block))

    def finish(self) -> list[E | RecordError]:
        """Decode the last entry."""
        return self._answer(self._framing.finish())

    def original(self, index: int) -> bytes:
        """Give the lines of one record of the list answered last."""
        return self._originals[index]

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one record of the list answered last that were set aside."""
        return self._unparsed.get(index, ())

    def _answer(self, entries: list[bytes | RecordError]) -> list[E | RecordError]:
        self._originals, self._unparsed = [], {}
        out: list[E | RecordError] = []
        read = self._layout.read
        for entry in entries:
            if isinstance(entry, RecordError):
                out.append(entry)
                self._originals.append(entry.original)
                continue
            record, unparsed = read(entry)
            if unparsed:
                self._unparsed[len(out)] = unparsed
            out.append(record)
            self._originals.append(record.original if isinstance(record, RecordError) else entry)
        return out


class EntryFraming:
    """
    Cuts an object where entries begin, in bounded memory.

    Args:
        following: pattern of a line feed and the beginning of an entry behind it
        opening: see `Entries`
        limit: bytes of an entry, without the end of its last line, above which it is passed over
    """

    def __init__(self, following: re.Pattern[bytes], opening: re.Pattern[bytes] | None, limit: int) -> None:
        self._following = following
        self._opening = opening
        self._limit = limit
        self._backlog = Backlog()  # from where the present entry begins; while that is passed over, from its last line
        self._begun = False
        self._passed: PassedOver | None = None  # the present entry, when it is too long

    def feed(self, block: bytes) -> list[bytes | RecordError]:
        """Give the entries that this block completes."""
        buffer = self._backlog.add(block)
        return [] if buffer is None else self._cut(buffer, final=False)

    def finish(self) -> list[bytes | RecordError]:
        """Give the last entry, which need not end in a newline."""
        return self._cut(self._backlog.take(), final=True)

    def _cut(self, buffer: bytes, *, final: bool) -> list[bytes | RecordError]:
        if not self._begun:
            buffer = buffer.lstrip()
        if not buffer and not self._passed:
            return []
        self._begun = True
        whole: list[bytes | RecordError] = []
        start, decided = 0, len(buffer) if final else self._decided(buffer)
        for found in self._following.finditer(buffer, 0, decided):
            end = found.start() + 1
            if not self._is_open(buffer, start, end):
                whole.append(self._whole(buffer[start:end]))
                start = end
        if final:
            whole.append(self._whole(buffer[start:]))
        else:
            self._keep(buffer, start, decided)
        return whole

    def _decided(self, buffer: bytes) -> int:
        """Give the position up to which it is known where entries begin: a line must end, or be long enough to tell."""
        end = buffer.rfind(b"\n") + 1
        return len(buffer) if len(buffer) - end > max(self._limit, HEAD_BYTES) else end

    def _is_open(self, buffer: bytes, start: int, end: int) -> bool:
        """Tell whether the entry cannot be whole yet."""
        if self._opening is None or self._passed or end - start - _line_end(buffer, start, end) > self._limit:
            return False
        return self._opening.fullmatch(buffer, start, end) is not None

    def _whole(self, lines: bytes) -> bytes | RecordError:
        """Give an entry without the end of its last line, or an error for one that is too long."""
        lines = lines[: len(lines) - _line_end(lines, 0, len(lines))]
        passed, self._passed = self._passed, None
        if passed is None and len(lines) <= self._limit:
            return lines
        passed = passed or PassedOver()
        passed.add(lines)
        return passed.error("too_long", _too_long(passed.length, self._limit))

    def _keep(self, buffer: bytes, start: int, decided: int) -> None:
        """Let the present entry wait; one that is too long already only with its end, which may be that of a line."""
        end = decided - _line_end(buffer, start, decided)
        if self._passed is None and end - start > self._limit:
            self._passed = PassedOver()
        if self._passed:
            self._passed.add(buffer[start:end])
            start = end
        self._backlog.keep(buffer[start:])


def _line_end(buffer: bytes, start: int, end: int) -> int:
    """Count the bytes of the end of a line that stand before a position; half of it may be there."""
    if buffer.endswith(b"\r\n", start, end):
        return 2
    return 1 if buffer.endswith((b"\n", b"\r"), start, end) else 0


def _too_long(length: int, limit: int) -> str:
    return f"the entry has {length} bytes, the limit is {limit}"
