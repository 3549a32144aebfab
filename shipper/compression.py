"""
Inflating an object's bytes piece by piece, told apart by their first bytes and never by a file's name.

Names lie: load balancers write `.log.gz`, classic ones plain `.log`, S3 access logs have no extension at all, and what
Firehose compresses may have been compressed before.
"""

import bz2
import sys
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from isal import isal_zlib

from shipper.errors import CompressionError, InflatedTooLarge

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BLOCK_BYTES: Final = 1 << 20
"""Most bytes of one inflated block."""

MOST_LAYERS: Final = 2
"""Compressions around one another that are undone: CloudWatch Logs compresses what Firehose compresses again."""

FREE_BYTES: Final = 64 << 20
"""Inflated bytes up to which the ratio does not matter: small objects may be as hollow as they like."""

ZSTD_WINDOW_LOG: Final = 23
"""Largest window of zstd that is accepted, 8 MiB: what its own tools need without asking for more memory."""

_GZIP_WINDOW: Final = 31  # zlib's notation for a gzip header and trailer around the data
_GZIP_ERROR: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # its stub takes the class for an instance
_DAMAGED: Final = (_GZIP_ERROR, zstd.ZstdError, OSError, EOFError)
_MAGIC_BYTES: Final = 4


class Inflater:
    """
    Turns the bytes of one object, in pieces of any size, into blocks of inflated bytes.

    Args:
        limit: most inflated bytes of the object
        ratio: most inflated bytes for each byte of the object, once there are more than `FREE_BYTES`

    An object may have several members or frames, one behind the other, and zeros behind each; and it may be compressed
    twice.
    """

    def __init__(self, *, limit: int, ratio: int) -> None:
        self._limit = limit
        self._ratio = ratio
        self._fed = 0
        self._total = 0
        self._layers = [_Layer() for _ in range(MOST_LAYERS)]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """
        Inflate what these bytes complete.

        Raises:
            CompressionError: they are damaged
            InflatedTooLarge: there are more of them than the limits allow
        """
        self._fed += len(data)
        yield from self._through(0, data)

    def finish(self) -> Iterator[bytes]:
        """
        Give what is left when no more bytes come.

        Raises:
            CompressionError: the last member is not complete
        """
        for level, layer in enumerate(self._layers):
            for piece in layer.finish():
                yield from self._through(level + 1, piece)

    def _through(self, level: int, data: bytes) -> Iterator[bytes]:
        """Send bytes through the layers from this one on."""
        if level == MOST_LAYERS:
            yield from self._counted(data)
            return
        for piece in self._layers[level].feed(data):
            yield from self._through(level + 1, piece)

    def _counted(self, data: bytes) -> Iterator[bytes]:
        self._total += len(data)
        if self._total > self._limit:
            raise InflatedTooLarge(f"the object inflates to more than {self._limit} bytes, the limit")
        if self._total > FREE_BYTES and self._total > self._ratio * self._fed:
            raise InflatedTooLarge(f"the object inflates to more than {self._ratio} times its size, the limit")
        for start in range(0, len(data), BLOCK_BYTES):
            yield data[start : start + BLOCK_BYTES]


class _Member(Protocol):
    """One gzip member, or one stream or frame of another format, as the standard library reads them."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _GzipMember:
    """A gzip member, read by isal in the way of the standard library's other decompressors."""

    def __init__(self) -> None:
        self._member = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._member.eof

    @property
    def unused_data(self) -> bytes:
        return bytes(self._member.unused_data)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        tail = self._member.unconsumed_tail
        block = self._member.decompress(tail + data if tail else data, max_length)
        self.needs_input = not self._member.unconsumed_tail and len(block) < max_length
        return block


def _zstd_frame() -> _Member:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG})


_FORMATS: Final[tuple[tuple[str, bytes, Callable[[], _Member]], ...]] = (
    ("gzip", b"\x1f\x8b\x08", _GzipMember),
    ("zstd", b"\x28\xb5\x2f\xfd", _zstd_frame),
    ("bzip2", b"BZh", bz2.BZ2Decompressor),
)


class _Layer:
    """One compression, or none: members of one format, one behind the other, or bytes that pass through."""

    def __init__(self) -> None:
        self._head = b""  # too few bytes to tell what they begin
        self._plain = False
        self._name = ""  # of the format, once a member was opened
        self._member: _Member | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        data, self._head = (self._head + data if self._head else data), b""
        while data:
            if self._plain:
                yield data
                return
            if self._member is None:
                data = self._opened(data, final=False)
            else:
                yield from self._inflated(self._member, data)
                data, self._member = (self._member.unused_data, None) if self._member.eof else (b"", self._member)

    def finish(self) -> Iterator[bytes]:
        if self._member is not None:
            raise CompressionError(f"the {self._name} data ends half-way")
        if self._head:
            yield self._opened(self._head, final=True)

    def _opened(self, data: bytes, *, final: bool) -> bytes:
        """Look at what begins here, once there is enough of it."""
        if self._name:
            data = data.lstrip(b"\0")
        if not data or (len(data) < _MAGIC_BYTES and not final):
            self._head = data
            return b""
        for name, magic, begin in _FORMATS:
            if data.startswith(magic) and self._name in ("", name):
                self._name = name
                self._member = begin()
                if final:
                    raise CompressionError(f"the {name} data ends half-way")
                return data
        if self._name:
            raise CompressionError(f"there are bytes behind the {self._name} data that are not {self._name}")
        self._plain = True
        return data

    def _inflated(self, member: _Member, data: bytes) -> Iterator[bytes]:
        """Inflate the member that we are in."""
        while True:
            try:
                block = member.decompress(data, BLOCK_BYTES)
            except _DAMAGED as error:
                raise CompressionError(f"the {self._name} data is damaged: {error}") from error
            if block:
                yield block
            if member.eof or member.needs_input:
                return
            data = b""
