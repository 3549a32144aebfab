"""The letters in the last resort."""

from collections.abc import AsyncIterator
from typing import Final

from shipper.errors import LetterError
from shipper.lastresort import Shelf
from shipper.log import Log
from shipper.redrive.letters import Letter, read_letter
from shipper.redrive.selection import Selection

PAGE: Final = 16
"""Letters of one page, each with its original of up to 2 MiB."""

_log = Log(__name__)


class ShelfBox:
    """
    A shelf of letters; see `Letterbox`.

    Args:
        shelf: where they lie
    """

    takes_new = False

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def pages(self, selection: Selection, *, originals: bool = False) -> AsyncIterator[list[Letter]]:
        """Give the letters, day by day; they come with their originals anyway. See `Letterbox`."""
        del originals
        page: list[Letter] = []
        async for name in self._shelf.names():
            letter = await self._letter(name)
            if letter is not None and selection.fits(letter):
                page.append(letter)
            if len(page) == PAGE:
                yield page
                page = []
        if page:
            yield page

    async def whole(self, letter: Letter) -> Letter:
        """Give a letter with its original; see `Letterbox`."""
        return letter

    async def remove(self, letter: Letter) -> None:
        """Take a letter away; see `Letterbox`."""
        await self._shelf.remove(letter.name)

    async def _letter(self, name: str) -> Letter | None:
        try:
            return read_letter(await self._shelf.read(name), name)
        except LetterError as error:
            _log.warning("passed over", error=error)
            return None
