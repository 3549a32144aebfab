"""
JSON objects, one a record: inside an array under a name (`Records`), in a bare array, a line each, or glued together.

The fast path never looks at a record twice. The records of an object open alike, so what stands between two of them, for
example `},{"eventVersion"`, is learned once and searched for, and each piece is decoded by itself in C. Quotes inside a
string are escaped, so the separator never matches there. It may match inside a record, between the members of a list that
open alike: such a piece is a *truncated* JSON value, and only then a bracket scan looks for the true end further on. Any
other error is the record's own: it becomes a `RecordError`, and the next record begins at the next separator.
"""

import re
from typing import Final, Generic, TypeVar

import msgspec

from shipper.errors import RecordError
from shipper.formats.brackets import STRING, object_end, value_end
from shipper.formats.record import Unparsed
from shipper.formats.repair import repair

R = TypeVar("R")

ORIGINAL_BYTES: Final = 1 << 20
"""Bytes of a broken record that are kept for its dead letter."""

MOST_LOOKAHEADS: Final = 8
"""Truncated records an object may have for which the end is sought beyond the next separator: each costs a long scan."""

_TRUNCATED = "Input data was truncated"
_OPENING = re.compile(rb"\{\s*" + STRING, re.DOTALL)
_KEY = re.compile(rb"(" + STRING + rb")\s*:\s*", re.DOTALL)
_GAP = re.compile(rb"[\s,]*")
_JUNK = re.compile(STRING + rb"|[^\n{}\[\],]*[\n\]}]?", re.DOTALL)


class JsonRecords(Generic[R]):
    """
    Objects of one type, however they are strung together.

    Args:
        record: the Struct of one record
        wrapper: name of the array member that holds the records, if the objects of this source have one
    """

    def __init__(self, record: type[R], *, wrapper: str | None = None) -> None:
        self.record = record
        self._wrapper = wrapper

    def decoder(self, *, record_bytes: int) -> "JsonDecoder[R]":
        """Start on one object; see `Format`."""
        return JsonDecoder(self.record, wrapper=self._wrapper, record_bytes=record_bytes)


