"""
Where a JSON value ends, without decoding it.

Of a value that is JSON, msgspec tells the end at the speed of C: it complains of what follows, and says where that
begins. Of a value that is not JSON it says where the fault stands. What was JSON up to the fault belongs to the broken
value; behind the fault its end is guessed from the brackets, and from what the other records of the object look like.
"""

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct

STRING: Final = rb'"(?:[^"\\]|\\.)*+"'
"""Pattern of one JSON string (with `re.DOTALL`)."""

BLANK: Final = b" \t\n\r\v\f,"
"""What may stand between two values; a comma too many does no harm."""

BRACKET: Final = re.compile(rb'(?:[^"{}\[\]]|' + STRING + rb')*+([{}\[\]"]?)', re.DOTALL)
"""The next bracket outside of strings, or the quote of a string without an end; nothing when there is neither."""

_TRUNCATED: Final = "Input data was truncated"
_TRAILING: Final = "trailing characters"
_BYTE: Final = re.compile(r" \(byte (\d+)\)$")
_QUOTE: Final = ord('"')

_WINDOW: Final = 256
_WORD: Final = re.compile(rb'[\]}]*+[^"{}\[\]\n]*+(?=[{}\]\n])')
_FOLLOWS_OUTSIDE: Final = re.compile(rb"[\s,]*+(?:[{\[]|\Z)")
_FOLLOWS_INSIDE: Final = re.compile(rb"\s*+(?:,[\s,]*+[{\[]|\])")
_ANY_RECORD: Final = re.compile(rb'[,}]\s*+,?\s*+(?=\{\s*+")|\n(?=\{)')

_skip = msgspec.json.Decoder(msgspec.Raw).decode


class State(Enum):
    """What is known of a value."""

    WHOLE = "whole"
    """It is JSON, and all of it is there."""
    CUT = "cut"
    """It is JSON as far as it is there."""
    BROKEN = "broken"
    """It is not JSON."""
    DEEP = "deep"
    """It is nested too deeply to be looked through."""


class Extent(Struct, frozen=True, gc=False):
    """
    How far a value reaches.

    Attributes:
        state: what is known of it
        end: position behind the value; where it is broken, the position of the fault
        cause: what is wrong with a broken value
    """

    state: State
    end: int
    cause: str = ""


def extent(buffer: bytes, start: int, stop: int) -> Extent:
    """Find out how far the value reaches that begins at `start`, looking no further than `stop`."""
    view = memoryview(buffer)[start:stop]
    end = min(stop, len(buffer))
    try:
        _skip(view)
    except RecursionError:
        return Extent(State.DEEP, start)
    except msgspec.DecodeError as error:
        cause = str(error)
        place = _BYTE.search(cause)
        at = start + int(place[1]) if place else end
        if _TRAILING in cause:
            return Extent(State.WHOLE, start + len(buffer[start : at - 1].rstrip()))  # one byte of it was read
        if cause == _TRUNCATED or at == end:  # a number or an escape that is cut in two counts as malformed
            return Extent(State.CUT, end)
        return Extent(State.BROKEN, at, cause)
    if buffer[start] not in b'{["':  # a number at the border may go on behind it
        return Extent(State.CUT, end)
    return Extent(State.WHOLE, start + len(buffer[start:end].rstrip()))


def broken_end(buffer: bytes, start: int, fault: int, stop: int, *, keys: Iterable[bytes], in_array: bool) -> int:
    """
    Guess where a broken value ends.

    Args:
        buffer: bytes that hold at least all up to `stop`, or up to the end of the object
        start: where the value begins
        fault: where it ceases to be JSON
        stop: where it ends at the latest
        keys: the first keys of the records read so far, each with its quotes
        in_array: whether the value stands in an array, whose bracket then follows the last value
    """
    begins = _record_with(tuple(keys)) or _ANY_RECORD
    # Where a quote was lost, the fault stands inside the opening of the next record.
    before = start + len(buffer[start:fault].rstrip(BLANK + b'{"'))
    follows = _FOLLOWS_INSIDE if in_array else _FOLLOWS_OUTSIDE
    window = _WINDOW
    while True:
        edge = min(fault + window, stop, len(buffer))
        following = begins.search(buffer, max(before - 1, start + 1), edge)
        begin = following.end() if following else edge
        # An object inside the record may look like the next record: then the brackets are balanced somewhat further on.
        end = _closed(buffer, start, min(start + 4 * (begin - start) + _WINDOW, stop) if following else edge, follows)
        if start < end <= begin or (end > begin and _is_inside(buffer, begin, end)):
            return end
        if following:
            return max(start + len(buffer[start:begin].rstrip(BLANK)), start + 1)
        if edge in (stop, len(buffer)):
            return edge
        window *= 4


def _is_inside(buffer: bytes, start: int, end: int) -> bool:
    """Tell whether something that begins here is inside of what ends there: more brackets close than open."""
    brackets = b"".join([token[1] for token in BRACKET.finditer(buffer, start, end)])
    ends_in_string = b'"' in brackets
    return not ends_in_string and len(brackets.translate(None, b"{[")) > len(brackets.translate(None, b"}]"))


@lru_cache(maxsize=64)
def _record_with(keys: tuple[bytes, ...]) -> re.Pattern[bytes] | None:
    """Compile what a record begins with, or a line."""
    if not keys:
        return None
    return re.compile(rb"(?=\{\s*+(?:" + b"|".join(map(re.escape, keys)) + rb"))|\n(?=\{)")


def _closed(buffer: bytes, start: int, stop: int, follows: re.Pattern[bytes]) -> int:
    """Find where the brackets of a broken value are balanced and something else may follow, or a word ends; else -1."""
    depth = 0
    if buffer[start] == _QUOTE:  # a record that has lost its opening bracket
        depth = 1
    elif buffer[start] not in b"{[":
        word = _WORD.match(buffer, start, stop)
        return start + len(word[0].rstrip(BLANK)) if word else -1
    for token in BRACKET.finditer(buffer, start, stop):
        if token[1] in (b"", b'"'):
            return -1
        depth += 1 if token[1] in b"{[" else -1
        if depth == 0:
            return token.end() if follows.match(buffer, token.end(), stop) else -1
    return -1
