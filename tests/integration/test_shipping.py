"""The whole way: real objects in S3, announced by SQS, shipped by the real daemon, searched in a real OpenSearch."""

import asyncio
import gzip
import json
import shutil
import subprocess
from typing import Any

import pytest
from parquet_files import written

from integration.shipping import FLOW_KEY, TRAIL_KEY, Site, running, shipper

HEADER = (
    b"version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
    b"log-status\n"
)


def flow(number: int, action: str = "ACCEPT") -> bytes:
    """One line of a default flow log; the number is its source port."""
    return b"2 123456789012 eni-0a1b2c3d 10.0.0.1 10.0.0.2 %d 443 6 20 4249 1770109500 1770109560 %s OK" % (
        number,
        action.encode(),
    )


def event(number: int, **fields: Any) -> dict[str, Any]:
    """One CloudTrail event."""
    return {
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": "123456789012"},
        "eventTime": "2026-02-03T10:11:12Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.7",
        "requestParameters": {"number": number},
        "responseElements": None,
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        **fields,
    }


def trail(*events: dict[str, Any]) -> bytes:
    """A CloudTrail file."""
    return json.dumps({"Records": events}).encode()


async def test_every_line_of_every_flow_log_is_indexed(here: Site) -> None:
    """With and without a line feed at the end, packed in one member or several, or plain: the last line is there."""
    lines = [flow(number) for number in range(1, 8)]
    await here.put(FLOW_KEY.format("a1"), HEADER + b"\n".join(lines[:2]))
    await here.put(FLOW_KEY.format("a2"), HEADER + b"\n".join(lines[2:4]) + b"\n")
    packed = gzip.compress(HEADER + lines[4]) + gzip.compress(b"\n" + lines[5])
    await here.put(FLOW_KEY.format("a3"), packed, packed=False)
    await here.put(FLOW_KEY.format("a4"), HEADER + lines[6], packed=False)
    async with running(here) as daemon:
        await here.emptied()
        hits = await here.search("aws.vpcflow")
        metrics = await daemon.metrics()
    assert sorted(hit["_source"]["source"]["port"] for hit in hits) == [1, 2, 3, 4, 5, 6, 7]
    assert metrics['shipper_records_total{dataset="aws.vpcflow",outcome="read"}'] == 7
    assert metrics['shipper_records_total{dataset="aws.vpcflow",outcome="indexed"}'] == 7
    assert metrics["shipper_imbalance_records"] == 0


async def test_file_of_one_record_gives_one_document(here: Site) -> None:
    """One event in, one document out, found by ECS fields and by its free-form parameters."""
    await here.put(TRAIL_KEY.format("one"), trail(event(1, requestParameters={"bucketName": "b1", "acl": [""]})))
    async with running(here):
        await here.emptied()
    queries: list[dict[str, Any]] = [
        {"term": {"event.action": "DescribeInstances"}},
        {"term": {"source.ip": "203.0.113.0/24"}},
        {"term": {"aws.cloudtrail.flattened.request_parameters.bucketName": "b1"}},
        {"wildcard": {"aws.cloudtrail.request_parameters": "*{bucketName=b1*"}},
    ]
    for query in queries:
        assert [hit["_id"] for hit in await here.search("aws.cloudtrail", query)] == [event(1)["eventID"]], query


async def test_repeated_notification_gives_no_second_document(here: Site) -> None:
    """The same object announced three times is indexed once, and the copies are counted."""
    key = TRAIL_KEY.format("repeated")
    await here.put(key, trail(event(1), event(2)))
    async with running(here) as daemon:
        await here.emptied()
        await here.announce(key)
        await here.announce(key, key)
        await here.emptied()
        metrics = await daemon.metrics()
    assert len(await here.search("aws.cloudtrail")) == 2
    assert metrics['shipper_records_total{dataset="aws.cloudtrail",outcome="indexed"}'] == 2
    assert metrics['shipper_records_total{dataset="aws.cloudtrail",outcome="duplicates"}'] == 6


