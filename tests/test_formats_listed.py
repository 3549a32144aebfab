"""Lines whose columns somebody lists: read when they are as listed, and otherwise told to that somebody."""

from collections.abc import Sequence

import pytest
from decoding import Decoded, block_sizes, cut, decoded, errors, records
from hypothesis import given
from hypothesis import strategies as st
from properties import tried

from shipper.formats import ListedTable, Row, Unparsed


class Request(Row, rename="kebab"):
    """Columns of several types."""

    at: float | None = None
    name: str | None = None
    sc_bytes: int | None = None
    x_rate: int | None = None


COLUMNS = ("name", "at", "new-one", "sc-bytes")
TABLE = ListedTable(Request, COLUMNS, remedy="list others")


def read(raw: bytes, sizes: Sequence[int] = ()) -> list[Decoded]:
    """Decode an object of lines."""
    return decoded(TABLE, cut(raw, sizes))


def test_columns_are_as_listed() -> None:
    """In the order of the list; what the source does not declare is set aside, what is null is nothing."""
    out = read(b"a\t1.5\tx\t7\n-\t-\t-\t-\n#b\t2\t-\t9\n")
    assert [(one.name, one.at, one.sc_bytes) for one in records(out)] == [
        ("a", 1.5, 7),
        (None, None, None),
        ("#b", 2, 9),
    ]
    assert [one.unparsed for one in out] == [(Unparsed("new-one", "x"),), (), ()]


@pytest.mark.parametrize(
    ("first", "cause"),
    [
        (b"a\t1\tx", "3 columns, 4 are listed; list others"),
        (b"a\tone\tx\tmany", "values that are not of these columns; list others"),
        (b"name\tat", "2 columns, 4 are listed; list others"),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_an_object_of_other_columns_is_one_error(first: bytes, cause: str, size: int) -> None:
    """Nothing of it is read, not even lines that would fit; the error says what to do."""
    raw = first + b"\na\t1\tx\t2\n"
    (error,) = errors(read(raw, [size] * len(raw)))
    assert (error.cause, error.length) == (cause, len(raw))


def test_a_first_line_may_have_some_wrong_values() -> None:
    """Half of the values that are no texts are enough, and what clients write does not count."""
    out = read(b"a\t1\tx\tmany\n")
    assert [one.at for one in records(out)] == [1]
    assert Unparsed("sc-bytes", "many") in out[0].unparsed
    columns = ("at", "x-rate", "x-other")
    sent = decoded(ListedTable(Request, columns, remedy="", by_clients=("x-",)), [b"1\tmany\tx\n"])
    assert [one.at for one in records(sent)] == [1]
    assert (
        decoded(ListedTable(Request, ("at", "x-rate"), remedy="", by_clients=("x-",)), [b"one\t2\n"])[0].unparsed == ()
    )


def test_a_line_of_other_columns_is_an_error_of_its_own() -> None:
    """Its neighbours are read."""
    out = read(b"a\t1\tx\t2\na\t1\na\t1\tx\t3\n")
    assert [one.sc_bytes for one in records(out)] == [2, 3]
    assert [one.cause for one in errors(out)] == ["2 columns, 4 are listed; list others"]


def test_the_list_itself_is_no_record() -> None:
    """People's files may have a header; only the very list is one, as clients could write any single name."""
    assert [one.name for one in records(read(b"name\tat\tnew-one\tsc-bytes\nname\t1\tat\t2\n"))] == ["name"]


@given(
    lines=st.lists(st.sampled_from([b"a\t1.5\tx\t7", b'"\t\\\t-\t9', b"", b"a\tb", b"\xff\t1\t2\t3"]), max_size=40),
    end=st.sampled_from([b"\n", b"\n\n", b"\r\n"]),
    sizes=block_sizes,
)
@tried
def test_blocks_and_line_ends_do_not_matter(lines: list[bytes], end: bytes, sizes: list[int]) -> None:
    """The same records and originals however the bytes come and lines end; blank lines are nothing."""
    raw = b"a\t1\tx\t2\n" + b"".join(line + end for line in lines)
    out = read(raw, sizes)
    assert out == read(b"a\t1\tx\t2\n" + b"".join(line + b"\n" for line in lines if line))
    assert [one.original for one in out[1:]] == [line for line in lines if line]
