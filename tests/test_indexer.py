"""When bulk requests are made, how many at once, and that nothing in them is forgotten."""

import asyncio

from desk import Desk, outcomes, turns
from fakes import on_fake_time

from shipper.errors import OpenSearchUnavailable

AWAY = OpenSearchUnavailable("OpenSearch does not answer")


def now() -> float:
    """Give the time on the fake clock."""
    return asyncio.get_running_loop().time()


@on_fake_time
async def test_small_objects_share_a_request() -> None:
    """Documents of many objects go into one request; each account is settled by itself."""
    desk = Desk()
    tallies = [desk.tally(f"{number}") for number in range(50)]
    for number, tally in enumerate(tallies):
        desk.add(tally, f"{number}")
    for tally in tallies:
        await tally.settled()
        assert outcomes(tally) == (1, 0, 0, 0)
    assert len(desk.sent) == 1


@on_fake_time
async def test_an_idle_body_is_flushed() -> None:
    """A document waits for company no longer than `flush_seconds`, whatever comes after it."""
    desk = Desk(flush_seconds=1.0)
    tally = desk.tally()
    desk.add(tally, "a")
    await asyncio.sleep(0.9)
    desk.add(tally, "b")
    assert desk.sent == []
    await asyncio.sleep(0.2)
    assert desk.sent == [["a", "b"]]
    desk.add(tally, "c")
    await asyncio.sleep(0.9)
    assert len(desk.sent) == 1, "the next body has a time of its own"
    await asyncio.sleep(0.2)
    assert desk.sent[1:] == [["c"]]


@on_fake_time
async def test_a_full_body_is_sent_at_once() -> None:
    """Who asks for room in a full body sends it, without waiting for any time to pass."""
    desk = Desk(bulk_bytes=1000)
    tally = desk.tally()
    while not desk.indexer.full:
        desk.add(tally, f"{tally.read}")
    await desk.indexer.room()
    await turns()
    assert len(desk.sent) == 1
    assert now() == 0
    await asyncio.sleep(0.9)
    desk.add(tally, "next")
    await asyncio.sleep(0.9)
    assert len(desk.sent) == 1, "the timer of the body that was sent is off"
    await asyncio.sleep(0.2)
    assert desk.sent[1:] == [["next"]]


@on_fake_time
async def test_room_is_left_in_a_body_that_is_not_full() -> None:
    """Asking for room sends nothing as long as there is some."""
    desk = Desk()
    tally = desk.tally()
    desk.add(tally, "a")
    await desk.indexer.room()
    await turns()
    assert desk.sent == []
    await desk.indexer.drain()


async def read(desk: Desk, documents: int) -> None:
    """Read an object as the pipeline does: ask for room, then add."""
    tally = desk.tally(f"{id(asyncio.current_task())}")
    for number in range(documents):
        await desk.indexer.room()
        desk.add(tally, f"{id(tally)}-{number}", padding=200)
        await asyncio.sleep(0)
    await tally.settled()
    assert outcomes(tally) == (documents, 0, 0, 0)


@on_fake_time
async def test_requests_and_bytes_are_bounded() -> None:
    """However many objects are read, requests stay within their number and bodies within their size and a document."""
    desk = Desk(bulk_bytes=2000, requests=3)
    desk.engine.seconds = 1.0
    await asyncio.gather(*(read(desk, 40) for _ in range(20)))
    assert desk.engine.most_at_once == 3
    assert desk.engine.largest < 2000 + 400
    assert len(desk.created) == 800


@on_fake_time
async def test_no_tiny_requests_behind_a_full_one() -> None:
    """Many readers who wait for room cause one request together, not one each."""
    desk = Desk(bulk_bytes=2000, requests=1)
    desk.engine.seconds = 1.0
    await asyncio.gather(*(read(desk, 40) for _ in range(20)))
    assert min(map(len, desk.sent[:-1])) > 1
    assert 800 * 300 // 2000 * 0.8 < len(desk.sent) < 800 * 300 // 2000 * 1.5


@on_fake_time
async def test_reading_stops_while_nothing_can_be_sent() -> None:
    """With all requests under way and the open body full, nobody gets room; with the first answer it goes on."""
    desk = Desk(bulk_bytes=500, requests=2)
    desk.engine.seconds = 10.0
    tally = desk.tally()
    for _ in range(3):
        await asyncio.wait_for(desk.indexer.room(), 1)
        while not desk.indexer.full:
            desk.add(tally, f"{tally.read}", padding=100)
    waiting = asyncio.create_task(desk.indexer.room())
    await asyncio.sleep(5)
    assert not waiting.done()
    await asyncio.sleep(6)
    assert waiting.done()
    await desk.indexer.drain()


@on_fake_time
async def test_waiting_documents_do_not_pile_up_tasks() -> None:
    """While no request can be made, a timer that went off waits once, however long that takes."""
    desk = Desk(requests=1, retry_seconds=300)
    desk.engine.down = AWAY
    tally = desk.tally()
    for number in range(200):
        desk.add(tally, f"{number}")
        await asyncio.sleep(1)
    assert len(asyncio.all_tasks()) <= 3
    desk.engine.down = None
    await desk.indexer.drain()
    assert outcomes(tally) == (200, 0, 0, 0)


@on_fake_time
async def test_nothing_is_no_request() -> None:
    """Flushing an empty body sends nothing, and proves nothing about OpenSearch."""
    desk = Desk()
    desk.health.trouble("opensearch", "does not answer")
    await desk.indexer.flush()
    await desk.indexer.drain()
    await turns()
    assert desk.sent == []
    assert "opensearch" in desk.health.problems


