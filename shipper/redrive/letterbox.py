"""Where letters lie."""

from collections.abc import AsyncIterator
from typing import Protocol

from shipper.redrive.letters import Letter
from shipper.redrive.selection import Selection


class Letterbox(Protocol):
    """A place with letters; `Stream` and `ShelfBox` are the real ones."""

    @property
    def takes_new(self) -> bool:
        """Whether new letters are written here as well, so that one with the same id is this very letter."""

    def pages(self, selection: Selection, *, originals: bool = False) -> AsyncIterator[list[Letter]]:
        """
        Give the letters, the oldest first, in pages; those that were given may be removed before the next page.

        Args:
            selection: which letters
            originals: whether each comes with its original and document, which may be large
        """

    async def whole(self, letter: Letter) -> Letter:
        """
        Give a letter with its original and document.

        Raises:
            LetterError: it is not there any more
        """

    async def remove(self, letter: Letter) -> None:
        """Take a letter away; one that is gone already is no error."""
