"""`shipper import cloudtrail-history`: the real command and client, a real OpenSearch, and LookupEvents over HTTP."""

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integration.event_history import EventHistoryStub, event_history, insight, listed
from integration.shipping import PATIENCE_SECONDS, TRAIL_KEY, Site, running, shipper

POLICY = Path(__file__).parents[2] / "config" / "iam-import-policy.json"
COMMAND = ("import", "cloudtrail-history")


@pytest.fixture
async def cloudtrail(here: Site) -> AsyncIterator[EventHistoryStub]:
    """An account whose history the commands of the site read."""
    async with event_history() as stub:
        here.environment |= {"AWS_ENDPOINT_URL_CLOUDTRAIL": stub.url, "AWS_ENDPOINT_URL_STS": stub.url}
        yield stub


async def documents(here: Site) -> dict[str, dict[str, Any]]:
    """Give all documents by id; there must be no id twice, whatever the backing index."""
    hits = await here.search("aws.cloudtrail", size=5_000)
    assert max(Counter(hit["_id"] for hit in hits).values(), default=1) == 1
    return {hit["_id"]: hit["_source"] for hit in hits}


def counts(out: str) -> dict[str, int]:
    """Read the sum of a single region."""
    head, row = out.splitlines()[-2:]
    names = head.replace("dead letters", "dead_letters").split()
    assert row.split()[-1] == "holds"
    return {name: int(text.replace(",", "")) for name, text in zip(names[1:-1], row.split()[1:-1], strict=True)}


