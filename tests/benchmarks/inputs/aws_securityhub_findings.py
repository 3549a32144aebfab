"""
Findings of an organization's accounts, as EventBridge and Firehose deliver them: an event each, a line each.

Half are checks of some 300 controls on 4,000 resources, a quarter are GuardDuty's, a seventh vulnerabilities that
Inspector found, the rest comes from the new Security Hub in its own format. Every resource is met again and again.

https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cwe-event-formats.html
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import msgspec

from benchmarks.inputs import Facts, Framing, Input, over_and_over
from benchmarks.packing import unpacked
from benchmarks.vocabulary import public_ip, uuid, word
from shipper.demo.objects import StoredObject, zipped

_FIRST: Final = datetime(2026, 2, 3, 9, 5, tzinfo=UTC)
_REGION: Final = "eu-west-3"
_HUB: Final = "999988887777"
_RESOURCES: Final = 4_000
_CONTROLS: Final = 300
_SKEW: Final = 2.0
_STATUSES: Final = ("PASSED", "PASSED", "PASSED", "FAILED", "FAILED", "WARNING", "NOT_AVAILABLE")
_LABELS: Final = (("LOW", 1), ("MEDIUM", 40), ("HIGH", 70), ("CRITICAL", 90))
_CITIES: Final = (("Paris", "FR", "France", 48.8534, 2.3488), ("Ashburn", "US", "United States", 39.0481, -77.4728))

Fields = dict[str, Any]


class _World:
    """What there is to check and to attack."""

    def __init__(self, random: Random) -> None:
        self.resources = [_resource(random) for _ in range(_RESOURCES)]
        self.instances = [one for one in self.resources if one["Type"] == "AwsEc2Instance"]
        self.controls = [(f"{word(random).upper()[:6]}.{number}", _prose(random, 9)) for number in range(_CONTROLS)]


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write the objects of a Firehose stream, each of some minutes."""
    world = _World(random)
    makers, weights = zip(*_MAKERS, strict=True)
    for number in range(objects):
        time = _FIRST + number * timedelta(minutes=5)
        lines = []
        for maker in random.choices(makers, weights, k=records // objects):
            finding = maker(random, world, time)
            lines.append(msgspec.json.encode(_event(random, finding, time)) + b"\n")
        yield _stored(random, time, b"".join(lines))


def _stored(random: Random, time: datetime, text: bytes) -> StoredObject:
    place = f"SecurityHub/{time:%Y/%m/%d/%H}"
    return StoredObject(f"{place}/findings-1-{time:%Y-%m-%d-%H-%M-%S}-{uuid(random)}.gz", zipped(text))


def _event(random: Random, finding: Fields, time: datetime) -> Fields:
    is_ocsf = "metadata" in finding
    return {
        "version": "0",
        "id": uuid(random),
        "detail-type": "Findings Imported V2" if is_ocsf else "Security Hub Findings - Imported",
        "source": "aws.securityhub",
        "account": _HUB,
        "time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "region": _REGION,
        "resources": [finding["metadata"]["uid"] if is_ocsf else f"{finding['ProductArn']}/{finding['Id']}"],
        "detail": {"findings": [finding]},
    }


# -- what there is -----------------------------------------------------------------------------------------------------


def _hex(random: Random, digits: int) -> str:
    return f"{random.getrandbits(4 * digits):0{digits}x}"


def _account(random: Random) -> str:
    return f"{random.randrange(40) + 200_000_000_000}"


def _prose(random: Random, words: int) -> str:
    return " ".join(word(random) for _ in range(words))


def _resource(random: Random) -> Fields:
    kind, details, name = random.choice(_KINDS)(random)
    tags = {key: word(random) for key in ("Name", "team", "stage")[: random.randrange(4)]}
    return {
        "Type": kind,
        "Id": name,
        "Partition": "aws",
        "Region": _REGION,
        **({"Tags": tags} if tags else {}),
        "Details": {kind: details},
    }


def _instance(random: Random) -> tuple[str, Fields, str]:
    details = {
        "Type": random.choice(("t3.micro", "m6g.large", "c7g.xlarge")),
        "ImageId": f"ami-{_hex(random, 17)}",
        "IpV4Addresses": [f"10.{random.randrange(256)}.0.{random.randrange(1, 255)}", public_ip(random)],
        "IamInstanceProfileArn": f"arn:aws:iam::{_account(random)}:instance-profile/{word(random)}",
        "VpcId": f"vpc-{_hex(random, 17)}",
        "SubnetId": f"subnet-{_hex(random, 17)}",
        "LaunchedAt": f"2026-01-{random.randrange(1, 29):02}T03:04:05.000Z",
    }
    return "AwsEc2Instance", details, f"arn:aws:ec2:{_REGION}:{_account(random)}:instance/i-{_hex(random, 17)}"


def _bucket(random: Random) -> tuple[str, Fields, str]:
    details = {"OwnerId": _hex(random, 64), "CreatedAt": "2017-12-18T15:58:11.551Z", "Name": word(random)}
    return "AwsS3Bucket", details, f"arn:aws:s3:::{word(random)}-{word(random)}-{random.randrange(100)}"


def _key(random: Random) -> tuple[str, Fields, str]:
    details = {"PrincipalId": f"AROA{_hex(random, 16).upper()}", "PrincipalName": word(random), "PrincipalType": "Role"}
    return "AwsIamAccessKey", details, f"AWS::IAM::AccessKey:ASIA{_hex(random, 16).upper()}"


def _group(random: Random) -> tuple[str, Fields, str]:
    ports = [
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        for port in random.sample((22, 80, 443, 3389), 2)
    ]
    details = {"GroupName": word(random), "GroupId": f"sg-{_hex(random, 17)}", "IpPermissions": ports}
    return (
        "AwsEc2SecurityGroup",
        details,
        f"arn:aws:ec2:{_REGION}:{_account(random)}:security-group/sg-{_hex(random, 17)}",
    )


_KINDS: Final[tuple[Callable[[Random], tuple[str, Fields, str]], ...]] = (_instance, _bucket, _key, _group)


# -- what was found ----------------------------------------------------------------------------------------------------


def _written(random: Random, time: datetime, most_seconds: int) -> str:
    then = time - timedelta(milliseconds=random.randrange(1000 * most_seconds))
    return f"{then:%Y-%m-%dT%H:%M:%S}.{then.microsecond // 1_000:03}Z"


def _met(random: Random, things: list[Any]) -> Any:
    """Choose one; some are met far more often than others."""
    return things[int(len(things) * random.random() ** _SKEW)]


def _finding(random: Random, time: datetime, product: str, *, label: tuple[str, int], kind: str) -> Fields:
    account, number = _account(random), uuid(random)
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:{product}:{_REGION}:{account}:finding/{number}",
        "ProductArn": f"arn:aws:securityhub:{_REGION}::product/aws/{product}",
        "ProductName": product.title(),
        "CompanyName": "Amazon",
        "Region": _REGION,
        "GeneratorId": f"arn:aws:{product}:{_REGION}:{account}:generator",
        "AwsAccountId": account,
        "AwsAccountName": f"account-{account[-2:]}",
        "Types": [kind],
        "FirstObservedAt": _written(random, time, 9_000),
        "LastObservedAt": _written(random, time, 900),
        "CreatedAt": _written(random, time, 9_000),
        "UpdatedAt": _written(random, time, 300),
        "ProcessedAt": _written(random, time, 60),
        "Severity": {"Label": label[0], "Normalized": label[1], "Original": label[0]},
        "Title": _prose(random, 8),
        "Description": _prose(random, 25),
        "WorkflowState": "NEW",
        "Workflow": {"Status": random.choice(("NEW", "NEW", "NOTIFIED", "SUPPRESSED"))},
        "RecordState": "ACTIVE",
        "FindingProviderFields": {"Severity": {"Label": label[0], "Original": label[0]}, "Types": [kind]},
    }


