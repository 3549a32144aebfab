"""One queue's messages in hand: how many, for how long, and in which order they are given back or deleted."""

import asyncio
import logging

import pytest
from fakes import on_fake_time
from workbench import Workbench, working

from shipper import heartbeat
from shipper.consumer import InHand
from shipper.errors import OpenSearchRefused, OpenSearchUnavailable, QueueError

AWAY = OpenSearchUnavailable("OpenSearch does not answer")
BUSY = QueueError("SQS does not answer")
KEY = "logs/a"


def now() -> float:
    """Give the time on the fake clock."""
    return asyncio.get_running_loop().time()


# -- giving back -------------------------------------------------------------------------------------------------------


@on_fake_time
async def test_a_message_comes_back_later_and_later() -> None:
    """A message is given back with a delay that doubles, up to a quarter of an hour, never at once."""
    async with working(last_receive=100) as bench:
        bench.announce(KEY)
        await bench.until(lambda: len(bench.queue.released) == 9)
        assert [delay for _, delay, _ in bench.queue.released] == [10, 20, 40, 80, 160, 320, 640, 900, 900]
        bench.put(KEY)
        await bench.until_done()


@pytest.mark.parametrize("longest", [heartbeat.LONGEST_SECONDS, 900])
@on_fake_time
async def test_messages_are_kept_while_opensearch_is_away(longest: int) -> None:
    """However long OpenSearch takes nothing, even longer than SQS hides a message, all stay in hand; none is lost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heartbeat, "LONGEST_SECONDS", longest)
        async with working(visibility_seconds=300) as bench:
            bench.engine.down = AWAY
            for number in range(5):
                bench.put(f"logs/{number}")
                bench.announce(f"logs/{number}")
            await asyncio.sleep(1800)
            assert bench.queue.released == []
            assert bench.count("shipper_records_total", outcome="released") == 0
            assert bench.count("shipper_visibility_extensions_total", outcome="expired") == (5 if longest == 900 else 0)
            assert max(message.receives for message in bench.queue.messages.values()) == 1
            bench.engine.down = None
            await bench.until_done()
            assert sum(len(bench.messages(f"logs/{number}")) for number in range(5)) == 15
            assert bench.queue.dead == []


@on_fake_time
async def test_messages_are_released_when_opensearch_takes_only_others() -> None:
    """What OpenSearch does not take for `retry_seconds`, though it takes others, is given back and done later."""
    async with working(retry_seconds=300) as bench:
        busy = True
        bench.engine.answer(lambda action: 503 if busy and action.document.get("message") == "bad" else 201)
        bench.put(KEY, ["good", "bad"])
        bench.announce(KEY)
        for number in range(40):
            bench.put(f"logs/{number}")
            bench.announce(f"logs/{number}")
            await asyncio.sleep(10)
        assert [count for _, count, _ in bench.queue.released] == [10]
        assert 300 < bench.queue.released[0][2] < 340
        assert bench.count("shipper_records_total", outcome="released") == 1
        busy = False
        await bench.until_done()
        assert bench.messages(KEY) == ["good", "bad"]


@on_fake_time
async def test_a_message_whose_dead_letter_is_refused_is_not_deleted() -> None:
    """As long as OpenSearch refuses a document and its dead letter, the message stays."""
    async with working() as bench:
        bench.put(KEY)
        refuse = True
        bench.engine.answer(lambda action: 400 if refuse and action.document.get("message") != "line 0" else 201)
        bench.announce(KEY)
        await bench.until(lambda: len(bench.queue.released) == 3)
        assert bench.messages(KEY) == ["line 0"]
        refuse = False
        await bench.until_done()


@on_fake_time
async def test_a_release_that_fails_is_only_late(caplog: pytest.LogCaptureFixture) -> None:
    """A message that cannot be given back reappears when its visibility ends, and that is said."""
    async with working(visibility_seconds=60) as bench:
        bench.queue.faults["release"].append(BUSY)
        bench.announce(KEY)
        await bench.until(lambda: bench.store.reads[KEY] == 2)
        assert 59 < now() < 62
        assert "not given back" in caplog.text
        bench.put(KEY)
        await bench.until_done()


# -- holding -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 404])
@on_fake_time
async def test_blocked_messages_are_held(status: int) -> None:
    """While an operator has to act, messages are neither deleted nor given back nor seen by others; then it goes on."""
    async with working(visibility_seconds=60) as bench:
        blocked = True
        bench.engine.answer(lambda _: status if blocked else 201)
        bench.put(KEY)
        bench.announce(KEY)
        await asyncio.sleep(1800)
        assert "opensearch" in bench.health.problems
        assert bench.count("shipper_ready") == 0
        assert bench.queue.released == []
        assert bench.queue.deleted == []
        assert bench.queue.messages["message-1"].receives == 1
        blocked = False
        await bench.until_done()
        assert bench.count("shipper_ready") == 1
        assert bench.store.reads[KEY] == 1


@on_fake_time
async def test_refused_credentials_hold_everything() -> None:
    """While OpenSearch does not accept us, no further messages are taken in hand, and none is lost sight of."""
    async with working(visibility_seconds=60) as bench:
        bench.engine.down = OpenSearchRefused("OpenSearch does not accept our credentials (401)")
        for number in range(100):
            bench.put(f"logs/{number}")
            bench.announce(f"logs/{number}")
            await asyncio.sleep(1)
        await asyncio.sleep(1800)
        assert bench.queue.released == []
        assert bench.queue.deleted == []
        received = sum(message.receives for message in bench.queue.messages.values())
        assert received < 30
        assert bench.count("shipper_messages_in_flight") == received
        bench.engine.down = None
        await bench.until_done()


# -- keeping hidden ----------------------------------------------------------------------------------------------------


@on_fake_time
async def test_all_messages_in_hand_are_kept_hidden() -> None:
    """Of ten messages that came together, none is seen a second time while one of them takes hours."""
    async with working(visibility_seconds=60, objects=1) as bench:
        bench.put("logs/slow").seconds = 7200
        bench.announce("logs/slow")
        for number in range(9):
            bench.put(f"logs/{number}")
            bench.announce(f"logs/{number}")
        await bench.until_done()
        assert now() > 7200
        assert all(count == 1 for count in bench.store.reads.values())
        assert bench.count("shipper_visibility_extensions_total", outcome="lost") == 0


@on_fake_time
async def test_heartbeats_outlive_the_reading() -> None:
    """A message is kept hidden also when its object was read long ago and only OpenSearch is slow."""
    async with working(visibility_seconds=60) as bench:
        bench.engine.seconds = 600
        bench.put(KEY)
        bench.announce(KEY)
        await bench.until_done()
        assert bench.store.reads[KEY] == 1
        assert bench.store.open == 0


@on_fake_time
async def test_heartbeats_end_with_the_acknowledgement() -> None:
    """A message that was deleted is not extended any more."""
    async with working(visibility_seconds=60) as bench:
        bench.put(KEY)
        bench.announce(KEY)
        await bench.until_done()
        await asyncio.sleep(600)
        assert bench.queue.calls["extend"] == 0


@on_fake_time
async def test_a_release_is_not_undone_by_a_heartbeat() -> None:
    """A message that is being given back is not hidden again by a heartbeat that comes in between."""
    async with working(visibility_seconds=60) as bench:
        bench.queue.seconds["release"] = 4.0
        bench.put("logs/missing later")
        del bench.store.objects["logs/missing later"]
        await asyncio.sleep(11)
        bench.announce("logs/missing later")
        await bench.until(lambda: bench.queue.released)
        assert bench.queue.calls["extend"] == 0
        bench.put("logs/missing later")
        await bench.until_done()


@on_fake_time
async def test_a_release_waits_for_a_heartbeat_under_way() -> None:
    """An extension that was asked for before a release is not carried out after it."""
    async with working(visibility_seconds=60, last_receive=9) as bench:
        bench.queue.seconds["extend"] = 4.0
        bench.store.open_seconds = 15.5
        bench.put("logs/missing later")
        del bench.store.objects["logs/missing later"]
        bench.announce("logs/missing later")
        await bench.until(lambda: bench.queue.released)
        ((_, delay, time),) = bench.queue.released
        assert bench.queue.calls["extend"] == 1
        assert bench.queue.messages["message-1"].visible == time + delay


# -- deleting ----------------------------------------------------------------------------------------------------------


@on_fake_time
async def test_a_message_that_is_not_deleted_comes_again(caplog: pytest.LogCaptureFixture) -> None:
    """When SQS does not delete a message, its object is read again and found to be indexed already."""
    async with working(visibility_seconds=60) as bench:
        bench.queue.faults["acknowledge"].append(BUSY)
        bench.put(KEY)
        bench.announce(KEY)
        await bench.until_done()
        assert bench.store.reads[KEY] == 2
        assert bench.count("shipper_records_total", outcome="duplicates") == 3
        assert "not deleted" in caplog.text


@on_fake_time
async def test_a_fault_of_our_own_in_deleting_gives_the_message_back(caplog: pytest.LogCaptureFixture) -> None:
    """An error that nobody foresaw while a message is deleted is told, and the message comes again."""
    async with working() as bench:
        bench.queue.faults["acknowledge"].append(LookupError("a bug"))
        bench.put(KEY)
        bench.announce(KEY)
        await bench.until_done()
        assert [delay for _, delay, _ in bench.queue.released] == [10]
        assert bench.count("shipper_messages_total", outcome="errored") == 1
        assert any(record.exc_info for record in caplog.records)


@on_fake_time
async def test_a_receipt_that_is_no_longer_valid_deletes_nothing() -> None:
    """When heartbeats failed and a message was seen again, the older receipt deletes nothing, and nothing is twice."""
    async with working(visibility_seconds=60) as bench:
        bench.queue.faults["extend"] += [BUSY] * 12
        bench.put(KEY).seconds = 200
        bench.announce(KEY)
        await bench.until_done()
        assert bench.store.reads[KEY] == 2
        assert len(bench.messages(KEY)) == 3
        assert bench.count("shipper_visibility_extensions_total", outcome="failed") >= 12
        assert bench.count("shipper_visibility_extensions_total", outcome="lost") >= 1


# -- receiving ---------------------------------------------------------------------------------------------------------


@on_fake_time
async def test_a_queue_out_of_reach_is_trouble_until_it_answers() -> None:
    """When SQS does not answer we are not ready, try again after a pause, and are ready again by ourselves."""
    async with working() as bench:
        await bench.until(lambda: bench.queue.calls["receive"])
        bench.queue.faults["receive"] += [BUSY] * 3
        await bench.until(lambda: bench.health.problems)
        assert bench.health.problems == {"queue queue": str(BUSY)}
        bench.put(KEY)
        bench.announce(KEY)
        await bench.until_done()
        assert bench.health.problems == {}
        assert bench.queue.calls["receive"] < 10


@on_fake_time
async def test_a_queue_that_says_nothing_of_its_policy_is_asked_again() -> None:
    """Nothing is received before it is known whether the queue moves away what nobody can handle."""
    bench = Workbench()
    bench.queue.faults["has_redrive"] += [BUSY] * 3
    bench.start()
    await asyncio.sleep(12)
    assert bench.health.problems == {"queue queue": str(BUSY)}
    assert bench.queue.calls["receive"] == 0
    await asyncio.sleep(5)
    assert bench.health.problems == {}
    assert bench.queue.calls["receive"] == 1
    await bench.end()


@on_fake_time
async def test_a_missing_redrive_policy_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """A queue without a redrive policy is worth a warning, once."""
    async with working(max_receives=None) as bench:
        await asyncio.sleep(100)
        assert bench.queue.calls["has_redrive"] == 1
        assert caplog.text.count("no redrive policy") == 1


@pytest.mark.parametrize(("most", "bound"), [(1, 1), (7, 7), (25, 25)])
@on_fake_time
async def test_messages_in_hand_are_limited(most: int, bound: int) -> None:
    """No more messages are in hand than the settings allow, and the next ones follow as soon as there is room."""
    async with working(messages=most) as bench:
        bench.engine.seconds = 1.0
        for number in range(40):
            bench.put(f"logs/{number}", 1)
            bench.announce(f"logs/{number}")
        most_seen = 0.0
        while bench.queue.messages:
            most_seen = max(most_seen, bench.count("shipper_messages_in_flight"))
            await asyncio.sleep(0.1)
        assert bound - 9 <= most_seen <= bound
        assert now() < 40 * 4.5, "two requests a message, each after a wait for company"


@on_fake_time
async def test_no_end_is_missed() -> None:
    """A message that ends between the question and the wait for an end counts: the wait begins with the question."""
    in_hand = InHand(10, lambda: False)
    in_hand.add(asyncio.create_task(asyncio.sleep(0)))
    ended = in_hand.ended()
    await asyncio.sleep(1)
    assert not in_hand.tasks
    await asyncio.wait_for(ended, 1)


@on_fake_time
async def test_room_that_appears_at_once_is_seen() -> None:
    """A message that ends just when the room is found to be full does not leave the queue unattended."""
    async with working(messages=10) as bench:
        for number in range(100):
            bench.put(f"logs/{number}", ["drop"])
            bench.announce(f"logs/{number}")
        await bench.until_done()
        assert now() < 20


@on_fake_time
async def test_messages_are_received_again_when_opensearch_is_back() -> None:
    """When OpenSearch takes documents again, new messages are taken in hand, also while an old one takes hours."""
    async with working() as bench:
        bench.store.piece_bytes = 7
        bench.put("logs/slow", 1000).seconds = 10
        bench.announce("logs/slow")
        await asyncio.sleep(30)
        bench.engine.down = AWAY
        await bench.until(lambda: bench.health.problems)
        await asyncio.sleep(60)  # it is taken to be away, and the receive that was under way is over
        bench.put(KEY)
        bench.announce(KEY)
        await asyncio.sleep(35)
        assert bench.queue.messages["message-2"].receives == 0
        bench.engine.down = None
        await bench.until(lambda: bench.messages(KEY))
        assert now() < 300
        assert bench.store.open == 1


@on_fake_time
async def test_a_fault_of_our_own_gives_the_message_back(caplog: pytest.LogCaptureFixture) -> None:
    """An error that nobody foresaw is told with its traceback; the message is given back, and others go on."""
    async with working() as bench:
        bench.put(KEY)
        bad = bench.put("logs/bad")
        bad.fault = ZeroDivisionError()
        bench.announce("logs/bad")
        bench.announce(KEY)
        await bench.until(lambda: bench.queue.released and bench.queue.deleted)
        assert len(bench.messages(KEY)) == 3
        assert [record for record in caplog.records if record.exc_info and record.levelno == logging.ERROR]
        bad.fault = None
        await bench.until_done()