async def test_good_object_of_a_message_is_indexed_beside_a_bad_one(here: Site) -> None:
    """A message that announces a missing object and a good one: the good one is indexed, the message stays."""
    good = TRAIL_KEY.format("good")
    await here.put(good, trail(event(1)))
    await here.sqs.purge_queue(QueueUrl=here.queue_url)
    await here.announce(TRAIL_KEY.format("missing"), good)
    async with running(here) as daemon:
        await daemon.said("object not read to its end")
        indexed = 'shipper_records_total{dataset="aws.cloudtrail",outcome="indexed"}'
        async with asyncio.timeout(30):
            while (await daemon.metrics()).get(indexed, 0) == 0:
                await asyncio.sleep(0.1)
    assert len(await here.search("aws.cloudtrail")) == 1
    assert await here.left() == 1


async def test_a_refused_field_does_not_cost_its_document(here: Site) -> None:
    """OpenSearch refuses one document of a request for one field: it is indexed without that, and so are the others."""
    lines = [flow(1), flow(2), flow(3)]
    # More than 2^63 bytes is a whole number to us, and more than a field of type long takes.
    refused = flow(2).replace(b" 4249 ", b" 9999999999999999999 ")
    await here.put(FLOW_KEY.format("b1"), HEADER + b"\n".join([lines[0], refused, lines[2]]))
    async with running(here) as daemon:
        await here.emptied()
        metrics = await daemon.metrics()
    first, rescued, last = [hit["_source"] for hit in await here.search("aws.vpcflow")]
    assert [one["source"]["port"] for one in (first, rescued, last)] == [1, 2, 3]
    assert ("tags" in first, rescued["tags"], "tags" in last) == (False, ["rescued"], False)
    assert "9999999999999999999" in {one["value"] for one in rescued["shipper"]["unparsed"]}
    assert await here.search("shipper.deadletter") == []
    assert metrics['shipper_records_total{dataset="aws.vpcflow",outcome="indexed"}'] == 3
    assert metrics['shipper_rescued_documents_total{dataset="aws.vpcflow"}'] == 1
    assert metrics["shipper_imbalance_records"] == 0


async def test_broken_record_is_kept_with_its_original(here: Site) -> None:
    """A record that is no JSON becomes a dead letter with its bytes; the records around it are indexed."""
    whole = trail(event(1), event(2), event(3)).replace(b'"number": 2', b'"number": ,')
    await here.put(TRAIL_KEY.format("broken"), whole)
    async with running(here):
        await here.emptied()
    assert {hit["_source"]["event"]["id"][-1] for hit in await here.search("aws.cloudtrail")} == {"1", "3"}
    (letter,) = [hit["_source"]["shipper"]["deadletter"] for hit in await here.search("shipper.deadletter")]
    assert letter["reason"] == "undecodable"
    assert letter["position"] == 1
    assert '"number": ,' in letter["original"]


async def test_content_tells_what_keys_do_not(here: Site) -> None:
    """Objects under names of one's own are shipped as what they hold; one that holds two logs is an error."""
    glued = b"".join(json.dumps(event(number)).encode() for number in range(1, 41))
    messages = [json.dumps({"message": flow(number).decode()}).encode() for number in (1, 2)]
    table = written({"srcaddr": ["10.0.0.1", "10.0.0.1"], "srcport": [3, 4], "end": [1770109560, 1770109560]})
    await here.put("firehose/2026/02/03/10/trail-1-2026-02-03-10-04-11-3f6bbd1c", glued)
    await here.put("firehose/2026/02/03/10/flows-1-2026-02-03-10-04-11-3f6bbd1c.gz", b"".join(messages))
    await here.put("copies/flows.parquet", table, packed=False)
    await here.put("firehose/both", b"".join(messages) + glued)
    async with running(here):
        await here.emptied()
    assert len(await here.search("aws.cloudtrail")) == 40
    flows = [hit["_source"]["source"]["port"] for hit in await here.search("aws.vpcflow")]
    assert sorted(flows) == [1, 2, 3, 4]
    (letter,) = [hit["_source"] for hit in await here.search("shipper.deadletter")]
    assert letter["shipper"]["deadletter"]["reason"] == "unclaimed"
    assert letter["aws"]["s3"]["object"]["key"] == "firehose/both"
    assert "of several: aws.cloudtrail, aws.vpcflow" in letter["error"]["message"]


