"""CloudTrail's LookupEvents and STS over real HTTP, as far as an import needs them: moto has no LookupEvents."""

import json
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

ACCOUNT = "123456789012"
JSON = "application/x-amz-json-1.1"

Fault = tuple[int, str]
"""HTTP status and code of an error."""


class EventHistoryStub:
    """
    An account with events.

    Attributes:
        events: as LookupEvents lists them, in any order
        insights: the same of the other category
        faults: what is answered to the next requests for events, one each; None where nothing is wrong
        hang_up: whether the connection is closed in place of the next answer
        asked: the parameters of all requests for events
        times: when they came
        targets: operations that were asked for
        largest_page: most events that are given at once
    """

    def __init__(self) -> None:
        self.url = ""
        self.events: list[dict[str, Any]] = []
        self.insights: list[dict[str, Any]] = []
        self.faults: deque[Fault | None] = deque()
        self.hang_up = False
        self.asked: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.targets: set[str] = set()
        self.largest_page = 50
        self.identity: Fault | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request of either service."""
        target = request.headers.get("x-amz-target", "")
        if not target:
            return self._caller(await request.text())
        self.targets.add(target.rpartition(".")[2])
        asked = json.loads(await request.text())
        self.asked.append(asked)
        self.times.append(time.monotonic())
        if self.hang_up and request.transport:
            self.hang_up = False
            request.transport.abort()
            return web.Response()
        if self.faults and (fault := self.faults.popleft()):
            status, code = fault
            return web.Response(status=status, text=json.dumps({"__type": code, "message": "says the stub"}))
        return web.Response(text=json.dumps(self._page(asked)), content_type=JSON)

    def _page(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Give events from a span of whole seconds, the newest first; a token is good for the very same span."""
        span = f"{asked.get('EventCategory')}/{asked['StartTime']}/{asked['EndTime']}"
        events = {None: self.events, "insight": self.insights}[asked.get("EventCategory")]
        found = [one for one in events if asked["StartTime"] <= one["EventTime"] <= asked["EndTime"]]
        found.sort(key=lambda one: -one["EventTime"])
        start = 0
        if "NextToken" in asked:
            of_span, _, text = asked["NextToken"].partition("#")
            assert of_span == span
            start = int(text)
        stop = start + min(asked["MaxResults"], self.largest_page)
        return {"Events": found[start:stop], **({"NextToken": f"{span}#{stop}"} if stop < len(found) else {})}

    def _caller(self, text: str) -> web.Response:
        assert "Action=GetCallerIdentity" in text
        if self.identity:
            status, code = self.identity
            error = f"<ErrorResponse><Error><Code>{code}</Code><Message>says the stub</Message></Error></ErrorResponse>"
            return web.Response(status=status, text=error, content_type="text/xml")
        return web.Response(
            text='<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
            f"<Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
            content_type="text/xml",
        )

    def happen(self, count: int, *, first: int = 0) -> list[dict[str, Any]]:
        """Let events happen, one every ten seconds back from an hour ago; gives them as a trail writes them."""
        newest = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        records = [event(first + number, newest - timedelta(seconds=10 * number)) for number in range(count)]
        self.events += [listed(record) for record in records]
        return records


def event(number: int, time: datetime) -> dict[str, Any]:
    """Make an event as a trail writes it."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": ACCOUNT},
        "eventTime": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances",
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "192.0.2.1",
        "requestParameters": {"maxResults": 5},
        "responseElements": None,
        "eventID": f"00000000-0000-4000-8000-{number:012}",
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def insight(number: int, time: datetime) -> dict[str, Any]:
    """Make an Insights event as a trail writes it; nobody called anything, so there is no name and no source."""
    return {
        "eventVersion": "1.09",
        "eventTime": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "awsRegion": "eu-central-1",
        "eventID": f"00000000-0000-4000-9000-{number:012}",
        "eventType": "AwsCloudTrailInsight",
        "recipientAccountId": ACCOUNT,
        "sharedEventID": f"00000000-0000-4000-a000-{number:012}",
        "insightDetails": {
            "state": "Start",
            "eventSource": "ec2.amazonaws.com",
            "eventName": "RunInstances",
            "insightType": "ApiCallRateInsight",
            "insightContext": {"statistics": {"baseline": {"average": 9.82222e-05}, "insight": {"average": 3.5}}},
        },
        "eventCategory": "Insight",
    }


def listed(record: dict[str, Any]) -> dict[str, Any]:
    """Give an event as LookupEvents lists it."""
    return {
        "EventId": record["eventID"],
        "EventName": record.get("eventName") or record["insightDetails"]["eventName"],
        "ReadOnly": "true",
        "EventTime": datetime.fromisoformat(record["eventTime"]).timestamp(),
        "EventSource": record.get("eventSource") or record["insightDetails"]["eventSource"],
        "Username": "alice",
        "Resources": [],
        "CloudTrailEvent": json.dumps(record),
    }


@asynccontextmanager
async def event_history() -> AsyncIterator[EventHistoryStub]:
    """Serve an account without events."""
    stub = EventHistoryStub()
    app = web.Application()
    app.router.add_post("/", stub.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        stub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield stub
    finally:
        await runner.cleanup()
