"""
Bytes of index for each event, beside the same records as raw JSON with the mapping that OpenSearch guesses.

Both have the same codec and are merged to one segment. What the guess refuses (a value whose type differs from that of
the first one) is left out, as it would be; sizes are those of an event that is there.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Any, Final, get_args

import msgspec

from benchmarks import inputs
from benchmarks.packing import unpacked
from benchmarks.report import Size
from benchmarks.shipping import bodies, cargo
from benchmarks.store import load
from shipper.bulk import BulkBody, Verdict
from shipper.config import OpenSearch as Settings
from shipper.deadletter import Place
from shipper.demo.objects import StoredObject
from shipper.embedded import opensearch
from shipper.install import install
from shipper.mappings.opensearch import SETTINGS
from shipper.opensearch import OpenSearch, connected
from shipper.retain import Retain
from shipper.source import Source, Sources
from shipper.sources import aws_cloudtrail, aws_vpcflow
from shipper.sources.aws_vpcflow import FlowSettings
from shipper.tally import Tally

RECORDS: Final = {"aws.cloudtrail": 20_000, "aws.vpcflow": 100_000}
LOT: Final = 1_000
SAME: Final = 3
"""Seconds for which an index has to have the same size."""

NUMBERS: Final = frozenset(
    ("version", "srcport", "dstport", "protocol", "packets", "bytes", "start", "end", "tcp-flags", "traffic-path")
)
"""Columns of flow logs that raw JSON has as numbers."""

Pair = tuple[str, bytes]
"""Id and document."""


def measure(tell: Callable[[str], None]) -> dict[str, Size]:
    """
    Measure every way to keep the records.

    Raises:
        RuntimeError: a document of ours was refused, or an index does not merge
    """
    with opensearch(heap_mb=1024, lasting=True, progress=tell) as engine:
        return asyncio.run(_measure(engine.url, tell))


async def _measure(url: str, tell: Callable[[str], None]) -> dict[str, Size]:
    found: dict[str, Size] = {}
    async with connected(Settings(urls=(url,))) as engine:
        async for _ in install(engine):
            pass
        for name, records in RECORDS.items():
            objects = _objects(name, records)
            raw, refused = await _raw(engine, name, objects)
            tell(f"{name}: raw JSON takes {raw:.0f} bytes an event; {refused:,} were refused")
            found[f"{name}/raw"] = Size(bytes=round(raw), ratio=1.0, refused=refused)
            for number, (way, source) in enumerate(_ways()[name].items()):
                for original in (False, True):
                    sources = Sources([replace(source, keeps_original=original)])
                    namespace = f"{number}_original" if original else f"{number}"
                    size = await _ours(engine, name, objects, namespace, sources)
                    label = f"{name}/{way}{'+original' if original else ''}"
                    found[label] = Size(bytes=round(size), ratio=round(size / raw, 3))
                    tell(f"{label}: {size:.0f} bytes an event, {size / raw:.3f} of raw JSON")
    return found


def _ways() -> dict[str, dict[str, Source[Any, Any]]]:
    """Give the sources that documents are made with, by dataset and by what is set."""
    trail, flow = aws_cloudtrail.source, aws_vpcflow.configured
    return {
        "aws.cloudtrail": {retain: trail.keeping(retain, original=False) for retain in get_args(Retain)},
        "aws.vpcflow": {
            "community_id": flow(FlowSettings()),
            "no community_id": flow(FlowSettings(community_id=False)),
        },
    }


def _objects(name: str, records: int) -> list[StoredObject]:
    """Take as many of an input's objects as have so many records, whole ones."""
    (wanted,) = [one for source in Sources.discover() for one in inputs.of(source) if one.name == name]
    objects: list[StoredObject] = []
    for one in load(wanted).objects:
        objects.append(one)
        records -= len(list(_records(one)))
        if records <= 0:
            break
    return objects


def _records(stored: StoredObject) -> Iterator[bytes]:
    """Give the records of an object as raw JSON."""
    text = unpacked(stored.body)
    if text.startswith(b"{"):
        yield from map(msgspec.json.encode, msgspec.json.decode(text)["Records"])
        return
    header, *lines = text.decode().splitlines()
    names = header.split()
    for line in lines:
        pairs = zip(names, line.split(), strict=True)
        row = {name: int(value) if name in NUMBERS and value.isdigit() else value for name, value in pairs}
        yield msgspec.json.encode(row)


async def _raw(engine: OpenSearch, name: str, objects: list[StoredObject]) -> tuple[float, int]:
    """Index the records as they are; gives bytes an event, and how many events were refused."""
    index = f"raw-{name}"
    settings = {"codec": SETTINGS["index"]["codec"], "number_of_replicas": 0, "mapping.total_fields.limit": 100_000}
    await engine.request("PUT", f"/{index}", {"settings": {"index": settings}})
    records = chain.from_iterable(map(_records, objects))
    pairs = [(f"{index}-{number}", record) for number, record in enumerate(records)]
    refused = await _indexed(engine, index, pairs)
    return await _bytes(engine, index), refused


async def _ours(engine: OpenSearch, name: str, objects: list[StoredObject], namespace: str, sources: Sources) -> float:
    """Index our documents of the records; gives bytes an event."""
    stream = f"logs-{name}-{namespace}"
    pairs = list(_documents(objects, sources, namespace))
    if refused := await _indexed(engine, stream, pairs):
        raise RuntimeError(f"{refused} documents of {stream} were refused")
    return await _bytes(engine, stream)


def _documents(objects: list[StoredObject], sources: Sources, namespace: str) -> Iterator[Pair]:
    for body in bodies(cargo(objects, sources, "bench"), namespace):
        lines = bytes(body.data).splitlines()
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            yield msgspec.json.decode(action)["create"]["_id"], document


async def _indexed(engine: OpenSearch, index: str, pairs: list[Pair]) -> int:
    """Index documents; give how many were refused."""
    refused = 0
    left = iter(pairs)
    while lot := list(islice(left, LOT)):
        body, tally = BulkBody(), Tally(Place(dataset="bench"))
        for position, (id_, document) in enumerate(lot):
            body.add(index, id_, document, tally, position)
        refused += sum(item.verdict is not Verdict.CREATED for item in await engine.bulk(body))
    return refused


async def _bytes(engine: OpenSearch, index: str) -> float:
    """Merge an index to one segment; give its bytes for each document."""
    for step in ("_refresh", "_forcemerge?max_num_segments=1", "_flush?force=true", "_refresh"):
        await engine.request("POST", f"/{index}/{step}")
    sizes: list[int] = []
    while len(sizes) < SAME or len(set(sizes[-SAME:])) > 1:  # merged segments go when nothing reads them any more
        await asyncio.sleep(1)
        told = (await engine.request("GET", f"/{index}/_stats/docs,store,segments"))["_all"]["primaries"]
        sizes.append(told["store"]["size_in_bytes"])
    if told["segments"]["count"] != 1:
        raise RuntimeError(f"{index} has {told['segments']['count']} segments after merging")
    return float(sizes[-1] / told["docs"]["count"])
