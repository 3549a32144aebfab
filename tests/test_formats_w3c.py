"""Extended log files: directives say what the columns are, the first line what stands between them."""

from collections.abc import Sequence

import pytest
from decoding import Decoded, block_sizes, cut, decoded, errors, records
from hypothesis import given
from hypothesis import strategies as st
from properties import tried

from shipper.errors import RecordError
from shipper.formats import Row, Unparsed, W3cTable


class Request(Row, rename="kebab"):
    """Columns of several types."""

    name: str | None = None
    sc_bytes: int | None = None
    kind: str | None = None


TABLE = W3cTable(Request, headerless=(["name", "sc-bytes", "kind"], ["name", "sc-bytes"]))
HEAD = b"#Version: 1.0\n#Fields: name sc-bytes kind\n"


def read(raw: bytes, sizes: Sequence[int] = (), limit: int = 1 << 20) -> list[Decoded]:
    """Decode an object of lines."""
    return decoded(TABLE, cut(raw, sizes), record_bytes=limit)


def values(out: list[Decoded]) -> list[tuple[str | None, int | None, str | None]]:
    """Give the columns of each record."""
    return [(one.name, one.sc_bytes, one.kind) for one in records(out)]


@pytest.mark.parametrize("separator", ["\t", " ", "|", ";", ","])
@pytest.mark.parametrize("head", ["#Fields: kind name\n", "#Fields:\tkind\tname\n", "#Fields: kind,name\n"])
@pytest.mark.parametrize("size", [1, 1000])
def test_first_line_tells_the_separator(separator: str, head: str, size: int) -> None:
    """The header has blanks between its names whatever stands between the columns."""
    raw = f"#Version: 1.0\n{head}k{separator}n\n-{separator}m\n".encode()
    assert values(read(raw, [size])) == [("n", None, "k"), ("m", None, None)]


def test_likely_separators_stay_text() -> None:
    """What may stand between columns elsewhere is text where something else does."""
    assert values(read(HEAD + b"a,b;c|d e\t1\tk\n")) == [("a,b;c|d e", 1, "k")]


@pytest.mark.parametrize("size", [1, 9, 1000])
def test_columns_may_change(size: int) -> None:
    """Each `#Fields:` is for the lines below it; other directives are passed over, and none of them is a record."""
    raw = HEAD + b"a\t1\tk\n#Remark: x\nb\t-\t-\n#Fields: sc-bytes later name\n2\tz\tc\n#Fields: kind\nl\n"
    out = read(raw, [size])
    assert values(out) == [("a", 1, "k"), ("b", None, None), ("c", 2, None), (None, None, "l")]
    assert [one.original for one in out] == [b"a\t1\tk", b"b\t-\t-", b"2\tz\tc", b"l"]
    assert [one.unparsed for one in out] == [(), (), (Unparsed("later", "z"),), ()]


def test_directive_may_look_like_a_record() -> None:
    """What begins a line decides, whatever the number of columns."""
    assert values(read(b"#Fields: name\na\n#Remark\nb\n#Fields: kind\nk\n")) == [
        ("a", None, None),
        ("b", None, None),
        (None, None, "k"),
    ]


@pytest.mark.parametrize("number", [1, 1000])
def test_undeclared_columns_are_set_aside(number: int) -> None:
    """A column that nobody declared is kept under its name, beside what is not as declared, and unless it is empty."""
    raw = b"#Fields: name x-new sc-bytes\n" + b"a\tn\t1\nb\t-\t2\nc\tn\tmany\n" * number
    out = read(raw)
    assert [one.value.name for one in out] == ["a", "b", "c"] * number
    new, many = Unparsed("x-new", "n"), Unparsed("sc-bytes", "many")
    assert [one.unparsed for one in out] == [(new,), (), (many, new)] * number


@pytest.mark.parametrize("size", [1, 1000])
def test_columns_may_become_unknown(size: int) -> None:
    """Lines under columns of which none is known are errors, not read by those before."""
    out = read(HEAD + b"a\t1\tk\n#Fields: x y z\nb\t2\tk\n" + HEAD + b"c\t3\tk\n", [size])
    assert values(out) == [("a", 1, "k"), ("c", 3, "k")]
    assert [error.original for error in errors(out)] == [b"b\t2\tk"]


def test_object_without_fields() -> None:
    """A known number of columns will do, if the first line has in each of them what belongs there; or bare names."""
    assert values(read(b"a\t1\tk\nb\tx\tk\n")) == [("a", 1, "k"), ("b", None, "k")]
    assert values(read(b"#Version: 1.0\na|1\n")) == [("a", 1, None)]
    assert values(read(b"kind\tname\nk\tn\n")) == [("n", None, "k")]


@pytest.mark.parametrize("raw", [b"a\tx\tk\n", b"a\n", b"#Fields: client server\na\t1\n1\tb\n", b"#Fields:\n\tx\n"])
@pytest.mark.parametrize("size", [1, 1000])
def test_foreign_object(raw: bytes, size: int) -> None:
    """Another log is one error, not junk."""
    [error] = errors(read(raw, [size]))
    assert error.reason == "columns"


@pytest.mark.parametrize("raw", [b"", HEAD, HEAD[:-1], b"#", b"\n\n#x\n"])
def test_no_records(raw: bytes) -> None:
    """Directives alone are no records."""
    assert read(raw) == []


def test_bad_lines_have_good_neighbours() -> None:
    """A line with other columns, with bad UTF-8 or too long is an error by itself; a `#` inside is text."""
    out = read(HEAD + b"a\t1\tk\nb\t2\nc\t3\t\xff\nd\t4\te#f\n" + b"x" * 99 + b"\ne\t5\tk\r\n", limit=90)
    assert values(out) == [("a", 1, "k"), ("d", 4, "e#f"), ("e", 5, "k")]
    kinds = [one.value.reason if isinstance(one.value, RecordError) else "" for one in out]
    assert kinds == ["", "columns", "undecodable", "", "too_long", ""]


@tried
@given(
    lines=st.lists(
        st.sampled_from(
            ["a\t1\tk", "b\t-\t-", "c\tx\tk", "d\t1", "#Remark", "#Fields: kind name", "k\tn", "", "e\t1\t#"]
        )
    ),
    head=st.sampled_from([HEAD, b"#Fields: name x sc-bytes\n", b""]),
    sizes=block_sizes,
)
def test_borders_do_not_matter(lines: list[str], head: bytes, sizes: list[int]) -> None:
    """An object says the same however its bytes arrive."""
    raw = head + "\n".join(lines).encode()
    assert [(str(one.value), one.original, one.unparsed) for one in read(raw, sizes)] == [
        (str(one.value), one.original, one.unparsed) for one in read(raw)
    ]
