"""What both proxies have in common: requests and answers as they are on the wire, and connections that break."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from aiohttp import web
from msgspec import Struct
from yarl import URL

from shipper.embedded.ports import LOOPBACK

_HOP: Final = frozenset({"connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding"})
"""Headers of one connection; the proxy's own connections have their own."""


class Answer(Struct, frozen=True):
    """An answer of the real service, or one that is made up."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def response(self) -> web.Response:
        """Give it as it is."""
        return web.Response(status=self.status, headers=self.headers, body=self.body)


class Upstream:
    """
    The real service.

    Args:
        url: its address
        session: over which it is asked

    Attributes:
        asking: requests that it has not answered yet; whoever made them may have gone
    """

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.asking = 0
        self._url = url
        self._session = session

    async def ask(self, request: web.Request, path: str, body: bytes, *, packed: bool = True) -> Answer:
        """
        Pass a request on.

        Args:
            request: as it came
            path: with its query
            body: in the place of the request's own
            packed: whether the answer may be packed, if the request allows it

        Raises:
            aiohttp.ClientError: the service does not answer
        """
        headers = _end_to_end(request.headers) | ({} if packed else {"accept-encoding": "identity"})
        url = URL(self._url + path, encoded=True)  # encoding it again would change the names of objects
        self.asking += 1
        try:
            async with self._session.request(request.method, url, headers=headers, data=body or None) as answer:
                return Answer(answer.status, _end_to_end(answer.headers), await answer.read())
        finally:
            self.asking -= 1


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP}


def cut(request: web.Request) -> web.Response:
    """Break the connection of a request; gives a response that nobody will see."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler, failures: list[Exception]) -> AsyncIterator[str]:
    """
    Answer requests on a free port for as long as the context lasts; gives the address.

    Args:
        handler: answers
        failures: collects what goes wrong in the handler itself, which is not to be taken for a fault of the plan
    """

    async def watched(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ConnectionError:  # who asked has gone
            return cut(request)
        except Exception as error:
            failures.append(error)
            raise

    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", watched)
    # Bodies are passed on as they came, packed or not.
    runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, 0).start()
        yield f"http://{LOOPBACK}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def upstream(url: str) -> AsyncIterator[Upstream]:
    """Give a client of the real service that passes bodies as they are."""
    timeout = aiohttp.ClientTimeout(total=120)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(auto_decompress=False, timeout=timeout, connector=connector) as session:
        yield Upstream(url, session)
