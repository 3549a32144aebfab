"""gzip and zstd of objects and bodies, as fast as it goes."""

import sys
from collections.abc import Iterable
from typing import Final

from isal import isal_zlib

from shipper.opensearch import GZIP_LEVEL

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_GZIP: Final = 31  # zlib's notation for a gzip header and trailer around the data


def unpacked(body: bytes) -> bytes:
    """Inflate an object that is one gzip member."""
    return isal_zlib.decompress(body, wbits=_GZIP)


def packed(pieces: Iterable[bytes | bytearray]) -> bytes:
    """Compress a text, piece by piece, as the shipper compresses its bodies."""
    compressor = isal_zlib.compressobj(level=GZIP_LEVEL, wbits=_GZIP)
    return b"".join([*(compressor.compress(piece) for piece in pieces), compressor.flush()])


def packed_one_by_one(pieces: Iterable[bytes]) -> bytes:
    """Compress each piece by itself, as CloudWatch Logs does before Firehose puts one behind the other."""
    last: tuple[bytes, bytes] = (b"", b"")
    out = []
    for piece in pieces:
        if piece is not last[0]:
            last = (piece, packed([piece]))
        out.append(last[1])
    return b"".join(out)


def packed_by_zstd(pieces: Iterable[bytes]) -> bytes:
    """Compress a text, piece by piece, as one frame of zstd."""
    compressor = zstd.ZstdCompressor(level=1)
    return b"".join([*map(compressor.compress, pieces), compressor.flush()])
