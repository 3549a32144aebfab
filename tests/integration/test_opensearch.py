"""The client against a real OpenSearch: what it accepts, and what it says when it does not."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shipper.backing import BackingIndices
from shipper.bulk import BulkBody, Verdict
from shipper.config import OpenSearch as Settings
from shipper.deadletter import DeadLetters, Place
from shipper.errors import BulkRejected, OpenSearchError, OpenSearchUnavailable
from shipper.health import Health
from shipper.indexer import Indexer
from shipper.metrics import Metrics
from shipper.opensearch import OpenSearch, connected
from shipper.pipeline import utc_now
from shipper.tally import Tally

TEMPLATE = {
    "data_stream": {},
    "priority": 900,
    "template": {
        "settings": {"number_of_replicas": 0, "number_of_shards": 1},
        "mappings": {"properties": {"@timestamp": {"type": "date"}, "count": {"type": "long"}}},
    },
}


@pytest.fixture
async def engine(opensearch_url: str) -> AsyncIterator[OpenSearch]:
    """A client as the daemon has it."""
    async with connected(Settings(urls=(opensearch_url,))) as client:
        yield client


@pytest.fixture
async def stream(engine: OpenSearch, unique: str) -> AsyncIterator[str]:
    """A data stream of one test's own, and one for its dead letters."""
    names = [f"logs-{unique}", DeadLetters(unique).index]
    await engine.request("PUT", f"/_index_template/{unique}", {"index_patterns": names, **TEMPLATE})
    yield names[0]
    for name in names:
        await engine.request("DELETE", f"/_data_stream/{name}")
    await engine.request("DELETE", f"/_index_template/{unique}")


def new_tally() -> Tally:
    """Open the account of an object."""
    return Tally(Place(dataset="test"))


def body(stream: str, *documents: bytes) -> BulkBody:
    """Make a bulk body."""
    made, tally = BulkBody(), new_tally()
    for position, document in enumerate(documents):
        made.add(stream, f"{position}", document, tally, position)
    return made


def document(**fields: Any) -> bytes:
    """Make a document."""
    return json.dumps({"@timestamp": "2026-08-03T12:00:00Z", **fields}).encode()


async def found(engine: OpenSearch, stream: str) -> dict[str, Any]:
    """Give all documents of a data stream, by id."""
    await engine.request("POST", f"/{stream}/_refresh")
    answer = await engine.request("GET", f"/{stream}/_search", {"size": 1000})
    return {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]}


async def test_created_duplicate_and_rejected(engine: OpenSearch, stream: str) -> None:
    """Each document of a request has its own answer: created, there already, or refused with the reason."""
    (item,) = await engine.bulk(body(stream, document(count=1)))
    assert item.verdict is Verdict.CREATED
    items = await engine.bulk(body(stream, document(count=2), document(count="many"), document(count=3)))
    assert [item.verdict for item in items] == [Verdict.DUPLICATE, Verdict.REJECTED, Verdict.CREATED]
    assert "failed to parse field [count]" in items[1].reason
    assert "many" in items[1].reason
    assert {id_: source["count"] for id_, source in (await found(engine, stream)).items()} == {"0": 1, "2": 3}


@pytest.mark.parametrize("compress", [True, False])
async def test_compression(opensearch_url: str, stream: str, *, compress: bool) -> None:
    """Bodies are accepted as gzip and as they are."""
    settings = Settings(urls=(opensearch_url,), compress=compress)
    async with connected(settings) as engine:
        items = await engine.bulk(body(stream, *[document(text="é" * 100)] * 50))
        assert {item.verdict for item in items} == {Verdict.CREATED}
        assert len(await found(engine, stream)) == 50


async def test_a_line_feed_poisons_a_request(engine: OpenSearch, stream: str) -> None:
    """A document with a line feed in it makes the whole request a 400."""
    with pytest.raises(BulkRejected, match="HTTP 400") as caught:
        await engine.bulk(body(stream, document(count=1), b'{"@timestamp":\n1}', document(count=3)))
    assert caught.value.status == 400


