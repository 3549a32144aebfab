"""Entries of several lines are cut where the next one begins, wherever blocks end and whatever else is in them."""

import re
import tracemalloc
from collections.abc import Sequence

import pytest
from decoding import Decoded, block_sizes, cut, damaged, decoded, errors, records
from hypothesis import given
from hypothesis import strategies as st
from properties import tried

from shipper.errors import RecordError
from shipper.formats import Around, Entries, Entry, Kind, Unparsed, matching
from shipper.formats.multiline import HEAD_BYTES
from shipper.formats.record import ORIGINAL_BYTES


class Dated(Entry):
    """An entry that begins with digits."""

    day: str | None = None
    text: str | None = None


class Headed(Entry):
    """An entry with a head of two lines, the first of which may be missing."""

    text: str | None = None


def _read_headed(text: str) -> tuple[Headed | None, tuple[Unparsed, ...]]:
    return (None if "none" in text else Headed(text=text)), (Unparsed("later", "x"),) if "later" in text else ()


KINDS = (
    Kind(
        name="dated",
        record=Dated,
        begins=r"\d{3} ",
        read=matching(Dated, re.compile(r"(?P<day>\d{3}) (?P<text>.*)", re.DOTALL)),
        left_out="day",
    ),
    Kind(name="headed", record=Headed, begins="# One|# Two", read=_read_headed, opening=r"# One[^\n]*"),
)
AGAIN = Kind(
    name="again",
    record=Dated,
    begins=r"\t \d ",
    read=matching(Dated, re.compile(r"\t \d (?P<text>.*)", re.DOTALL)),
    after=frozenset({"dated", "again"}),
    left_out="day",
)
LONG_LINE = Kind(
    name="line", record=Headed, begins="=== begin", read=matching(Headed, re.compile(r"(?P<text>=== begin[^\n]*)"))
)
LONG = Kind(name="long", record=Headed, begins="=== begin ===", read=_read_headed)
ENTRIES = Entries((*KINDS, LONG))
ALL = Entries((*KINDS, LONG, AGAIN))


def read(raw: bytes, sizes: Sequence[int] = (), limit: int = 1 << 20) -> list[Decoded]:
    """Decode an object of entries."""
    return decoded(ENTRIES, cut(raw, sizes), record_bytes=limit)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_entries(newline: bytes, end: bytes, size: int) -> None:
    """An entry goes on up to the next beginning, blank lines included; a beginning inside of a line is none."""
    entries = [
        newline.join([b"123 a", b" 124 b", b"", b"x 125 c"]),
        newline.join([b"# One: 1", b"# Two: 2", b"text"]),
        newline.join([b"# Two: 3", b"\xc3\xa9"]),
        b"126 d",
    ]
    out = read(b" \n" + newline.join(entries) + end, (size,))
    assert [one.original for one in out] == entries
    assert [one.text for one in records(out)] == [entries[0][4:].decode(), *map(bytes.decode, entries[1:3]), "d"]


@pytest.mark.parametrize("raw", [b"", b"\n", b" \r\n\t\n"])
def test_no_entries(raw: bytes) -> None:
    """Nothing but blanks gives no records and no errors."""
    assert read(raw, (1,)) == read(raw) == []


@pytest.mark.parametrize("size", [1, 11, 1000])
def test_neighbours_of_a_bad_entry(size: int) -> None:
    """What is too long, no UTF-8 or none of the kinds is one error in its place; its neighbours are read."""
    entries = [
        b"no beginning\nat all",
        b"123 a",
        b"124 " + b"x\n" * 26,
        b"125 " + b"x" * 46,
        b"126 \xff",
        b"# One\n" + b"y" * 60,
        b"# One " + b"y" * 45,
        b"# Two",
        b"# Two none",
        b"# Two later",
    ]
    out = read(b"\n".join(entries), (size,), limit=50)
    assert [one.original for one in out] == entries
    assert [(error.reason, error.length) for error in errors(out)] == [
        ("undecodable", 19),
        ("too_long", 56),
        ("undecodable", 5),
        ("too_long", 66),
        ("too_long", 51),
        ("undecodable", 10),
    ]
    assert [error.cause for error in errors(out)] == [
        "it does not begin like an entry of dated, headed, long",
        "the entry has 56 bytes, the limit is 50",
        "invalid UTF-8 at byte 4",
        "the entry has 66 bytes, the limit is 50",
        "the entry has 51 bytes, the limit is 50",
        "it begins like an entry of headed, but is none",
    ]
    assert [one.unparsed for one in out] == [()] * 9 + [(Unparsed("later", "x"),)]


@pytest.mark.parametrize("chunk", [b"x" * (1 << 16), b"x\n" * (1 << 15), b"\n" * (1 << 16)])
def test_memory_is_bounded(chunk: bytes) -> None:
    """An entry without an end is passed over, not gathered."""
    decoder = ENTRIES.decoder(record_bytes=4096)
    decoder.feed(b"123 ")
    tracemalloc.start()
    for _ in range(40):
        decoder.feed(chunk)
    assert tracemalloc.get_traced_memory()[1] < 2 * ORIGINAL_BYTES
    tracemalloc.stop()
    [error] = decoder.feed(b"\n124 a\n# One")
    assert isinstance(error, RecordError)
    assert error.length in ((40 << 16) + 4, (40 << 16) + 3)  # with or without its last line feed
    assert len(decoder.finish()) == 2


