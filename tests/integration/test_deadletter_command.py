"""Dead letters of every kind through the command line: listed, shown, driven once more when their cause is gone."""

import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integration.shipping import FLOW_KEY, TRAIL_KEY, Site, have_templates, running, shipper
from shipper.deadletter import DeadLetters, Place
from shipper.notification import ObjectRef

HEADER = (
    b"version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
    b"log-status\n"
)
CUSTOM = "/_component_template/shipper-shipper.deadletter@custom"
UNTOLD = b"version bytes start end\n" + b"2 4249 1770109500 1770109560\n" * 2
"""Two lines of a flow log that neither its columns nor its lines tell from other logs."""

LARGE_LINES = 16_000
"""Of a flow log: more than a mebibyte."""


def flow(port: int) -> bytes:
    """Give one line of a flow log."""
    return b"2 123456789012 eni-0a1b 10.0.0.1 10.0.0.2 %d 443 6 20 4249 1770109500 1770109560 ACCEPT OK\n" % port


def flows(count: int) -> bytes:
    """Give a flow log."""
    return HEADER + b"".join(map(flow, range(count)))


def trail(*numbers: int, **fields: Any) -> bytes:
    """Give a CloudTrail file."""
    events = [
        {
            "eventVersion": "1.08",
            "eventTime": "2026-02-03T10:11:12Z",
            "eventSource": "ec2.amazonaws.com",
            "eventName": "DescribeInstances",
            "awsRegion": "us-east-1",
            "eventID": f"00000000-0000-4000-8000-{number:012d}",
            **fields,
        }
        for number in numbers
    ]
    return json.dumps({"Records": events}).encode()


def configure(here: Site, old: str, new: str) -> None:
    """Change the configuration."""
    text = here.config.read_text()
    assert old in text
    here.config.write_text(text.replace(old, new, 1))


@pytest.fixture
async def here(bare: Site) -> Site:
    """A site with small limits, whose daemon takes every receive for the last one."""
    configure(bare, "visibility_seconds", "max_receives = 1\nvisibility_seconds")
    configure(bare, "[limits]", "[limits]\nrecord_kib = 16\ninflated_mib = 1")
    await have_templates(bare.engine)
    return bare


async def letters(here: Site) -> list[dict[str, Any]]:
    """Give all letters that `list` knows."""
    status, out, errors = await shipper(here, "deadletter", "list", "--json")
    assert status == 0, errors
    return [json.loads(line) for line in out.splitlines()]


def reasons(found: list[dict[str, Any]]) -> dict[str, int]:
    """Count letters by reason."""
    return dict(Counter(letter["reason"] for letter in found))


async def redrive(here: Site, *options: str) -> tuple[int, str]:
    """Drive letters once more; give the exit status and the last line."""
    status, out, errors = await shipper(here, "deadletter", "redrive", *options)
    assert out, errors
    return status, out.splitlines()[-1]


async def positions(here: Site, dataset: str, key: str) -> list[int]:
    """Give the positions of an object's records that have a document, in order, twice where there are two."""
    hits = await here.search(dataset, {"term": {"aws.s3.object.key": key}}, size=10_000)
    return [hit["_source"]["aws"]["s3"]["object"]["offset"] for hit in hits]


async def count(here: Site, dataset: str, key: str) -> int:
    """Count the documents of an object."""
    index = f"logs-{dataset}-{here.namespace}"
    await here.engine.request("POST", f"/{index}/_refresh")
    answer = await here.engine.request("POST", f"/{index}/_count", {"query": {"term": {"aws.s3.object.key": key}}})
    return int(answer["count"]) if answer else 0


async def write_letter(here: Site, letter: tuple[str, bytes]) -> None:
    """Put a letter among the others."""
    index = DeadLetters(here.namespace).index
    await here.engine.request("PUT", f"/{index}/_create/{letter[0]}", json.loads(letter[1]))


