"""SQS as far as it makes sense without a server: what is asked together, and what its errors mean."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoRegionError
from fakes import on_fake_time

from shipper.batcher import Batcher
from shipper.config import Queue as Settings
from shipper.errors import QueueError
from shipper.queue import Message, SqsQueue

URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/security-logs"


class Sqs:
    """
    A client of SQS and the session that opens it.

    Attributes:
        calls: operation and arguments of each request
        answers: what each operation answers, or raises
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {}
        self.opened: list[tuple[str, str | None]] = []
        self.fault: Exception | None = None

    async def client(self, service: str, region: str | None) -> "Sqs":
        """Open the client."""
        if self.fault is not None:
            raise self.fault
        self.opened.append((service, region))
        return self

    def __getattr__(self, operation: str) -> Any:
        async def call(**arguments: Any) -> Any:
            self.calls.append((operation, arguments))
            answer = self.answers.get(operation, {})
            if callable(answer):
                answer = answer(arguments)
            if isinstance(answer, Exception):
                raise answer
            await asyncio.sleep(1)
            return answer

        return call


def queue(sqs: Sqs, **settings: Any) -> SqsQueue:
    """Make a queue of that client."""
    return SqsQueue(sqs, Settings(url=URL, region="eu-central-1", **settings))  # type: ignore[arg-type]


def message(number: int = 0) -> Message:
    """Make a message in hand."""
    return Message(
        id=f"id-{number}", receipt_handle=f"receipt-{number}", body="", sent_at=datetime.now(UTC), receive_count=1
    )


def refusal(code: str) -> ClientError:
    """Make an error as botocore does of an answer."""
    return ClientError({"Error": {"Code": code, "Message": "so it is"}}, "ReceiveMessage")


@on_fake_time
async def test_receive() -> None:
    """A receive asks for as many messages as wanted, waits and hides as configured, and says when they were sent."""
    sqs = Sqs()
    told = {"SentTimestamp": "1785758400123", "ApproximateReceiveCount": "3"}
    sqs.answers["receive_message"] = {
        "Messages": [{"MessageId": "a", "ReceiptHandle": "b", "Body": "c", "Attributes": told}]
    }
    (received,) = await queue(sqs, wait_seconds=7, visibility_seconds=99).receive(4)
    assert received == Message(
        id="a",
        receipt_handle="b",
        body="c",
        sent_at=datetime(2026, 8, 3, 12, 0, 0, 123_000, UTC),
        receive_count=3,
    )
    ((_, asked),) = sqs.calls
    assert asked["QueueUrl"] == URL
    assert (asked["MaxNumberOfMessages"], asked["WaitTimeSeconds"], asked["VisibilityTimeout"]) == (4, 7, 99)
    assert sqs.opened == [("sqs", "eu-central-1")]


@on_fake_time
async def test_nothing_received() -> None:
    """An answer without messages is an empty list."""
    assert await queue(Sqs()).receive(10) == []


@on_fake_time
async def test_name() -> None:
    """A queue is called by the last part of its URL."""
    assert queue(Sqs()).name == "security-logs"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (refusal("AccessDenied"), "sqs:ReceiveMessage is needed on the queue, SQS answered AccessDenied: so it is"),
        (refusal("AWS.SimpleQueueService.NonExistentQueue"), "NonExistentQueue"),
        (EndpointConnectionError(endpoint_url=URL), "SQS does not answer: Could not connect"),
    ],
)
@on_fake_time
async def test_errors_of_requests(error: Exception, told: str) -> None:
    """An error of botocore becomes ours, and names the permission that is missing."""
    sqs = Sqs()
    sqs.answers["receive_message"] = error
    with pytest.raises(QueueError, match=told):
        await queue(sqs).receive(10)


@on_fake_time
async def test_errors_of_the_client() -> None:
    """A client that cannot be opened is an error of the queue, and is tried again with the next request."""
    sqs = Sqs()
    sqs.fault = NoRegionError()
    asked = queue(sqs)
    with pytest.raises(QueueError, match="region"):
        await asked.has_redrive()
    sqs.fault = None
    assert await asked.has_redrive() is False


@pytest.mark.parametrize(("told", "redrive"), [({"RedrivePolicy": "{}"}, True), ({}, False)])
@on_fake_time
async def test_redrive_policy(*, told: dict[str, str], redrive: bool) -> None:
    """A queue has a redrive policy if it says so."""
    sqs = Sqs()
    sqs.answers["get_queue_attributes"] = {"Attributes": told}
    assert await queue(sqs).has_redrive() is redrive


# -- deleting ----------------------------------------------------------------------------------------------------------


def deleted(sqs: Sqs) -> list[list[str]]:
    """Receipts of each deletion."""
    return [
        [entry["ReceiptHandle"] for entry in asked["Entries"]]
        for operation, asked in sqs.calls
        if operation == "delete_message_batch"
    ]


@on_fake_time
async def test_deletions_of_one_moment_go_together() -> None:
    """Messages that are done with at the same time are deleted ten at a time."""
    sqs = Sqs()
    ours = queue(sqs)
    await asyncio.gather(*(ours.acknowledge(message(number)) for number in range(25)))
    assert [len(batch) for batch in deleted(sqs)] == [10, 10, 5]
    assert sorted(chain(*deleted(sqs))) == sorted(f"receipt-{number}" for number in range(25))


