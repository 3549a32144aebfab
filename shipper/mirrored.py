"""
Field sets made of what AWS writes, for logs whose records are deep: a finding has hundreds of fields.

Below `aws.` such a part of a record is kept as it is built, under names in snake case. Its field set is made of the
Struct that declares the part, without what stands under a name of ECS in every case, and `msgspec.convert` fills it
in C: its attributes are those of the part.

- A member under a name of more than one word, `port.number`, is in an object of its own, which is filled from the same
  part: the part has itself once more as `group_port`.
- A free-form member, `Raw` or a list of them in the part, has the attribute `flat_<name>`; `flatten` fills it, or what
  the source does by hand.
"""

import typing
from collections.abc import Collection, Mapping
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union

import msgspec
from msgspec import Raw, Struct, field

from shipper import ecs, freeform
from shipper.ecs import Flat
from shipper.formats import Record


class Part(Record):
    """Base of the parts of a record that field sets are made of."""


Names = Mapping[type[Part], Mapping[str, str]]
"""By part and field: the name in documents where it is not that of AWS; a dot makes an object of its own."""


class Mirror:
    """
    Makes field sets.

    Args:
        module: that the field sets are of
        prefix: of their names
        names: where they are not those of the parts
        in_ecs: paths of fields that are under a name of ECS, from the part that a field set is asked for
    """

    def __init__(self, *, module: str, prefix: str, names: Names, in_ecs: Collection[str]) -> None:
        self._module = module
        self._prefix = prefix
        self._names = names
        self._in_ecs = in_ecs

    def of(self, part: type[Part], place: str = "") -> Any:
        """
        Make the field set that is filled from a part.

        Args:
            part: of the record
            place: its path, with a dot behind it
        """
        hints = typing.get_type_hints(part, include_extras=True)
        members: list[tuple[str, str, Any]] = []
        for one in msgspec.structs.fields(part):
            path = f"{place}{one.name}"
            if path in self._in_ecs:
                continue
            kind = self._written(hints[one.name], path)
            attribute = one.name
            if _is_flat(kind):
                attribute = f"flat_{one.name}"
                setattr(part, attribute, None)
            members.append((attribute, self._names.get(part, {}).get(one.name, one.name), kind))
        return self._field_set(part, part.__name__, members)

    def _field_set(self, part: type[Part], name: str, members: list[tuple[str, str, Any]]) -> Any:
        """Make a field set of attributes with their names and types."""
        own = []
        groups: dict[str, list[tuple[str, str, Any]]] = {}
        for attribute, written, kind in members:
            group, _, below = written.partition(".")
            if below:
                groups.setdefault(group, []).append((attribute, below, kind))
            else:
                own.append((attribute, kind | None, field(name=written, default=None)))
        for group, inner in groups.items():
            setattr(part, f"group_{group}", property(_itself))
            kind = self._field_set(part, f"{name}{group.title()}", inner)
            own.append((f"group_{group}", kind | None, field(name=group, default=None)))
        return msgspec.defstruct(f"{self._prefix}{name}", own, bases=(ecs.FieldSet,), module=self._module)

    def _written(self, kind: Any, path: str) -> Any:
        """Give the type of a field of documents, from the type that AWS writes."""
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin in (Union, UnionType):
            return self._written(_plain(kind), path)
        if kind is Raw:
            return Flat
        if origin is Annotated:
            return kind if kind == ecs.LongText else self._written(arguments[0], path)
        if origin is list:
            return tuple[self._written(arguments[0], path), ...]  # type: ignore[misc] # a value
        return self.of(kind, f"{path}.") if isinstance(kind, type) and issubclass(kind, Part) else kind


def _itself(part: Part) -> Part:
    return part


def _is_flat(kind: Any) -> bool:
    return kind is Flat or (typing.get_origin(kind) is tuple and typing.get_args(kind)[0] is Flat)


# -- filling them ------------------------------------------------------------------------------------------------------

_NOTHING: Final = (b"", b"{}", b"null")
_ARRAYS: Final = bytes.maketrans(b"{}", b"[]")
_EMPTY: Final[tuple[Any, ...]] = (None, "", "-", {}, [])
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(float_hook=Raw).decode


