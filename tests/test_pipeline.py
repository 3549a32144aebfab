"""One message from receipt to acknowledgement; the fake queue refuses a deletion that comes too early."""

import asyncio
import gzip
import logging

import pytest
from fakes import Fault, StoredObject, on_fake_time
from lines import DOCUMENTS
from workbench import DEADLETTERS, notification, working

from shipper.errors import OpenSearchUnavailable

AWAY = OpenSearchUnavailable("OpenSearch does not answer")
KEY = "logs/a"


@on_fake_time
async def test_an_object_becomes_documents() -> None:
    """The records of an object are indexed, and its message is deleted."""
    async with working() as bench:
        bench.put(KEY, 3, zipped=True)
        bench.announce(KEY)
        await bench.until_done()
        assert bench.messages(KEY) == ["line 0", "line 1", "line 2"]
        assert bench.queue.calls["acknowledge"] == 1
        assert bench.count("shipper_objects_total", dataset="test.lines", outcome="delivered") == 1
        assert bench.count("shipper_messages_total", outcome="delivered") == 1


@on_fake_time
async def test_every_kind_of_record_is_accounted_for() -> None:
    """Documents, filtered, undecodable and unmappable records add up to what was read, and nothing is said twice."""
    async with working() as bench:
        bench.put(KEY, ["one", "drop", "broken", "raise", "two"])
        bench.announce(KEY)
        await bench.until_done()
        assert bench.messages(KEY) == ["one", "two"]
        counts = {"read": 5, "indexed": 2, "filtered": 1, "dead_lettered": 2, "duplicates": 0, "released": 0}
        assert {outcome: bench.count("shipper_records_total", outcome=outcome) for outcome in counts} == counts


@on_fake_time
async def test_bad_records_become_dead_letters() -> None:
    """A record that cannot be decoded or mapped is kept with its original and its place; its neighbours are indexed."""
    async with working() as bench:
        bench.put(KEY, ["broken é", "fine", "raise this"])
        bench.announce(KEY)
        await bench.until_done()
        undecodable, unmappable = sorted(bench.letters(), key=lambda letter: letter.get("position", 0))
        assert undecodable["reason"] == "undecodable"
        assert (undecodable["original"], undecodable["encoding"]) == ("broken é", "utf-8")
        assert unmappable["reason"] == "mapping_failed"
        assert (unmappable["original"], unmappable["position"]) == ("raise this", 2)
        assert unmappable["key"] == KEY


@on_fake_time
async def test_a_rollover_between_two_notifications() -> None:
    """An object that is announced again after a rollover has no second documents, not even of events in the future."""
    async with working() as bench:
        bench.put(KEY, ["one", "future", "broken"])
        bench.announce(KEY)
        await bench.until_done()
        for stream in (DOCUMENTS, DEADLETTERS):
            bench.engine.roll_over(stream, bench.now())
        bench.put("logs/b", ["two", "broken"])
        bench.announce("logs/b")
        await bench.until_done()
        bench.announce(KEY)
        await bench.until_done()
        assert bench.count("shipper_records_total", outcome="duplicates") == 2


@on_fake_time
async def test_a_repeated_notification_gives_no_second_document() -> None:
    """An object that is announced twice is indexed once."""
    async with working() as bench:
        bench.put(KEY, ["one", "broken"])
        bench.announce(KEY)
        await bench.until_done()
        bench.announce(KEY, KEY)
        await bench.until_done()
        assert bench.messages(KEY) == ["one"]
        assert bench.reasons() == {"undecodable": 1}
        assert bench.count("shipper_records_total", outcome="duplicates") == 2


@on_fake_time
async def test_objects_of_a_message_stand_for_themselves() -> None:
    """Of a message with one bad and one good object the good one is indexed at once, the bad one when it is there."""
    async with working() as bench:
        bench.put("logs/good")
        bench.announce("logs/bad", "logs/good")
        await bench.until(lambda: bench.messages("logs/good"))
        await asyncio.sleep(5)
        assert bench.queue.messages
        bench.put("logs/bad")
        await bench.until_done()
        assert len(bench.messages("logs/bad")) == len(bench.messages("logs/good")) == 3
        assert bench.letters() == []


