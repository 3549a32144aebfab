"""Documents that OpenSearch refuses, and what is left of them; the reasons are recorded from real servers."""

import json
from typing import Any

import pytest

from shipper.rescue import MOST_FIELDS, PATH_CHARACTERS, VALUE_BYTES, mend

NUMBER = (
    "mapper_parsing_exception: failed to parse field [n] of type [long] in document with id '1'. Preview of field's "
    "value: 'many'; illegal_argument_exception: For input string: \"many\""
)
RANGE = (
    "mapper_parsing_exception: failed to parse field [n] of type [long] in document with id '1'. Preview of field's "
    "value: '9999999999999999999'; input_coercion_exception: Numeric value (9999999999999999999) out of range of long "
    "(-9223372036854775808 - 9223372036854775807)\n at [Source: REDACTED (`StreamReadFeature."
    "INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 29]"
)
ADDRESS = (
    "mapper_parsing_exception: failed to parse field [a.ip] of type [ip] in document with id '1'. Preview of field's "
    "value: 'bad'; illegal_argument_exception: 'bad' is not an IP string literal."
)
ELASTICSEARCH = (
    "document_parsing_exception: [1:53] failed to parse field [a.ip] of type [ip] in document with id '1'. Preview of "
    "field's value: 'bad'; illegal_argument_exception: 'bad' is not an IP string literal."
)
DATE = (
    "mapper_parsing_exception: failed to parse field [d] of type [date] in document with id '1'. Preview of field's "
    "value: 'tomorrow'; illegal_argument_exception: failed to parse date field [tomorrow] with format "
    "[strict_date_optional_time||epoch_millis]; date_time_parse_exception: Failed to parse with all enclosed parsers"
)
BOOLEAN = (
    "mapper_parsing_exception: failed to parse field [b] of type [boolean] in document with id '1'. Preview of field's "
    "value: 'yes'; illegal_argument_exception: Failed to parse value [yes] as only [true] or [false] are allowed."
)
OBJECT = (
    "mapper_parsing_exception: failed to parse field [k] of type [keyword] in document with id '1'. Preview of field's "
    "value: '{b=1}'; illegal_state_exception: Can't get text on a START_OBJECT at 1:19"
)
SCALAR = (
    "mapper_parsing_exception: object mapping for [o.p] tried to parse field [p] as object, but found a concrete value"
)
IN_ARRAY = (
    "mapper_parsing_exception: object mapping for [o] tried to parse field [null] as object, but found a concrete value"
)
FLAT = (
    "mapper_parsing_exception: failed to parse field [f] of type [flat_object] in document with id '1'. Preview of "
    "field's value: '2'; parsing_exception: [f] unexpected token [VALUE_NUMBER] in flat_object field value"
)
IMMENSE = (
    'illegal_argument_exception: Document contains at least one immense term in field="{}" (whose UTF8 encoding is '
    "longer than the max length 32766), all of which were skipped.  Please correct the analyzer to not produce such "
    "terms.  The prefix of the first immense term is: '[118, 118]...', original message: bytes can be at most 32766 in "
    "length; got 40000; max_bytes_length_exceeded_exception: bytes can be at most 32766 in length; got 40000"
)
DOC_VALUES = 'illegal_argument_exception: DocValuesField "k" is too large, must be <= 32766'
GEO = "mapper_parsing_exception: failed to parse field [g] of type [geo_point]; parse_exception: geo_point expected"
STRICT = (
    "strict_dynamic_mapping_exception: mapping set to strict, dynamic introduction of [{}] within [{}] is not allowed"
)
MERGE = "illegal_argument_exception: mapper [d.q] cannot be changed from type [long] to [text]"
MERGE_OBJECT = "illegal_argument_exception: can't merge a non object mapping [d.q] with an object mapping"
ALIAS = "mapper_parsing_exception: failed to parse; illegal_argument_exception: Cannot write to a field alias [n]."
NAME = "illegal_argument_exception: Field name [nnnn] is longer than the limit of [3] characters"
DEPTH = (
    "mapper_parsing_exception: failed to parse; parse_exception: The depth of the {} has exceeded the allowed limit of "
    "[3]. This limit can be set by changing the [index.mapping.depth.limit] index level setting."
)
DEPTH_ELASTICSEARCH = (
    "document_parsing_exception: [1:26] failed to parse: Limit of mapping depth [3] has been exceeded due to object "
    "field [d.a.a]; illegal_argument_exception: Limit of mapping depth [3] has been exceeded due to object field "
    "[d.a.a]"
)
FIELDS = "illegal_argument_exception: Limit of total fields [130] has been exceeded"
LONG = "v" * 40_000
CUT = LONG[:VALUE_BYTES]


