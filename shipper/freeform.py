"""
JSON of free form inside a record, such as CloudTrail's request parameters, in the two forms that documents carry.

The same path holds an object in one record and a string in the next, so free-form parts never become mapped fields.
They are written as one flat object (`flat_object` in OpenSearch, `flattened` in Elasticsearch) and as one string,
`{key=value, list=[a, b]}`, which published detection rules match with wildcards.

A part is decoded into a type that admits only what both forms can be written from in C; what does not fit that type is
written in Python. Encoding the value again, and not copying its bytes, leaves out what OpenSearch refuses: line feeds
between tokens, members that are there twice.
"""

import json.encoder
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final, Union, cast

import msgspec
from msgspec import Meta, Raw, Struct

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
        members: of an object, decoded; those without a value may be left out
    """

    flat: Flat | None = None
    text: str | None = None
    cut: bool = False
    members: dict[str, Any] | None = None


NOTHING: Final = Freeform()
"""A part that is not there."""


_USUAL_DEPTH: Final = 10
"""Levels of nesting that are told by a type; with each more, a decoder takes twice the time to be made."""


def _object(scalar: Any, *, fewest: int) -> Any:
    """
    Give the type of an object that is not deep.

    Args:
        scalar: type of the values that are neither objects nor arrays
        fewest: least number of members or items
    """
    some = Meta(min_length=fewest)
    value: Any = scalar
    for _ in range(_USUAL_DEPTH - 1):
        value = Union[scalar, Annotated[dict[str, value], some], Annotated[list[value], some]]  # noqa: UP007 -- a value
    return Annotated[dict[str, value], some]


_FILLED: Final = Annotated[str, Meta(min_length=1)]
_INTEGER: Final = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]

# Decoding into a type takes no longer than decoding into anything, so a type is the cheapest way to look for what needs
# care. Numbers with a fraction do, because Python spells some of them in another way, and integers that may be long.
_decode_full: Final = msgspec.json.Decoder(_object(_FILLED | _INTEGER | bool, fewest=1) | None).decode
_decode_usual: Final = msgspec.json.Decoder(_object(str | _INTEGER | bool | None, fewest=0)).decode
_decode_any: Final = msgspec.json.Decoder(float_hook=Raw).decode
_encode: Final = msgspec.json.Encoder().encode
_flat: Final = cast("Callable[[bytes], Flat]", Raw)


def _speller() -> Callable[[Any, int], Iterable[str]]:
    """
    Give what writes the string form of an object in which nothing is empty, as pieces.

    The encoder of the standard library does it, given other separators and no quotes: it takes a fifth of the time of
    the same in Python. Its C function is not documented, so where it is missing we do without it.
    """
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _spelled_in_python
    no_quotes = str
    speller: Callable[[Any, int], Iterable[str]] = make(None, None, no_quotes, None, "=", ", ", False, False, True)
    return speller


def _spelled_in_python(value: Any, _level: int) -> Iterable[str]:
    return (_spelled(value, TEXT_DEPTH),)


def read(raw: Raw) -> Freeform:
    """
    Give a free-form part in both forms.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: it is not JSON after all; the record's decoder does not look inside
    """
    if not raw:
        return NOTHING
    try:
        value = _decode_full(raw)
    except msgspec.ValidationError:
        return _read_with_gaps(raw)
    if value is None:
        return NOTHING
    flat = _encode(value)
    if len(flat) > LEAF_BYTES:
        return _decoded(value)
    return Freeform(_flat(flat), "".join(_spell(value, 0)), False, value)


def flat(raw: Raw) -> tuple[Flat | None, bool]:
    """
    Give a free-form part as a flat object alone, which is half of the work, without whatever has no value in it.

    Returns:
        The object, if there is anything in it, and whether a value was too long for it.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: it is not JSON after all
    """
    if not raw:
        return None, False
    try:
        value = _decode_full(raw)
    except msgspec.ValidationError:
        value = _decode_any(raw)
        if isinstance(value, dict | list):
            _drop_empty(value)
        both = _decoded(value)
        return both.flat, both.cut
    if value is None:
        return None, False
    body = _encode(value)
    if len(body) <= LEAF_BYTES:
        return _flat(body), False
    both = _decoded(value)
    return both.flat, both.cut


def _read_with_gaps(raw: Raw) -> Freeform:
    """Give both forms of a part in which something is empty, or that is unusual in another way."""
    try:
        value = _decode_usual(raw)
    except msgspec.ValidationError:
        return _decoded(_decode_any(raw))
    if not value:
        return NOTHING
    flat = _encode(value)
    if len(flat) > LEAF_BYTES:
        return _decoded(value)
    _drop_empty(value)
    return Freeform(_flat(flat), "".join(_spell(value, 0)) if value else None, False, value)


def _drop_empty(value: Any) -> None:
    """Take out of an object or array, and of all in it, what has no value."""
    empty = []
    for name, member in value.items() if type(value) is dict else enumerate(value):
        if member:
            if type(member) is not dict and type(member) is not list:
                continue
            _drop_empty(member)
            if member:
                continue
        elif type(member) is int or type(member) is bool:
            continue
        empty.append(name)
    for name in reversed(empty):
        del value[name]


def _decoded(value: Any) -> Freeform:
    """Give both forms of a decoded part, cutting what the flat form cannot hold."""
    if value in (None, "", {}, []):
        return NOTHING
    text = _spelled(value, TEXT_DEPTH) or None
    flat, cut = _fitted(value, 0, FLAT_DEPTH)
    members = value if isinstance(value, dict) else None
    return Freeform(_flat(_encode(flat if isinstance(flat, dict) else {"value": flat})), text, cut, members)


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
    if isinstance(value, Raw) and len(bytes(value)) > NUMBER_DIGITS:  # a number with a fraction
        return bytes(value).decode(), False
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


_spell: Final = _speller()
