"""Free-form JSON becomes a flat object that OpenSearch takes and a string that rules match."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from properties import tried

from shipper import freeform

LUCENE_BYTES = 32_766
"""Longest term."""

TEXTS = [
    (
        '{"policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}',
        "{policyArn=arn:aws:iam::aws:policy/AdministratorAccess}",
    ),
    ('{"a":1,"b":true,"c":-1.5}', "{a=1, b=true, c=-1.5}"),
    ('{"a":{"b":[1,2,{"c":"d"}]},"e":[["f"]]}', "{a={b=[1, 2, {c=d}]}, e=[[f]]}"),
    ('{ "a" : "b c" , "d" : [ 1 , 2 ] }', "{a=b c, d=[1, 2]}"),
    ('{"time":"10:11, or so"}', "{time=10:11, or so}"),
    ('{"a":null,"b":"","c":{},"d":[],"e":[{}],"f":1}', "{f=1}"),
    ('{"policy":"{\\"Effect\\":\\"Allow\\"}"}', '{policy={"Effect":"Allow"}}'),
    ('{"a":"\\u00e9\\n"}', "{a=\u00e9\n}"),
    ('"text"', "text"),
    ("[1,null,2]", "[1, 2]"),
    ("false", "false"),
]


def values(strings: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Give JSON values with these strings."""
    numbers = st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False)
    return st.recursive(
        st.none() | st.booleans() | numbers | strings,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4),
        max_leaves=12,
    )


JSON = values(st.text())
PLAIN = st.dictionaries(st.text("ab :,{}[]", min_size=1), values(st.text("ab :,{}[]=-", min_size=1)), max_size=4)
"""Objects that are taken over as they stand."""

LARGE = values(st.sampled_from(["", "a", "k" * 255, "\u00e9" * 129, "x" * 8_001, "x" * 31_999, "\U0001f510" * 8_001]))
"""Values that are too long, under names that are too long."""


def spelled(value: Any) -> str:
    """Write a value in the string form, the obvious way."""
    if isinstance(value, dict):
        members = [f"{name}={text}" for name, member in value.items() if (text := spelled(member))]
        return "{" + ", ".join(members) + "}" if members else ""
    if isinstance(value, list):
        items = [text for member in value if (text := spelled(member))]
        return "[" + ", ".join(items) + "]" if items else ""
    return value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()


@pytest.mark.parametrize(("raw", "text"), TEXTS)
def test_string_form(raw: str, text: str) -> None:
    """The string form is `{key=value, list=[a, b]}` without quotes and without members that have no value."""
    assert freeform.read(Raw(raw.encode())).text == text


@pytest.mark.parametrize("raw", ["", "null", "{}", "{ }", "{\n}", "[]", '""'])
def test_nothing(raw: str) -> None:
    """A part without any value has neither form."""
    assert freeform.read(Raw(raw.encode())) == freeform.Freeform()


@tried
@given(JSON | PLAIN)
def test_both_forms_of_any_value(value: Any) -> None:
    """Whatever the value, the string form is as spelled by hand, and the flat form is a one-line object of it."""
    raw = msgspec.json.encode(value)
    part = freeform.read(Raw(raw))
    assert (part.text or "") == spelled(msgspec.json.decode(raw))
    if part.flat is None:
        assert value in (None, "", {}, [])
        return
    assert b"\n" not in bytes(part.flat)
    flat = msgspec.json.decode(part.flat)
    assert flat == (value if isinstance(value, dict) else {"value": value})
    assert not part.cut


@tried
@given(JSON | PLAIN)
def test_indentation_changes_nothing(value: Any) -> None:
    """Indented JSON gives the same forms as compact JSON: a line feed would end the line of the bulk request."""
    raw = msgspec.json.encode(value)
    indented = freeform.read(Raw(msgspec.json.format(raw, indent=2)))
    compact = freeform.read(Raw(raw))
    assert indented.text == compact.text
    assert b"\n" not in bytes(indented.flat or Raw())


