"""Inflating an object piece by piece, whatever the pieces are."""

import bz2
import gzip
import random
import sys
import zlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipper import compression
from shipper.compression import BLOCK_BYTES, Inflater
from shipper.errors import CompressionError, InflatedTooLarge

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"".join(b"%d: a line of a log\n" % number for number in range(200))
LIMIT = 256 << 20
RATIO = 500
MAGICS = (b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"BZh")
PACKERS = {"gzip": gzip.compress, "zstd": zstd.compress, "bzip2": bz2.compress}


def packed(data: bytes) -> bytes:
    """Compress to one gzip member."""
    return gzip.compress(data, mtime=0)


def inflated(data: bytes, *, piece_bytes: int = 1 << 20, limit: int = LIMIT) -> bytes:
    """Inflate all bytes, fed in pieces of one size."""
    return b"".join(blocks(data, piece_bytes=piece_bytes, limit=limit))


def blocks(data: bytes, *, piece_bytes: int = 1 << 20, limit: int = LIMIT) -> Iterator[bytes]:
    """Give the inflated blocks one by one."""
    inflater = Inflater(limit=limit, ratio=RATIO)
    for start in range(0, len(data), piece_bytes):
        yield from inflater.feed(data[start : start + piece_bytes])
    yield from inflater.finish()


def until_error(data: bytes, *, limit: int = LIMIT) -> tuple[bytes, Exception | None]:
    """Inflate until that fails; give what came before, and the error."""
    seen = b""
    try:
        for block in blocks(data, piece_bytes=50_000, limit=limit):
            seen += block
    except CompressionError as error:
        return seen, error
    return seen, None


@pytest.mark.parametrize("piece_bytes", [1, 2, 3, 7, 1000, 1 << 20])
@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        (b"", b""),
        (b"a", b"a"),
        (b"\x1f", b"\x1f"),
        (TEXT, TEXT),
        (packed(TEXT), TEXT),
        (packed(b""), b""),
        (packed(TEXT) + packed(b"more"), TEXT + b"more"),
        (packed(TEXT) + packed(b"") + packed(b"more"), TEXT + b"more"),
        (packed(TEXT) + b"\0" * 100, TEXT),
        (packed(TEXT) + b"\0" * 5 + packed(b"more"), TEXT + b"more"),
        (b"\0\0" + TEXT, b"\0\0" + TEXT),
    ],
    ids=["empty", "byte", "half a magic", "plain", "gzip", "empty gzip", "two", "three", "zeros", "between", "no gzip"],
)
def test_pieces_do_not_matter(stored: bytes, meant: bytes, piece_bytes: int) -> None:
    """An object inflates to the same bytes however it is cut into pieces."""
    assert inflated(stored, piece_bytes=piece_bytes) == meant


@settings(deadline=None, derandomize=True, max_examples=50)
@given(
    st.lists(st.binary(max_size=60).filter(lambda data: not data.startswith(MAGICS)), max_size=4),
    st.integers(1, 50),
    st.integers(0, 3),
)
def test_members_are_glued(members: list[bytes], piece_bytes: int, zeros: int) -> None:
    """Any gzip members inflate to all their contents, in order, with padding or without."""
    stored = b"".join(map(packed, members)) + b"\0" * (zeros if members else 0)
    assert inflated(stored, piece_bytes=piece_bytes) == b"".join(members)


@pytest.mark.parametrize("piece_bytes", [1, 10, 1 << 20])
@pytest.mark.parametrize(
    "stored",
    [
        packed(TEXT)[:-1],
        packed(TEXT)[:40],
        packed(TEXT)[:5],
        packed(TEXT) + packed(TEXT)[:-1],
        packed(TEXT) + b"\x1f",
        packed(TEXT) + b"plain text",
        packed(TEXT) + b"\0\0plain text",
        packed(TEXT)[:-8] + b"\0" * 8,
        packed(TEXT)[:30] + b"\xff" * 30 + packed(TEXT)[60:],
    ],
    ids=["trailer", "middle", "header", "second", "magic", "text", "zeros and text", "checksum", "damage"],
)
def test_damage_is_an_error(stored: bytes, piece_bytes: int) -> None:
    """Gzip data that ends early, is damaged, or is followed by something else is an error, never a shorter object."""
    with pytest.raises(CompressionError):
        inflated(stored, piece_bytes=piece_bytes)


