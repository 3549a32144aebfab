"""The index templates in a real OpenSearch: what documents become there, and what its field types take."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import Raw
from opensearchpy import OpenSearch

from shipper import deadletter, ecs, freeform
from shipper.mappings.fields import fields
from shipper.mappings.opensearch import OPENSEARCH
from shipper.mappings.templates import Template, templates

MOMENT = "2026-02-03T04:05:06.789012Z"
PROPERTIES = {"f": {"type": "flat_object"}}


class MadeAws(ecs.Aws):
    """`aws` of a made-up source."""

    name: str | None = None


class MadeDocument(ecs.Document):
    """Document of a made-up source."""

    aws: MadeAws | None = None


@pytest.fixture
def client(opensearch_url: str) -> Iterator[OpenSearch]:
    """A client of the shared server."""
    with OpenSearch(opensearch_url, timeout=60) as connected:
        yield connected


@pytest.fixture
def installed(client: OpenSearch, unique: str) -> Iterator[OpenSearch]:
    """A client of the shared server, with the templates of all datasets in it."""
    install(client, templates())
    yield client
    client.indices.delete_data_stream(name=f"logs-*-{unique}")


@pytest.fixture
def made(client: OpenSearch, unique: str) -> Iterator[tuple[OpenSearch, str]]:
    """A client, and the name of a dataset of this test alone, whose templates are installed."""
    dataset = unique.replace("-", "_")
    mine = templates({dataset: MadeDocument})
    install(client, mine)
    yield client, dataset
    client.indices.delete_data_stream(name=f"logs-{dataset}-*")
    for template in reversed(mine[3:]):  # the first three are those of all datasets
        client.transport.perform_request("DELETE", template.path)


@pytest.fixture
def flat(client: OpenSearch, unique: str) -> Iterator[tuple[OpenSearch, str]]:
    """A client, and an index with a flat object at `f`."""
    client.indices.create(index=unique, body={"mappings": {"dynamic": "false", "properties": PROPERTIES}})
    yield client, unique
    client.indices.delete(index=unique)


def install(client: OpenSearch, wanted: list[Template]) -> None:
    """Put templates into the server in their order."""
    for template in wanted:
        client.transport.perform_request("PUT", template.path, body=template.body)


def create(client: OpenSearch, stream: str, document: dict[str, Any]) -> dict[str, Any]:
    """Index one document, and make searches see it."""
    body = f'{{"create":{{"_index":"{stream}"}}}}\n{json.dumps(document)}\n'
    answer = client.bulk(body=body, params={"refresh": "true"})
    return dict(answer["items"][0]["create"])


def member(key: str, value: str) -> str:
    """An object with one member, as JSON text."""
    return f'{{"{key}":"{value}"}}'


def refusal(client: OpenSearch, index: str, value: str) -> str | None:
    """Index JSON text as the flat object; give what the server says against it, from outermost to innermost cause."""
    body = f'{{"index":{{"_index":"{index}"}}}}\n{{"f":{value}}}\n'
    error = client.bulk(body=body)["items"][0]["index"].get("error")
    causes = []
    while error:
        causes.append(error["reason"])
        error = error.get("caused_by")
    return " <- ".join(causes) or None


def mapped(properties: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Fields of a mapping with their parameters, by path."""
    found: dict[str, Any] = {}
    for name, written in properties.items():
        if "properties" in written:
            found |= mapped(written["properties"], f"{prefix}{name}.")
        else:
            found[prefix + name] = written
    return found


def mapping_of(client: OpenSearch, stream: str) -> dict[str, Any]:
    """Fields that a data stream's only backing index has."""
    (answer,) = client.indices.get_mapping(index=stream).values()
    return mapped(answer["mappings"]["properties"])


def test_what_is_installed_is_given_back_unchanged(installed: OpenSearch) -> None:
    """So whether a template is up to date is seen by comparing."""
    for template in templates():
        answer = installed.transport.perform_request("GET", template.path)
        assert template.is_in(answer), f"{template.name}: {json.dumps(answer)}"


