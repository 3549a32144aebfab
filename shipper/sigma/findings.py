"""
Findings by the names of their members: GuardDuty, Security Hub and IAM Access Analyzer.

https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html
https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-eventbridge.html

What tells one finding from another has its name here. Details of resources and of what was done there are many: rules
read them by the names of our documents.
"""

from typing import Any, Final

from shipper.sigma.logsource import LogSource, Spelling

_LOWER: Final[dict[str, Any]] = {"type": "case", "method": "lower"}

_GUARDDUTY_OURS: Final = "aws.guardduty"
_CALL: Final = "service.action.awsApiCallAction"
_CONNECTION: Final = "service.action.networkConnectionAction"
_QUERY: Final = "service.action.dnsRequestAction"

_GUARDDUTY: Final = LogSource(
    name="guardduty",
    rules=({"product": "aws", "service": "guardduty"},),
    datasets=("aws.guardduty",),
    fields={
        "accountId": "cloud.account.id",
        "arn": f"{_GUARDDUTY_OURS}.arn",
        "createdAt": "event.created",
        "id": "event.id",
        "partition": f"{_GUARDDUTY_OURS}.partition",
        "region": "cloud.region",
        "resource.accessKeyDetails.accessKeyId": f"{_GUARDDUTY_OURS}.resource.access_key_details.accesskey_id",
        "resource.accessKeyDetails.principalId": "user.id",
        "resource.accessKeyDetails.userName": "user.name",
        "resource.accessKeyDetails.userType": f"{_GUARDDUTY_OURS}.resource.access_key_details.user.type",
        "resource.instanceDetails.instanceId": "cloud.instance.id",
        "resource.instanceDetails.instanceType": "cloud.machine.type",
        "resource.resourceType": f"{_GUARDDUTY_OURS}.resource.type",
        "resource.s3BucketDetails.arn": f"{_GUARDDUTY_OURS}.resource.s3_bucket_details.arn",
        "resource.s3BucketDetails.name": f"{_GUARDDUTY_OURS}.resource.s3_bucket_details.name",
        "service.action.actionType": "event.action",
        f"{_CALL}.api": f"{_GUARDDUTY_OURS}.service.action.aws_api_call_action.api",
        f"{_CALL}.callerType": f"{_GUARDDUTY_OURS}.service.action.aws_api_call_action.caller_type",
        f"{_CALL}.errorCode": f"{_GUARDDUTY_OURS}.service.action.aws_api_call_action.error_code",
        f"{_CALL}.serviceName": "event.provider",
        f"{_CONNECTION}.blocked": f"{_GUARDDUTY_OURS}.service.action.network_connection_action.blocked",
        f"{_CONNECTION}.connectionDirection": "network.direction",
        f"{_QUERY}.blocked": f"{_GUARDDUTY_OURS}.service.action.dns_request_action.blocked",
        f"{_QUERY}.domain": "dns.question.name",
        "service.archived": f"{_GUARDDUTY_OURS}.service.archived",
        "service.count": f"{_GUARDDUTY_OURS}.service.count",
        "service.detectorId": f"{_GUARDDUTY_OURS}.service.detector_id",
        "service.featureName": f"{_GUARDDUTY_OURS}.service.feature_name",
        "service.resourceRole": f"{_GUARDDUTY_OURS}.service.resource_role",
        "severity": f"{_GUARDDUTY_OURS}.severity.code",
        "title": f"{_GUARDDUTY_OURS}.title",
        "type": "rule.name",
        "updatedAt": "@timestamp",
    },
    addresses={f"{_CALL}.remoteIpDetails.ipAddressV4": "source"},
    spellings=(Spelling(names=(f"{_CONNECTION}.connectionDirection",), transformation=_LOWER),),
)

_ASFF: Final = "aws.securityhub_findings"

_SECURITY_HUB: Final = LogSource(
    name="securityhub_findings",
    rules=({"product": "aws", "service": "securityhub"}, {"product": "aws", "service": "securityhub_findings"}),
    datasets=("aws.securityhub_findings",),
    fields={
        "AwsAccountId": "cloud.account.id",
        "AwsAccountName": "cloud.account.name",
        "CompanyName": f"{_ASFF}.company.name",
        "Compliance.SecurityControlId": f"{_ASFF}.compliance.security_control_id",
        "Compliance.Status": f"{_ASFF}.compliance.status",
        "Confidence": f"{_ASFF}.confidence",
        "CreatedAt": "event.created",
        "Criticality": f"{_ASFF}.criticality",
        "GeneratorId": f"{_ASFF}.generator.id",
        "Id": "event.id",
        "ProductArn": f"{_ASFF}.product.arn",
        "ProductName": f"{_ASFF}.product.name",
        "RecordState": f"{_ASFF}.record_state",
        "Region": "cloud.region",
        "Severity.Label": f"{_ASFF}.severity.label",
        "Severity.Normalized": f"{_ASFF}.severity.normalized",
        "Severity.Original": f"{_ASFF}.severity.original",
        "Title": f"{_ASFF}.title",
        "Types": f"{_ASFF}.types",
        "VerificationState": f"{_ASFF}.verification_state",
        "Workflow.Status": f"{_ASFF}.workflow.status",
    },
    members={
        "ProductFields.": f"{_ASFF}.product.fields.",
        "Resources.": f"{_ASFF}.resources.",
        "UserDefinedFields.": f"{_ASFF}.user_defined_fields.",
    },
)

_ANALYZER: Final = "aws.access_analyzer"

_ACCESS_ANALYZER: Final = LogSource(
    name="access_analyzer",
    rules=({"product": "aws", "service": "access_analyzer"},),
    datasets=("aws.access_analyzer",),
    fields={
        "accountId": "cloud.account.id",
        "accessType": f"{_ANALYZER}.access_type",
        "action": f"{_ANALYZER}.actions",
        "findingId": "event.id",
        "findingType": f"{_ANALYZER}.finding_type",
        "id": "event.id",
        "isDeleted": f"{_ANALYZER}.is_deleted",
        "isPublic": f"{_ANALYZER}.is_public",
        "principalOwnerAccount": f"{_ANALYZER}.principal.owner_account",
        "principalType": f"{_ANALYZER}.principal.entity_type",
        "region": "cloud.region",
        "resource": f"{_ANALYZER}.resource.arn",
        "resourceType": f"{_ANALYZER}.resource.type",
        "status": f"{_ANALYZER}.status",
    },
    members={"condition.": f"{_ANALYZER}.condition."},
)

FINDINGS: Final = (_GUARDDUTY, _SECURITY_HUB, _ACCESS_ANALYZER)
