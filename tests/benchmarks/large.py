"""
Memory of a daemon that ships one object of 1 GB, inflated, in each framing; OpenSearch is a stub that forgets.

The daemon takes one core, and others are free: so two of them run side by side, each with an object of its own.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Final

from benchmarks.daemon import MeasuredDaemon, fresh_site
from benchmarks.inputs import OBJECTS, Framing, Input, of
from benchmarks.packing import unpacked
from benchmarks.report import Row
from benchmarks.sources import discover
from benchmarks.store import load
from benchmarks.stub import stub
from shipper.embedded import aws

LARGE_BYTES: Final = 1 << 30
SIDE_BY_SIDE: Final = 2
PATIENCE_SECONDS: Final = 1_800
POLL_SECONDS: Final = 0.25

_INDEXED: Final = re.compile(r'shipper_records_total{.*outcome="indexed"')

Work = tuple[str, Input, Framing]


def measure(tell: Callable[[str], None]) -> dict[str, Row]:
    """
    Ship one large object in each framing, each through a daemon of its own.

    Returns:
        Figures by dataset, with the framing behind a slash unless it is the usual one.

    Raises:
        ExceptionGroup: not every record of an object was indexed
    """
    with aws(progress=tell) as services:
        return asyncio.run(_measure_all(services.url, tell))


def framings() -> list[Work]:
    """Give what is to be measured: the name of the figures, the input and its framing."""
    return [
        (f"{one.name}/{name}" if name else one.name, one, framing)
        for source in discover()
        for one in of(source)
        for name, framing in one.framings.items()
    ]


async def _measure_all(aws_url: str, tell: Callable[[str], None]) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for _, one, _ in framings():  # one after the other, as several framings are made of one input
        await asyncio.to_thread(load, one)
    waiting = iter(framings())

    async def work() -> None:
        for name, one, framing in waiting:
            rows[name] = await _measure(one, framing, aws_url)
            tell(f"{name}: {rows[name].peak_mib} MiB")

    async with asyncio.TaskGroup() as group:
        for _ in range(SIDE_BY_SIDE):
            group.create_task(work())
    return rows


async def _measure(wanted: Input, framing: Framing, aws_url: str) -> Row:
    key, times, body = await asyncio.to_thread(_large, wanted, framing)
    async with stub() as opensearch_url, fresh_site(aws_url, opensearch_url) as here:
        await here.put(key, body, packed=False)
        daemon = await MeasuredDaemon.start(here, "benchmarks.program")
        try:
            cpu_begun = daemon.cpu_seconds()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await here.left():
                    daemon.demand_alive()
                    await asyncio.sleep(POLL_SECONDS)
            cpu_seconds = daemon.cpu_seconds() - cpu_begun
            metrics = await daemon.metrics()
            peak = daemon.peak_mib()
        finally:
            await daemon.stop()
        await here.s3.delete_object(Bucket=here.bucket, Key=key)
    indexed = sum(value for name, value in metrics.items() if _INDEXED.match(name))
    if indexed != times * wanted.records // OBJECTS:
        raise RuntimeError(f"{wanted.name}: {indexed:.0f} records were indexed; the daemon: {daemon.complaints()[:2]}")
    return Row(peak_mib=peak, daemon_docs_per_cpu_s=round(indexed / cpu_seconds))


def _large(wanted: Input, framing: Framing) -> tuple[str, int, bytes]:
    """Give the key of a large object, how often it holds the records of a small one, and its bytes."""
    key, body = load(wanted).objects[0]
    text = unpacked(body)
    once, twice = (sum(map(len, framing.enlarge(text, times))) for times in (1, 2))
    times = (LARGE_BYTES - once) // (twice - once) + 2
    return key, times, framing.pack(framing.enlarge(text, times))