async def test_a_request_that_is_too_large(engine: OpenSearch, stream: str) -> None:
    """A request of more bytes than `http.max_content_length` is refused as a whole, also when gzip makes it small."""
    with pytest.raises(BulkRejected, match="HTTP 413"):
        await engine.bulk(body(stream, *[document(text="a" * (26 << 20))] * 4))


async def test_neighbours_are_indexed(engine: OpenSearch, stream: str, unique: str) -> None:
    """Whatever is wrong with some documents, all others are indexed, and the bad ones are dead letters."""
    metrics = Metrics()
    letters = DeadLetters(unique)
    indexer = Indexer(
        engine,
        BackingIndices(engine),
        letters,
        metrics,
        Health(metrics),
        bulk_bytes=5 << 20,
        requests=2,
        flush_seconds=1.0,
        now=utc_now,
    )
    bad = {
        3: b'{"@timestamp":"yesterday"}',
        5: b'{"@timestamp":\n1}',
        8: b'{"@timestamp":"2026-08-03T12:00:00Z","a":1,"a":2}',
        9: b'{"@timestamp":"2026-08-03T12:00:00Z","a":"\xff\xfe"}',
        12: b"{",
        14: b"{}",
    }
    tally = new_tally()
    for position in range(20):
        indexer.add(stream, f"{position}", bad.get(position, document(count=position)), tally, position)
        tally.read += 1
    await indexer.drain()
    assert sorted(await found(engine, stream), key=int) == [f"{n}" for n in range(20) if n not in bad]
    kept = await found(engine, letters.index)
    assert sorted(one["shipper"]["deadletter"]["position"] for one in kept.values()) == sorted(bad)
    assert (tally.indexed, tally.dead_lettered, tally.pending) == (14, 6, 0)


async def test_a_missing_index_is_for_an_operator(engine: OpenSearch, unique: str) -> None:
    """Where an index may not be made by itself, its documents are held until there is a template."""
    name = f"forbidden-{unique}"
    setting = "action.auto_create_index"
    await engine.request("PUT", "/_cluster/settings", {"transient": {setting: f"-forbidden-{unique}*,+*"}})
    try:
        (item,) = await engine.bulk(body(name, document()))
    finally:
        await engine.request("PUT", "/_cluster/settings", {"transient": {setting: None}})
    assert (item.verdict, item.status) == (Verdict.BLOCKED, 404)
    assert name in item.reason


async def test_a_full_disk_is_for_an_operator(engine: OpenSearch, stream: str) -> None:
    """An index that is read-only because the disk is full takes no documents; they are held or tried later."""
    await engine.bulk(body(stream, document()))
    for blocked in (True, None):
        await engine.request("PUT", f"/{stream}/_settings", {"index.blocks.read_only_allow_delete": blocked})
        made = BulkBody()
        made.add(stream, "next", document(), new_tally(), 0)
        (item,) = await engine.bulk(made)
        assert item.verdict in ({Verdict.BLOCKED, Verdict.BUSY} if blocked else {Verdict.CREATED})


async def test_requests(engine: OpenSearch, unique: str) -> None:
    """Other requests give what is there, None for what is not, and an error with the reason for what is wrong."""
    assert "version" in await engine.request("GET", "/")
    assert await engine.request("GET", f"/_index_template/{unique}") is None
    with pytest.raises(OpenSearchError, match=r"400.*nonsense"):
        await engine.request("PUT", f"/_index_template/{unique}", {"nonsense": True})


async def test_nobody_listens() -> None:
    """A cluster that cannot be reached is an error that names the address."""
    async with connected(Settings(urls=("http://127.0.0.1:1",))) as engine:
        with pytest.raises(OpenSearchUnavailable, match=r"OpenSearch does not answer: .*127\.0\.0\.1:1\b"):
            await engine.bulk(body("logs", document()))
