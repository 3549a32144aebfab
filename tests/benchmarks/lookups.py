"""
What it costs to look for documents in older backing indices, beside sending the same bodies without a look.

All documents are new, so that each is looked for in vain and then indexed: the usual case after a rollover.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Final

from integration.shipping import Site

from benchmarks import inputs
from benchmarks.daemon import fresh_site
from benchmarks.report import Lookups
from benchmarks.shipping import LIMITS, bodies, cargo
from benchmarks.store import load
from shipper.backing import BackingIndices
from shipper.bulk import BulkBody
from shipper.demo.objects import StoredObject
from shipper.embedded import aws, opensearch
from shipper.identity import Identity
from shipper.metrics import Metrics
from shipper.source import Sources

INDICES: Final = 20
INPUT: Final = "aws.cloudtrail"
FILLING: Final = 4
"""Objects whose documents lie in the older indices; of the others one half is sent with looks, one half without."""


def measure(sources: Sources, tell: Callable[[str], None]) -> Lookups:
    """
    Measure in turns.

    Raises:
        RuntimeError: documents were refused, or nothing was looked for
    """
    (wanted,) = [one for source in sources for one in inputs.of(source) if one.name == INPUT]
    objects = load(wanted).objects
    with opensearch(heap_mb=1024, lasting=True, progress=tell) as engine, aws(progress=tell) as services:
        return asyncio.run(_measure(sources, objects, services.url, engine.url, tell))


async def _measure(
    sources: Sources, objects: list[StoredObject], aws_url: str, opensearch_url: str, tell: Callable[[str], None]
) -> Lookups:
    seconds: dict[bool, list[float]] = {False: [], True: []}
    documents = 0
    async with fresh_site(aws_url, opensearch_url) as here:
        await here.install()
        stream = f"logs-{INPUT}-{here.namespace}"
        old = [body for one in objects[:FILLING] for body in _bodies([one], sources, here)]
        for number in range(INDICES):
            for body in old[number::INDICES]:
                await here.engine.bulk(body)
            await here.engine.request("POST", f"/{stream}/_rollover")
        for number, one in enumerate(objects[FILLING:]):
            looking = bool(number % 2)
            ready = list(_bodies([one], sources, here))
            documents = sum(len(body.entries) for body in ready)
            seconds[looking].append(await _sent(here, ready, looking=looking))
            tell(f"{documents:,} documents {'with' if looking else 'without'} looks: {seconds[looking][-1]:.2f} s")
    plain, looked = median(seconds[False]), median(seconds[True])
    return Lookups(
        ratio=round(plain / looked, 3),
        docs_per_s=round(documents / looked),
        docs_per_s_without=round(documents / plain),
        backing_indices=INDICES,
    )


def _bodies(objects: list[StoredObject], sources: Sources, here: Site) -> Iterator[BulkBody]:
    return bodies(cargo(objects, sources, here.bucket), here.namespace)


async def _sent(here: Site, ready: list[BulkBody], *, looking: bool) -> float:
    """Send bodies over as many connections as the daemon has; gives the seconds."""
    metrics = Metrics()
    identity = Identity(BackingIndices(here.engine), metrics)
    waiting = iter(ready)

    async def work() -> None:
        for body in waiting:
            if looking:
                await identity.look(body)
            items = await here.engine.bulk(body)
            if any(item.reason for item in items):
                raise RuntimeError(f"OpenSearch refuses documents: {next(item for item in items if item.reason)}")

    begun = time.perf_counter()
    await asyncio.gather(*[work() for _ in range(LIMITS.bulk_requests)])
    seconds = time.perf_counter() - begun
    absent = metrics.registry.get_sample_value("shipper_lookups_total", {"outcome": "absent"}) or 0
    if absent != looking * sum(len(body.entries) for body in ready):
        raise RuntimeError(f"{absent:.0f} documents were looked for")
    return seconds
