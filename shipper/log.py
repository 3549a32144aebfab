"""
Structured log lines: an event and its details, as JSON or for people.

What comes from outside (keys, reasons, names) is always a detail, never part of the event's text, and is escaped.
"""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec


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


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "@timestamp": datetime.fromtimestamp(record.created, UTC),
            "log.level": record.levelname.lower(),
            "log.logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "details", {}),
        }
        if record.exc_info:
            line["error.stack_trace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        details = getattr(record, "details", {})
        words = [f"{time} {record.levelname:<7} {_printable(record.getMessage())}"]
        words += [f"{name}={_quoted(value)}" for name, value in details.items()]
        line = "  ".join([words[0], " ".join(words[1:])]) if details else words[0]
        return line + ("\n" + self.formatException(record.exc_info) if record.exc_info else "")


def _printable(text: str) -> str:
    """Escape what could forge a line or drive the terminal."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def _quoted(value: object) -> str:
    text = str(value)
    if text and text.isprintable() and not any(char in ' "=' for char in text):
        return text
    return msgspec.json.encode(text).decode() if text.isprintable() else '"' + _printable(text) + '"'
