"""The bytes of an object that wait for more of them."""

from typing import Final

ENOUGH: Final = 1 << 20
"""Bytes of new blocks that are always worth a look at what waits already."""


class Backlog:
    """
    Joins what the last blocks left over with the blocks that follow.

    A long record that comes in small blocks would be copied and searched once a block, so blocks are gathered until
    they are as long as what waits for them. All looks together then cost no more than a few passes over the object.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._waiting = 0  # bytes of the first part, which was looked at before
        self._gathered = 0  # bytes of the other parts

    def add(self, block: bytes) -> bytes | None:
        """Give all that waits together with this block, or None when it is too early to look at it again."""
        self._parts.append(block)
        self._gathered += len(block)
        return self.take() if self._gathered >= min(self._waiting, ENOUGH) else None

    def take(self) -> bytes:
        """Give all that waits."""
        taken = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts, self._waiting, self._gathered = [], 0, 0
        return taken

    def keep(self, rest: bytes) -> None:
        """Let this part of what was taken wait for more."""
        if rest:
            self._parts, self._waiting = [rest], len(rest)
