"""Whole lines out of blocks, in bounded memory."""

from shipper.errors import RecordError
from shipper.formats.backlog import Backlog
from shipper.formats.record import PassedOver


class Lines:
    """
    Cuts an object at the ends of lines.

    Args:
        limit: bytes of a line, without its end, above which it is passed over when a block ends in it
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._backlog = Backlog()
        self._passed: PassedOver | None = None  # the line that is too long

    def feed(self, block: bytes) -> tuple[RecordError | None, bytes]:
        """Give the error of a line that was too long, if it ends here, and the lines behind it that are whole."""
        text = self._backlog.add(block)
        return (None, b"") if text is None else self._whole(text, final=False)

    def finish(self) -> tuple[RecordError | None, bytes]:
        """Give the rest, whose last line need not end in a newline."""
        return self._whole(self._backlog.take(), final=True)

    def give_up(self) -> PassedOver:
        """Cut no more: give what was not given yet."""
        rest, self._passed = self._passed or PassedOver(), None
        rest.add(self._backlog.take())
        return rest

    def too_long(self, line: bytes) -> RecordError | None:
        """Give an error for a line that is too long."""
        if len(line) <= self._limit:
            return None
        passed = PassedOver()
        passed.add(line)
        return self._error(passed)

    def _whole(self, text: bytes, *, final: bool) -> tuple[RecordError | None, bytes]:
        error = None
        if self._passed:
            end = text.find(b"\n")
            if end < 0 and not final:
                self._pass(self._passed, text)
                return None, b""
            end = end if end >= 0 else len(text)
            self._passed.add(text[:end].removesuffix(b"\r"))
            error, self._passed = self._error(self._passed), None
            text = text[end + 1 :]
        end = len(text) if final else text.rfind(b"\n") + 1
        rest = text[end:]
        if len(rest.removesuffix(b"\r")) > self._limit:
            self._passed = PassedOver()
            self._pass(self._passed, rest)
        else:
            self._backlog.keep(rest)
        return error, text[:end]

    def _pass(self, passed: PassedOver, text: bytes) -> None:
        """Pass over all but the last byte: a carriage return before the newline is no part of the line."""
        passed.add(text[:-1])
        self._backlog.keep(text[-1:])

    def _error(self, passed: PassedOver) -> RecordError:
        return passed.error("too_long", f"the line has {passed.length} bytes, the limit is {self._limit}")
