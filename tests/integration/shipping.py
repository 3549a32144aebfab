"""A bucket that notifies a queue, a namespace of its own in OpenSearch, and the real daemon between them."""

import asyncio
import gzip
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
from types_aiobotocore_s3 import S3Client
from types_aiobotocore_sqs import SQSClient

from shipper.config import OpenSearch as OpenSearchSettings
from shipper.config import Secret
from shipper.embedded.security import Access
from shipper.install import install
from shipper.opensearch import OpenSearch, connected

PATIENCE_SECONDS = 60
"""How long a test waits for what must happen; far more than it takes."""

FLOW_KEY = (
    "AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/02/03/"
    "123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20260203T0905Z_{}.log.gz"
)
TRAIL_KEY = (
    "AWSLogs/123456789012/CloudTrail/us-east-1/2026/02/03/123456789012_CloudTrail_us-east-1_20260203T1015Z_{}.json.gz"
)


@dataclass
class Site:
    """
    Everything around a daemon.

    Attributes:
        bucket: name of the bucket; new objects in it are announced in the queue
        queue_url: of the queue
        dead_queue_url: where the queue's redrive policy moves messages after three receives
        namespace: of the data streams
        config: the daemon's configuration file
        environment: variables of all processes
        python: what runs them
    """

    s3: S3Client
    sqs: SQSClient
    engine: OpenSearch
    bucket: str
    queue_url: str
    dead_queue_url: str
    namespace: str
    config: Path
    environment: dict[str, str]
    python: str = sys.executable

    async def install(self) -> None:
        """Install all templates."""
        status, _, errors = await shipper(self, "install")
        assert status == 0, errors

    async def put(self, key: str, body: bytes, *, packed: bool = True) -> None:
        """Write an object."""
        await self.s3.put_object(Bucket=self.bucket, Key=key, Body=gzip.compress(body) if packed else body)

    async def announce(self, *keys: str) -> None:
        """Send one notification of some objects by hand."""
        records = [
            {
                "eventName": "ObjectCreated:Put",
                "awsRegion": "us-east-1",
                "s3": {"bucket": {"name": self.bucket}, "object": {"key": key, "size": 1}},
            }
            for key in keys
        ]
        await self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=json.dumps({"Records": records}))

    async def search(self, dataset: str, query: dict[str, Any] | None = None, size: int = 100) -> list[dict[str, Any]]:
        """Give the hits of a search, everything indexed so far included; none if there is no such data stream."""
        index = f"logs-{dataset}-{self.namespace}"
        await self.engine.request("POST", f"/{index}/_refresh")
        body = {"size": size, "query": query or {"match_all": {}}}
        answer = await self.engine.request("POST", f"/{index}/_search", body)
        # OpenSearch 3.6 leaves out documents without a value when it sorts by a number, so the sorting is done here.
        hits = answer["hits"]["hits"] if answer else []
        return sorted(hits, key=lambda hit: _offset(hit["_source"]))

    async def left(self) -> int:
        """Messages that are in the queue, seen or unseen."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = await self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    async def emptied(self) -> None:
        """Wait until every message is done with."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.left():
                await asyncio.sleep(0.1)


def reached(url: str, access: Access | None = None) -> OpenSearchSettings:
    """Give the settings that lead to a server."""
    if access is None:
        return OpenSearchSettings(urls=(url,))
    return OpenSearchSettings(
        urls=(url,), username=access.username, password=Secret(access.password), ca_file=access.ca_file
    )


def login(access: Access | None) -> str:
    """Write what a configuration says of a server that asks for a user; the password comes by the environment."""
    return f'username = "{access.username}"\nca_file = "{access.ca_file}"' if access else ""


_COMPLETE: Final[list[Any]] = []
"""What servers answer about our templates when all are there."""


async def have_templates(engine: OpenSearch) -> None:
    """Install all templates, unless they are as an installation of this session left them: it makes 60 requests."""
    if await _templates(engine) not in _COMPLETE:
        async for _ in install(engine):
            pass
        _COMPLETE.append(await _templates(engine))


async def _templates(engine: OpenSearch) -> list[Any]:
    return [
        await engine.request("GET", path) for path in ("/_component_template/shipper*", "/_index_template/shipper-*")
    ]


