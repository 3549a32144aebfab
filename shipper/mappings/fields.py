"""
The fields of a document, read from the Structs that declare it.

A field that ECS has gets its type from ECS, and the declared type must be able to hold it. A field of our own, below
`aws.`, `shipper.` or the first name of its dataset, gets the type that stands for its Python type. There are no other
fields.
"""

import typing
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Final, NewType, TypeGuard, Union

from msgspec import Meta, Raw, Struct, structs

from shipper import ecs
from shipper.mappings.ecs_list import EcsField, ecs_fields
from shipper.retain import twins

OWN: Final = ("aws.", "shipper.")
"""Where fields of any dataset may stand that ECS does not have."""

_TYPES: Final[dict[Any, tuple[str, tuple[str, ...]]]] = {
    str: ("keyword", ("keyword", "constant_keyword", "wildcard", "match_only_text")),
    bool: ("boolean", ("boolean",)),
    int: ("long", ("long", "integer", "float", "double", "scaled_float")),
    float: ("float", ("float", "double", "scaled_float")),
    datetime: ("date", ("date",)),
    ecs.Flat: ("flattened", ("flattened", "object")),
    ecs.Int: ("long", ("long", "integer", "float", "double", "scaled_float")),
    ecs.Ip: ("ip", ("ip", "keyword")),
    ecs.Text: ("match_only_text", ("match_only_text",)),
    ecs.Unindexed: ("keyword", ("keyword",)),
}
"""By Python type: the type of an own field, and the types of ECS fields that it may be declared for."""

_STRUCT_TYPES: Final = ("object", "nested", "geo_point")
"""The types of ECS fields that a Struct may be declared for."""


class Field(Struct, frozen=True):
    """
    A field of a document.

    Attributes:
        path: names from the root, joined by dots
        type: by Elasticsearch's name, as in ECS
        is_ecs: whether ECS has it; else it is our own
        is_indexed: whether it can be searched; otherwise it is only kept
        ignore_above: characters beyond which a value cannot be searched; None for the usual number
        is_sorted: whether it has doc values, by which documents are sorted and grouped. An `ecs.Identifier` has none,
            nor has the string form of a free-form part, where they would be a sixth of an event of CloudTrail.
    """

    path: str
    type: str
    is_ecs: bool
    is_indexed: bool = True
    ignore_above: int | None = None
    is_sorted: bool = True


def fields(document: type[Struct], dataset: str = "") -> Mapping[str, Field]:
    """
    Give all fields of a document by path, sorted.

    Args:
        document: the Struct
        dataset: whose fields may also stand below the first part of its name

    Raises:
        TypeError: a field is neither of ECS nor where own fields may stand, or its declared type has no counterpart
    """
    return _fields(document, dataset.partition(".")[0])


@cache
def _fields(document: type[Struct], vendor: str) -> Mapping[str, Field]:
    own = (*OWN, f"{vendor}.") if vendor and f"{vendor}." not in OWN else OWN
    members = sorted(_members(document, "", (), own), key=lambda field: field.path)
    return MappingProxyType({field.path: field for field in members})


def _members(
    struct: type[Struct], prefix: str, outer: tuple[type[Struct], ...], own: tuple[str, ...]
) -> Iterator[Field]:
    if struct in outer:
        raise TypeError(f"{prefix.rstrip('.')}: {struct.__name__} holds itself, so its fields have no end")
    spelled = twins(struct)
    for member in structs.fields(struct):
        path = prefix + member.encode_name
        declared, options = _declared(path, member.type)
        known = ecs_fields().get(path)
        if not _is_struct(declared):
            leaf = _leaf(path, declared, known, own)
            yield structs.replace(leaf, **options, **({"is_sorted": False} if member.name in spelled else {}))
            continue
        if known and known.type not in _STRUCT_TYPES:
            raise TypeError(f"{path}: ECS says {known.type}, but {declared.__name__} is declared")
        if known and known.type != "object":
            yield Field(path, known.type, is_ecs=True)
        if not (known and known.type == "geo_point"):  # its members are no fields
            yield from _members(declared, f"{path}.", (*outer, struct), own)


def _leaf(path: str, declared: Any, known: EcsField | None, own: tuple[str, ...]) -> Field:
    if declared not in _TYPES:
        raise TypeError(f"{path}: {_name(declared)} has no field type; declare one of {', '.join(map(_name, _TYPES))}")
    own_type, ecs_types = _TYPES[declared]
    is_indexed = declared is not ecs.Unindexed
    if known:
        if known.type not in ecs_types:
            raise TypeError(f"{path}: ECS says {known.type}, but {_name(declared)} is declared")
        kind = own_type if known.type == "object" else known.type
        return Field(path, kind, is_ecs=True, is_indexed=is_indexed and known.is_indexed)
    if not path.startswith(own):
        raise TypeError(f"{path} is no field of ECS {ecs.VERSION}: rename it, or move it below {' or '.join(own)}")
    return Field(path, own_type, is_ecs=False, is_indexed=is_indexed)


def _declared(path: str, hint: Any) -> tuple[Any, dict[str, Any]]:
    """Give the type of a field's single value, without `None`, `Raw` and the list around it, and what is said of it."""
    options: dict[str, Any] = {}
    while True:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is Annotated:
            hint = arguments[0]
            for note in arguments[1:]:
                if isinstance(note, Meta) and note.extra:
                    options.update(note.extra)
        elif origin in (Union, UnionType):
            hint, *others = [one for one in arguments if one not in (type(None), Raw)] or [Raw]
            if others:
                raise TypeError(f"{path}: a field has one type, but {_name(hint)} and {_name(others[0])} are declared")
        elif origin in (tuple, list):
            hint, *others = [one for one in arguments if one is not Ellipsis]
            if others:
                raise TypeError(f"{path}: the values of a field have one type; declare tuple[<type>, ...]")
        else:
            return hint, options


def _is_struct(declared: Any) -> TypeGuard[type[Struct]]:
    return isinstance(declared, type) and issubclass(declared, Struct)


def _name(declared: Any) -> str:
    return f"ecs.{declared.__name__}" if isinstance(declared, NewType) else getattr(declared, "__name__", str(declared))
