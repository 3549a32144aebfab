"""Bytes that do not fit into memory and must all be there before the first can be read."""

import tempfile
import weakref
from collections.abc import Iterator
from typing import IO, Final

from shipper.errors import RecordError
from shipper.formats.record import ORIGINAL_BYTES, PassedOver

BLOCK_BYTES: Final = 1 << 20
"""Bytes that are read from it in one go."""


class Scratch:
    """
    One object on disk, in a file without a name, in the directory that `TMPDIR` names.

    The file goes when it is closed, when this is dropped, and when the process ends, however it ends.

    Args:
        limit: most bytes to write; those of an object that has more are passed over

    Attributes:
        length: bytes of the object
    """

    def __init__(self, limit: int) -> None:
        self.length = 0
        self._limit = limit
        self._file: IO[bytes] | None = None
        self._passed: PassedOver | None = None  # the whole object, when there is no room for it

    def write(self, block: bytes) -> None:
        """Add what comes next."""
        self.length += len(block)
        if self._passed:
            self._passed.add(block)
        elif self.length > self._limit:
            self._passed = PassedOver()
            self._passed.add(self.head())
            self._passed.length = self.length - len(block)
            self._passed.add(block)
            self.close()
        elif block:
            self.file.write(block)

    @property
    def file(self) -> IO[bytes]:
        """What was written, for reading too."""
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- it lives as long as this, not as a block
            weakref.finalize(self, self._file.close)
        return self._file

    def head(self) -> bytes:
        """Give the first bytes, as many as are kept of what is broken."""
        self.file.seek(0)
        return self.file.read(ORIGINAL_BYTES)

    def blocks(self) -> Iterator[bytes]:
        """Give all that was written, block by block."""
        self.file.seek(0)
        while block := self.file.read(BLOCK_BYTES):
            yield block

    def overrun(self) -> RecordError | None:
        """Give an error for an object that has more bytes than the limit."""
        cause = f"the object has {self.length} bytes, the limit for reading such an object is {self._limit}"
        return self._passed.error("too_long", cause) if self._passed else None

    def close(self) -> None:
        """Give the room back."""
        if self._file is not None:
            self._file.close()
