"""How records and objects of the sources are written, and where a record's id stands in them."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import Struct

Kind = Literal["good", "refused", "undecodable", "columns", "mapping_failed"]

ID: Final = re.compile(r"(?:eni-|[0-9a-f]{8}-0000-4000-8000-)[0-9a-f]{12}")
"""How an id looks; no other part of a record does."""

BAD_KINDS: Final[dict[str, tuple[Kind, ...]]] = {
    "trail": ("undecodable", "mapping_failed"),
    "flow": ("columns", "refused"),
}
REASONS: Final = {
    "refused": frozenset({"document_rejected"}),
    "undecodable": frozenset({"undecodable"}),
    "columns": frozenset({"columns"}),
    "mapping_failed": frozenset({"mapping_failed"}),
}

EVENT_TIME: Final = "2026-02-03T10:11:12Z"
FLOW_SPAN: Final = "1770109500 1770109560"
"""When all events happen, and when all flows begin and end."""

_ACCOUNT: Final = "123456789012"
_FLOW_2: Final = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
)
_FLOW_5: Final = (
    "interface-id version account-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
    "log-status vpc-id tcp-flags type flow-direction traffic-path"
)
_UNFIT: Final = "9999999999999999999"
"""A whole number that is too large for a field of type long."""


class Written(Struct, frozen=True):
    """A record with its id and what is wrong with it."""

    id: str
    kind: Kind
    text: bytes


def key(form: str, ordinal: int) -> str:
    """Name an object as AWS names those of its source."""
    if form.startswith("trail"):
        return (
            f"AWSLogs/{_ACCOUNT}/CloudTrail/eu-central-1/2026/02/03/"
            f"{_ACCOUNT}_CloudTrail_eu-central-1_20260203T1015Z_{form}{ordinal:04d}.json.gz"
        )
    return (
        f"AWSLogs/{_ACCOUNT}/vpcflowlogs/eu-central-1/2026/02/03/"
        f"{_ACCOUNT}_vpcflowlogs_eu-central-1_fl-1234abcd_20260203T0905Z_{form}{ordinal:04d}.log.gz"
    )


def dataset(key: str) -> str:
    """Give the dataset of an object with such a name."""
    return "aws.cloudtrail" if "/CloudTrail/" in key else "aws.vpcflow"


def digest_key(ordinal: int) -> str:
    """Name a digest of CloudTrail, which holds no logs."""
    return (
        f"AWSLogs/{_ACCOUNT}/CloudTrail-Digest/eu-central-1/2026/02/03/{_ACCOUNT}_CloudTrail-Digest_{ordinal}.json.gz"
    )


def written(form: str, seed: int, number: int, kind: Kind) -> Written:
    """Write one record; its id is made of the seed and its number."""
    if form.startswith("trail"):
        id_ = f"{seed & 0xFFFFFFFF:08x}-0000-4000-8000-{number:012x}"
        return Written(id_, kind, _event(id_, number, kind))
    id_ = f"eni-{seed & 0xFFFF:04x}{number:08x}"
    return Written(id_, kind, _flow(id_, number, kind, version=5 if form == "flow_5" else 2))


def body(form: str, texts: Sequence[bytes]) -> bytes:
    """Join records to what is packed into an object."""
    if form == "trail":
        return b'{"Records":[' + b",".join(texts) + b"]}"
    if form == "trail_lines":
        return b"\n".join(texts)
    if form.endswith("_cloudwatch"):
        return b"".join(_subscription(texts[start : start + 50]) for start in range(0, len(texts), 50))
    header = (_FLOW_5 if form == "flow_5" else _FLOW_2).encode()
    return b"\n".join((header, *texts)) + b"\n"


def _event(id_: str, number: int, kind: Kind) -> bytes:
    event: dict[str, Any] = {
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": _ACCOUNT},
        "eventTime": EVENT_TIME,
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances",
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "203.0.113.7",
        "requestParameters": {"number": number, "filter": "x" * (number * 37 % 400)},
        "responseElements": None,
        "eventID": id_,
    }
    if kind == "mapping_failed":
        del event["eventTime"]
    text = json.dumps(event, separators=(",", ":")).encode()
    return text.replace(b'"number":', b'"number":,', 1) if kind == "undecodable" else text


def _flow(id_: str, number: int, kind: Kind, *, version: int) -> bytes:
    octets = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    size = _UNFIT if kind == "refused" else str(number * 40)
    head = f"{id_} 5 {_ACCOUNT}" if version == 5 else f"2 {_ACCOUNT} {id_}"
    if kind == "columns":
        return f"{head} {octets}".encode()
    line = f"{head} {octets} 10.0.0.2 {number % 60000 + 1} 443 6 20 {size} {FLOW_SPAN} ACCEPT OK"
    return (line + (" vpc-0a1b2c3d 19 IPv4 egress 8" if version == 5 else "")).encode()


def _subscription(texts: Sequence[bytes]) -> bytes:
    """Wrap records as a subscription of CloudWatch Logs does."""
    events = [
        {"id": str(index), "timestamp": 1770109500000 + index, "message": text.decode()}
        for index, text in enumerate(texts)
    ]
    envelope = {
        "messageType": "DATA_MESSAGE",
        "owner": _ACCOUNT,
        "logGroup": "security/logs",
        "logStream": "one",
        "subscriptionFilters": ["to-firehose"],
        "logEvents": events,
    }
    return json.dumps(envelope, separators=(",", ":")).encode()