@on_fake_time
async def test_a_fault_of_our_own_spares_the_neighbours(caplog: pytest.LogCaptureFixture) -> None:
    """An error that nobody foresaw in one object is told, and keeps no other object of its message from the index."""
    async with working() as bench:
        bad = bench.put("logs/bad")
        bad.fault = LookupError("a bug")
        bench.put("logs/good")
        bench.announce("logs/bad", "logs/good")
        await bench.until(lambda: bench.messages("logs/good"))
        assert bench.queue.messages
        assert any(record.exc_info and record.levelno == logging.ERROR for record in caplog.records)
        bad.fault = None
        await bench.until_done()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}', "test_event"),
        (notification(KEY, event="ObjectRemoved:Delete"), "not_created"),
        (notification("logs/folder/"), "folder_marker"),
        (notification(KEY, size=0), "empty_object"),
        (notification("logs/digest/a"), "not_a_log"),
    ],
)
@on_fake_time
async def test_what_is_no_log_is_acknowledged(body: str, reason: str) -> None:
    """Messages that announce no logs are deleted without reading anything, and counted by their reason."""
    async with working() as bench:
        bench.queue.send(body)
        await bench.until_done()
        assert bench.count("shipper_ignored_total", reason=reason) == 1
        assert bench.count("shipper_ignored_total") == 1
        assert bench.engine.documents == {}
        assert not bench.store.reads


@on_fake_time
async def test_an_object_that_is_empty_after_all() -> None:
    """An object without any bytes, of which the notification does not say so, is delivered with nothing read."""
    async with working() as bench:
        bench.put(KEY, 0)
        bench.announce(KEY)
        await bench.until_done()
        assert bench.count("shipper_objects_total", outcome="delivered") == 1
        assert [(entry["read"], entry["outcome"]) for entry in bench.entries()] == [(0, "delivered")]


# -- objects that cannot be read ---------------------------------------------------------------------------------------


@on_fake_time
async def test_an_unclaimed_object_becomes_a_dead_letter() -> None:
    """An object whose key and content tell no source has one dead letter, however often it is announced."""
    async with working() as bench:
        bench.store.objects["unheard/of"] = StoredObject(b"text\nmore of it\n" * 1000)
        bench.announce("unheard/of")
        await bench.until_done()
        bench.announce("unheard/of")
        await bench.until_done()
        (letter,) = bench.letters()
        assert (letter["reason"], letter["key"], letter["dataset"]) == ("unclaimed", "unheard/of", "unknown")
        assert bench.count("shipper_objects_total", dataset="unknown", outcome="delivered") == 2


@on_fake_time
async def test_content_tells_what_the_key_does_not() -> None:
    """An object with a key of one's own is read once, and shipped whole as what its first records are."""
    async with working() as bench:
        bench.put("firehose/own", 300, zipped=True)
        bench.announce("firehose/own")
        await bench.until_done()
        assert bench.messages("firehose/own") == [f"line {number}" for number in range(300)]
        assert bench.store.reads["firehose/own"] == 1
        assert bench.count("shipper_objects_total", dataset="test.lines", outcome="delivered") == 1


@on_fake_time
async def test_what_has_no_records_needs_no_source() -> None:
    """An object without any record is done with, whatever it is."""
    async with working() as bench:
        bench.put("firehose/own", 0).data = b"\n\n"
        bench.announce("firehose/own")
        await bench.until_done()
        assert bench.letters() == []
        assert [(entry["dataset"], entry["outcome"], entry["read"]) for entry in bench.entries()] == [
            ("unknown", "delivered", 0)
        ]


@on_fake_time
async def test_what_is_readable_tells_too() -> None:
    """An object that breaks off within its first records is known by those; what was readable is indexed in the end."""
    async with working() as bench:
        stored = bench.put("firehose/own", 8, zipped=True)
        stored.data = stored.data[:-9]
        bench.announce("firehose/own")
        await bench.until_done()
        assert bench.messages("firehose/own") == [f"line {number}" for number in range(8)]
        assert [(one["reason"], one["dataset"]) for one in bench.letters()] == [("object_corrupt", "test.lines")]


@on_fake_time
async def test_a_missing_object_becomes_a_dead_letter_in_the_end() -> None:
    """An object that is not there is looked for twice more; a dead letter stands for it on the last receive."""
    async with working(last_receive=3) as bench:
        bench.announce(KEY)
        await bench.until(lambda: bench.store.reads[KEY] == 2)
        await asyncio.sleep(5)
        assert bench.letters() == []
        await bench.until_done()
        assert bench.store.reads[KEY] == 3
        assert [(letter["reason"], letter["key"]) for letter in bench.letters()] == [("object_missing", KEY)]


