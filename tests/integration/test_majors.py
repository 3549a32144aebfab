"""
The templates in both major versions of OpenSearch: samples are taken, fields have their types, nothing else is mapped.

The older one has the security plugin, so that all of this goes over TLS and by a user.
"""

import json
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from decoding import decoded
from sample_files import SOURCES, folder

from integration.shipping import have_templates
from shipper.config import OpenSearch as Settings
from shipper.mappings.aliases import aliases
from shipper.mappings.fields import fields
from shipper.mappings.opensearch import OPENSEARCH
from shipper.notification import ObjectRef
from shipper.opensearch import OpenSearch, connected
from shipper.source import Origin, Source
from shipper.sources import aws_cloudtrail
from shipper.stamp import Stamp

BODY_BYTES = 1_000_000
"""aiohttp warns of more in one piece."""

RECORDS = 10_000


@pytest.fixture
async def engine(cluster: Settings, unique: str) -> AsyncIterator[OpenSearch]:
    """A client of one of the servers, with all templates in it."""
    async with connected(cluster) as client:
        await have_templates(client)
        yield client
        await client.request("DELETE", f"/_data_stream/logs-*-{unique}")


def goldens(source: Source[Any, Any]) -> list[dict[str, Any]]:
    """Documents that the samples of a source become."""
    files = sorted(set(folder(source).glob("*.expected.json")) - {folder(source) / "keys.expected.json"})
    return [entry["_source"] for file in files for entry in json.loads(file.read_text()) if "_source" in entry]


async def index(engine: OpenSearch, stream: str, documents: list[bytes]) -> list[Any]:
    """Index documents in requests of some size; give the errors."""
    errors, lines = [], b""
    action = f'{{"create":{{"_index":"{stream}"}}}}\n'.encode()
    for document in (*documents, None):
        if document is None or (lines and len(lines) + len(document) > BODY_BYTES):
            answer = await engine.request("POST", "/_bulk", msgspec.Raw(lines), {"refresh": "true"})
            errors += [item["create"]["error"] for item in answer["items"] if "error" in item["create"]]
            lines = b""
        if document is not None:
            lines += action + document + b"\n"
    return errors


