"""
What OpenSearch and Elasticsearch say when they refuse a document: which field, and which of its values.

The texts are no interface and stand in no documentation. Each pattern was seen, in the answers of OpenSearch 3.6.0 and
2.19.4 and Elasticsearch 8.17.4, which puts line and column before its texts; the comments say where one of them has a
text of its own. What was seen but tells no field (too many fields, too many nested documents, a value refused by a
`copy_to` of its field) and what was never seen gives no refusal, and the document is a dead letter.

A reason quotes values of the document, so a pattern must match from the beginning, where the server itself speaks.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

TERM_BYTES: Final = 32_766
"""Longest term that Lucene takes; https://docs.opensearch.org/latest/mappings/supported-field-types/keyword/."""


class Spot(NamedTuple):
    """
    Where a value stands in a document.

    Attributes:
        path: names from the root, joined by dots; arrays have none
        objects: how many it lies in
        arrays: how many it lies in without an object between
    """

    path: str = ""
    objects: int = 0
    arrays: int = 0


Judge = Callable[[bytes, Spot], bool]
"""Tells of a value, as JSON, whether it is what is refused."""


class Refusal(Struct, frozen=True, kw_only=True):
    """
    What is wrong with a document.

    Attributes:
        field: path of the field as the mapping has it; empty when the reason tells none, and all fields are judged
        is_bad: judges each value of the field
        below: whether the values below it are judged too
    """

    field: str
    is_bad: Judge
    below: bool = False


def read(reason: str) -> Refusal | None:
    """
    Find out from a reason what is refused.

    Args:
        reason: see `shipper.bulk.Item`; may be cut off anywhere

    Returns:
        The refusal, or None when the text is unknown or does not tell.
    """
    for pattern, refusal in _KNOWN:
        if told := pattern.match(reason):
            return refusal(told)
    return None


def anything(_value: bytes, _at: Spot) -> bool:
    """Judge that the whole value has to go."""
    return True


def is_object(value: bytes) -> bool:
    """Tell whether a value is an object."""
    return value.startswith(b"{")


def text(value: bytes) -> str:
    """Give a string as it is, anything else as JSON."""
    return msgspec.json.decode(value, type=str) if value.startswith(b'"') else value.decode()


# -- what the texts mean ----------------------------------------------------------------------------------------------


def _shown(told: re.Match[str]) -> Refusal:
    """A value that the field's type cannot take; most types show it, `geo_point` does not."""
    shown = told["shown"]
    if shown is None:
        return _whole(told)

    def is_bad(value: bytes, _at: Spot) -> bool:
        if value == b"null" or value.startswith(b"["):
            return False
        if is_object(value):  # written the Java way, {a=1}
            return shown.startswith("{")
        written = text(value)
        return shown == f"{written}'" or shown.startswith(f"{written}'; ") or written.startswith(shown)

    return Refusal(field=told["field"], is_bad=is_bad)


def _no_object(told: re.Match[str]) -> Refusal:
    """A string, number or boolean where the mapping has an object; an array may hold objects and others."""

    def is_bad(value: bytes, _at: Spot) -> bool:
        return value[:1] not in b"{[" and value != b"null"

    return Refusal(field=told["field"], is_bad=is_bad)


def _too_long(told: re.Match[str]) -> Refusal:
    """A string that is longer than a term may be."""

    def is_bad(value: bytes, _at: Spot) -> bool:
        return value.startswith(b'"') and len(text(value).encode()) > TERM_BYTES

    return Refusal(field=told["field"], is_bad=is_bad)


def _too_long_in_flat_object(told: re.Match[str]) -> Refusal:
    """A value of a flat object that together with its path, of which its term is made, is too long for one."""

    def is_bad(value: bytes, at: Spot) -> bool:
        return value[:1] not in b"{[" and len(f"{at.path}={text(value)}".encode()) > TERM_BYTES

    return Refusal(field=told["field"], is_bad=is_bad, below=True)


