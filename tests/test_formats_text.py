"""Lines of text become records, one each, whatever their neighbours."""

import tracemalloc
from collections.abc import Sequence

import pytest
from decoding import Decoded, block_sizes, cut, damaged, decoded, errors, records
from hypothesis import given
from hypothesis import strategies as st
from properties import tried

from shipper.formats import Record, TextLines
from shipper.formats.record import ORIGINAL_BYTES


class Line(Record):
    """A line as it is."""

    message: str


LINES = TextLines(Line)


def read(raw: bytes, sizes: Sequence[int] = (), limit: int = 1 << 20) -> list[Decoded]:
    """Decode an object of lines."""
    return decoded(LINES, cut(raw, sizes), record_bytes=limit)


def texts(out: list[Decoded]) -> list[str]:
    """Give the text of each record."""
    return [record.message for record in records(out)]


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n", b"\r", b"\n\n \t\n"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_ends_of_lines(newline: bytes, ending: bytes, size: int) -> None:
    """A line is kept as it is, but for its end, which the last one need not have; blank lines are no records."""
    lines = [b" a  1\tx ", b'"b" \\n', "\u00e9\u2028\x0b\x85".encode()]
    out = read(newline.join(lines) + ending, (size,))
    assert texts(out) == [line.decode() for line in lines]
    assert [one.original for one in out] == lines
    assert all(one.unparsed == () for one in out)


@pytest.mark.parametrize("raw", [b"", b"\n", b" \r\n\r\n\t"])
def test_no_lines(raw: bytes) -> None:
    """Nothing but blanks gives no records and no errors."""
    assert read(raw) == []


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_neighbours_of_a_bad_line(size: int) -> None:
    """A line that is too long or no UTF-8 is one error in its place, with its bytes; its neighbours are read."""
    lines = [b"a", b"x" * 51, b"y" * 50, b"\xff!", b"z", b"w" * 200]
    out = read(b"\n".join(lines), (size,), limit=50)
    assert texts(out) == ["a", "y" * 50, "z"]
    assert [one.original for one in out] == lines
    assert [(error.reason, error.length) for error in errors(out)] == [
        ("too_long", 51),
        ("undecodable", 2),
        ("too_long", 200),
    ]
    assert errors(out)[1].cause == "invalid UTF-8 at byte 0"


def test_memory_is_bounded() -> None:
    """A line without an end is passed over, not gathered."""
    decoder = LINES.decoder(record_bytes=4096)
    tracemalloc.start()
    for _ in range(40):
        decoder.feed(b"x" * (1 << 16))
    assert tracemalloc.get_traced_memory()[1] < 2 * ORIGINAL_BYTES
    tracemalloc.stop()
    assert [error.length for error in decoder.finish()] == [40 << 16]  # type: ignore[union-attr]


@pytest.mark.parametrize("size", [1000, 2 * ORIGINAL_BYTES])
def test_long_line_is_kept_in_part(size: int) -> None:
    """Of a line that is too long as much is kept as of any other broken record, wherever blocks end."""
    raw = b"x" * (ORIGINAL_BYTES + 1) + b"\ny"
    long, _ = read(raw, (size,), limit=50)
    assert long.original == long.value.original == raw[:ORIGINAL_BYTES]


def test_record_of_several_fields() -> None:
    """A record that a line cannot fill is refused at once."""

    class Two(Record):
        first: str
        second: str

    with pytest.raises(TypeError, match="Two has 2 fields"):
        TextLines(Two)


@tried
@given(st.binary(max_size=80), block_sizes, st.data())
def test_no_line_is_lost(raw: bytes, sizes: list[int], data: st.DataObject) -> None:
    """Every line that is not blank is a record or an error, in order, wherever blocks end."""
    raw = data.draw(damaged(raw)) if raw else raw
    out = read(raw, sizes, limit=16)
    assert out == read(raw, limit=16)
    lines = [line.removesuffix(b"\r") for line in raw.split(b"\n")]
    assert [one.original for one in out] == [line for line in lines if line.strip()]
