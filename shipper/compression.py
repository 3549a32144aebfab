"""
Inflating an object's bytes piece by piece, told apart by their first bytes and never by a file's name.

Names lie: load balancers write `.log.gz`, classic ones plain `.log`, S3 access logs have no extension at all.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final

from isal import isal_zlib

from shipper.errors import CompressionError, InflatedTooLarge

BLOCK_BYTES: Final = 1 << 20
"""Most bytes of one inflated block."""

GZIP: Final = b"\x1f\x8b"
_Damaged: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # its stub takes the class for an instance
_GZIP_WINDOW: Final = 31  # zlib's notation for a gzip header and trailer around the data


class Inflater:
    """
    Turns the bytes of one object, in pieces of any size, into blocks of inflated bytes.

    Args:
        limit: most inflated bytes of the object

    A gzip object may have several members, one behind the other, and zeros behind each.
    """

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._total = 0
        self._head = b""  # too few bytes to tell what they begin
        self._begun = False
        self._member: isal_zlib.Decompress | None = None
        self._is_gzip = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """
        Inflate what these bytes complete.

        Raises:
            CompressionError: they are damaged
            InflatedTooLarge: there are more of them than the limit
        """
        data = self._head + data if self._head else data
        self._head = b""
        while data:
            if self._member is not None:
                data = yield from self._inflated(self._member, data)
            elif self._begun and not self._is_gzip:
                yield from self._counted(data)
                return
            else:
                data = self._opened(data)

    def finish(self) -> Iterator[bytes]:
        """
        Give what is left when no more bytes come.

        Raises:
            CompressionError: the last gzip member is not complete
        """
        if self._member is not None:
            raise CompressionError("the gzip data ends half-way")
        if self._head and self._is_gzip:
            raise CompressionError("there are bytes behind the gzip data that are not gzip")
        yield from self._counted(self._head)

    def _opened(self, data: bytes) -> bytes:
        """Look at what begins here, once there is enough of it."""
        if self._is_gzip:
            data = data.lstrip(b"\0")
        if len(data) < len(GZIP):
            self._head = data
            return b""
        gzip = data.startswith(GZIP)
        if self._is_gzip and not gzip:
            raise CompressionError("there are bytes behind the gzip data that are not gzip")
        self._begun = True
        self._is_gzip = gzip
        self._member = isal_zlib.decompressobj(wbits=_GZIP_WINDOW) if gzip else None
        return data

    def _inflated(self, member: isal_zlib.Decompress, data: bytes) -> Generator[bytes, None, bytes]:
        """Inflate the member we are in; give the bytes behind it."""
        while not member.eof:
            try:
                block = member.decompress(data, BLOCK_BYTES)
            except _Damaged as error:
                raise CompressionError(f"the gzip data is damaged: {error}") from error
            if block:
                yield from self._counted(block)
            data = member.unconsumed_tail
            if not data and len(block) < BLOCK_BYTES:
                break
        if member.eof:
            self._member = None
            return bytes(member.unused_data)
        return b""

    def _counted(self, data: bytes) -> Iterator[bytes]:
        self._total += len(data)
        if self._total > self._limit:
            raise InflatedTooLarge(f"the object inflates to more than {self._limit} bytes, the limit")
        for start in range(0, len(data), BLOCK_BYTES):
            yield data[start : start + BLOCK_BYTES]
