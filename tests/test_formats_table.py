"""Lines under a header become records, whatever the columns, the blocks and the neighbours."""

import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from decoding import Decoded, block_sizes, cut, damaged, decoded, errors, records
from hypothesis import given
from hypothesis import strategies as st
from properties import tried

from shipper.errors import RecordError
from shipper.formats import Row, Table
from shipper.formats.record import ORIGINAL_BYTES


class Line(Row, rename="kebab"):
    """Columns of every type that a source uses."""

    name: str | None = None
    src_port: int | None = None
    start: datetime | None = None
    ratio: float | None = None
    kind: str | None = None


TABLE = Table(Line, headerless=(["name", "src-port", "kind"], ["name", "src-port"]))
TABS = Table(Line, separator="\t")
HEADER = b"name src-port kind\n"
COLUMNS = ["name", "src-port", "start", "ratio", "kind"]


def read(raw: bytes, sizes: Sequence[int] = (), table: Table[Line] = TABLE, limit: int = 1 << 20) -> list[Decoded]:
    """Decode an object of lines."""
    return decoded(table, cut(raw, sizes), record_bytes=limit)


def ports(out: list[Decoded]) -> list[int | None]:
    """Give the port of each record."""
    return [record.src_port for record in records(out)]


def kinds(out: list[Decoded]) -> list[str]:
    """Give what became of each line: the reason of an error, or `row`."""
    return [one.value.reason if isinstance(one.value, RecordError) else "row" for one in out]


# -- headers -----------------------------------------------------------------------------------------------------------


def test_columns_as_the_header_names_them() -> None:
    """Values are read by the header's names, in its order, and what it lacks is None."""
    [one] = records(read(b"src-port ratio start name\n443 0.5 1714560000 eni-1\n"))
    assert (one.name, one.src_port, one.ratio, one.kind) == ("eni-1", 443, 0.5, None)
    assert one.start == datetime(2024, 5, 1, 10, 40, tzinfo=UTC)


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n", b"\r", b"\n\n \n"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_ends_of_lines(newline: bytes, ending: bytes, size: int) -> None:
    """Lines may end in either way, and the last one need not; originals are lines without their ends."""
    lines = [b"name src-port kind", b"a 1 x", b"b 2 y", b"c 3 z"]
    out = read(newline.join(lines) + ending, (size,))
    assert [(row.name, row.src_port, row.kind) for row in records(out)] == [("a", 1, "x"), ("b", 2, "y"), ("c", 3, "z")]
    assert [one.original for one in out] == lines[1:]


@pytest.mark.parametrize("raw", [b"", b"\n\r\n \n", b"name src-port", HEADER, HEADER * 3, b"\n\n" + HEADER + b"\n"])
def test_no_lines(raw: bytes) -> None:
    """Nothing but a header, or nothing at all, gives no records and no errors."""
    assert read(raw) == []
    assert read(raw, (1,)) == []


def test_header_again() -> None:
    """A header in the middle, where objects were glued together, is no record, and shifts no original."""
    lines = [b"a 1 x", b"b 2 y", b"c 3 z"]
    for sizes in ((), (1,), (30,)):
        out = read(HEADER + lines[0] + b"\n" + HEADER + b"\n" + lines[1] + b"\n" + HEADER + lines[2], sizes)
        assert ports(out) == [1, 2, 3]
        assert [one.original for one in out] == lines
    assert [row.name for row in records(read(b"name kind\na x\nname kind\nb y"))] == ["a", "b"]


def test_unknown_column() -> None:
    """A column that is not declared is passed over, whatever is in it."""
    assert ports(read(b"name new src-port\na \xc3\xa9 1\nb - 2\n")) == [1, 2]


def test_column_twice() -> None:
    """Of two columns with one name the first counts."""
    assert ports(read(b"src-port name src-port\n1 a 7\n2 b x\n")) == [1, 2]