async def test_nothing_is_silent(here: Site) -> None:
    """What holds no logs is counted by reason; what nobody claims becomes a dead letter."""
    digest = "AWSLogs/123456789012/CloudTrail-Digest/us-east-1/2026/02/03/123456789012_CloudTrail-Digest_t.json.gz"
    await here.put(digest, b"{}")
    await here.put("AWSLogs/123456789012/CloudTrail/", b"", packed=False)
    await here.put("somebody/elses.txt", b"text")
    async with running(here) as daemon:
        await here.emptied()
        metrics = await daemon.metrics()
    assert metrics['shipper_ignored_total{reason="test_event"}'] == 1
    assert metrics['shipper_ignored_total{reason="not_a_log"}'] == 1
    assert metrics['shipper_ignored_total{reason="empty_object"}'] == 1
    (letter,) = [hit["_source"] for hit in await here.search("shipper.deadletter")]
    assert letter["shipper"]["deadletter"]["reason"] == "unclaimed"
    assert letter["aws"]["s3"]["object"]["key"] == "somebody/elses.txt"


async def test_sigterm_finishes_what_is_in_hand(here: Site) -> None:
    """Told to stop right after a receive, the daemon indexes the object, deletes the message and exits with 0."""
    await here.put(FLOW_KEY.format("c1"), HEADER + b"\n".join(flow(1 + number % 60000) for number in range(50_000)))
    async with running(here) as daemon:
        async with asyncio.timeout(30):
            while not any(value for name, value in (await daemon.metrics()).items() if "messages_in_flight" in name):
                await asyncio.sleep(0.01)
        assert await daemon.stop() == 0
    assert await here.left() == 0
    index = f"logs-aws.vpcflow-{here.namespace}"
    await here.engine.request("POST", f"/{index}/_refresh")
    assert (await here.engine.request("GET", f"/{index}/_count"))["count"] == 50_000


async def test_daemon_waits_for_the_templates(here: Site) -> None:
    """Without its index template the daemon is alive, not ready, and receives nothing; installing it is enough."""
    template = "/_index_template/shipper-aws.vpcflow"
    body = (await here.engine.request("GET", template))["index_templates"][0]["index_template"]
    await here.put(FLOW_KEY.format("d1"), HEADER + flow(1))
    await here.engine.request("DELETE", template)
    try:
        async with running(here) as daemon:
            await daemon.said("not ready")
            assert await daemon.alive()
            ready, problems = await daemon.ready()
            assert not ready
            assert "shipper install" in problems["templates"]
            assert await here.left() == 2
            assert (await shipper(here, "install"))[0] == 0
            await here.emptied()
            assert await daemon.ready() == (True, {})
        assert len(await here.search("aws.vpcflow")) == 1
    finally:
        await here.engine.request("PUT", template, body)


async def test_logs_are_read_as_they_are_set(here: Site) -> None:
    """The daemon hands the settings of a source to it; an object with other columns is a dead letter that says so."""
    with here.config.open("a") as config:
        config.write('\n[sources.aws_cloudfront_realtime]\nfields = ["cs-uri-stem", "timestamp", "c-ip"]\n')
        config.write("\n[documents]\noriginal = true\n")
    await here.put("CloudFront/realtime/a", b"/login?next=x\t1770112800.5\t2001:db8::7\n/\t1770112801.5\t-\n")
    await here.put("own/name", b"/logout\t1770112802.5\t192.0.2.1\n")
    await here.put("CloudFront/realtime/b", b"1770112800.5\t192.0.2.1\n")
    async with running(here):
        await here.emptied()
    hits = [hit["_source"] for hit in await here.search("aws.cloudfront_realtime")]
    assert sorted((hit["url"]["path"], hit["event"]["original"]) for hit in hits) == [
        ("/", "/\t1770112801.5\t-"),
        ("/login", "/login?next=x\t1770112800.5\t2001:db8::7"),
        ("/logout", "/logout\t1770112802.5\t192.0.2.1"),
    ]
    (letter,) = [hit["_source"] for hit in await here.search("shipper.deadletter")]
    assert "2 columns, 3 are listed" in letter["error"]["message"]
    assert "sources.aws_cloudfront_realtime.fields" in letter["error"]["message"]