def _check(random: Random, world: _World, time: datetime) -> Fields:
    control, title = _met(random, world.controls)
    resource, status = _met(random, world.resources), random.choice(_STATUSES)
    label = random.choice(_LABELS) if status == "FAILED" else ("INFORMATIONAL", 0)
    kind = "Software and Configuration Checks/Industry and Regulatory Standards"
    finding = _finding(random, time, "securityhub", label=label, kind=kind)
    url = f"https://docs.aws.amazon.com/console/securityhub/{control}/remediation"
    fields = {
        "RelatedAWSResources:0/name": f"securityhub-{word(random)}-{_hex(random, 8)}",
        "RelatedAWSResources:0/type": "AWS::Config::ConfigRule",
        "aws/securityhub/ProductName": "Security Hub",
        "aws/securityhub/CompanyName": "AWS",
        "Resources:0/Id": resource["Id"],
        "aws/securityhub/FindingId": finding["Id"],
    }
    compliance = {
        "Status": status,
        "SecurityControlId": control,
        "RelatedRequirements": [f"NIST.800-53.r5 AC-{random.randrange(9)}", f"PCI DSS v4.0.1/{random.randrange(9)}.2"],
        "AssociatedStandards": [{"StandardsId": "standards/aws-foundational-security-best-practices/v/1.0.0"}],
    }
    return {
        **finding,
        "Title": title,
        "GeneratorId": f"security-control/{control}",
        "Remediation": {"Recommendation": {"Text": "See the documentation of this control.", "Url": url}},
        "ProductFields": fields,
        "Resources": [{name: member for name, member in resource.items() if name != "Details"}],
        "Compliance": compliance,
    }