@pytest.mark.parametrize("size", [1, 1000])
def test_no_header(size: int) -> None:
    """Without a header the number of columns tells the layout, and equal lines are all records."""
    out = read(b"a 1 x\na 1 x\nb 2 y\na 1 x\n", (size,))
    assert ports(out) == [1, 1, 2, 1]
    assert [one.original for one in out] == [b"a 1 x", b"a 1 x", b"b 2 y", b"a 1 x"]
    assert [row.kind for row in records(read(b"a 1\nb 2\n", (size,)))] == [None, None]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_foreign_object(size: int) -> None:
    """With neither a header nor a known number of columns the whole object is one error, with its length."""
    raw = b'{"a": 1, "b": 2}\n{"a": 2}\nname src-port kind\na 1 x'
    [only] = read(raw, (size,))
    cause = "neither a header nor a known number of columns"
    assert only.value == RecordError("columns", cause, raw, len(raw))


def test_half_of_a_header_is_enough() -> None:
    """A header is known by half of its names; fewer are data."""
    assert ports(read(b"name src-port new newer\na 1 x y\n")) == [1]
    assert kinds(read(b"name other new newer newest\na 1 x y z\n")) == ["columns"]


# -- lines -------------------------------------------------------------------------------------------------------------


def test_null() -> None:
    """The null token, or nothing between two tabs, is no value in a column of any type."""
    [one] = records(read(b"name src-port start ratio kind\n- - - - -\n"))
    assert (one.name, one.src_port, one.start, one.ratio, one.kind) == (None, None, None, None, None)
    for lines in (b"\t\t\t\tx", b"-\t\t\t-\tx", b"\t\t\t\tx\n\ta\t\t\tx"):
        out = read(b"name\tsrc-port\tstart\tratio\tkind\n" + lines, table=TABS)
        assert out[0].unparsed == ()
        one = out[0].value
        assert (one.name, one.src_port, one.start, one.ratio, one.kind) == (None, None, None, None, "x")


def test_blanks_count_as_one() -> None:
    """Blanks around and between values do not matter, and never shift a value into another column."""
    out = read(HEADER + b"a  1 x\n b 2   y\nc 3 z  \nd  4\n e 5\n")
    assert ports(out) == [1, 2, 3]
    assert kinds(out) == ["row", "row", "row", "columns", "columns"]
    assert kinds(read(HEADER + b"f 6 \n")) == ["columns"]
    assert out[1].original == b" b 2   y"


def test_other_blanks_are_text() -> None:
    """Only the separator separates: tabs, no-break spaces and the like stay in their values."""
    [one] = records(read("name src-port kind\na\u00a0b\tc 1 \u2003\n".encode()))
    assert (one.name, one.kind) == ("a\u00a0b\tc", "\u2003")
    assert [row.name for row in records(read(b"name\tkind\na b\tc\n", table=TABS))] == ["a b"]


BAD = {
    "too few": (b"oops", "columns"),
    "too many": (b"a 1 x y", "columns"),
    "bad UTF-8": (b"a 1 \xff", "undecodable"),
    "too long": (b"a 1 " + b"x" * 100, "too_long"),
    "quotes": (b'"a" 1 "x"', "row"),
    "backslashes": (b"a\\ 1 \\u0041", "row"),
    "control characters": (b"a\x01 1 \x7f", "row"),
    "array": (b'a 1 x",[]],["b', "row"),
    "two arrays": (b'a 1 x",[]],["b 2 y', "columns"),
    "escapes": (b"a 1 \\u0041", "row"),
    "drift": (b"a one x", "row"),
}


