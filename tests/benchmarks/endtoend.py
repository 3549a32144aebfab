"""
The whole way with a real OpenSearch, side by side with the least that anybody could do: sending ready-made bodies.

Both send the same bulk bodies, compressed alike, over as many connections, each time into indices that did not exist.
What OpenSearch takes of the machine it takes in both cases, so the ratio tells what the shipper adds.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Final, NamedTuple

import aiohttp
import msgspec
from integration.shipping import Site, shipper

from benchmarks import inputs
from benchmarks.daemon import MeasuredDaemon, fresh_site
from benchmarks.packing import packed
from benchmarks.report import EndToEnd
from benchmarks.shipping import LIMITS, bodies, cargo
from benchmarks.store import load
from shipper.demo.objects import StoredObject
from shipper.embedded import aws, opensearch
from shipper.source import Sources

ROUNDS: Final = 3
HEAP_MIB: Final = 1024
OBJECTS: Final = {"aws.cloudtrail": 10, "aws.vpcflow": 2}
"""How many objects of each input are shipped: about as many bytes of bodies."""

POLL_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 120


class _Run(NamedTuple):
    """Seconds of the clock, and of the daemon's CPU time."""

    seconds: float
    cpu_seconds: float = 0.0


def measure(sources: Sources, tell: Callable[[str], None]) -> EndToEnd:
    """
    Measure in turns, after one replay that only warms OpenSearch up.

    Raises:
        RuntimeError: documents were refused, or the daemon complained
    """
    with opensearch(heap_mb=HEAP_MIB, lasting=True, progress=tell) as engine, aws(progress=tell) as services:
        return asyncio.run(_measure(sources, services.url, engine.url, tell))


async def _measure(sources: Sources, aws_url: str, opensearch_url: str, tell: Callable[[str], None]) -> EndToEnd:
    objects = [
        stored
        for source in sources
        for one in inputs.of(source)
        if one.name in OBJECTS
        for stored in load(one).objects[: OBJECTS[one.name]]
    ]
    replayed, shipped = [], []
    documents = 0
    async with fresh_site(aws_url, opensearch_url) as here:
        await _installed(here)
        documents, _ = await _replay(here, opensearch_url, objects, sources)
    for _ in range(ROUNDS):
        async with fresh_site(aws_url, opensearch_url) as here:
            replayed.append((await _replay(here, opensearch_url, objects, sources))[1])
        async with fresh_site(aws_url, opensearch_url) as here:
            shipped.append(await _ship(here, objects, documents))
        tell(f"{documents:,} documents: replay {replayed[-1].seconds:.1f} s, daemon {shipped[-1].seconds:.1f} s")
    replay, ship = median([run.seconds for run in replayed]), median([run.seconds for run in shipped])
    return EndToEnd(
        ratio=round(replay / ship, 3),
        docs_per_s=round(documents / ship),
        replay_docs_per_s=round(documents / replay),
        daemon_docs_per_cpu_s=round(documents / median([run.cpu_seconds for run in shipped])),
    )


async def _installed(here: Site) -> None:
    status, _, errors = await shipper(here, "install")
    if status:
        raise RuntimeError(f"the templates could not be installed: {errors}")


async def _ship(here: Site, objects: Sequence[StoredObject], documents: int) -> _Run:
    """Let a daemon ship what lies in the bucket and is announced in the queue."""
    for key, body in objects:
        await here.put(key, body, packed=False)
    daemon = await MeasuredDaemon.start(here)
    try:
        begun, cpu_begun = time.perf_counter(), daemon.cpu_seconds()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await _indexed(here) < documents:
                await asyncio.sleep(POLL_SECONDS)
        run = _Run(time.perf_counter() - begun, daemon.cpu_seconds() - cpu_begun)
        await here.emptied()
    finally:
        await daemon.stop()
    if complaints := daemon.complaints():
        raise RuntimeError(f"the daemon complained: {complaints}")
    return run


async def _indexed(here: Site) -> int:
    """Give the number of documents that were indexed so far, whether or not they can be searched yet."""
    path = f"/logs-*-{here.namespace}/_stats/indexing"
    answer = await here.engine.request("GET", path, parameters={"filter_path": "_all.primaries.indexing.index_total"})
    indexed: int = answer["_all"]["primaries"]["indexing"]["index_total"] if answer else 0
    return indexed


async def _replay(
    here: Site, opensearch_url: str, objects: Sequence[StoredObject], sources: Sources
) -> tuple[int, _Run]:
    """Send ready-made bodies; gives the number of documents too."""
    ready, documents = [], 0
    for body in bodies(cargo(objects, sources, here.bucket), here.namespace):
        documents += len(body.entries)
        ready.append(packed([body.data]))
    waiting = iter(ready)
    async with aiohttp.ClientSession(opensearch_url) as session:
        begun = time.perf_counter()
        await asyncio.gather(*[_send(session, waiting) for _ in range(LIMITS.bulk_requests)])
        seconds = time.perf_counter() - begun
    return documents, _Run(seconds)


async def _send(session: aiohttp.ClientSession, waiting: Any) -> None:
    """Send one body after the other over one connection."""
    headers = {"content-type": "application/x-ndjson", "content-encoding": "gzip"}
    parameters = {"filter_path": "errors,items.*.status,items.*.error"}
    for body in waiting:
        async with session.post("/_bulk", data=body, headers=headers, params=parameters) as answer:
            told = msgspec.json.decode(await answer.read())
            if answer.status != 200 or told["errors"]:
                raise RuntimeError(f"OpenSearch does not take the bodies: {answer.status} {str(told)[:500]}")
