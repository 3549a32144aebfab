"""
Elasticsearch takes what the daemon sends: bulk requests, data streams, errors.

The server of the tests is the core alone, without `match_only_text`, `constant_keyword`, `wildcard` and lifecycles. So
the templates are installed with types that the core has in their place; everything else in them is what is shipped.
`elastic_core` stands for the one part of its interface that is missing.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from sample_files import SOURCES
from types_aiobotocore_s3 import S3Client
from types_aiobotocore_sqs import SQSClient

from integration.conftest import REGION
from integration.shipping import TRAIL_KEY, Site, have_templates, running, shipper, site
from integration.test_majors import goldens, index, mapping_of
from shipper.install import Change, Step, install
from shipper.mappings.aliases import aliases
from shipper.mappings.elasticsearch import ELASTICSEARCH
from shipper.mappings.fields import fields
from shipper.mappings.templates import FLAVOURS, templates
from shipper.opensearch import OpenSearch
from shipper.product import Product, Server, detect
from shipper.source import Source

KEYWORD: Final = ELASTICSEARCH.types["keyword"]
CORE: Final = replace(
    ELASTICSEARCH,
    has_lifecycle_setting=False,
    types={
        **ELASTICSEARCH.types,
        "constant_keyword": KEYWORD,
        "match_only_text": {"type": "text"},
        "wildcard": KEYWORD,
    },
)
"""Our flavour, with the types and settings that the core has."""


@pytest.fixture
async def here(
    s3: S3Client,
    sqs: SQSClient,
    aws_url: str,
    elasticsearch_url: str,
    unique: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Site]:
    """A site whose documents go to Elasticsearch, with all templates in it."""
    monkeypatch.setitem(FLAVOURS, Product.ELASTICSEARCH, CORE)
    setting = {"aws_url": aws_url, "opensearch_url": elasticsearch_url, "unique": unique, "folder": tmp_path}
    async with site(s3, sqs, region=REGION, **setting) as everything:
        await have_templates(everything.engine)
        yield everything


async def done(engine: OpenSearch) -> list[Step]:
    """Install; give what was done."""
    return [step async for step in install(engine)]


def event(number: int, **members: Any) -> dict[str, Any]:
    """A record of CloudTrail."""
    return {
        "eventVersion": "1.08",
        "eventTime": "2026-02-03T10:11:12Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances",
        "awsRegion": "us-east-1",
        "eventID": f"00000000-0000-4000-8000-{number:012}",
        **members,
    }


async def test_it_is_told_from_opensearch(here: Site) -> None:
    """Without `GET /`, which this server refuses, the nodes tell the product and its version."""
    assert await detect(here.engine) == Server(Product.ELASTICSEARCH, "8.17.4")


async def test_what_is_installed_is_given_back_unchanged(here: Site) -> None:
    """A second run changes nothing, though Elasticsearch adds its defaults to what it gives back."""
    await done(here.engine)  # streams of other tests are there, as nothing deletes them here
    assert {step.change for step in await done(here.engine)} == {Change.UNCHANGED, Change.KEPT}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
async def test_documents_of_all_samples_are_taken_and_mapped_as_declared(source: Source[Any, Any], here: Site) -> None:
    """No document is refused, each declared field has its declared type, and nothing else was mapped."""
    stream, documents = f"logs-{source.dataset}-{here.namespace}", goldens(source)
    assert await index(here.engine, stream, [json.dumps(document).encode() for document in documents]) == []
    assert (await here.engine.request("GET", f"/{stream}/_count"))["count"] == len(documents)
    declared = fields(source.document_type)
    names = {name: {"type": "alias", "path": path} for name, path in aliases(source.dataset, declared).items()}
    wanted = {path: CORE.parameters(field) for path, field in declared.items()}
    assert await mapping_of(here.engine, stream) == wanted | names
    (settings,) = (await here.engine.request("GET", f"/{stream}/_settings?flat_settings=true")).values()
    assert settings["settings"]["index.mode"] == "standard"
    assert settings["settings"]["index.codec"] == "best_compression"


async def test_the_daemon_ships(here: Site) -> None:
    """Objects are shipped to their end; a copy after a rollover is a duplicate; what is refused is rescued or kept."""
    custom = next(one for one in templates() if one.name == "shipper-aws.cloudtrail@custom")
    own = {"aws": {"properties": {"cloudtrail": {"properties": {"error_code": {"type": "long"}}}}}}
    await here.engine.request("PUT", custom.path, {"template": {"mappings": {"properties": own}}})
    stream = f"logs-aws.cloudtrail-{here.namespace}"
    try:
        refused = event(2, errorCode="AccessDenied", requestParameters={"a": [1, {"b": "x" * 40_000}]})
        await here.put(TRAIL_KEY.format("a"), json.dumps({"Records": [event(1), refused]}).encode())
        async with running(here) as daemon:
            await daemon.said("connected")
            await here.emptied()
            await here.engine.request("POST", f"/{stream}/_rollover")
            again = json.dumps({"Records": [event(1), event(3)]}).encode()
            await here.put(TRAIL_KEY.format("b"), again[:-2] + b', {"eventID": broken}]}')
            await here.emptied()
            assert await daemon.ready() == (True, {})
    finally:
        await here.engine.request("PUT", custom.path, custom.body)
    hits = {hit["_id"]: hit["_source"] for hit in await here.search("aws.cloudtrail")}
    assert sorted(id_[-1] for id_ in hits) == ["1", "2", "3"]
    (rescued,) = (one for one in hits.values() if "rescued" in one.get("tags", ()))
    assert rescued["shipper"]["unparsed"] == [{"field": "aws.cloudtrail.error_code", "value": "AccessDenied"}]
    assert len(await here.search("shipper.objects")) == 2
    (letter,) = await here.search("shipper.deadletter")
    assert letter["_source"]["shipper"]["deadletter"]["reason"] == "undecodable"
    status, out, errors = await shipper(here, "check", "--bucket", here.bucket)
    assert status == 0, out + errors
    assert "elasticsearch 8.17.4" in out
