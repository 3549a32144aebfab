"""Entries of one or more lines out of blocks, in bounded memory."""

import re
from collections.abc import Mapping
from typing import Final

from shipper.errors import RecordError
from shipper.formats.backlog import Backlog
from shipper.formats.record import PassedOver

HEAD_BYTES: Final = 512
"""Bytes of a line that decide whether an entry begins with it."""

_RETURN: Final = ord("\r")

Cut = tuple[int, bytes]
"""An entry: the number of its kind, counted from 1, or 0 if it does not begin like any; and its text."""


class Multiline:
    """
    Cuts an object where entries begin, in bounded memory.

    Args:
        begins: pattern of the beginning of an entry, with a group for each kind
        following: pattern of a line feed, and of the beginning of an entry behind it
        openings: pattern of a first line that does not stand alone, by the number of its kind
        after: numbers of the kinds that the present entry must be of, by the number of a kind that only follows such
        limit: bytes of an entry, without the end of its last line, above which it is passed over
    """

    def __init__(
        self,
        begins: re.Pattern[bytes],
        following: re.Pattern[bytes],
        openings: Mapping[int, re.Pattern[bytes]],
        after: Mapping[int, frozenset[int]],
        limit: int,
    ) -> None:
        self._begins = begins
        self._following = following
        self._openings = openings
        self._after = after
        self._limit = limit
        self._backlog = Backlog()  # from where the present entry begins; while that is passed over, from its last line
        self._begun = False
        self._kind = 0  # number of the present entry's kind; 0 before the first beginning
        self._passed: PassedOver | None = None  # the present entry, when it is too long

    def feed(self, block: bytes) -> list[Cut | RecordError]:
        """Give the entries that this block completes."""
        buffer = self._backlog.add(block)
        return [] if buffer is None else self._cut(buffer, final=False)

    def finish(self) -> list[Cut | RecordError]:
        """Give the last entry, which need not end in a newline."""
        return self._cut(self._backlog.take(), final=True)

    def _cut(self, buffer: bytes, *, final: bool) -> list[Cut | RecordError]:
        if not self._begun:
            buffer = _without_blank_lines(buffer)
            self._begun = bool(buffer) and not buffer.isspace()
        if not self._begun or not (buffer or self._passed):
            self._backlog.keep(buffer)
            return []
        whole: list[Cut | RecordError] = []
        start, decided = 0, len(buffer) if final else self._decided(buffer)
        for found in self._following.finditer(buffer, 0, decided):
            line_feed = found.start()
            if self._is_open(buffer, start, line_feed) or not self._may_follow(found, buffer, start):
                continue
            whole.append(self._whole(buffer, start, line_feed))
            start, self._kind = line_feed + 1, found.lastindex or 0
        if final:
            whole.append(self._whole(buffer, start, len(buffer) - buffer.endswith(b"\n", start)))
        else:
            self._keep(buffer, start, decided)
        return whole

    def _decided(self, buffer: bytes) -> int:
        """Give the position up to which it is known where entries begin: a line must end, or be long enough to tell."""
        end = buffer.rfind(b"\n") + 1
        return len(buffer) if len(buffer) - end > max(self._limit, HEAD_BYTES) else end

    def _is_open(self, buffer: bytes, start: int, line_feed: int) -> bool:
        """Tell whether the entry cannot be whole yet."""
        if self._passed or (self._kind and self._kind not in self._openings):
            return False
        opening = self._openings.get(self._number(buffer, start))
        end = line_feed - _has_return(buffer, start, line_feed)
        return opening is not None and end - start <= self._limit and opening.fullmatch(buffer, start, end) is not None

    def _may_follow(self, found: re.Match[bytes], buffer: bytes, start: int) -> bool:
        """Tell whether what begins here may stand behind the present entry."""
        before = self._after.get(found.lastindex or 0)
        return before is None or (self._kind or self._number(buffer, start)) in before

    def _whole(self, buffer: bytes, start: int, line_feed: int) -> Cut | RecordError:
        """Give an entry that ends here, or an error for one that is too long."""
        end = line_feed - _has_return(buffer, start, line_feed)
        passed = self._passed
        if passed is None and end - start <= self._limit:
            return self._kind or self._number(buffer, start), buffer[start:end]
        passed, self._passed = passed or PassedOver(), None
        passed.add(buffer[start:end])
        return passed.error("too_long", too_long(passed.length, self._limit))

    def _number(self, buffer: bytes, start: int) -> int:
        """Give the number of the present entry's kind; the first one's is only known when its first line is whole."""
        if not self._kind and (found := self._begins.match(buffer, start)):
            self._kind = found.lastindex or 0
        return self._kind

    def _keep(self, buffer: bytes, start: int, decided: int) -> None:
        """Let the present entry wait; one that is too long already only with its end, which may be that of a line."""
        end = decided - buffer.endswith(b"\n", start, decided)
        end -= _has_return(buffer, start, end)
        if self._passed is None and end - start > self._limit:
            self._passed = PassedOver()
        if self._passed:
            self._passed.add(buffer[start:end])
            start = end
        self._backlog.keep(buffer[start:])


def _has_return(buffer: bytes, start: int, end: int) -> bool:
    """Tell whether there is a carriage return before the end of a line; its line feed may be to come."""
    return end > start and buffer[end - 1] == _RETURN


def _without_blank_lines(buffer: bytes) -> bytes:
    """Leave out blank lines, but not the blanks of the first line that is none: they may belong to its beginning."""
    blanks = len(buffer) - len(buffer.lstrip())
    return buffer[max(buffer.rfind(b"\n", 0, blanks) + 1, blanks - HEAD_BYTES) :]


def too_long(length: int, limit: int) -> str:
    """Say what is wrong with a long entry."""
    return f"the entry has {length} bytes, the limit is {limit}"
