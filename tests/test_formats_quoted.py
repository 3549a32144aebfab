"""Lines of quoted columns become records, also when AWS adds columns or clients send quotes."""

from collections.abc import Sequence

import pytest
from decoding import Decoded, block_sizes, cut, damaged, decoded, errors, records
from hypothesis import given
from hypothesis import strategies as st
from properties import tried

from shipper.formats import Quoted, Row


class Request(Row, rename="kebab"):
    """A request, as an access log has it."""

    owner: str | None = None
    time: str | None = None
    status_code: int | None = None
    agent: str | None = None
    tls: str | None = None


ACCESS = Quoted(Request, ["owner", "time", "request", "status-code", "agent", "tls"], least=5)
LINE = b'o [06/Feb/2019:00:00:38 +0000] "GET /a b HTTP/1.1" 200 "curl/7 (x; y)" TLSv1.2'


def read(raw: bytes, sizes: Sequence[int] = (), limit: int = 1 << 20) -> list[Decoded]:
    """Decode an object of lines."""
    return decoded(ACCESS, cut(raw, sizes), record_bytes=limit)


def agent(text: str) -> Decoded:
    """Decode a line with this user agent, as it stands between its quotes."""
    [one] = read(f'o [t] "r" 200 "{text}" TLSv1.2'.encode())
    return one


@pytest.mark.parametrize("size", [1, 1000])
def test_columns(size: int) -> None:
    """Values are read in order, without their quotes and brackets; a column that is not declared is passed over."""
    first, second = read(LINE + b"\r\n" + LINE, (size,))
    row = first.value
    assert (row.owner, row.time, row.status_code) == ("o", "06/Feb/2019:00:00:38 +0000", 200)
    assert (row.agent, row.tls) == ("curl/7 (x; y)", "TLSv1.2")
    assert first.original == second.original == LINE
    assert first.unparsed == ()


def test_null() -> None:
    """The null token and an empty value, quoted or bare, are no value in a column of any type."""
    for line in (b'- [-] "-" - "-" -', b'"" [] "" "" "" ""', b"  -  -  -  -  -  -  "):
        [one] = read(line)
        row = one.value
        assert (row.owner, row.time, row.status_code, row.agent, row.tls) == (None, None, None, None, None)
        assert one.unparsed == ()


def test_later_columns() -> None:
    """A value in a column that we do not know yet is kept under its number; older lines have fewer columns."""
    older, newer = read(LINE.removesuffix(b" TLSv1.2") + b"\n" + LINE + b' new - "and newer"\n')
    assert (older.value.status_code, older.value.tls, older.unparsed) == (200, None, ())
    assert newer.value.tls == "TLSv1.2"
    assert {part.field: part.value for part in newer.unparsed} == {"column_7": "new", "column_9": "and newer"}


def test_type_drift() -> None:
    """A value of another type is set aside under its column's name; the others stay."""
    [one] = read(LINE.replace(b"200", b"OK") + b" new")
    assert (one.value.status_code, one.value.tls) == (None, "TLSv1.2")
    assert [(part.field, part.value) for part in one.unparsed] == [("status-code", "OK"), ("column_7", "new")]


@pytest.mark.parametrize("text", ['a"b', '"', '""', '"a"', 'a""', "\\x22", '\\"', "[a] b", "a ]", "", "\u00e9\t x"])
def test_quotes_inside_of_quotes(text: str) -> None:
    """A quote that is not followed by a blank is part of its value, and so are brackets."""
    one = agent(text)
    assert (one.value.agent, one.value.tls) == (text or None, "TLSv1.2")
    assert one.unparsed == ()


@pytest.mark.parametrize("text", ['a "b" c', 'a" b', '" ', '"" x'])
def test_quotes_that_tear_a_value_apart(text: str) -> None:
    """Where a quote inside looks like the end of its value the line is an error: no value goes to another column."""
    [error] = errors([agent(text)])
    assert (error.reason, error.cause) == ("columns", "quotes or brackets do not match")


@pytest.mark.parametrize(
    "line", [b'o [t "r" 200 "a" -', b'o [t] "r 200 a -', b'o [t]x "r" 200 "a" -', b'o [t] "r" 200 "a -']
)
def test_open_quotes_and_brackets(line: bytes) -> None:
    """A quote or a bracket without its counterpart is an error with the line."""
    out = read(LINE + b"\n" + line + b"\n" + LINE)
    assert [error.original for error in errors(out)] == [line]
    assert len(records(out)) == 2


def test_too_few_columns() -> None:
    """A line with fewer columns than the oldest have is an error, which counts them."""
    [error] = errors(read(b'o [t] "r" 200'))
    assert (error.reason, error.cause) == ("columns", "4 columns, at least 5 are needed")
    assert errors(decoded(Quoted(Request, ["owner", "tls"]), [b"o"], record_bytes=100))


def test_hostile_line() -> None:
    """A long line of quotes is read in a few passes over it: one pass for each quote would not end within an hour."""
    for text in (b'"' * (1 << 18), b'"x' * (1 << 17), b'" ' * (1 << 17), b"[" * (1 << 18), b'a"' * (1 << 17)):
        assert len(read(text, limit=1 << 20)) == 1


words = st.text(st.characters(exclude_characters='" []\r\n', exclude_categories=["Cs"]), min_size=1, max_size=6).filter(
    lambda word: word != "-" and not word.isspace()
)


@tried
@given(st.lists(st.tuples(words, words, words, st.integers(0, 999), words, words), max_size=5), block_sizes, st.data())
def test_values_come_out_as_they_went_in(
    rows: list[tuple[str, str, str, int, str, str]], sizes: list[int], data: st.DataObject
) -> None:
    """Every value comes out as it went in, and no damage makes a line vanish or depend on where blocks end."""
    lines = [f'{a} [{b} {b}] "{c} {c}" {d} "{e} {e}" {f}' for a, b, c, d, e, f in rows]
    raw = "\n".join(lines).encode()
    assert [(one.owner, one.time, one.status_code, one.agent, one.tls) for one in records(read(raw, sizes))] == [
        (a, f"{b} {b}", d, f"{e} {e}", f) for a, b, _, d, e, f in rows
    ]
    raw = data.draw(damaged(raw)) if raw else raw
    assert read(raw, sizes) == read(raw)
    assert [one.original for one in read(raw)] == [
        line for one in raw.split(b"\n") if (line := one.removesuffix(b"\r")).strip()
    ]