class JsonDecoder(Generic[R]):
    """Decodes one object; see `Decoder`."""

    def __init__(self, record: type[R], *, wrapper: str | None, record_bytes: int) -> None:
        self._record = record
        self._decode = msgspec.json.Decoder(record, strict=False).decode
        self._wrapper = msgspec.json.encode(wrapper) if wrapper else b""
        self._limit = record_bytes
        self._closers = bytearray()  # of the arrays and wrappers we are inside of, innermost last
        self._opening: bytes = b""  # `{"eventVersion"`
        self._separator: bytes = b""  # `},{"eventVersion"`
        self._lookaheads = MOST_LOOKAHEADS
        self._begun = False
        self._foreign = False
        self._overlong: RecordError | None = None  # the record being skipped, with its length so far
        self._buffer = b""
        self._out: list[R | RecordError] = []
        self._spans: list[tuple[int, int]] = []
        self._unparsed: dict[int, tuple[Unparsed, ...]] = {}
        self._kept = 0  # where the part of the buffer begins that the next block continues

    def feed(self, block: bytes) -> list[R | RecordError]:
        """Decode what this block completes."""
        rest = self._buffer[self._kept :]
        return self._drain(rest + block if rest else block, final=False)

    def finish(self) -> list[R | RecordError]:
        """Decode what is left when no more blocks come."""
        out = self._drain(self._buffer[self._kept :], final=True)
        if self._closers:
            self._fail("undecodable", "the JSON ends before its last array or object is closed", 0, 0)
        return out

    def original(self, index: int) -> bytes:
        """Give the bytes of one record of the list answered last."""
        start, end = self._spans[index]
        return self._buffer[start:end]

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one record of the list answered last that were set aside."""
        return self._unparsed.get(index, ())

    def _drain(self, buffer: bytes, *, final: bool) -> list[R | RecordError]:
        self._buffer = buffer
        self._out = []
        self._spans = []
        self._unparsed = {}
        position = self._skip(final=final) if self._overlong else len(buffer) if self._foreign else 0
        while not self._overlong and (following := self._step(position, final=final)) > position:
            position = following
        self._kept = position
        return self._out

    def _step(self, position: int, *, final: bool) -> int:
        """Handle what stands here; give where the next thing stands, or the same position when bytes are missing."""
        buffer = self._buffer
        gap = _GAP.match(buffer, position)
        position = gap.end() if gap else position
        if position == len(buffer):
            return position
        byte = buffer[position : position + 1]
        if self._closers and byte[0] == self._closers[-1]:
            self._closers.pop()
            return position + 1
        in_wrapper = self._closers[-1:] == b"}"
        if not self._begun and byte not in (b"{", b"["):
            self._foreign = True
            return self._fail("undecodable", "the object does not begin like JSON", position, len(buffer))
        self._begun = True
        if byte == b"[" and not self._closers:
            self._closers += b"]"
            return position + 1
        if byte == b'"' and in_wrapper:
            return self._member(position, final=final)
        if byte == b"{" and not in_wrapper:
            if self._wrapper and not self._closers:
                entered = self._enter(position, final=final)
                if entered is not None:
                    return entered
            return self._records(position, final=final)
        return self._junk(position, final=final)

    # -- records ------------------------------------------------------------------------------------------------------

    def _records(self, position: int, *, final: bool) -> int:
        """Decode records from this brace on, as many as the separator finds."""
        buffer = self._buffer
        if not self._separator:
            self._learn(position)
        separator = self._separator
        if separator:
            decode, limit = self._decode, self._limit
            add, span = self._out.append, self._spans.append
            step = len(separator) - len(self._opening)
            while (brace := buffer.find(separator, position)) >= 0:
                end = brace + 1
                if end - position > limit:
                    break
                try:
                    add(decode(buffer[position:end]))
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    return self._troubled(position, end, final=final)
                span((position, end))
                position = brace + step
        return self._scanned(position, final=final)

    def _learn(self, position: int) -> None:
        """Find what stands between this record and the next one that opens alike."""
        opening = _OPENING.match(self._buffer, position)
        if opening is None:
            return
        between = re.compile(rb"\}\s*,?\s*" + re.escape(opening.group())).search(self._buffer, opening.end())
        self._opening = opening.group()
        self._separator = between.group() if between else b""

    def _scanned(self, position: int, *, final: bool) -> int:
        """Decode the one record that begins here and is not followed by the separator, or wait for its end."""
        left = len(self._buffer) - position
        if left <= self._limit and not final:
            return position
        end = object_end(self._buffer, position, position + self._limit)
        if end < 0 and left <= self._limit:
            return self._fail("undecodable", "the JSON ends before this record does", position, len(self._buffer))
        if end < 0:
            self._overlong = RecordError("too_long", "", self._buffer[position : position + ORIGINAL_BYTES], 0)
            return self._skip(final=final, position=position)
        self._one(position, end)
        self._separator = b""  # it did not match here: learn it again from the next record
        return end

    def _troubled(self, position: int, end: int, *, final: bool) -> int:
        """Handle a piece that is not a record as declared: repair it, find its true end, or set it aside."""
        buffer = self._buffer
        try:
            msgspec.json.decode(buffer[position:end])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if str(error) == _TRUNCATED and self._lookaheads:
                far = object_end(buffer, position, position + self._limit)
                if far < 0 and not final and len(buffer) - position <= self._limit:
                    return position
                self._lookaheads -= far < 0
            else:
                far = object_end(buffer, position, end)
            if far < 0:
                return self._fail("undecodable", _cause(error), position, end)
            end = far
        self._one(position, end)
        return end

    def _one(self, start: int, end: int) -> None:
        """Decode the bytes of one record, value by value where its types are not as declared."""
        piece = self._buffer[start:end]
        try:
            try:
                record = self._decode(piece)
            except msgspec.ValidationError:
                record, self._unparsed[len(self._out)] = repair(msgspec.json.decode(piece), self._record)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._fail("undecodable", _cause(error), start, end)
        else:
            self._out.append(record)
            self._spans.append((start, end))

    def _fail(self, reason: str, cause: str, start: int, end: int) -> int:
        """Put an error in the place of a record; give where the record ends."""
        self._out.append(
            RecordError(reason, cause, self._buffer[start : min(end, start + ORIGINAL_BYTES)], end - start)
        )
        self._spans.append((start, end))
        return end

    def _skip(self, *, final: bool, position: int = 0) -> int:
        """Pass over a record that is longer than the limit, up to the next separator."""
        long = self._overlong
        if long is None:
            return position
        if not self._separator and self._opening:
            between = re.compile(rb"\}\s*,?\s*" + re.escape(self._opening)).search(self._buffer, position)
            self._separator = between.group() if between else b""
        brace = self._buffer.find(self._separator, position) if self._separator else -1
        ends = brace >= 0 or final
        # A separator may be cut in two by the border between blocks.
        keep = 0 if final else len(self._separator or self._opening) + 16
        end = brace + 1 if brace >= 0 else max(position, len(self._buffer) - keep)
        length = long.length + end - position
        self._overlong = None if ends else RecordError(long.reason, long.cause, long.original, length)
        if ends:
            cause = f"the record has {length} bytes, the limit is {self._limit}"
            self._out.append(RecordError(long.reason, cause, long.original, length))
            self._spans.append((position, end))
            if brace < 0:  # what closes the array went with the record
                self._closers.clear()
        return end

    # -- what stands around records -----------------------------------------------------------------------------------

    def _enter(self, position: int, *, final: bool) -> int | None:
        """Go into the wrapper that begins here, up to its array; None if it is a bare record."""
        buffer = self._buffer
        at = position + 1
        while (gap := _GAP.match(buffer, at)) and (key := _KEY.match(buffer, gap.end())):
            at = key.end()
            if key[1] == self._wrapper and buffer[at : at + 1] == b"[":
                self._closers += b"}]"
                return at + 1
            at = value_end(buffer, at, position + self._limit)
            if at < 0:
                break
        closed = at > 0 and gap is not None and buffer[gap.end() : gap.end() + 1] == b"}"
        complete = closed or final or len(buffer) - position > self._limit
        return None if complete else position

    def _member(self, position: int, *, final: bool) -> int:
        """Pass over a member of the wrapper that stands after its array."""
        key = _KEY.match(self._buffer, position)
        if key and key[1] == self._wrapper and self._buffer[key.end() : key.end() + 1] == b"[":
            self._closers += b"]"
            return key.end() + 1
        end = value_end(self._buffer, key.end(), position + self._limit) if key else -1
        if end > 0:
            return end
        if not final and len(self._buffer) - position <= self._limit:
            return position
        return self._junk(position, final=final)

    def _junk(self, position: int, *, final: bool) -> int:
        """Set aside what stands where a record should: a scalar, or the rest of a line."""
        buffer = self._buffer
        junk = _JUNK.match(buffer, position)
        end = max(junk.end() if junk else 0, position + 1)
        if end == len(buffer) and not final and end - position <= self._limit:
            return position
        return self._fail("undecodable", "expected a JSON object", position, end)


def _cause(error: Exception) -> str:
    """Say what was wrong in bounded space: a Unicode error repeats all its input."""
    if isinstance(error, UnicodeDecodeError):
        return f"invalid UTF-8 at byte {error.start}"
    return str(error)
