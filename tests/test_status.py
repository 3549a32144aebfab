"""What the daemon tells over HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from shipper.config import Metrics as Settings
from shipper.errors import ConfigError
from shipper.health import Health
from shipper.metrics import Metrics
from shipper.status import serving


class Site:
    """A daemon's HTTP server and a client for it."""

    def __init__(self, url: str, metrics: Metrics, health: Health, client: ClientSession) -> None:
        self.url = url
        self.metrics = metrics
        self.health = health
        self.client = client

    async def get(self, path: str) -> tuple[int, str, str]:
        """Give status, content type and text of a page."""
        async with self.client.get(f"{self.url}{path}") as answer:
            return answer.status, answer.headers["content-type"], await answer.text()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A server on a free port."""
    metrics = Metrics()
    health = Health(metrics)
    async with serving(Settings(listen="127.0.0.1:0"), metrics, health) as url, ClientSession() as client:
        yield Site(url, metrics, health, client)


async def test_metrics(site: Site) -> None:
    """Prometheus gets all metrics in its own format."""
    site.metrics.bulk_bytes.inc(42)
    status, content_type, text = await site.get("/metrics")
    assert status == 200
    assert content_type.startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["shipper_bulk_bytes"].samples[0].value == 42


async def test_tasks(site: Site) -> None:
    """The tasks of the event loop are counted whenever the metrics are read."""

    async def tasks() -> float:
        _, _, text = await site.get("/metrics")
        families = {family.name: family for family in text_string_to_metric_families(text)}
        return families["shipper_tasks"].samples[0].value

    before = await tasks()
    more = [asyncio.create_task(asyncio.sleep(3600)) for _ in range(7)]
    during = await tasks()
    for task in more:
        task.cancel()
    await asyncio.gather(*more, return_exceptions=True)
    assert (during - before, await tasks()) == (7, before)


async def test_ready(site: Site) -> None:
    """A daemon without problems is ready."""
    status, _, text = await site.get("/readyz")
    assert (status, text) == (200, '{"ready": true, "problems": {}}')


async def test_not_ready(site: Site) -> None:
    """A daemon with problems is not ready, says which, and is ready again afterwards."""
    site.health.trouble("opensearch", "does not answer")
    status, content_type, text = await site.get("/readyz")
    assert (status, text) == (503, '{"ready": false, "problems": {"opensearch": "does not answer"}}')
    assert content_type.startswith("application/json")
    site.health.well("opensearch")
    assert (await site.get("/readyz"))[0] == 200


async def test_alive(site: Site) -> None:
    """A daemon that is not ready is alive all the same: restarting it would not help."""
    site.health.trouble("opensearch", "does not answer")
    assert (await site.get("/healthz"))[0] == 200


@pytest.mark.parametrize("path", ["/", "/metrics/", "/debug"])
async def test_nothing_else(site: Site, path: str) -> None:
    """There is nothing else to be seen."""
    assert (await site.get(path))[0] == 404


async def test_a_port_that_is_taken() -> None:
    """An address that is taken is a wrong setting, named in the error."""
    metrics = Metrics()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match=rf"metrics\.listen.*{listen}.*in use"):
            async with serving(Settings(listen=listen), metrics, Health(metrics)):
                pass


def has_ipv6() -> bool:
    """Tell whether this machine has an IPv6 address for itself."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
async def test_an_ipv6_address() -> None:
    """An IPv6 address is listened on, and its URL has brackets."""
    metrics = Metrics()
    async with serving(Settings(listen="[::1]:0"), metrics, Health(metrics)) as url, ClientSession() as client:
        assert url.startswith("http://[::1]:")
        async with client.get(f"{url}/healthz") as answer:
            assert answer.status == 200
