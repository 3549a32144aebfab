"""SQS over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from types_aiobotocore_sqs import SQSClient

from shipper.aws import Session
from shipper.config import Aws
from shipper.config import Queue as Settings
from shipper.errors import QueueError
from shipper.queue import SqsQueue

REGION = "eu-central-1"


@pytest.fixture
async def session(aws_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Session]:
    """Clients of the AWS of the tests, with credentials from the environment as in a container."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    async with Session(Aws(endpoint_url=aws_url), connections=20) as opened:
        yield opened


async def new_queue(sqs: SQSClient, name: str, **attributes: str) -> str:
    """Make a queue; gives its URL."""
    return (await sqs.create_queue(QueueName=name, Attributes=attributes))["QueueUrl"]  # type: ignore[arg-type]


def queue(session: Session, url: str, **settings: Any) -> SqsQueue:
    """Make a queue as the daemon does."""
    return SqsQueue(session, Settings(url=url, region=REGION, **{"wait_seconds": 0, **settings}))


async def left(sqs: SQSClient, url: str) -> tuple[int, int]:
    """Give how many messages can be received, and how many are in flight."""
    told = (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))["Attributes"]
    return int(told["ApproximateNumberOfMessages"]), int(told["ApproximateNumberOfMessagesNotVisible"])


async def test_receive_and_acknowledge(session: Session, sqs: SQSClient, unique: str) -> None:
    """A message is received with all that is said of it, hidden meanwhile, and gone when it is acknowledged."""
    url = await new_queue(sqs, unique)
    sent = await sqs.send_message(QueueUrl=url, MessageBody="héllo")
    ours = queue(session, url)
    (message,) = await ours.receive(10)
    assert (message.id, message.body, message.receive_count) == (sent["MessageId"], "héllo", 1)
    assert abs((datetime.now(UTC) - message.sent_at).total_seconds()) < 60
    assert await ours.receive(10) == []
    assert await left(sqs, url) == (0, 1)
    await ours.acknowledge(message)
    assert await left(sqs, url) == (0, 0)


async def test_no_more_than_wanted(session: Session, sqs: SQSClient, unique: str) -> None:
    """No more messages come than there is room for."""
    url = await new_queue(sqs, unique)
    for _ in range(4):
        await sqs.send_message(QueueUrl=url, MessageBody="a")
    ours = queue(session, url)
    assert len(await ours.receive(1)) == 1
    assert len(await ours.receive(10)) == 3


async def test_many_acknowledgements(session: Session, sqs: SQSClient, unique: str) -> None:
    """Messages that are done with together are deleted in batches, and all of them are."""
    url = await new_queue(sqs, unique)
    for number in range(25):
        await sqs.send_message(QueueUrl=url, MessageBody=f"{number}")
    ours = queue(session, url)
    messages = [message for _ in range(5) for message in await ours.receive(10)]
    assert len(messages) == 25
    await asyncio.gather(*map(ours.acknowledge, messages))
    assert await left(sqs, url) == (0, 0)


async def test_release(session: Session, sqs: SQSClient, unique: str) -> None:
    """A message that is given back without delay comes again at once, and says that it was received before."""
    url = await new_queue(sqs, unique)
    await sqs.send_message(QueueUrl=url, MessageBody="a")
    ours = queue(session, url)
    (first,) = await ours.receive(10)
    await ours.release(first, delay_seconds=0)
    (second,) = await ours.receive(10)
    assert (second.id, second.receive_count) == (first.id, 2)
    assert second.receipt_handle != first.receipt_handle
    await ours.release(second, delay_seconds=600)
    assert await ours.receive(10) == []


async def test_extend(session: Session, sqs: SQSClient, unique: str) -> None:
    """Messages are kept hidden; one that is gone is named, and does not keep the others from being extended."""
    url = await new_queue(sqs, unique)
    for number in range(12):
        await sqs.send_message(QueueUrl=url, MessageBody=f"{number}")
    ours = queue(session, url, visibility_seconds=30)
    messages = [*await ours.receive(10), *await ours.receive(10)]
    await ours.acknowledge(messages[3])
    assert await ours.extend(messages) == [messages[3]]
    assert await left(sqs, url) == (0, 11)


async def test_a_receipt_of_a_deleted_message(session: Session, sqs: SQSClient, unique: str) -> None:
    """A message that is gone cannot be given back, and deleting it once more does no harm."""
    url = await new_queue(sqs, unique)
    await sqs.send_message(QueueUrl=url, MessageBody="a")
    ours = queue(session, url)
    (message,) = await ours.receive(10)
    await ours.acknowledge(message)
    with pytest.raises(QueueError, match="SQS answered"):
        await ours.release(message, delay_seconds=0)
    await asyncio.gather(ours.acknowledge(message), return_exceptions=True)
    assert await left(sqs, url) == (0, 0)


async def test_redrive_policy(session: Session, sqs: SQSClient, unique: str) -> None:
    """A queue with a redrive policy is told from one without."""
    dead = await new_queue(sqs, f"{unique}-dead")
    arn = (await sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"]))["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    url = await new_queue(sqs, unique, RedrivePolicy=policy)
    assert await queue(session, url).has_redrive() is True
    assert await queue(session, dead).has_redrive() is False


async def test_a_queue_that_is_not_there(session: Session, sqs: SQSClient, unique: str) -> None:
    """A queue that does not exist is an error that says so, whatever is asked of it."""
    url = await new_queue(sqs, unique)
    gone = queue(session, f"{url}-gone")
    for asked in (gone.has_redrive(), gone.receive(10)):
        with pytest.raises(QueueError, match=r"SQS answered .*NonExistentQueue"):
            await asked


async def test_nobody_listens(unique: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An SQS that cannot be reached is an error that names the address."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    nowhere = Aws(endpoint_url="http://127.0.0.1:1", max_attempts=1)
    async with Session(nowhere, connections=1) as session:
        ours = queue(session, f"http://127.0.0.1:1/123456789012/{unique}")
        with pytest.raises(QueueError, match=r"SQS does not answer: .*127\.0\.0\.1:1"):
            await ours.receive(10)
