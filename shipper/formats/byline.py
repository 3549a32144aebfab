"""A layout for each kind of line: for logs of several kinds that come together, or under keys that do not tell."""

import re
from collections.abc import Mapping
from typing import ClassVar, Generic, TypeVar

from shipper.errors import RecordError
from shipper.formats.quoted import Quoted
from shipper.formats.record import Row, Unparsed, record_error
from shipper.formats.text import TextDecoder

R = TypeVar("R", bound=Row)


class ByLine(Generic[R]):
    """
    The beginning of each line decides about its layout; one that begins in no known way is an error.

    Args:
        kinds: layouts by the pattern that their lines begin with, without groups; the first that fits decides

    Raises:
        ValueError: a pattern has groups, or there are no layouts
    """

    form: ClassVar = "columns"

    def __init__(self, kinds: Mapping[str, Quoted[R]]) -> None:
        if any(re.compile(opening).groups for opening in kinds) or not kinds:
            raise ValueError("there must be patterns, and none with groups")
        self.layouts = tuple(kinds.values())
        self.record = self.layouts[0].record
        self._opening = re.compile("|".join(f"({opening})" for opening in kinds))

    def of(self, line: str) -> Quoted[R] | None:
        """Give the layout of a line; None when it is of no known kind."""
        found = self._opening.match(line)
        return self.layouts[found.lastindex - 1] if found and found.lastindex else None

    def decoder(self, *, record_bytes: int) -> TextDecoder[R]:
        """Start on one object; see `Format`."""
        return TextDecoder(self._read, record_bytes=record_bytes)

    def _read(self, line: str) -> tuple[R | RecordError, tuple[Unparsed, ...]]:
        layout = self.of(line)
        if layout is None:
            return record_error("columns", "the line is of none of the kinds that are known", line.encode()), ()
        return layout.read(line)
