"""
SQS: messages in hand, from receipt to acknowledgement.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from shipper.aws import Session
from shipper.config import Queue as Settings
from shipper.errors import QueueError

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

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

    async def receive(self) -> list[Message]:
        """
        Wait for messages, up to the queue's long-polling time.

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
        Keep messages hidden for another period; give those for which that failed.

        Raises:
            QueueError: SQS does not answer, or refuses
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
        self._deletions = _Batcher(self._delete)

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
        client = await self._opened()
        with _mapped("sqs:GetQueueAttributes"):
            answer = await client.get_queue_attributes(QueueUrl=self._settings.url, AttributeNames=["RedrivePolicy"])
        return "RedrivePolicy" in answer.get("Attributes", {})

    async def receive(self) -> list[Message]:
        """Wait for messages; see `Queue`."""
        client = await self._opened()
        with _mapped("sqs:ReceiveMessage"):
            answer = await client.receive_message(
                QueueUrl=self._settings.url,
                MaxNumberOfMessages=BATCH,
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
        client = await self._opened()
        with _mapped("sqs:ChangeMessageVisibility"):
            await client.change_message_visibility(
                QueueUrl=self._settings.url, ReceiptHandle=message.receipt_handle, VisibilityTimeout=delay_seconds
            )

    async def extend(self, messages: Sequence[Message]) -> list[Message]:
        """Keep messages hidden for another period; see `Queue`."""
        client = await self._opened()
        failed: list[Message] = []
        for batch in _batches(messages):
            with _mapped("sqs:ChangeMessageVisibility"):
                answer = await client.change_message_visibility_batch(
                    QueueUrl=self._settings.url,
                    Entries=[
                        {
                            "Id": str(index),
                            "ReceiptHandle": message.receipt_handle,
                            "VisibilityTimeout": self._settings.visibility_seconds,
                        }
                        for index, message in enumerate(batch)
                    ],
                )
            failed += [batch[int(entry["Id"])] for entry in answer.get("Failed", [])]
        return failed

    async def _delete(self, messages: Sequence[Message]) -> dict[int, str]:
        """Delete up to ten messages; give what SQS says of those that it did not delete."""
        client = await self._opened()
        with _mapped("sqs:DeleteMessage"):
            answer = await client.delete_message_batch(
                QueueUrl=self._settings.url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message.receipt_handle}
                    for index, message in enumerate(messages)
                ],
            )
        return {int(entry["Id"]): f"{entry['Code']}: {entry.get('Message', '')}" for entry in answer.get("Failed", [])}

    async def _opened(self) -> "SQSClient":
        if self._client is None:
            self._client = await self._session.client("sqs", self._settings.region)
        return self._client


class _Batcher:
    """Gathers messages that are acknowledged in the same turn of the event loop, or while a request is under way."""

    def __init__(self, send: Callable[[Sequence[Message]], Awaitable[dict[int, str]]]) -> None:
        self._send = send
        self._waiting: list[tuple[Message, asyncio.Future[None]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def add(self, message: Message) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, done))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._run())
        await done

    async def _run(self) -> None:
        await asyncio.sleep(0)
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            outcome: dict[int, str] | Exception
            try:
                outcome = await self._send([message for message, _ in batch])
            except Exception as error:  # noqa: BLE001 -- it is raised where each message is waited for
                outcome = error
            for index, (_, done) in enumerate(batch):
                if done.done():  # who waited was cancelled
                    continue
                if isinstance(outcome, Exception):
                    done.set_exception(outcome)
                elif index in outcome:
                    done.set_exception(QueueError(f"a message was not deleted: {outcome[index]}"))
                else:
                    done.set_result(None)


def _batches(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    for start in range(0, len(messages), BATCH):
        yield messages[start : start + BATCH]


@contextmanager
def _mapped(permission: str) -> Iterator[None]:
    """Make our errors of those of botocore."""
    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {})
        code = told.get("Code", "")
        hint = f"{permission} is needed on the queue, " if "Denied" in code or code == "403" else ""
        raise QueueError(f"{hint}SQS answered {code}: {told.get('Message', '')}") from error
    except BotoCoreError as error:
        raise QueueError(f"SQS does not answer: {error}") from error
