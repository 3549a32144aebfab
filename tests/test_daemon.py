"""The end of a daemon, and its life under faults of every kind."""

import asyncio
import random

import pytest
from fakes import Action, FakeQueue, Fault, StoredObject, on_fake_time
from workbench import Workbench, notification, working

from shipper.config import Limits
from shipper.daemon import objects_at_once
from shipper.errors import OpenSearchUnavailable, QueueError

AWAY = OpenSearchUnavailable("OpenSearch does not answer")
KEY = "logs/a"


def now() -> float:
    """Give the time on the fake clock."""
    return asyncio.get_running_loop().time()


# -- the end -----------------------------------------------------------------------------------------------------------


@on_fake_time
async def test_an_idle_daemon_stops_soon() -> None:
    """A daemon that waits for messages ends within moments."""
    async with working() as bench:
        await asyncio.sleep(7)
        assert await bench.end() <= 1.5


@on_fake_time
async def test_messages_in_hand_are_finished() -> None:
    """What can be finished within the grace time is finished: indexed and deleted."""
    async with working(grace_seconds=25) as bench:
        bench.put(KEY).seconds = 15
        bench.announce(KEY)
        await asyncio.sleep(5)
        assert await bench.end() < 15
        assert len(bench.messages(KEY)) == 3
        assert bench.queue.deleted == ["message-1"]
        assert bench.queue.released == []


@on_fake_time
async def test_messages_that_need_longer_are_given_back_at_once() -> None:
    """What the grace time does not suffice for is given back without delay, so that others can go on with it."""
    async with working(grace_seconds=25) as bench:
        bench.put("logs/slow").seconds = 100
        bench.put("logs/quick")
        bench.announce("logs/slow")
        bench.announce("logs/quick")
        await asyncio.sleep(5)
        assert 25 <= await bench.end() < 26
        assert bench.queue.released == [("message-1", 0, 30.0)]
        assert bench.queue.deleted == ["message-2"]


@on_fake_time
async def test_a_hold_ends_with_the_grace_time() -> None:
    """Messages that are held for an operator are given back, and their documents released."""
    async with working(grace_seconds=25) as bench:
        bench.engine.answer(lambda _: 403)
        bench.put(KEY)
        bench.announce(KEY)
        await asyncio.sleep(100)
        assert 25 <= await bench.end() < 26
        assert [delay for _, delay, _ in bench.queue.released] == [0]
        assert bench.queue.deleted == []


@on_fake_time
async def test_no_grace_time() -> None:
    """With a grace time of zero everything in hand is given back at once."""
    async with working(grace_seconds=0) as bench:
        for number in range(30):
            bench.put(f"logs/{number}").seconds = 10
            bench.announce(f"logs/{number}")
        await asyncio.sleep(5)
        assert await bench.end() < 1.5
        assert len(bench.queue.released) == 30


@on_fake_time
async def test_a_queue_that_does_not_answer_does_not_hold_up_the_end() -> None:
    """Giving messages back is tried for moments only, however many there are."""
    async with working(grace_seconds=10) as bench:
        for number in range(20):
            bench.put(f"logs/{number}").seconds = 100
            bench.announce(f"logs/{number}")
        await asyncio.sleep(5)
        bench.queue.seconds["release"] = 1000
        assert await bench.end() <= 16


@on_fake_time
async def test_messages_that_arrive_after_the_stop_are_given_back() -> None:
    """Messages that were on their way when the stop came are given back at once, unread."""
    async with working() as bench:
        await asyncio.sleep(5)
        bench.stop.set()
        bench.put(KEY)
        for _ in range(3):
            bench.announce(KEY)
        assert await bench.end() <= 1.5
        assert [delay for _, delay, _ in bench.queue.released] == [0, 0, 0]
        assert not bench.store.reads


@on_fake_time
async def test_a_receive_that_hangs_is_given_up() -> None:
    """A queue that does not even answer a receive does not hold up the end."""
    async with working() as bench:
        bench.queue.seconds["receive"] = 1000
        bench.put(KEY)
        bench.announce(KEY)
        await asyncio.sleep(50)
        assert await bench.end() <= 1.5


@on_fake_time
async def test_stop_while_a_queue_is_out_of_reach() -> None:
    """A daemon that waits for its queue to answer ends within moments."""
    bench = Workbench()
    bench.queue.faults["has_redrive"] += [QueueError("SQS does not answer")] * 100
    bench.start()
    await asyncio.sleep(7)
    assert await bench.end() <= 1.5


@on_fake_time
async def test_the_grace_time_begins_with_the_stop() -> None:
    """The wait for messages on their way is part of the grace time."""
    async with working(grace_seconds=3) as bench:
        bench.put(KEY).seconds = 100
        bench.announce(KEY)
        await asyncio.sleep(5)
        bench.queue.seconds["receive"] = 1000
        await asyncio.sleep(30)
        assert await bench.end() <= 3.5


@on_fake_time
async def test_a_fault_in_receiving_ends_the_daemon() -> None:
    """An error that nobody foresaw in one queue ends the daemon with it, after messages in hand are finished."""
    bench = Workbench()
    bench.put(KEY)
    bench.announce(KEY)
    bench.start(bench.queue, FakeQueue("other"))
    await asyncio.sleep(0.5)
    bench.queue.faults["receive"].append(LookupError("a bug"))
    with pytest.raises(LookupError, match="a bug"):
        await bench.running
    assert bench.queue.deleted == ["message-1"]
    bench.assert_conserved()


