"""
Findings of an organization's analyzers, as EventBridge and Firehose deliver them: an event each, a line each.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-eventbridge.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import msgspec

from benchmarks.inputs import Facts, Framing, Input, over_and_over
from benchmarks.packing import unpacked
from benchmarks.vocabulary import uuid, word
from shipper.demo.objects import StoredObject, zipped

_FIRST: Final = datetime(2026, 2, 3, 9, 5, tzinfo=UTC)
_REGION: Final = "eu-west-3"
_KINDS: Final = ("Access Analyzer Finding", "Internal Access Finding", "Unused Access Finding for IAM entities")
_UNUSED: Final = ("UnusedIAMRole", "UnusedIAMUserAccessKey", "UnusedIAMUserPassword", "UnusedPermission")

Fields = dict[str, Any]


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write the objects of a Firehose stream, each of some minutes."""
    for number in range(objects):
        time = _FIRST + number * timedelta(minutes=5)
        events = [_event(random, time) for _ in range(records // objects)]
        text = b"".join([msgspec.json.encode(event) + b"\n" for event in events])
        name = f"findings-1-{time:%Y-%m-%d-%H-%M-%S}-{uuid(random)}.gz"
        yield StoredObject(f"access-analyzer/{time:%Y/%m/%d/%H}/{name}", zipped(text))


def _account(random: Random) -> str:
    return f"{random.randrange(40) + 200_000_000_000}"


def _event(random: Random, time: datetime) -> Fields:
    account, kind = _account(random), random.choices(_KINDS, (5, 2, 3))[0]
    return {
        "version": "0",
        "id": uuid(random),
        "detail-type": kind,
        "source": "aws.access-analyzer",
        "account": account,
        "time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "region": _REGION,
        "resources": [f"arn:aws:access-analyzer:{_REGION}:{account}:analyzer/{word(random)}"],
        "detail": _unused(random, account, time) if kind == _KINDS[2] else _access(random, account, time, kind),
    }


def _written(random: Random, time: datetime, form: str) -> str:
    return f"{time - timedelta(seconds=random.randrange(90_000)):%Y-%m-%dT%H:%M:%S}{form}"


def _access(random: Random, account: str, time: datetime, kind: str) -> Fields:
    is_internal, principal = kind == _KINDS[1], f"arn:aws:iam::{_account(random)}:role/{word(random)}"
    form = f".{random.randrange(10**9):09}Z" if is_internal else "Z"
    fields = {
        "accessType": "INTRA_ORG",
        "findingType": "InternalAccess",
        "principalOwnerAccount": account,
        "principalType": "IAM_ROLE",
        "resourceControlPolicyRestrictionType": "NOT_APPLICABLE",
        "serviceControlPolicyRestrictionType": "APPLICABLE",
    }
    return {
        "id": uuid(random),
        "version": "1.0",
        "status": random.choice(("ACTIVE", "ACTIVE", "ARCHIVED", "RESOLVED")),
        "isDeleted": random.random() < 0.05,
        "accountId": account,
        "resource": f"arn:aws:s3:::{word(random)}-{word(random)}",
        "resourceType": random.choice(("AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SQS::Queue")),
        "action": [f"s3:{verb}Object" for verb in ("Get", "Put", "Delete")[: random.randrange(1, 4)]],
        "condition": {"aws:SourceVpc": f"vpc-{word(random)}"} if random.random() < 0.3 else {},
        "principal": {"AWS": random.choice((principal, principal, "*", _account(random)))},
        "createdAt": _written(random, time, form),
        "updatedAt": _written(random, time, form),
        "analyzedAt": _written(random, time, form),
        **(fields if is_internal else {"isPublic": random.random() < 0.1, "region": _REGION}),
    }


def _unused(random: Random, account: str, time: datetime) -> Fields:
    kind = random.choice(_UNUSED)
    counts = {"numberOfUnusedServices": random.randrange(40), "numberOfUnusedActions": random.randrange(900)}
    return {
        "findingId": uuid(random),
        "version": uuid(random),
        "status": random.choice(("ACTIVE", "ACTIVE", "RESOLVED")),
        "previousStatus": random.choice(("", "ACTIVE")),
        "isDeleted": False,
        "accountId": account,
        "resource": f"arn:aws:iam::{account}:role/{word(random)}",
        "resourceType": "AWS::IAM::Role",
        "findingType": kind,
        "createdAt": _written(random, time, ".758Z"),
        "updatedAt": _written(random, time, f".{random.randrange(1000):03}Z"),
        "analyzedAt": _written(random, time, ".758Z"),
        **(counts if kind == _UNUSED[3] else {}),
    }


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes findings varied."""
    records = written = packed = 0
    kinds: Counter[str] = Counter()
    for stored in objects:
        text = unpacked(stored.body)
        packed += len(stored.body)
        written += len(text)
        for line in text.splitlines():
            records += 1
            kinds[msgspec.json.decode(line)["detail-type"]] += 1
    return {
        "records": records,
        "bytes a record": round(written / records),
        "gzip ratio": round(written / packed, 1),
        **dict(kinds.most_common()),
    }


inputs: Final = (Input("aws.access_analyzer", 50_000, write, facts, {"": Framing(over_and_over)}),)