@tried
@given(JSON | PLAIN, st.sampled_from([None, 0, 1]))
def test_flat_form_is_one_clean_line(value: Any, indent: int | None) -> None:
    """Whatever is nested and however it is spelled, the flat form is an object without any control character."""
    flat = freeform.read(Raw(json.dumps(value, indent=indent, ensure_ascii=False).encode())).flat
    assert flat is None or (bytes(flat)[:1], min(bytes(flat)) >= ord(" ")) == (b"{", True)


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Give the path and the text of each value that Lucene would index."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, (*path, name))
    elif isinstance(value, list):
        for member in value:
            yield from leaves(member, path)
    else:
        yield ".".join(path), value if isinstance(value, str) else json.dumps(value)


@tried
@given(LARGE)
def test_lucene_takes_every_value(value: Any) -> None:
    """No value of the flat form is longer than a term may be, the names above it included; the string form is whole."""
    part = freeform.read(Raw(msgspec.json.encode(value)))
    for path, text in leaves(msgspec.json.decode(part.flat or b"{}")):
        assert len(path.encode()) + len(text.encode()) < LUCENE_BYTES
    assert (part.text or "") == spelled(value)


@pytest.mark.parametrize("filler", ["x", "\u00e9", "\U0001f510", "\x01"])
def test_long_values_are_cut_in_the_flat_form(filler: str) -> None:
    """A value that Lucene would refuse is cut in the flat form, marked, and whole in the string form."""
    long = filler * 40_000
    part = freeform.read(Raw(json.dumps({"a": {"b": [long]}, "c": "d"}).encode()))
    assert part.cut
    assert part.text == "{a={b=[" + long + "]}, c=d}"
    flat = msgspec.json.decode(part.flat or Raw())
    assert flat["c"] == "d"
    assert long.startswith(flat["a"]["b"][0])
    assert freeform.LEAF_BYTES - 4 < len(flat["a"]["b"][0].encode()) <= freeform.LEAF_BYTES


def test_long_paths_end_in_text() -> None:
    """What lies under a path that Lucene would refuse stands there as JSON text."""
    part = freeform.read(Raw(json.dumps({"a": {"k" * 600: {"b": 1}}, "big": "x" * 32_000}).encode()))
    assert msgspec.json.decode(part.flat or Raw())["a"] == msgspec.json.encode({"k" * 600: {"b": 1}}).decode()
    assert not part.cut


def test_deep_values_end_in_text() -> None:
    """The string form does not spell out what is nested beyond reason."""
    deep: Any = {"end": ""}
    for _ in range(freeform.TEXT_DEPTH + 50):
        deep = {"a": deep}
    text = freeform.read(Raw(msgspec.json.encode(deep))).text
    assert text is not None
    assert text.count("{a=") == freeform.TEXT_DEPTH
    assert text.count('{"a":') == 50


@pytest.mark.parametrize(
    "raw",
    [
        '{"a":1,"b":2,"a":3}',
        '{"a":{"b":1,"b":{"c":1}}}',
        '{ "a" : 1, "a" : 2 }',
        '{"a":"","a":1}',
        '{"a":"b","b":"a","a":1}',
    ],
)
def test_no_member_is_there_twice(raw: str) -> None:
    """OpenSearch refuses an object that names a member twice, so the flat form has the last one only."""
    flat = bytes(freeform.read(Raw(raw.encode())).flat or b"")
    assert flat == msgspec.json.encode(msgspec.json.decode(raw))


@pytest.mark.parametrize("raw", [b'{"a":"\xff"}', b'{"a":"\x01"}', b'{"a":"\n"}'])
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    """Bytes that a record's decoder passed over unseen are refused, not handed on to OpenSearch."""
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        freeform.read(Raw(raw))


@pytest.mark.parametrize("opening", ['{"a":', "["])
@pytest.mark.parametrize("extra", [0, 1, 300])
def test_flat_object_has_few_levels(opening: str, extra: int) -> None:
    """What lies deeper than the limit stands in the flat object as text: deep ones end the OpenSearch node."""
    levels = freeform.FLAT_DEPTH + extra
    closing = "}" if opening == '{"a":' else "]"
    raw = '{"top":' + opening * (levels - 1) + '"x"' + closing * (levels - 1) + "}"
    flat = freeform.read(Raw(raw.encode())).flat
    assert flat is not None
    depth, value = 0, json.loads(bytes(flat))
    while isinstance(value, dict | list):
        depth += 1
        (value,) = value.values() if isinstance(value, dict) else value
    assert depth == freeform.FLAT_DEPTH
    assert value == ("x" if extra == 0 else opening * extra + '"x"' + closing * extra)


