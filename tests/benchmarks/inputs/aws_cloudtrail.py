"""
CloudTrail of a company with a dozen accounts: mostly machines that read, now and then somebody who writes.

What is called, how often relative to the others, with which parameters and answers, stands in
`aws_cloudtrail.events.jsonl`; who calls, in `aws_cloudtrail.identities.jsonl`. See `benchmarks.templates`.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Raw, Struct

from benchmarks.enveloping import bare_message, payload
from benchmarks.inputs import Facts, Framing, Input
from benchmarks.packing import packed_one_by_one, unpacked
from benchmarks.templates import Scene, Template, Vocabulary, compiled
from benchmarks.vocabulary import aws_words, public_ip, uuid
from shipper.demo.objects import Delivery, StoredObject, cloudtrail_object

_AGENTS: Final = (
    "aws-cli/2.27.50 md/awscrt#0.26.1 ua/2.1 os/linux#6.8.0 lang/python#3.13.4",
    "aws-sdk-go-v2/1.36.5 ua/2.1 os/linux lang/go#1.24.4 md/GOARCH#arm64 api/s3#1.83.0",
    "aws-sdk-go/1.55.7 (go1.23.8; linux; amd64) amazon-vpc-cni-k8s/v1.19.6",
    "aws-sdk-java/2.31.63 md/io#sync md/http#Apache ua/2.1 lang/java#21.0.7",
    "aws-sdk-js/3.826.0 ua/2.1 os/linux#5.10.239 lang/js md/nodejs#22.15.0",
    "Boto3/1.40.1 md/Botocore#1.40.1 ua/2.1 os/linux#6.1.0 lang/python#3.12.9",
    "APN/1.0 HashiCorp/1.0 Terraform/1.12.2 terraform-provider-aws/6.4.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "karpenter.sh-1.5.0 aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.24.3",
    "amazon-ssm-agent/3.3.2299.0",
)
_ERRORS: Final = (
    ("AccessDenied", "User: {arn} is not authorized to perform: {action} because no identity-based policy allows it"),
    ("Client.UnauthorizedOperation", "You are not authorized to perform this operation. Encoded authorization failure"),
    ("ThrottlingException", "Rate exceeded"),
    ("ResourceNotFoundException", None),
    ("NoSuchEntityException", "The role with name {action} cannot be found."),
)
_ERROR_SHARE: Final = 0.04
_ENDPOINT_SHARE: Final = 0.08
_TLS_SHARE: Final = 0.2
_CALLS: Final = 12
"""Calls of one session in one object, on the average; some sessions make hundreds."""
_SKEW: Final = 1.5


class _Event(Struct):
    """One line of the catalogue of events."""

    event: str
    weight: int
    request: Any
    response: Any
    read: bool = False
    data: bool = False
    type: str = "AwsApiCall"
    more: dict[str, Any] = {}


class _Identity(Struct):
    """One line of the catalogue of identities."""

    weight: int
    identity: dict[str, Any]
    more: dict[str, Any] = {}


class _Caller(NamedTuple):
    """Somebody whose session lasts for a while: a role, a user, or a service of AWS."""

    identity: dict[str, Any]
    more: dict[str, Any]
    account: str
    address: str
    agent: str


class _Catalogue:
    """What can happen, and who can do it."""

    def __init__(self, words: Vocabulary) -> None:
        self._words = words
        events = _lines("events", _Event)
        identities = _lines("identities", _Identity)
        self.events = [(event, self._all(event.request, event.response, event.more)) for event in events]
        self.event_weights = [event.weight for event in events]
        self._identities = [self._all(one.identity, one.more, "{account}") for one in identities]
        self._identity_weights = [one.weight for one in identities]
        (self.region,) = self._all("{region}")

    def caller(self, random: Random) -> _Caller:
        """Open a session."""
        identified, also, account = random.choices(self._identities, self._identity_weights)[0]
        scene = Scene(random)
        identity = identified(scene)
        service = identity.get("invokedBy")
        return _Caller(
            identity=identity,
            more=also(scene),
            account=account(scene),
            address=service or public_ip(random),
            agent=service or random.choice(_AGENTS),
        )

    def _all(self, *values: Any) -> list[Template]:
        return [compiled(value, self._words) for value in values]


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write log files."""
    catalogue = _Catalogue(aws_words())
    size = records // objects
    for _ in range(objects):
        callers = [catalogue.caller(random) for _ in range(max(1, size // _CALLS))]
        lines = (msgspec.json.encode(_record(random, catalogue, callers)) for _ in range(size))
        delivery = Delivery("111122223333", "us-east-1", datetime(2026, 2, 3, 10, tzinfo=UTC), random)
        yield cloudtrail_object(lines, delivery)


def _record(random: Random, catalogue: _Catalogue, callers: list[_Caller]) -> dict[str, Any]:
    event, (requested, answered, more) = random.choices(catalogue.events, catalogue.event_weights)[0]
    caller = callers[int(len(callers) * random.random() ** _SKEW)]
    scene = Scene(random)
    scene.said["account"] = caller.account
    service, _, name = event.event.partition(":")
    region = catalogue.region(scene)
    error = random.random() < _ERROR_SHARE
    has_tls = "invokedBy" not in caller.identity and random.random() < _TLS_SHARE
    return {
        "eventVersion": "1.11",
        "userIdentity": caller.identity,
        "eventTime": f"{datetime.fromtimestamp(1_770_109_200 + random.randrange(900), UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": caller.address,
        "userAgent": caller.agent,
        **(_error(random, caller.identity, event.event) if error else {}),
        "requestParameters": requested(scene),
        "responseElements": None if error else answered(scene),
        **more(scene),
        "requestID": uuid(random),
        "eventID": uuid(random),
        "readOnly": event.read,
        "eventType": event.type,
        "managementEvent": not event.data,
        "recipientAccountId": caller.account,
        **({"vpcEndpointId": "vpce-0a1b2c3d4e5f60718"} if random.random() < _ENDPOINT_SHARE else {}),
        "eventCategory": "Data" if event.data else "Management",
        **(_tls(random, f"{service}.{region}.amazonaws.com") if has_tls else {}),
        **caller.more,
    }


def _error(random: Random, identity: dict[str, Any], action: str) -> dict[str, str]:
    code, message = random.choice(_ERRORS)
    arn = identity.get("arn") or identity.get("invokedBy", "anonymous")
    return {"errorCode": code, **({"errorMessage": message.format(arn=arn, action=action)} if message else {})}


def _tls(random: Random, host: str) -> dict[str, dict[str, str]]:
    version, cipher = random.choice((("TLSv1.3", "TLS_AES_128_GCM_SHA256"), ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256")))
    return {"tlsDetails": {"tlsVersion": version, "cipherSuite": cipher, "clientProvidedHostHeader": host}}


def _lines(kind: str, line: type[Any]) -> list[Any]:
    text = Path(__file__).with_name(f"aws_cloudtrail.{kind}.jsonl").read_bytes()
    return [msgspec.json.decode(one, type=line) for one in text.splitlines()]


# -- what it is like ---------------------------------------------------------------------------------------------------


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes logs varied."""
    records = written = packed = parameters = 0
    ids: set[str] = set()
    names: set[str] = set()
    shapes: set[str] = set()
    sessions: set[bytes] = set()
    identities: Counter[str] = Counter()
    for stored in objects:
        text = unpacked(stored.body)
        packed += len(stored.body)
        written += len(text)
        for record in msgspec.json.decode(text)["Records"]:
            records += 1
            ids.add(record["eventID"])
            names.add(record["eventName"])
            identities[record["userIdentity"]["type"]] += 1
            sessions.add(msgspec.json.encode(record["userIdentity"]))
            for part in (record["requestParameters"], record["responseElements"]):
                parameters += len(msgspec.json.encode(part)) if part is not None else 0
                shapes.add(_shape(part))
    return {
        "records": records,
        "bytes a record": round(written / records),
        "parameter bytes a record": round(parameters / records),
        "gzip ratio": round(written / packed, 1),
        "event names": len(names),
        "parameter shapes": len(shapes),
        "unique ids": len(ids),
        "sessions": len(sessions),
        **{f"{kind} %": round(100 * count / records, 1) for kind, count in identities.most_common()},
    }


def _shape(value: Any) -> str:
    """Tell two structures apart by the names and types in them, whatever the values are."""
    if isinstance(value, dict):
        return "{" + ",".join([f"{name}:{_shape(member)}" for name, member in sorted(value.items())]) + "}"
    if isinstance(value, list):
        return "[" + "|".join(sorted({_shape(item) for item in value})) + "]"
    return type(value).__name__


# -- one large object --------------------------------------------------------------------------------------------------

_HEAD: Final = b'{"Records":['
_TAIL: Final = b"]}"


def _in_one_array(text: bytes, times: int) -> Iterator[bytes]:
    records = text.removeprefix(_HEAD).removesuffix(_TAIL)
    yield _HEAD + records
    for _ in range(times - 1):
        yield b"," + records
    yield _TAIL


def _records(text: bytes) -> list[str]:
    records = msgspec.json.decode(text, type=dict[str, list[Raw]])["Records"]
    return [bytes(record).decode() for record in records]


def _line_by_line(text: bytes, times: int) -> Iterator[bytes]:
    yield from repeat("".join([f"{record}\n" for record in _records(text)]).encode(), times)


def _in_payloads(text: bytes, times: int) -> Iterator[bytes]:
    yield from repeat(payload(_records(text)), times)


def _glued(text: bytes, times: int) -> Iterator[bytes]:
    yield from repeat(b"".join(map(bare_message, _records(text))), times)


inputs = (
    Input(
        "aws.cloudtrail",
        50_000,
        write,
        facts,
        {
            "": Framing(_in_one_array),
            "ndjson": Framing(_line_by_line),
            "cloudwatch": Framing(_in_payloads, packed_one_by_one),
            "firehose": Framing(_glued),
        },
    ),
)
