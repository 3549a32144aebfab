"""
Lines written from a template: literals, and values between them, as the one who set up the log chose them.

Nothing in such a line is escaped. A value ends where the literal behind it stands; one that may hold that literal too,
because a client wrote it, ends where all values behind it look as they always do, up to the next of its kind. The last
such value reaches as far as the end of the line allows, so that nothing in it can pass for what stands behind it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

from shipper.errors import RecordError
from shipper.formats.continued import NO_RECORD, ContinuedDecoder
from shipper.formats.messages import Around, Entry
from shipper.formats.multiline import too_long
from shipper.formats.record import Record, Unparsed, record_error
from shipper.formats.text import TextDecoder

R = TypeVar("R", bound=Record)

WORD: Final = "word"
"""The shape of a value without blanks, quotes, or what begins the literal behind it."""

_BLANKS: Final = re.compile(r"(\s+)")
_SIGN: Final = re.compile(r"[^\w\s$]")

Part = tuple[str, str]
"""A literal, and the field that the value behind it is for."""


class Template(Generic[R]):
    """
    The lines of one template.

    Args:
        record: the Struct of a line
        parts: literals, and the fields of the record that the values behind them are for
        tail: the literal behind the last value
        shapes: patterns of values without groups, or `WORD`, by field; a value for any other field may hold anything
        null: what stands for no value

    Between two signs of a literal, such as `] "` or `> <`, there may be fewer blanks in a line than in the template.

    Attributes:
        pattern: of a line, without groups
        columns: the fields, each once

    Raises:
        ValueError: there is nothing between two values, or no value
    """

    def __init__(
        self, record: type[R], parts: Sequence[Part], tail: str = "", *, shapes: Mapping[str, str], null: str = "-"
    ) -> None:
        self.record = record
        self.parts = tuple(parts)
        self.tail = tail.rstrip()
        self.null = null
        self.columns = tuple(dict.fromkeys(field for _, field in parts))
        texts = tuple(_texts(self.parts, self.tail, shapes))
        self.pattern = _joined(texts, "(?:")
        self._match = re.compile(_joined(texts, "("), re.DOTALL).fullmatch

    def split(self, line: str) -> list[str] | None:
        """Give the value of each column of a line; None if the line is not of this template."""
        found = self._match(line)
        return list(found.groups()) if found else None

    def read(self, line: str) -> R | None:
        """Make a record of a line; None if the line is not of this template."""
        found = self._match(line)
        if found is None:
            return None
        null, values = self.null, zip(self.columns, found.groups(), strict=True)
        return self.record(**{field: value for field, value in values if value and value != null})


class Templated(Generic[R]):
    """
    Lines of some templates, which may be mixed.

    Args:
        templates: the first that fits a line decides
        otherwise: makes a record of a line that is of none of them; None if it cannot
        continued: the record whose lines may go on in others that are no records; None if each line is one
        told: the templates of a message, by what is around it; None when that does not tell

    Raises:
        ValueError: there is no template
    """

    form: ClassVar = "lines"

    def __init__(
        self,
        templates: Sequence[Template[Any]],
        *,
        otherwise: Callable[[bytes], R | None] = lambda _: None,
        continued: type[R] | None = None,
        told: Callable[[Around], Sequence[Template[Any]] | None] = lambda _: None,
    ) -> None:
        if not templates:
            raise ValueError("there must be a template")
        self.templates = tuple(templates)
        self.record = templates[0].record
        self._otherwise = otherwise
        self._continued = continued
        self._told = told

    def of(self, line: str) -> Template[Any] | None:
        """Give the template of a line."""
        return next((template for template in self.templates if template.split(line) is not None), None)

    def decoder(self, *, record_bytes: int) -> TextDecoder[R]:
        """Start on one object; see `Format`."""
        if self._continued is None:
            return TextDecoder(self._read, record_bytes=record_bytes)
        return ContinuedDecoder(self._read, kind=self._continued, record_bytes=record_bytes)

    def message(
        self, text: bytes, around: Around, *, record_bytes: int
    ) -> tuple[R | RecordError, tuple[Unparsed, ...]]:
        """Decode one message, which is a record; see `Messages`."""
        if len(text) > record_bytes:
            return record_error("too_long", too_long(len(text), record_bytes), text), ()
        try:
            lines = text.decode().strip("\r\n")
        except UnicodeDecodeError as error:
            return record_error("undecodable", f"invalid UTF-8 at byte {error.start}", text), ()
        record, unparsed = self._read(lines, self._told(around))
        if isinstance(record, Entry):
            record.around = around
        return record, unparsed

    def _read(
        self, text: str, templates: Sequence[Template[Any]] | None = None
    ) -> tuple[R | RecordError, tuple[Unparsed, ...]]:
        for template in templates or self.templates:
            if record := template.read(text):
                return record, ()
        other = self._otherwise(text.encode())
        return other or record_error(NO_RECORD, "the line is of none of the templates", text.encode()), ()


# -- patterns ----------------------------------------------------------------------------------------------------------

_GROUP: Final = "\0"
"""Stands for the opening of a group until it is known whether it captures."""


def _texts(parts: Sequence[Part], tail: str, shapes: Mapping[str, str]) -> Iterator[str]:
    """Give the patterns of a line, each of which begins behind a value that may hold anything, but for the first."""
    if not parts:
        raise ValueError("there is no variable in it")
    ends = [*(literal for literal, _ in parts[1:]), tail]
    known: list[str] = []
    text = ""
    for number, ((literal, field), end) in enumerate(zip(parts, ends, strict=True), 1):
        if not end and number < len(parts):
            raise ValueError(f"nothing stands between {field} and {parts[number][1]}, so nothing tells where one ends")
        text += _literal(literal)
        shape = shapes.get(field, "")
        if field in known:
            text += rf"(?:\{known.index(field) + 1})"
        elif shape:
            text += f"{_GROUP}{_word(end[:1]) if shape == WORD else shape})"
        else:
            yield text
            text = ""
        if field not in known:
            known.append(field)
    yield text + _literal(tail)


def _joined(texts: Sequence[str], group: str) -> str:
    """
    Make one pattern of those between values that may hold anything.

    Args:
        texts: given by `_texts`
        group: how a group opens; where it does not capture, a value that stands there twice may be two
    """
    first, *others = texts
    inner = [f"(?>{_GROUP}.*?){text})" for text in others[:-1]]
    last = [f"{_GROUP}.*){text}" for text in others[-1:]]
    pattern = "".join([first, *inner, *last]).replace(_GROUP, group)
    return pattern if group == "(" else re.sub(r"\(\?:\\\d+\)", "(?:.*?)", pattern)


def _word(end: str) -> str:
    return rf'[^\s"{re.escape(end)}]*+'


def _literal(text: str) -> str:
    """Give the pattern of a literal, in which blanks between two signs may be missing."""
    pieces = _BLANKS.split(text)
    out = []
    for at, piece in enumerate(pieces):
        if at % 2 == 0:
            out.append(re.escape(piece))
            continue
        is_between = _SIGN.fullmatch(pieces[at - 1][-1:]) and _SIGN.fullmatch(pieces[at + 1][:1])
        out.append(r"\s*+" if is_between else re.escape(piece))
    return "".join(out)
