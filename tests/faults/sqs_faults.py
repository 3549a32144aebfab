"""What goes wrong with the requests to SQS, which speak JSON."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from faults.chances import Chances
from faults.forwarding import Answer, Upstream, cut
from faults.holds import Holds
from faults.kinds import Fault, Point
from faults.timeline import Timeline

MOST_RELEASE_SECONDS: Final = 1
"""A message that is given back is shown again after a second at most: a test has no time for more."""

_DELAY_SECONDS: Final = 2.0
_JSON: Final = "application/x-amz-json-1.0"
_STALE: Final = {
    "Code": "ReceiptHandleIsInvalid",
    "SenderFault": True,
    "Message": "The receipt handle has expired",
}
_FAILED: Final = {"Code": "InternalError", "SenderFault": False, "Message": "made up"}


class SqsFaults:
    """
    Faults of SQS.

    Args:
        upstream: the real service
        chances: which requests are struck
        timeline: told of the moments
        holds: who has which message
    """

    def __init__(self, upstream: Upstream, chances: Chances, timeline: Timeline, holds: Holds) -> None:
        self._upstream = upstream
        self._chances = chances
        self._timeline = timeline
        self._holds = holds
        self._kinds = {
            "ReceiveMessage": self._receive,
            "ChangeMessageVisibility": self._release,
            "ChangeMessageVisibilityBatch": self._extend,
            "DeleteMessageBatch": self._delete,
        }

    async def handle(self, request: web.Request, action: str, body: dict[str, Any], daemon: str) -> web.StreamResponse:
        """Answer one request."""
        kind = self._kinds.get(action)
        if kind is None:
            return (await self._ask(request, body)).response()
        return await kind(request, body, daemon)

    async def _receive(self, request: web.Request, body: dict[str, Any], daemon: str) -> web.StreamResponse:
        if self._chances.strikes(Fault.RECEIVE_BUSY, daemon=daemon):
            return _error(503, "ServiceUnavailable")
        answer = await self._ask(request, body)
        messages = json.loads(answer.body).get("Messages", [])
        for message in messages:
            self._holds.received(daemon, message)
        if messages:
            await self._timeline.reach(Point.MESSAGES_RECEIVED, daemon)
        if messages and self._chances.strikes(Fault.RECEIVE_LOST, daemon=daemon, messages=len(messages)):
            for message in messages:
                self._holds.orphan(message["ReceiptHandle"])
            return cut(request)
        for message in messages:
            if self._chances.strikes(Fault.VISIBILITY_LAPSED, daemon=daemon, message=message["MessageId"]):
                self._holds.lapse(message["ReceiptHandle"], self._chances.random.uniform(0.1, 2.0))
        return answer.response()

    async def _release(self, request: web.Request, body: dict[str, Any], daemon: str) -> web.StreamResponse:
        handle = body["ReceiptHandle"]
        self._holds.end(handle)
        if self._stale(handle, daemon):
            return _error(400, "ReceiptHandleIsInvalid")
        if self._chances.strikes(Fault.RELEASE_FAILED, daemon=daemon):
            self._holds.orphan(handle)
            return _error(503, "ServiceUnavailable")
        delay = min(MOST_RELEASE_SECONDS, body["VisibilityTimeout"])
        return (await self._ask(request, {**body, "VisibilityTimeout": delay})).response()

    async def _extend(self, request: web.Request, body: dict[str, Any], daemon: str) -> web.StreamResponse:
        for entry in body["Entries"]:
            self._holds.asked(entry["ReceiptHandle"])
        if self._chances.strikes(Fault.HEARTBEAT_FAILED, daemon=daemon):
            return _error(503, "ServiceUnavailable")
        if self._chances.strikes(Fault.HEARTBEAT_DELAYED, daemon=daemon):
            await asyncio.sleep(_DELAY_SECONDS)
        stale = [entry for entry in body["Entries"] if self._stale(entry["ReceiptHandle"], daemon)]
        for entry in stale:
            self._holds.end(entry["ReceiptHandle"])  # the daemon hears that others have it, and need not ask again
        return await self._ask_for_rest(request, body, {entry["Id"]: _STALE for entry in stale})

    async def _delete(self, request: web.Request, body: dict[str, Any], daemon: str) -> web.StreamResponse:
        await self._timeline.reach(Point.DELETION_WANTED, daemon)
        failed: dict[str, Mapping[str, Any]] = {}
        for entry in body["Entries"]:
            handle = entry["ReceiptHandle"]
            if self._stale(handle, daemon):
                failed[entry["Id"]] = _STALE
            elif self._chances.strikes(Fault.DELETE_FAILED, daemon=daemon):
                failed[entry["Id"]] = _FAILED
                self._holds.orphan(handle)
            self._holds.end(handle)
        response = await self._ask_for_rest(request, body, failed)
        await self._timeline.reach(Point.DELETION_APPLIED, daemon)
        return cut(request) if self._chances.strikes(Fault.DELETE_LOST, daemon=daemon) else response

    def _stale(self, handle: str, daemon: str) -> bool:
        """Tell whether SQS would refuse a receipt handle; that is a fault, too."""
        if self._holds.is_newest(handle):
            return False
        self._chances.happened(Fault.RECEIPT_STALE, daemon=daemon)
        return True

    async def _ask_for_rest(
        self, request: web.Request, body: dict[str, Any], failed: Mapping[str, Mapping[str, Any]]
    ) -> web.Response:
        """Pass on what is left of a batch, and answer for all of it."""
        rest = [entry for entry in body["Entries"] if entry["Id"] not in failed]
        told: dict[str, Any] = {}
        if rest:
            answer = await self._ask(request, {**body, "Entries": rest})
            if answer.status != 200:
                return answer.response()
            told = json.loads(answer.body)
        told["Failed"] = [*told.get("Failed", []), *({"Id": id_, **why} for id_, why in failed.items())]
        return web.Response(body=json.dumps(told).encode(), content_type=_JSON)

    async def _ask(self, request: web.Request, body: dict[str, Any]) -> Answer:
        return await self._upstream.ask(request, request.raw_path, json.dumps(body).encode())


def _error(status: int, code: str) -> web.Response:
    told = {"__type": f"com.amazonaws.sqs#{code}", "message": "made up"}
    headers = {"x-amzn-query-error": f"{code};{'Sender' if status < 500 else 'Receiver'}"}
    return web.Response(status=status, body=json.dumps(told).encode(), content_type=_JSON, headers=headers)