async def test_queries_of_a_public_zone_are_found_by_address_and_network(here: Site) -> None:
    """By export and by subscription: the account comes from the envelope, addresses are searched by network."""
    query = "1.0 2026-02-03T10:11:1{}.345Z Z1D633PJN98FT9 {} A NXDOMAIN UDP FRA56-C1 {} 198.51.100.0/24"
    lines = [query.format(1, "a b.example.com", "192.0.2.53"), query.format(2, "x.example.com", "2001:db8::53")]
    task = "exportedlogs/11111111-2222-3333-4444-555555555555/Z1D633PJN98FT9-DFW3/000000.gz"
    await here.put(task, "".join(f"2026-02-03T10:11:12.000Z {line}\n" for line in lines).encode())
    payload = {
        "messageType": "DATA_MESSAGE",
        "owner": "111122223333",
        "logGroup": "/aws/route53/example.com",
        "logStream": "Z1D633PJN98FT9/FRA56-C1",
        "subscriptionFilters": ["all"],
        "logEvents": [
            {"id": "1", "timestamp": 1770113473345, "message": query.format(3, "y.example.com", "192.0.2.54")}
        ],
    }
    await here.put("firehose/2026/02/03/10/dns", json.dumps(payload).encode())
    async with running(here):
        await here.emptied()
    dataset = "aws.route53_public_logs"
    assert await here.search("shipper.deadletter") == []
    assert len(await here.search(dataset, {"term": {"source.ip": "192.0.2.0/24"}})) == 2
    (found,) = await here.search(dataset, {"term": {"cloud.account.id": "111122223333"}})
    assert found["_source"]["dns"]["question"]["name"] == "y.example.com"
    assert len(await here.search(dataset, {"term": {"dns.question.name": "a b.example.com"}})) == 1


async def test_install_twice_changes_nothing(here: Site) -> None:
    """A second install finds every template as it wrote it."""
    await shipper(here, "install")
    status, out, _ = await shipper(here, "install")
    assert status == 0
    assert {line.split()[0] for line in out.splitlines()} <= {"unchanged", "kept"}
    assert "shipper-aws.cloudtrail" in out


async def test_check_finds_everything_well(here: Site) -> None:
    """On a site that is whole every part is ok."""
    await here.put(FLOW_KEY.format("e1"), HEADER + flow(1))
    status, out, _ = await shipper(here, "check", "--bucket", here.bucket)
    assert status == 0, out
    assert {line.split()[0] for line in out.splitlines()} == {"ok"}
    for part in ("configuration", f"queue {here.bucket}", f"bucket {here.bucket}", "cluster", "templates"):
        assert part in out


async def test_check_names_each_cause(here: Site) -> None:
    """A queue, a bucket and a cluster that are not there are told apart, each with what to look at."""
    here.environment["SHIPPER_QUEUES"] = here.queue_url + "-gone"
    here.environment["SHIPPER_OPENSEARCH_URLS"] = "http://127.0.0.1:9"
    status, out, _ = await shipper(here, "check", "--bucket", "no-such-bucket-of-ours")
    lines = {line.split(":")[0]: line for line in out.splitlines()}
    assert status == 1
    assert "NonExistentQueue" in lines[f"failed   queue {here.bucket}-gone"]
    assert "NoSuchBucket" in lines["failed   bucket no-such-bucket-of-ours"]
    assert "does not answer" in lines["failed   cluster"]


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool comes from Debian's package prometheus")
async def test_promtool_accepts_the_metrics(here: Site) -> None:
    """Prometheus' own linter has nothing to say about the exposition."""
    await here.put(FLOW_KEY.format("f1"), HEADER + flow(1))
    async with running(here) as daemon:
        await here.emptied()
        _, text = await daemon._get("/metrics")  # noqa: SLF001 -- a friend
    linted = await asyncio.to_thread(
        subprocess.run, ["promtool", "check", "metrics"], input=text.encode(), capture_output=True, check=False
    )
    assert (linted.returncode, linted.stdout + linted.stderr) == (0, b"")
