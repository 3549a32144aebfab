"""
Findings of an organization's accounts, as its administrator exports them: some 2,000 resources, met again and again.

A third of the records are updates of earlier findings, with more of the same. What is attacked or acts (instances,
roles, clusters, databases, buckets) is described alike each time; who attacks differs nearly always.

https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_exportfindings.html
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import repeat
from random import Random
from typing import Any, Final, NamedTuple

import msgspec

from benchmarks.inputs import Facts, Framing, Input, over_and_over
from benchmarks.packing import unpacked
from benchmarks.vocabulary import public_ip, uuid, word
from shipper.demo.objects import StoredObject, zipped

_FIRST: Final = datetime(2026, 2, 3, 9, 5, tzinfo=UTC)
_REGION: Final = "eu-west-3"
_ADMINISTRATOR: Final = "111122223333"
_CITIES: Final = (
    ("Paris", "FR", "France", 48.8534, 2.3488),
    ("Amsterdam", "NL", "Netherlands", 52.374, 4.8897),
    ("Ashburn", "US", "United States", 39.0481, -77.4728),
    ("", "CN", "China", 34.7725, 113.7266),
    ("Moscow", "RU", "Russia", 55.7527, 37.6172),
    ("Singapore", "SG", "Singapore", 1.2897, 103.8501),
)
_PURPOSES: Final = ("Recon", "UnauthorizedAccess", "Discovery", "Exfiltration", "Impact", "Stealth", "Persistence")
_UPDATED: Final = 0.34
_SKEW: Final = 2.0
_RESOURCES: Final = {"instance": 1_200, "role": 500, "cluster": 40, "database": 60, "bucket": 250}

Fields = dict[str, Any]


class _World(NamedTuple):
    """What there is to attack, by kind: the account of each and its description."""

    resources: dict[str, list[tuple[str, Fields]]]


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write exports, each of some minutes."""
    world = _World({kind: [_MAKERS[kind](random) for _ in range(number)] for kind, number in _RESOURCES.items()})
    for number in range(objects):
        time = _FIRST + number * timedelta(minutes=5)
        lines: list[Fields] = []
        for _ in range(records // objects):
            if lines and random.random() < _UPDATED:
                lines.append(_update(random, random.choice(lines), time))
            else:
                lines.append(_finding(random, world, time))
        yield _stored(random, time, b"".join([msgspec.json.encode(line) + b"\n" for line in lines]))


def _stored(random: Random, time: datetime, text: bytes) -> StoredObject:
    place = f"AWSLogs/{_ADMINISTRATOR}/GuardDuty/{_REGION}/{time:%Y/%m/%d}"
    return StoredObject(f"{place}/{uuid(random)}.jsonl.gz", zipped(text))


# -- what there is -----------------------------------------------------------------------------------------------------


def _account(random: Random) -> str:
    return f"{random.randrange(40) + 200_000_000_000}"


def _tags(random: Random) -> list[Fields]:
    return [{"key": key, "value": word(random)} for key in ("Name", "team", "stage")[: random.randrange(4)]]


def _hex(random: Random, digits: int) -> str:
    return f"{random.getrandbits(4 * digits):0{digits}x}"


def _instance(random: Random) -> tuple[str, Fields]:
    private = f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"
    name = f"ip-{private.replace('.', '-')}.{_REGION}.compute.internal"
    public = public_ip(random) if random.random() < 0.4 else None
    interface = {
        "ipv6Addresses": [],
        "networkInterfaceId": f"eni-{_hex(random, 17)}",
        "privateDnsName": name,
        "privateIpAddress": private,
        "privateIpAddresses": [{"privateDnsName": name, "privateIpAddress": private}],
        "subnetId": f"subnet-{_hex(random, 17)}",
        "vpcId": f"vpc-{_hex(random, 17)}",
        "securityGroups": [{"groupName": word(random), "groupId": f"sg-{_hex(random, 17)}"}],
        "publicDnsName": f"ec2-{public.replace('.', '-')}.{_REGION}.compute.amazonaws.com" if public else "",
        "publicIp": public,
    }
    account = _account(random)
    profile = {
        "arn": f"arn:aws:iam::{account}:instance-profile/{word(random)}",
        "id": f"AIPA{_hex(random, 16).upper()}",
    }
    details = {
        "instanceId": f"i-{_hex(random, 17)}",
        "instanceType": random.choice(("t3.micro", "m6g.large", "c7g.xlarge", "r6i.2xlarge")),
        "outpostArn": None,
        "launchTime": f"2026-01-{random.randrange(1, 29):02}T03:04:{random.randrange(60):02}.000Z",
        "platform": random.choice((None, None, "windows")),
        "productCodes": [],
        "iamInstanceProfile": profile,
        "networkInterfaces": [interface],
        "tags": _tags(random),
        "instanceState": "running",
        "availabilityZone": f"{_REGION}{random.choice('abc')}",
        "imageId": f"ami-{_hex(random, 17)}",
        "imageDescription": f"{word(random)} {word(random)} image",
    }
    return account, {"resourceType": "Instance", "instanceDetails": details}


def _role(random: Random) -> tuple[str, Fields]:
    details = {
        "accessKeyId": f"ASIA{_hex(random, 16).upper()}",
        "principalId": f"AROA{_hex(random, 16).upper()}:{word(random)}",
        "userType": random.choice(("AssumedRole", "AssumedRole", "IAMUser", "Root")),
        "userName": word(random),
    }
    return _account(random), {"resourceType": "AccessKey", "accessKeyDetails": details}


def _cluster(random: Random) -> tuple[str, Fields]:
    account, name = _account(random), f"{word(random)}-eks"
    details = {
        "name": name,
        "arn": f"arn:aws:eks:{_REGION}:{account}:cluster/{name}",
        "vpcId": f"vpc-{_hex(random, 17)}",
        "status": "ACTIVE",
        "tags": _tags(random),
        "createdAt": 1_642_691_453.709,
    }
    user = {"username": f"system:{word(random)}", "uid": _hex(random, 12), "groups": ["system:authenticated"]}
    inside = {"kubernetesUserDetails": user, "kubernetesWorkloadDetails": None}
    return account, {"resourceType": "EKSCluster", "eksClusterDetails": details, "kubernetesDetails": inside}


def _database(random: Random) -> tuple[str, Fields]:
    account, name = _account(random), f"{word(random)}-db"
    details = {
        "dbInstanceIdentifier": name,
        "engine": "Aurora PostgreSQL",
        "engineVersion": "16.4",
        "dbClusterIdentifier": f"{name}-cluster",
        "dbInstanceArn": f"arn:aws:rds:{_REGION}:{account}:db:{name}",
        "dbiResourceId": f"db-{_hex(random, 20).upper()}",
        "tags": _tags(random),
    }
    user = {
        "user": word(random),
        "application": "psql",
        "database": word(random),
        "ssl": "TLS 1.3",
        "authMethod": "iam",
    }
    return account, {"resourceType": "RDSDBInstance", "rdsDbInstanceDetails": details, "rdsDbUserDetails": user}


def _bucket(random: Random) -> tuple[str, Fields]:
    account, name = _account(random), f"{word(random)}-{word(random)}-{random.randrange(100)}"
    _, role = _role(random)
    nothing_blocked = {"ignorePublicAcls": False, "restrictPublicBuckets": False, "blockPublicAcls": False}
    details = {
        "arn": f"arn:aws:s3:::{name}",
        "name": name,
        "defaultServerSideEncryption": {"encryptionType": "SSEKMS", "kmsMasterKeyArn": f"arn:aws:kms:{uuid(random)}"},
        "createdAt": 1_513_612_692.0 + random.randrange(10**8),
        "tags": _tags(random),
        "owner": {"id": _hex(random, 64)},
        "publicAccess": {
            "permissionConfiguration": {"bucketLevelPermissions": {"blockPublicAccess": nothing_blocked}},
            "effectivePermission": "NOT_PUBLIC",
        },
        "type": "Destination",
    }
    return account, {**role, "resourceType": "S3Bucket", "s3BucketDetails": [details]}


_MAKERS: Final[dict[str, Callable[[Random], tuple[str, Fields]]]] = {
    "instance": _instance,
    "role": _role,
    "cluster": _cluster,
    "database": _database,
    "bucket": _bucket,
}


# -- what happens ------------------------------------------------------------------------------------------------------


def _remote(random: Random) -> Fields:
    city, code, country, lat, lon = random.choice(_CITIES)
    network = random.randrange(400)
    return {
        "ipAddressV4": public_ip(random),
        "organization": {
            "asn": f"{64_496 + network}",
            "asnOrg": f"AS-{network}",
            "isp": f"ISP {network}",
            "org": f"O{network}",
        },
        "country": {"countryCode": code, "countryName": country},
        "city": {"cityName": city},
        "geoLocation": {"lat": lat, "lon": lon},
    }


def _port(random: Random, *, known: bool) -> Fields:
    if known:
        return dict(zip(("port", "portName"), random.choice(((22, "SSH"), (443, "HTTPS"), (3389, "RDP"))), strict=True))
    return {"port": random.randrange(1024, 65_536), "portName": "Unknown"}


def _api_call(random: Random) -> Fields:
    call = {
        "api": f"{random.choice(('Describe', 'List', 'Get', 'Put', 'Delete'))}{word(random).title()}",
        "serviceName": f"{random.choice(('ec2', 's3', 'iam', 'sts', 'lambda', 'kms'))}.amazonaws.com",
        "callerType": "Remote IP",
        "errorCode": random.choice((None, None, "AccessDenied")),
        "userAgent": f"aws-cli/2.{random.randrange(20)}.{random.randrange(9)} Python/3.11",
        "remoteIpDetails": _remote(random),
        "affectedResources": {"AWS::S3::Bucket": word(random)} if random.random() < 0.3 else {},
    }
    if random.random() < 0.5:
        call["domainDetails"] = {}
        call["remoteAccountDetails"] = {"accountId": _account(random), "affiliated": random.random() < 0.5}
    return {"actionType": "AWS_API_CALL", "awsApiCallAction": call}


def _connection(random: Random) -> Fields:
    outbound = random.random() < 0.4
    connection = {
        "connectionDirection": "OUTBOUND" if outbound else "INBOUND",
        "localIpDetails": {"ipAddressV4": f"10.0.{random.randrange(256)}.{random.randrange(1, 255)}"},
        "remoteIpDetails": _remote(random),
        "remotePortDetails": _port(random, known=outbound),
        "localPortDetails": _port(random, known=not outbound),
        "localNetworkInterface": f"eni-{_hex(random, 17)}",
        "protocol": random.choice(("TCP", "TCP", "UDP")),
        "blocked": False,
    }
    return {"actionType": "NETWORK_CONNECTION", "networkConnectionAction": connection}


def _dns_request(random: Random) -> Fields:
    domain = f"{word(random)}.{_hex(random, 6)}.example.com"
    request = {"domain": domain, "protocol": "UDP", "blocked": False, "domainWithSuffix": "example.com"}
    return {"actionType": "DNS_REQUEST", "dnsRequestAction": request}


def _port_probe(random: Random) -> Fields:
    probes = [
        {
            "localPortDetails": _port(random, known=True),
            "localIpDetails": {"ipAddressV4": f"10.0.{random.randrange(256)}.{random.randrange(1, 255)}"},
            "remoteIpDetails": _remote(random),
        }
        for _ in range(random.randrange(1, 4))
    ]
    return {"actionType": "PORT_PROBE", "portProbeAction": {"portProbeDetails": probes, "blocked": False}}


def _kubernetes_call(random: Random) -> Fields:
    namespace, remote = word(random), _remote(random)
    call = {
        "requestUri": f"/api/v1/namespaces/{namespace}/secrets?limit={random.randrange(500)}",
        "verb": random.choice(("list", "get", "create")),
        "resource": "secrets",
        "namespace": namespace,
        "resourceName": None,
        "sourceIPs": [remote["ipAddressV4"]],
        "userAgent": f"kubectl/v1.{random.randrange(20, 33)}",
        "remoteIpDetails": remote,
        "statusCode": random.choice((200, 200, 201, 403)),
    }
    return {"actionType": "KUBERNETES_API_CALL", "kubernetesApiCallAction": call}


def _login(random: Random) -> Fields:
    attempts = [{"user": word(random), "application": "psql", "failedLoginAttempts": 9, "successfulLoginAttempts": 0}]
    login = {"remoteIpDetails": _remote(random), "LoginAttributes": attempts}
    return {"actionType": "RDS_LOGIN_ATTEMPT", "rdsLoginAttemptAction": login}


def _runtime(random: Random) -> Fields:
    lineage = [
        {
            "startTime": 1_770_109_000 + random.randrange(500),
            "namespacePid": at + 1,
            "userId": 0,
            "name": random.choice(("bash", "sshd", "systemd", "containerd-shim")),
            "pid": random.randrange(1, 99_999),
            "uuid": _hex(random, 64),
            "executablePath": "/usr/bin/bash",
            "euid": 0,
        }
        for at in range(3)
    ]
    process = {
        "name": word(random),
        "executablePath": f"/tmp/{word(random)}",
        "executableSha256": _hex(random, 64),
        "namespacePid": 7,
        "pwd": "/",
        "pid": random.randrange(1, 99_999),
        "startTime": 1_770_109_500.125,
        "uuid": _hex(random, 64),
        "parentUuid": lineage[0]["uuid"],
        "user": "root",
        "userId": 0,
        "euid": 0,
        "lineage": lineage,
    }
    return {"process": process, "context": {"toolName": word(random), "toolCategory": "Backdoor Tool"}}


_ACTIONS: Final[tuple[tuple[Callable[[Random], Fields] | None, str, str, str, int], ...]] = (
    (_api_call, "role", "IAMUser", "CloudTrail", 30),
    (_connection, "instance", "EC2", "FlowLogs", 26),
    (_dns_request, "instance", "EC2", "DnsLogs", 12),
    (_port_probe, "instance", "EC2", "FlowLogs", 9),
    (_kubernetes_call, "cluster", "Kubernetes", "EksAuditLogs", 8),
    (_api_call, "bucket", "S3", "S3DataEvents", 7),
    (None, "instance", "Runtime", "RuntimeMonitoring", 5),
    (_login, "database", "RDS", "RdsLoginEvents", 3),
)
"""What acts, on what, of which family, seen by which feature, and how often; None for what a process does."""


def _finding(random: Random, world: _World, time: datetime) -> Fields:
    ((act, kind, family, feature, _),) = random.choices(_ACTIONS, [weight for *_, weight in _ACTIONS])
    known = world.resources[kind]
    account, resource = known[int(len(known) * random.random() ** _SKEW)]
    number, purpose = _hex(random, 32), random.choice(_PURPOSES)
    service: Fields = {
        "serviceName": "guardduty",
        "detectorId": f"{int(account):032x}",
        "featureName": feature,
        "resourceRole": random.choice(("TARGET", "ACTOR")),
        "additionalInfo": {"threatListName": "ProofPoint", "threatName": word(random)} if act is _port_probe else {},
        "evidence": None,
        "eventFirstSeen": _written(time - timedelta(seconds=random.randrange(600, 6_000))),
        "eventLastSeen": _written(time - timedelta(seconds=random.randrange(600))),
        "archived": False,
        "count": 1,
    }
    if act:
        service["action"] = act(random)
    else:
        service["runtimeDetails"] = _runtime(random)
    if act is _port_probe:
        details = [{"threatListName": "ProofPoint", "threatNames": [word(random)]}]
        service["evidence"] = {"threatIntelligenceDetails": details}
    return {
        "schemaVersion": "2.0",
        "accountId": account,
        "region": _REGION,
        "partition": "aws",
        "id": number,
        "arn": f"arn:aws:guardduty:{_REGION}:{account}:detector/{int(account):032x}/finding/{number}",
        "type": f"{purpose}:{family}/{word(random).title()}",
        "resource": resource,
        "service": service,
        "severity": random.choice((2, 2, 5, 5.5, 8, 8.0)),
        "createdAt": _written(time),
        "updatedAt": _written(time),
        "title": f"{purpose} of {kind} {word(random)}.",
        "description": f"The {kind} {word(random)} of account {account} shows signs of {purpose} by {word(random)}.",
    }


def _update(random: Random, finding: Fields, time: datetime) -> Fields:
    """See more of the same."""
    service = {**finding["service"], "count": finding["service"]["count"] + random.randrange(1, 9)}
    service["eventLastSeen"] = _written(time)
    return {
        **finding,
        "service": service,
        "updatedAt": _written(time + timedelta(microseconds=random.randrange(10**8))),
    }


def _written(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1_000:03}Z"


# -- what it is like ---------------------------------------------------------------------------------------------------


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes findings varied."""
    records = written = packed = 0
    kinds: Counter[str] = Counter()
    findings: set[str] = set()
    resources: set[bytes] = set()
    for stored in objects:
        text = unpacked(stored.body)
        packed += len(stored.body)
        written += len(text)
        for line in text.splitlines():
            record = msgspec.json.decode(line)
            records += 1
            kinds[record["service"].get("action", {}).get("actionType", "none")] += 1
            findings.add(record["id"])
            resources.add(msgspec.json.encode(record["resource"]))
    return {
        "records": records,
        "bytes a record": round(written / records),
        "gzip ratio": round(written / packed, 1),
        "findings": len(findings),
        "resources": len(resources),
        **{f"{kind} %": round(100 * count / records, 1) for kind, count in kinds.most_common()},
    }


def _events(text: bytes, times: int) -> Iterator[bytes]:
    """Put each finding into an event of EventBridge, glued together as Firehose does it."""
    events = [
        b'{"version":"0","id":"cd4d811e-ab12-322b-8255-872ce65b1bc8","detail-type":"GuardDuty Finding","source":'
        b'"aws.guardduty","account":"111122223333","time":"2026-02-03T10:00:00Z","region":"eu-west-3","resources":[],'
        b'"detail":%b}' % line
        for line in text.splitlines()
    ]
    yield from repeat(b"".join(events), times)


inputs = (Input("aws.guardduty", 50_000, write, facts, {"": Framing(over_and_over), "firehose": Framing(_events)}),)
