"""
JSON objects, one a record: inside an array under a name (`Records`), in a bare array, a line each, or glued together.

The fast path never looks at a record twice. The records of an object open alike, so what stands between two of them,
for example `},{"eventVersion"`, is learned and searched for, and each piece is decoded by itself in C. Records on lines
of their own need not open alike where nothing else has lines. A piece that decodes is a record, because no JSON object
begins with another one. A piece that does not is too short (an object inside the record opens alike), too long (the
records open differently) or broken: then `extent` tells where the record ends. What is decided about a broken record
depends on the next `record_bytes` alone, never on where a block ends.

Sound records are decoded many at a time, as the JSON array or the lines that they are between two of their separators:
that costs less than a call for each. When a batch does not decode, its records are decoded one by one.
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

import msgspec

from shipper.errors import RecordError
from shipper.formats.backlog import Backlog
from shipper.formats.each import EachDecoder
from shipper.formats.extent import Extent, State, broken_end, extent
from shipper.formats.passage import Passage
from shipper.formats.record import Decoder, Unparsed, record_error
from shipper.formats.repair import repair
from shipper.formats.separator import Separator
from shipper.formats.wrapper import array_start, gap_end, member

R = TypeVar("R")

SEARCH_BYTES: Final = 1 << 16
"""How far to search for what stands between two records: longer records take the slower path."""

BATCH_BYTES: Final = 1 << 14
"""Bytes of records that are decoded in one go, and up to one record more."""

_split: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_split_lines: Final = msgspec.json.Decoder(msgspec.Raw).decode_lines
_BRACE: Final = ord("{")
_ERRORS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class JsonRecords(Generic[R]):
    """
    Objects of one type, however they are strung together.

    Args:
        record: the Struct of one record
        wrapper: name of the array member that holds the records, if the objects of this source have one
        whole_events: whether an event of EventBridge is a record with all its envelope says, and not its `detail` alone
        rescue: makes a record of bytes that are no JSON; None if it cannot
        each: paths of arrays in a record, `detail.findings`, whose items are records of their own; see `EachDecoder`
    """

    def __init__(
        self,
        record: type[R],
        *,
        wrapper: str | None = None,
        whole_events: bool = False,
        rescue: Callable[[bytes], R | None] | None = None,
        each: tuple[str, ...] = (),
    ) -> None:
        self.record = record
        self.whole_events = whole_events
        self._each = [path.split(".") for path in each]
        self.form = f"JSON: {f'{wrapper}, ' if wrapper else ''}array, lines, glued"
        self._wrapper = wrapper
        self._rescue = rescue

    def decoder(self, *, record_bytes: int) -> Decoder[R]:
        """Start on one object; see `Format`."""
        decoder = JsonDecoder(self.record, wrapper=self._wrapper, record_bytes=record_bytes, rescue=self._rescue)
        return EachDecoder(decoder, self._each) if self._each else decoder


class JsonDecoder(Generic[R]):
    """Decodes one object; see `Decoder`."""

    def __init__(
        self,
        record: type[R],
        *,
        wrapper: str | None,
        record_bytes: int,
        rescue: Callable[[bytes], R | None] | None = None,
    ) -> None:
        decoder = msgspec.json.Decoder(record, strict=False)
        self._decode, self._decode_lines = decoder.decode, decoder.decode_lines
        self._decode_all = msgspec.json.Decoder(list[record], strict=False).decode  # type: ignore[valid-type]
        self._wrapper = msgspec.json.encode(wrapper) if wrapper else b""
        self._limit = record_bytes
        self._rescue = rescue
        self._backlog = Backlog()
        self._begun = False
        self._closers = bytearray()  # of the array and the object around it that we are inside of, innermost last
        self._separator = Separator(alike=wrapper is not None)
        self._passage: Passage | None = None  # over a value too long or too deep
        self._parts: tuple[int, list[msgspec.Raw]]  # of the batch that was asked for last, by its first record's index
        self._answer(b"", final=False)

    def feed(self, block: bytes) -> list[R | RecordError]:
        """Decode what this block completes."""
        buffer = self._backlog.add(block)
        return self._answer(b"", final=False) if buffer is None else self._drain(buffer, final=False)

    def finish(self) -> list[R | RecordError]:
        """Decode what is left when no more blocks come."""
        out = self._drain(self._backlog.take(), final=True)
        if self._closers:
            self._fail("the JSON ends before its last array or object is closed", len(self._buffer), len(self._buffer))
            self._closers.clear()
        return out

    def original(self, index: int) -> bytes:
        """Give the bytes of one record of the list answered last."""
        record = self._out[index]
        if isinstance(record, RecordError):
            return record.original
        start, end, first, has_comma = self._spans[index]
        if first is None:
            return self._buffer[start:end]
        if self._parts[0] != first:
            piece = self._buffer[start:end]
            self._parts = (first, _split(b"[%b]" % piece) if has_comma else _split_lines(piece))
        return bytes(self._parts[1][index - first])

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one record of the list answered last that were set aside."""
        return self._unparsed.get(index, ())

    def _answer(self, buffer: bytes, *, final: bool) -> list[R | RecordError]:
        """Begin a new list about these bytes."""
        self._buffer = buffer
        self._final = final
        self._out: list[R | RecordError] = []
        # Of each record: start and end of its bytes, and None; or of its batch's, and the index of the first in there.
        # Then whether there are commas between the records of the batch.
        self._spans: list[tuple[int, int, int | None, bool]] = []
        self._parts = (-1, [])
        self._alone_until = 0  # end of a batch that did not decode
        self._unparsed: dict[int, tuple[Unparsed, ...]] = {}
        return self._out

    def _drain(self, buffer: bytes, *, final: bool) -> list[R | RecordError]:
        out = self._answer(buffer, final=final)
        position = 0
        while (following := self._next(position)) > position:
            position = following
        self._backlog.keep(buffer[position:])
        return out

    def _next(self, position: int) -> int:
        """Handle what stands here; give where the next thing stands, or the same position when bytes are missing."""
        if self._passage:
            return self._pass(self._passage, position)
        start = gap_end(self._buffer, position)
        if start == len(self._buffer):
            return start
        byte = self._buffer[start : start + 1]
        around = self._closers[-1:]
        if byte == around:
            self._closers.pop()
            return start + 1
        if not around:
            return self._outermost(start, byte)
        if byte == b'"' and around == b"}":
            return self._member(start)
        return self._records(start)

    def _outermost(self, position: int, byte: bytes) -> int:
        """Handle what stands in no array."""
        if byte == b"[":
            self._begun = True
            self._closers += b"]"
            return position + 1
        if byte != b"{" and not self._begun:
            self._passage = Passage("undecodable", "the object does not begin like JSON", endless=True)
            return self._pass(self._passage, position)
        self._begun = True
        if byte == b"{" and self._wrapper:
            array = array_start(self._buffer, position, position + self._limit, self._wrapper)
            if array.state is State.WHOLE:
                self._closers += b"}]"
                return array.end
        return self._records(position)

    def _member(self, position: int) -> int:
        """Go into another array of records in the same object, or pass over a member beside it."""
        found, reach = member(self._buffer, position, position + self._limit, self._wrapper)
        if reach.state is State.WHOLE:
            self._closers += b"]" * found
            return reach.end
        if reach.state is State.CUT and self._may_wait(position):
            return position
        return self._value(position)

    def _may_wait(self, position: int) -> bool:
        """Whether more bytes can come, and are needed to decide about what begins here."""
        return not self._final and len(self._buffer) - position <= self._limit

    # -- records ------------------------------------------------------------------------------------------------------

    def _records(self, position: int) -> int:
        """Decode records from here on, as many as the separator finds and one more."""
        separator, buffer = self._separator.text, self._buffer
        if separator and buffer[position] == _BRACE:
            decode, step = self._decode, self._separator.step
            add, span = self._out.append, self._spans.append
            position = self._batches(position)
            reach = min(SEARCH_BYTES, self._limit) + len(separator) - 1
            stop = self._alone_until if position < self._alone_until else len(buffer)
            while position < stop and (brace := buffer.find(separator, position, position + reach)) >= 0:
                end = brace + 1
                try:
                    add(decode(buffer[position:end]))
                except _ERRORS:
                    break
                span((position, end, None, False))
                position = brace + step
        return self._value(position)

    def _batches(self, position: int) -> int:
        """
        Decode records from here on, many at a time for as long as that works.

        No byte is tried twice: the records of a batch that does not decode are all taken one by one.

        Returns:
            Where the next record stands.
        """
        has_comma = self._separator.has_comma
        if position < self._alone_until or (self._wrapper and not has_comma):  # among lines there may be a wrapper
            return position
        buffer, separator, step = self._buffer, self._separator.text, self._separator.step
        reach = min(BATCH_BYTES + SEARCH_BYTES, self._limit) + len(separator) - 1  # no record in it can be too long
        while (brace := buffer.find(separator, position + BATCH_BYTES, position + reach)) >= 0:
            end = brace + 1
            try:
                piece = buffer[position:end]
                records = self._decode_all(b"[%b]" % piece) if has_comma else self._decode_lines(piece)
            except _ERRORS:
                self._alone_until = end
                break
            self._spans += [(position, end, len(self._out), has_comma)] * len(records)
            self._out += records
            position = brace + step
        return position

    def _value(self, position: int) -> int:
        """Decode the one value that begins here, or put an error in its place."""
        reach = extent(self._buffer, position, position + self._limit)
        if reach.state is State.WHOLE and self._ends(position, reach.end):
            self._one(position, reach.end)
            return reach.end
        if reach.state is State.DEEP:
            return self._pass_over(position, "undecodable", "nested too deeply")
        if self._may_wait(position):
            return position
        if reach.state is State.CUT and len(self._buffer) - position > self._limit and self._buffer[position] in b'{["':
            cause = f"the record has {{length}} bytes, the limit is {self._limit}"
            return self._pass_over(position, "too_long", cause)
        return self._broken(position, reach)

    def _ends(self, position: int, end: int) -> bool:
        """Whether what begins with this value is that value alone, and not `1x`; not while the next byte may come."""
        if self._buffer[position] in b"{[":
            return True
        return self._buffer[end] in b" \t\r\n,{[]}" if end < len(self._buffer) else self._final

    def _one(self, start: int, end: int) -> None:
        """Decode one record, value by value where its types are not as declared."""
        piece = self._buffer[start:end]
        try:
            try:
                record = self._decode(piece)
            except msgspec.ValidationError:
                record, self._unparsed[len(self._out)] = repair(piece, self._decode)
        except _ERRORS as error:
            self._fail("invalid UTF-8" if isinstance(error, UnicodeDecodeError) else str(error), start, end)
        else:
            self._out.append(record)
            self._spans.append((start, end, None, False))
            self._separator.learn(self._buffer, start, end)

    # -- errors -------------------------------------------------------------------------------------------------------

    def _broken(self, position: int, reach: Extent) -> int:
        """Put an error in the place of something that is not JSON, up to where the next record begins."""
        cause, end = reach.cause or "expected a JSON object", reach.end
        if reach.state is State.CUT and self._buffer[position] in b'{["':
            cause = "the JSON ends before this record does"
        else:
            keys, in_array = self._separator.keys, self._closers[-1:] == b"]"
            end = broken_end(self._buffer, position, end, position + self._limit, keys=keys, in_array=in_array)
        self._fail(cause, position, end)
        if end == len(self._buffer):  # it took the closing brackets with it
            self._closers.clear()
        return end

    def _fail(self, cause: str, start: int, end: int) -> None:
        """Put an error in the place of a record, unless it can be read in another way."""
        piece = self._buffer[start:end]
        rescued = self._rescue(piece) if self._rescue and piece else None
        self._out.append(rescued if rescued is not None else record_error("undecodable", cause, piece))
        self._spans.append((start, end, None, False))
        self._separator.forget()  # searching for it behind each of many errors would take long

    def _pass_over(self, position: int, reason: str, cause: str) -> int:
        self._passage = Passage(reason, cause)
        return self._pass(self._passage, position)

    def _pass(self, passage: Passage, position: int) -> int:
        """Pass over a value that cannot be held, as far as it is there."""
        end = passage.advance(self._buffer, position, final=self._final)
        if passage.closed or self._final:
            self._passage = None
            self._out.append(passage.error())
            self._spans.append((end, end, None, False))
            if not passage.closed:
                self._closers.clear()
        return end
