"""What happens in AWS accounts all day: machines that read objects, decrypt, take inventory and assume roles."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from shipper.demo.cloudtrail import Record, Trail
from shipper.demo.world import ACCOUNTS, BUCKETS, REGIONS, ROLES

_INVENTORY: Final = (
    ("ec2", "DescribeInstances"),
    ("ec2", "DescribeVolumes"),
    ("ec2", "DescribeSecurityGroups"),
    ("ec2", "DescribeNetworkInterfaces"),
    ("rds", "DescribeDBInstances"),
    ("lambda", "ListFunctions20150331"),
    ("logs", "DescribeLogGroups"),
)


def routine(trail: Trail, count: int) -> Iterator[Record]:
    """Write so many records."""
    makers = (_read_object, _take_inventory, _decrypt, _assume_role, _write_object)
    for make in trail.random.choices(makers, weights=(34, 28, 16, 12, 10), k=count):
        yield make(trail)


def _read_object(trail: Trail) -> Record:
    return _object_call(trail, "GetObject", read_only=True)


def _write_object(trail: Trail) -> Record:
    return _object_call(trail, "PutObject", read_only=False)


def _object_call(trail: Trail, name: str, *, read_only: bool) -> Record:
    role, account, bucket = trail.random.choice(ROLES), trail.random.choice(ACCOUNTS), trail.random.choice(BUCKETS)
    key = f"parts/{trail.random.randrange(10_000):05d}.parquet"
    return trail.record(
        "s3",
        name,
        trail.role(role, account),
        role.address,
        userAgent=role.agent,
        requestParameters={"bucketName": bucket, "key": key, "Host": f"{bucket}.s3.amazonaws.com"},
        additionalEventData={"SignatureVersion": "SigV4", "bytesTransferredOut": trail.random.randrange(1 << 20)},
        readOnly=read_only,
        resources=[
            {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"},
            {"accountId": account, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"},
        ],
        managementEvent=False,
        eventCategory="Data",
    )


def _take_inventory(trail: Trail) -> Record:
    role, (service, name) = trail.random.choice(ROLES), trail.random.choice(_INVENTORY)
    return trail.record(
        service,
        name,
        trail.role(role),
        role.address,
        userAgent=role.agent,
        requestParameters={"maxResults": trail.random.choice((50, 100, 1000))},
        readOnly=True,
    )


def _decrypt(trail: Trail) -> Record:
    role, account = trail.random.choice(ROLES), trail.random.choice(ACCOUNTS)
    key = f"arn:aws:kms:{REGIONS[1]}:{account}:key/{UUID(int=trail.random.getrandbits(128), version=4)}"
    return trail.record(
        "kms",
        "Decrypt",
        trail.role(role, account),
        role.address,
        region=REGIONS[1],
        userAgent=role.agent,
        requestParameters={"keyId": key, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
        readOnly=True,
        resources=[{"accountId": account, "type": "AWS::KMS::Key", "ARN": key}],
    )


def _assume_role(trail: Trail) -> Record:
    role, account, service = trail.random.choice(ROLES), trail.random.choice(ACCOUNTS), "ec2.amazonaws.com"
    arn = f"arn:aws:iam::{account}:role/{role.name}"
    session = f"arn:aws:sts::{account}:assumed-role/{role.name}/{role.session}"
    return trail.record(
        "sts",
        "AssumeRole",
        {"type": "AWSService", "invokedBy": service},
        service,
        account=account,
        userAgent=service,
        requestParameters={"roleArn": arn, "roleSessionName": role.session, "durationSeconds": 3600},
        responseElements={"assumedRoleUser": {"arn": session}},
        readOnly=True,
        resources=[{"accountId": account, "type": "AWS::IAM::Role", "ARN": arn}],
    )
