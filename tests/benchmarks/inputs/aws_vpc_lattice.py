"""
Requests between the services of a company, over one service network, and connections to its databases.

A dozen VPCs of some accounts call two hundred services. Callers sign their requests with roles of their own, and
callers and services stay the same; paths, ports, durations and request ids do not. A few requests are refused or fail.
One object in ten is of a resource configuration.

https://docs.aws.amazon.com/vpc-lattice/latest/ug/monitoring-access-logs.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, NamedTuple

import msgspec

from benchmarks.inputs import Facts, Framing, Input, glued, in_payloads, over_and_over
from benchmarks.packing import packed_one_by_one, unpacked
from benchmarks.vocabulary import uuid, word
from shipper.demo.objects import StoredObject, zipped

_START: Final = datetime(2026, 2, 3, 9, tzinfo=UTC)
_SECONDS: Final = 300
_REGION: Final = "eu-west-3"
_SERVICES: Final = 200
_VPCS: Final = 12
_CALLERS: Final = 600
_RESOURCES: Final = 20
_SKEW: Final = 2.5
_AGENTS: Final = (
    "Java/21.0.{n}",
    "Go-http-client/2.0",
    "python-requests/2.32.{n}",
    "okhttp/4.12.{n}",
    "node-fetch",
    "-",
)
_METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH")
_METHOD_WEIGHTS: Final = (60, 28, 6, 3, 3)
_CODES: Final = (200, 201, 204, 304, 400, 404, 500)
_CODE_WEIGHTS: Final = (820, 60, 30, 20, 20, 45, 5)
_FAILURES: Final = (
    (503, "TargetConnectionError"),
    (504, "TargetDataTimeout"),
    (502, "TargetConnectionClosed"),
    (429, "ClientRateLimited"),
    (408, "ClientConnectionClosed"),
)
_REFUSED: Final = 0.01
_FAILED: Final = 0.01
_GRPC: Final = 0.15
_TAGGED: Final = 0.3

Fields = dict[str, Any]


class _Service(NamedTuple):
    """A service and its targets."""

    arn: str
    target_group: str
    host: str
    vpc: str
    targets: list[str]
    paths: list[str]
    is_grpc: bool


class _Caller(NamedTuple):
    """A workload that calls services."""

    addresses: list[str]
    vpc: str
    vpc_arn: str
    user: str
    tags: str | None
    agent: str


class _Company:
    """Whoever talks to whom."""

    def __init__(self, random: Random) -> None:
        self.network = _arn(random, "servicenetwork", "sn")
        self.vpcs = [(f"vpc-0{random.getrandbits(64):016x}", _account(random)) for _ in range(_VPCS)]
        self.services = [self._service(random) for _ in range(_SERVICES)]
        self.callers = [self._caller(random) for _ in range(_CALLERS)]
        self.resources = [_arn(random, "resourceconfiguration", "rcfg") for _ in range(_RESOURCES)]
        self.endpoints = [f"vpce-0{random.getrandbits(64):016x}" for _ in range(_VPCS)]

    def _service(self, random: Random) -> _Service:
        vpc, _ = random.choice(self.vpcs)
        name = f"{word(random)}-{word(random)}"
        return _Service(
            arn=_arn(random, "service", "svc"),
            target_group=_arn(random, "targetgroup", "tg"),
            host=f"{name}-0{random.getrandbits(64):016x}.7d67968.vpc-lattice-svcs.{_REGION}.on.aws",
            vpc=vpc,
            targets=[f"{_address(random)}:8443" for _ in range(random.randrange(2, 12))],
            paths=[f"/v{random.randrange(1, 4)}/{word(random)}/{word(random)}" for _ in range(20)],
            is_grpc=random.random() < _GRPC,
        )

    def _caller(self, random: Random) -> _Caller:
        vpc, account = random.choice(self.vpcs)
        tags = {"team": word(random), "stage": random.choice(("prod", "test")), "cost-center": word(random)}
        role = f"{word(random)}-{word(random)}"
        return _Caller(
            addresses=[_address(random) for _ in range(random.randrange(1, 20))],
            vpc=vpc,
            vpc_arn=f"arn:aws:ec2:{_REGION}:{account}:vpc/{vpc}",
            user=f"arn:aws:sts::{account}:assumed-role/{role}/i-0{random.getrandbits(64):016x}",
            tags=msgspec.json.encode(tags).decode() if random.random() < _TAGGED else None,
            agent=random.choice(_AGENTS).format(n=random.randrange(30)),
        )


def _account(random: Random) -> str:
    return f"{random.randrange(10**11, 10**12)}"


def _arn(random: Random, kind: str, beginning: str) -> str:
    return f"arn:aws:vpc-lattice:{_REGION}:111122223333:{kind}/{beginning}-0{random.getrandbits(64):016x}"


def _address(random: Random) -> str:
    return f"10.{random.randrange(20)}.{random.randrange(256)}.{random.randrange(4, 255)}"


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write log files, most of the service network and one in ten of a resource configuration."""
    company = _Company(random)
    for number in range(objects):
        is_resource = number % 10 == 9
        one = company.resources[0] if is_resource else company.network
        record = _connection if is_resource else _request
        lines = [msgspec.json.encode(record(random, company)) + b"\n" for _ in range(records // objects)]
        yield _stored(random, "Resource" if is_resource else "", one, b"".join(lines))


def _stored(random: Random, kind: str, arn: str, lines: bytes) -> StoredObject:
    account, resource = arn.split(":")[4], arn.rpartition("/")[2]
    folder = f"AWSLogs/{account}/VpcLattice/{kind}AccessLogs/{_REGION}/{_START:%Y/%m/%d}/{resource}"
    name = f"{account}_VpcLattice{kind}AccessLogs_{_REGION}_{resource}_{_START:%Y%m%dT%H%MZ}"
    return StoredObject(f"{folder}/{name}_{random.getrandbits(32):08x}.json.gz", zipped(lines))


def _request(random: Random, company: _Company) -> Fields:
    caller = company.callers[int(_CALLERS * random.random() ** _SKEW)]
    service = company.services[int(_SERVICES * random.random() ** _SKEW)]
    duration = int(random.lognormvariate(3, 1.2))
    record: Fields = {
        "serviceNetworkArn": company.network,
        "resolvedUser": caller.user,
        "authDeniedReason": "-",
        "targetGroupArn": service.target_group,
        "sourceVpcArn": caller.vpc_arn,
        "destinationVpcId": service.vpc,
        "sourceIpPort": f"{random.choice(caller.addresses)}:{random.randrange(1_024, 65_536)}",
        "targetIpPort": random.choice(service.targets),
        "serviceArn": service.arn,
        "sourceVpcId": caller.vpc,
        "startTime": f"{_START + timedelta(seconds=random.randrange(_SECONDS)):%Y-%m-%dT%H:%M:%SZ}",
        "requestMethod": "POST" if service.is_grpc else random.choices(_METHODS, _METHOD_WEIGHTS)[0],
        "requestPath": random.choice(service.paths) + ("" if service.is_grpc else f"/{random.randrange(10**6)}"),
        "protocol": "HTTP/2" if service.is_grpc or random.random() < 0.2 else "HTTP/1.1",
        "responseCode": 200 if service.is_grpc else random.choices(_CODES, _CODE_WEIGHTS)[0],
        "bytesReceived": random.randrange(200, 4_000),
        "bytesSent": int(random.lognormvariate(7, 1.5)),
        "duration": duration,
        "requestToTargetDuration": random.randrange(1, 5),
        "responseFromTargetDuration": max(duration - 4, 0),
        "userAgent": caller.agent,
        "hostHeader": service.host,
        "serverNameIndication": service.host,
        "sslCipher": "ECDHE-RSA-AES128-GCM-SHA256",
        "tlsVersion": "TLSv1.2",
        "requestId": uuid(random),
        "callerPrincipal": caller.user,
        **({"callerPrincipalTags": caller.tags} if caller.tags else {}),
        **({"grpcResponseCode": random.choice((0, 0, 0, 0, 5, 14))} if service.is_grpc else {}),
    }
    if random.random() < _REFUSED:
        record |= {"responseCode": 403, "failureReason": "ClientAccessDenied", "targetIpPort": "-"}
        record |= {"authDeniedReason": random.choice(("Service", "Network", "Identity"))}
        record |= {"requestToTargetDuration": 0, "responseFromTargetDuration": 0}
    elif random.random() < _FAILED:
        record["responseCode"], record["failureReason"] = random.choice(_FAILURES)
    return record


def _connection(random: Random, company: _Company) -> Fields:
    at = int(_CALLERS * random.random() ** _SKEW)
    caller = company.callers[at]
    resource = int(_RESOURCES * random.random() ** _SKEW)
    moment = _START + timedelta(milliseconds=random.randrange(_SECONDS * 1_000))
    return {
        "eventTimestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1_000:03}Z",
        "serviceNetworkArn": company.network,
        "serviceNetworkResourceAssociationId": f"snra-0{resource:016x}",
        "vpcEndpointId": company.endpoints[at % _VPCS],
        "sourceVpcArn": caller.vpc_arn,
        "resourceConfigurationArn": company.resources[resource],
        "protocol": "tcp",
        "sourceIpPort": f"{random.choice(caller.addresses)}:{random.randrange(1_024, 65_536)}",
        "destinationIpPort": f"10.{at % _VPCS}.9.{resource + 4}:5432",
        "gatewayIpPort": f"10.2.0.{resource + 4}:{random.randrange(1_024, 65_536)}",
        "resourceIpPort": f"10.2.18.{resource + 4}:5432",
    }


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes logs varied."""
    records = written = packed = connections = 0
    services: set[str] = set()
    users: set[str] = set()
    paths: set[str] = set()
    codes: Counter[int] = Counter()
    for stored in objects:
        text = unpacked(stored.body)
        packed += len(stored.body)
        written += len(text)
        for record in msgspec.json.Decoder().decode_lines(text):
            records += 1
            if "eventTimestamp" in record:
                connections += 1
                continue
            services.add(record["serviceArn"])
            users.add(record["resolvedUser"])
            paths.add(record["requestPath"])
            codes[record["responseCode"] // 100] += 1
    return {
        "records": records,
        "bytes a record": round(written / records),
        "gzip ratio": round(written / packed, 1),
        "connections %": round(100 * connections / records, 1),
        "services": len(services),
        "users": len(users),
        "paths": len(paths),
        **{f"{code}xx %": round(100 * count / records, 1) for code, count in codes.most_common()},
    }


inputs = (
    Input(
        "aws.vpc_lattice",
        50_000,
        write,
        facts,
        {
            "": Framing(over_and_over),
            "cloudwatch": Framing(in_payloads, packed_one_by_one),
            "firehose": Framing(glued),
        },
    ),
)
