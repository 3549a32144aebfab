"""
JSON of free form inside a record, such as CloudTrail's request parameters, in the two forms that documents carry.

The same path holds an object in one record and a string in the next, so free-form parts never become mapped fields. They
are written as one flat object (`flat_object` in OpenSearch, `flattened` in Elasticsearch) and as one string,
`{key=value, list=[a, b]}`, which published detection rules match with wildcards.

Both are taken from the JSON text as it stands where a look at the bytes shows that this is safe; decoding and encoding it
again costs five times as much.
"""

from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from shipper.ecs import Flat

LEAF_BYTES: Final = 32_000
"""
Longest value in a flat object. Lucene refuses a term of more than 32,766 bytes, the path of the value included, and with it
the whole document.
"""

PATH_BYTES: Final = 512
"""Longest path of a value in a flat object; what lies deeper or under a longer name stands there as JSON text."""

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


_NOTHING = Freeform()


def read(raw: Raw) -> Freeform:
    """
    Give a free-form part in both forms.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: the part is not JSON after all: the record's decoder does not look inside
    """
    data = bytes(raw)
    if data in (b"", b"null"):
        return _NOTHING
    if data.isascii() and len(data) <= LEAF_BYTES and data.startswith(b"{"):
        text = data.decode()
        # Printable ASCII has no line feed, which would end a line of the bulk body, and no control character.
        if text.isprintable() and "\\" not in text:
            if '""' not in text and "null" not in text and "{}" not in text and "[]" not in text:
                return Freeform(Flat(raw), _glued(text))
            return Freeform(Flat(raw), _spelled(msgspec.json.decode(data), TEXT_DEPTH) or None)
    return _decoded(msgspec.json.decode(data))


def _glued(text: str) -> str:
    """
    Rewrite JSON text as the string form without decoding it.

    Without a backslash every quote begins or ends a string, so each second part between quotes is a string, and the
    others are the glue of a few dozen kinds.
    """
    parts = text.split('"')
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
    if value is None or value == {} or value == []:
        return _NOTHING
    text = _spelled(value, TEXT_DEPTH) or None
    holder = value if isinstance(value, dict) else {"value": value}
    flat, cut = _fitted(holder, 0)
    return Freeform(Flat(Raw(msgspec.json.encode(flat))), text, cut)


def _fitted(value: Any, path: int) -> tuple[Any, bool]:
    """Give a value whose leaves are short enough, `path` bytes below the root, and whether any of them was cut."""
    if isinstance(value, dict) and any(path + len(key.encode()) > PATH_BYTES for key in value):
        value = msgspec.json.encode(value).decode()
    if isinstance(value, dict):
        members = {key: _fitted(member, path + len(key.encode()) + 1) for key, member in value.items()}
        return {key: member for key, (member, _) in members.items()}, any(cut for _, cut in members.values())
    if isinstance(value, list):
        items = [_fitted(member, path) for member in value]
        return [item for item, _ in items], any(cut for _, cut in items)
    if isinstance(value, str) and len(value) > LEAF_BYTES // 4:
        encoded = value.encode()
        if len(encoded) > LEAF_BYTES:
            return encoded[:LEAF_BYTES].decode(errors="ignore"), True
    return value, False


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
