"""What must be true of every document whatever its source: ECS 9.4 and our own conventions (`mappings/ecs.csv`)."""

import csv
import ipaddress
import typing
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from types import UnionType
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Raw, Struct

from shipper import ecs

FIELDS: Final = Path(__file__).parent.parent / "mappings" / "ecs.csv"

KINDS: Final = frozenset({"alert", "asset", "enrichment", "event", "metric", "pipeline_error", "signal", "state"})
OUTCOMES: Final = frozenset({"failure", "success", "unknown"})
TYPES_BY_CATEGORY: Final = {
    "api": "access admin allowed change creation deletion denied end info start user",
    "authentication": "end info start",
    "configuration": "access change creation deletion info",
    "database": "access change error info",
    "driver": "change end start",
    "email": "info",
    "file": "access change creation deletion info",
    "host": "access change end info start",
    "iam": "admin change creation deletion group info user",
    "intrusion_detection": "allowed denied info",
    "library": "start",
    "malware": "info",
    "network": "access allowed connection denied end info protocol start",
    "package": "access change deletion info installation start",
    "process": "access change end info start",
    "registry": "access change creation deletion",
    "session": "end info start",
    "threat": "indicator",
    "vulnerability": "info",
    "web": "access error info",
}
"""https://www.elastic.co/docs/reference/ecs/ecs-allowed-values-event-category."""

ALWAYS: Final = (
    "@timestamp",
    "aws.s3.bucket.name",
    "aws.s3.object.key",
    "aws.s3.object.offset",
    "cloud.provider",
    "data_stream.dataset",
    "data_stream.namespace",
    "data_stream.type",
    "ecs.version",
    "event.dataset",
    "event.ingested",
    "event.kind",
    "event.module",
    "event.type",
    "shipper.lag_seconds",
)
"""Fields that every document has."""

OWN: Final = ("aws.", "shipper.")
"""Where fields may stand that ECS does not have."""


class Judged(NamedTuple):
    """The paths of all values of a part of a document, without list indexes, and what is wrong with them."""

    paths: frozenset[str]
    faults: tuple[str, ...]


def faults(body: bytes, document: type[ecs.Document]) -> list[str]:
    """Say everything that is wrong with a document, given as its line in a bulk request."""
    if b"\n" in body:
        return ["the document is not one line"]
    event = msgspec.json.decode(_MEMBERS.decode(body)["event"])
    vendor = event["dataset"].partition(".")[0]
    whole = _judged(body, document, "", (document, vendor), repeated=False)
    missing = [f"{path} is missing" for path in ALWAYS if path not in whole.paths]
    return [*whole.faults, *missing, *_category_faults(event)]


_MEMBERS: Final = msgspec.json.Decoder(dict[str, Raw])
_ELEMENTS: Final = msgspec.json.Decoder(list[Raw])


@lru_cache(maxsize=1 << 12)
def _judged(raw: bytes, kind: Any, path: str, whose: tuple[type[ecs.Document], str], *, repeated: bool) -> Judged:
    """
    Walk a document along the Structs that declare it.

    Documents that are judged one after the other are of variants of one record, so most of their members are written
    alike and judged once.

    Args:
        raw: what is written there
        kind: declared type
        path: of the place
        whose: type of the whole document, and the vendor of its log
        repeated: whether there was a list on the way
    """
    if kind is ecs.Flat:
        value = msgspec.json.decode(raw)
        objects = value if isinstance(value, list) else [value]
        fits = objects and all(isinstance(one, dict) and one for one in objects)
        return Judged(frozenset(), () if fits else (f"{path} is no object with members",))
    if raw[:1] == b"{" and _has_members(kind):
        return _object(_MEMBERS.decode(raw), _fields(kind), path, whose, repeated=repeated)
    if raw[:1] == b"[":
        # In a list of objects that ECS has itself, such as `dns.answers`, a field has one value in each object.
        repeated = ecs_fields().get(path) != ("object", True)
        elements = [_judged(bytes(one), kind, path, whose, repeated=repeated) for one in _ELEMENTS.decode(raw)]
        return _together(elements, () if elements else (f"{path} is empty",))
    value = msgspec.json.decode(raw)
    return Judged(frozenset((path,)), tuple(_leaf_faults(path, value, kind, whose, repeated=repeated)))


def _object(
    members: dict[str, Raw],
    declared: dict[str, Any],
    path: str,
    whose: tuple[type[ecs.Document], str],
    *,
    repeated: bool,
) -> Judged:
    faults = [] if members else [f"{path or 'the document'} is empty"]
    parts = []
    for name, member in members.items():
        below = f"{path}.{name}" if path else name
        if name in declared:
            parts.append(_judged(bytes(member), declared[name], below, whose, repeated=repeated))
        else:
            faults.append(f"{below} is not declared")
    return _together(parts, faults)


