"""Rollovers of a real data stream: every id once, over all backing indices."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from shipper.backing import BATCH, BackingIndices
from shipper.config import OpenSearch as Settings
from shipper.deadletter import DeadLetters, Place
from shipper.errors import OpenSearchRefused
from shipper.health import Health
from shipper.identity import CLOCKS
from shipper.indexer import Indexer
from shipper.metrics import Metrics
from shipper.opensearch import OpenSearch, connected
from shipper.pipeline import utc_now
from shipper.tally import Tally

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class Desk:
    """An indexer before a real data stream, which is refreshed by nobody but those who look."""

    def __init__(self, engine: OpenSearch, stream: str) -> None:
        self.engine = engine
        self.stream = stream
        self.backing = BackingIndices(engine)
        self._metrics = Metrics()

    def indexer(self) -> Indexer:
        """Make the indexer of a new daemon."""
        return Indexer(
            self.engine,
            self.backing,
            DeadLetters(self.stream.removeprefix("logs-")),
            self._metrics,
            Health(self._metrics),
            bulk_bytes=5 << 20,
            requests=2,
            flush_seconds=0.05,
            now=utc_now,
        )

    async def deliver(self, ids: list[str], *, indexer: Indexer | None = None, time: datetime = LONG_AGO) -> Tally:
        """Deliver documents of events of one time, as a new daemon does."""
        indexer = indexer or self.indexer()
        tally = Tally(Place(dataset="test"))
        tally.read = len(ids)
        for position, id_ in enumerate(ids):
            document = json.dumps({"@timestamp": time.isoformat(), "count": position}).encode()
            indexer.add(self.stream, id_, document, tally, position, time=time)
        await indexer.drain()
        return tally

    async def roll_over(self) -> None:
        """Begin a new backing index."""
        await self.engine.request("POST", f"/{self.stream}/_rollover")

    async def copies(self) -> Counter[str]:
        """Count the copies of each id."""
        await self.engine.request("POST", f"/{self.stream}/_refresh")
        found = await self.engine.request("POST", f"/{self.stream}/_search", {"size": 10_000, "_source": False})
        return Counter(hit["_id"] for hit in found["hits"]["hits"])


@pytest.fixture
async def desk(opensearch_url: str, unique: str) -> AsyncIterator[Desk]:
    """A data stream of one test's own."""
    template = {
        "index_patterns": [f"logs-{unique}*"],
        "data_stream": {},
        "priority": 900,
        "template": {
            "settings": {"number_of_replicas": 0, "refresh_interval": "-1"},
            "mappings": {"properties": {"@timestamp": {"type": "date"}, "count": {"type": "long"}}},
        },
    }
    async with connected(Settings(urls=(opensearch_url,))) as engine:
        await engine.request("PUT", f"/_index_template/{unique}", template)
        yield Desk(engine, f"logs-{unique}")
        await engine.request("DELETE", f"/_data_stream/logs-{unique}")
        await engine.request("DELETE", f"/_index_template/{unique}")


def outcomes(tally: Tally) -> tuple[int, int, int]:
    """Give how many records were indexed, duplicates and released."""
    return tally.indexed, tally.duplicates, tally.released


async def test_ids_are_found_in_older_indices(desk: Desk) -> None:
    """What was written a moment ago is found though nothing refreshed it; ids of any form, in more than one batch."""
    ids = [f"id {number}/ü" for number in range(BATCH + 50)]
    await desk.deliver(ids)
    await desk.roll_over()
    indices = await desk.backing.of(desk.stream)
    assert [index.name.rpartition("-")[2] for index in indices] == ["000001", "000002"]
    assert timedelta(0) <= utc_now() - indices[1].created < CLOCKS
    assert await desk.backing.present([indices[0].name], [*ids, "absent"]) == {id_: {indices[0].name} for id_ in ids}
    assert await desk.backing.present([indices[1].name], ids) == {}
    await desk.backing.withdraw(indices[0].name, ids[7])
    await desk.backing.withdraw(indices[0].name, ids[7])
    assert set(await desk.backing.present([indices[0].name], ids)) == set(ids) - {ids[7]}


async def test_what_is_written_is_seen_at_once(desk: Desk) -> None:
    """The index that is written to is asked without a refresh, in more than one batch."""
    ids = [f"id {number}/ü" for number in range(BATCH + 50)]
    await desk.deliver(ids)
    (index,) = await desk.backing.of(desk.stream)
    assert await desk.backing.written(index.name, [*ids, "absent"]) == set(ids)


async def test_a_stream_that_is_not_there(desk: Desk) -> None:
    """A data stream without any document yet has no backing indices; an index that is gone has no documents."""
    assert await desk.backing.of(desk.stream) == []
    assert await desk.backing.present([f".ds-{desk.stream}-000001"], ["a"]) == {}


async def test_what_nobody_foresaw_is_held(desk: Desk) -> None:
    """An answer that makes no sense is for an operator, and the documents are kept until then."""
    with pytest.raises(OpenSearchRefused, match="older backing indices"):
        await desk.backing.present(["_all,-x*y?z#"], ["a"])


class Odd:
    """Something that answers in its own way."""

    async def request(self, method: str, path: str, body: object = None, parameters: object = None) -> object:
        """Answer what nobody asked."""
        return {"data_streams": [{"indices": "none"}], "hits": 1} if method and path else (body, parameters)


async def test_an_answer_of_another_kind_is_held() -> None:
    """What is no answer of OpenSearch is for an operator as well, and no fault of our own."""
    with pytest.raises(OpenSearchRefused, match="Expected `array`"):
        await BackingIndices(Odd()).of("logs-a")
    with pytest.raises(OpenSearchRefused, match="Expected `object`"):
        await BackingIndices(Odd()).present(["a"], ["b"])


async def test_every_id_once_over_rollovers(desk: Desk) -> None:
    """The same documents, delivered again and again with rollovers in between, noticed or not, are there once."""
    ids = [str(number) for number in range(100)]
    assert outcomes(await desk.deliver(ids)) == (100, 0, 0)
    indexer = desk.indexer()
    for _ in range(3):
        await desk.roll_over()
        assert outcomes(await desk.deliver(ids)) == (0, 100, 0)
        assert outcomes(await desk.deliver(ids, indexer=indexer)) == (0, 100, 0)
    assert await desk.copies() == Counter(ids)


async def test_daemons_that_race_across_a_rollover(desk: Desk) -> None:
    """Daemons that deliver the same documents at once, while the data stream rolls over, leave each id once."""
    ids = [str(number) for number in range(300)]
    indexers = [desk.indexer() for _ in range(3)]
    for turn in range(5):
        some = [f"{turn}-{id_}" for id_ in ids]
        first = await desk.deliver(some, indexer=indexers[0])
        rolling = asyncio.create_task(desk.roll_over())
        others = await asyncio.gather(
            *(desk.deliver(some, indexer=indexer, time=utc_now()) for indexer in indexers[1:])
        )
        await rolling
        assert [outcomes(tally) for tally in (first, *others)] == [(300, 0, 0), (0, 300, 0), (0, 300, 0)]
    assert set((await desk.copies()).values()) == {1}
    assert len(await desk.copies()) == 1500