class Unfit(Struct, kw_only=True, gc=False):
    """Values that do not fit: what cannot be read, and whether something free-form was cut."""

    unread: tuple[ecs.Unparsed, ...] = ()
    is_cut: bool = False

    def flat(self, part: Raw) -> Flat | None:
        """Give a free-form member as a flat object; most are empty."""
        if bytes(part) in _NOTHING:
            return None
        flat, is_cut = freeform.flat(part)
        self.is_cut |= is_cut
        return flat


def filled(part: Part, kind: type[ecs.FieldSet]) -> Any:
    """Fill a field set from the part that it was made of, but for what is free-form."""
    return msgspec.convert(part, kind, from_attributes=True)


def drop_empty_groups(fields: ecs.FieldSet) -> None:
    """Take away the objects of a field set that have no value, but not those of its parts."""
    for name in _group_names(type(fields)):
        setattr(fields, name, ecs.some(getattr(fields, name)))


@lru_cache(maxsize=256)
def _group_names(fields: type[ecs.FieldSet]) -> tuple[str, ...]:
    return tuple(name for name in fields.__struct_fields__ if name.startswith("group_"))


def flatten(part: Part, fields: ecs.FieldSet, unfit: Unfit) -> None:
    """Fill the free-form members of a field set from the part that it was made of, but not those of its parts."""
    for name, groups, is_list in _free_form(type(part), type(fields)):
        value = getattr(part, name)
        if not value:
            continue
        holder: Any = fields
        for group in groups:
            holder = getattr(holder, group)
        flat = tuple([one for one in map(unfit.flat, value) if one]) if is_list else unfit.flat(value)
        setattr(holder, f"flat_{name}", flat or None)


@lru_cache(maxsize=256)
def _free_form(part: type[Part], fields: type[ecs.FieldSet]) -> tuple[tuple[str, tuple[str, ...], bool], ...]:
    """Give the free-form members of a part: name, the objects that it stands in, and whether it is a list."""
    hints = {name: _plain(hint) for name, hint in typing.get_type_hints(part, include_extras=True).items()}
    free_form = {name: hint for name, hint in hints.items() if hint in (Raw, list[Raw])}
    return tuple((name, _groups(fields, f"flat_{name}"), hint is not Raw) for name, hint in free_form.items())


def _groups(fields: type[ecs.FieldSet], attribute: str) -> tuple[str, ...]:
    """Give the attributes that lead to another one, through objects that are made of the same part."""
    members = {one.name: _plain(one.type) for one in msgspec.structs.fields(fields)}
    if attribute in members:
        return ()
    group, *_ = [name for name, kind in members.items() if name.startswith("group_") and _has(kind, attribute)]
    return (group, *_groups(members[group], attribute))


def _has(fields: type[ecs.FieldSet], attribute: str) -> bool:
    members = {one.name: _plain(one.type) for one in msgspec.structs.fields(fields)}
    return attribute in members or any(
        name.startswith("group_") and _has(kind, attribute) for name, kind in members.items()
    )


def _plain(hint: Any) -> Any:
    """Give a type without its `None`."""
    if typing.get_origin(hint) not in (Union, UnionType):
        return hint
    return next(one for one in typing.get_args(hint) if one is not NoneType)


def empty_within(fields: ecs.FieldSet) -> bool:
    """Tell whether anything in a field set has no value; most have nothing of the kind, and the bytes tell."""
    return _has_empty(_encode(fields))


def encoded(fields: ecs.FieldSet) -> Raw | None:
    """Encode a field set without whatever has no value; None if nothing is left."""
    body = _encode(fields)
    if _has_empty(body):
        body = _encode(_without_empty(_decode(body)))
    return None if body == b"{}" else Raw(body)


def _has_empty(body: bytes) -> bool:
    """Look for what has no value, or looks like it in a text; each thing to search for takes longer than the rest."""
    body = body.translate(_ARRAYS, b"-")
    return b'""' in body or b"[]" in body


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        members = [(name, _without_empty(member)) for name, member in value.items()]
        return {name: member for name, member in members if member not in _EMPTY}
    if isinstance(value, list):
        return [item for item in map(_without_empty, value) if item not in _EMPTY]
    return value