def mended(document: dict[str, Any], reason: str) -> tuple[dict[str, Any], dict[str, str], list[str]] | None:
    """Give what is left of a document, what was set aside from it and its tags; None when it cannot be mended."""
    got = mend(json.dumps(document).encode(), reason)
    if got is None:
        return None
    assert b"\n" not in got
    left = json.loads(got)
    unparsed = {one["field"]: one["value"] for one in left["shipper"].pop("unparsed")}
    if not left["shipper"]:
        del left["shipper"]
    return left, unparsed, left.pop("tags")


@pytest.mark.parametrize(
    ("reason", "document", "left", "unparsed"),
    [
        (NUMBER, {"n": "many"}, {}, {"n": "many"}),
        (NUMBER, {"n": [1, "many", 3]}, {"n": [1, 3]}, {"n": "many"}),
        (RANGE, {"n": 9999999999999999999}, {}, {"n": "9999999999999999999"}),
        (ADDRESS, {"a": {"ip": "bad", "x": 1}}, {"a": {"x": 1}}, {"a.ip": "bad"}),
        (ADDRESS, {"a": [{"ip": "::1"}, {"ip": "bad"}]}, {"a": [{"ip": "::1"}]}, {"a.ip": "bad"}),
        (ADDRESS, {"a.ip": "bad"}, {}, {"a.ip": "bad"}),
        (ADDRESS, {"a": {"ip": ["bad", "::1", "bad"]}}, {"a": {"ip": ["::1"]}}, {"a.ip": '["bad","bad"]'}),
        (ADDRESS, {"a": {"ip": ["another"]}}, {}, {"a.ip": '["another"]'}),
        (ELASTICSEARCH, {"a": {"ip": ["bad", None]}}, {"a": {"ip": [None]}}, {"a.ip": "bad"}),
        (DATE, {"d": "tomorrow"}, {}, {"d": "tomorrow"}),
        (BOOLEAN, {"b": [True, ["yes"]]}, {"b": [True]}, {"b": "yes"}),
        (OBJECT, {"k": ["a", {"b": 1}]}, {"k": ["a"]}, {"k": '{"b": 1}'}),
        (SCALAR, {"o": {"p": "x", "q": 1}}, {"o": {"q": 1}}, {"o.p": "x"}),
        (IN_ARRAY, {"o": [{"p": 1}, 5, None]}, {"o": [{"p": 1}, None]}, {"o": "5"}),
        (FLAT, {"f": [{"a": 1}, 2]}, {"f": [{"a": 1}]}, {"f": "2"}),
        (GEO, {"g": [1, 2, 3, 4]}, {}, {"g": "[1, 2, 3, 4]"}),
        (STRICT.format("b", "o"), {"o": {"b": {"c": 1}, "d": 1}}, {"o": {"d": 1}}, {"o.b": '{"c": 1}'}),
        (STRICT.format("b", "_doc"), {"b": None}, {}, {"b": "null"}),
        (MERGE, {"d": [{"q": 1}, {"q": "t", "r": 1}]}, {"d": [{"r": 1}]}, {"d.q": '[1,"t"]'}),
        (MERGE_OBJECT, {"d": [{"q": 1}, {"q": {"z": 1}}]}, {}, {"d.q": '[1,{"z": 1}]'}),
        (ALIAS, {"n": 1}, {}, {"n": "1"}),
        (NAME, {"d": {"nnnn": {"c": 1}, "n": 1}}, {"d": {"n": 1}}, {"d.nnnn": '{"c": 1}'}),
        (DEPTH.format("field"), {"d": {"a": {"b": 1, "a": {}}}}, {"d": {"a": {"b": 1}}}, {"d.a.a": "{}"}),
        (DEPTH.format("nested array field"), {"x": [1, [2, [3, [4]]]]}, {"x": [1, [2, [3]]]}, {"x": "[4]"}),
        (DEPTH_ELASTICSEARCH, {"d": {"a": {"b": 1, "a": {"a": 1}}}}, {"d": {"a": {"b": 1}}}, {"d.a.a": '{"a": 1}'}),
    ],
)
def test_only_what_is_refused_is_taken_out(
    reason: str, document: dict[str, Any], left: dict[str, Any], unparsed: dict[str, str]
) -> None:
    """What the reason names goes, as text, to `shipper.unparsed`, and all else stays where it was."""
    assert mended({"rest": "é", **document}, reason) == ({"rest": "é", **left}, unparsed, ["rescued"])


