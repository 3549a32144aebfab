"""
What AWS writes and nobody declares: new fields, by name, so that they are seen before they are missed.

A few records of each object are compared with the Structs of their source: the first, and ever fewer of those behind
it. All names are of somebody else's making: they are escaped, cut, and bounded in number.
"""

from collections.abc import Container, Iterator
from typing import Any, Final

import msgspec

from shipper.declaration import ANY, Names
from shipper.envelopes import EnvelopedDecoder
from shipper.envelopes.unwrapping import UnwrappingDecoder
from shipper.errors import RecordError
from shipper.formats import Decoder
from shipper.formats.magic import MagicDecoder
from shipper.formats.record import Tabular

MOST_NAMES: Final = 20
"""Names that are kept of one object."""

NAME_CHARS: Final = 100
"""A longer name is cut."""

OTHER: Final = "other"
"""Stands for all names beyond the most that are kept."""


class Watch:
    """
    Looks for undeclared fields in the records of one object.

    Args:
        names: that the source declares
        dropped: paths that it knows of, and leaves out
        first: position of the first record

    Attributes:
        fields: those that were seen, `answers[].Ttl`; of a line of columns without names `column_28`
    """

    def __init__(self, names: Names | None, dropped: Container[str] = (), first: int = 0) -> None:
        self.fields: set[str] = set()
        self._names = names
        self._dropped = dropped
        self._next = first
        self._gap = 15

    def look(self, decoder: Decoder[Any], records: list[Any], first: int) -> None:
        """
        Look at some of the records that a decoder answered last.

        Args:
            decoder: can still give their originals
            records: all of them
            first: position of the first
        """
        while self._next < first + len(records):
            index = self._next - first
            self._next, self._gap = self._next + self._gap, self._gap * 4
            if records[index] is not None and type(records[index]) is not RecordError:
                self._note(_undeclared(decoder, index, self._names))

    def _note(self, fields: Iterator[str]) -> None:
        for field in fields:
            if field in self._dropped:
                continue
            name = ascii(field)[1:-1][:NAME_CHARS]
            self.fields.add(name if len(self.fields) < MOST_NAMES - 1 or name in self.fields else OTHER)


def _undeclared(decoder: Decoder[Any], index: int, names: Names | None) -> Iterator[str]:
    """Give the fields of one record that are not declared."""
    while isinstance(decoder, EnvelopedDecoder | MagicDecoder):
        decoder = decoder.chosen
    if isinstance(decoder, Tabular):
        yield from decoder.undeclared
        return
    original = decoder.message(index) if isinstance(decoder, UnwrappingDecoder) else decoder.original(index)
    if original.lstrip().startswith(b"{"):
        try:
            record = msgspec.json.decode(original)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # in a part that its source passes over
            return
        yield from unknown(record, names)
    elif names is not None:
        yield from (one.field for one in decoder.unparsed(index) if one.field not in names)


def unknown(value: Any, names: Names | None, path: str = "") -> Iterator[str]:
    """
    Give the paths of the members that are not declared.

    Args:
        value: decoded JSON
        names: what is declared for it
        path: of the value
    """
    if names is None:
        return
    if isinstance(value, list):
        for item in value:
            yield from unknown(item, names, f"{path}[]")
    elif isinstance(value, dict):
        for name, member in value.items():
            key = ANY if ANY in names else name
            if key in names:
                yield from unknown(member, names[key], f"{path}.{key}")
            else:
                yield f"{path}.{name}".removeprefix(".")
