"""Every setting is declared in full, and the example file and the schema follow from the declarations."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec import Meta, Struct, inspect

from shipper.config import Secret, describe, load, require
from shipper.config.documents import example_toml, json_schema, toml_value
from shipper.config.sources import settings_with
from shipper.errors import ConfigError
from shipper.source import Sources, SourceSettings


class ProxySettings(SourceSettings):
    """How some proxy writes its logs."""

    columns: Annotated[tuple[str, ...], Meta(description="Its columns.", examples=[["time", "ip"]])] = ()
    digits: Annotated[int, Meta(ge=0, le=9, description="Digits behind the second.")] = 3


SOURCES = {**Sources.built_in().settings, "acme_proxy": ProxySettings}
ALL = settings_with(SOURCES)
SCHEMA = json.loads(json_schema(ALL))
# A busy machine must not fail a test.
UNHURRIED = hypothesis_settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def declared() -> Iterator[tuple[str, describe.Field]]:
    """Table and field of each setting."""
    for name, table in describe.tables(ALL):
        for field in describe.fields(table.struct).values():
            if field.group is None:
                yield name, field


REPEATED = {name for name, table in describe.tables(ALL) if table.is_list}


def in_table(document: Any, name: str) -> Any:
    """Give a table, or Struct, in another one by its dotted name."""
    for part in name.split("."):
        document = getattr(document, part) if isinstance(document, Struct) else document[part]
    return document


def test_every_setting_is_declared_in_full() -> None:
    """A setting has a sentence about it, a number has both bounds, and one without default has an example."""
    for group, field in declared():
        assert re.fullmatch(r"[A-Z].*\.", field.note("description")), (group, field.name)
        match field.kind:
            case inspect.IntType(ge=low, le=high) | inspect.FloatType(ge=low, le=high):
                assert None not in {low, high}, (group, field.name)
        assert field.holds(Secret) or field.example() is not None, (group, field.name)


LONE = re.compile("has no password|belongs to no user|works only together")


@pytest.mark.parametrize(("group", "field"), [(group, field) for group, field in declared() if group not in REPEATED])
def test_every_setting_has_a_variable(group: str, field: describe.Field, tmp_path: Path) -> None:
    """The example of each setting is accepted in its variable; a lone user or certificate is understood at least."""
    file = tmp_path / "secret"
    file.write_text("x")
    if field.holds(Secret) or field.name.endswith("_file"):
        text = str(file)
    else:
        value = field.example()
        text = ",".join(value) if isinstance(value, list | tuple) else str(value)
    try:
        settings = load(None, {describe.variable(f"{group}.{field.name}"): text}, SOURCES)
    except ConfigError as error:
        assert LONE.search(str(error)), error  # noqa: PT017 - right as well
    else:
        assert getattr(in_table(settings, group), field.name) not in {None, ()}


def test_example_loads_and_satisfies_every_command(tmp_path: Path) -> None:
    """The example is a working file, and has all that any command demands."""
    file = tmp_path / "shipper.toml"
    file.write_text(example_toml(ALL))
    require(load(file, {}, SOURCES), "queues", "opensearch.urls")


def test_example_sets_nothing_of_single_logs() -> None:
    """They all work without, so whoever copies the example gets their defaults."""
    assert tomllib.loads(example_toml(ALL))["sources"] == {name: {} for name in SOURCES}


def test_example_shows_every_setting_with_description_variable_and_default() -> None:
    """With its comment signs taken away the example sets everything, each to its default where there is one."""
    text = example_toml(ALL)
    prose = " ".join(line.removeprefix("# ") for line in text.splitlines())
    everything = tomllib.loads(re.sub(r"^#(?=\w+ = |\[\[)", "", text, flags=re.MULTILINE))
    for group, field in declared():
        assert field.note("description") in prose
        assert group in REPEATED or describe.variable(f"{group}.{field.name}") in prose
        table = everything[group][0] if group in REPEATED else in_table(everything, group)
        if field.holds(Secret):
            assert field.name not in table
        else:
            assert table[field.name] == tomllib.loads(f"value = {toml_value(field.example())}")["value"]


TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}
ASSERTIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "enum": lambda values, instance: instance in values,
    "pattern": lambda pattern, instance: re.search(pattern, instance) is not None,
    "minimum": lambda bound, instance: instance >= bound,
    "maximum": lambda bound, instance: instance <= bound,
    "required": lambda names, instance: set(names) <= instance.keys(),
}
OTHERS = {"$schema", "$defs", "$ref", "type", "items", "properties", "additionalProperties"}
PROSE = {"title", "description", "default", "examples"}


def accepts(schema: dict[str, Any], instance: Any) -> bool:
    """Whether an instance is valid, for the keywords that our schema uses; an unknown keyword is an error."""
    assert schema.keys() <= ASSERTIONS.keys() | OTHERS | PROSE
    if "$ref" in schema:
        return accepts(SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], instance)
    if "type" in schema and not isinstance(instance, TYPES[schema["type"]]):
        return False
    if not all(holds(schema[keyword], instance) for keyword, holds in ASSERTIONS.items() if keyword in schema):
        return False
    if isinstance(instance, list):
        return all(accepts(schema["items"], item) for item in instance)
    if isinstance(instance, dict):
        parts = schema["properties"]
        return instance.keys() <= parts.keys() and all(accepts(parts[name], part) for name, part in instance.items())
    return True


def definition(name: str) -> Any:
    """Give what the schema says of a table by its dotted name."""
    found = SCHEMA
    for part in name.split("."):
        table = found["properties"][part]
        found = SCHEMA["$defs"][table.get("items", table)["$ref"].removeprefix("#/$defs/")]
    return found


def test_schema_describes_every_setting_of_the_file() -> None:
    """Each setting is in the schema with its description, no secret is, and unknown names are not allowed."""
    assert SCHEMA["properties"].keys() == {name for name, _ in describe.tables(ALL) if "." not in name}
    assert definition("sources")["properties"].keys() == SOURCES.keys()
    assert SCHEMA["additionalProperties"] is definition("sources")["additionalProperties"] is False
    for group, field in declared():
        table = definition(group)
        assert table["additionalProperties"] is False
        if field.holds(Secret):
            assert field.name not in table["properties"]
        else:
            assert table["properties"][field.name]["description"] == field.note("description")


def test_schema_has_no_null() -> None:
    """TOML has no null, so the schema asks for none."""
    assert "null" not in json_schema(ALL)


def test_schema_accepts_the_example() -> None:
    """An editor finds nothing wrong with the example."""
    assert accepts(SCHEMA, tomllib.loads(example_toml(ALL)))


@pytest.mark.parametrize(
    "toml",
    [
        "limit = {}",
        "limits = 5",
        "limits.memory_mb = 1",
        "limits.bulk_mib = 'abc'",
        "limits.bulk_mib = 0",
        "limits.flush_seconds = 31.0",
        "log.level = 'loud'",
        "opensearch.password = 'x'",
        "opensearch.namespace = 'a-b'",
        "opensearch.urls = ['https://u:p@a']",
        "opensearch.urls = 'https://a'",
        "metrics.listen = 'localhost:65536'",
        "[[queues]]\nwait_seconds = 1",
        "[[queues]]\nurl = 'arn:aws:sqs:eu-west-1:123456789012:logs'",
    ],
)
def test_schema_and_load_refuse_the_same(toml: str, tmp_path: Path) -> None:
    """What an editor marks as wrong the program refuses, and the other way round."""
    file = tmp_path / "shipper.toml"
    file.write_text(toml)
    assert not accepts(SCHEMA, tomllib.loads(toml))
    with pytest.raises(ConfigError):
        load(file, {}, SOURCES)


def values_of(field: describe.Field) -> st.SearchStrategy[Any]:
    """Right values of a setting, as TOML has them."""
    match field.kind:
        case inspect.IntType(ge=int(low), le=int(high)):
            return st.integers(low, high)
        case inspect.FloatType(ge=float(low), le=float(high)):
            return st.floats(low, high)
        case inspect.BoolType():
            return st.booleans()
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.VarTupleType():
            return st.lists(values_of(field.item()), max_size=3)
        case inspect.StrType(pattern=pattern):
            return st.from_regex(pattern) if pattern else st.text(st.characters(codec="utf-8"))
    raise AssertionError(f"no values for {field.name}")


def table_of(group: str) -> st.SearchStrategy[dict[str, Any]]:
    """Tables of right values, without what names files and people."""
    excluded = ("_file", "username")
    fields = [field for name, field in declared() if name == group and not field.holds(Secret)]
    values = {field.name: values_of(field) for field in fields if not field.name.endswith(excluded)}
    required = {field.name: values.pop(field.name) for field in fields if field.required}
    return st.fixed_dictionaries(required, optional=values)


def documents() -> st.SearchStrategy[dict[str, Any]]:
    """Whole files of right values."""
    groups = {
        group: st.lists(table_of(group), max_size=2) if group in REPEATED else table_of(group)
        for group, _ in declared()
    }
    return st.fixed_dictionaries({}, optional=groups)


def as_toml(document: dict[str, Any]) -> str:
    """A document as a file."""
    lines = []
    for name, part in document.items():
        for table in part if isinstance(part, list) else [part]:
            lines += [f"[[{name}]]" if isinstance(part, list) else f"[{name}]"]
            lines += [f"{key} = {toml_value(value)}" for key, value in table.items()]
    return "\n".join(lines)


def includes(settings: Any, document: Any) -> bool:
    """Whether settings have every value of a document."""
    match document:
        case dict():
            return all(includes(getattr(settings, name), part) for name, part in document.items())
        case list():
            return len(settings) == len(document) and all(map(includes, settings, document))
    return bool(settings == document)


@given(
    value=st.text(st.characters(codec="utf-8"))
    | st.sampled_from(["\x7f", "\\", '"', "\n"])
    | st.floats(allow_nan=False)
)
@UNHURRIED
def test_value_written_as_toml_is_read_back(value: object) -> None:
    """Whatever a text or number holds, TOML gives it back."""
    assert tomllib.loads(f"value = {toml_value(value)}") == {"value": value}


CONTRADICTION = re.compile(
    "too small|does not fit|cut off|show a message again|the same queue|either dataset or action|fits every object|"
    "no regular expression|given besides|never decides|has no time|not before delete_days"
)


@given(document=documents())
@UNHURRIED
def test_what_is_written_is_what_is_loaded(document: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Values within their bounds are accepted by the schema and come through unchanged, or contradict each other."""
    toml = as_toml(document)
    written = tomllib.loads(toml)
    assert accepts(SCHEMA, written)
    file = tmp_path_factory.getbasetemp() / "written.toml"
    file.write_text(toml, encoding="utf-8")
    try:
        assert includes(load(file, {}, SOURCES), written)
    except ConfigError as error:
        assert all(CONTRADICTION.search(line) for line in str(error).splitlines()), error  # noqa: PT017 - right as well


ANYTHING = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(setting=st.sampled_from([*declared()]), value=ANYTHING)
@UNHURRIED
def test_anything_in_a_file_is_loaded_or_refused(
    setting: tuple[str, describe.Field], value: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No value whatever leads to an error other than ours, and each problem takes one line."""
    group, field = setting
    document = {group: [{field.name: value}] if group == "queues" else {field.name: value}}
    file = tmp_path_factory.getbasetemp() / "anything.toml"
    file.write_text(as_toml(document), encoding="utf-8")
    try:
        load(file, {}, SOURCES)
    except ConfigError as error:
        assert all(line.startswith(f"{file}: {group}") for line in str(error).split("\n"))  # noqa: PT017 - right as well
