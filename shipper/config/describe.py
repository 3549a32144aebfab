"""Declarations in words: what msgspec knows about a setting, as messages and documents need it."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from msgspec import NODEFAULT, Struct, inspect, structs

VARIABLE_PREFIX = "SHIPPER_"


class Field(NamedTuple):
    """A declared setting: a field of a Struct."""

    name: str
    annotation: Any
    info: inspect.Type
    default: Any
    required: bool

    def item(self) -> "Field":
        """One item of a list, as if it were a setting."""
        bare = get_args(self.annotation)[0] if get_origin(self.annotation) is Annotated else self.annotation
        annotation = get_args(bare)[0]
        return self._replace(annotation=annotation, info=inspect.type_info(annotation))

    def note(self, key: str) -> Any:
        """What the declaration says under a key (description, title, examples, advice), else what its type says."""
        return _note(self.info, key)

    def expectation(self) -> str:
        """What the setting takes: "int between 1 and 50"."""
        return _expectation(self.info)

    def example(self) -> Any:
        """A value that shows what the setting looks like: the default or, where there is none, the first example."""
        return self.note("examples")[0] if self.default in (None, (), NODEFAULT) else self.default

    @property
    def kind(self) -> inspect.Type:
        """The type without annotations and without `| None`."""
        return _plain(self.info)

    @property
    def group(self) -> type[Struct] | None:
        """The Struct behind a table, `[name]`; None for any other setting."""
        match self.kind:
            case inspect.StructType(cls=cls):
                return cls
        return None

    @property
    def struct(self) -> type[Struct]:
        """The Struct behind a table or an array of tables."""
        cls = self.group or (self.item().group if self.is_list else None)
        if cls is None:
            raise TypeError(f"{self.name}: is neither a table nor an array of tables")
        return cls

    @property
    def is_list(self) -> bool:
        """Whether it is an array, of tables or of values."""
        return isinstance(self.kind, inspect.VarTupleType)

    def holds(self, cls: type) -> bool:
        """Whether its values are of a class that msgspec does not know by itself: `Secret` or `Path`."""
        match self.kind:
            case inspect.CustomType(cls=own):
                return own is cls
        return False


@cache
def fields(cls: type[Struct]) -> Mapping[str, Field]:
    """The settings of a group by name, in the order of their declaration."""
    return {
        field.name: Field(field.name, field.type, inspect.type_info(field.type), field.default, field.required)
        for field in structs.fields(cls)
    }


def tables(cls: type[Struct], place: str = "") -> Iterator[tuple[str, Field]]:
    """Dotted name and declaration of each table at the top, followed by the tables in it."""
    for field in fields(cls).values():
        if place and field.group is None:
            continue
        yield place + field.name, field
        yield from tables(field.struct, f"{place}{field.name}.")


def settings(cls: type[Struct], place: str = "") -> Iterator[str]:
    """Dotted names of all that one environment variable can set; of an array of tables, the required setting alone."""
    for field in fields(cls).values():
        name = place + field.name
        if field.group:
            yield from settings(field.group, f"{name}.")
        elif (table := field.item().group if field.is_list else None) is None or any(
            setting.required for setting in fields(table).values()
        ):
            yield name


def variable(setting: str) -> str:
    """The environment variable of a setting: limits.memory_mib → SHIPPER_LIMITS_MEMORY_MIB."""
    return VARIABLE_PREFIX + setting.replace(".", "_").upper()


def _plain(type_: inspect.Type) -> inspect.Type:
    match type_:
        case inspect.Metadata(type=inner):
            return _plain(inner)
        case inspect.UnionType(types=(first, *_)):
            return _plain(first)
    return type_


def _note(type_: inspect.Type, key: str) -> Any:
    match type_:
        case inspect.Metadata(type=inner, extra_json_schema=schema, extra=extra):
            notes = {**(schema or {}), **(extra or {})}
            return notes[key] if key in notes else _note(inner, key)
        case inspect.UnionType(types=(first, *_)):
            return _note(first, key)
    return None


def _expectation(type_: inspect.Type) -> str:
    words = "text"
    match _plain(type_):
        case inspect.IntType(ge=low, le=high):
            words = f"int between {low} and {high}"
        case inspect.FloatType(ge=low, le=high):
            words = f"number between {low} and {high}"
        case inspect.BoolType():
            words = "true or false"
        case inspect.LiteralType(values=values):
            words = "one of " + ", ".join(json.dumps(value) for value in values)
        case inspect.VarTupleType(item_type=item):
            words = f"array of {_expectation(item)}"
        case inspect.StructType():
            words = "table"
        case inspect.CustomType(cls=cls) if cls is Path:
            words = "path of a file"
    return str(_note(type_, "title") or words)
