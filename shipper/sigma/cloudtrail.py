"""
CloudTrail as Sigma's rules call it: by the names of the members of a record.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from typing import Final

from shipper.sigma.logsource import LogSource, Spelling

_IDENTITY: Final = "aws.cloudtrail.user_identity"
_SESSION: Final = f"{_IDENTITY}.session_context"
_FLAT: Final = "aws.cloudtrail.flattened"

CLOUDTRAIL: Final = LogSource(
    name="cloudtrail",
    rules=({"product": "aws", "service": "cloudtrail"},),
    datasets=("aws.cloudtrail",),
    fields={
        "additionalEventData": "aws.cloudtrail.additional_eventdata",
        "additionalEventData.LoginTo": "aws.cloudtrail.console_login.additional_eventdata.login_to",
        "additionalEventData.MFAUsed": "aws.cloudtrail.console_login.additional_eventdata.mfa_used",
        "additionalEventData.MobileVersion": "aws.cloudtrail.console_login.additional_eventdata.mobile_version",
        "apiVersion": "aws.cloudtrail.api_version",
        "awsRegion": "cloud.region",
        "errorCode": "aws.cloudtrail.error_code",
        "errorMessage": "aws.cloudtrail.error_message",
        "eventCategory": "aws.cloudtrail.event_category",
        "eventID": "event.id",
        "eventName": "event.action",
        "eventSource": "event.provider",
        "eventTime": "@timestamp",
        "eventType": "aws.cloudtrail.event_type",
        "eventVersion": "aws.cloudtrail.event_version",
        "managementEvent": "aws.cloudtrail.management_event",
        "readOnly": "aws.cloudtrail.read_only",
        "recipientAccountId": "aws.cloudtrail.recipient_account_id",
        "requestID": "aws.cloudtrail.request_id",
        "requestParameters": "aws.cloudtrail.request_parameters",
        "resources.ARN": "aws.cloudtrail.resources.arn",
        "resources.accountId": "aws.cloudtrail.resources.account_id",
        "resources.type": "aws.cloudtrail.resources.type",
        "responseElements": "aws.cloudtrail.response_elements",
        "serviceEventDetails": "aws.cloudtrail.service_event_details",
        "sessionCredentialFromConsole": "aws.cloudtrail.session_credential_from_console",
        "sharedEventID": "aws.cloudtrail.shared_event_id",
        "tlsDetails.cipherSuite": "tls.cipher",
        "tlsDetails.clientProvidedHostHeader": "tls.client.server_name",
        "tlsDetails.tlsVersion": "tls.version",
        "userAgent": "user_agent.original",
        "userIdentity.accessKeyId": f"{_IDENTITY}.access_key_id",
        "userIdentity.accountId": "cloud.account.id",
        "userIdentity.arn": f"{_IDENTITY}.arn",
        "userIdentity.credentialId": f"{_IDENTITY}.credential_id",
        "userIdentity.identityProvider": f"{_IDENTITY}.identity_provider",
        "userIdentity.invokedBy": f"{_IDENTITY}.invoked_by",
        # A name or an id is kept beside the user's only where it is another.
        "userIdentity.principalId": ["user.id", f"{_IDENTITY}.principal_id"],
        "userIdentity.sessionContext.assumedRoot": f"{_SESSION}.assumed_root",
        "userIdentity.sessionContext.attributes.creationDate": f"{_SESSION}.creation_date",
        "userIdentity.sessionContext.attributes.mfaAuthenticated": f"{_SESSION}.mfa_authenticated",
        "userIdentity.sessionContext.ec2RoleDelivery": f"{_SESSION}.ec2_role_delivery",
        "userIdentity.sessionContext.sessionIssuer.accountId": f"{_SESSION}.session_issuer.account_id",
        "userIdentity.sessionContext.sessionIssuer.arn": f"{_SESSION}.session_issuer.arn",
        "userIdentity.sessionContext.sessionIssuer.principalId": f"{_SESSION}.session_issuer.principal_id",
        "userIdentity.sessionContext.sessionIssuer.type": f"{_SESSION}.session_issuer.type",
        "userIdentity.sessionContext.sessionIssuer.userName": ["user.name", f"{_SESSION}.session_issuer.user_name"],
        "userIdentity.sessionContext.sourceIdentity": f"{_SESSION}.source_identity",
        "userIdentity.sessionContext.webIdFederationData.federatedProvider": (
            f"{_SESSION}.web_id_federation_data.federated_provider"
        ),
        "userIdentity.type": f"{_IDENTITY}.type",
        "userIdentity.userName": "user.name",
        "vpcEndpointAccountId": "aws.cloudtrail.vpc_endpoint_account_id",
        "vpcEndpointId": "aws.cloudtrail.vpc_endpoint_id",
    },
    members={
        "additionalEventData.": f"{_FLAT}.additional_eventdata.",
        "insightDetails.": f"{_FLAT}.insight_details.",
        "requestParameters.": f"{_FLAT}.request_parameters.",
        "responseElements.": f"{_FLAT}.response_elements.",
        "serviceEventDetails.": f"{_FLAT}.service_event_details.",
    },
    addresses={"sourceIPAddress": "source"},
    spellings=(
        Spelling(
            names=("additionalEventData.MFAUsed",),
            transformation={"type": "map_string", "mapping": {"No": "false", "Yes": "true"}},
        ),
        Spelling(
            names=("tlsDetails.tlsVersion",),
            transformation={"type": "replace_string", "regex": "^TLSv", "replacement": ""},
        ),
    ),
)
