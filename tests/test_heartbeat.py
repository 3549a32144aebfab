"""Keeping messages hidden; the fake queue shows them again when nobody does."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence

import pytest
from fakes import FakeQueue, on_fake_time

from shipper.errors import QueueError
from shipper.heartbeat import LONGEST_SECONDS, Heartbeat
from shipper.metrics import Metrics
from shipper.queue import Message

BUSY = QueueError("SQS does not answer")


class Held:
    """Messages of a queue in hand, and the heart that beats for them."""

    def __init__(self, queue: FakeQueue, messages: list[Message]) -> None:
        self.queue = queue
        self.messages = messages
        self.metrics = Metrics()
        self.heart = Heartbeat(queue, self.metrics)

    def count(self, outcome: str) -> float:
        """Give the number of extensions with an outcome."""
        labels = {"queue": "queue", "outcome": outcome}
        return self.metrics.registry.get_sample_value("shipper_visibility_extensions_total", labels) or 0

    async def beat_for(self, seconds: float) -> None:
        """Let the heart beat for some time."""
        beating = asyncio.create_task(self.heart.run())
        await asyncio.sleep(seconds)
        beating.cancel()
        await asyncio.wait([beating])


async def held(messages: int, **settings: int) -> Held:
    """Receive messages."""
    queue = FakeQueue(**{"visibility_seconds": 60, "wait_seconds": 0, **settings})  # type: ignore[arg-type]
    for number in range(messages):
        queue.send(f"{number}")
    return Held(queue, await queue.receive(10))


@on_fake_time
async def test_messages_in_hand_stay_hidden() -> None:
    """All messages in hand stay hidden for many times their visibility."""
    hold = await held(10)
    with hold.heart.holding(hold.messages[0]), hold.heart.holding(hold.messages[1]):
        await hold.beat_for(600)
        assert len(await hold.queue.receive(10)) == 8
    assert hold.count("extended") > 2
    assert hold.count("lost") == hold.count("failed") == 0


@on_fake_time
async def test_a_message_not_held_reappears() -> None:
    """What is no longer held is not extended, and no request is made for nothing."""
    hold = await held(1)
    with hold.heart.holding(hold.messages[0]):
        pass
    await hold.beat_for(600)
    assert hold.queue.calls["extend"] == 0
    assert len(await hold.queue.receive(10)) == 1


@pytest.mark.parametrize("after", [0.0, 7.0, 14.9, 15.0, 15.1])
@on_fake_time
async def test_two_failures_in_a_row_do_no_harm(after: float) -> None:
    """A message stays hidden although two beats in a row fail, whenever it was received."""
    queue = FakeQueue(visibility_seconds=60, wait_seconds=0)
    hold = Held(queue, [])
    beating = asyncio.create_task(hold.heart.run())
    await asyncio.sleep(after)
    queue.send("a")
    (message,) = await queue.receive(10)
    queue.faults["extend"] += [BUSY, BUSY, None] * 10
    with hold.heart.holding(message):
        while queue.faults["extend"]:
            await asyncio.sleep(1)
            assert await queue.receive(10) == []
    beating.cancel()
    await asyncio.wait([beating])
    assert hold.count("failed") == 20
    assert hold.count("lost") == 0


@on_fake_time
async def test_lost_messages_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    """A message whose receipt is no longer valid is counted as lost, and said; the others are extended."""
    hold = await held(2, visibility_seconds=60)
    await asyncio.sleep(61)
    hold.queue.send("new")
    messages = [*hold.messages, *await hold.queue.receive(10)]
    with hold.heart.holding(messages[0]), hold.heart.holding(messages[-1]):
        for beats in (1, 2):
            await hold.heart.beat()
            assert (hold.count("extended"), hold.count("lost")) == (beats, 1), "lost once, and not asked for again"
    assert caplog.text.count("visible to others") == 1


@on_fake_time
async def test_the_longest_time_that_sqs_hides_a_message(caplog: pytest.LogCaptureFixture) -> None:
    """A message is hidden for twelve hours and not asked for beyond, which SQS would refuse; a younger one still is."""
    hold = await held(1)
    beating = asyncio.create_task(hold.heart.run())
    with hold.heart.holding(hold.messages[0]):
        await asyncio.sleep(LONGEST_SECONDS - 3600)
        hold.queue.send("young")
        (young,) = await hold.queue.receive(10)
        with hold.heart.holding(young):
            await asyncio.sleep(3600 - 120)
            assert await hold.queue.receive(10) == []
            assert hold.count("expired") == 0
            await asyncio.sleep(300)
            (again,) = await hold.queue.receive(10)
            assert again.id == hold.messages[0].id
            assert hold.count("expired") == 1
            assert hold.count("lost") == hold.count("failed") == 0
    assert caplog.text.count("cannot be hidden any longer") == 1
    beating.cancel()
    await asyncio.wait([beating])


@on_fake_time
async def test_beats_are_uneven() -> None:
    """Two hearts do not beat together for long, and neither is late."""
    pauses = []
    for _ in range(2):
        hold = await held(1)
        with hold.heart.holding(hold.messages[0]):
            times: list[float] = []
            extend = hold.queue.extend

            async def noted(
                messages: Sequence[Message],
                times: list[float] = times,
                extend: Callable[[Sequence[Message]], Awaitable[list[Message]]] = extend,
            ) -> list[Message]:
                times.append(asyncio.get_running_loop().time())
                return await extend(messages)

            hold.queue.extend = noted  # type: ignore[assignment]
            await hold.beat_for(600)
        pauses.append([later - earlier for earlier, later in itertools.pairwise(times)])
    assert all(12.0 <= pause <= 15.0 for pause in pauses[0] + pauses[1])
    assert pauses[0] != pauses[1]


@on_fake_time
async def test_a_beat_that_fails_is_repeated_sooner() -> None:
    """After a failure the next attempt comes after a third of the time, so that six in a row do no harm."""
    hold = await held(1)
    hold.queue.faults["extend"] += [BUSY] * 6
    with hold.heart.holding(hold.messages[0]):
        await hold.beat_for(58)
        assert hold.count("extended") > 0
        assert await hold.queue.receive(10) == []


@on_fake_time
async def test_a_message_that_ends_during_a_beat_is_not_lost(caplog: pytest.LogCaptureFixture) -> None:
    """A message that is deleted while its extension is under way is no loss."""
    hold = await held(1)
    (message,) = hold.messages
    hold.queue.seconds["extend"] = 5
    with hold.heart.holding(message):
        beating = asyncio.create_task(hold.heart.beat())
        await asyncio.sleep(1)
        await hold.queue.acknowledge(message)
    await beating
    assert hold.queue.calls["extend"] == 1
    assert (hold.count("extended"), hold.count("lost")) == (0, 0)
    assert caplog.text == ""


@on_fake_time
async def test_messages_may_come_and_go_during_a_beat() -> None:
    """Taking messages in hand and letting them go while an extension is under way disturbs nobody."""
    hold = await held(3)
    first, second, third = hold.messages
    hold.queue.seconds["extend"] = 5
    with hold.heart.holding(first):
        with hold.heart.holding(second):
            beating = asyncio.create_task(hold.heart.beat())
            await asyncio.sleep(1)
        with hold.heart.holding(third):
            await beating
    assert hold.count("extended") == 2


@on_fake_time
async def test_an_error_in_the_hand_lets_go() -> None:
    """A message is no longer held when handling it fails."""
    hold = await held(1)
    with pytest.raises(LookupError), hold.heart.holding(hold.messages[0]):
        raise LookupError
    await hold.heart.beat()
    assert hold.queue.calls["extend"] == 0
