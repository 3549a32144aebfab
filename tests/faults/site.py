"""What one seed has for itself: a bucket, a queue, a namespace, and configurations for its daemons."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

from types_aiobotocore_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

from faults.generator import Cargo
from faults.journal import Journal
from faults.kinds import Fault
from faults.plan import Plan
from faults.services import REGION, Services

FINAL_RECEIVE: Final = 6
"""Receives at which what is missing or broken becomes a dead letter."""

_REDRIVE_AFTER: Final = 200
"""More receives than any message of a seed has: nothing must come to the dead-letter queue."""

BATCH: Final = 10
"""Most messages that SQS takes at once."""

_TEST_EVENT: Final = '{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"any"}'


class Site:
    """
    Names and addresses of one seed.

    Args:
        services: where it lives
        plan: of the seed
        name: that nobody else uses
        folder: for configurations and logs
    """

    def __init__(self, services: Services, plan: Plan, name: str, folder: Path) -> None:
        self.name = name
        self.namespace = name.replace("-", "_")
        self.folder = folder
        self.queue_url = self.dead_queue_url = ""
        self._services = services
        self._plan = plan

    async def build(self, cargoes: list[Cargo]) -> None:
        """Make bucket and queues, and store the objects."""
        s3, sqs = self._services.s3, self._services.sqs
        await s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.dead_queue_url = (await sqs.create_queue(QueueName=f"{self.name}-dead"))["QueueUrl"]
        attributes = await sqs.get_queue_attributes(QueueUrl=self.dead_queue_url, AttributeNames=["QueueArn"])
        redrive = {"deadLetterTargetArn": attributes["Attributes"]["QueueArn"], "maxReceiveCount": _REDRIVE_AFTER}
        made = await sqs.create_queue(QueueName=self.name, Attributes={"RedrivePolicy": json.dumps(redrive)})
        self.queue_url = made["QueueUrl"]
        for cargo in cargoes:
            await self.store(cargo)

    async def store(self, cargo: Cargo) -> None:
        """Store one object, if it is to be stored."""
        if cargo.body is not None:
            await self._services.s3.put_object(Bucket=self.name, Key=cargo.expected.key, Body=cargo.body)

    async def announce(self, cargoes: list[Cargo], journal: Journal) -> None:
        """Send all notifications over some time, some of them twice, some in another order."""
        plan, random = self._plan, Random(f"messages of {self._plan.seed}")
        bodies = [_TEST_EVENT, *self._bodies(cargoes, random, journal)]
        if plan.shuffled:
            random.shuffle(bodies)
            journal.fault(Fault.MESSAGE_REORDERED)
        batches = [bodies[start : start + BATCH] for start in range(0, len(bodies), BATCH)]
        for batch in batches:
            await self.send(batch)
            await asyncio.sleep(plan.spread_seconds / len(batches))

    async def send(self, bodies: Sequence[str]) -> None:
        """Send up to ten messages."""
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies)
        ]
        await self._services.sqs.send_message_batch(QueueUrl=self.queue_url, Entries=entries)

    def notification(self, sizes: Mapping[str, int]) -> str:
        """Write the message that announces objects, given by key and size in bytes."""
        return json.dumps(
            {
                "Records": [
                    {
                        "eventName": "ObjectCreated:Put",
                        "awsRegion": REGION,
                        "s3": {"bucket": {"name": self.name}, "object": {"key": key, "size": size}},
                    }
                    for key, size in sizes.items()
                ]
            }
        )

    async def show(self, handle: str) -> None:
        """Make the message of a receipt handle visible at once, if it is still there."""
        sqs = self._services.sqs
        try:
            await sqs.change_message_visibility(QueueUrl=self.queue_url, ReceiptHandle=handle, VisibilityTimeout=0)
        except sqs.exceptions.ReceiptHandleIsInvalid:
            return  # deleted in the meantime

    async def left(self, queue_url: str) -> int:
        """Count the messages of a queue, in hand or not."""
        answer = await self._services.sqs.get_queue_attributes(
            QueueUrl=queue_url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(map(int, answer["Attributes"].values()))

    def environment(self, daemon: str, *, aws_url: str, opensearch_url: str, package: Path) -> dict[str, str]:
        """
        Write a daemon's configuration; give its environment.

        Args:
            daemon: its name, which the proxies see as access key and as first part of the path
            aws_url: of the proxy for S3 and SQS
            opensearch_url: of the proxy for OpenSearch
            package: folder that holds the package `shipper` that it is to run
        """
        config = self.folder / f"{daemon}.toml"
        config.write_text(
            f"""
            [[queues]]
            url = "{self.queue_url}"
            region = "{REGION}"
            wait_seconds = 1
            visibility_seconds = 30
            max_receives = {FINAL_RECEIVE}
            [aws]
            region = "{REGION}"
            endpoint_url = "{aws_url}"
            read_timeout_seconds = 8
            max_attempts = 2
            [opensearch]
            urls = ["{opensearch_url}/{daemon}"]
            namespace = "{self.namespace}"
            timeout_seconds = 4
            [limits]
            flush_seconds = 0.2
            bulk_mib = 1
            grace_seconds = 5
            [metrics]
            listen = "127.0.0.1:0"
            [log]
            format = "json"
            """
        )
        return {
            **os.environ,
            "AWS_ACCESS_KEY_ID": daemon,
            "AWS_SECRET_ACCESS_KEY": "secret",
            "SHIPPER_CONFIG": str(config),
            "PYTHONPATH": str(package),
        }

    def _bodies(self, cargoes: list[Cargo], random: Random, journal: Journal) -> list[str]:
        """Group the objects into messages; some are announced once more, alone."""
        bodies, keys = [], [cargo.expected.key for cargo in cargoes]
        sizes = {cargo.expected.key: len(cargo.body or b"?") for cargo in cargoes}
        while keys:
            count = random.choice((1, 1, 1, 2, 3))
            group, keys = keys[:count], keys[count:]
            bodies.append(self.notification({key: sizes[key] for key in group}))
        for key, size in sizes.items():
            if random.random() < self._plan.copies:
                bodies.append(self.notification({key: size}))
                journal.fault(Fault.MESSAGE_DUPLICATED, key=key)
        return bodies
