"""The names that a source's Structs declare for what AWS writes."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import inspect

from shipper.formats import ByMagic, Format
from shipper.formats.messages import AROUND

ANY: Final = "*"
"""Stands for the names in a mapping, which are no fields."""

Names = Mapping[str, "Names | None"]
"""Names of members, or columns, each with those inside of it; None where anything may be."""


def declared(form: Format[Any]) -> Names | None:
    """Give all names that the records of a format declare; None if that cannot be told."""
    if isinstance(form, ByMagic):
        return _merged(declared(one) for one in (*form.formats.values(), form.otherwise))
    return _names(inspect.type_info(getattr(form, "record", Any)), ())


def _names(kind: inspect.Type, around: tuple[type, ...]) -> Names | None:
    """Give the names inside of a type; those of Structs that lie in themselves are not followed."""
    kind = _item(kind)
    match kind:
        case inspect.UnionType():
            return _merged(_names(one, around) for one in kind.types)
        case inspect.DictType():
            values = _names(kind.value_type, around)
            return None if values is None else {ANY: values}
        case inspect.StructType() if kind.cls not in around:
            fields = [field for field in kind.fields if field.name != AROUND]
            return {field.encode_name: _names(field.type, (*around, kind.cls)) for field in fields}
        case _:
            return None


def _item(kind: inspect.Type) -> inspect.Type:
    """Give the type of a list's items; of a member that is held as bytes that of what it holds."""
    match kind:
        case inspect.Metadata(extra={"holds": held}):
            return _item(inspect.type_info(held))
        case inspect.Metadata():
            return _item(kind.type)
        case inspect.ListType() | inspect.VarTupleType():
            return _item(kind.item_type)
        case _:
            return kind


def _merged(found: Iterable[Names | None]) -> Names | None:
    """Give the names that are declared in any of several; None where nothing is."""
    names = {name: inner for one in found if one is not None for name, inner in one.items()}
    return names or None
