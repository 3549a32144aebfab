"""
The floor: what cannot be saved, namely inflating an object and decoding each value of it, in C and nothing else.

A source is decoded into its own record Struct. Nothing in it is passed over: free-form parts are decoded too, and what
a record holds as bytes for the sake of a cache is decoded into the Struct that is declared for it. A line of a table is
split and converted, which is what msgspec offers for it; the shipper decodes many lines in one go, and so takes less
than this floor for that part of its work. Lines with quotes are split by the one pattern that their format has, and the
kind of a line is told by the pattern for that. Entries of several lines are cut and read by the patterns they have.
"""

import re
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Raw, Struct, field

from benchmarks.packing import unpacked
from shipper.errors import RecordError
from shipper.formats import (
    ByLine,
    ByMagic,
    Entries,
    Format,
    GroupedRecords,
    JsonRecords,
    ListedTable,
    Quoted,
    Table,
)
from shipper.formats.held import held
from shipper.source import Source

Floor = Callable[[bytes], int]
"""Inflates and decodes an object; gives its number of records."""

HEAD_BYTES: Final = 64
"""First bytes of an object, which tell its format."""

_WRAPPED: Final = re.compile(rb'\s*\{\s*"(\w+)"\s*:\s*\[')


def floor(source: Source[Any, Any]) -> Floor:
    """
    Give the floor of a source.

    Raises:
        TypeError: nobody has said what the floor of its format is
    """
    layout = source.format
    if not isinstance(layout, ByMagic):
        decode = _of(layout, source.dataset)
        return lambda body: decode(unpacked(body))
    chosen: dict[int, Floor] = {}

    def decode_by_magic(body: bytes) -> int:
        text = unpacked(body)
        form = layout.of(text[:HEAD_BYTES])
        if id(form) not in chosen:
            chosen[id(form)] = _of(form, source.dataset)
        return chosen[id(form)](text)

    return decode_by_magic


def _of(layout: Format[Any], dataset: str) -> Floor:
    """Give what decodes an inflated object."""
    if isinstance(layout, JsonRecords):
        return _of_json(layout.record)
    if isinstance(layout, Table):
        return _of_table(layout)
    if isinstance(layout, Quoted):
        return _of_quoted(layout.record, lambda _: layout)
    if isinstance(layout, ByLine):
        return _of_quoted(layout.record, layout.of)
    if isinstance(layout, Entries):
        return _of_entries(layout)
    if isinstance(layout, GroupedRecords):
        return _of_groups(layout)
    raise TypeError(f"{dataset}: {type(layout).__name__} has no floor yet; write it in benchmarks/floor.py")


def _of_json(record: type[Any]) -> Floor:
    whole = _decoded_whole(record)
    lines = msgspec.json.Decoder(whole, strict=False).decode_lines
    wrapped: dict[str, Callable[[bytes], Any]] = {}
    members = {one.encode_name.encode() for one in msgspec.structs.fields(record)}

    def decode(text: bytes) -> int:
        opening = _WRAPPED.match(text)
        if opening is None or opening[1] in members:  # a record may itself begin with a list
            return len(lines(text))
        name = opening[1].decode()
        if name not in wrapped:
            wrapper = msgspec.defstruct("Wrapper", [("records", list[whole], field(name=name))], gc=False)  # type: ignore[valid-type]
            wrapped[name] = msgspec.json.Decoder(wrapper, strict=False).decode
        return len(wrapped[name](text).records)

    return decode


def _of_table(table: Table[Any]) -> Floor:
    row, separator, null, convert = table.record, table.separator, table.null, msgspec.convert

    def decode(text: bytes) -> int:
        lines = text.decode().splitlines()
        names = table.columns if isinstance(table, ListedTable) else None
        while names is None:  # there may be directives before the header
            names = table.named(lines.pop(0))
        for line in lines:
            tokens = line.split(separator)
            values = {name: token for name, token in zip(names, tokens, strict=True) if token != null}
            convert(values, row, strict=False)
        return len(lines)

    return decode


def _of_quoted(row: type[Any], layout_of: Callable[[str], Quoted[Any] | None]) -> Floor:
    convert = msgspec.convert

    def decode(text: bytes) -> int:
        lines = text.decode().splitlines()
        for line in lines:
            layout = layout_of(line)
            if layout is None:
                raise ValueError(f"no layout has lines like {line!r}")
            null, tokens = layout.null, layout.split(line) or ()
            values = {name: token for name, token in zip(layout.columns, tokens, strict=False) if token != null}
            convert(values, row, strict=False)
        return len(lines)

    return decode


def _of_entries(entries: Entries[Any]) -> Floor:
    read, framing = entries.read, entries.framing

    def decode(text: bytes) -> int:
        cutting = framing(len(text))
        found = [*cutting.feed(text), *cutting.finish()]
        for entry in found:
            if not isinstance(entry, RecordError):
                kind, lines = entry
                read(lines, kind)
        return len(found)

    return decode


def _of_groups(groups: GroupedRecords[Any, Any]) -> Floor:
    lines = msgspec.json.Decoder(_decoded_whole(groups.record), strict=False).decode_lines
    fields = msgspec.structs.fields(groups.record)
    items = next(one.name for one in fields if one.encode_name == groups.items)
    return lambda text: sum([len(getattr(group, items)) for group in lines(text)])


def _decoded_whole(kind: Any) -> Any:
    """Give a type in which nothing is passed over: what it holds, else `Any`, in the place of `Raw`."""
    if inner := held(kind):
        return _decoded_whole(inner)
    if kind is Raw:
        return Any
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _struct(kind)
    if get_origin(kind) in (Union, UnionType):
        return Union[*(_decoded_whole(member) for member in get_args(kind))]
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        return list[_decoded_whole(item)]  # type: ignore[misc]
    return kind


def _struct(kind: type[Struct]) -> type[Struct]:
    fields = []
    for one in msgspec.structs.fields(kind):
        decoded = _decoded_whole(one.type)
        default = NODEFAULT if one.required else None
        fields.append(
            (one.name, decoded if one.required else decoded | NoneType, field(name=one.encode_name, default=default))
        )
    return msgspec.defstruct(kind.__name__, fields, gc=False, kw_only=True)
