"""The first bytes of an object choose its format."""

import pytest
from decoding import block_sizes, cut, decoded, records
from hypothesis import given
from hypothesis import strategies as st
from parquet_files import written
from properties import tried

from shipper.formats import ByMagic, Format, Parquet, Row, Table
from shipper.formats.magic import HEAD_BYTES

LIMIT = 1 << 20


class Flow(Row):
    """One column is enough."""

    name: str | None = None


TEXT = Table(Flow)
EITHER = ByMagic({b"PAR1": Parquet(Flow), b"PA": Table(Flow, separator="\t")}, otherwise=TEXT)


@pytest.mark.parametrize("sizes", [(), (1,), (3,), (5,)])
def test_beginning_decides(sizes: tuple[int, ...]) -> None:
    """An object is read by the first format whose magic it begins with, else by the one for all others."""
    for raw in (written({"name": ["a", "b"]}), b"name\na\nb"):
        out = decoded(EITHER, cut(raw, sizes), record_bytes=LIMIT)
        assert [row.name for row in records(out)] == ["a", "b"]
    assert EITHER.of(b"PAR1...") is EITHER.formats[b"PAR1"]
    assert EITHER.of(b"PAR2...") is EITHER.formats[b"PA"]
    assert EITHER.of(b"xPAR1") is TEXT


@pytest.mark.parametrize("size", [1, 4096, 5000])
def test_blanks_ahead(size: int) -> None:
    """Blanks ahead of a beginning change nothing, unless there are very many."""
    layout = ByMagic({b"+": TEXT}, otherwise=Table(Flow, separator="\t"))
    assert layout.of(b" \r\n\t+") is TEXT
    assert layout.of(b" " * HEAD_BYTES + b"+") is layout.otherwise
    raw = b"\n" * (HEAD_BYTES - 6) + b"+ name\n1 a"
    assert [row.name for row in records(decoded(layout, cut(raw, (size,)), record_bytes=1 << 20))] == ["a"]


@tried
@given(st.sampled_from([b"", b"P", b"PA", b"PAR", b"PAR1", b"name\na"]), st.binary(max_size=12), block_sizes)
def test_borders_of_blocks(head: bytes, rest: bytes, sizes: list[int]) -> None:
    """Wherever blocks end, an object is the same as for the decoder of its own format, and no byte is lost."""
    chosen: Format[Flow] = EITHER.of(head + rest)
    out = decoded(EITHER, cut(head + rest, sizes), record_bytes=LIMIT)
    assert out == decoded(chosen, [head + rest], record_bytes=LIMIT)


def test_bytes_are_held_back_no_longer_than_needed() -> None:
    """An object is decoded as soon as it cannot begin otherwise any more."""
    decoder = EITHER.decoder(record_bytes=LIMIT)
    assert decoder.feed(b"") == []
    assert [row.name for row in records(decoded(TEXT, [b"name\na\n"], record_bytes=LIMIT))] == ["a"]
    assert len(decoder.feed(b"name\na\n")) == 1
    assert decoder.original(0) == b"a"
    assert decoder.unparsed(0) == ()
