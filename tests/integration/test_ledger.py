"""The ledger in a real OpenSearch: what became of each object at each attempt, and what made a document."""

import asyncio
import gzip
import json
import socket
from typing import Any

from integration.shipping import FLOW_KEY, TRAIL_KEY, RunningDaemon, Site, running, shipper
from shipper import __version__

OUTCOMES = ("read", "indexed", "duplicates", "filtered", "dead_lettered", "released")


def event(number: int) -> dict[str, Any]:
    """One CloudTrail event."""
    return {
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": "123456789012"},
        "eventTime": f"2026-02-03T10:11:{number:02d}Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.7",
        "requestParameters": {"number": number},
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
    }


def trail(*numbers: int) -> bytes:
    """A CloudTrail file."""
    return json.dumps({"Records": [event(number) for number in numbers]}, separators=(",", ":")).encode()


async def entries(here: Site) -> list[dict[str, Any]]:
    """All ledger entries."""
    return [hit["_source"] for hit in await here.search("shipper.objects")]


async def refreshed(here: Site) -> None:
    """Make everything indexed so far visible to searches."""
    await here.engine.request("POST", f"/logs-*-{here.namespace}/_refresh")


async def explained(here: Site, id_: str, status: int = 0) -> dict[str, Any]:
    """What `shipper explain --json` says of the only document with an id; the text must be there as well."""
    text_status, text, errors = await shipper(here, "explain", id_)
    assert text_status == status, errors
    assert text.startswith(f"document   {id_}\n")
    json_status, out, errors = await shipper(here, "explain", "--json", id_)
    assert json_status == status, errors
    decoded: dict[str, Any] = json.loads(out)
    return decoded


async def idle(daemon: RunningDaemon) -> dict[str, float]:
    """Wait until no message is in hand; give the metrics."""
    async with asyncio.timeout(30):
        while True:
            metrics = await daemon.metrics()
            if not any(value for name, value in metrics.items() if "messages_in_flight" in name):
                return metrics
            await asyncio.sleep(0.1)


async def test_every_object_has_its_entries(here: Site) -> None:
    """Delivered, partly dead-lettered, and errored before it was delivered: the sums of all entries are the metrics."""
    whole, broken, late = (TRAIL_KEY.format(name) for name in ("whole", "broken", "late"))
    await here.put(whole, trail(1, 2, 3))
    await here.put(broken, trail(11, 12, 13).replace(b'"number":12', b'"number":,'))
    await here.put("somebody/elses.txt", b"text")
    await here.announce(late)
    async with running(here) as daemon:
        await daemon.said("object not read to its end", key=late)
        await here.put(late, trail(21, 22))
        await here.emptied()
        metrics = await idle(daemon)
        stored = await here.s3.head_object(Bucket=here.bucket, Key=whole)
        found = await entries(here)

    def attempts(key: str) -> list[tuple[Any, ...]]:
        about = [entry["shipper"]["object"] for entry in found if entry["aws"]["s3"]["object"]["key"] == key]
        return sorted((entry["outcome"], *(entry[outcome] for outcome in OUTCOMES)) for entry in about)

    assert attempts(whole) == [("delivered", 3, 3, 0, 0, 0, 0)]
    assert attempts(broken) == [("delivered", 3, 2, 0, 0, 1, 0)]
    assert attempts("somebody/elses.txt") == [("delivered", 1, 0, 0, 0, 1, 0)]
    # Announced by the test before it was there, and by S3 when it was.
    assert attempts(late) == [
        ("delivered", 2, 0, 2, 0, 0, 0),
        ("delivered", 2, 2, 0, 0, 0, 0),
        ("errored", 0, 0, 0, 0, 0, 0),
    ]
    for outcome in OUTCOMES:
        counted = sum(
            value for name, value in metrics.items() if "records_total" in name and f'outcome="{outcome}"' in name
        )
        assert sum(entry["shipper"]["object"][outcome] for entry in found) == counted, outcome
    for entry in found:
        read, *others = (entry["shipper"]["object"][outcome] for outcome in OUTCOMES)
        assert read == sum(others), entry
    assert metrics["shipper_imbalance_records"] == 0
    assert metrics['shipper_ledger_entries_total{outcome="indexed"}'] == len(found)
    assert not any("shipper.objects" in name for name in metrics), "an entry is no record"

    (one,) = [entry for entry in found if entry["aws"]["s3"]["object"]["key"] == whole]
    entry = one["shipper"]["object"]
    assert (entry["version"], entry["size"]) == (stored["ETag"].strip('"'), stored["ContentLength"])
    assert entry["dataset"] == "aws.cloudtrail"
    assert (entry["first_event"], entry["last_event"]) == ("2026-02-03T10:11:01Z", "2026-02-03T10:11:03Z")
    assert 0 <= entry["object_lag_seconds"] < 300 < entry["event_lag_seconds"]
    assert one["host"]["name"] == socket.gethostname()
    assert one["agent"]["version"] == __version__
    assert one["event"]["duration"] > 0
    assert entry["message_id"]


