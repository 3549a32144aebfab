"""
Structured log lines: an event and its details, as JSON or for people.

What comes from outside (keys, reasons, names) is always a detail, never part of the event's text, and is escaped.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO


class Log:
    """
    A logger whose lines are an event and named details.

    Args:
        name: of the module that speaks
    """

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, **details: object) -> None:
        """Say what is of use to who looks for a fault."""
        self._logger.debug(event, extra={"details": details})

    def info(self, event: str, **details: object) -> None:
        """Say what an operator may want to know; normal work says nothing."""
        self._logger.info(event, extra={"details": details})

    def warning(self, event: str, **details: object) -> None:
        """Say what an operator should look at."""
        self._logger.warning(event, extra={"details": details})

    def error(self, event: str, error: BaseException | None = None, **details: object) -> None:
        """Say what an operator has to act on, with the traceback if it is a fault of our own."""
        self._logger.error(event, exc_info=error, extra={"details": details})


def setup(*, level: str, form: str, stream: TextIO = sys.stderr) -> None:
    """
    Send all log lines to one stream.

    Args:
        level: least severe level that is written: debug, info, warning or error
        form: `json`, `text`, or `auto`: text on a terminal, JSON elsewhere
        stream: where to
    """
    if form == "auto":
        form = "text" if stream.isatty() else "json"
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Json() if form == "json" else _Text())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("shipper").setLevel(level.upper())
    logging.captureWarnings(capture=True)
    # Its warnings come with a traceback for each request that fails, and who makes the request tells of it anyway.
    logging.getLogger("opensearch").setLevel(logging.ERROR)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "@timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "log.level": record.levelname.lower(),
            "log.logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "details", {}),
        }
        if record.exc_info:
            line["error.stack_trace"] = self.formatException(record.exc_info)
        return _json(line)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        words = [f"{time} {record.levelname:<7} {printable(record.getMessage())}"]
        if details := getattr(record, "details", {}):
            words.append(" ".join(f"{name}={_word(value)}" for name, value in details.items()))
        lines = ["  ".join(words)]
        if record.exc_info:
            # Set in from the left, so that none of its lines can be taken for a log line.
            lines += [f"    {printable(line)}" for line in self.formatException(record.exc_info).split("\n")]
        return "\n".join(lines)


def _json(value: object) -> str:
    """Write JSON that is one line of printable characters, in ASCII if anything in it is not printable."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if text.isprintable() else json.dumps(value, default=str)


def printable(text: str) -> str:
    """Escape what could forge a line or drive the terminal."""
    return text if text.isprintable() else _json(text)[1:-1]


def _word(value: object) -> str:
    """Write a value so that it cannot be taken for two."""
    text = str(value)
    return text if text.isprintable() and text and not set(text) & set(' "=') else _json(text)