@on_fake_time
async def test_a_late_object_is_indexed() -> None:
    """An object that appears after its notification is indexed, and leaves no dead letter."""
    async with working() as bench:
        bench.announce(KEY)
        await bench.until(lambda: bench.store.reads[KEY] == 2)
        bench.put(KEY)
        await bench.until_done()
        assert len(bench.messages(KEY)) == 3
        assert bench.letters() == []


@on_fake_time
async def test_a_denied_object_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """An object that may not be read is tried again, and the log names the missing permission."""
    async with working() as bench:
        bench.put(KEY).denied = True
        bench.announce(KEY)
        await bench.until(lambda: bench.store.reads[KEY] == 2)
        assert "s3:GetObject" in str([record.__dict__ for record in caplog.records])
        bench.store.objects[KEY].denied = False
        await bench.until_done()
        assert bench.letters() == []


@on_fake_time
async def test_a_connection_that_breaks_is_never_a_dead_letter() -> None:
    """An object whose connection breaks is tried for as long as its message lives; what was read is no duplicate."""
    async with working(last_receive=2) as bench:
        bench.put(KEY, 10).cut = 30
        bench.announce(KEY)
        await bench.until(lambda: bench.store.reads[KEY] == 5)
        assert bench.letters() == []
        bench.store.objects[KEY].cut = None
        await bench.until_done()
        assert len(bench.messages(KEY)) == 10