def test_wide_objects_stay_as_they_are() -> None:
    """Many objects beside one another are not deep: nothing in them becomes text."""
    raw = Raw(b'{"items":[' + b",".join(b'{"k%d":"%d"}' % (number, number) for number in range(100)) + b"]}")
    assert bytes(freeform.read(raw).flat or Raw()) == bytes(raw)


@pytest.mark.parametrize("begin", [b"", b"0."])
@pytest.mark.parametrize("length", [1_000, 1_001, 1_500])
def test_long_numbers_become_text(begin: bytes, length: int) -> None:
    """OpenSearch reads no number of more than 1,000 digits; in the flat object a longer one is a string."""
    number = begin.ljust(length, b"7")
    flat = freeform.read(Raw(b'{"n":' + number + b"}")).flat
    assert flat is not None
    assert bytes(flat) == b'{"n":' + (number if length == 1_000 else b'"' + number + b'"') + b"}"


@pytest.mark.parametrize("number", ["1.50", "1.5e-9", "1E16", "0.12345678901234567890123", "-0.0"])
def test_fractions_stand_as_they_are_written(number: str) -> None:
    """A number with a fraction loses no digit and is not spelled in another way."""
    part = freeform.read(Raw(b'{"n":[%b]}' % number.encode()))
    assert (bytes(part.flat or Raw()), part.text) == (b'{"n":[%b]}' % number.encode(), "{n=[" + number + "]}")


@tried
@given(st.dictionaries(st.text(), values(st.text()), max_size=4))
def test_string_form_does_not_depend_on_the_encoder_in_c(value: dict[str, Any]) -> None:
    """What is written in C is what Python writes, so that nothing changes where the C function is missing."""
    raw = Raw(msgspec.json.encode(value))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json.encoder, "c_make_encoder", None)
        patch.setattr(freeform, "_spell", freeform._speller())  # noqa: SLF001 -- chosen once, when imported
        in_python = freeform.read(raw)
    assert in_python == freeform.read(raw)


def test_encoder_in_c_is_used() -> None:
    """The C function is there in the Python that we run on: without it the string form takes five times as long."""
    assert type(freeform._spell).__module__ == "_json"  # noqa: SLF001 -- no other way to tell


def test_long_name_at_the_top_is_wrapped() -> None:
    """A flat object is always an object, even where its members' names are too long to be paths."""
    raw = b'{"' + b"k" * 40_000 + b'":1}'
    flat = freeform.read(Raw(raw)).flat
    assert flat is not None
    held = json.loads(bytes(flat))
    assert list(held) == ["value"]
    assert held["value"].startswith('{"kkk')
    assert len(held["value"]) <= freeform.LEAF_BYTES


@pytest.mark.parametrize(
    ("part", "flat"),
    [
        ('{"a":1,"b":{"c":[1.50,"x"]}}', '{"a":1,"b":{"c":[1.50,"x"]}}'),
        ('{"a":"","b":{"c":[null,{}]},"d":false,"e":0,"f":0.0}', '{"d":false,"e":0,"f":0.0}'),
        ('{"a":""}', None),
        ("[]", None),
        ("null", None),
        ("", None),
        ('["", "x"]', '{"value":["x"]}'),
        ('"text"', '{"value":"text"}'),
    ],
)
def test_flat_form_alone(part: str, flat: str | None) -> None:
    """The flat form can be had alone, and then has nothing empty in it."""
    found, is_cut = freeform.flat(Raw(part.encode()))
    assert (bytes(found).decode() if found else None) == flat
    assert not is_cut


def test_flat_form_alone_is_cut() -> None:
    """A value too long is cut from the flat form whether or not something else is empty."""
    for more in ("x", ""):
        found, is_cut = freeform.flat(Raw(msgspec.json.encode({"a": "y" * 40_000, "b": more})))
        assert is_cut
        assert found
