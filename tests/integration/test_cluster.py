"""A cluster of three nodes, of which some are killed and started again while the daemon ships."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from types_aiobotocore_s3 import S3Client
from types_aiobotocore_sqs import SQSClient

from integration.conftest import REGION
from integration.shipping import FLOW_KEY, PATIENCE_SECONDS, RunningDaemon, Site, have_templates, running, site
from shipper.embedded import EmbeddedOpenSearch
from shipper.embedded.ports import free_ports

OBJECTS = 80
LINES = 1_000
DATASET = "aws.vpcflow"


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[EmbeddedOpenSearch]]:
    """Three nodes of one cluster, which get ready only together."""
    transport = free_ports(3)
    names = [f"n{number}" for number in range(3)]
    shared = {
        "cluster.name": "shipper-three-nodes",
        "discovery.seed_hosts": ",".join(f"127.0.0.1:{port}" for port in transport),
        "cluster.initial_cluster_manager_nodes": ",".join(names),
    }
    made = [
        EmbeddedOpenSearch(
            heap_mb=384, transport_port=port, settings={**shared, "node.name": name}, progress=print, start_timeout=300
        )
        for name, port in zip(names, transport, strict=True)
    ]
    with ExitStack() as stack, ThreadPoolExecutor(3) as threads:
        for node in made:
            stack.push(node)
        list(threads.map(lambda node: node.__enter__(), made))
        yield made


@pytest.fixture
async def place(
    nodes: list[EmbeddedOpenSearch], aws_url: str, s3: S3Client, sqs: SQSClient, unique: str, tmp_path: Path
) -> AsyncIterator[Site]:
    """A bucket, a queue, and all three nodes in the daemon's configuration."""
    urls = '", "'.join(node.url for node in nodes)
    async with site(
        s3, sqs, aws_url=aws_url, opensearch_url=nodes[2].url, unique=unique, folder=tmp_path, region=REGION
    ) as made:
        made.config.write_text(made.config.read_text().replace(f'urls = ["{nodes[2].url}"]', f'urls = ["{urls}"]'))
        await have_templates(made.engine)
        yield made


def lines(number: int) -> bytes:
    """Write the flow log of one object; the ports tell each line from all others."""
    header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action"
    rows = [
        f"2 123456789012 eni-{number:017x} 10.0.0.1 10.0.0.2 {line} 443 6 1 40 1754222400 1754222460 ACCEPT"
        for line in range(LINES)
    ]
    return "\n".join([header, *rows, ""]).encode()


async def indexed(daemon: RunningDaemon) -> float:
    """Count the documents that were created so far."""
    return (await daemon.metrics()).get(f'shipper_records_total{{dataset="{DATASET}",outcome="indexed"}}', 0.0)


async def reached(daemon: RunningDaemon, documents: int) -> None:
    """Wait until so many documents were created."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await indexed(daemon) < documents:
            await asyncio.sleep(0.05)


async def test_a_node_is_killed_twice(place: Site, nodes: list[EmbeddedOpenSearch]) -> None:
    """Each line is one document after nodes died and came back, with copies of the shards on two nodes."""
    async with running(place) as daemon:
        bodies = [gzip.compress(lines(number)) for number in range(OBJECTS)]
        putting = asyncio.create_task(_put(place, bodies))
        for turn, victim in enumerate(nodes[:2], 1):
            await reached(daemon, turn * OBJECTS * LINES // 4)
            await asyncio.to_thread(victim.kill)
            await reached(daemon, turn * OBJECTS * LINES // 4 + LINES)
            await asyncio.to_thread(victim.start)
            await _green(place)
        await putting
        await place.emptied()
        metrics = await daemon.metrics()
    assert await indexed_once(place) == OBJECTS * LINES
    assert metrics["shipper_imbalance_records"] == 0
    assert await place.search("shipper.deadletter") == []


async def _green(place: Site) -> None:
    """Wait until all copies of all shards are there."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await place.engine.request("GET", "/_cluster/health"))["status"] != "green":
            await asyncio.sleep(0.5)


async def _put(place: Site, bodies: list[bytes]) -> None:
    for number, body in enumerate(bodies):
        await place.put(FLOW_KEY.format(f"{number:08x}"), body, packed=False)
        await asyncio.sleep(0.1)


async def indexed_once(place: Site) -> int:
    """Count the lines that have exactly one document, over all backing indices."""
    index = f"logs-{DATASET}-{place.namespace}"
    await place.engine.request("POST", f"/{index}/_refresh")
    ports = {"cardinality": {"field": "source.port", "precision_threshold": 40_000}}
    objects = {"terms": {"field": "aws.vpcflow.interface_id", "size": OBJECTS + 1}, "aggs": {"ports": ports}}
    query = {"size": 0, "track_total_hits": True, "aggs": {"objects": objects}}
    answer = await place.engine.request("POST", f"/{index}/_search", query)
    buckets = answer["aggregations"]["objects"]["buckets"]
    assert len(buckets) == OBJECTS
    assert {(bucket["doc_count"], bucket["ports"]["value"]) for bucket in buckets} == {(LINES, LINES)}
    return int(answer["hits"]["total"]["value"])
