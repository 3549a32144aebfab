"""
Decoding a record although some of its values have a type that nobody declared.

AWS changes types without notice. A record is worth more than the one field that changed: that field is set aside as
text, everything else is decoded as declared.
"""

import re
from typing import Any, TypeVar

import msgspec

from shipper.formats.record import Unparsed

R = TypeVar("R")

MOST_REPAIRS = 32
"""Values set aside in one record before it is given up: a record with more is of another kind altogether."""

# msgspec says where: "Expected `int`, got `str` - at `$.user.ids[2].name`"; `[...]` stands for any key of a mapping.
_PLACE = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.(?P<key>[^.\[\]]+)|\[(?P<index>\d+)\]|\[\.\.\.\]")


def repair(value: Any, type_: type[R]) -> tuple[R, tuple[Unparsed, ...]]:
    """
    Decode a JSON value once more, setting aside the values that do not fit.

    Args:
        value: objects, lists and scalars as decoded without a type; changed in place
        type_: the Struct wanted

    Returns:
        The record, and what was set aside from it.

    Raises:
        msgspec.ValidationError: a required field is missing, or too much does not fit.
    """
    unparsed: list[Unparsed] = []
    while True:
        try:
            return msgspec.json.decode(msgspec.json.encode(value), type=type_, strict=False), tuple(unparsed)
        except msgspec.ValidationError as error:
            place = _PLACE.search(str(error))
            if place is None or len(unparsed) == MOST_REPAIRS:
                raise
            taken = _take(value, place["path"])
            if taken is None:
                raise
            unparsed.append(taken)


def _take(value: Any, path: str) -> Unparsed | None:
    """Remove the innermost named value on this path from the object that holds it."""
    holder: dict[str, Any] | None = None
    name = field = ""
    for step in _STEP.finditer(path):
        if step["key"] is not None and isinstance(value, dict) and step["key"] in value:
            holder, name, field = value, step["key"], path[1 : step.end()]
            value = value[name]
        elif step["index"] is not None and isinstance(value, list):
            value = value[int(step["index"])]
        else:
            break
    if holder is None:
        return None
    taken = holder.pop(name)
    return Unparsed(field, taken if isinstance(taken, str) else msgspec.json.encode(taken).decode())
