"""What the daemon tells over HTTP: /metrics for Prometheus, /healthz and /readyz for whoever runs the container."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from shipper.config import Metrics as Settings
from shipper.errors import ConfigError
from shipper.health import Health
from shipper.metrics import CONTENT_TYPE, Metrics


@asynccontextmanager
async def serving(settings: Settings, metrics: Metrics, health: Health) -> AsyncIterator[str]:
    """
    Answer for as long as the context lasts; gives the base URL.

    Raises:
        ConfigError: the address cannot be listened on
    """
    runner = web.AppRunner(_app(metrics, health), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        try:
            await site.start()
        except OSError as error:
            raise ConfigError(f"metrics.listen: cannot listen on {settings.listen}: {error.strerror}") from error
        host, port = runner.addresses[0][:2]
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def _app(metrics: Metrics, health: Health) -> web.Application:
    async def exposition(_: web.Request) -> web.Response:
        metrics.tasks.set(len(asyncio.all_tasks()))
        return web.Response(body=metrics.exposition(), headers={"content-type": CONTENT_TYPE})

    async def alive(_: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def ready(_: web.Request) -> web.Response:
        problems = health.problems
        return web.json_response({"ready": not problems, "problems": problems}, status=503 if problems else 200)

    app = web.Application()
    app.add_routes([web.get("/metrics", exposition), web.get("/healthz", alive), web.get("/readyz", ready)])
    return app
