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


class Access(Row):
    """A request, with what its client sent in quotes."""

    time: str | None = None
    requester: str | None = None
    key: str | None = None
    uri: str | None = None
    status: int | None = None
    error: str | None = None
    sent: int | None = None
    referrer: str | None = None
    agent: str | None = None
    version: str | None = None
    host: str | None = None


LAYOUT = ["[time]", "requester*", "key", '"uri"', "status", "error", "sent", '"referrer"', '"agent"', "version", "host"]
CLIENTS = Quoted(Access, LAYOUT, least=10)


def access(line: str) -> list[str | int | None]:
    """Decode a line of this layout."""
    [one] = decoded(CLIENTS, [line.encode()], record_bytes=1 << 20)
    return [getattr(one.value, field) for field in Access.__struct_fields__] + [part.value for part in one.unparsed]


@pytest.mark.parametrize(
    ("uri", "referrer", "agent"),
    [
        ("GET / HTTP/1.1", "http://a/", "curl/8"),
        ('GET /a"b HTTP/1.1', 'http://a/"x"', 'curl "evil" agent'),
        ('GET /a" b" HTTP/1.1', 'a "b" c', '"" x" y'),
        ('GET /" 200 x', '" - ', '" - h " - h'),
        ("GET /", "r", 'x" 200 - 1 "forged" "agent" v forged'),
        ("GET /", "r", 'x" v forged "y'),
        ("GET /", "r", '"'),
        ("[a] -", "] -", "[x"),
    ],
)
def test_quotes_of_clients(uri: str, referrer: str, agent: str) -> None:
    """Whatever a client sends stays in its own column: the columns behind tell where each text ends."""
    line = f'[6/Feb/2019 +0000] a b c key "{uri}" 403 Denied 243 "{referrer}" "{agent}" v h'
    assert access(line) == ["6/Feb/2019 +0000", "a b c", "key", uri, 403, "Denied", 243, referrer, agent, "v", "h"]


sent = st.text(st.sampled_from('" -[]a12') | st.characters(exclude_categories=["Cs"]), max_size=12)


@tried
@given(sent.filter(lambda uri: " " not in uri), sent, sent)
def test_clients_cannot_fill_other_columns(uri: str, referrer: str, agent: str) -> None:
    """No text that a client sends changes a column behind it; two texts in a row share what stands between them."""
    values = CLIENTS.split(f'[t] a b key "{uri}" 403 Denied 243 "{referrer}" "{agent}" v h')
    assert values is not None
    assert values[:7] == ["t", "a b", "key", uri, "403", "Denied", "243"]
    assert f'"{values[7]}" "{values[8]}"' == f'"{referrer}" "{agent}"'
    assert values[9:] == ["v", "h"]


def test_clients_columns_without_value() -> None:
    """Each text may be missing, bare or in quotes, and the column with blanks too."""
    assert access("[t] - - - - - - - - - -") == ["t", *[None] * 10]
    assert access('[t] - - "-" - - - "" "-" - -') == ["t", *[None] * 10]
    assert access('[t] a b k - 204 - - "r" - v h') == ["t", "a b", "k", None, 204, None, None, "r", None, "v", "h"]


def test_shorter_and_longer_lines_of_clients() -> None:
    """Older lines end earlier; later columns are kept under their number, also those in quotes."""
    start = '[t] a k "u" 200 - 1 "r" "x "y" z"'
    row = ["t", "a", "k", "u", 200, None, 1, "r", 'x "y" z', "v"]
    assert access(f"{start} v") == [*row, None]
    assert access(f"{start} v h later - more") == [*row, "h", "later", "more"]
    plain = '[t] a k "u" 200 - 1 "r" "x"'
    for later, values in (('"a b"', ["a b"]), ('"a b" c', ["a b", "c"]), ('[a b] "" "c"', ["a b", "c"])):
        assert access(f"{plain} v h {later}") == [*row[:8], "x", "v", "h", *values]


def test_type_drift_before_quotes_of_clients() -> None:
    """Where a number is none the line is read like any other: it is set aside, and only torn texts are errors."""
    assert access('[t] a k "u" OK - 1 "r" "x" v h') == ["t", "a", "k", "u", None, None, 1, "r", "x", "v", "h", "OK"]
    [error] = errors(decoded(CLIENTS, [b'[t] a k "u" OK - 1 "r" "x "y" z" v h'], record_bytes=100))
    assert error.reason == "columns"
    [error] = errors(decoded(CLIENTS, [b'[t] a k "u" 200 - 1 "r" "x"'], record_bytes=100))
    assert error.cause == "9 columns, at least 10 are needed"


def test_hostile_line_of_clients() -> None:
    """A long line that almost fits again and again is read in a few passes over it."""
    for text in ('" 200 - 1 "', '" "', "- ", '" x', "a ", "- - - 1 - 1 "):
        for line in (
            f'[t] {text * 30_000}"',
            f'[t] a k "{text * 30_000}',
            f'[t] a k "u" 200 - 1 "r" "{text * 30_000}  ',
        ):
            assert len(decoded(CLIENTS, [line.encode()], record_bytes=1 << 20)) == 1


class Balanced(Row):
    """A request, with columns in quotes behind what its client sent."""

    elb: str | None = None
    status: int | None = None
    uri: str | None = None
    agent: str | None = None
    tls: str | None = None
    trace: str | None = None
    cert: str | None = None
    rule: int | None = None
    actions: str | None = None
    targets: str | None = None
    connection: str | None = None