KEYS = {
    "missing": TRAIL_KEY.format("missing"),
    "corrupt": FLOW_KEY.format("corrupt"),
    "line": FLOW_KEY.format("line"),
    "large": FLOW_KEY.format("large"),
    "gone": TRAIL_KEY.format("gone"),
    "rejected": TRAIL_KEY.format("rejected"),
    "message": TRAIL_KEY.format("message"),
    "unclaimed": "flows/unclaimed.log",
}


async def ship_bad_input(here: Site) -> None:
    """Make a letter of every kind: shipped where the daemon makes it of bad input, else written as it would."""
    await here.put(KEYS["corrupt"], gzip.compress(flows(400))[:-300], packed=False)
    await here.put(KEYS["line"], flows(3).replace(b" 2 443 6 20 4249", b" 2 443 6 20"))
    await here.put(KEYS["large"], flows(LARGE_LINES))
    await here.put(KEYS["gone"], trail(1, userAgent="x" * 40_000).replace(b'"Records": [', b'"Records": [{"a": 1}, '))
    await here.put(KEYS["unclaimed"], UNTOLD)
    await here.announce(KEYS["missing"])
    async with running(here):
        await here.emptied()
    written = DeadLetters(here.namespace)
    now = datetime.now(UTC)
    ref = ObjectRef(bucket=here.bucket, key=KEYS["rejected"])
    s3 = {"bucket": {"name": here.bucket}, "object": {"key": KEYS["rejected"], "offset": 5}}
    document = json.dumps({"@timestamp": "2026-02-03T10:11:12Z", "aws": {"s3": s3}}).encode()
    place = Place(dataset="aws.cloudtrail", object=ref, version="v1")
    await write_letter(here, written.of_document(place, 5, document, "refused", now, document_id="sent-again"))
    created = {"bucket": {"name": here.bucket}, "object": {"key": KEYS["message"]}}
    body = json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": created}]})
    await write_letter(here, written.of_message("m-1", body, "not understood", now))


async def mend(here: Site) -> None:
    """Take away the cause of every letter; one object goes away instead."""
    await here.put(KEYS["missing"], trail(2))
    await here.put(KEYS["message"], trail(3))
    await here.put(KEYS["corrupt"], flows(400))
    await here.put(KEYS["line"], flows(3))
    await here.s3.delete_object(Bucket=here.bucket, Key=KEYS["gone"])
    configure(here, "record_kib = 16\ninflated_mib = 1", "record_kib = 1024\ninflated_mib = 64")
    here.config.write_text(here.config.read_text() + '\n[[routes]]\nprefix = "flows/"\ndataset = "aws.vpcflow"\n')
    for dataset in ("aws.vpcflow", "shipper.deadletter"):
        await here.engine.request("POST", f"/logs-{dataset}-{here.namespace}/_rollover")


async def test_letters_of_every_kind(here: Site) -> None:
    """Nothing helps before the cause is gone; then each record is there once, and no letter is left."""
    await ship_bad_input(here)
    before = await letters(here)
    made = reasons(before)
    assert made == {
        "columns": 3,  # the line, and what the corrupt and the large object break off with
        "document_rejected": 1,
        "notification_unknown": 1,
        "object_corrupt": 1,
        "object_missing": 1,
        "object_too_large": 1,
        "too_long": 1,
        "unclaimed": 1,
        "undecodable": 1,
    }

    # while the cause is there, the letters stay
    status, last = await redrive(
        here, "--reason", "object_missing", "--reason", "object_corrupt", "--reason", "unclaimed"
    )
    assert status == 1
    assert last.startswith("0 done, 0 replaced, 3 stay")
    assert sorted(letter["id"] for letter in await letters(here)) == sorted(letter["id"] for letter in before)

    await mend(here)
    partly = await count(here, "aws.vpcflow", KEYS["large"])
    assert 0 < partly < LARGE_LINES
    status, last = await redrive(here, "--dry-run")
    assert last.startswith(f"dry run: {len(before) - 1} done, 0 replaced, 1 stay")
    assert len(await letters(here)) == len(before)
    assert await count(here, "aws.vpcflow", KEYS["large"]) == partly

    status, last = await redrive(here)
    assert last.startswith(f"{len(before) - 1} done, 0 replaced, 1 stay")
    assert status == 1
    assert reasons(await letters(here)) == {"undecodable": 1}  # its record has no time, whoever reads it

    await assert_all_there_once(here)
    status, last = await redrive(here)
    assert (status, last) == (1, "0 done, 0 replaced, 1 stay; 0 documents are there")
    await assert_all_there_once(here)
    status, last = await redrive(here, "--reason", "too_long")
    assert (status, last) == (0, "0 done, 0 replaced, 0 stay; 0 documents are there")