@asynccontextmanager
async def site(
    s3: S3Client,
    sqs: SQSClient,
    *,
    aws_url: str,
    opensearch_url: str,
    unique: str,
    folder: Path,
    region: str,
    access: Access | None = None,
) -> AsyncIterator[Site]:
    """Set everything up; `access` is how to get into an OpenSearch that asks for it."""
    await s3.create_bucket(Bucket=unique, CreateBucketConfiguration={"LocationConstraint": region})
    dead = (await sqs.create_queue(QueueName=f"{unique}-dead"))["QueueUrl"]
    attributes = await sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    redrive = json.dumps({"deadLetterTargetArn": attributes["Attributes"]["QueueArn"], "maxReceiveCount": 3})
    queue = (await sqs.create_queue(QueueName=unique, Attributes={"RedrivePolicy": redrive}))["QueueUrl"]
    arn = (await sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"]))["Attributes"]["QueueArn"]
    await s3.put_bucket_notification_configuration(
        Bucket=unique,
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]},
    )
    namespace = unique.replace("-", "_")
    config = folder / "shipper.toml"
    config.write_text(
        f"""
        [[queues]]
        url = "{queue}"
        region = "{region}"
        wait_seconds = 1
        visibility_seconds = 30
        [aws]
        region = "{region}"
        endpoint_url = "{aws_url}"
        [opensearch]
        urls = ["{opensearch_url}"]
        namespace = "{namespace}"
        timeout_seconds = 20
        {login(access)}
        [limits]
        flush_seconds = 0.2
        [metrics]
        listen = "127.0.0.1:0"
        [log]
        format = "json"
        """
    )
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "SHIPPER_CONFIG": str(config),
    }
    if access:
        environment["SHIPPER_OPENSEARCH_PASSWORD"] = access.password
    async with connected(reached(opensearch_url, access)) as engine:
        yield Site(s3, sqs, engine, unique, queue, dead, namespace, config, environment)
        await engine.request("DELETE", f"/_data_stream/logs-*-{namespace}")


def _offset(document: dict[str, Any]) -> int:
    """Give the place of a document's record in its object; what comes from no object is first."""
    offset: int = document.get("aws", {}).get("s3", {}).get("object", {}).get("offset", -1)
    return offset


async def shipper(site: Site, *arguments: str) -> tuple[int, str, str]:
    """Run a command of the command line; gives its exit status and what it wrote to its two outputs."""
    process = await asyncio.create_subprocess_exec(
        site.python, "-m", "shipper", *arguments, env=site.environment, stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


class RunningDaemon:
    """A real daemon in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[dict[str, Any]] = []
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, site: Site, program: str = "shipper") -> Self:
        """Start one, by the name of its module, and wait until it listens."""
        process = await asyncio.create_subprocess_exec(
            site.python, "-m", program, "run", env=site.environment, stderr=asyncio.subprocess.PIPE
        )
        daemon = cls(process)
        await daemon.said("started")
        return daemon

    async def said(self, message: str, **members: Any) -> dict[str, Any]:
        """Wait for a line of the log, and with these members."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for line in self.lines:
                    if line["message"] == message and members.items() <= line.items():
                        return line
                assert not self._reader.done(), f"the daemon ended: {self.lines}"
                await asyncio.sleep(0.05)

    async def metrics(self) -> dict[str, float]:
        """Give all samples of /metrics by name and labels, as Prometheus writes them."""
        text = (await self._get("/metrics"))[1]
        samples = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in samples}

    async def ready(self) -> tuple[bool, dict[str, str]]:
        """Give what /readyz says."""
        status, text = await self._get("/readyz")
        told = json.loads(text)
        assert (status == 200) == told["ready"]
        return told["ready"], told["problems"]

    async def alive(self) -> bool:
        """Tell whether /healthz answers."""
        return (await self._get("/healthz"))[0] == 200

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; gives the exit status."""
        if self._process.returncode is None:
            self._process.send_signal(number)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._reader
            return await self._process.wait()

    async def _get(self, path: str) -> tuple[int, str]:
        url = (await self.said("started"))["metrics"]
        async with aiohttp.ClientSession() as session, session.get(url + path) as answer:
            return answer.status, await answer.text()

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.lines.append(json.loads(line))


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[RunningDaemon]:
    """Run a daemon for as long as the context lasts."""
    daemon = await RunningDaemon.start(site)
    try:
        yield daemon
    finally:
        await daemon.stop()