def _attack(random: Random, world: _World, time: datetime) -> Fields:
    city, code, country, lat, lon = random.choice(_CITIES)
    network = random.randrange(400)
    remote = {
        "IpAddressV4": public_ip(random),
        "Organization": {"Asn": 64_496 + network, "AsnOrg": f"AS-{network}", "Isp": f"ISP {network}", "Org": "O"},
        "Country": {"CountryCode": code, "CountryName": country},
        "City": {"CityName": city},
        "GeoLocation": {"Lat": lat, "Lon": lon},
    }
    connection = {
        "ConnectionDirection": random.choice(("INBOUND", "OUTBOUND")),
        "Protocol": "TCP",
        "Blocked": False,
        "RemoteIpDetails": remote,
        "RemotePortDetails": {"Port": random.randrange(1024, 65_536), "PortName": "Unknown"},
        "LocalPortDetails": {"Port": 22, "PortName": "SSH"},
    }
    kind = f"TTPs/{random.choice(('Discovery', 'Impact', 'Initial Access'))}/Recon:EC2-{word(random).title()}"
    finding = _finding(random, time, "guardduty", label=random.choice(_LABELS), kind=kind)
    fields = {
        "aws/guardduty/service/archived": "false",
        "aws/guardduty/service/count": f"{random.randrange(1, 99)}",
        "aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4": remote["IpAddressV4"],
        "aws/guardduty/service/serviceName": "guardduty",
        "aws/securityhub/FindingId": f"{finding['ProductArn']}/{finding['Id']}",
    }
    action = {"ActionType": "NETWORK_CONNECTION", "NetworkConnectionAction": connection}
    return {**finding, "ProductFields": fields, "Resources": [_met(random, world.instances)], "Action": action}