@on_fake_time
async def test_damaged_gzip_is_released_until_the_last_receive() -> None:
    """Of a damaged gzip object what is readable is indexed; a dead letter stands for the rest on the last receive."""
    async with working(last_receive=3) as bench:
        bench.store.piece_bytes = 64
        stored = bench.put(KEY, 500, zipped=True)
        stored.data = stored.data[: len(stored.data) // 2]
        bench.announce(KEY)
        await bench.until(lambda: bench.queue.calls["release"] == 2)
        assert bench.letters() == []
        await bench.until_done()
        assert bench.reasons() == {"object_corrupt": 1, "undecodable": 1}
        assert 100 < len(bench.messages(KEY)) < 400
        assert bench.messages(KEY) == bench.lines[KEY][: len(bench.messages(KEY))], "the half line is no document"


@on_fake_time
async def test_what_is_garbled_at_first() -> None:
    """A body that is garbled on its way leaves no trace: neither wrong documents under right ids nor dead letters."""
    async with working() as bench:
        bench.store.checks = True
        stored = bench.put(KEY, ["one", "two"], zipped=True)
        right, stored.data = stored.data, gzip.compress(b"on3\nbroken\n", mtime=0)[:-1]
        bench.announce(KEY)
        await bench.until(lambda: bench.queue.released)
        assert bench.engine.requests == [] or not bench.messages(KEY)
        stored.data = right
        await bench.until_done()
        assert bench.messages(KEY) == ["one", "two"]
        assert bench.letters() == []


@on_fake_time
async def test_what_stays_garbled() -> None:
    """What is readable of a body that is garbled for good is indexed by the last attempt, with a dead letter."""
    async with working(last_receive=3) as bench:
        bench.store.checks = True
        bench.put(KEY, ["one", "two", "three"], zipped=True).data = gzip.compress(b"one\ntwo\nthree\n", mtime=0)[:-1]
        bench.announce(KEY)
        await bench.until_done()
        assert bench.messages(KEY)[:2] == ["one", "two"]
        assert bench.reasons()["object_corrupt"] == 1


@on_fake_time
async def test_an_object_of_too_many_records() -> None:
    """An object with more records than allowed is read so far; a dead letter stands for the rest, at once."""
    async with working(object_records=5) as bench:
        bench.store.piece_bytes = 14
        bench.put(KEY, 12)
        bench.put("logs/full", 5)
        bench.announce(KEY, "logs/full")
        await bench.until_done()
        assert bench.messages(KEY)[:6] == [f"line {number}" for number in range(6)]
        assert len(bench.messages(KEY)) < 12
        assert len(bench.messages("logs/full")) == 5
        assert bench.reasons()["object_too_large"] == 1
        assert bench.store.reads[KEY] == 1


@on_fake_time
async def test_an_object_too_large_becomes_a_dead_letter_at_once() -> None:
    """An object that inflates beyond the limit is indexed up to there; a dead letter says so on the first receive."""
    async with working() as bench:
        bench.store.inflated_bytes = 3_000
        bench.store.piece_bytes = 64
        bench.put(KEY, 500, zipped=True)
        bench.announce(KEY)
        await bench.until_done()
        assert bench.reasons() == {"object_too_large": 1, "undecodable": 1}
        assert bench.store.reads[KEY] == 1
        assert 100 < len(bench.messages(KEY)) < 400


# -- messages we do not understand -------------------------------------------------------------------------------------


@on_fake_time
async def test_an_unknown_message_is_left_to_the_redrive_policy() -> None:
    """A message that is no notification is neither deleted nor given back: its queue moves it away unchanged."""
    async with working(max_receives=4, last_receive=2) as bench:
        id_ = bench.queue.send("hello")
        await bench.until_done()
        assert [stored.id for stored in bench.queue.dead] == [id_]
        assert bench.queue.released == []
        assert bench.queue.deleted == []
        assert bench.letters() == []
        assert bench.count("shipper_messages_total", outcome="rejected") == 4


@on_fake_time
async def test_an_unknown_message_without_redrive_policy_becomes_a_dead_letter() -> None:
    """Where no redrive policy would take it away, an unknown message becomes a dead letter with its body at last."""
    async with working(max_receives=None, last_receive=3) as bench:
        id_ = bench.queue.send('{"hello": "world"}')
        await bench.until_done()
        assert bench.queue.deleted == [id_]
        (letter,) = bench.letters()
        assert (letter["reason"], letter["original"]) == ("notification_unknown", '{"hello": "world"}')
        assert bench.count("shipper_messages_total", outcome="rejected") == 2


# -- never too early, never too much -----------------------------------------------------------------------------------


@on_fake_time
async def test_a_message_outlives_the_last_of_its_documents() -> None:
    """While one document of an object is not taken, its message stays, though all others are indexed."""
    async with working() as bench:
        bench.put(KEY, 5)
        busy = True
        bench.engine.answer(lambda action: 429 if busy and action.document.get("message") == "line 4" else 201)
        bench.announce(KEY)
        await asyncio.sleep(120)
        assert len(bench.messages(KEY)) == 4
        assert bench.queue.messages
        busy = False
        await bench.until_done()


@on_fake_time
async def test_a_message_outlives_a_half_that_is_refused() -> None:
    """A message stays when OpenSearch goes away between the halves of a request that it refused."""
    async with working() as bench:
        bench.put(KEY, ["one", "two", "poison", "four"])
        bench.engine.refuse_whole(lambda action: action.document.get("message") == "poison")
        bench.engine.faults += [None, None, *[Fault(AWAY)] * 3]
        bench.announce(KEY)
        await bench.until_done()
        assert bench.messages(KEY) == ["one", "two", "four"]
        assert bench.reasons() == {"document_rejected": 1}


@on_fake_time
async def test_a_large_object_is_read_in_bounded_memory() -> None:
    """No request is larger than the limit and one document, however fast an object is read."""
    async with working(bulk_bytes=20_000, requests=2) as bench:
        bench.engine.seconds = 1.0
        bench.put(KEY, 2_000, zipped=True)
        bench.announce(KEY)
        await bench.until_done()
        assert bench.engine.largest < 20_000 + 1_000
        assert bench.engine.most_at_once == 2
        assert len(bench.messages(KEY)) == 2_000


@on_fake_time
async def test_objects_read_at_once_are_limited() -> None:
    """No more objects are open than the memory is made for."""
    async with working(objects=3) as bench:
        for number in range(20):
            bench.put(f"logs/{number}").seconds = 1.0
            bench.announce(f"logs/{number}")
        await bench.until_done()
        assert bench.store.most_open == 3


@on_fake_time
async def test_others_get_their_turn_while_an_object_inflates() -> None:
    """Between two blocks of an object other tasks run, however few records there are in them."""
    async with working() as bench:
        bench.put(KEY, ["drop" + " " * (1 << 18)] * 40, zipped=True)
        bench.announce(KEY)
        await bench.turns_until(lambda: bench.store.reads)
        turns = await bench.turns_until(lambda: not bench.store.open)
        assert turns >= 10
        await bench.until_done()


@on_fake_time
async def test_lag_is_measured_of_what_is_delivered() -> None:
    """The lag of an object is measured once, when its last document was taken, not for attempts that failed."""
    async with working() as bench:
        bench.put(KEY, 10).cut = 30
        bench.announce(KEY)
        await bench.until(lambda: bench.store.reads[KEY] == 2)
        bench.store.objects[KEY].cut = None
        await bench.until_done()
        assert bench.count("shipper_event_lag_seconds_count") == 1
        assert bench.count("shipper_event_lag_seconds_sum") == pytest.approx(asyncio.get_running_loop().time(), abs=2)


# -- the ledger --------------------------------------------------------------------------------------------------------


@on_fake_time
async def test_every_attempt_has_its_entry() -> None:
    """Each attempt at an object, failed ones included, has one entry; together they say what the metrics say."""
    async with working() as bench:
        bench.put(KEY, ["one", "drop", "broken", "two"])
        bench.put("logs/late", 3).denied = True
        bench.store.objects["unheard/of"] = StoredObject(b"text")
        bench.announce(KEY, KEY, "logs/late")
        bench.announce("unheard/of")
        await bench.until(lambda: bench.store.reads["logs/late"] == 1)
        bench.store.objects["logs/late"].denied = False
        await bench.until_done()
        told = {(entry["key"], entry["attempt"], entry["outcome"], entry["error"]) for entry in bench.entries()}
        assert told == {
            (KEY, 1, "delivered", None),
            (KEY, 2, "delivered", None),
            ("logs/late", 1, "errored", "object_denied"),
            ("logs/late", 2, "delivered", None),
            ("unheard/of", 1, "delivered", "unclaimed"),
        }
        assert len(bench.entries()) == 7, "an object that its message names twice has two entries"
        for outcome in ("read", "indexed", "duplicates", "filtered", "dead_lettered", "released"):
            counted = bench.count("shipper_records_total", outcome=outcome)
            assert sum(entry[outcome] for entry in bench.entries()) == counted, outcome
        assert bench.count("shipper_ledger_entries_total", outcome="indexed") == 7


@on_fake_time
async def test_unknown_fields_are_counted_and_entered() -> None:
    """What no source declares is counted once an object, and named in its entry; other entries have no such field."""
    async with working() as bench:
        bench.put(KEY, ['{"message": "m", "new": 1}', '{"new": 2}'])
        bench.put("logs/b", ['{"message": "m"}'])
        bench.announce(KEY, "logs/b")
        await bench.until_done()
        assert [entry.get("unknown_fields") for entry in bench.entries()] == [["new"], None]
        assert bench.count("shipper_unknown_fields_total", dataset="test.lines", field="new") == 1


@on_fake_time
async def test_a_message_outlives_its_ledger_entry() -> None:
    """A message is deleted only after the entry was taken; until then it is no record that is out of balance."""
    async with working() as bench:
        bench.put(KEY)
        bench.engine.answer(lambda action: 429 if "agent" in action.document else 201)
        bench.announce(KEY)
        await asyncio.sleep(60)
        assert len(bench.messages(KEY)) == 3
        assert bench.queue.messages
        assert bench.count("shipper_imbalance_records") == 0
        bench.engine.answer(lambda _: 201)
        await bench.until_done()
        assert len(bench.entries()) == 1


@on_fake_time
async def test_a_refused_ledger_entry_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """An entry that OpenSearch refuses is told and kept as a dead letter; the message is deleted all the same."""
    async with working() as bench:
        bench.put(KEY)
        bench.engine.answer(lambda action: 400 if "agent" in action.document else 201)
        bench.announce(KEY)
        await bench.until_done()
        assert bench.store.reads[KEY] == 1
        assert [(letter["dataset"], letter["key"]) for letter in bench.letters()] == [("shipper.objects", KEY)]
        assert bench.count("shipper_ledger_entries_total", outcome="dead_lettered") == 1
        assert bench.count("shipper_records_total", outcome="dead_lettered") == 0
        assert "ledger entry not indexed" in caplog.messages


@on_fake_time
async def test_a_message_is_not_kept_for_ever_for_its_entry_alone() -> None:
    """Where OpenSearch takes neither the entry nor its dead letter, the message is deleted at the last receive."""
    async with working(last_receive=2) as bench:
        bench.put(KEY)
        bench.engine.answer(lambda action: 400 if {"agent", "error"} & action.document.keys() else 201)
        bench.announce(KEY)
        await bench.until_done()
        assert bench.store.reads[KEY] == 2
        assert bench.count("shipper_ledger_entries_total", outcome="released") == 2