def test_undeclared_field_is_kept_and_never_mapped(made: tuple[OpenSearch, str]) -> None:
    """Whatever is in a document, it is taken, stays there and changes no mapping."""
    client, dataset = made
    stream = f"logs-{dataset}-default"
    before = {path: OPENSEARCH.parameters(field) for path, field in fields(MadeDocument).items()}
    for surprise in ({"deep": {"er": 1}}, "2026-01-01T00:00:00Z", ["a"]):
        document = {"@timestamp": MOMENT, "surprise": surprise, "aws": {"name": "a", "surprise": surprise}}
        assert create(client, stream, document)["status"] == 201
        (hit,) = client.search(index=stream, body={"sort": ["_seq_no"]})["hits"]["hits"][-1:]
        assert hit["_source"] == document
    assert mapping_of(client, stream) == before


def test_settings_are_in_force_and_the_users_come_last(made: tuple[OpenSearch, str]) -> None:
    """Ours are in the first backing index; the user's own beat them from the next one on, and ours stay otherwise."""
    client, dataset = made
    stream = f"logs-{dataset}-default"
    client.indices.create_data_stream(name=stream)
    custom = {
        "template": {"settings": {"index.refresh_interval": "3s"}, "mappings": {"properties": {"x": PROPERTIES["f"]}}}
    }
    client.transport.perform_request("PUT", f"/_component_template/shipper-{dataset}@custom", body=custom)
    client.indices.rollover(alias=stream)
    answer = client.indices.get_settings(index=stream, params={"flat_settings": "true"})
    first, second = (answer[name]["settings"] for name in sorted(answer))
    assert first["index.codec"] == second["index.codec"] == "best_compression"
    assert first["index.sort.field"] == second["index.sort.field"] == "@timestamp"
    assert (first["index.refresh_interval"], second["index.refresh_interval"]) == ("10s", "3s")
    assert "x" in client.indices.get_mapping(index=sorted(answer)[1])[sorted(answer)[1]]["mappings"]["properties"]


def test_newest_documents_come_first_and_are_one_each(made: tuple[OpenSearch, str]) -> None:
    """Sorted indices of data streams take documents in any order, and refuse a second of the same id."""
    client, dataset = made
    stream = f"logs-{dataset}-default"
    for second in (2, 3, 1, 2):
        body = {"@timestamp": f"2026-01-01T00:00:0{second}Z"}
        params = {"op_type": "create", "refresh": "true"}
        client.index(index=stream, body=body, id=str(second), params=params, ignore=409)
    found = client.search(index=stream, body={"sort": [{"@timestamp": "desc"}]})["hits"]["hits"]
    assert [hit["_id"] for hit in found] == ["3", "2", "1"]


@pytest.mark.parametrize("name", ["original", "document"])
def test_dead_letter_keeps_a_megabyte(name: str, installed: OpenSearch, unique: str) -> None:
    """Any text comes back as it was given; it does not get in the way of a search over all fields."""
    stream, text = f"logs-{deadletter.DATASET}-{unique}", 'x{"a": é \\n}\n' * 100_000
    letter = {"reason": "undecodable", name: text}
    document = {"@timestamp": MOMENT, "error": {"message": "no JSON"}, "shipper": {"deadletter": letter}}
    assert create(installed, stream, document)["status"] == 201
    query = {
        "bool": {
            "filter": [{"term": {"shipper.deadletter.reason": "undecodable"}}, {"query_string": {"query": "json"}}]
        }
    }
    (hit,) = installed.search(index=stream, body={"query": query})["hits"]["hits"]
    assert hit["_source"]["shipper"]["deadletter"][name] == text