def without_place(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out where a document comes from, and what no two events have in common."""
    aws = {name: value for name, value in document["aws"].items() if name != "s3"}
    event = {name: value for name, value in document["event"].items() if name not in {"id", "ingested"}}
    rest = {name: value for name, value in document.items() if name not in {"@timestamp", "shipper"}}
    return {**rest, "aws": aws, "event": event}


@pytest.mark.parametrize("retain", ["both", "string"])
async def test_what_the_trail_has_delivered_is_there_once(
    here: Site, cloudtrail: EventHistoryStub, retain: str
) -> None:
    """
    Events of the trail, also in an older backing index, are duplicates; the others become the same documents.

    They do so whatever the daemon is told to keep.
    """
    here.environment["SHIPPER_DOCUMENTS_RETAIN"] = retain
    records = cloudtrail.happen(120)
    async with running(here):
        await here.put(TRAIL_KEY.format("a"), json.dumps({"Records": records[:40]}).encode())
        await here.emptied()
        await here.engine.request("POST", f"/logs-aws.cloudtrail-{here.namespace}/_rollover")
        await here.put(TRAIL_KEY.format("b"), json.dumps({"Records": records[40:60]}).encode())
        await here.emptied()
    trail = await documents(here)

    status, out, errors = await shipper(here, *COMMAND)
    assert status == 0, errors
    assert counts(out) == {
        "read": 120,
        "indexed": 60,
        "duplicates": 60,
        "filtered": 0,
        "dead_letters": 0,
        "released": 0,
    }
    found = await documents(here)
    assert set(found) == {record["eventID"] for record in records}
    assert {id_: found[id_] for id_ in trail} == trail
    was, new = found[records[0]["eventID"]], found[records[60]["eventID"]]
    assert "s3" not in new["aws"]
    assert without_place(new) == without_place(was)
    assert ("flattened" in new["aws"]["cloudtrail"]) is (retain == "both")

    status, out, errors = await shipper(here, *COMMAND)
    assert status == 0, errors
    assert counts(out)["read"] <= 1  # what is covered is not read again, but for the seam


async def test_it_keeps_to_the_rate_and_outlasts_what_passes(here: Site, cloudtrail: EventHistoryStub) -> None:
    """Throttled, failing and broken off, it asks again, never more than twice a second, and loses nothing."""
    records = cloudtrail.happen(40)
    cloudtrail.largest_page = 10
    cloudtrail.hang_up = True
    cloudtrail.faults += [(400, "ThrottlingException"), None, (500, "InternalFailure"), None, (503, "SlowDown")]
    status, out, errors = await shipper(here, *COMMAND)
    assert status == 0, errors
    assert counts(out)["indexed"] == 40
    assert set(await documents(here)) == {record["eventID"] for record in records}
    assert len(cloudtrail.times) == 8
    gaps = [later - earlier for earlier, later in zip(cloudtrail.times, cloudtrail.times[1:], strict=False)]
    assert min(gaps) > 0.4, gaps


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
async def test_interrupted_it_goes_on_where_it_was(
    here: Site, cloudtrail: EventHistoryStub, number: signal.Signals
) -> None:
    """Stopped or killed, it says the sum if it can; begun again it reads on, nothing is lost and nothing twice."""
    records = cloudtrail.happen(300)
    cloudtrail.largest_page = 10
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "shipper", *COMMAND, env=here.environment, stdout=-1, stderr=-1
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(cloudtrail.asked) < 23:
            await asyncio.sleep(0.05)
    process.send_signal(number)
    out, errors = await process.communicate()
    if number is signal.SIGTERM:
        assert process.returncode == 130, errors
        assert counts(out.decode())["read"] >= 200
        assert b"events; eu-central-1 back to" in errors
    asked = len(cloudtrail.asked)
    cloudtrail.largest_page = 50
    status, text, told = await shipper(here, *COMMAND)
    assert status == 0, told
    assert counts(text)["read"] in {101, 102}  # two hundred were entered; the last second is read again
    assert len(cloudtrail.asked) > asked
    assert set(await documents(here)) == {record["eventID"] for record in records}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            (400, "AccessDeniedException"),
            "cloudtrail:LookupEvents is needed, CloudTrail answered",
        ),
        ((400, "ExpiredTokenException"), "the credentials have expired"),
        ((400, "InvalidTimeRangeException"), "CloudTrail answered InvalidTimeRangeException: says the stub"),
    ],
)
async def test_what_an_operator_has_to_mend_is_said(
    here: Site, cloudtrail: EventHistoryStub, fault: tuple[int, str], told: str
) -> None:
    """After a page that was read it says what is wrong, prints the sum, and fails; mended, it goes on."""
    cloudtrail.happen(20)
    cloudtrail.largest_page = 10
    cloudtrail.faults += [None, fault]
    status, out, errors = await shipper(here, *COMMAND)
    assert status == 1
    assert told in errors
    assert "Traceback" not in errors
    assert counts(out)["indexed"] == 10
    assert (await shipper(here, *COMMAND))[0] == 0
    assert len(await documents(here)) == 20


async def test_credentials_that_are_not_valid_are_said_at_once(here: Site, cloudtrail: EventHistoryStub) -> None:
    """Nothing is begun with credentials that STS refuses, or with a profile that is not there."""
    cloudtrail.identity = (403, "ExpiredToken")
    status, _, errors = await shipper(here, *COMMAND)
    assert (status, "STS answered ExpiredToken" in errors) == (1, True), errors
    status, _, errors = await shipper(here, *COMMAND, "--profile", "nobody")
    assert (status, "The config profile (nobody) could not be found" in errors) == (1, True), errors
    assert cloudtrail.asked == []


async def test_each_region_is_read_and_told_by_itself(here: Site, cloudtrail: EventHistoryStub) -> None:
    """Two regions have a line each; the same events in both are there once; the range is as asked for."""
    cloudtrail.happen(20)
    status, out, errors = await shipper(
        here, *COMMAND, "--region", "us-east-1", "--region", "eu-central-1", "--since", "2h", "--until", "61m"
    )
    assert status == 0, errors
    rows = [line.split() for line in out.splitlines()[1:]]
    assert [row[0] for row in rows] == ["us-east-1", "eu-central-1"]
    assert sum(int(row[2]) for row in rows) == len(await documents(here)) < 20
    status, _, errors = await shipper(here, *COMMAND, "--since", "1h", "--until", "2h")
    assert (status, errors) == (2, "shipper: --since is not before --until\n")


async def test_insights_are_read_when_asked_for(here: Site, cloudtrail: EventHistoryStub) -> None:
    """They are the documents of the trail's own objects, have a line of their own, and share their region's rate."""
    newest = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    records = [insight(number, newest - timedelta(minutes=number)) for number in range(4)]
    cloudtrail.happen(20)
    cloudtrail.insights += [listed(record) for record in records]
    cloudtrail.largest_page = 10
    key = (
        TRAIL_KEY.format("i")
        .replace("/CloudTrail/", "/CloudTrail-Insight/")
        .replace("_CloudTrail_", "_CloudTrail-Insight_")
    )
    async with running(here):
        await here.put(key, json.dumps({"Records": records[:2]}).encode())
        await here.emptied()
    trail = await documents(here)
    assert set(trail) == {record["eventID"] for record in records[:2]}

    status, out, errors = await shipper(here, *COMMAND)
    assert (status, counts(out)["read"]) == (0, 20), errors
    status, out, errors = await shipper(here, *COMMAND, "--insights")
    assert status == 0, errors
    calls, insights = (line.split() for line in out.splitlines()[-2:])
    assert insights[:5] == ["eu-central-1", "(Insights)", "4", "2", "2"]
    assert int(calls[1]) <= 1
    found = await documents(here)
    assert len(found) == 24
    was, new = (found[record["eventID"]] for record in records[1:3])
    assert was == trail[records[1]["eventID"]]
    assert new["aws"]["cloudtrail"]["event_category"] == "Insight"
    assert set(new["aws"]["cloudtrail"]) == set(was["aws"]["cloudtrail"])
    gaps = [later - earlier for earlier, later in zip(cloudtrail.times, cloudtrail.times[1:], strict=False)]
    assert min(gaps) > 0.4, gaps

    status, out, errors = await shipper(here, *COMMAND, "--insights")
    assert status == 0, errors
    assert int(out.splitlines()[-1].split()[2]) <= 1


async def test_without_templates_nothing_is_imported(bare: Site) -> None:
    """OpenSearch would guess the types of all fields."""
    await bare.engine.request("DELETE", "/_index_template/shipper-shipper.imports")
    try:
        async with event_history() as stub:
            bare.environment |= {"AWS_ENDPOINT_URL_CLOUDTRAIL": stub.url, "AWS_ENDPOINT_URL_STS": stub.url}
            status, _, errors = await shipper(bare, *COMMAND)
        assert status == 1
        assert "run `shipper install`" in errors
        assert stub.asked == []
    finally:
        await bare.install()


async def test_the_policy_grants_what_is_called(here: Site, cloudtrail: EventHistoryStub) -> None:
    """The policy for imports grants the one operation that needs a permission, and nothing else."""
    status, _, errors = await shipper(here, *COMMAND)
    assert status == 0, errors
    (statement,) = json.loads(POLICY.read_text())["Statement"]
    assert {f"cloudtrail:{name}" for name in cloudtrail.targets} == {statement["Action"]}
