"""
JSON of free form inside a record, such as CloudTrail's request parameters, in the two forms that documents carry.

The same path holds an object in one record and a string in the next, so free-form parts never become mapped fields.
They are written as one flat object (`flat_object` in OpenSearch, `flattened` in Elasticsearch) and as one string,
`{key=value, list=[a, b]}`, which published detection rules match with wildcards.

Both are taken from the JSON text as it stands where a look at the bytes shows that this is safe; decoding and encoding
it again costs five times as much.
"""

from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from shipper.ecs import Flat

LEAF_BYTES: Final = 32_000
"""
Longest value in a flat object. Lucene refuses a term of more than 32,766 bytes, the path of the value included, and
with it the whole document.
"""

PATH_BYTES: Final = 512
"""Longest path of a value in a flat object; what lies deeper or under a longer name stands there as JSON text."""

FLAT_DEPTH: Final = 20
"""
Levels of nesting in a flat object; what lies deeper stands there as JSON text. Elasticsearch refuses more by default,
and OpenSearch 3.6 reads a `flat_object` by recursion: some hundred levels end the whole node with a stack overflow.
"""

NUMBER_DIGITS: Final = 1_000
"""Longest number that OpenSearch reads; a longer one stands in a flat object as text."""

TEXT_DEPTH: Final = 100
"""Levels of nesting that the string form spells out; what lies deeper stands there as JSON text."""


class Freeform(Struct, frozen=True, gc=False):
    """
    A free-form part in both forms.

    Attributes:
        flat: as a flat object; None when there is nothing in it
        text: as a string; members without a value (`null`, `""`, `{}`, `[]`) are left out
        cut: whether a value was too long for the flat form; the string form has it whole
    """

    flat: Flat | None = None
    text: str | None = None
    cut: bool = False


_NOTHING: Final = Freeform()
_BRACES: Final = b"{} \t\r\n"


def read(raw: Raw) -> Freeform:
    """
    Give a free-form part in both forms.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: it is not JSON after all; the record's decoder does not look inside
    """
    if not raw:
        return _NOTHING
    data = bytes(raw)
    if data == b"null" or not data.strip(_BRACES):
        return _NOTHING
    if data.isascii() and len(data) <= LEAF_BYTES and data.startswith(b"{"):
        text = data.decode()
        # Printable ASCII has no line feed, which would end a line of the bulk body, and no control character.
        if text.isprintable() and "\\" not in text:
            return _printed(raw, text)
    return _decoded(msgspec.json.decode(data))


def _printed(raw: Raw, text: str) -> Freeform:
    """Give both forms of an object whose text is so plain that a quote can only begin or end a string."""
    if '""' in text or "null" in text or "{}" in text or "[]" in text:
        return _decoded(msgspec.json.decode(raw))
    parts = text.split('"')
    if _needs_fitting(text, parts):
        return _decoded(msgspec.json.decode(raw))
    return Freeform(Flat(raw), _glued(parts))


def _needs_fitting(text: str, parts: list[str]) -> bool:
    """Tell whether OpenSearch would refuse the object as it stands."""
    if _repeats_a_name(parts):
        return True
    if len(text) > NUMBER_DIGITS and any(len(glue) > NUMBER_DIGITS for glue in parts[::2]):
        return True
    return text.count("{") + text.count("[") > FLAT_DEPTH and _depth(parts) > FLAT_DEPTH


def _depth(parts: list[str]) -> int:
    """Count the levels of nesting of JSON text that is split at its quotes."""
    depth = deepest = 0
    for glue in parts[::2]:
        for char in glue:
            if char in "{[":
                depth += 1
                deepest = max(deepest, depth)
            elif char in "}]":
                depth -= 1
    return deepest


def _repeats_a_name(parts: list[str]) -> bool:
    """Tell whether a member may be there twice; OpenSearch refuses such an object, a decoder keeps the last."""
    strings = parts[1::2]
    if len(set(strings)) == len(strings):
        return False
    names = [string for string, glue in zip(strings, parts[2::2], strict=True) if glue.lstrip().startswith(":")]
    return len(set(names)) < len(names)


def _flat(value: Any) -> Flat:
    return Flat(Raw(msgspec.json.encode(value)))


def _glued(parts: list[str]) -> str:
    """
    Rewrite JSON text, split at its quotes, as the string form without decoding it.

    Each second part is a string, and the others are the glue of a few dozen kinds.
    """
    parts[::2] = [_GLUE.get(part) or _glue(part) for part in parts[::2]]
    return "".join(parts)


@lru_cache(maxsize=1024)
def _glue(part: str) -> str:
    return part.replace(" ", "").replace(":", "=").replace(",", ", ")


_GLUE: Final = {
    part: _glue(part)
    for part in (*"{}[]:,", ":{", ":[", "},", "],", "}]", "]}", "}}", "},{", "}]}", "[{", ":[{", "]},", "}},")
}


def _decoded(value: Any) -> Freeform:
    """Give both forms of a decoded part, cutting what the flat form cannot hold."""
    if value in (None, "", {}, []):
        return _NOTHING
    text = _spelled(value, TEXT_DEPTH) or None
    flat, cut = _fitted(value, 0, FLAT_DEPTH)
    return Freeform(_flat(flat if isinstance(flat, dict) else {"value": flat}), text, cut)


def _fitted(value: Any, path: int, depth: int) -> tuple[Any, bool]:
    """
    Give a value as a flat object can hold it, and whether anything was cut from it.

    Args:
        value: decoded
        path: bytes of its path
        depth: levels that it may have
    """
    if isinstance(value, dict | list) and (depth == 0 or (isinstance(value, dict) and _is_long_named(value, path))):
        value = msgspec.json.encode(value).decode()
    if isinstance(value, dict):
        members = {key: _fitted(member, path + len(key.encode()) + 1, depth - 1) for key, member in value.items()}
        return {key: member for key, (member, _) in members.items()}, any(cut for _, cut in members.values())
    if isinstance(value, list):
        items = [_fitted(member, path, depth - 1) for member in value]
        return [item for item, _ in items], any(cut for _, cut in items)
    if isinstance(value, str) and len(value) > LEAF_BYTES // 4:
        encoded = value.encode()
        if len(encoded) > LEAF_BYTES:
            return encoded[:LEAF_BYTES].decode(errors="ignore"), True
    if isinstance(value, int) and abs(value) >= 10**NUMBER_DIGITS:
        return str(value), False
    return value, False


def _is_long_named(value: dict[str, Any], path: int) -> bool:
    return any(path + len(key.encode()) > PATH_BYTES for key in value)


def _spelled(value: Any, depth: int) -> str:
    """Write a decoded value in the string form; an empty string when there is nothing in it."""
    if isinstance(value, str):
        return value
    if depth == 0 and isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    if isinstance(value, dict):
        members = [(key, _spelled(member, depth - 1)) for key, member in value.items()]
        inner = ", ".join([f"{key}={member}" for key, member in members if member])
        return inner and "{" + inner + "}"
    if isinstance(value, list):
        inner = ", ".join([member for item in value if (member := _spelled(item, depth - 1))])
        return inner and "[" + inner + "]"
    return "" if value is None else msgspec.json.encode(value).decode()