@on_fake_time
async def test_a_waiter_that_is_cancelled_harms_nobody() -> None:
    """Readers that give up while they wait for room leave the others theirs."""
    desk = Desk(bulk_bytes=500, requests=1)
    desk.engine.seconds = 10.0
    readers = [asyncio.create_task(read(desk, 10)) for _ in range(6)]
    await asyncio.sleep(3)
    for reader in readers[::2]:
        reader.cancel()
    await asyncio.gather(*readers[1::2])
    assert (await asyncio.gather(*readers, return_exceptions=True))[1::2] == [None] * 3
    await desk.indexer.drain()


# -- the end -----------------------------------------------------------------------------------------------------------


@on_fake_time
async def test_drain_waits_for_every_document() -> None:
    """Draining sends the open body and waits for all requests, also for those that have to be repeated."""
    desk = Desk(bulk_bytes=500, requests=1)
    busy = [429] * 5
    desk.engine.answer(lambda _: busy.pop() if busy else 201)
    desk.engine.seconds = 1.0
    tally = desk.tally()
    for number in range(20):
        await desk.indexer.room()
        desk.add(tally, f"{number}")
    await desk.indexer.drain()
    assert outcomes(tally) == (20, 0, 0, 0)


@on_fake_time
async def test_stop_releases_everything() -> None:
    """What is under way, waits for its turn or lies in the open body is released, and no request is made any more."""
    desk = Desk(bulk_bytes=500, requests=1, flush_seconds=1.0)
    desk.engine.seconds = 10.0
    under_way, waiting = desk.tally("under way"), desk.tally("waiting")
    desk.add(under_way, "a")
    await asyncio.sleep(1.5)
    desk.add(waiting, "b")
    await asyncio.sleep(1.5)
    desk.add(waiting, "c")
    await desk.indexer.stop()
    for tally in (under_way, waiting):
        await tally.settled()
        assert tally.balanced
    assert outcomes(under_way) == (0, 0, 0, 1)
    assert outcomes(waiting) == (0, 0, 0, 2)
    await asyncio.sleep(100)
    assert len(desk.sent) == 1


@on_fake_time
async def test_stop_turns_the_timer_off() -> None:
    """A document that was just added is released by the stop, and nothing happens afterwards."""
    desk = Desk()
    tally = desk.tally()
    desk.add(tally, "a")
    await desk.indexer.stop()
    assert outcomes(tally) == (0, 0, 0, 1)
    await asyncio.sleep(10)
    assert desk.sent == []


@on_fake_time
async def test_stop_releases_what_has_not_even_begun() -> None:
    """A request that was about to be made when the stop came is released like any other."""
    desk = Desk()
    tally = desk.tally()
    desk.add(tally, "a", "b")
    await desk.indexer.flush()
    await desk.indexer.stop()
    assert outcomes(tally) == (0, 0, 0, 2)


@on_fake_time
async def test_stop_while_held() -> None:
    """A delivery that is held for an operator does not hold up the end."""
    desk = Desk()
    desk.engine.answer(lambda _: 403)
    tally = desk.tally()
    desk.add(tally, "a")
    await asyncio.sleep(500)
    await asyncio.wait_for(desk.indexer.stop(), 1)
    assert outcomes(tally) == (0, 0, 0, 1)


@on_fake_time
async def test_a_request_of_a_released_delivery_frees_its_place() -> None:
    """Deliveries that were given up leave their place to others."""
    desk = Desk(requests=2, retry_seconds=10)
    desk.engine.answer(lambda action: 503 if action.id == "bad" else 201)
    for turn in range(6):
        bad, good = desk.tally("bad"), desk.tally("good")
        desk.add(bad, "bad")
        await desk.indexer.flush()
        while not bad.released:
            await asyncio.sleep(1)
            desk.add(good, f"{turn}-{good.read}")
        await desk.indexer.drain()
        assert outcomes(good) == (good.read, 0, 0, 0)


# -- whether more messages are of any use ------------------------------------------------------------------------------


@on_fake_time
async def test_holding_while_away() -> None:
    """An OpenSearch that does not answer holds everything up until it does."""
    desk = Desk()
    desk.engine.down = AWAY
    tally = desk.tally()
    desk.add(tally, "a")
    assert not desk.indexer.holding
    await asyncio.sleep(60)
    assert desk.indexer.holding
    desk.engine.down = None
    await desk.indexer.drain()
    assert not desk.indexer.holding


@on_fake_time
async def test_holding_while_refused() -> None:
    """What only an operator can mend holds everything up; being busy does not, nor what was given up or stopped."""
    desk = Desk(retry_seconds=120)
    status = 403
    desk.engine.answer(lambda _: status)
    tally = desk.tally()
    desk.add(tally, "a")
    await asyncio.sleep(120)
    assert desk.indexer.holding
    status = 201
    await desk.indexer.drain()
    assert not desk.indexer.holding
    status = 404
    desk.add(tally, "b")
    await asyncio.sleep(120)
    status = 429
    await asyncio.sleep(40)
    assert not desk.indexer.holding
    status = 403
    await asyncio.sleep(40)
    assert desk.indexer.holding
    await desk.indexer.stop()
    assert not desk.indexer.holding
    assert outcomes(tally) == (1, 0, 0, 1)