@pytest.mark.parametrize("size", [8_000, 9_000])
def test_request_parameters_are_found_by_wildcard_up_to_their_limit(
    size: int, installed: OpenSearch, unique: str
) -> None:
    """A rule finds what it looks for anywhere in 8,000 characters; beyond 8,191 only the flat form finds it."""
    policy = "arn:aws:iam::aws:policy/AdministratorAccess"
    rest = size - len(f"{{padding=, policyArn={policy}}}")
    part = freeform.read(Raw(json.dumps({"padding": "é" * rest, "policyArn": policy}).encode()))
    assert part.flat
    assert len(part.text or "") == size
    trail = {"request_parameters": part.text, "flattened": {"request_parameters": json.loads(bytes(part.flat))}}
    stream = f"logs-aws.cloudtrail-{unique}"
    assert create(installed, stream, {"@timestamp": MOMENT, "aws": {"cloudtrail": trail}})["status"] == 201
    queries = (
        {"wildcard": {"aws.cloudtrail.request_parameters": f"*policyArn={policy}*"}},
        {"query_string": {"query": "aws.cloudtrail.request_parameters:*AdministratorAccess*"}},
        {"term": {"aws.cloudtrail.flattened.request_parameters.policyArn": policy}},
    )
    counts = [installed.count(index=stream, body={"query": query})["count"] for query in queries]
    assert counts == ([1, 1, 1] if size == 8_000 else [0, 0, 1])


@pytest.mark.parametrize(
    "value",
    [
        "{}",
        "null",
        "[]",
        '[{"a":1},{"b":"x"}]',
        '{"":"x",".":"x","..":"x","a..b":"x",".a":"x","a.":"x"," ":"x","*":"x","a=b":"x"}',
        '{"a":{"b":"1"},"a.b":"2"}',
        '{"a":"x","a.b":"y"}',
        '{"\\u0000":"x","a\\nb":"\\u0000"}',
        '{"a":["x",1,true,null,1.5,{"b":1},["c",[]],{}]}',
        '{"a":null,"b":[null]}',
        '{"a":1e400,"b":-0.0,"c":18446744073709551616}',
        '{"a":%s}' % ("9" * 1_000),
        '{"a":"\\ud800"}',
        member("a", "x" * freeform.LEAF_BYTES),
        member("k" * freeform.PATH_BYTES, "x" * freeform.LEAF_BYTES),
        member("k" * 32_000, "x"),
        '{"k":' * 100 + "1" + "}" * 100,
        '{"k":' + "[" * 100 + "1" + "]" * 100 + "}",
    ],
    ids=lambda value: value[:20],
)
def test_flat_object_takes(value: str, flat: tuple[OpenSearch, str]) -> None:
    """What `shipper.freeform` need not guard against."""
    client, index = flat
    assert refusal(client, index, value) is None


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ('"x"', "unexpected token [VALUE_STRING] in flat_object field value"),
        ("1", "unexpected token [VALUE_NUMBER] in flat_object field value"),
        ("true", "unexpected token [VALUE_BOOLEAN] in flat_object field value"),
        ('["a","b"]', "unexpected token [VALUE_STRING] in flat_object field value"),
        ('[{"a":1},"x"]', "unexpected token [VALUE_STRING] in flat_object field value"),
        (member("a", "x" * 32_767), "Document contains at least one immense term"),
        (member("a", "€" * 11_000), "Document contains at least one immense term"),
        ('{"a":["x",{"b":"%s"}]}' % ("x" * 33_000), "Document contains at least one immense term"),
        (member("k" * 32_767, "x"), "Document contains at least one immense term"),
        (member("k" * 1_000, "x" * 32_000), "Document contains at least one immense term"),
        (member("k" * 50_001, "x"), "Name length (50001) exceeds the maximum allowed (50000"),
        ('{"a":%s}' % ("9" * 1_001), "Number value length (1001) exceeds the maximum allowed (1000"),
        ('{"\\ud800":"x"}', "Broken surrogate pair in field name"),
        ('{"a":"1","a":"2"}', "Duplicate field 'a'"),
    ],
    ids=lambda value: value[:20],
)
def test_flat_object_refuses(value: str, cause: str, flat: tuple[OpenSearch, str]) -> None:
    """
    What `shipper.freeform` has to guard against; the whole document would be refused.

    The worst is missing here: 600 levels of objects can end the server, with a StackOverflowError in its parser.
    """
    client, index = flat
    assert cause in (refusal(client, index, value) or "")
