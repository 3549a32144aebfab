"""
Documents that a real OpenSearch refuses for one field.

The mapping is ours, and a user's component template on top of it that maps some fields otherwise: that is how documents
come to be refused.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from shipper import ecs
from shipper.backing import BackingIndices
from shipper.config import OpenSearch as Settings
from shipper.deadletter import DeadLetters, Place
from shipper.health import Health
from shipper.indexer import Indexer
from shipper.install import install
from shipper.mappings.templates import templates
from shipper.metrics import Metrics
from shipper.opensearch import OpenSearch, connected
from shipper.pipeline import utc_now
from shipper.rescue import VALUE_BYTES
from shipper.tally import Tally

LONG = "v" * 40_000
CUT = LONG[:VALUE_BYTES]

CUSTOM = {
    "mappings": {
        "properties": {
            "aws": {"properties": {"error_code": {"type": "long"}, "name": {"type": "flat_object"}}},
            "alias": {"type": "alias", "path": "keyword"},
            "bool": {"type": "boolean"},
            "copied": {"type": "keyword", "copy_to": "copy"},
            "copy": {"type": "long"},
            "date": {"type": "date"},
            "double": {"type": "double"},
            "dynamic": {"type": "object", "dynamic": "true"},
            "flat": {"type": "flat_object"},
            "geo": {"type": "geo_point"},
            "ip": {"type": "ip"},
            "keyword": {"type": "keyword"},
            "long": {"type": "long"},
            "multi": {"type": "text", "fields": {"number": {"type": "long"}}},
            "nested": {"type": "nested", "properties": {"ip": {"type": "ip"}}},
            "object": {"properties": {"inner": {"properties": {"short": {"type": "short"}}}}},
            "strict": {"dynamic": "strict", "properties": {"known": {"type": "long"}}},
            "text": {"type": "text"},
            "unindexed": {"type": "keyword", "index": False},
        }
    },
    "settings": {"index": {"mapping": {"depth": {"limit": 6}, "field_name_length": {"limit": 60}}}},
}
"""What a user may add."""


@dataclass(frozen=True)
class Case:
    """
    A document that is refused.

    Attributes:
        fields: of the document, beside those that all have
        unparsed: what is taken out of it, in order
        left: of `fields`
    """

    fields: dict[str, Any]
    unparsed: list[tuple[str, str]]
    left: dict[str, Any] = field(default_factory=dict)


def nested(levels: int) -> list[Any]:
    """Give arrays in arrays, each with the number of its level."""
    made: list[Any] = [levels]
    for level in range(levels - 1, 0, -1):
        made = [level, made]
    return made


DEEP = {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}
CASES = {
    "a number field of ours mapped by the user": Case(
        {"aws": {"error_code": "AccessDenied", "other": 1}},
        [("aws.error_code", "AccessDenied")],
        {"aws": {"other": 1}},
    ),
    "a scalar in a flat object": Case({"aws": {"name": "text"}}, [("aws.name", "text")]),
    "scalars among flat objects": Case({"flat": [{"a": 1}, 2]}, [("flat", "2")], {"flat": [{"a": 1}]}),
    "a long value in a flat object": Case(
        {"flat": {"a": {"b": [LONG, "x"]}, "c": 1}}, [("flat.a.b", CUT)], {"flat": {"a": {"b": ["x"]}, "c": 1}}
    ),
    "text for a number": Case({"long": ["1", "two", 3]}, [("long", "two")], {"long": ["1", 3]}),
    "an object for a number": Case({"long": {"a": 1}}, [("long", '{"a": 1}')]),
    "a number out of range": Case({"long": 9999999999999999999}, [("long", "9999999999999999999")]),
    "a number out of a short's range": Case(
        {"object": {"inner": {"short": 70000, "x": 1}}},
        [("object.inner.short", "70000")],
        {"object": {"inner": {"x": 1}}},
    ),
    "a number that is not finite": Case({"double": "1e999"}, [("double", "1e999")]),
    "no boolean": Case({"bool": [True, "maybe"]}, [("bool", "maybe")], {"bool": [True]}),
    "no date": Case({"date": "yesterday"}, [("date", "yesterday")]),
    "no address": Case({"ip": ["10.0.0.1", "vpce-1", "::1"]}, [("ip", "vpce-1")], {"ip": ["10.0.0.1", "::1"]}),
    "several that are no addresses": Case({"ip": ["a", "b", "c"]}, [("ip", "a"), ("ip", '["b","c"]')]),
    "a nested document as a name with dots": Case({"nested.ip": "x'] of type [y"}, [("nested.ip", "x'] of type [y")]),
    "no number below a name with dots": Case({"object.inner.short": "x'; y"}, [("object.inner.short", "x'; y")]),
    "no address in nested documents": Case(
        {"nested": [{"ip": "::1"}, {"ip": "x"}]}, [("nested.ip", "x")], {"nested": [{"ip": "::1"}]}
    ),
    "a scalar for nested documents": Case(
        {"nested": [{"ip": "::1"}, "x"]}, [("nested", "x")], {"nested": [{"ip": "::1"}]}
    ),
    "a scalar for an object": Case({"object": {"inner": "x", "y": 1}}, [("object.inner", "x")], {"object": {"y": 1}}),
    "an object for a keyword": Case({"keyword": ["a", {"b": 1}]}, [("keyword", '{"b": 1}')], {"keyword": ["a"]}),
    "an object for text": Case({"text": {"a": 1}}, [("text", '{"a": 1}')]),
    "a long keyword": Case({"keyword": ["a", LONG]}, [("keyword", CUT)], {"keyword": ["a"]}),
    "a long value without an index": Case({"unindexed": LONG}, [("unindexed", CUT)]),
    "a long value for a date": Case({"date": LONG}, [("date", CUT)]),
    "no point": Case({"geo": "nowhere"}, [("geo", "nowhere")]),
    "a field made of another": Case({"multi": ["1", "x"]}, [("multi", "x")], {"multi": ["1"]}),
    "an alias": Case({"alias": "x"}, [("alias", "x")]),
    "an undeclared field": Case(
        {"strict": {"new": {"a": 1}, "known": 1}}, [("strict.new", '{"a": 1}')], {"strict": {"known": 1}}
    ),
    "two types in one document": Case({"dynamic": [{"q": 1}, {"q": "t"}]}, [("dynamic.q", '[1,"t"]')]),
    "object and scalar in one document": Case(
        {"dynamic": [{"r": 1}, {"r": {"z": 1}}]}, [("dynamic.r", '[1,{"z": 1}]')]
    ),
    "too many levels": Case({"dynamic": DEEP}, [("dynamic.a.a.a.a.a", '{"a": 1}')]),
    "too many levels of arrays": Case({"undeclared": nested(7)}, [("undeclared", "[7]")], {"undeclared": nested(6)}),
    "a long name": Case({"dynamic": {"n" * 61: 1, "n": 2}}, [(f"dynamic.{'n' * 61}", "1")], {"dynamic": {"n": 2}}),
    "four fields": Case(
        {"ip": "x", "long": "x", "bool": "x", "date": "x"}, [("ip", "x"), ("long", "x"), ("bool", "x"), ("date", "x")]
    ),
}


@dataclass
class Setting:
    """A data stream of one test, with its own templates, and what leads there."""

    engine: OpenSearch
    dataset: str
    stream: str
    letters: DeadLetters
    metrics: Metrics
    indexer: Indexer
    tally: Tally

    def add(self, name: str, fields: dict[str, Any]) -> None:
        """Ship a document that is called by its `event.id`."""
        document = {
            "@timestamp": "2026-08-03T12:00:00Z",
            "data_stream": {"type": "logs", "dataset": self.dataset, "namespace": "default"},
            "event": {"id": name},
            **fields,
        }
        self.indexer.add(self.stream, f"id of {name}", json.dumps(document).encode(), self.tally, self.tally.read)
        self.tally.read += 1

    async def found(self, index: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        """Search."""
        await self.engine.request("POST", f"/{index}/_refresh")
        answer = await self.engine.request("POST", f"/{index}/_search", {"size": 1000, "query": query})
        return list(answer["hits"]["hits"])

    async def dead(self) -> list[tuple[dict[str, Any], str]]:
        """Give the documents of all dead letters, and the reasons."""
        await self.engine.request("POST", f"/{self.letters.index}/_refresh")
        answer = await self.engine.request("POST", f"/{self.letters.index}/_search", {"size": 1000})
        letters = [hit["_source"] for hit in answer["hits"]["hits"]] if answer else []
        return [
            (json.loads(letter["shipper"]["deadletter"]["document"]), letter["error"]["message"]) for letter in letters
        ]


@pytest.fixture
async def setting(opensearch_url: str, unique: str) -> AsyncIterator[Setting]:
    """A data stream whose fields are partly the user's, in a real OpenSearch."""
    dataset = unique.replace("-", "_")
    stream, letters = f"logs-{dataset}-default", DeadLetters(unique)
    mine = templates({dataset: ecs.Document})[3:]  # the first three are those of all datasets
    async with connected(Settings(urls=(opensearch_url,))) as engine:
        async for _ in install(engine):
            pass
        for template in mine:
            body = {"template": CUSTOM} if template.belongs_to_user else template.body
            await engine.request("PUT", template.path, body)
        metrics = Metrics()
        knobs: dict[str, Any] = {"bulk_bytes": 5 << 20, "requests": 2, "flush_seconds": 1.0, "now": utc_now}
        indexer = Indexer(engine, BackingIndices(engine), letters, metrics, Health(metrics), **knobs)
        yield Setting(engine, dataset, stream, letters, metrics, indexer, Tally(Place(dataset=dataset)))
        for name in (stream, letters.index):
            await engine.request("DELETE", f"/_data_stream/{name}")
        for template in reversed(mine):
            await engine.request("DELETE", template.path)