@on_fake_time
async def test_a_daemon_that_is_cancelled_ends_in_good_order() -> None:
    """A daemon that is cancelled instead of told to stop gives back what it has in hand, too."""
    bench = Workbench(grace_seconds=10)
    bench.put(KEY).seconds = 100
    bench.announce(KEY)
    bench.start()
    await asyncio.sleep(5)
    bench.running.cancel()
    await asyncio.wait([bench.running])
    assert bench.running.cancelled()
    assert bench.queue.released == [("message-1", 0, 15.0)]
    bench.assert_conserved()


@on_fake_time
async def test_several_queues() -> None:
    """Messages of all queues are handled, and each is deleted from its own."""
    bench = Workbench()
    queues = [FakeQueue(f"queue-{number}", max_receives=5) for number in range(3)]
    for number, queue in enumerate(queues):
        bench.put(f"logs/{number}")
        queue.send(notification(f"logs/{number}"))
    bench.start(*queues)
    await bench.until(lambda: not any(queue.messages for queue in queues))
    await bench.end()
    assert [queue.deleted for queue in queues] == [["message-1"]] * 3
    assert bench.count("shipper_messages_total", queue="queue-1", outcome="delivered") == 1


# -- everything at once ------------------------------------------------------------------------------------------------


class Trouble:
    """
    Faults of every kind, drawn from a seed.

    Args:
        bench: what goes wrong
        seed: decides how
    """

    def __init__(self, bench: Workbench, seed: int) -> None:
        self._bench = bench
        self._random = random.Random(seed)
        self._over = False
        bench.engine.answer(self._status)
        bench.engine.refuse_whole(lambda action: action.document.get("message", "").startswith("poison"))

    def _status(self, action: Action) -> int:
        if action.document.get("message", "").startswith("refused"):
            return 400
        return 201 if self._over or self._random.random() > 0.1 else self._random.choice([429, 503, 403, 404])

    def put_objects(self) -> None:
        """Store objects with all kinds of lines, some of them broken, and announce them."""
        kinds = ["line", "line", "line", "drop", "broken", "raise", "refused", "poison"]
        for number in range(10):
            lines = [f"{self._random.choice(kinds)} {number}.{line}" for line in range(self._random.randrange(40))]
            zipped = self._random.random() < 0.5
            stored = self._bench.put(f"logs/{number}", lines, zipped=zipped)
            stored.seconds = self._random.choice([0, 0, 1, 30, 200])
            if zipped and self._random.random() < 0.3:
                stored.data = stored.data[: len(stored.data) // 2]
            if self._random.random() < 0.2:
                del self._bench.store.objects[f"logs/{number}"]
            self._bench.announce(f"logs/{number}", f"logs/{self._random.randrange(number + 1)}")
        self._bench.queue.send("hello")
        self._bench.store.objects["unheard/of"] = StoredObject(b"text")
        self._bench.announce("unheard/of")

    async def rage(self) -> None:
        """Let things go wrong for a while."""
        bench, draw = self._bench, self._random
        for _ in range(25):
            await asyncio.sleep(draw.uniform(0, 20))
            bench.engine.seconds = draw.choice([0.0, 0.1, 5.0])
            bench.engine.down = draw.choice([None, None, None, AWAY])
            if draw.random() < 0.5:
                bench.engine.faults.append(Fault(AWAY, applied=draw.random() < 0.5))
            kind = draw.choice(["receive", "acknowledge", "release", "extend"])
            bench.queue.faults[kind].append(QueueError("SQS does not answer"))
        self._over = True
        bench.engine.down = None


@pytest.mark.parametrize("seed", range(6))
@on_fake_time
async def test_nothing_is_lost_whatever_goes_wrong(seed: int) -> None:
    """Under faults of every kind each record ends as one document or one dead letter before its message is deleted."""
    async with working(
        visibility_seconds=60, max_receives=None, bulk_bytes=4_000, requests=2, objects=3, retry_seconds=60
    ) as bench:
        trouble = Trouble(bench, seed)
        trouble.put_objects()
        await trouble.rage()
        await bench.until_done()
        whole = {letter["key"] for letter in bench.letters() if "position" not in letter}
        for key, lines in bench.lines.items():
            good = [line for line in lines if line.startswith("line")]
            assert bench.messages(key) == (good if key not in whole else good[: len(bench.messages(key))])
        assert bench.reasons()["notification_unknown"] == bench.reasons()["unclaimed"] == 1


@pytest.mark.parametrize("seed", range(3))
@on_fake_time
async def test_nothing_is_lost_when_daemons_come_and_go(seed: int) -> None:
    """What one daemon leaves when it is stopped in the middle, the next one finishes, with nothing lost or twice."""
    bench = Workbench(visibility_seconds=60, max_receives=None, bulk_bytes=4_000, requests=2, grace_seconds=2)
    trouble = Trouble(bench, seed)
    trouble.put_objects()
    for lifetime in [3.0, 20.0, 70.0, 1.0, 100_000.0]:
        bench.start()
        if lifetime > 1000:
            await trouble.rage()
            await bench.until_done()
        else:
            await asyncio.sleep(lifetime)
        await bench.end()


def test_objects_at_once_fit_the_memory() -> None:
    """As many objects are read at once as fit the budget besides the bulk bodies, and one at least."""
    assert objects_at_once(Limits(memory_mib=128, bulk_requests=4, bulk_mib=5)) == 11
    assert objects_at_once(Limits(memory_mib=16, bulk_requests=4, bulk_mib=5)) == 1
