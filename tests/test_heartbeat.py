"""Keeping messages hidden; the fake queue shows them again when nobody does."""

import asyncio

import pytest
from fakes import FakeQueue, on_fake_time

from shipper.errors import QueueError
from shipper.heartbeat import Heartbeat
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
        await hold.heart.beat()
    assert (hold.count("extended"), hold.count("lost")) == (1, 1)
    assert "visible to others" in caplog.text


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
