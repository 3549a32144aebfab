"""
Entries of text with one value replaced.

Where a value stands in a text only the code that reads it knows. So each place where the value's characters stand is
tried, until the text is read back with the new value and with no other change.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from shipper.errors import RecordError
from shipper.formats import Entries

OWN_TEXT: Final = "text of the entry"
"""Name under which an entry's own text stands among its fields."""


class Text(Struct, frozen=True):
    """The text of an entry, which is not one of its values."""

    raw: bytes


def declared(form: Entries[Any]) -> set[str]:
    """Give the fields of all kinds of entries that have documents."""
    return set(form.record.__struct_fields__)


def fields(form: Entries[Any], raw: bytes) -> dict[str, Any]:
    """Give the values of an entry, and its text."""
    record, _ = form.read(raw, form.number(raw))
    assert not isinstance(record, RecordError)
    return {**_values(record), OWN_TEXT: Text(raw)}


def written(form: Entries[Any], record: dict[str, Any]) -> bytes | None:
    """Give the text with the one value that was replaced; None where the text does not take the new value."""
    raw: bytes = record[OWN_TEXT].raw
    before = _values(form.read(raw, form.number(raw))[0])
    name = next(name for name, value in before.items() if record[name] != value)
    new = str(record[name])
    for found in _places(before[name], raw):
        text = raw[: found.start()] + new.encode() + raw[found.end() :]
        after, unparsed = form.read(text, form.number(text))
        if isinstance(after, RecordError) or unparsed:
            continue
        values = _values(after)
        if str(values.pop(name, "")) == new and values == {one: before[one] for one in before if one != name}:
            return text
    return None


def _places(value: Any, raw: bytes) -> Iterator[re.Match[bytes]]:
    """Give the places where a value may stand; a number with a fraction may be written in several ways."""
    if isinstance(value, float):
        return (found for found in re.finditer(rb"\d+\.\d+", raw) if float(found[0]) == value)
    return re.finditer(re.escape(str(value).encode()), raw)


def _values(record: Any) -> dict[str, Any]:
    names = [name for name in record.__struct_fields__ if name != "around"]
    return {name: value for name in names if (value := getattr(record, name)) not in (None, "")}
