"""
Messages of a dead-letter queue back to where they came from.

A message is deleted only when the other queue has taken it: whoever interrupts this may find a message in both queues,
never in none, and an object that is announced twice is indexed once. SQS has a task for the same, StartMessageMoveTask,
but not every stand-in for SQS knows it, and it has no limit.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from shipper.errors import QueueError
from shipper.queue import BATCH, errors_of_sqs

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient
    from types_aiobotocore_sqs.type_defs import MessageTypeDef

EMPTY_RECEIVES: Final = 2
"""So many receives in a row without a message to move: the queue is empty."""

WAIT_SECONDS: Final = 2

VISIBILITY_SECONDS: Final = 120
"""More than it takes to send and delete ten messages."""


class Moved(Struct, frozen=True):
    """
    What became of the messages so far.

    Attributes:
        sent: to the other queue
        twice: of these, not deleted: they are in both queues
        left: not sent, or come back since this began
    """

    sent: int = 0
    twice: int = 0
    left: int = 0


class Requeue:
    """
    Moves messages from one queue to another.

    Args:
        client: for both queues
        source: URL of the queue to empty
        target: URL of the queue to fill
        now: messages sent later are left: they have come back from the target already
    """

    def __init__(self, client: "SQSClient", source: str, target: str, now: datetime) -> None:
        self._client = client
        self._source = source
        self._target = target
        self._now = now

    async def waiting(self) -> int:
        """
        Tell how many messages there are to move, roughly.

        Raises:
            QueueError: SQS does not answer, or refuses
        """
        with errors_of_sqs("sqs:GetQueueAttributes"):
            answer = await self._client.get_queue_attributes(
                QueueUrl=self._source, AttributeNames=["ApproximateNumberOfMessages"]
            )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    async def run(self, limit: int | None = None) -> AsyncIterator[Moved]:
        """
        Move messages until there are no more; tells after each batch how far it is.

        Raises:
            QueueError: SQS does not answer, or refuses
        """
        sent: set[str] = set()
        twice: set[str] = set()
        left: set[str] = set()
        empty = 0
        while empty < EMPTY_RECEIVES and (limit is None or len(sent) < limit):
            received = await self._receive(BATCH if limit is None else min(BATCH, limit - len(sent)))
            taken = await self._send([one for one in received if self._is_to_move(one, sent)])
            deleted = await self._delete(taken)
            sent |= _ids(taken)
            twice |= _ids(taken) - deleted
            left |= _ids(received) - sent
            empty = 0 if taken else empty + 1
            yield Moved(len(sent), len(twice), len(left - sent))

    def _is_to_move(self, message: "MessageTypeDef", sent: set[str]) -> bool:
        return message["MessageId"] not in sent and _sent_at(message) <= self._now

    async def _receive(self, most: int) -> list["MessageTypeDef"]:
        with errors_of_sqs("sqs:ReceiveMessage"):
            answer = await self._client.receive_message(
                QueueUrl=self._source,
                MaxNumberOfMessages=most,
                WaitTimeSeconds=WAIT_SECONDS,
                VisibilityTimeout=VISIBILITY_SECONDS,
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            )
        return answer.get("Messages", [])

    async def _send(self, messages: list["MessageTypeDef"]) -> list["MessageTypeDef"]:
        """Send messages with their attributes; give those that were taken."""
        if not messages:
            return []
        with errors_of_sqs("sqs:SendMessage"):
            answer = await self._client.send_message_batch(
                QueueUrl=self._target,
                Entries=[
                    {
                        "Id": str(number),
                        "MessageBody": message["Body"],
                        "MessageAttributes": message.get("MessageAttributes", {}),
                    }
                    for number, message in enumerate(messages)
                ],
            )
        taken = [messages[int(entry["Id"])] for entry in answer.get("Successful", [])]
        if not taken:
            told = answer["Failed"][0]
            raise QueueError(f"SQS takes none of the messages, {told['Code']}: {told.get('Message', '')}")
        return taken

    async def _delete(self, messages: list["MessageTypeDef"]) -> set[str]:
        """Delete messages; give the ids of those that were."""
        if not messages:
            return set()
        with errors_of_sqs("sqs:DeleteMessage"):
            answer = await self._client.delete_message_batch(
                QueueUrl=self._source,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(messages)
                ],
            )
        return {messages[int(entry["Id"])]["MessageId"] for entry in answer.get("Successful", [])}


def _ids(messages: list["MessageTypeDef"]) -> set[str]:
    return {message["MessageId"] for message in messages}


def _sent_at(message: "MessageTypeDef") -> datetime:
    """Give when a message was sent first; being moved to a dead-letter queue does not change that."""
    return datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
