"""A directory of this machine as a place for dead letters."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from shipper.errors import LastResortError
from shipper.lastresort.shelf import is_name


class Directory:
    """
    A directory; see `Shelf`. Only its owner may read what is written there.

    Args:
        root: is made when the first letter is written
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def place(self) -> str:
        """Path of the directory."""
        return str(self._root)

    async def write(self, name: str, letter: bytes) -> None:
        """Keep a letter; see `Shelf`."""
        with _mapped(self._root):
            await asyncio.to_thread(_write, self._root / name, letter)

    async def names(self) -> AsyncIterator[str]:
        """Give the names of all letters; see `Shelf`."""
        with _mapped(self._root):
            found = await asyncio.to_thread(self._found)
        for name in found:
            yield name

    async def read(self, name: str) -> bytes:
        """Give one letter; see `Shelf`."""
        with _mapped(self._root):
            return await asyncio.to_thread((self._root / name).read_bytes)

    async def remove(self, name: str) -> None:
        """Take a letter away; see `Shelf`."""
        with _mapped(self._root):
            await asyncio.to_thread((self._root / name).unlink, missing_ok=True)

    def _found(self) -> list[str]:
        """List the letters; a directory that is not there may be one whose disk is not mounted."""
        os.scandir(self._root).close()
        paths = [path.relative_to(self._root).as_posix() for path in self._root.glob("*/*/*/*.json")]
        return sorted(filter(is_name, paths))


def _write(path: Path, letter: bytes) -> None:
    """Write a file under another name, and give it its own when all of it is on disk."""
    made = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".tmp", delete=False) as file:
        try:
            file.write(letter)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink()
            raise
    # A new name is on disk only when its folder is.
    for folder in (path.parent, *(folder.parent for folder in made)):
        _sync(folder)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def _mapped(root: Path) -> Iterator[None]:
    """Make our errors of those of the file system."""
    try:
        yield
    except OSError as error:
        raise LastResortError(f"directory {root}: {error.strerror or error}") from error