def _vulnerability(random: Random, world: _World, time: datetime) -> Fields:
    number, score = f"CVE-202{random.randrange(7)}-{random.randrange(1_000, 60_000)}", random.randrange(20, 100) / 10
    packages = [
        {
            "Name": word(random),
            "Version": f"1.{random.randrange(30)}.{random.randrange(9)}",
            "Epoch": "0",
            "Architecture": "X86_64",
            "PackageManager": random.choice(("OS", "PIP", "NPM", "GOBINARY")),
            "FilePath": f"/usr/lib/{word(random)}/{word(random)}",
            "FixedInVersion": f"1.{random.randrange(30, 60)}.0",
        }
        for _ in range(random.randrange(1, 4))
    ]
    vulnerability = {
        "Id": number,
        "VulnerablePackages": packages,
        "Cvss": [{"Version": "3.1", "BaseScore": score, "BaseVector": "CVSS:3.1/AV:N/AC:L/PR:N", "Source": "NVD"}],
        "Vendor": {"Name": "NVD", "Url": f"https://nvd.nist.gov/vuln/detail/{number}", "VendorSeverity": "HIGH"},
        "ReferenceUrls": [f"https://github.com/advisories/GHSA-{_hex(random, 12)}"],
        "FixAvailable": "YES",
        "EpssScore": random.randrange(10_000) / 10_000,
        "ExploitAvailable": random.choice(("YES", "NO")),
    }
    kind = "Software and Configuration Checks/Vulnerabilities/CVE"
    finding = _finding(random, time, "inspector", label=random.choice(_LABELS), kind=kind)
    fields = {"aws/inspector/FindingStatus": "ACTIVE", "aws/inspector/inspectorScore": f"{score}"}
    return {
        **finding,
        "ProductFields": fields,
        "Resources": [_met(random, world.instances)],
        "Vulnerabilities": [vulnerability],
    }


def _ocsf(random: Random, world: _World, time: datetime) -> Fields:
    control, title = _met(random, world.controls)
    resource, updated = _met(random, world.resources), int(time.timestamp() * 1000) + random.randrange(300_000)
    account = _account(random)
    times = {
        f"{name}_time": updated - 1000 * random.randrange(9_000) for name in ("created", "first_seen", "last_seen")
    }
    texts = {
        f"{name}_dt": f"{datetime.fromtimestamp(then / 1000, UTC):%Y-%m-%dT%H:%M:%S.000Z}"
        for name, then in times.items()
    }
    return {
        "activity_id": 2,
        "activity_name": "Update",
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Compliance Finding",
        "class_uid": 2003,
        "cloud": {"account": {"uid": account}, "provider": "AWS", "region": _REGION},
        "compliance": {"control": control, "standards": ["standards/x/v/1.0.0"], "status": "Fail", "status_id": 3},
        "finding_info": {
            "analytic": {"category": "AWS::Config::ConfigRule", "name": word(random), "type": "Rule", "type_id": 1},
            "desc": _prose(random, 20),
            "title": title,
            "types": ["Software and Configuration Checks/Industry and Regulatory Standards", "Posture Management"],
            "uid": f"arn:aws:securityhub:{_REGION}:{account}:security-control/{control}/finding/{uuid(random)}",
            "modified_time": updated,
            **times,
            **texts,
        },
        "metadata": {
            "product": {"name": "Security Hub", "uid": f"arn:aws:securityhub:{_REGION}::productv2/aws/securityhub"},
            "profiles": ["cloud", "datetime"],
            "uid": _hex(random, 56),
            "version": "1.6.0",
        },
        "resources": [
            {"cloud_partition": "aws", "region": _REGION, "type": "AWS::S3::Bucket", "uid": resource["Id"]},
        ],
        "severity": "Medium",
        "severity_id": 3,
        "status": "New",
        "status_id": 1,
        "time": updated,
        "type_name": "Compliance Finding: Update",
        "type_uid": 200302,
        "vendor_attributes": {"severity": "Medium", "severity_id": 3},
    }


_MAKERS: Final = ((_check, 50), (_attack, 25), (_vulnerability, 15), (_ocsf, 10))


# -- what it is like ---------------------------------------------------------------------------------------------------


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes findings varied."""
    records = written = packed = 0
    products: Counter[str] = Counter()
    resources: set[bytes] = set()
    for stored in objects:
        text = unpacked(stored.body)
        packed += len(stored.body)
        written += len(text)
        for line in text.splitlines():
            (finding,) = msgspec.json.decode(line)["detail"]["findings"]
            records += 1
            products[finding.get("ProductName", "OCSF")] += 1
            resources.update(map(msgspec.json.encode, finding.get("Resources", ())))
    return {
        "records": records,
        "bytes a record": round(written / records),
        "gzip ratio": round(written / packed, 1),
        "resources": len(resources),
        **dict(products.most_common()),
    }


inputs: Final = (Input("aws.securityhub_findings", 50_000, write, facts, {"": Framing(over_and_over)}),)
