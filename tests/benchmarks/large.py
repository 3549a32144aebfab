"""Memory of a daemon that ships one object of 1 GB, inflated, in each framing; OpenSearch is a stub that forgets."""

import asyncio
import re
from collections.abc import Callable
from typing import Final

from benchmarks import inputs
from benchmarks.daemon import MeasuredDaemon, fresh_site
from benchmarks.inputs import OBJECTS, Enlarge, Input
from benchmarks.packing import packed, unpacked
from benchmarks.report import Row
from benchmarks.store import load
from benchmarks.stub import stub
from shipper.embedded import aws
from shipper.source import Sources

LARGE_BYTES: Final = 1 << 30
PATIENCE_SECONDS: Final = 1_800
POLL_SECONDS: Final = 0.25

_INDEXED: Final = re.compile(r'shipper_records_total{.*outcome="indexed"')


def measure(sources: Sources, tell: Callable[[str], None]) -> dict[str, Row]:
    """
    Ship one object after the other, each through a daemon of its own.

    Returns:
        Figures by dataset, with the framing behind a slash unless it is the usual one.

    Raises:
        RuntimeError: not every record was indexed
    """
    rows: dict[str, Row] = {}
    with aws(progress=tell) as services:
        for source in sources:
            for one in inputs.of(source):
                for framing, enlarge in one.framings.items():
                    name = f"{one.name}/{framing}" if framing else one.name
                    rows[name] = asyncio.run(_measure(one, enlarge, services.url))
                    tell(f"{name}: {rows[name].peak_mib} MiB")
    return rows


async def _measure(wanted: Input, enlarge: Enlarge, aws_url: str) -> Row:
    key, body = load(wanted).objects[0]
    text = unpacked(body)
    times = LARGE_BYTES // len(text) + 1
    async with stub() as opensearch_url, fresh_site(aws_url, opensearch_url) as here:
        await here.put(key, packed(enlarge(text, times)), packed=False)
        daemon = await MeasuredDaemon.start(here)
        try:
            cpu_begun = daemon.cpu_seconds()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await here.left():
                    await asyncio.sleep(POLL_SECONDS)
            cpu_seconds = daemon.cpu_seconds() - cpu_begun
            metrics = await daemon.metrics()
            peak = daemon.peak_mib()
        finally:
            await daemon.stop()
        await here.s3.delete_object(Bucket=here.bucket, Key=key)
    indexed = sum(value for name, value in metrics.items() if _INDEXED.match(name))
    if indexed != times * wanted.records // OBJECTS:
        raise RuntimeError(f"{wanted.name}: {indexed:.0f} records were indexed; the daemon: {daemon.complaints()}")
    return Row(peak_mib=peak, daemon_docs_per_cpu_s=round(indexed / cpu_seconds))
