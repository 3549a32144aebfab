"""Published detection rules find what they look for in the documents of the CloudTrail samples."""

import json
import re
from functools import cache
from typing import Any, Final

import pytest
from sample_files import SAMPLES

REQUEST: Final = "request_parameters"
RESPONSE: Final = "response_elements"

PATTERNS: Final = (
    (REQUEST, "*policyArn=arn:aws:iam::aws:policy/AdministratorAccess*"),
    (REQUEST, "*attributeType=CREATE_VOLUME_PERMISSION*"),
    (REQUEST, "*add=*"),
    (REQUEST, "*remove=*"),
    (REQUEST, "*publiclyAccessible=true*"),
    (REQUEST, "*backupRetentionPeriod=0*"),
    (REQUEST, "*deletionProtection=false*"),
    (REQUEST, "*attributeName=restore*"),
    (REQUEST, "*valuesToAdd=[*"),
    (REQUEST, "{bucketName=*"),
    (REQUEST, "{bucketName=amzn-s3-demo-bucket, *"),
    (REQUEST, "*Effect=Allow*"),
    (REQUEST, "*Principal=[*]*"),
    (REQUEST, "*principal=[*]*"),
    (REQUEST, "*functionName=arn:aws:lambda:*"),
    (REQUEST, "*authType=NONE*"),
    (REQUEST, "*cidrIp=0.0.0.0/0*"),
    (REQUEST, "*userName=*"),
    (REQUEST, "*userData=*"),
    (REQUEST, "*instanceId=i-*"),
    (REQUEST, "*sourceType=AWS_ACM_PCA*"),
    (REQUEST, "*Status=Suspended*"),
    (REQUEST, "*LoggingEnabled*"),
    (REQUEST, "*logging*enabled=false*"),
    (REQUEST, "*includeManagementEvents*false*"),
    (REQUEST, "*containerOverrides*command*"),
    (REQUEST, "*modelId=*"),
    (REQUEST, "*roleArn=*"),
    (REQUEST, '*"Effect":"Allow"*'),
    (RESPONSE, "*publiclyAccessible=false*"),
    (RESPONSE, "*ConsoleLogin=Failure*"),
    (RESPONSE, "*pendingModifiedValues={masterUserPassword=*"),
    ("additional_eventdata", "*MFAUsed=No*"),
    ("service_event_details", "*rotationType=AUTOMATIC*"),
)
"""Field and wildcard; a star that stands for itself is in brackets."""

VALUES: Final = {
    "aws.cloudtrail.console_login.additional_eventdata.mfa_used": False,
    "aws.cloudtrail.error_code": "AccessDenied",
    "aws.cloudtrail.event_category": "Insight",
    "aws.cloudtrail.flattened.response_elements.documentDescription.documentType": "Command",
    "aws.cloudtrail.resources.account_id": "111122223333",
    "aws.cloudtrail.resources.arn": "arn:aws:s3:::amzn-s3-demo-bucket",
    "aws.cloudtrail.resources.type": "AWS::S3::Bucket",
    "aws.cloudtrail.session_credential_from_console": True,
    "aws.cloudtrail.user_identity.access_key_id": "ASIAEXAMPLEKEY000001",
    "aws.cloudtrail.user_identity.invoked_by": "AWS Internal",
    "aws.cloudtrail.user_identity.session_context.session_issuer.arn": "arn:aws:iam::111122223333:role/Admin",
    "aws.cloudtrail.user_identity.type": "Root",
    "data_stream.dataset": "aws.cloudtrail",
    "event.action": "ConsoleLogin",
    "event.outcome": "failure",
    "event.provider": "signin.amazonaws.com",
    "source.address": "athena.amazonaws.com",
    "source.ip": "203.0.113.7",
    "tls.client.server_name": "ec2.eu-west-3.amazonaws.com",
    "user.changes.name": "mallet",
    "user.name": "Admin",
    "user.target.name": "mallory",
}
"""A value of each field that rules ask for by name."""


@cache
def sources() -> tuple[dict[str, Any], ...]:
    """Give the documents of all CloudTrail goldens."""
    goldens = (SAMPLES / "aws_cloudtrail").glob("*.expected.json")
    entries = [entry for path in goldens for entry in json.loads(path.read_text()) if isinstance(entry, dict)]
    return tuple(entry["_source"] for entry in entries if "_source" in entry)


def values(value: Any, path: str) -> list[Any]:
    """Give all values at a path, also of each object in a list."""
    if isinstance(value, list):
        return [found for one in value for found in values(one, path)]
    if not path:
        return [value]
    name, _, rest = path.partition(".")
    return values(value[name], rest) if isinstance(value, dict) and name in value else []


@pytest.mark.parametrize(("field", "wildcard"), PATTERNS)
def test_string_forms_match(field: str, wildcard: str) -> None:
    """A wildcard of a published rule matches the string form of some sample."""
    parts = [re.escape(part).replace(r"\*", ".*") for part in re.split(r"\[\*\]", wildcard)]
    pattern = re.compile(r"\*".join(parts), re.DOTALL)
    texts = [text for one in sources() for text in values(one, f"aws.cloudtrail.{field}")]
    assert any(pattern.fullmatch(text) for text in texts)


@pytest.mark.parametrize("field", VALUES)
def test_fields_have_the_values_that_rules_ask_for(field: str) -> None:
    """A field that rules read by name has its value under that name."""
    assert VALUES[field] in [value for one in sources() for value in values(one, field)]
