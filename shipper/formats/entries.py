"""
Entries of one or more lines, such as the logs of databases.

An entry begins with a line that opens in a known way; the lines behind it belong to it, up to the next that does,
unless it is one without them only. What comes message by message, out of an envelope, needs no such cutting: a message
is an entry, whatever lines are in it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from shipper.errors import RecordError
from shipper.formats.messages import NOTHING_AROUND, Around, Entry
from shipper.formats.multiline import Cut, Multiline, too_long
from shipper.formats.record import Unparsed, record_error

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
            and at no more than `multiline.HEAD_BYTES`
        read: makes a record of such a text
        opening: pattern of a first line that never stands alone: what follows it begins no entry, even if it looks so
        after: names of the kinds behind whose entries alone such an entry begins; behind others its lines are theirs
        left_out: name of a field that an entry lacks where it is the same as in the one before it of the same log
    """

    name: str
    record: type[E]
    begins: str
    read: Reader[E]
    opening: str | None = None
    after: frozenset[str] | None = None
    left_out: str | None = None


class Entries(Generic[E]):
    """
    Entries of some kinds, which may be mixed.

    Args:
        kinds: the first whose beginning fits decides
        told: names of the kinds that a message can be of, by what is around it; None when that does not tell
        otherwise: makes a record of a message that begins in no known way; None where only a known beginning will do

    Attributes:
        record: a Struct with the fields of all kinds, for those who ask what is declared
    """

    form: ClassVar = "text: entries of several lines"

    def __init__(
        self,
        kinds: Sequence[Kind[E]],
        *,
        told: Callable[[Around], frozenset[str] | None] = lambda _: None,
        otherwise: Callable[[str, Around], E | None] = lambda _text, _around: None,
    ) -> None:
        self.kinds = tuple(kinds)
        declared = {name for kind in kinds for name in kind.record.__struct_fields__} - {"around"}
        self.record = msgspec.defstruct("AnyEntry", [(name, Any) for name in sorted(declared)])
        any_kind = "|".join(f"({kind.begins})" for kind in kinds)
        self._begins = re.compile(any_kind.encode())
        self._following = re.compile(rb"\n(?:%b)" % any_kind.encode())
        openings = enumerate([kind.opening for kind in kinds], 1)
        self._openings = {number: re.compile(opening.encode()) for number, opening in openings if opening}
        numbers = {kind.name: number for number, kind in enumerate(kinds, 1)}
        self._after = {
            numbers[kind.name]: frozenset(numbers[name] for name in kind.after) for kind in kinds if kind.after
        }
        self._told = told
        self._otherwise = otherwise

    def decoder(self, *, record_bytes: int) -> "EntryDecoder[E]":
        """Start on one object; see `Format`."""
        return EntryDecoder(self, self.framing(record_bytes))

    def framing(self, limit: int) -> Multiline:
        """Give what cuts one object into entries of at most so many bytes."""
        return Multiline(self._begins, self._following, self._openings, self._after, limit)

    def number(self, text: bytes) -> int:
        """Give the number of the kind that a text begins like, counted from 1; 0 if there is none."""
        found = self._begins.match(text)
        return found.lastindex or 0 if found else 0

    def read(self, text: bytes, number: int) -> tuple[E | RecordError, tuple[Unparsed, ...]]:
        """Decode one entry of a file, of the kind with this number."""
        return self._read(text, number, NOTHING_AROUND)

    def message(
        self, text: bytes, around: Around, *, record_bytes: int
    ) -> tuple[E | RecordError, tuple[Unparsed, ...]]:
        """Decode one message, which is an entry, however it begins."""
        if len(text) > record_bytes:
            return record_error("too_long", too_long(len(text), record_bytes), text), ()
        record, unparsed = self._read(text, self.number(text), around)
        if not isinstance(record, RecordError):
            record.around = around
        return record, unparsed

    def _read(self, data: bytes, number: int, around: Around) -> tuple[E | RecordError, tuple[Unparsed, ...]]:
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            return record_error("undecodable", f"invalid UTF-8 at byte {error.start}", data), ()
        told = None if around is NOTHING_AROUND else self._told(around)
        kind = self.kinds[number - 1] if number else None
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

    def __init__(self, layout: Entries[E], framing: Multiline) -> None:
        self._layout = layout
        self._framing = framing
        self._latest: dict[type[Entry], Any] = {}  # value of what later entries may leave out, by their Struct
        # of the list answered last
        self._out: list[E | RecordError] = []
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

    def _answer(self, entries: list[Cut | RecordError]) -> list[E | RecordError]:
        self._out, self._originals, self._unparsed = [], [], {}
        for entry in entries:
            if isinstance(entry, RecordError):
                self._out.append(entry)
                self._originals.append(entry.original)
            else:
                self._entry(*entry)
        return self._out

    def _entry(self, kind: int, text: bytes) -> None:
        """Decode one entry; if it is one only without the lines behind its first, those are something else."""
        record, unparsed = self._layout.read(text, kind)
        stray = b""
        if kind and isinstance(record, RecordError) and b"\n" in text:
            line, _, behind = text.partition(b"\n")
            line = line.removesuffix(b"\r")
            alone, set_aside = self._layout.read(line, kind)
            if not isinstance(alone, RecordError):
                record, unparsed, text, stray = alone, set_aside, line, behind
        self._add(kind, record, unparsed, text)
        if stray.strip():
            self._add(0, *self._layout.read(stray, 0), stray)

    def _add(self, kind: int, record: E | RecordError, unparsed: tuple[Unparsed, ...], text: bytes) -> None:
        if isinstance(record, RecordError):
            text = record.original
        elif kind and (name := self._layout.kinds[kind - 1].left_out):
            self._complete(record, name)
        if unparsed:
            self._unparsed[len(self._out)] = unparsed
        self._out.append(record)
        self._originals.append(text)

    def _complete(self, record: E, name: str) -> None:
        """Take over from the entry before what this one leaves out."""
        value = getattr(record, name)
        if value is None:
            setattr(record, name, self._latest.get(type(record)))
        else:
            self._latest[type(record)] = value
