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

    Args:
        alike: whether records on lines of their own must open alike too, because a line may also be something else

    Attributes:
        text: e.g. `},{"eventVersion"`; empty while it is not known
        step: from where it begins to the record behind it
        has_comma: whether there is a comma in it, as in arrays
        keys: the first keys of the records seen so far, e.g. `"eventVersion"`, by which a record can be told
    """

    def __init__(self, *, alike: bool = True) -> None:
        self._alike = alike
        self.text = b""
        self.step = 0
        self.has_comma = False
        self.keys: dict[bytes, None] = {}

    def learn(self, buffer: bytes, start: int, end: int) -> None:
        """
        Look at a record: what it opens with, and what stands between it and the next one if that opens alike.

        How records on lines of their own open need not matter: inside of a record a line feed is never all that stands
        between two braces.
        """
        self.forget()
        opening = _OPENING.match(buffer, start, end)
        if opening is None:
            return
        if len(self.keys) < MOST_KEYS:
            self.keys[opening[1]] = None
        between = _BETWEEN.match(buffer, end - 1)
        if between is None:
            return
        self.has_comma = b"," in between[0]
        self.step = len(between[0])
        if not self._alike and not self.has_comma and b"\n" in between[0]:
            self.text = between[0] + b"{"
        elif buffer.startswith(opening[0], between.end()):
            self.text = between[0] + opening[0]

    def forget(self) -> None:
        """Stop searching for it until it is learned again."""
        self.text = b""
