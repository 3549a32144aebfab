"""What must be true of every document whatever its source: ECS 9.4 and our own conventions (`mappings/ecs.csv`)."""

import csv
import ipaddress
import typing
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

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


class Leaf(NamedTuple):
    """One value of a document; `path` has no list indexes, `repeated` says that there was one."""

    path: str
    value: Any
    declared: Any
    repeated: bool


def faults(body: bytes, document: type[ecs.Document]) -> list[str]:
    """Say everything that is wrong with a document, given as its line in a bulk request."""
    if b"\n" in body:
        return ["the document is not one line"]
    value = msgspec.json.decode(body)
    found: list[str] = []
    leaves = list(_leaves(value, document, "", found))
    there = {leaf.path for leaf in leaves}
    found += [f"{path} is missing" for path in ALWAYS if path not in there]
    vendor = value["event"]["dataset"].partition(".")[0]
    for leaf in leaves:
        found += _leaf_faults(leaf, vendor)
        # The string form of a free-form part is whatever AWS wrote.
        if leaf.value in (None, "", "-") and leaf.path not in string_forms(document):
            found.append(f"{leaf.path} has no value: {leaf.value!r}")
    found += _category_faults(value["event"])
    return found


def _leaves(value: Any, kind: Any, path: str, found: list[str], *, repeated: bool = False) -> Iterator[Leaf]:
    """Walk a document along the Structs that declare it."""
    if kind is ecs.Flat:
        objects = value if isinstance(value, list) else [value]
        if not objects or not all(isinstance(one, dict) and one for one in objects):
            found.append(f"{path} is no object with members")
    elif isinstance(value, dict) and _has_members(kind):
        if not value:
            found.append(f"{path or 'the document'} is empty")
        declared = _fields(kind)
        for name, member in value.items():
            below = f"{path}.{name}" if path else name
            if name in declared:
                yield from _leaves(member, declared[name], below, found, repeated=repeated)
            else:
                found.append(f"{below} is not declared")
    elif isinstance(value, list):
        if not value:
            found.append(f"{path} is empty")
        # In a list of objects that ECS has itself, such as `dns.answers`, a field has one value in each object.
        repeated = ecs_fields().get(path) != ("object", True)
        for member in value:
            yield from _leaves(member, kind, path, found, repeated=repeated)
    else:
        yield Leaf(path, value, kind, repeated)


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


def _leaf_faults(leaf: Leaf, vendor: str) -> Iterator[str]:
    path, value, declared, repeated = leaf
    if not _fits(value, _kind(declared)):
        yield f"{path} is not as declared ({declared}): {value!r}"
    if path in ecs_fields():
        kind, is_list = ecs_fields()[path]
        if is_list != repeated:
            yield f"{path} is {'' if repeated else 'not '}a list"
        if not _fits(value, kind):
            yield f"{path} is no {kind}: {value!r}"
    elif not path.startswith((*OWN, f"{vendor}.")):
        yield f"{path} is no field of ECS {ecs.VERSION}"


def _kind(declared: Any) -> str:
    """Give the type that ECS would have for a declared type."""
    plain = {int: "long", float: "float", bool: "boolean", datetime: "date", ecs.Ip: "ip", ecs.Int: "long"}
    return "geo_point" if declared is ecs.GeoPoint else plain.get(declared, "keyword")


def _fits(value: Any, kind: str) -> bool:
    match kind:
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
        case "keyword" | "constant_keyword" | "wildcard" | "match_only_text":
            fits = isinstance(value, str)
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