async def test_drift_is_listed_from_the_ledger(here: Site) -> None:
    """Fields that nobody declares are listed by dataset and name, with the number of objects, and the last of these."""
    first, last, flows = TRAIL_KEY.format("first"), TRAIL_KEY.format("last"), FLOW_KEY.format("d1")
    status, out, _ = await shipper(here, "sources", "--drift")
    assert (status, out) == (0, "the ledger names no field that is not declared\n")
    async with running(here):
        await here.put(first, trail(1).replace(b'"eventVersion"', b'"newField":1,"eventVersion"'))
        await here.emptied()
        await here.put(last, trail(2).replace(b'"eventVersion"', b'"newField":1,"eventVersion"'))
        await here.put(flows, b"version srcaddr dstaddr end new-column\n2 10.0.0.1 10.0.0.2 1770109560 x\n")
        await here.emptied()
    await refreshed(here)
    status, out, _ = await shipper(here, "sources", "--drift", "--json")
    seen = [json.loads(line) for line in out.splitlines()]
    assert [(one["dataset"], one["field"], one["objects"], one["key"]) for one in seen] == [
        ("aws.cloudtrail", "newField", 2, last),
        ("aws.vpcflow", "new-column", 1, flows),
    ]
    assert all(one["first"] <= one["last"] for one in seen)
    status, out, _ = await shipper(here, "sources", "--drift")
    assert [line.split()[:3] for line in out.splitlines()[1:]] == [
        ["aws.cloudtrail", "newField", "2"],
        ["aws.vpcflow", "new-column", "1"],
    ]


async def test_explain_tells_what_made_a_document(here: Site) -> None:
    """A document, a document with an id of ours, a dead letter and an entry lead to object, record and attempts."""
    key, flows = TRAIL_KEY.format("explained"), FLOW_KEY.format("e1")
    await here.put(key, trail(1, 2, 3).replace(b'"number":2', b'"number":,'))
    await here.put(
        flows,
        b"version srcaddr dstaddr start end\n2 10.0.0.1 10.0.0.2 1770109500 1770109560\n2 10.0.0.3 10.0.0.4 1 2\n",
    )
    await here.put("somebody/elses.txt", b"text")
    async with running(here):
        await here.emptied()
    await refreshed(here)

    first = await explained(here, event(3)["eventID"])
    assert (first["bucket"], first["key"], first["position"]) == (here.bucket, key, 2)
    assert (first["dataset"], first["source"]) == ("aws.cloudtrail", "aws_cloudtrail")
    assert [entry["shipper"]["object"]["dead_lettered"] for entry in first["ledger"]] == [1]
    assert first["version"] == first["again"]["version"] == first["ledger"][0]["shipper"]["object"]["version"]
    assert json.loads(first["again"]["original"]) == event(3)
    assert (first["again"]["outcome"], first["again"]["text"]) == ("same", "the same document")

    (hit,) = await here.search("aws.vpcflow", {"term": {"source.ip": "10.0.0.1"}})
    flow = await explained(here, hit["_id"])
    assert (flow["key"], flow["position"]) == (flows, 0)
    assert flow["again"]["original"] == "2 10.0.0.1 10.0.0.2 1770109500 1770109560"
    assert flow["again"]["outcome"] == "same"

    unclaimed, letter = await here.search("shipper.deadletter")
    whole = await explained(here, unclaimed["_id"])
    assert (whole["dataset"], whole["key"]) == ("unknown", "somebody/elses.txt")
    assert (whole["source"], whole["position"], whole["again"]) == (None, None, None)
    assert len(whole["ledger"]) == 1
    dead = await explained(here, letter["_id"])
    assert (dead["dataset"], dead["key"], dead["position"]) == ("aws.cloudtrail", key, 1)
    assert '"number":,' in dead["again"]["original"]
    assert dead["again"]["outcome"] == "same"
    assert "undecodable" in dead["again"]["text"]

    entry = next(
        hit for hit in await here.search("shipper.objects") if hit["_source"]["aws"]["s3"]["object"]["key"] == key
    )
    about = await explained(here, entry["_id"])
    assert (about["dataset"], about["key"], about["position"], about["again"]) == ("aws.cloudtrail", key, None, None)
    assert len(about["ledger"]) == 1


async def test_explain_tells_what_has_changed(here: Site) -> None:
    """An object that was overwritten, one that is gone, and an id that nobody has, are told apart."""
    key = TRAIL_KEY.format("changed")
    await here.put(key, trail(1))
    async with running(here):
        await here.emptied()
    await refreshed(here)
    changed = trail(1).replace(b"alice", b"mallory")
    await here.s3.put_object(Bucket=here.bucket, Key=key, Body=gzip.compress(changed))
    again = (await explained(here, event(1)["eventID"]))["again"]
    assert again["outcome"] == "differs"
    assert {"field": "user.name", "stored": "alice", "fresh": "mallory"} in again["differences"]
    assert "overwritten" in again["text"]
    await here.s3.delete_object(Bucket=here.bucket, Key=key)
    gone = (await explained(here, event(1)["eventID"], status=1))["again"]
    assert gone["text"].startswith("the object is gone: there is no such object (NoSuchKey)")
    status, out, errors = await shipper(here, "explain", "no-such-id")
    assert (status, out) == (1, "")
    assert "no document of namespace" in errors
    assert "'no-such-id'" in errors
