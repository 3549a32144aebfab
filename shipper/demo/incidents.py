"""What a security engineer looks for: sign-ins, denied calls, and an account that is taken over."""

from collections.abc import Iterator
from typing import Final

from shipper.demo.cloudtrail import DENIED, Record, Trail
from shipper.demo.world import (
    ACCOUNTS,
    BROWSER,
    BUCKETS,
    CLI,
    CONTRACTOR,
    DEPLOY,
    INTERN,
    INTRUDER,
    REGIONS,
    SIGN_IN_REGION,
    STAFF,
)

LOGINS: Final = 6
"""How often each of the staff signs in."""

FAILED_LOGINS: Final = 14
INTERN_DENIALS: Final = 6
DEPLOY_DENIALS: Final = 3

_RECONNAISSANCE: Final = (
    ("iam", "ListUsers"),
    ("iam", "ListRoles"),
    ("iam", "GetAccountAuthorizationDetails"),
    ("s3", "ListBuckets"),
    ("secretsmanager", "ListSecrets"),
    ("kms", "ListKeys"),
    ("ec2", "DescribeInstances"),
    ("ec2", "DescribeSecurityGroups"),
    ("rds", "DescribeDBInstances"),
    ("lambda", "ListFunctions20150331"),
    ("sts", "AssumeRole"),
)


def incidents(trail: Trail) -> Iterator[Record]:
    """Write all of it."""
    yield from _logins(trail)
    yield from _denials(trail)
    yield from _takeover(trail)


def _logins(trail: Trail) -> Iterator[Record]:
    for person in STAFF:
        for _ in range(LOGINS):
            yield _login(trail, trail.user(person), person.address, mfa=person.uses_mfa)
    for _ in range(FAILED_LOGINS):
        yield _login(trail, trail.user(CONTRACTOR), CONTRACTOR.address, mfa=False, success=False)
    yield _login(trail, trail.user(CONTRACTOR), CONTRACTOR.address, mfa=False) | {"eventTime": trail.end}
    yield _login(trail, trail.root(ACCOUNTS[0]), INTRUDER, mfa=False) | {"eventTime": trail.end}


def _login(trail: Trail, who: Record, address: str, *, mfa: bool, success: bool = True) -> Record:
    failure = {} if success else {"errorMessage": "Failed authentication"}
    return trail.record(
        "signin",
        "ConsoleLogin",
        who,
        address,
        region=SIGN_IN_REGION,
        userAgent=BROWSER,
        responseElements={"ConsoleLogin": "Success" if success else "Failure"},
        additionalEventData={
            "LoginTo": "https://console.aws.amazon.com/console/home",
            "MobileVersion": "No",
            "MFAUsed": "Yes" if mfa else "No",
        },
        readOnly=False,
        eventType="AwsConsoleSignIn",
        **failure,
    )


def _denials(trail: Trail) -> Iterator[Record]:
    contractor = trail.user(CONTRACTOR)
    for service, name in _RECONNAISSANCE:
        for region in REGIONS:
            yield _denied(trail, service, name, contractor, CONTRACTOR.address, region=region, userAgent=CLI)
    for _ in range(INTERN_DENIALS):
        yield _denied(trail, "s3", "GetBucketPolicy", trail.user(INTERN), INTERN.address, userAgent=BROWSER)
    for _ in range(DEPLOY_DENIALS):
        yield _denied(trail, "iam", "PassRole", trail.role(DEPLOY), DEPLOY.address, userAgent=DEPLOY.agent)


def _denied(trail: Trail, service: str, name: str, who: Record, address: str, **more: str) -> Record:
    return trail.record(
        service,
        name,
        who,
        address,
        errorCode=DENIED[1] if service == "ec2" else DENIED[0],
        errorMessage=f"User: {who['arn']} is not authorized to perform: {service}:{name}",
        readOnly=name not in ("AssumeRole", "PassRole"),
        **more,
    )


def _takeover(trail: Trail) -> Iterator[Record]:
    account, user, bucket = ACCOUNTS[0], "support-svc", BUCKETS[1]
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{bucket}/*"}]}
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    calls = [
        ("iam", "CreateUser", {"userName": user}),
        ("iam", "CreateAccessKey", {"userName": user}),
        ("iam", "AttachUserPolicy", {"userName": user, "policyArn": administrator}),
        ("iam", "DeactivateMFADevice", {"userName": "alice", "serialNumber": f"arn:aws:iam::{account}:mfa/alice"}),
        ("s3", "PutBucketPolicy", {"bucketName": bucket, "bucketPolicy": policy}),
        ("s3", "DeleteBucketPublicAccessBlock", {"bucketName": bucket}),
        ("ec2", "AuthorizeSecurityGroupIngress", {"groupId": "sg-0a1b2c3d", "ipPermissions": _open_to_everyone(22)}),
        ("ec2", "AuthorizeSecurityGroupIngress", {"groupId": "sg-0a1b2c3d", "ipPermissions": _open_to_everyone(3389)}),
        ("cloudtrail", "StopLogging", {"name": f"arn:aws:cloudtrail:{REGIONS[1]}:{account}:trail/main"}),
    ]
    for service, name, parameters in calls:
        yield trail.record(
            service,
            name,
            trail.root(account),
            INTRUDER,
            region=SIGN_IN_REGION if service == "iam" else REGIONS[1],
            userAgent=CLI,
            requestParameters=parameters,
            readOnly=False,
            eventTime=trail.end,
        )


def _open_to_everyone(port: int) -> Record:
    everywhere = {"items": [{"cidrIp": "0.0.0.0/0"}]}
    return {"items": [{"ipProtocol": "tcp", "fromPort": port, "toPort": port, "groups": {}, "ipRanges": everywhere}]}
