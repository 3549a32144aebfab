"""Log lines that no key, reason or message from outside can forge."""

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest

from shipper import log
from shipper.log import Log

EVIL = [
    'a\n12:00:00 INFO  started  key="b"',
    "a\r\n{}",
    "a\x1b[2J\x1b]0;title\x07",
    "a\x85b\u2028c\u2029d",
    "a\x9b31m",
    'a" level="b',
    "a\\",
    "a\x00b\x7f",
    "\u202eevil",
    "a\udcffb",
    "",
    " ",
]


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Put everybody's handlers and levels back."""
    root, *others = map(logging.getLogger, ("", "shipper", "opensearch"))
    handlers, levels = root.handlers[:], [logger.level for logger in (root, *others)]
    logging.captureWarnings(capture=False)
    with warnings.catch_warnings(action="always"):
        yield
        logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    for logger, level in zip((root, *others), levels, strict=True):
        logger.setLevel(level)


def written(form: str, *, level: str = "info", terminal: bool = False) -> io.StringIO:
    """Send log lines to memory."""
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    log.setup(level=level, form=form, stream=stream)
    return stream


@pytest.mark.parametrize("text", EVIL)
@pytest.mark.parametrize("form", ["json", "text"])
def test_details_cannot_forge_a_line(form: str, text: str) -> None:
    """Whatever a detail holds, it stays one line of printable characters."""
    stream = written(form)
    Log("shipper.test").info("read", key=text)
    line = stream.getvalue()
    assert line.endswith("\n")
    assert line[:-1].isprintable()


@pytest.mark.parametrize("text", EVIL)
def test_json_keeps_the_text(text: str) -> None:
    """What was escaped is what was meant."""
    stream = written("json")
    Log("shipper.test").info("read", key=text)
    assert json.loads(stream.getvalue())["key"] == text


@pytest.mark.parametrize("text", [text for text in EVIL if text.isprintable() is False or '"' in text])
def test_text_details_cannot_forge_a_detail(text: str) -> None:
    """A detail of odd characters stands in quotes that it cannot close."""
    stream = written("text")
    Log("shipper.test").info("read", key=text, after=1)
    quoted = stream.getvalue().partition("key=")[2].rpartition(" after=1")[0]
    assert json.loads(quoted) == text


@pytest.mark.parametrize("form", ["json", "text"])
def test_messages_of_others_cannot_forge_a_line(form: str) -> None:
    """A message of another library is escaped like a detail."""
    stream = written(form)
    logging.getLogger("other").warning("said %s", "a\nb\x1b")
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


def test_a_json_line() -> None:
    """A JSON line holds the time in UTC, level, logger, event and details by the names ECS gives them."""
    stream = written("json")
    Log("shipper.test").warning("not read", key="a/b", count=3, error=ValueError("no"))
    line = json.loads(stream.getvalue())
    assert line.pop("@timestamp").endswith("+00:00")
    assert line == {
        "log.level": "warning",
        "log.logger": "shipper.test",
        "message": "not read",
        "key": "a/b",
        "count": 3,
        "error": "no",
    }


def test_a_text_line() -> None:
    """A line for people is the time, the level, the event and the details."""
    stream = written("text")
    Log("shipper.test").warning("not read", key="a/b", said="no way", count=3)
    assert stream.getvalue()[8:] == ' WARNING not read  key=a/b said="no way" count=3\n'


def test_a_text_line_without_details() -> None:
    """An event alone is a line."""
    stream = written("text")
    Log("shipper.test").info("stopped")
    assert stream.getvalue()[8:] == " INFO    stopped\n"


def fail(text: str) -> None:
    """Raise an error with a text from outside."""
    raise ValueError(text)


@pytest.mark.parametrize("form", ["json", "text"])
def test_tracebacks_are_kept_apart(form: str) -> None:
    """A fault of our own is told with its traceback, none of whose lines can be taken for a log line."""
    stream = written(form)
    try:
        fail("evil\n12:00:00 INFO  started\x1b[2J")
    except ValueError as error:
        Log("shipper.test").error("a fault", error)
    first, *others = stream.getvalue().splitlines()
    assert "a fault" in first
    assert "Traceback" in stream.getvalue()
    assert "evil" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
    assert all(line.startswith("    ") for line in others)
    assert (form == "json") == (others == [])


@pytest.mark.parametrize(("terminal", "is_json"), [(True, False), (False, True)])
def test_auto_asks_the_stream(*, terminal: bool, is_json: bool) -> None:
    """Without a choice, people at a terminal read text, everything else JSON."""
    stream = written("auto", terminal=terminal)
    Log("shipper.test").info("started")
    assert stream.getvalue().startswith("{") == is_json


def test_levels() -> None:
    """Less than the level is not written; of other libraries only warnings are."""
    stream = written("text", level="warning")
    speaker = Log("shipper.test")
    speaker.debug("one")
    speaker.info("two")
    speaker.warning("three")
    speaker.error("four")
    logging.getLogger("other").info("five")
    assert [line.split()[2] for line in stream.getvalue().splitlines()] == ["three", "four"]
    stream = written("text", level="debug")
    speaker.debug("one")
    logging.getLogger("other").info("five")
    assert len(stream.getvalue().splitlines()) == 1


def test_setup_replaces_what_was_there() -> None:
    """A second setup does not write every line twice."""
    written("text")
    stream = written("text")
    Log("shipper.test").info("started")
    assert len(stream.getvalue().splitlines()) == 1


def test_warnings_are_log_lines() -> None:
    """A warning of Python or of a library is one line like all others."""
    stream = written("json")
    warnings.warn("this is\ndeprecated", DeprecationWarning, stacklevel=1)
    (line,) = stream.getvalue().splitlines()
    assert "this is\ndeprecated" in json.loads(line)["message"]


def test_failed_requests_are_told_in_our_words_only() -> None:
    """The client of OpenSearch says nothing of failed requests: who makes them does, without a traceback each time."""
    stream = written("text")
    logging.getLogger("opensearch").warning("POST http://localhost:9200/_bulk [status:N/A request:0.001s]")
    assert stream.getvalue() == ""