BEHIND = [
    "elb",
    "status",
    '"uri"',
    '"agent"',
    "tls",
    "'trace'",
    "'cert'",
    "rule",
    "'actions'",
    "'targets'",
    "connection",
]
CLOSED = Quoted(Balanced, BEHIND, least=5, ends=(9,))


@pytest.mark.parametrize(
    "agent",
    [
        "curl/8",
        'a "b" c',
        '"',
        '" "',
        '" - - "',
        '" v "t" "c" 1 "a" "x" k',
        '" v "t" "c" 1 "a" "x" k "l" l l l',
        '" v "t" "c" 1 "a" "x" k "',
        '" v "t" "c" 1 "a" "x" k" v "t" "c" 1 "a" "x" k "',
        '" v "t" "c" 1 "a',
    ],
)
@pytest.mark.parametrize(("later", "values"), [("", []), (' "-" n "a b"', ["-", "n", "a b"])])
def test_columns_in_quotes_behind_texts(agent: str, later: str, values: list[str]) -> None:
    """The end of the last text is told by the columns behind it, in quotes or not, and a client cannot write them."""
    line = f'e 200 "GET /" "{agent}" TLSv1.3 "Root=1" "session"x"y" 7 "waf,forward" "a:1 b:2" TID{later}'
    row = ["e", "200", "GET /", agent, "TLSv1.3", "Root=1", 'session"x"y', "7", "waf,forward", "a:1 b:2", "TID"]
    assert CLOSED.split(line) == [*row, *values]


@tried
@given(st.lists(st.sampled_from(['"', '" ', ' "', "- ", '"-" ', "0 ", "a", '" v "t" "c" 1 "a" "x" k ']), max_size=8))
def test_clients_cannot_fill_columns_in_quotes(parts: list[str]) -> None:
    """Nothing that a client sends changes a column behind it, also where these are in quotes."""
    agent = "".join(parts)
    values = CLOSED.split(f'e 200 "GET /" "{agent}" TLSv1.3 "Root=1" "-" 7 "waf,forward" "a:1 b:2" TID')
    assert values is not None
    assert values[:2] == ["e", "200"]
    assert f'"{values[2]}" "{values[3]}"' == f'"GET /" "{agent}"'
    assert values[4:] == ["TLSv1.3", "Root=1", "-", "7", "waf,forward", "a:1 b:2", "TID"]


def test_ends_of_older_lines() -> None:
    """Where older lines ended is known, so that a text in them ends where it does; other lines are read like any."""
    start = 'e 200 "GET /" "a "b" c" - "-" "-" 0 "forward"'
    assert CLOSED.split(start) == ["e", "200", "GET /", 'a "b" c', "-", "-", "-", "0", "forward"]
    assert CLOSED.split(f'{start} "t"') is None
    assert CLOSED.split('e 200 "GET /" "a" - "-"') == ["e", "200", "GET /", "a", "-", "-"]


def test_columns_without_value_behind_texts() -> None:
    """Behind texts the null token may be in quotes or not, whatever the column; before them a number may be missing."""
    assert CLOSED.split('e  "-" "" - - "-" - "" "-" "-"') == ["e", "", "-", "", "-", "-", "-", "-", "", "-", "-"]


def test_many_later_columns() -> None:
    """More later columns than a client could be kept from writing are read as far as no text is torn apart."""
    line = 'e 200 "GET /" "{}" - "-" "-" 0 "forward" "-" -' + " l" * 9
    split = CLOSED.split(line.format("curl/8"))
    assert split is not None
    assert split[3] == "curl/8"
    assert split[11:] == ["l"] * 9
    assert CLOSED.split(line.format('a "b" c')) is None


def test_hostile_line_with_columns_in_quotes() -> None:
    """A long line that almost fits again and again is read in a few passes over it here, too."""
    tail = '" - "-" "-" 0 "forward" "-" - '
    for text in (tail, '" - "x', '" ', '"', '" - "', '"x"', '" - "-" "-" 0 "', "- "):
        for end in ("", '" - "-" "-" 0 "forward'):
            line = f'e 200 "GET /" "{text * (100_000 // len(text))}{end}'
            assert len(decoded(CLOSED, [line.encode()], record_bytes=1 << 20)) == 1


@pytest.mark.parametrize(
    "layout", [['"uri"'], ["key", '"uri"', "host"], ["requester*", "key", '"uri"'], ["[time]", "key"]]
)
def test_any_layout_of_clients(layout: list[str]) -> None:
    """Columns of each kind may stand anywhere, but one with blanks has another in quotes behind it."""
    line = {'"uri"': '"a" b"', "requester*": "c d e", "[time]": "[f g]"}
    split = Quoted(Access, layout).split(" ".join(line.get(column, column) for column in layout))
    assert split == [{'"uri"': 'a" b', "requester*": "c d e", "[time]": "f g"}.get(column, column) for column in layout]


def test_column_without_name() -> None:
    """A layout with an empty column is refused."""
    with pytest.raises(ValueError, match="has no name"):
        Quoted(Access, ["time", ""])


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


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("1 a A -", ["1", "a", "A", "-"]),
        ("1 a b  c A x", ["1", "a b  c", "A", "x"]),
        ('1 "a b" c [ A x  ', ["1", '"a b" c [', "A", "x"]),
        ("1 a", ["1", "a"]),
    ],
)
def test_columns_behind_a_bare_text_are_counted_from_the_end(line: str, values: list[str]) -> None:
    """In a layout without quotes a text may hold anything; what follows it is known to be whole."""
    assert Quoted(Request, ("number", "name*", "type", "last")).split(line) == values