async def assert_all_there_once(here: Site) -> None:
    """Fail unless each record has one document, also those that were indexed before the rollover."""
    assert await positions(here, "aws.vpcflow", KEYS["corrupt"]) == list(range(400))
    assert 1 in await positions(here, "aws.vpcflow", KEYS["line"])
    assert await count(here, "aws.vpcflow", KEYS["large"]) == LARGE_LINES
    assert await positions(here, "aws.vpcflow", KEYS["unclaimed"]) == [0, 1]
    assert await positions(here, "aws.cloudtrail", KEYS["missing"]) == [0]
    assert await positions(here, "aws.cloudtrail", KEYS["message"]) == [0]
    (gone,) = await here.search("aws.cloudtrail", {"term": {"aws.s3.object.key": KEYS["gone"]}})
    assert gone["_id"] == "00000000-0000-4000-8000-000000000001"
    assert gone["_source"]["aws"]["s3"]["object"]["offset"] == 1
    (again,) = await here.search("aws.cloudtrail", {"term": {"aws.s3.object.key": KEYS["rejected"]}})
    assert again["_id"] == "sent-again"


async def test_letters_are_found_and_shown(here: Site) -> None:
    """Filters choose, the table ends with counts, and one letter is shown whole, with its original byte by byte."""
    await here.put(FLOW_KEY.format("a"), HEADER + flow(1) + b"one\ntwo \xff\n")
    await here.announce(TRAIL_KEY.format("b"))
    async with running(here):
        await here.emptied()
    found = await letters(here)
    assert len(found) == 3
    by_reason = {letter["reason"]: letter["id"] for letter in found}
    status, out, _ = await shipper(here, "deadletter", "list")
    assert status == 0
    *_, total, first, _, _ = out.splitlines()
    assert (total, first.split()[1]) == ("3 dead letters", "1")
    assert "  s3://" in out
    for options, expected in (
        (("--reason", "object_missing", "--reason", "columns", "--since", "1h"), 2),
        (("--dataset", "aws.vpcflow", "--bucket", here.bucket, "--until", "2100-01-01T00:00:00Z"), 2),
        (("--prefix", "AWSLogs/123456789012/vpcflowlogs/", "--limit", "1"), 1),
        (("--key", TRAIL_KEY.format("b"), "--id", by_reason["object_missing"]), 1),
        (("--until", "1h"), 0),
    ):
        status, out, errors = await shipper(here, "deadletter", "list", "--json", *options)
        assert (status, len(out.splitlines())) == (0, expected), (options, out, errors)
    status, out, _ = await shipper(here, "deadletter", "show", by_reason["undecodable"])
    assert status == 0
    assert json.loads(out)["shipper"]["deadletter"]["encoding"] == "base64"
    status, _, errors = await shipper(here, "deadletter", "show", "nosuch")
    assert (status, errors) == (1, "shipper: there is no dead letter 'nosuch'\n")