async def test_each_refused_field(setting: Setting) -> None:
    """Whatever a document is refused for, it is indexed without that and says so; its neighbours are indexed."""
    for name, case in CASES.items():
        setting.add(name, case.fields)
        setting.add(f"beside {name}", {})
    await setting.indexer.drain()
    assert await setting.dead() == []
    assert (setting.tally.indexed, setting.tally.pending) == (2 * len(CASES), 0)
    wrong = {}
    for name, case in CASES.items():
        (hit,) = await setting.found(setting.stream, {"term": {"event.id": name}})
        source = hit["_source"]
        unparsed = [(one["field"], one["value"]) for one in source.pop("shipper", {}).get("unparsed", ())]
        left = {name: value for name, value in source.items() if name in case.fields}
        tags = ["rescued", *(["cut"] if any(value == CUT for _, value in case.unparsed) else [])]
        promised = (f"id of {name}", case.unparsed, case.left, tags)
        seen = (hit["_id"], unparsed, left, source.get("tags", []))
        if seen != promised:
            wrong[name] = seen
    assert not wrong
    assert len(await setting.found(setting.stream, {"term": {"tags": "rescued"}})) == len(CASES)
    value = {"query_string": {"query": "shipper.unparsed.field:ip AND shipper.unparsed.value:vpce*"}}
    assert [hit["_source"]["event"]["id"] for hit in await setting.found(setting.stream, value)] == ["no address"]
    labels = {"dataset": setting.dataset}
    assert setting.metrics.registry.get_sample_value("shipper_rescued_documents_total", labels) == len(CASES)


async def test_what_cannot_be_rescued(setting: Setting) -> None:
    """A document that no field can be told for, or one that it cannot do without, is a dead letter as it was."""
    six = {"ip": "x", "long": "x", "bool": "x", "date": "x", "double": "x", "multi": "x"}
    for name, fields in (("copy", {"copied": "x"}), ("time", {"@timestamp": "yesterday"}), ("six", six)):
        setting.add(name, fields)
        setting.add(f"beside {name}", {})
    await setting.indexer.drain()
    assert (setting.tally.indexed, setting.tally.dead_lettered, setting.tally.pending) == (3, 3, 0)
    letters = {document["event"]["id"]: (document, reason) for document, reason in await setting.dead()}
    assert letters.keys() == {"copy", "time", "six"}
    document, _ = letters["six"]
    assert six.items() <= document.items()
    assert not {"tags", "shipper"} & document.keys()
    assert "[@timestamp]" in letters["time"][1]