@pytest.mark.parametrize(
    ("field", "document", "left", "unparsed"),
    [
        ("k", {"k": ["a", LONG]}, {"k": ["a"]}, {"k": CUT}),
        ("k.keyword", {"k": LONG}, {}, {"k": CUT}),
        ("f._value", {"f": {"a": {"b": [LONG, "x"]}}}, {"f": {"a": {"b": ["x"]}}}, {"f.a.b": CUT}),
        ("f._valueAndPath", {"f": {LONG: 1, "a": 2}}, {"f": {"a": 2}}, {f"f.{LONG}"[:PATH_CHARACTERS]: "1"}),
    ],
)
def test_long_values(field: str, document: dict[str, Any], left: dict[str, Any], unparsed: dict[str, str]) -> None:
    """Only the value that makes too long a term goes, wherever it lies; where it is cut, a tag says so."""
    tags = ["rescued", *(["cut"] if CUT in unparsed.values() else [])]
    assert mended(document, IMMENSE.format(field)) == (left, unparsed, tags)


def test_a_reason_that_was_cut_off() -> None:
    """A value so long that the reason ends within it is still found."""
    reason = NUMBER.partition("many")[0] + LONG
    assert mended({"n": [1, LONG]}, reason[:2000]) == ({"n": [1]}, {"n": CUT}, ["rescued", "cut"])
    none_shown = NUMBER.partition("many")[0]
    assert mended({"n": [1, None, "x"]}, none_shown) == ({"n": [None]}, {"n": '[1,"x"]'}, ["rescued"])
    assert mended({"k": [LONG, "b"]}, DOC_VALUES) == ({"k": ["b"]}, {"k": CUT}, ["rescued", "cut"])


def test_what_is_there_already_stays() -> None:
    """Tags and values set aside before are kept, and all bytes of other fields are as they were."""
    document = (
        b'{"n":"many","x":{ "y":1.50e3},"shipper":{"lag_seconds":1.0,"unparsed":[{"field":"a","value":"1"}]},'
        b'"tags":["cut"]}'
    )
    assert mend(document, NUMBER) == (
        b'{"x":{ "y":1.50e3},"shipper":{"lag_seconds":1.0,"unparsed":[{"field":"a","value":"1"},'
        b'{"field":"n","value":"many"}]},"tags":["cut","rescued"]}'
    )


def test_a_field_named_twice_goes_as_a_whole() -> None:
    """A field with one bad value after another does not need a round for each of them."""
    once = mend(b'{"a":{"ip":["bad","worse","::1"]}}', ADDRESS)
    assert once is not None
    assert mend(once, ADDRESS.replace("bad", "worse")) == (
        b'{"shipper":{"unparsed":[{"field":"a.ip","value":"bad"},{"field":"a.ip","value":"[\\"worse\\",\\"::1\\"]"}]},'
        b'"tags":["rescued"]}'
    )


@pytest.mark.parametrize(
    "field", ["@timestamp", "data_stream", "data_stream.type", "shipper", "shipper.unparsed.value", "tags"]
)
def test_protected_fields(field: str) -> None:
    """What makes a document what it is, and where it is told what was done, is never taken out."""
    document: dict[str, Any] = {"@timestamp": "many", "tags": ["many"], "data_stream": {"type": "many"}}
    document["shipper"] = {"unparsed": [{"field": "x", "value": "many"}]}
    assert mended(document, NUMBER.replace("[n]", f"[{field}]")) is None


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"n": "many"}, ""),
        ({"n": "many"}, "HTTP 400: Malformed action/metadata line"),
        ({"n": "many"}, f"some_exception: it said {NUMBER}"),
        ({"n": "many"}, FIELDS),
        ({"n": "many"}, NAME),
        ({"m": "many"}, NUMBER),
        ({"n": {"m": 1}}, NUMBER.replace("[n]", "[n.o]")),
        ({"d": {f"a{number}": {"b": {}} for number in range(MOST_FIELDS + 1)}}, DEPTH.format("field")),
    ],
)
def test_what_cannot_be_mended(document: dict[str, Any], reason: str) -> None:
    """An unknown reason, a field that is not there, or too many of them: the document is given up."""
    assert mended(document, reason) is None


@pytest.mark.parametrize("document", [b"5", b"[1]", b'{"n":', b'{"tags":5,"n":"many"}', b'{"n":"many","shipper":5}'])
def test_documents_that_are_not_ours(document: bytes) -> None:
    """What does not look like a document is given up, whatever the reason."""
    assert mend(document, NUMBER) is None
