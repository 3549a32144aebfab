"""
An OpenSearch that takes everything and keeps nothing, in a process of its own.

`python -m benchmarks.stub` prints its address and serves until its standard input is closed, which the kernel does when
the one who started it has ended.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from benchmarks.packing import unpacked

_LARGEST_BODY: Final = 64 << 20
_CREATED: Final = b'{"create":{"status":201}}'


async def bulk(request: web.Request) -> web.Response:
    """Say of every document that it was created."""
    body = await request.read()
    text = unpacked(body) if request.headers.get("content-encoding") == "gzip" else body
    items = b",".join([_CREATED] * (text.count(b"\n") // 2))
    return web.Response(body=b'{"errors":false,"items":[%b]}' % items, content_type="application/json")


async def anything(_: web.Request) -> web.Response:
    """Say that all is well: every template is there."""
    return web.Response(body=b"{}", content_type="application/json")


async def no_data_stream(_: web.Request) -> web.Response:
    """Say that there is no data stream: nothing is kept."""
    return web.Response(status=404, body=b"{}", content_type="application/json")


async def serve() -> None:
    """Serve until standard input ends."""
    application = web.Application(client_max_size=_LARGEST_BODY)
    application.router.add_post("/_bulk", bulk)
    application.router.add_get("/_data_stream/{name}", no_data_stream)
    application.router.add_route("*", "/{path:.*}", anything)
    runner = web.AppRunner(application, auto_decompress=False, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


@asynccontextmanager
async def stub() -> AsyncIterator[str]:
    """Run one for as long as the context lasts; gives its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.stub", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(serve())