def test_long_first_line_decides_early() -> None:
    """A line that is longer than any beginning is not waited for."""
    decoder = ENTRIES.decoder(record_bytes=10)
    decoder.feed(b"123 a\n")
    assert len(decoder.feed(b"124 " + b"x" * HEAD_BYTES)) == 1
    assert [error.length for error in decoder.finish() if isinstance(error, RecordError)] == [HEAD_BYTES + 4]


@pytest.mark.parametrize("middle", [b"# One", b"# Two", b"=== begin ===", b"\r", b""])
def test_blocks_end_inside_of_a_long_line(middle: bytes) -> None:
    """A long line goes on in the next block: what that begins with is no beginning."""
    line = b"# One " + b"x" * HEAD_BYTES
    raw = line + middle + b"\n# Two a\n=== begin ==="
    assert read(raw, (len(line), len(raw)), limit=9) == read(raw, limit=9)
    assert [one.original for one in read(raw, limit=9)][1:] == [b"# Two a", b"=== begin ==="]


def test_beginning_longer_than_the_limit() -> None:
    """A beginning is waited for until it is whole, however short entries must be."""
    out = read(b"123 a\n=== begin ===", (1,), limit=8)
    assert [one.original for one in out] == [b"123 a", b"=== begin ==="]


@pytest.mark.parametrize("size", [1, 9, 1000])
def test_entries_that_only_follow_others(size: int) -> None:
    """An entry that leaves out what is as in the one before it begins only behind one of its own log."""
    raw = b"\n\t 0 w\n123 a\n\t 1 b\n\t x\n\t 2 c\n124 d\n\t 3 e\n# Two\n\t 4 f"
    out = decoded(ALL, cut(raw, (size,)), record_bytes=100)
    told = [(one.day, one.text) for one in records(out) if isinstance(one, Dated)]
    assert told == [(None, "w"), ("123", "a"), ("123", "b\n\t x"), ("123", "c"), ("124", "d"), ("124", "e")]
    assert out[-1].original == b"# Two\n\t 4 f"


@pytest.mark.parametrize("size", [1, 1000])
def test_lines_that_are_not_of_the_entry_before_them(size: int) -> None:
    """Lines that make an entry none, which is one without them, do not cost it; blank ones are nothing at all."""
    raw = b"=== begin === a\r\nstray: none\nand more\n=== begin === b\n\n# Two none\nx"
    layout = Entries((LONG_LINE, KINDS[1]))
    out = decoded(layout, cut(raw, (size,)), record_bytes=100)
    assert [one.original for one in out] == [
        b"=== begin === a",
        b"stray: none\nand more",
        b"=== begin === b",
        b"# Two none\nx",
    ]
    assert [one.text for one in records(out)] == ["=== begin === a", "=== begin === b"]


def test_message_is_one_entry() -> None:
    """A message is one entry, also with lines that look like others, and knows what was around it."""
    around = Around("group", "stream")
    record, _ = ENTRIES.message(b"123 a\n124 b", around, record_bytes=100)
    assert record == Dated(day="123", text="a\n124 b", around=around)
    error, _ = ENTRIES.message(b"123 a\n124 b", around, record_bytes=10)
    assert isinstance(error, RecordError)
    assert error.reason == "too_long"


def test_what_is_around_decides() -> None:
    """A message is of no other kind than is told by what is around it; what begins in no known way may be read too."""
    kinds = Entries(
        KINDS,
        told=lambda around: frozenset({"dated"}) if around.log_group else None,
        otherwise=lambda text, around: Headed(text=f"{around.log_stream}: {text}") if around.log_stream else None,
    )
    message = kinds.message
    assert message(b"# Two", Around(), record_bytes=9)[0] == Headed(text="# Two")
    error, _ = message(b"# Two", Around("g"), record_bytes=9)
    assert isinstance(error, RecordError)
    assert error.cause == "it does not begin like an entry of dated"
    other, _ = message(b"# Two", Around("g", "s"), record_bytes=9)
    assert other == Headed(text="s: # Two", around=Around("g", "s"))


pieces = st.lists(
    st.sampled_from(
        [
            b"123 ",
            b"# One",
            b"# Two",
            b"=== begin",
            b" ===",
            b"12",
            b"\n",
            b"\n",
            b"\r\n",
            b"\r",
            b" ",
            b"\t 1 ",
            b"xxxxxx",
        ]
    )
)


@tried
@given(pieces, block_sizes, st.sampled_from([8, 16, 40]), st.data())
def test_blocks_do_not_matter(parts: list[bytes], sizes: list[int], limit: int, data: st.DataObject) -> None:
    """All bytes are in some entry, and where blocks end decides about none."""
    raw = b"".join(parts)
    raw = data.draw(damaged(raw)) if raw else raw
    out = decoded(ALL, cut(raw, sizes), record_bytes=limit)
    assert out == decoded(ALL, cut(raw, ()), record_bytes=limit)
    assert b"".join(b"".join(one.original.split()) for one in out) == b"".join(raw.split())
