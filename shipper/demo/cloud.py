"""A bucket, and the queue that it tells of new objects, as an AWS account would have them."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from shipper.demo.objects import StoredObject

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_sqs import SQSClient

REGION: Final = "eu-central-1"
QUEUE: Final = "shipper-demo"
DEAD_QUEUE: Final = "shipper-demo-dead-letters"
RECEIVES: Final = 5
"""Receives of a message after which SQS gives up on it."""

CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo"}
"""As environment variables; the services on this machine take any."""

UPLOADS: Final = 8
"""Objects that are uploaded at the same time."""


@dataclass(frozen=True)
class Depth:
    """
    How many messages there are.

    Attributes:
        waiting: to be received
        in_flight: received and neither deleted nor visible again
        dead: moved to the dead-letter queue
    """

    waiting: int
    in_flight: int
    dead: int


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """
    The bucket and its queue.

    Attributes:
        bucket: name of the bucket
        queue_url: of the queue
        dead_queue_url: of the dead-letter queue that its redrive policy names
    """

    s3: "S3Client"
    sqs: "SQSClient"
    bucket: str
    queue_url: str
    dead_queue_url: str

    async def upload(self, objects: Iterable[StoredObject]) -> None:
        """Write objects; S3 announces each in the queue."""
        turn = asyncio.Semaphore(UPLOADS)

        async def put(stored: StoredObject) -> None:
            async with turn:
                await self.s3.put_object(Bucket=self.bucket, Key=stored.key, Body=stored.body)

        async with asyncio.TaskGroup() as group:
            for stored in objects:
                group.create_task(put(stored))

    async def announce_again(self, stored: StoredObject) -> None:
        """
        Announce an object once more, as S3 may do: it promises each notification at least once.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
        """
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": REGION,
            "eventTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "eventName": "ObjectCreated:Put",
            "s3": {
                "bucket": {"name": self.bucket},
                "object": {"key": quote_plus(stored.key), "size": len(stored.body)},
            },
        }
        await self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=json.dumps({"Records": [record]}))

    async def depth(self) -> Depth:
        """Ask the queues how many messages there are."""
        own = await self._attributes(self.queue_url)
        dead = await self._attributes(self.dead_queue_url)
        waiting, in_flight = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
        return Depth(int(own[waiting]), int(own[in_flight]), int(dead[waiting]) + int(dead[in_flight]))

    async def _attributes(self, url: str) -> dict[str, str]:
        answer = await self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return {str(name): value for name, value in answer["Attributes"].items()}


@asynccontextmanager
async def cloud(url: str, bucket: str) -> AsyncIterator[Cloud]:
    """
    Create the bucket and the queues.

    Args:
        url: address of S3 and SQS
        bucket: name of the bucket
    """
    async with AsyncExitStack() as stack:
        s3 = await stack.enter_async_context(_client("s3", url))
        sqs = await stack.enter_async_context(_client("sqs", url))
        dead_url = (await sqs.create_queue(QueueName=DEAD_QUEUE))["QueueUrl"]
        redrive = {"deadLetterTargetArn": await _arn(sqs, dead_url), "maxReceiveCount": RECEIVES}
        queue_url = (await sqs.create_queue(QueueName=QUEUE, Attributes={"RedrivePolicy": json.dumps(redrive)}))[
            "QueueUrl"
        ]
        queue_arn = await _arn(sqs, queue_url)
        policy = json.dumps(_policy(queue_arn, bucket))
        await sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": policy})
        await s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        await s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={
                "QueueConfigurations": [{"QueueArn": queue_arn, "Events": ["s3:ObjectCreated:*"]}]
            },
        )
        yield Cloud(s3=s3, sqs=sqs, bucket=bucket, queue_url=queue_url, dead_queue_url=dead_url)


def _client(service: Any, url: str) -> Any:
    """Give a client past everything that the user has configured for AWS itself: profile, settings, a proxy."""
    nowhere = (None, None, None, None)
    session = get_session({"profile": nowhere, "config_file": (None, None, os.devnull, None)})
    return session.create_client(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=AioConfig(proxies={}),
    )


async def _arn(sqs: "SQSClient", url: str) -> str:
    return (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"]))["Attributes"]["QueueArn"]


def _policy(queue_arn: str, bucket: str) -> dict[str, object]:
    """
    Let S3 send the notifications of one bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "s3.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}},
            }
        ],
    }
