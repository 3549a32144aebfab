"""How many requests are made at once."""

import asyncio
from collections import Counter

import pytest
from desk import Desk
from fakes import on_fake_time

from shipper.congestion import FAILURES, QUIET_SECONDS, Congestion, Usual
from shipper.delivery import TELLING_BYTES
from shipper.errors import OpenSearchUnavailable
from shipper.metrics import Metrics


class Requests:
    """Requests that are made as turns allow."""

    def __init__(self, most: int) -> None:
        self.metrics = Metrics()
        self.congestion = Congestion(most, self.metrics)
        self.under_way = 0
        self.seen: Counter[int] = Counter()

    @property
    def shown(self) -> float | None:
        """What the metric shows."""
        return self.metrics.registry.get_sample_value("shipper_bulk_concurrency")

    async def make(self, *, answered: bool = True, busy: bool = False, lasting: float = 1.0) -> None:
        """Make a request when it is our turn."""
        async with self.congestion.turn() as turn:
            self.under_way += 1
            self.seen[self.under_way] += 1
            await asyncio.sleep(lasting)
            self.under_way -= 1
            turn.answered, turn.busy, turn.seconds = answered, busy, lasting

    async def make_many(self, count: int, *, answered: bool = True) -> int:
        """Make many requests; give how many there were at once at most."""
        self.seen.clear()
        await asyncio.gather(*(self.make(answered=answered) for _ in range(count)))
        return max(self.seen)


@on_fake_time
async def test_as_many_as_configured() -> None:
    """While all goes well, as many requests are made at once as the settings say, and no more."""
    requests = Requests(4)
    assert await requests.make_many(50) == 4
    assert requests.shown == 4


@pytest.mark.parametrize(("answered", "busy"), [(False, True), (True, True), (False, False)])
@on_fake_time
async def test_halved(*, answered: bool, busy: bool) -> None:
    """An OpenSearch that is too busy, wholly or for some documents, or that fails, has half as many requests."""
    requests = Requests(8)
    await requests.make(answered=answered, busy=busy)
    assert requests.shown == 4
    assert await requests.make_many(4) == 4


@on_fake_time
async def test_never_less_than_one() -> None:
    """However often requests fail, one is made at a time."""
    requests = Requests(8)
    for _ in range(20):
        await requests.make(answered=False)
    assert await requests.make_many(3, answered=False) == 1
    assert requests.shown == 1


@on_fake_time
async def test_lowered_once_for_requests_that_fail_together() -> None:
    """Requests that were under way when the number was lowered do not lower it again."""
    requests = Requests(8)
    await requests.make_many(8, answered=False)
    assert requests.shown == 4


@on_fake_time
async def test_raised_by_one_each_round() -> None:
    """With good answers the number rises slowly, up to what is configured."""
    requests = Requests(8)
    for _ in range(4):
        await requests.make(answered=False)
    shown = []
    for _ in range(40):
        await requests.make()
        shown.append(requests.shown)
    assert shown[:6] == [2, 2, 2, 3, 3, 3]
    assert shown == sorted(shown)
    assert shown[-1] == 8


@on_fake_time
async def test_lowered_when_answers_become_slow() -> None:
    """Answers that take much longer than usual lower the number, before OpenSearch has to refuse anything."""
    requests = Requests(10)
    for _ in range(10):
        await requests.make(lasting=1.0)
    assert requests.shown == 10
    await requests.make(lasting=5.0)
    assert requests.shown == 9


def test_what_is_usual() -> None:
    """Slow is what exceeds the mean by far, both in proportion and beside the usual deviation; it then is less so."""
    usual = Usual()
    assert not any(usual.is_exceeded_by(seconds) for seconds in (1.0, 9.0, 1.0, 1.2) * 3), "they vary much"
    steady = Usual()
    assert not any(steady.is_exceeded_by(1.0) for _ in range(20))
    assert not steady.is_exceeded_by(1.4), "half as long again is nothing"
    assert [steady.is_exceeded_by(3.0) for _ in range(6)] == [True, False, False, False, False, False]


