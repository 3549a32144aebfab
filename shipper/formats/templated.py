"""
Lines written from a template: literals, and values between them, as the one who set up the log chose them.

Nothing in such a line is escaped. A value ends where the literal behind it stands; one that may hold that literal too,
because a client wrote it, ends where all values behind it look as they always do, up to the next of its kind. The last
such value reaches as far as the end of the line allows, so that nothing in it can pass for what stands behind it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final, Generic, TypeVar

from shipper.errors import RecordError
from shipper.formats.record import Record, Unparsed, record_error
from shipper.formats.text import TextDecoder

R = TypeVar("R", bound=Record)

WORD: Final = "word"
"""The shape of a value without blanks, quotes, or what begins the literal behind it."""

_BLANKS: Final = re.compile(r"(\s+)")
_SIGN: Final = re.compile(r"[^\w\s$]")

Part = tuple[str, str]
"""A literal, and the name of the value behind it."""


class Template(Generic[R]):
    """
    The lines of one template.

    Args:
        record: the Struct of a line; a value's name is that of its field when it is encoded
        parts: literals and the values behind them
        tail: the literal behind the last value
        shapes: patterns of values without groups, or `WORD`, by name; a value of any other name may hold anything
        null: what stands for no value

    Between two signs of a literal, such as `] "` or `> <`, there may be fewer blanks in a line than in the template.

    Raises:
        ValueError: there is nothing between two values, or no value
    """

    def __init__(
        self, record: type[R], parts: Sequence[Part], tail: str = "", *, shapes: Mapping[str, str], null: str = "-"
    ) -> None:
        self.record = record
        self.parts = tuple(parts)
        self.tail = tail
        self.null = null
        self.columns = tuple(dict.fromkeys(name for _, name in parts))
        fields = {
            name: field for field, name in zip(record.__struct_fields__, record.__struct_encode_fields__, strict=True)
        }
        self._fields = tuple(fields[name] for name in self.columns)
        self._match = _pattern(parts, tail, shapes).fullmatch

    def split(self, line: str) -> list[str] | None:
        """Give the value of each column of a line; None if the line is not of this template."""
        found = self._match(line)
        return list(found.groups()) if found else None

    def read(self, line: str) -> R | None:
        """Make a record of a line; None if the line is not of this template."""
        found = self._match(line)
        if found is None:
            return None
        null, values = self.null, zip(self._fields, found.groups(), strict=True)
        return self.record(**{field: value for field, value in values if value and value != null})


class Templated(Generic[R]):
    """
    Lines of some templates, which may be mixed.

    Args:
        templates: the first that fits a line decides
        otherwise: makes a record of a line that is of none of them; None if it cannot

    Raises:
        ValueError: there is no template
    """

    form: ClassVar = "lines"

    def __init__(
        self, templates: Sequence[Template[R]], *, otherwise: Callable[[bytes], R | None] = lambda _: None
    ) -> None:
        if not templates:
            raise ValueError("there must be a template")
        self.templates = tuple(templates)
        self.record = templates[0].record
        self._readers = tuple(template.read for template in templates)
        self._otherwise = otherwise

    def of(self, line: str) -> Template[R] | None:
        """Give the template of a line."""
        return next((template for template in self.templates if template.split(line) is not None), None)

    def decoder(self, *, record_bytes: int) -> TextDecoder[R]:
        """Start on one object; see `Format`."""
        return TextDecoder(self._read, record_bytes=record_bytes)

    def read(self, line: str) -> R | None:
        """Make a record of a line; None if it is of no template."""
        for read in self._readers:
            if record := read(line):
                return record
        return None

    def _read(self, line: str) -> tuple[R | RecordError, tuple[Unparsed, ...]]:
        record = self.read(line) or self._otherwise(line.encode())
        return record or record_error("columns", "the line is of none of the templates", line.encode()), ()


def _pattern(parts: Sequence[Part], tail: str, shapes: Mapping[str, str]) -> re.Pattern[str]:
    """Make the pattern of a line, with a group for each value."""
    if not parts:
        raise ValueError("there is no value in it")
    literals = [*(literal for literal, _ in parts), tail]
    groups: dict[str, int] = {}
    texts = [""]  # each begins behind a value that may hold anything, but for the first
    for number, (literal, name) in enumerate(parts):
        if number and not literal:
            raise ValueError(
                f"nothing stands between {parts[number - 1][1]} and {name}, so nothing tells where one ends"
            )
        texts[-1] += _literal(literal)
        shape = shapes.get(name)
        if name in groups:
            texts[-1] += rf"(?:\{groups[name]})"
            continue
        groups[name] = len(groups) + 1
        if shape is None:
            texts.append("")
        else:
            end = literals[number + 1][:1]
            texts[-1] += f"({_word(end) if shape == WORD else shape})"
    texts[-1] += _literal(tail.rstrip())
    first, *others = texts
    inner = [f"(?>(.*?){text})" for text in others[:-1]]
    last = [f"(.*){text}" for text in others[-1:]]
    return re.compile("".join([first, *inner, *last]), re.DOTALL)


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
