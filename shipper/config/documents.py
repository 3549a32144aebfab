"""The example file and the JSON schema, written from the declarations.

`generated` is what the command that writes and checks generated files asks for.
"""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from shipper.config import describe
from shipper.config.describe import Field
from shipper.config.fieldtypes import Secret
from shipper.config.settings import Settings

_WIDTH = 100
_SOURCES = "sources."  # these work without a single setting
_HEADER = """\
#:schema ./schema.json
# Settings of the shipper. Written from the declarations in shipper/config/settings.py, and those of single logs in
# shipper/sources: change them there.
#
# Every setting is here. One that is commented out shows its default or, where there is none, an example.
# An environment variable is stronger than this file; its name stands with the setting. Commas separate items of a list.
# Relative paths of files begin at the folder of this file. Unknown names are refused.
"""


def generated(settings: type[Settings]) -> dict[str, str]:
    """Content of the generated files by path in the repository."""
    return {"config/shipper.toml": example_toml(settings), "config/schema.json": json_schema(settings)}


def example_toml(settings: type[Settings]) -> str:
    """A file with every setting; what the daemon cannot do without is set, the rest commented out."""
    groups = (_group(name, field) for name, field in describe.tables(settings))
    return "\n".join([_HEADER, *("\n".join(lines) + "\n" for lines in groups)])


def json_schema(settings: type[Settings]) -> str:
    """JSON schema (draft 2020-12) of the file, for editors; without what only the environment may set."""
    schema = msgspec.json.schema(settings, schema_hook=lambda _: {"type": "string"})
    definitions = {name: _as_toml(definition) for name, definition in sorted(schema["$defs"].items())}
    for _, table in describe.tables(settings):
        for field in describe.fields(table.struct).values():
            if field.holds(Secret):
                del definitions[table.struct.__name__]["properties"][field.name]
    root = definitions.pop(Settings.__name__)
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, "$defs": definitions}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def toml_value(value: Any) -> str:
    """A text, number, truth value, path or list as TOML writes it; texts are escaped as in JSON, and DEL besides."""
    match value:
        case list() | tuple():
            return f"[{', '.join(map(toml_value, value))}]"
        case str() | Path():
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", r"\u007f")
        case float():
            return repr(value)  # inf and nan as well
    return json.dumps(value)


def _group(name: str, field: Field) -> Iterator[str]:
    """The lines of one table, without those of the tables in it."""
    repeated = field.group is None
    cls = field.struct
    yield from _comment(cls.__doc__ or "")
    key = next((name for name, setting in describe.fields(cls).items() if setting.required), None)
    if repeated and key:
        yield from _comment(f"{describe.variable(name)} takes a list of each {key} and replaces all these tables.")
    header = f"[[{name}]]" if repeated else f"[{name}]"
    yield header if key or not repeated else f"#{header}"
    for setting in describe.fields(cls).values():
        if setting.group is None:
            yield ""
            variable = None if repeated else describe.variable(f"{name}.{setting.name}")
            needed = setting.required or (setting.default == () and not name.startswith(_SOURCES))
            yield from _setting(setting, variable, needed=needed)


def _setting(field: Field, variable: str | None, *, needed: bool) -> Iterator[str]:
    """The lines of one setting."""
    yield from _comment(field.note("description"))
    if field.holds(Secret):
        yield from _comment(f"Never in this file: {variable} only.")
        return
    unset = "unset by default" if field.default is None else None
    yield from _comment("; ".join(filter(None, [field.expectation(), unset, variable])))
    yield f"{'' if needed else '#'}{field.name} = {toml_value(field.example())}"


def _comment(text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _as_toml(schema: Any) -> Any:
    """The schema without null, which TOML does not have, and without words that say nothing."""
    match schema:
        case {"anyOf": [inner, {"type": "null"}], **rest}:
            return _as_toml({**inner, **rest})
        case {"$ref": target}:
            return {"$ref": target}  # its default repeats the defaults of the settings in it
        case dict():
            return {name: _as_toml(part) for name, part in schema.items() if not _says_nothing(name, part)}
    return schema


def _says_nothing(keyword: str, value: Any) -> bool:
    return (keyword == "default" and value is None) or (keyword == "required" and value == [])
