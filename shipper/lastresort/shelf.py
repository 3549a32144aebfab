"""What a place for dead letters can do, and what the letters are called there."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final, Protocol

_ID: Final = re.compile(r"[0-9a-f]{30}")
_NAME: Final = re.compile(r"\d{4}/\d{2}/\d{2}/[0-9a-f]{30}\.json")


class Shelf(Protocol):
    """
    A place for letters, one file or object each.

    Every method raises `LastResortError` when the place cannot be reached or refuses.
    """

    @property
    def place(self) -> str:
        """Where it is, for logs and tables."""

    async def write(self, name: str, letter: bytes) -> None:
        """
        Keep a letter.

        It is there as a whole or not at all, and is on disk when this returns. Writing it again changes nothing.

        Args:
            name: see `name_of`
            letter: as JSON
        """

    def names(self) -> AsyncIterator[str]:
        """Give the names of all letters, the oldest day first; what is no letter is passed over."""

    async def read(self, name: str) -> bytes:
        """Give one letter."""

    async def remove(self, name: str) -> None:
        """Take a letter away; one that is gone already is no error."""


def name_of(id_: str, time: datetime) -> str:
    """
    Give the name of a letter: `<yyyy>/<mm>/<dd>/<id>.json`.

    Args:
        id_: of the letter, a digest of our own making: nothing of an object's key or content gets into a path
        time: of the letter

    Raises:
        ValueError: the id is no such digest
    """
    if not _ID.fullmatch(id_):
        raise ValueError(f"{id_!r} is not the id of a dead letter")
    return f"{time.astimezone(UTC):%Y/%m/%d}/{id_}.json"


def is_name(text: str) -> bool:
    """Tell whether something on the shelf is a letter."""
    return _NAME.fullmatch(text) is not None
