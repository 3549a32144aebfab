"""One document for each id, whenever the data stream is rolled over."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from desk import INDEX, Desk, outcomes, turns
from fakes import Action, Fault, on_fake_time
from lines import BEGINNING

from shipper.bulk import BulkBody, Item
from shipper.errors import OpenSearchUnavailable
from shipper.identity import CLOCKS
from shipper.tally import Tally

AWAY = OpenSearchUnavailable("OpenSearch does not answer")
ROLLOVER = BEGINNING + timedelta(hours=1)


async def deliver(desk: Desk, *ids: str, time: datetime | None = BEGINNING) -> Tally:
    """Deliver documents of events of one time."""
    tally = desk.tally()
    desk.add(tally, *ids, time=time)
    await desk.indexer.drain()
    return tally


def copies(desk: Desk, *ids: str) -> list[int]:
    """Count the copies of each document."""
    return [len(desk.engine.copies(INDEX, id_)) for id_ in ids]


async def notice(desk: Desk) -> None:
    """Let the indexer notice a rollover, as the first document after it does."""
    await deliver(desk, "young", time=ROLLOVER + CLOCKS)
    desk.engine.looks.clear()
    desk.engine.looked_in.clear()


@on_fake_time
async def test_no_second_copy_after_a_rollover() -> None:
    """What an older backing index has is a duplicate, and is not sent; its neighbours are indexed."""
    desk = Desk()
    await deliver(desk, "a", "b")
    desk.engine.roll_over(INDEX, ROLLOVER)
    await notice(desk)
    assert outcomes(await deliver(desk, "a", "new", "b")) == (1, 2, 0, 0)
    assert desk.sent[-1] == ["new"]
    assert copies(desk, "a", "b", "new") == [1, 1, 1]


@on_fake_time
async def test_nothing_is_left_to_send() -> None:
    """A body all of whose documents are there already, one even twice, makes no request."""
    desk = Desk()
    await deliver(desk, "a")
    desk.engine.roll_over(INDEX, ROLLOVER)
    await notice(desk)
    requests = len(desk.sent)
    assert outcomes(await deliver(desk, "a", "a")) == (0, 2, 0, 0)
    assert len(desk.sent) == requests
    assert desk.concurrency == 4


@pytest.mark.parametrize(
    ("time", "looked_for"),
    [
        (ROLLOVER + CLOCKS, False),
        (ROLLOVER + CLOCKS - timedelta(microseconds=1), True),
        (BEGINNING, True),
        (None, True),
    ],
)
@on_fake_time
async def test_only_what_may_be_there_is_looked_for(time: datetime | None, *, looked_for: bool) -> None:
    """An event that happened after the present index was made, as far as clocks can be trusted, is not looked for."""
    desk = Desk()
    await deliver(desk, "first")
    desk.engine.roll_over(INDEX, ROLLOVER)
    await notice(desk)
    await deliver(desk, "a", time=time)
    assert desk.engine.looks == ([["a"]] if looked_for else [])


@on_fake_time
async def test_without_a_rollover_nothing_is_looked_for() -> None:
    """As long as a data stream has one backing index, conflicts tell of duplicates and nobody looks."""
    desk = Desk()
    await deliver(desk, "a", time=None)
    assert outcomes(await deliver(desk, "a", time=None)) == (0, 1, 0, 0)
    assert desk.engine.looks == []


@on_fake_time
async def test_a_rollover_nobody_knew_of() -> None:
    """A copy that was created because the rollover was not noticed in time is withdrawn, and is a duplicate."""
    desk = Desk()
    await deliver(desk, "a", "b")
    desk.engine.roll_over(INDEX, ROLLOVER)
    assert outcomes(await deliver(desk, "a", "new", time=BEGINNING + timedelta(days=1))) == (1, 1, 0, 0)
    assert copies(desk, "a", "b", "new") == [1, 1, 1]
    assert desk.engine.copies(INDEX, "a") == [f".ds-{INDEX}-000001"]


@on_fake_time
async def test_a_rollover_between_look_and_write() -> None:
    """The look was right, but the index is another one when the documents arrive."""
    desk = Desk()
    desk.engine.roll_over(INDEX, BEGINNING - timedelta(days=2))
    desk.engine.roll_over(INDEX, BEGINNING - timedelta(days=1))
    await deliver(desk, "a", time=BEGINNING)
    desk.engine.seconds = 1.0
    tally = desk.tally()
    desk.add(tally, "new", "a", time=BEGINNING)
    await desk.indexer.flush()
    await asyncio.sleep(0.5)
    desk.engine.roll_over(INDEX, ROLLOVER)
    await desk.indexer.drain()
    assert outcomes(tally) == (1, 1, 0, 0)
    assert copies(desk, "new", "a") == [1, 1]


@on_fake_time
async def test_another_delivery_notices_the_rollover_first() -> None:
    """What counts is the index that was written to at the look, not what has become known since."""
    desk = Desk(requests=2)
    await deliver(desk, "a")
    desk.engine.seconds = 1.0
    slow = desk.tally()
    desk.add(slow, "a")
    await desk.indexer.flush()
    await asyncio.sleep(0.5)
    desk.engine.roll_over(INDEX, ROLLOVER)
    desk.engine.seconds = 0.0
    desk.add(desk.tally(), "b", time=ROLLOVER + CLOCKS)
    await desk.indexer.flush()
    await asyncio.sleep(0.4)
    assert outcomes(slow) == (0, 0, 0, 0)
    assert copies(desk, "b") == [1], "the other one is done"
    await desk.indexer.drain()
    assert outcomes(slow) == (0, 1, 0, 0)
    assert copies(desk, "a") == [1]


@pytest.mark.parametrize("fault", ["look", "withdrawal"])
@on_fake_time
async def test_an_outage_between_write_and_check(fault: str) -> None:
    """When OpenSearch fails after documents were created, the check is made when it is back, and nothing is twice."""
    desk = Desk()
    await deliver(desk, "a")
    desk.engine.roll_over(INDEX, ROLLOVER)
    tally = desk.tally()
    desk.add(tally, "a", "new", time=BEGINNING + timedelta(days=1))
    if fault == "look":
        desk.engine.before_answer = _going_down(desk)
    else:
        present = desk.engine.present

        async def present_then_down(indices: list[str], ids: list[str]) -> dict[str, set[str]]:
            found = await present(indices, ids)
            desk.engine.present = present  # type: ignore[method-assign]
            _going_down(desk)()
            return found

        desk.engine.present = present_then_down  # type: ignore[assignment, method-assign]
    await desk.indexer.flush()
    await turns()
    assert outcomes(tally) == (0, 0, 0, 0)
    desk.engine.down = None
    await desk.indexer.drain()
    assert outcomes(tally) == (1, 1, 0, 0)
    assert copies(desk, "a", "new") == [1, 1]


def _going_down(desk: Desk) -> Callable[[], None]:
    def go() -> None:
        desk.engine.down = AWAY
        desk.engine.before_answer = lambda: None

    return go


@on_fake_time
async def test_what_was_perhaps_taken_before_the_rollover() -> None:
    """Documents of a request without an answer are found in the older index when they are sent again."""
    desk = Desk()
    await deliver(desk, "first")
    desk.engine.faults.append(Fault(AWAY, applied=True))
    tally = desk.tally()
    desk.add(tally, "a")
    await desk.indexer.flush()
    await turns()
    desk.engine.roll_over(INDEX, ROLLOVER)
    await desk.indexer.drain()
    assert outcomes(tally) == (0, 1, 0, 0)
    assert copies(desk, "a") == [1]


@pytest.mark.parametrize("noticed", [False, True])
@on_fake_time
async def test_two_answers_lost_around_a_rollover(*, noticed: bool) -> None:
    """Of a document that both of two requests without an answer have created, only the older copy is left."""
    desk = Desk(requests=2)
    desk.engine.faults += [Fault(AWAY, applied=True)] * 2
    tally = desk.tally()
    desk.add(tally, "a", "b")
    await desk.indexer.flush()
    await turns()
    desk.engine.seconds = 1.0
    await desk.next_request()
    await asyncio.sleep(0.5)
    desk.engine.roll_over(INDEX, ROLLOVER)
    twice: list[list[int]] = []
    desk.engine.before_answer = lambda: twice.append(copies(desk, "a", "b"))
    while not twice:
        await asyncio.sleep(0.1)
    assert twice == [[2, 2]]
    desk.engine.seconds = 0.0
    if noticed:
        desk.add(desk.tally("young"), "young", time=ROLLOVER + CLOCKS)
        await desk.indexer.flush()
        await turns()
    await desk.indexer.drain()
    assert outcomes(tally) == (0, 2, 0, 0)
    assert copies(desk, "a", "b") == [1, 1]
    assert desk.engine.copies(INDEX, "a") == [f".ds-{INDEX}-000001"]


@pytest.mark.parametrize("slow_first", [False, True])
@on_fake_time
async def test_two_bodies_of_one_document_on_their_way_at_once(*, slow_first: bool) -> None:
    """Two bodies with the same document, with a rollover in between, leave the older copy, whoever ends last."""
    desk = Desk(requests=2)
    await deliver(desk, "first")
    tallies = [desk.tally(), desk.tally()]
    bulk = desk.engine.bulk
    turn = iter([2.0, 0.5] if slow_first else [0.5, 2.0])

    async def applied_at_once_and_answered_late(body: BulkBody) -> list[Item]:
        items = await bulk(body)
        desk.engine.roll_over(INDEX, ROLLOVER)
        await asyncio.sleep(next(turn))
        return items

    desk.engine.bulk = applied_at_once_and_answered_late  # type: ignore[method-assign]
    for tally in tallies:
        desk.add(tally, "a")
        await desk.indexer.flush()
        await turns()
    assert copies(desk, "a") == [2]
    desk.engine.bulk = bulk  # type: ignore[method-assign]
    await desk.indexer.drain()
    assert copies(desk, "a") == [1]
    assert desk.engine.copies(INDEX, "a") == [f".ds-{INDEX}-000001"]


@on_fake_time
async def test_what_is_known_is_asked_anew_after_a_request_without_an_answer() -> None:
    """A rollover between two attempts is noticed before the second, so that it creates nothing at all."""
    desk = Desk()
    desk.engine.faults.append(Fault(AWAY, applied=True))
    tally = desk.tally()
    desk.add(tally, "a")
    await desk.indexer.flush()
    await turns()
    desk.engine.roll_over(INDEX, ROLLOVER)
    await desk.indexer.drain()
    assert outcomes(tally) == (0, 1, 0, 0)
    assert desk.sent == [["a"]]


@on_fake_time
async def test_what_a_daemon_that_died_has_left_twice() -> None:
    """A copy too many that nobody was told of is withdrawn by the next daemon, in whatever index it lies."""
    desk = Desk()
    for number in range(1, 4):
        await deliver(Desk(engine=desk.engine), "a", "b" if number == 2 else f"other {number}")
        desk.engine.roll_over(INDEX, ROLLOVER)
    desk.engine.copies(INDEX, "a")[:] = [f".ds-{INDEX}-00000{number}" for number in (1, 2, 4)]
    assert outcomes(await deliver(Desk(engine=desk.engine), "a", "b", "new")) == (1, 2, 0, 0)
    assert desk.engine.copies(INDEX, "a") == [f".ds-{INDEX}-000001"]
    assert copies(desk, "a", "b", "new") == [1, 1, 1]


@on_fake_time
async def test_looks_are_counted() -> None:
    """A metric tells how many ids were looked for, and how many copies had to be withdrawn."""
    desk = Desk()
    await deliver(desk, "a", "b")
    desk.engine.roll_over(INDEX, ROLLOVER)
    await deliver(desk, "a", "new", time=BEGINNING + timedelta(days=1))
    await deliver(desk, "b")
    counts = {
        sample.labels["outcome"]: sample.value
        for sample in next(iter(desk.metrics.lookups.collect())).samples
        if sample.name == "shipper_lookups_total"
    }
    assert counts == {"found": 2, "absent": 1, "withdrawn": 1}


@on_fake_time
async def test_each_data_stream_by_itself() -> None:
    """A rollover of one data stream causes no looks in another, nor in the index that is written to."""
    desk = Desk()
    await deliver(desk, "a")
    desk.engine.roll_over(INDEX, ROLLOVER)
    await notice(desk)
    tally = desk.tally()
    desk.add(tally, "a")
    desk.add(tally, "x", index="logs-other-default")
    await desk.indexer.drain()
    assert outcomes(tally) == (1, 1, 0, 0)
    assert desk.engine.looks == [["a"]]
    assert desk.engine.looked_in == {f".ds-{INDEX}-000001"}


@on_fake_time
async def test_an_older_index_under_another_name() -> None:
    """The older indices are asked for anew before each look, since a policy may shrink or replace them."""
    desk = Desk()
    await deliver(desk, "a")
    desk.engine.roll_over(INDEX, ROLLOVER)
    await notice(desk)
    desk.engine.rename(INDEX, f"shrink-.ds-{INDEX}-000001")
    assert outcomes(await deliver(desk, "a")) == (0, 1, 0, 0)
    assert copies(desk, "a") == [1]


@on_fake_time
async def test_what_is_known_does_not_wait_for_the_rest() -> None:
    """An object all of whose documents are there is done with while OpenSearch refuses others; each counts once."""
    desk = Desk()
    await deliver(desk, "a")
    desk.engine.roll_over(INDEX, ROLLOVER)
    await notice(desk)
    there, new = desk.tally("there"), desk.tally("new")
    desk.add(there, "a")
    desk.add(new, "b")
    busy = [429] * 3
    desk.engine.answer(lambda _: busy.pop() if busy else 201)
    desk.engine.faults.append(Fault(AWAY))
    await desk.indexer.flush()
    await asyncio.wait_for(there.settled(), 0.1)
    await desk.indexer.drain()
    assert (outcomes(there), outcomes(new)) == ((0, 1, 0, 0), (1, 0, 0, 0))


@on_fake_time
async def test_a_check_beside_what_was_put_off() -> None:
    """What OpenSearch was too busy for does not come between an answer and its check."""
    desk = Desk()
    letters = desk.letters.index
    desk.engine.answer(lambda action: 400 if action.id in ("bad", "worse") else 201)
    await deliver(desk, "bad")
    desk.engine.roll_over(letters, ROLLOVER)
    busy = [429]

    def status(action: Action) -> int:
        if action.id == "x":
            return busy.pop() if busy else 201
        if action.index == letters:
            desk.engine.before_answer = _going_down(desk)
        return 400 if action.id == "worse" else 201

    desk.engine.answer(status)
    tally = desk.tally()
    desk.add(tally, "x", "worse")
    await desk.indexer.flush()
    await turns()
    assert desk.engine.down is AWAY
    desk.engine.down = None
    await desk.indexer.drain()
    assert outcomes(tally) == (1, 0, 1, 0)