@on_fake_time
async def test_a_single_deletion_does_not_wait() -> None:
    """A message that is done with alone is deleted at once."""
    sqs = Sqs()
    await queue(sqs).acknowledge(message())
    assert asyncio.get_running_loop().time() == 1.0


@on_fake_time
async def test_deletions_under_way_gather_the_next() -> None:
    """What is done with while a deletion is under way goes with the next one, and none is forgotten."""
    sqs = Sqs()
    ours = queue(sqs)
    tasks = []
    for number in range(30):
        tasks.append(asyncio.create_task(ours.acknowledge(message(number))))
        await asyncio.sleep(0.1)
    await asyncio.gather(*tasks)
    assert len(list(chain(*deleted(sqs)))) == 30
    assert len(deleted(sqs)) <= 5
    await ours.acknowledge(message(99))
    assert deleted(sqs)[-1] == ["receipt-99"]


@on_fake_time
async def test_a_message_that_is_not_deleted_is_an_error_of_its_own() -> None:
    """Of a batch, only those messages fail that SQS names."""
    sqs = Sqs()
    failed = {"Id": "1", "Code": "ReceiptHandleIsInvalid", "Message": "expired", "SenderFault": True}
    sqs.answers["delete_message_batch"] = {"Failed": [failed]}
    ours = queue(sqs)
    outcomes = await asyncio.gather(*(ours.acknowledge(message(number)) for number in range(3)), return_exceptions=True)
    assert outcomes[0] is outcomes[2] is None
    assert str(outcomes[1]) == "SQS did not delete a message, ReceiptHandleIsInvalid: expired"


@on_fake_time
async def test_a_deletion_that_fails_fails_for_all() -> None:
    """When the request itself fails, every message of it is told; the next request is made all the same."""
    sqs = Sqs()
    answers = iter([refusal("AccessDenied"), {}])
    sqs.answers["delete_message_batch"] = lambda _: next(answers)
    ours = queue(sqs)
    outcomes = await asyncio.gather(
        *(ours.acknowledge(message(number)) for number in range(15)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [QueueError] * 10 + [type(None)] * 5
    assert "sqs:DeleteMessage" in str(outcomes[0])


@on_fake_time
async def test_who_is_cancelled_does_not_disturb_the_others() -> None:
    """A message whose deletion nobody waits for any more is deleted with its neighbours."""
    sqs = Sqs()
    ours = queue(sqs)
    tasks = [asyncio.create_task(ours.acknowledge(message(number))) for number in range(3)]
    await asyncio.sleep(0.5)
    tasks[1].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), asyncio.CancelledError, type(None)]


@on_fake_time
async def test_a_batcher_keeps_its_size() -> None:
    """No request has more items than allowed."""
    sizes = []

    async def send(items: Sequence[int]) -> dict[int, str]:
        sizes.append(len(items))
        return {}

    batcher = Batcher(send, size=4)
    await asyncio.gather(*map(batcher.add, range(10)))
    assert sizes == [4, 4, 2]


# -- giving back and keeping -------------------------------------------------------------------------------------------


@on_fake_time
async def test_release() -> None:
    """A message is given back by setting what is left of its visibility."""
    sqs = Sqs()
    await queue(sqs).release(message(), delay_seconds=40)
    ((operation, asked),) = sqs.calls
    assert operation == "change_message_visibility"
    assert (asked["ReceiptHandle"], asked["VisibilityTimeout"]) == ("receipt-0", 40)


@on_fake_time
async def test_extend() -> None:
    """Messages are kept hidden ten a request, all requests at once; those whose receipt is not valid are given."""
    sqs = Sqs()
    sqs.answers["change_message_visibility_batch"] = lambda asked: {
        "Failed": [
            {"Id": entry["Id"], "SenderFault": True}
            for entry in asked["Entries"]
            if entry["ReceiptHandle"] == "receipt-13"
        ]
    }
    failed = await queue(sqs, visibility_seconds=77).extend([message(number) for number in range(25)])
    assert [one.id for one in failed] == ["id-13"]
    assert [len(asked["Entries"]) for _, asked in sqs.calls] == [10, 10, 5]
    assert {entry["VisibilityTimeout"] for _, asked in sqs.calls for entry in asked["Entries"]} == {77}
    assert asyncio.get_running_loop().time() == 1.0


@on_fake_time
async def test_an_extension_that_sqs_failed_to_make() -> None:
    """A message that SQS did not extend through no fault of its receipt is not lost: it is to be tried again."""
    sqs = Sqs()
    sqs.answers["change_message_visibility_batch"] = lambda _: {
        "Failed": [{"Id": "0", "SenderFault": False, "Code": "InternalError"}]
    }
    with pytest.raises(QueueError, match="InternalError"):
        await queue(sqs).extend([message(0), message(1)])


@on_fake_time
async def test_one_failed_extension_does_not_keep_the_others_from_being_made() -> None:
    """When one request fails, the messages of all others are kept hidden all the same."""
    sqs = Sqs()
    answers = iter([refusal("RequestThrottled"), {}, {}])
    sqs.answers["change_message_visibility_batch"] = lambda _: next(answers)
    with pytest.raises(QueueError, match="RequestThrottled"):
        await queue(sqs).extend([message(number) for number in range(25)])
    assert len(sqs.calls) == 3
