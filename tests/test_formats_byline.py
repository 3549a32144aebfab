"""Lines of several kinds each find their layout by how they begin."""

import pytest
from decoding import Decoded, block_sizes, cut, decoded, errors, records
from hypothesis import given
from hypothesis import strategies as st
from properties import tried

from shipper.formats import ByLine, Quoted, Row


class Line(Row):
    """What two kinds of lines have."""

    time: str | None = None
    host: str | None = None
    agent: str | None = None
    size: int | None = None


REQUEST = Quoted(Line, ["time", "host", '"agent"'], least=2)
TRANSFER = Quoted(Line, ["host", "time", "size"])
KINDS = ByLine({r'\d{4}-[^" ]++ ': REQUEST, r"[a-z]++ \d{4}-": TRANSFER})


def read(raw: bytes, sizes: tuple[int, ...] = ()) -> list[Decoded]:
    """Decode an object of lines."""
    return decoded(KINDS, cut(raw, sizes), record_bytes=1000)


@pytest.mark.parametrize("size", [1, 1000])
def test_kinds(size: int) -> None:
    """Each line has the layout of its kind; columns that its kind lacks have no value, and its type tells its kind."""
    first, second, third = read(b'2026-02 h "a "b" c"\r\nh 2026-03 7\n2026-04 h', (size,))
    assert (first.value.time, first.value.host, first.value.agent, first.value.size) == (
        "2026-02",
        "h",
        'a "b" c',
        None,
    )
    assert (second.value.time, second.value.host, second.value.size) == ("2026-03", "h", 7)
    assert [type(one.value) for one in (first, second, third)] == [REQUEST.row, TRANSFER.row, REQUEST.row]


def test_values_set_aside() -> None:
    """Later columns and other types are set aside as the layout says."""
    [one] = read(b"h 2026-03 many later")
    assert [(part.field, part.value) for part in one.unparsed] == [("size", "many"), ("column_4", "later")]


def test_line_of_no_kind() -> None:
    """A line of none of the kinds is an error with the line, and so is one that its layout cannot read."""
    lines = [b'H 2026-03 "a"', b"h 2026-03", b'2026-02 "h a']
    found = errors(read(b"h 2026-03 1\n" + b"\n".join(lines) + b"\nh 2026-03 2"))
    assert [error.original for error in found] == lines
    assert [error.cause for error in found] == [
        "the line is of none of the kinds that are known",
        "2 columns, at least 3 are needed",
        "quotes or brackets do not match",
    ]


@pytest.mark.parametrize("kinds", [{}, {"(a) ": REQUEST}])
def test_wrong_kinds(kinds: dict[str, Quoted[Line]]) -> None:
    """There must be layouts, and patterns without groups: a group would be taken for another kind."""
    with pytest.raises(ValueError, match="there must be patterns"):
        ByLine(kinds)


@tried
@given(st.lists(st.sampled_from([b'2026-02 h "x y"', b"h 2026-03 7", b"other", b""])), block_sizes)
def test_every_line_is_read_by_itself(lines: list[bytes], sizes: list[int]) -> None:
    """What becomes of a line depends neither on its neighbours nor on where blocks end."""
    raw = b"\n".join(lines)
    out = read(raw, tuple(sizes))
    assert [one.original for one in out] == [line for line in lines if line]
    assert len(records(out)) == len([line for line in lines if line and line != b"other"])