def _whole(told: re.Match[str]) -> Refusal:
    """A field that must not be there at all, or not as it is."""
    return Refusal(field=told["field"], is_bad=anything)


def _undeclared(told: re.Match[str]) -> Refusal:
    """A field that a strict mapping does not have."""
    within = "" if told["within"] == "_doc" else f"{told['within']}."
    return Refusal(field=within + told["name"], is_bad=anything)


def _long_name(told: re.Match[str]) -> Refusal:
    """A field whose name is too long; the reason does not say where."""
    name = told["name"]
    return Refusal(field="", is_bad=lambda _, at: at.path.endswith(f".{name}") or at.path == name, below=True)


def _deep_objects(told: re.Match[str]) -> Refusal:
    """Objects below more levels than are allowed; the root is no level."""
    limit = int(told["limit"])
    return Refusal(field="", is_bad=lambda value, at: is_object(value) and at.objects >= limit, below=True)


def _deep_arrays(told: re.Match[str]) -> Refusal:
    """Arrays in more arrays than are allowed."""
    limit = int(told["limit"])
    return Refusal(field="", is_bad=lambda value, at: value.startswith(b"[") and at.arrays >= limit, below=True)


_HEAD: Final = r"\w+: (?:\[\d+:\d+\] )?(?:failed to parse(?:; \w+)?: )?"
_IMMENSE: Final = r'Document contains at least one immense term in field="'


def _pattern(body: str) -> re.Pattern[str]:
    return re.compile(_HEAD + body, re.DOTALL)


_KNOWN: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Refusal]], ...]] = (
    (
        _pattern(
            r"failed to parse field \[(?P<field>.+?)\] of type \[\w+\](?: in document with id '.*?')?"
            r"(?:\. Preview of field's value: '(?P<shown>.*))?"
        ),
        _shown,
    ),
    (_pattern(r"object mapping for \[(?P<field>.+?)\] tried to parse field \[.*?\] as object"), _no_object),
    # OpenSearch makes three terms of each value of a flat object. Elasticsearch's `flattened` was not seen.
    (_pattern(_IMMENSE + r'(?P<field>.+?)\._(?:value|valueAndPath|path)" \(whose'), _too_long_in_flat_object),
    # Elasticsearch shows the value instead, as of any other that does not fit.
    (_pattern(_IMMENSE + r'(?P<field>.+?)" \(whose'), _too_long),
    (_pattern(r'DocValuesField "(?P<field>.+?)" is too large'), _too_long),
    (
        _pattern(r"mapping set to strict, dynamic introduction of \[(?P<name>.+?)\] within \[(?P<within>.+?)\] is not"),
        _undeclared,
    ),
    # The next two are for fields that are mapped as they come, of which one document has two kinds.
    (_pattern(r"mapper \[(?P<field>.+?)\] cannot be changed from type"), _whole),
    (_pattern(r"can't merge a non object mapping \[(?P<field>.+?)\] with an object mapping"), _whole),
    (_pattern(r"Cannot write to a field alias \[(?P<field>.+?)\]"), _whole),
    # Seen of OpenSearch alone, for a name with dots.
    (_pattern(r"Cannot add a value for field \[(?P<field>.+?)\] since one of the intermediate objects is"), _whole),
    (_pattern(r"Field name \[(?P<name>.+?)\] is longer than the limit of"), _long_name),
    # Of nesting, OpenSearch tells the limit, Elasticsearch the field; it has no limit for arrays.
    (_pattern(r"The depth of the field has exceeded the allowed limit of \[(?P<limit>\d+)\]"), _deep_objects),
    (
        _pattern(r"The depth of the nested array field has exceeded the allowed limit of \[(?P<limit>\d+)\]"),
        _deep_arrays,
    ),
    (_pattern(r"Limit of mapping depth \[\d+\] has been exceeded due to object field \[(?P<field>.+?)\]"), _whole),
)