@pytest.mark.parametrize("size", [1, 333, 10**6])
@pytest.mark.parametrize("kind", BAD)
def test_neighbours_of_a_bad_line(kind: str, size: int) -> None:
    """A line that is not as declared takes its own place and no other, and every original is the right one."""
    line, reason = BAD[kind]
    lines = [b"n%d %d x" % (number, number) for number in range(600)]
    for at in (0, 300, 301, 302, 599):
        lines[at] = line
    mixed = [part for number, one in enumerate(lines) for part in ([b"", one] if number % 97 == 0 else [one])]
    out = read(HEADER + b"\n".join(mixed), (size,), limit=50)
    assert kinds(out) == [reason if one == line else "row" for one in lines]
    assert [one.original for one in out] == lines
    assert all(one.value.name == f"n{at}" for at, one in enumerate(out) if lines[at] != line)
    drifted = [("src-port", "one")] if kind == "drift" else []
    for one, original in zip(out, lines, strict=True):
        assert [(part.field, part.value) for part in one.unparsed] == (drifted if original == line else [])


def test_quotes_and_backslashes_are_text() -> None:
    """What JSON would take for syntax is part of the value."""
    out = read(HEADER + b'"-" 1 \\n\n",[]],[" 2 -\n')
    assert [(row.name, row.kind) for row in records(out)] == [('"-"', "\\n"), ('",[]],["', None)]
    assert [row.kind for row in records(read(HEADER + b"a 1 \\u0041"))] == ["\\u0041"]


def test_every_value_of_a_line_may_drift() -> None:
    """Each value of another type is set aside under its column's name, and the others stay."""
    [one] = read(b"ratio start src-port name\nmuch soon https a\n")
    assert (one.value.name, one.value.src_port, one.value.start) == ("a", None, None)
    assert {part.field: part.value for part in one.unparsed} == {
        "ratio": "much",
        "start": "soon",
        "src-port": "https",
    }


def test_field_that_may_not_be_empty() -> None:
    """A column whose type forbids None is None all the same where it is null: there is no endless loop."""

    class Strict(Row):
        port: int
        name: str

    out = decoded(Table(Strict), [b"port name\n- -\nx y\n1 z\n"])
    assert [row.port for row in records(out)] == [None, None, 1]


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 20, 10**6])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_line_longer_than_the_limit(newline: bytes, size: int) -> None:
    """A line of as many bytes as the limit is read; a longer one is one error with its length, wherever it stands."""
    long, longest, longer = b"b 2 " + b"x" * 500, b"c 3 " + b"x" * 46, b"d 4 " + b"x" * 47
    lines = [longer, HEADER[:-1], b"a 1 x", long, longest, longer, b"e 5 x", longer]
    out = read(newline.join(lines), (size,), limit=50)
    assert ports(out) == [1, 3, 5]
    assert [one.original for one in out] == [line for line in lines if line != HEADER[:-1]]
    assert [error.length for error in errors(out)] == [51, 504, 51, 51]
    assert errors(out)[1].cause == "the line has 504 bytes, the limit is 50"


def test_border_between_the_two_bytes_of_a_newline() -> None:
    """A carriage return at the end of a block may belong to the end of the line, and does not make it longer."""
    for line, reason in ((b"c 3 " + b"x" * 46, "row"), (b"c 3 " + b"x" * 47, "too_long")):
        out = decoded(TABLE, [HEADER + line + b"\r", b"\na 1 x"], record_bytes=50)
        assert [(one.original, reason) for one, reason in zip(out, kinds(out), strict=True)] == [
            (line, reason),
            (b"a 1 x", "row"),
        ]


def test_memory_is_bounded() -> None:
    """A line without an end is passed over, not gathered."""
    for beginning in (b"", HEADER, b"foreign\n"):
        decoder = TABLE.decoder(record_bytes=4096)
        decoder.feed(beginning)
        tracemalloc.start()
        for _ in range(40):
            decoder.feed(b"x" * (1 << 16))
        assert tracemalloc.get_traced_memory()[1] < 2 * ORIGINAL_BYTES
        tracemalloc.stop()
        assert sum(error.length for error in decoder.finish() if isinstance(error, RecordError)) >= 40 << 16


# -- properties --------------------------------------------------------------------------------------------------------

