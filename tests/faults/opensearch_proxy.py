"""Stands between the daemons and OpenSearch, and does to their requests what the plan says."""

import asyncio
import gzip
import json
from random import Random
from typing import Any, Final

import aiohttp
from aiohttp import web

from faults.chances import Chances
from faults.forwarding import Answer, Upstream, cut
from faults.kinds import Fault, Point
from faults.timeline import Timeline

LATE_SECONDS: Final = 6.0
"""Longer than the daemons wait for an answer."""

_JSON: Final = {"content-type": "application/json; charset=UTF-8"}
_BUSY: Final = {"type": "rejected_execution_exception", "reason": "made up"}
_TAKES_PART: Final = ("_bulk", "_data_stream", "_doc", "_mget", "_refresh", "_search", "_settings")
"""What the path of a request has that is struck; setting up and asking for health is not what is tested."""


class OpenSearchProxy:
    """
    One for all daemons: each has a path of its own, which begins with its name.

    Args:
        upstream: the real service
        chances: which requests are struck
        timeline: told of the moments
    """

    def __init__(self, upstream: Upstream, chances: Chances, timeline: Timeline) -> None:
        self._upstream = upstream
        self._chances = chances
        self._timeline = timeline

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self._chances.request()
        daemon, _, path = request.raw_path.removeprefix("/").partition("/")
        body = await request.read()
        try:
            return await self._answered(request, daemon, f"/{path}", body)
        except aiohttp.ClientError:  # OpenSearch was killed: the daemon sees what we see
            return cut(request)

    async def _answered(self, request: web.Request, daemon: str, path: str, body: bytes) -> web.StreamResponse:
        segments = path.partition("?")[0].split("/")
        api = next((name for name in _TAKES_PART if name in segments), None)
        if api is None:
            return (await self._upstream.ask(request, path, body)).response()
        if api == "_bulk":
            await self._timeline.reach(Point.BULK_WANTED, daemon)
        if self._chances.strikes(Fault.OPENSEARCH_RESET, daemon=daemon, api=api):
            return cut(request)
        if self._chances.strikes(Fault.OPENSEARCH_UNAVAILABLE, daemon=daemon, api=api):
            return web.Response(status=503, body=b'{"error":"made up","status":503}', headers=_JSON)
        if api != "_bulk":
            return (await self._upstream.ask(request, path, body)).response()
        return await self._bulk(request, daemon, path, body)

    async def _bulk(self, request: web.Request, daemon: str, path: str, body: bytes) -> web.StreamResponse:
        if self._chances.strikes(Fault.BULK_BUSY, daemon=daemon):
            told = {"error": _BUSY, "status": 429}
            return web.Response(status=429, body=json.dumps(told).encode(), headers=_JSON)
        if self._chances.strikes(Fault.ITEM_BUSY, daemon=daemon):
            answer = await self._without_some(request, path, body)
        else:
            answer = await self._upstream.ask(request, path, body)
        await self._timeline.reach(Point.BULK_APPLIED, daemon)
        if self._chances.strikes(Fault.ANSWER_LOST, daemon=daemon):
            return cut(request)
        if self._chances.strikes(Fault.ANSWER_LATE, daemon=daemon):
            await asyncio.sleep(LATE_SECONDS)
        return answer.response()

    async def _without_some(self, request: web.Request, path: str, body: bytes) -> Answer:
        """Pass on some documents only, and answer 429 for the others, as a node does whose queue is full."""
        packed = request.headers.get("content-encoding") == "gzip"
        lines = (gzip.decompress(body) if packed else body).splitlines(keepends=True)
        pairs = [b"".join(lines[start : start + 2]) for start in range(0, len(lines), 2)]
        busy = _some(self._chances.random, len(pairs))
        rest = b"".join(pair for index, pair in enumerate(pairs) if index not in busy)
        items: list[dict[str, Any]] = []
        if rest:
            answer = await self._upstream.ask(request, path, gzip.compress(rest, 1) if packed else rest, packed=False)
            told = json.loads(answer.body)
            if "items" not in told:
                return answer
            items = told["items"]
        merged = iter(items)
        refused = {"create": {"status": 429, "error": _BUSY}}
        whole = [refused if index in busy else next(merged) for index in range(len(pairs))]
        return Answer(200, _JSON, json.dumps({"errors": True, "items": whole}).encode())


def _some(random: Random, count: int) -> set[int]:
    return set(random.sample(range(count), random.randint(1, max(1, count // 2))))
