"""Lines of a template: where values end that nobody escaped."""

import time
from itertools import chain
from typing import Any

import pytest

from shipper.errors import RecordError
from shipper.formats import Around, Entry, Record, Template, Templated
from shipper.formats.templated import WORD


class Request(Record):
    """A request as some template writes it."""

    ip: str | None = None
    agent: str | None = None
    path: str | None = None
    status: str | None = None
    id: str | None = None


SHAPES = {"ip": "[0-9.]*+", "status": "-|[0-9]*+", "id": WORD}
LINE = Template(
    Request, [("", "ip"), (' ["', "agent"), ('", "', "path"), ('"] ', "status"), (" ", "id")], shapes=SHAPES
)


def fields(line: str, template: Template[Request] = LINE) -> tuple[str | None, ...] | None:
    """Read a line."""
    record = template.read(line)
    return record and (record.ip, record.agent, record.path, record.status, record.id)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('192.0.2.1 ["curl", "/a"] 200 x1', ("192.0.2.1", "curl", "/a", "200", "x1")),
        ('192.0.2.1 ["-", "-"] - -', ("192.0.2.1", None, None, None, None)),
        ('192.0.2.1 ["", ""]  ', ("192.0.2.1", None, None, None, None)),
        ('192.0.2.1 ["a "b" c", "/a"] 200 x1', ("192.0.2.1", 'a "b" c', "/a", "200", "x1")),
        # What looks like the end of the line is a part of it that a client wrote.
        ('192.0.2.1 ["curl", "/a"] 200 x0"] 403 x1', ("192.0.2.1", "curl", '/a"] 200 x0', "403", "x1")),
        ('192.0.2.1["curl","/a"] 200 x1', None),
        ('192.0.2.1 ["curl","/a"] 200 x1', ("192.0.2.1", "curl", "/a", "200", "x1")),
        ('192.0.2.1 ["curl", "/a"] 200 x1 y', None),
        ('192.0.2.1 ["curl", "/a"] 2xx x1', None),
        ("192.0.2.1", None),
    ],
)
def test_values_end_where_the_template_says(line: str, expected: tuple[str | None, ...] | None) -> None:
    """A value with the literal behind it ends only where all that follows fits; blanks between signs may be missing."""
    assert fields(line) == expected


def test_the_last_text_takes_as_much_as_it_can() -> None:
    """What stands behind a client's text is as short as it can be: the client cannot add to it."""
    assert fields("a;b;c", Template(Request, [("", "agent"), (";", "id")], shapes=SHAPES)) == (
        None,
        "a;b",
        None,
        None,
        "c",
    )


def test_a_value_that_is_there_twice_is_one() -> None:
    """A variable that a template names twice has the same value in both places, or the line is of another template."""
    twice = Template(Request, [("<", "id"), ("> ", "path"), (" </", "id")], ">", shapes=SHAPES)
    assert fields("<a> b </a> </a>", twice) == (None, None, "b </a>", None, "a")
    assert fields("<a> b </c>", twice) is None


@pytest.mark.parametrize(
    ("parts", "cause"),
    [
        ([("[", "agent"), ("", "path")], "nothing stands between agent and path, so nothing tells where one ends"),
        ([], "there is no variable in it"),
    ],
)
def test_a_template_without_ends_is_refused(parts: list[tuple[str, str]], cause: str) -> None:
    """Values side by side cannot be told apart."""
    with pytest.raises(ValueError, match=cause):
        Template(Request, parts, "]", shapes=SHAPES)


def test_the_first_template_that_fits_decides() -> None:
    """Lines of several templates may be mixed; what is of none goes to whoever reads the rest, or is an error."""
    path = Template(Request, [("GET ", "path")], shapes=SHAPES)
    mixed = Templated([LINE, path], otherwise=lambda line: Request(id="{}") if line == b"{}" else None)
    decoder = mixed.decoder(record_bytes=1000)
    first, second, third, fourth = decoder.feed(b'192.0.2.1 ["c", "/a"] 200 x1\nGET /b\r\n\n{}\nPUT\n')
    assert [one.path for one in (first, second) if isinstance(one, Request)] == ["/a", "/b"]
    assert third == Request(id="{}")
    assert isinstance(fourth, RecordError)
    assert (fourth.reason, fourth.original) == ("columns", b"PUT")
    assert mixed.of("GET /b") is path
    with pytest.raises(ValueError, match="there must be a template"):
        Templated([])


class Step(Entry):
    """What may be said in several lines."""

    id: str | None = None
    said: str | None = None


STEP = Template(Step, [("(", "id"), (") ", "said")], shapes=SHAPES)
STEPS: Templated[Any] = Templated(
    [Template(Request, [("GET ", "path"), (" ", "id")], shapes=SHAPES), STEP],
    continued=Step,
    told=lambda around: [STEP, Template(Step, [("", "said")], shapes={})] if around.log_group == "steps" else None,
)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_lines_go_on_up_to_the_next_record(size: int) -> None:
    """Lines that are no records belong to the one before them, blank ones too, if it is of a kind that goes on."""
    long = b"(c) " + b"x\n" * 40
    raw = b"\nPUT\n(a) {\r\n \n  x\n}\n\nGET /b d\n\n(b) one\n\xff\n" + long + b"GET /c e\n(d) last\n \n"
    decoder = STEPS.decoder(record_bytes=50)
    blocks = [raw[start : start + size] for start in range(0, len(raw), size)]
    found = [
        (one.cause if isinstance(one, RecordError) else one, decoder.original(at))
        for records in chain(map(decoder.feed, blocks), iter(decoder.finish, []))
        for at, one in enumerate(records)
    ]
    assert [original for _, original in found] == [
        b"PUT",
        b"(a) {\n \n  x\n}",
        b"GET /b d",
        b"(b) one",
        b"\xff",
        long.removesuffix(b"\n"),
        b"GET /c e",
        b"(d) last",
    ]
    assert found[1][0] == Step(id="a", said="{\n \n  x\n}")
    assert found[5][0] == "the record has 83 bytes, the limit is 50"  # and no more of it is kept than of any error


def test_a_message_is_a_record() -> None:
    """Whatever lines are in it; what is around it decides about its templates, and it knows that."""

    def read(text: bytes, group: str) -> Any:
        record, unparsed = STEPS.message(text, Around(group), record_bytes=30)
        assert unparsed == ()
        return record.reason if isinstance(record, RecordError) else record

    assert read(b"(a) GET\nGET /b d\n", "") == Step(id="a", said="GET\nGET /b d", around=Around(""))
    assert read(b"GET /b d", "") == Request(path="/b", id="d")
    assert read(b"PUT", "") == "columns"
    assert read(b"PUT", "steps") == Step(said="PUT", around=Around("steps"))
    assert read(b"(a) " + b"x" * 30, "steps") == "too_long"
    assert read(b"(a) \xff", "steps") == "undecodable"


def test_a_hostile_line_takes_no_longer_than_its_length() -> None:
    """What a client writes to look like ends of values does not make a line slow."""
    hostile = '192.0.2.1 ["' + '", "/a"] 200 ' * 20_000 + "x y z"
    started = time.process_time()
    assert fields(hostile) is None
    assert time.process_time() - started < 1
