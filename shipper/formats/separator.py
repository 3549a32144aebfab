"""What stands between two records that open alike, learned from the records themselves."""

import re
from typing import Final

MOST_KEYS: Final = 32
"""Different first keys that are remembered."""

_OPENING: Final = re.compile(rb'\{\s*+("(?:[^"\\]|\\.){0,256}")', re.DOTALL)
_BETWEEN: Final = re.compile(rb"\}[\s,]*+(?=\{)")


class Separator:
    """
    The separator of the records of one object.

    Attributes:
        text: e.g. `},{"eventVersion"`; empty while it is not known
        step: from where it begins to the record behind it
        keys: the first keys of the records seen so far, e.g. `"eventVersion"`, by which a record can be told
    """

    def __init__(self) -> None:
        self.text = b""
        self.step = 0
        self.keys: dict[bytes, None] = {}

    def learn(self, buffer: bytes, start: int, end: int) -> None:
        """Look at a record: what it opens with, and what stands between it and the next one if that opens alike."""
        self.forget()
        opening = _OPENING.match(buffer, start, end)
        if opening is None:
            return
        if len(self.keys) < MOST_KEYS:
            self.keys[opening[1]] = None
        between = _BETWEEN.match(buffer, end - 1)
        if between and buffer.startswith(opening[0], between.end()):
            self.text = between[0] + opening[0]
            self.step = len(between[0])

    def forget(self) -> None:
        """Stop searching for it until it is learned again."""
        self.text = b""