words = st.one_of(
    st.text(st.characters(exclude_characters=" \r\n", exclude_categories=["Cs"]), min_size=1, max_size=6),
    st.text('"\\-[],null', min_size=1, max_size=6),
).filter(lambda word: word != "-")
times = st.integers(0, 4 * 10**9).map(lambda seconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": words,
    "src-port": st.integers(-(2**63), 2**63 - 1),
    "start": times,
    "ratio": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "kind": words,
}


def spelled(value: Any) -> str:
    """Write a value as the log would."""
    if value is None:
        return "-"
    return str(int(value.timestamp())) if isinstance(value, datetime) else str(value)


@tried
@given(st.data(), st.permutations([*COLUMNS, "new"]), st.integers(2, 6), block_sizes)
def test_any_columns_in_any_order(data: st.DataObject, columns: list[str], number: int, sizes: list[int]) -> None:
    """Whatever columns there are, in whatever order, every value comes out as it went in."""
    header = columns[:number]
    rows = data.draw(
        st.lists(st.tuples(*(st.one_of(st.none(), VALUES.get(column, words)) for column in header)), max_size=6)
    )
    raw = "\n".join([" ".join(header), *(" ".join(map(spelled, row)) for row in rows)]).encode()
    out = records(read(raw, sizes))
    expected = [dict(zip(header, row, strict=True)) for row in rows]
    assert [{column: getattr(one, column.replace("-", "_")) for column in COLUMNS} for one in out] == [
        {column: row.get(column) for column in COLUMNS} for row in expected
    ]


tokens = st.one_of(
    words, st.sampled_from(["-", "1", "-5", "1.5", "x", "", "null", "true", "1e3", "\u0661", "2024-01-01"])
)
lines_of_tokens = st.lists(st.lists(tokens, max_size=4).map(" ".join), max_size=8)


@tried
@given(lines_of_tokens, st.sampled_from([HEADER, b"src-port start\n", b"", b"kind ratio name\r\n"]), st.data())
def test_borders_and_neighbours_do_not_matter(lines: list[str], header: bytes, data: st.DataObject) -> None:
    """Each line gives the same alone, among others, in whatever blocks, and however damaged."""
    raw = header + "\n".join(lines).encode()
    for _ in range(data.draw(st.integers(0, 2))):
        raw = data.draw(damaged(raw, min(len(header), len(raw) - 1))) if raw else raw
    limit = data.draw(st.sampled_from([4, 12, 1 << 20]))
    whole = read(raw, limit=limit)
    assert read(raw, data.draw(block_sizes), limit=limit) == whole
    assert read(raw, (1,), limit=limit) == whole
    if header and limit > 100:
        alone = [read(header + one.original) for one in whole]
        assert [one for [one] in alone] == whole


@tried
@given(lines_of_tokens, st.data())
def test_no_line_is_lost(lines: list[str], data: st.DataObject) -> None:
    """Every line that is not blank is a record or an error, in order."""
    raw = "\n".join(lines).encode()
    raw = data.draw(damaged(raw)) if raw else raw
    limit = data.draw(st.sampled_from([4, 12, 1 << 20]))
    out = read(HEADER + raw, limit=limit if limit > 100 else max(limit, len(HEADER)))
    expected = [line.removesuffix(b"\r") for line in raw.split(b"\n")]
    assert [one.original for one in out] == [line for line in expected if line.strip(b" ") and line != HEADER[:-1]]


@tried
@given(st.binary(max_size=80), block_sizes)
def test_any_bytes(raw: bytes, sizes: list[int]) -> None:
    """No bytes raise an exception or get lost."""
    out = read(raw, sizes, limit=16)
    assert bool(out) == bool(raw.replace(b"\r\n", b"\n").removesuffix(b"\r").strip(b" \n"))


def test_rows_are_told_by_their_columns() -> None:
    """Two objects with the same columns share one compiled type; the declared one is not changed by it."""
    first, second = records(read(HEADER + b"a 1 x")), records(read(HEADER + b"b 2 y"))
    assert type(first[0]) is type(second[0])
    assert msgspec.structs.fields(Line)[0].encode_name == "name"
