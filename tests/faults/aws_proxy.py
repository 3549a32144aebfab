"""Stands between the daemons and S3 and SQS, and does to their requests what the plan says."""

import json
from typing import Any, Final
from urllib.parse import unquote

from aiohttp import web

from faults.bodies import BrokenBodies
from faults.chances import Chances
from faults.forwarding import Answer, Upstream, cut
from faults.holds import Holds
from faults.kinds import Point
from faults.sqs_faults import SqsFaults
from faults.timeline import Timeline

_TARGET: Final = "x-amz-target"


class AwsProxy:
    """
    One for all daemons: each has an access key of its own, which is its name.

    Args:
        upstream: the real services
        chances: which requests are struck
        timeline: told of the moments
        holds: who has which message
        bucket: whose objects are read
        final_receive: receives of a message at which what is missing or broken becomes a dead letter
    """

    def __init__(
        self,
        upstream: Upstream,
        chances: Chances,
        timeline: Timeline,
        holds: Holds,
        *,
        bucket: str,
        final_receive: int,
    ) -> None:
        self._upstream = upstream
        self._chances = chances
        self._timeline = timeline
        self._bucket = bucket
        self._objects = BrokenBodies(chances, holds, final_receive=final_receive)
        self._messages = SqsFaults(upstream, chances, timeline, holds)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self._chances.request()
        daemon = caller(request)
        body = await request.read()
        if target := request.headers.get(_TARGET):
            return await self._messages.handle(request, target.rpartition(".")[2], json.loads(body), daemon)
        return await self._object(request, body, daemon)

    async def _object(self, request: web.Request, body: bytes, daemon: str) -> web.StreamResponse:
        await self._timeline.reach(Point.OBJECT_WANTED, daemon)
        key = unquote(request.path.removeprefix(f"/{self._bucket}/"))
        if (broken := self._objects.instead(key)) is not None:
            return cut(request) if broken == "reset" else broken.response()
        answer: Answer = await self._upstream.ask(request, request.raw_path, body)
        return await self._objects.send(request, key, answer)


def caller(request: web.Request) -> str:
    """Give the name of the daemon that asks: its access key, as the signature names it."""
    signed: Any = request.headers.get("authorization", "")
    return str(signed).partition("Credential=")[2].partition("/")[0]
