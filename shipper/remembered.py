"""
Results of functions of texts, remembered.

Clients write many of the texts in a log, and decide how long they are: long ones are not remembered, so that nobody
fills the memory with them.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

LONGEST: Final = 512
"""Characters of a text that is remembered."""

Result = TypeVar("Result")


def remembered(size: int) -> Callable[[Callable[[str], Result]], Callable[[str], Result]]:
    """
    Remember the results of a function that has no effect; they are given out again, so nobody may change them.

    Args:
        size: how many
    """

    def remembering(read: Callable[[str], Result]) -> Callable[[str], Result]:
        known = lru_cache(maxsize=size)(read)

        @wraps(read)
        def through(text: str) -> Result:
            return known(text) if len(text) <= LONGEST else read(text)

        return through

    return remembering