def test_what_stands_before_the_damage_is_given() -> None:
    """Blocks that were inflated before the damage are not held back."""
    noise = random.Random(1).randbytes(300_000)
    seen, error = until_error(packed(noise)[:200_000] + b"\xff" * 100_000)
    assert isinstance(error, CompressionError)
    assert len(seen) > 100_000
    assert noise.startswith(seen[:190_000])


@pytest.mark.parametrize("stored", [b"a" * (5 << 20), packed(b"a" * (5 << 20))], ids=["plain", "gzip"])
def test_blocks_are_bounded(stored: bytes) -> None:
    """No block is larger than `BLOCK_BYTES`, however well an object is compressed."""
    sizes = [len(block) for block in blocks(stored, piece_bytes=8 << 20)]
    assert max(sizes) == BLOCK_BYTES
    assert sum(sizes) == 5 << 20


@pytest.mark.parametrize("pack", [bytes, packed], ids=["plain", "gzip"])
def test_the_limit_is_exact(pack: type[bytes]) -> None:
    """An object of just as many bytes as the limit is read; one byte more is an error."""
    assert len(inflated(pack(b"a" * 1000), limit=1000)) == 1000
    with pytest.raises(InflatedTooLarge, match="1000 bytes"):
        inflated(pack(b"a" * 1001), limit=1000)


def test_a_bomb_costs_no_more_than_the_limit() -> None:
    """Bytes that would inflate a thousandfold are not inflated beyond the limit."""
    bomb = packed(b"\0" * (8 << 20))
    seen, error = until_error(bomb, limit=2 << 20)
    assert isinstance(error, InflatedTooLarge)
    assert len(seen) <= 2 << 20


def test_zlib_without_a_gzip_header_is_plain() -> None:
    """Only gzip is inflated: other bytes are given as they are."""
    assert inflated(zlib.compress(TEXT)) == zlib.compress(TEXT)


@pytest.mark.parametrize("piece_bytes", [1, 7, 1 << 20])
@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_each_format_by_its_first_bytes(pack: Callable[[bytes], bytes], piece_bytes: int) -> None:
    """gzip, zstd and bzip2, in one member or several, inflate to their contents."""
    assert inflated(pack(TEXT), piece_bytes=piece_bytes) == TEXT
    assert inflated(pack(TEXT) + pack(b"") + pack(b"more"), piece_bytes=piece_bytes) == TEXT + b"more"
    for damaged in (pack(TEXT)[:-1], pack(TEXT) + b"junk", pack(TEXT) + pack(TEXT)[:9]):
        with pytest.raises(CompressionError):
            inflated(damaged, piece_bytes=piece_bytes)


@pytest.mark.parametrize("piece_bytes", [1, 7, 1 << 20])
@pytest.mark.parametrize("outer", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("inner", PACKERS.values(), ids=PACKERS)
def test_compressed_twice(outer: Callable[[bytes], bytes], inner: Callable[[bytes], bytes], piece_bytes: int) -> None:
    """What was compressed before it was compressed, member by member, is inflated twice."""
    glued = inner(TEXT) + inner(b"more")
    assert inflated(outer(glued), piece_bytes=piece_bytes) == TEXT + b"more"
    assert inflated(outer(inner(TEXT)) + outer(inner(b"more")), piece_bytes=piece_bytes) == TEXT + b"more"
    with pytest.raises(CompressionError, match="ends half-way"):
        inflated(outer(glued[:-3]), piece_bytes=piece_bytes)


def test_members_of_different_formats_do_not_mix() -> None:
    """A format is that of the whole object."""
    with pytest.raises(CompressionError, match="not gzip"):
        inflated(packed(TEXT) + zstd.compress(TEXT))


def test_hollow_objects_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An object that inflates more than the ratio allows is refused, but only beyond a size that does no harm."""
    free = 1 << 22
    monkeypatch.setattr(compression, "FREE_BYTES", free)
    assert len(inflated(zstd.compress(b"\0" * free), limit=1 << 30)) == free
    with pytest.raises(InflatedTooLarge, match="500 times"):
        inflated(zstd.compress(b"\0" * (free + 1)), limit=1 << 30)


def test_huge_windows_are_refused() -> None:
    """A frame that asks for more memory than usual is refused instead of given it."""
    options = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.enable_long_distance_matching: 1}
    greedy = zstd.ZstdCompressor(options=options)
    stored = greedy.compress(b"a" * 1000) + greedy.flush(greedy.FLUSH_FRAME)
    with pytest.raises(CompressionError, match="zstd"):
        inflated(stored)
