"""Passing over a JSON value that is too long or too deep to be decoded, in bounded memory."""

import re
from typing import Final

from shipper.errors import RecordError
from shipper.formats.extent import BRACKET
from shipper.formats.record import PassedOver

_REST_OF_STRING: Final = re.compile(rb'(?:[^"\\]|\\.)*+', re.DOTALL)


class Passage:
    """
    One value that is passed over, block by block.

    Args:
        reason: of the error that stands in its place
        cause: of the error; `{length}` stands for the length of the value
        endless: whether everything up to the end of the object belongs to it
    """

    def __init__(self, reason: str, cause: str, *, endless: bool = False) -> None:
        self.closed = False
        self._reason = reason
        self._cause = cause
        self._endless = endless
        self._passed = PassedOver()
        self._depth = 0
        self._in_string = False

    def advance(self, buffer: bytes, start: int, *, final: bool) -> int:
        """Go on from `start`; give the position behind what was passed over."""
        end = len(buffer) if self._endless else self._scan(buffer, start)
        if final and not self.closed:
            end = len(buffer)
        self._passed.add(buffer[start:end])
        return end

    def error(self) -> RecordError:
        """Put an error in the place of the value."""
        return self._passed.error(self._reason, self._cause.format(length=self._passed.length))

    def _scan(self, buffer: bytes, position: int) -> int:
        """Count brackets outside of strings up to the one that closes the value, which may be a string itself."""
        if self._passed.length == 0 and buffer.startswith(b'"', position):
            position += 1
            self._in_string = True
        while True:
            if self._in_string:
                rest = _REST_OF_STRING.match(buffer, position)
                position = rest.end() if rest else position
                if buffer[position : position + 1] != b'"':  # at most a backslash is left, whose other half is to come
                    return position
                position += 1
                self._in_string = False
                self.closed = self._depth == 0
                if self.closed:
                    return position
            for token in BRACKET.finditer(buffer, position):
                position = token.end()
                if not token[1]:
                    return position
                if token[1] == b'"':
                    self._in_string = True
                    break
                self._depth += 1 if token[1] in b"{[" else -1
                if self._depth == 0:
                    self.closed = True
                    return position