def test_the_first_answers_tell_nothing() -> None:
    """Nobody knows yet what is usual."""
    usual = Usual()
    assert not any(usual.is_exceeded_by(seconds) for seconds in (0.1, 5.0, 0.1, 5.0, 9.0, 9.0, 20.0, 40.0))


@on_fake_time
async def test_away() -> None:
    """After some failures in a row OpenSearch is away; one good answer and it is back."""
    requests = Requests(8)
    for failures in range(1, FAILURES + 1):
        assert not requests.congestion.away
        await requests.make(answered=False)
        assert requests.congestion.away == (failures == FAILURES)
    await requests.make()
    for _ in range(FAILURES):
        await requests.make(answered=False)
    assert not requests.congestion.away, "it took something a moment ago"
    await asyncio.sleep(QUIET_SECONDS)
    assert requests.congestion.away
    await requests.make()
    await asyncio.sleep(2 * QUIET_SECONDS)
    await requests.make(answered=False)
    assert not requests.congestion.away, "that was the first one to fail"


@on_fake_time
async def test_pauses_end_when_it_is_back() -> None:
    """Who waits before the next attempt goes on at once when another one succeeds; a pause ends by itself as well."""
    requests = Requests(8)
    for _ in range(FAILURES):
        await requests.make(answered=False)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await requests.congestion.pause(10)
    assert loop.time() == begun + 10
    waiting = asyncio.create_task(requests.congestion.pause(30))
    await asyncio.sleep(2)
    await requests.make(lasting=1.0)
    await waiting
    assert loop.time() == begun + 13
    await requests.congestion.pause(30)
    assert loop.time() == begun + 43, "one that is not away is not waited for"


@on_fake_time
async def test_a_request_that_is_cancelled_tells_nothing() -> None:
    """Giving up says nothing about OpenSearch, and leaves the turn to others."""
    requests = Requests(1)
    for _ in range(FAILURES):
        making = asyncio.create_task(requests.make(lasting=100.0))
        waiting = asyncio.create_task(requests.make(lasting=100.0))
        await asyncio.sleep(1)
        waiting.cancel()
        making.cancel()
        await asyncio.wait([making, waiting])
    assert not requests.congestion.away
    await asyncio.wait_for(requests.make(), 2)


@on_fake_time
async def test_all_deliveries_go_on_when_opensearch_is_back() -> None:
    """Bodies that were held through an outage are all delivered within seconds of its end."""
    desk = Desk(bulk_bytes=100, requests=4)
    desk.engine.down = OpenSearchUnavailable("OpenSearch does not answer")
    tally = desk.tally()
    for number in range(4):
        desk.add(tally, f"{number}", padding=100)
        await desk.indexer.flush()
    await asyncio.sleep(3600)
    assert desk.engine.most_at_once <= 4
    desk.engine.most_at_once = 0
    await asyncio.sleep(600)
    assert desk.engine.most_at_once == 1, "one at a time looks whether it is back"
    desk.engine.down = None
    while not desk.created:
        await desk.next_request()
    begun = asyncio.get_running_loop().time()
    await desk.indexer.drain()
    assert asyncio.get_running_loop().time() == begun
    assert tally.indexed == 4


@on_fake_time
async def test_slow_answers_to_large_requests() -> None:
    """The duration of small requests tells nothing; that of large ones does."""
    desk = Desk(bulk_bytes=TELLING_BYTES)
    for number in range(10):
        desk.engine.seconds = 0.1
        desk.add(desk.tally(), f"small {number}", padding=1000)
        await desk.indexer.drain()
        desk.engine.seconds = 1.0
        desk.add(desk.tally(), f"large {number}", padding=TELLING_BYTES)
        await desk.indexer.drain()
    desk.engine.seconds = 9.0
    desk.add(desk.tally(), "small", padding=1000)
    await desk.indexer.drain()
    assert desk.concurrency == 4
    desk.add(desk.tally(), "large", padding=TELLING_BYTES)
    await desk.indexer.drain()
    assert desk.concurrency == 3
