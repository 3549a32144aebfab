"""
Decoding a record although some of its values have a type that nobody declared.

AWS changes types without notice. A record is worth more than the one field that changed: that field is set aside as
text, everything else is decoded as declared.
"""

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from shipper.formats.record import Unparsed

R = TypeVar("R")

MOST_REPAIRS: Final = 32
"""Values set aside in one record before it is given up: a record with more is of another kind altogether."""

FIELDS_TOLD: Final = 4
"""Fields that the error of a record names which could not be repaired."""

# msgspec says where: "Expected `int`, got `str` - at `$.user.ids[2].name`"; `[...]` stands for any key of a mapping.
_PLACE: Final = re.compile(r" - at (?:`key` in )?`\$(?P<path>.*)`$", re.DOTALL)
_INDEX: Final = re.compile(r"\[(\d+)\]")


def repair(piece: bytes, decode: Callable[[bytes], R]) -> tuple[R, tuple[Unparsed, ...]]:
    """
    Decode a record once more, setting aside the values that do not fit.

    Args:
        piece: the record, which is JSON
        decode: decodes a record, and raises `msgspec.ValidationError` for the first value that does not fit

    Returns:
        The record, and what was set aside from it.

    Raises:
        msgspec.ValidationError: a required field is missing, or too much does not fit
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: a part that `decode` passes over is not JSON
    """
    value = msgspec.json.decode(piece)
    unparsed: list[Unparsed] = []
    while True:
        try:
            return decode(msgspec.json.encode(value)), tuple(unparsed)
        except msgspec.ValidationError as error:
            place = _PLACE.search(str(error))
            taken = _take(value, place["path"]) if place and len(unparsed) < MOST_REPAIRS else None
            if taken is None:
                fields = ", ".join([one.field for one in unparsed[:FIELDS_TOLD]])
                raise msgspec.ValidationError(f"{error}{fields and ', and does not fit: '}{fields}") from error
            unparsed.append(taken)


def _take(value: Any, path: str) -> Unparsed | None:
    """Remove the innermost named value on this path from the object that holds it."""
    holder: dict[str, Any] | None = None
    name = ""
    at = named = 0
    while at < len(path):
        if isinstance(value, dict) and (key := _key(value, path, at)) is not None:
            holder, name, value = value, key, value[key]
            at = named = at + 1 + len(key)
        elif isinstance(value, list) and (index := _INDEX.match(path, at)):
            value = value[int(index[1])]
            at = index.end()
        else:  # a value in a mapping whose key is not told
            break
    if holder is None:
        return None
    taken = holder.pop(name)
    return Unparsed(path[1:named], taken if isinstance(taken, str) else msgspec.json.encode(taken).decode())


def _key(value: dict[str, Any], path: str, at: int) -> str | None:
    """Tell which member the path goes on with; a key may itself hold a dot or a bracket."""
    keys = [key for key in value if path.startswith(f".{key}", at) and path[at + 1 + len(key) :][:1] in ("", ".", "[")]
    return max(keys, key=len, default=None)