@asynccontextmanager
async def letters_refused(here: Site) -> AsyncIterator[None]:
    """Let the mapping of letters refuse every letter, as a mistaken template of the user's may do."""
    wrong = {"shipper": {"properties": {"deadletter": {"properties": {"reason": {"type": "ip"}}}}}}
    await here.engine.request("PUT", CUSTOM, {"template": {"mappings": {"properties": wrong}}})
    try:
        yield
    finally:
        await here.engine.request("PUT", CUSTOM, {"template": {}})
        await here.engine.request("POST", f"/{DeadLetters(here.namespace).index}/_rollover")


@pytest.mark.parametrize("kind", ["directory", "s3"])
async def test_last_resort(here: Site, tmp_path: Path, kind: str) -> None:
    """Letters that OpenSearch refuses are kept elsewhere, moved to OpenSearch or driven once more from there."""
    place = str(tmp_path / "dead") if kind == "directory" else f"s3://{here.bucket}/dead/"
    here.config.write_text(here.config.read_text() + f'\n[deadletter]\n{kind} = "{place}"\n')
    await here.put("flows/one.log", UNTOLD)
    await here.announce(TRAIL_KEY.format("nowhere"))
    async with letters_refused(here), running(here) as daemon:
        await here.emptied()
        metrics = await daemon.metrics()
    assert metrics['shipper_dead_letters_refused_total{outcome="kept"}'] == 2
    assert metrics['shipper_records_total{dataset="unknown",outcome="dead_lettered"}'] == 1
    if kind == "s3":  # the bucket announces all its objects: the letters are not taken for logs
        assert metrics['shipper_ignored_total{reason="ignored"}'] == 2
    assert await letters(here) == []

    status, out, errors = await shipper(here, "deadletter", "list", "--json", "--from", place)
    assert status == 0, errors
    assert reasons([json.loads(line) for line in out.splitlines()]) == {"object_missing": 1, "unclaimed": 1}
    here.config.write_text(here.config.read_text() + '\n[[routes]]\nprefix = "flows/"\ndataset = "aws.vpcflow"\n')
    status, last = await redrive(here, "--from", place)
    assert (status, last) == (1, "1 done, 1 replaced, 0 stay; 2 documents are there")
    assert await positions(here, "aws.vpcflow", "flows/one.log") == [0, 1]
    assert reasons(await letters(here)) == {"object_missing": 1}
    status, last = await redrive(here, "--from", place)
    assert (status, last) == (0, "0 done, 0 replaced, 0 stay; 0 documents are there")


async def test_messages_go_back_to_their_queue(here: Site) -> None:
    """Messages of the dead-letter queue are moved with body and attributes, as many as asked for, and then all."""
    bodies = [f"message {number}" for number in range(23)]
    attributes: dict[str, Any] = {"kind": {"DataType": "String", "StringValue": "test"}}
    for body in bodies:
        await here.sqs.send_message(QueueUrl=here.dead_queue_url, MessageBody=body, MessageAttributes=attributes)
    move = ("--queue", here.dead_queue_url, "--to", here.queue_url)
    assert await redrive(here, *move, "--dry-run") == (0, "dry run: about 23 messages would be moved")
    assert await redrive(here, *move, "--limit", "3") == (0, "3 messages moved, 0 of them in both queues, 0 left")
    move = ("--queue", here.dead_queue_url)  # the only queue that is configured
    assert await redrive(here, *move) == (0, "20 messages moved, 0 of them in both queues, 0 left")
    seen = []
    while answer := (
        await here.sqs.receive_message(
            QueueUrl=here.queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=0
        )
    ).get("Messages"):
        seen += [message for message in answer if "s3:TestEvent" not in message["Body"]]
    assert sorted(message["Body"] for message in seen) == sorted(bodies)
    assert all(message["MessageAttributes"] == attributes for message in seen)
    status, _, errors = await shipper(here, "deadletter", "redrive", "--queue", here.queue_url)
    assert (status, errors) == (2, "shipper: --queue and --to are the same queue\n")
