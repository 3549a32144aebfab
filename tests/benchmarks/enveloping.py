"""Envelopes as they are put around logs on their way to S3."""

from collections.abc import Iterable
from typing import Final

import msgspec

_FIRST_ID: Final = 37_195_310_660_696_698_337_880_902_507_980_421_114_328_961_542_429_822_156
_MILLISECOND: Final = 1_770_109_200_000


def payload(messages: Iterable[str]) -> bytes:
    """
    Put messages into one payload of a subscription of CloudWatch Logs.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
    """
    events = [
        {"id": f"{_FIRST_ID + at}", "timestamp": _MILLISECOND + at, "message": message}
        for at, message in enumerate(messages)
    ]
    return msgspec.json.encode(
        {
            "messageType": "DATA_MESSAGE",
            "owner": "111122223333",
            "logGroup": "acme/logs",
            "logStream": "111122223333_us-east-1",
            "subscriptionFilters": ["everything"],
            "logEvents": events,
        }
    )


def bare_message(message: str) -> bytes:
    """
    Put a message into what a service that sends through Firehose puts around it; no line feed behind it.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-firehose.html
    """
    return msgspec.json.encode({"message": message})
