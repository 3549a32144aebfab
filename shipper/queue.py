"""
SQS: messages in hand, from receipt to acknowledgement.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from shipper.aws import Session, refusal
from shipper.batcher import Batcher
from shipper.config import Queue as Settings
from shipper.errors import QueueError

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

_BUCKET_ARN = re.compile(r"arn:aws[a-z-]*:s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])")

BATCH: Final = 10
"""Most messages of one request to SQS."""


class Message(Struct, frozen=True, gc=False, kw_only=True):
    """
    A message in hand.

    Attributes:
        id: of the message, the same in every receive
        receipt_handle: of this receive; only the latest one deletes the message
        body: what was sent
        sent_at: when it was sent
        receive_count: how often it was received, this receive included
    """

    id: str
    receipt_handle: str
    body: str
    sent_at: datetime
    receive_count: int


class QueueFacts(Struct, frozen=True):
    """
    What a queue says of itself.

    Attributes:
        redrive: whether messages that nobody can handle are moved to a dead-letter queue
        waiting: messages that may be received, roughly
        in_flight: messages that some consumer has in hand, roughly
        buckets: names of the buckets whose notifications the queue's policy lets in
    """

    redrive: bool
    waiting: int
    in_flight: int
    buckets: tuple[str, ...]


class Queue(Protocol):
    """Where messages come from; `SqsQueue` is the real one."""

    @property
    def name(self) -> str:
        """Last part of the URL, for logs and metrics."""

    @property
    def visibility_seconds(self) -> int:
        """How long a message stays hidden from other consumers after a receive or an extension."""

    async def has_redrive(self) -> bool:
        """
        Tell whether the queue moves messages that nobody can handle to a dead-letter queue.

        Raises:
            QueueError: SQS does not answer, or refuses
        """

    async def receive(self, most: int) -> list[Message]:
        """
        Wait for messages, up to the queue's long-polling time.

        Args:
            most: messages wanted, `BATCH` at most

        Raises:
            QueueError: SQS does not answer, or refuses
        """

    async def acknowledge(self, message: Message) -> None:
        """
        Delete a message that is done with.

        Raises:
            QueueError: it was not deleted, so it comes again
        """

    async def release(self, message: Message, *, delay_seconds: int) -> None:
        """
        Give a message back, to be received again after some time.

        Raises:
            QueueError: it comes again when its visibility ends
        """

    async def extend(self, messages: Sequence[Message]) -> list[Message]:
        """
        Keep messages hidden for another period; give those that are lost, since their receipt is no longer valid.

        Raises:
            QueueError: SQS does not answer, or refuses, or did not do so for all others
        """


class SqsQueue:
    """
    An SQS queue.

    Args:
        session: opens the client
        settings: URL, region and times
    """

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session = session
        self._settings = settings
        self._client: SQSClient | None = None
        self._deletions = Batcher(self._delete, size=BATCH)

    @property
    def name(self) -> str:
        """Last part of the URL."""
        return self._settings.url.rpartition("/")[2]

    @property
    def visibility_seconds(self) -> int:
        """How long a message stays hidden; see `Queue`."""
        return self._settings.visibility_seconds

    async def has_redrive(self) -> bool:
        """Tell whether there is a redrive policy; see `Queue`."""
        return (await self.facts()).redrive

    async def facts(self) -> QueueFacts:
        """
        Ask the queue about itself.

        Raises:
            QueueError: SQS does not answer, or refuses
        """
        async with self._asking("sqs:GetQueueAttributes") as client:
            answer = await client.get_queue_attributes(
                QueueUrl=self._settings.url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "Policy",
                    "RedrivePolicy",
                ],
            )
        told = answer.get("Attributes", {})
        return QueueFacts(
            redrive=bool(told.get("RedrivePolicy")),
            waiting=int(told.get("ApproximateNumberOfMessages", 0)),
            in_flight=int(told.get("ApproximateNumberOfMessagesNotVisible", 0)),
            buckets=tuple(dict.fromkeys(_BUCKET_ARN.findall(told.get("Policy", "")))),
        )

    async def receive(self, most: int) -> list[Message]:
        """Wait for messages; see `Queue`."""
        async with self._asking("sqs:ReceiveMessage") as client:
            answer = await client.receive_message(
                QueueUrl=self._settings.url,
                MaxNumberOfMessages=most,
                WaitTimeSeconds=self._settings.wait_seconds,
                VisibilityTimeout=self._settings.visibility_seconds,
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            )
        return [
            Message(
                id=message["MessageId"],
                receipt_handle=message["ReceiptHandle"],
                body=message["Body"],
                sent_at=datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
                receive_count=int(message["Attributes"]["ApproximateReceiveCount"]),
            )
            for message in answer.get("Messages", [])
        ]

    async def acknowledge(self, message: Message) -> None:
        """Delete a message, together with others that are done with at the same time; see `Queue`."""
        await self._deletions.add(message)

    async def release(self, message: Message, *, delay_seconds: int) -> None:
        """Give a message back; see `Queue`."""
        async with self._asking("sqs:ChangeMessageVisibility") as client:
            await client.change_message_visibility(
                QueueUrl=self._settings.url, ReceiptHandle=message.receipt_handle, VisibilityTimeout=delay_seconds
            )

    async def extend(self, messages: Sequence[Message]) -> list[Message]:
        """Keep messages hidden for another period, each batch whatever becomes of the others; see `Queue`."""
        batches = [messages[start : start + BATCH] for start in range(0, len(messages), BATCH)]
        failed: list[Message] = []
        for outcome in await asyncio.gather(*map(self._extend, batches), return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
            failed += outcome
        return failed

    async def _extend(self, messages: Sequence[Message]) -> list[Message]:
        async with self._asking("sqs:ChangeMessageVisibility") as client:
            answer = await client.change_message_visibility_batch(
                QueueUrl=self._settings.url,
                Entries=[
                    {
                        "Id": str(index),
                        "ReceiptHandle": message.receipt_handle,
                        "VisibilityTimeout": self._settings.visibility_seconds,
                    }
                    for index, message in enumerate(messages)
                ],
            )
        failed = answer.get("Failed", [])
        for entry in failed:
            if not entry["SenderFault"]:
                raise QueueError(f"SQS did not extend a message, {entry['Code']}: {entry.get('Message', '')}")
        return [messages[int(entry["Id"])] for entry in failed]

    async def _delete(self, messages: Sequence[Message]) -> dict[int, str]:
        """Delete up to ten messages; give what SQS says of those that it did not delete."""
        async with self._asking("sqs:DeleteMessage") as client:
            answer = await client.delete_message_batch(
                QueueUrl=self._settings.url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message.receipt_handle}
                    for index, message in enumerate(messages)
                ],
            )
        return {
            int(entry["Id"]): f"SQS did not delete a message, {entry['Code']}: {entry.get('Message', '')}"
            for entry in answer.get("Failed", [])
        }

    @asynccontextmanager
    async def _asking(self, permission: str) -> AsyncIterator["SQSClient"]:
        """Give the client; make our errors of those of botocore."""
        with errors_of_sqs(permission):
            if self._client is None:
                self._client = await self._session.client("sqs", self._settings.region)
            yield self._client


@contextmanager
def errors_of_sqs(permission: str) -> Iterator[None]:
    """
    Make our errors of those of botocore.

    Args:
        permission: that the request needs

    Raises:
        QueueError: the request failed
    """
    try:
        yield
    except ClientError as error:
        raise QueueError(refusal(error, "SQS", f"{permission} is needed on the queue")) from error
    except BotoCoreError as error:
        raise QueueError(f"SQS does not answer: {error}") from error
