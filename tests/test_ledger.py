"""What a ledger entry says, and that an attempt has one."""

import json
from datetime import UTC, datetime, timedelta

from msgspec import structs

from shipper import __version__
from shipper.deadletter import Place
from shipper.ledger import Attempt, Ledger
from shipper.notification import ObjectRef
from shipper.queue import Message
from shipper.tally import Tally

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)
REF = ObjectRef(bucket="logs", key="a/b.gz", region="eu-central-1", size=9, event_time=NOW - timedelta(seconds=40))
MESSAGE = Message(id="m-1", receipt_handle="r", body="", sent_at=NOW, receive_count=2)
LEDGER = Ledger("prod", "host-1")


def attempt(*, version: str = "v1", released: int = 0) -> Attempt:
    """Read seven records in two seconds."""
    made = Attempt(Tally(Place(dataset="aws.cloudtrail", object=REF, version=version)), NOW - timedelta(seconds=2))
    tally = made.tally
    tally.read, tally.indexed, tally.duplicates, tally.filtered, tally.dead_lettered = 7 + released, 2, 1, 3, 1
    tally.released = released
    tally.saw(NOW - timedelta(seconds=300))
    tally.saw(NOW - timedelta(seconds=60))
    made.size = 321
    made.end(NOW)
    return made


def test_an_entry() -> None:
    """It says what, when, where, how much of what, how late, by whom; and it has an account of its own."""
    _, entry, account = LEDGER.entry(REF, attempt(), MESSAGE, 0)
    assert json.loads(entry) == {
        "@timestamp": "2026-08-03T12:00:00Z",
        "agent": {"type": "s3-siem-shipper", "version": __version__},
        "aws": {"s3": {"bucket": {"name": "logs"}, "object": {"key": "a/b.gz"}}},
        "cloud": {"provider": "aws", "region": "eu-central-1"},
        "data_stream": {"type": "logs", "dataset": "shipper.objects", "namespace": "prod"},
        "ecs": {"version": "9.4.0"},
        "event": {
            "dataset": "shipper.objects",
            "duration": 2_000_000_000,
            "end": "2026-08-03T12:00:00Z",
            "ingested": "2026-08-03T12:00:00Z",
            "kind": "event",
            "module": "shipper",
            "outcome": "success",
            "start": "2026-08-03T11:59:58Z",
        },
        "host": {"name": "host-1"},
        "shipper": {
            "object": {
                "attempt": 2,
                "dataset": "aws.cloudtrail",
                "dead_lettered": 1,
                "duplicates": 1,
                "event_lag_seconds": 300.0,
                "filtered": 3,
                "first_event": "2026-08-03T11:55:00Z",
                "indexed": 2,
                "last_event": "2026-08-03T11:59:00Z",
                "message_id": "m-1",
                "object_lag_seconds": 40.0,
                "outcome": "delivered",
                "read": 7,
                "released": 0,
                "size": 321,
                "version": "v1",
            }
        },
    }
    assert LEDGER.index == "logs-shipper.objects-prod"
    assert (account.read, account.place.dataset, account.place.object) == (1, "shipper.objects", REF)


def test_what_is_tried_again_has_no_lag() -> None:
    """Of an attempt that failed nobody knows yet how late its records will be."""
    document = json.loads(LEDGER.entry(REF, attempt(released=1), MESSAGE, 0)[1])
    told = document["shipper"]["object"]
    assert (told["outcome"], told["released"], document["event"]["outcome"]) == ("errored", 1, "failure")
    assert not {"event_lag_seconds", "object_lag_seconds"} & told.keys()


def test_an_attempt_has_one_id() -> None:
    """Object, version, message, receive and place in the message make the id, and nothing else does."""
    ids = [
        LEDGER.entry(REF, attempt(), MESSAGE, 0)[0],
        LEDGER.entry(structs.replace(REF, key="a/c.gz"), attempt(), MESSAGE, 0)[0],
        LEDGER.entry(REF, attempt(version="v2"), MESSAGE, 0)[0],
        LEDGER.entry(REF, attempt(), structs.replace(MESSAGE, id="m-2"), 0)[0],
        LEDGER.entry(REF, attempt(), structs.replace(MESSAGE, receive_count=3), 0)[0],
        LEDGER.entry(REF, attempt(), MESSAGE, 1)[0],
    ]
    assert len(set(ids)) == len(ids)
    assert Ledger("prod", "host-2").entry(REF, attempt(released=1), MESSAGE, 0)[0] == ids[0]