def _together(parts: list[Judged], faults: Iterable[str]) -> Judged:
    paths = frozenset().union(*(part.paths for part in parts))
    return Judged(paths, (*faults, *(fault for part in parts for fault in part.faults)))


def _has_members(kind: Any) -> bool:
    """Tell whether the members of a Struct are fields: a place on Earth is one value."""
    return isinstance(kind, type) and issubclass(kind, Struct) and kind is not ecs.GeoPoint


def _value_type(kind: Any) -> Any:
    """Give the type of one value of a field: without its `None`, and without the tuple around it."""
    if typing.get_origin(kind) in (UnionType, typing.Union):
        kind = next(one for one in typing.get_args(kind) if one is not type(None))
    return typing.get_args(kind)[0] if typing.get_origin(kind) is tuple else kind


@cache
def _fields(struct: type[Struct]) -> dict[str, Any]:
    hints = typing.get_type_hints(struct)
    return {field.encode_name: _value_type(hints[field.name]) for field in msgspec.structs.fields(struct)}


@cache
def string_forms(struct: type[Struct]) -> frozenset[str]:
    """Paths of the fields whose object form stands beside them under `flattened`."""
    return frozenset(path.replace(".flattened.", ".") for path in _flat_paths(struct) if ".flattened." in path)


def _flat_paths(struct: type[Struct]) -> Iterator[str]:
    for name, kind in _fields(struct).items():
        if kind is ecs.Flat:
            yield name
        elif isinstance(kind, type) and issubclass(kind, Struct):
            yield from (f"{name}.{path}" for path in _flat_paths(kind))


@cache
def ecs_fields() -> dict[str, tuple[str, bool]]:
    """Type of each field of ECS, and whether its values are lists."""
    with FIELDS.open(newline="") as file:
        return {row["Field"]: (row["Type"], "array" in row["Normalization"]) for row in csv.DictReader(file)}


def _leaf_faults(
    path: str, value: Any, declared: Any, whose: tuple[type[ecs.Document], str], *, repeated: bool
) -> Iterator[str]:
    document, vendor = whose
    if not _fits(value, KINDS_OF_FIELDS.get(declared, "keyword")):
        yield f"{path} is not as declared ({declared}): {value!r}"
    if path in ecs_fields():
        kind, is_list = ecs_fields()[path]
        if is_list != repeated:
            yield f"{path} is {'' if repeated else 'not '}a list"
        if not _fits(value, kind):
            yield f"{path} is no {kind}: {value!r}"
    elif not path.startswith((*OWN, f"{vendor}.")):
        yield f"{path} is no field of ECS {ecs.VERSION}"
    # The string form of a free-form part is whatever AWS wrote.
    if value in (None, "", "-") and path not in string_forms(document):
        yield f"{path} has no value: {value!r}"


KINDS_OF_FIELDS: Final = {
    int: "long",
    float: "float",
    bool: "boolean",
    datetime: "date",
    ecs.Ip: "ip",
    ecs.Int: "long",
    ecs.GeoPoint: "geo_point",
}
"""The type that ECS would have for a declared type, unless it is a keyword."""


def _fits(value: Any, kind: str) -> bool:
    match kind:
        case "keyword" | "constant_keyword" | "wildcard" | "match_only_text":
            fits = isinstance(value, str)
        case "long" | "integer":
            fits = type(value) is int and -(2**63) <= value < 2**63
        case "float" | "double" | "scaled_float":
            fits = type(value) in (int, float)
        case "boolean":
            fits = isinstance(value, bool)
        case "date":
            fits = isinstance(value, str) and _is_time(value)
        case "geo_point":
            fits = isinstance(value, dict) and abs(value["lat"]) <= 90 and abs(value["lon"]) <= 180
        case "ip":
            fits = isinstance(value, str) and _is_ip(value)
        case _:
            fits = False
    return fits


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _category_faults(event: dict[str, Any]) -> Iterator[str]:
    if event.get("kind") not in KINDS:
        yield f"event.kind is {event.get('kind')!r}"
    if event.get("outcome", "unknown") not in OUTCOMES:
        yield f"event.outcome is {event['outcome']!r}"
    categories = event.get("category", [])
    for category in set(categories) - set(TYPES_BY_CATEGORY):
        yield f"event.category is {category!r}"
    chosen = [category for category in categories if category in TYPES_BY_CATEGORY] or TYPES_BY_CATEGORY
    allowed = {kind for category in chosen for kind in TYPES_BY_CATEGORY[category].split()}
    for kind in set(event.get("type", [])) - allowed:
        yield f"event.type {kind!r} does not belong to event.category {categories}"
