"""gzip of objects and bodies, as fast as it goes."""

from collections.abc import Iterable
from typing import Final

from isal import isal_zlib

from shipper.opensearch import GZIP_LEVEL

_GZIP: Final = 31  # zlib's notation for a gzip header and trailer around the data


def unpacked(body: bytes) -> bytes:
    """Inflate an object that is one gzip member."""
    return isal_zlib.decompress(body, wbits=_GZIP)


def packed(pieces: Iterable[bytes | bytearray]) -> bytes:
    """Compress a text, piece by piece, as the shipper compresses its bodies."""
    compressor = isal_zlib.compressobj(level=GZIP_LEVEL, wbits=_GZIP)
    return b"".join([*(compressor.compress(piece) for piece in pieces), compressor.flush()])