def mapped(properties: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Fields of a mapping with their parameters, by path."""
    found: dict[str, Any] = {}
    for name, written in properties.items():
        if "properties" in written:
            found |= mapped(written["properties"], f"{prefix}{name}.")
        else:
            found[prefix + name] = written
    return found


async def mapping_of(engine: OpenSearch, stream: str) -> dict[str, Any]:
    """Fields that a data stream's only backing index has."""
    (answer,) = (await engine.request("GET", f"/{stream}/_mapping")).values()
    return mapped(answer["mappings"]["properties"])


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
async def test_documents_of_all_samples_are_taken_and_mapped_as_declared(
    source: Source[Any, Any], engine: OpenSearch, unique: str
) -> None:
    """No document is refused, each declared field has its declared type, and nothing else was mapped."""
    stream, documents = f"logs-{source.dataset}-{unique}", goldens(source)
    assert documents
    assert await index(engine, stream, [json.dumps(document).encode() for document in documents]) == []
    assert (await engine.request("GET", f"/{stream}/_count"))["count"] == len(documents)
    declared = fields(source.document_type)
    names = {name: {"type": "alias", "path": path} for name, path in aliases(source.dataset, declared).items()}
    wanted = {path: OPENSEARCH.parameters(field) for path, field in declared.items()}
    assert await mapping_of(engine, stream) == wanted | names
    capabilities = (await engine.request("GET", f"/{stream}/_field_caps?fields=*"))["fields"]
    for path, field in declared.items():
        (capability,) = capabilities[path].values()
        kind = OPENSEARCH.parameters(field)["type"]
        assert (capability["type"], capability["searchable"]) == (kind, field.is_indexed), path
    below = ("flat_object", "object", "nested")
    flat = tuple(f"{path}." for path, parameters in wanted.items() if parameters["type"] == "flat_object")
    others = {
        path: list(found)
        for path, found in capabilities.items()
        if path not in wanted | names and not path.startswith(("_", *flat)) and not set(found) <= set(below)
    }
    assert others == {}


@pytest.mark.parametrize(
    ("dataset", "name"), [("aws.cloudtrail", "aws.cloudtrail.event_name"), ("aws.vpcflow", "netflow.dstport")]
)
async def test_aliases_answer_queries(dataset: str, name: str, engine: OpenSearch, unique: str) -> None:
    """A rule of Security Analytics that names a field its own way finds what the field of ours has."""
    (source,) = (one for one in SOURCES if one.dataset == dataset)
    stream = f"logs-{dataset}-{unique}"
    await index(engine, stream, [json.dumps(document).encode() for document in goldens(source)])
    path = aliases(dataset, fields(source.document_type))[name]
    counts = [
        (await engine.request("POST", f"/{stream}/_count", {"query": query}))["count"]
        for one in (name, path)
        for query in ({"exists": {"field": one}}, {"query_string": {"query": f"{one}:(4* OR C* OR D*)"}})
    ]
    assert counts[:2] == counts[2:]
    assert counts[0] > 0


def surprise(chance: random.Random, depth: int = 0) -> Any:
    """Give a value of any type."""
    kind = chance.randrange(10 if depth < 4 else 6)
    if kind < 6:
        return (
            chance.randrange(-(2**70), 2**70),
            chance.random(),
            bool(chance.randrange(2)),
            None,
            f"text {chance.random()}",
            "",
        )[kind]
    if kind < 8:
        return [surprise(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice("abcdefgh"): surprise(chance, depth + 1) for _ in range(chance.randrange(4))}


def freeform(chance: random.Random) -> Any:
    """Give a free-form part: mostly small, at times a long value, at times a deep one."""
    dice = chance.random()
    if dice < 0.005:
        return {"a": {"policy": chance.choice(["x", "é"]) * chance.choice([40_000, 100_000])}}
    if dice < 0.01:
        deep: Any = "end"
        for _ in range(300):
            deep = {"a": deep} if chance.randrange(2) else [deep]
        return deep
    return surprise(chance)


def trail(chance: random.Random, position: int) -> bytes:
    """Write a record of CloudTrail whose free-form fields are of any type."""
    record = {
        "eventVersion": "1.11",
        "eventTime": "2026-02-03T10:11:12Z",
        "eventSource": "made.amazonaws.com",
        "eventName": "Surprise",
        "awsRegion": "us-east-1",
        "eventID": f"00000000-0000-4000-8000-{position:012}",
        **{
            name: freeform(chance)
            for name in ("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails")
        },
    }
    return json.dumps(record).encode()


async def test_free_form_fields_of_any_type_are_taken(engine: OpenSearch, unique: str) -> None:
    """Of 10,000 records whose free-form fields change their type at random none is refused, and no field is mapped."""
    source, chance = aws_cloudtrail.source, random.Random(8)
    origin = Origin(object=ObjectRef(bucket="b", key="k"), account="123456789012")
    stamp = Stamp(source, origin, namespace=unique, version="v")
    moment = datetime(2026, 2, 3, 10, 20, tzinfo=UTC)
    documents = []
    records = b",".join(trail(chance, position) for position in range(RECORDS))
    for position, one in enumerate(decoded(source.format, [b'{"Records":[' + records + b"]}"])):
        document = source.document(one.value, origin)
        stamp.complete(document, position, moment, ())
        documents.append(msgspec.json.encode(document))
    assert len(documents) == RECORDS
    assert await index(engine, stamp.index, documents) == []
    assert (await engine.request("GET", f"/{stamp.index}/_count"))["count"] == RECORDS
    declared = fields(source.document_type)
    assert (await mapping_of(engine, stamp.index)).keys() == declared.keys() | aliases(source.dataset, declared).keys()
