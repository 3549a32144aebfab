"""
What API Gateway can write of a request, and under which of its variables.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html

A member is named as in the console's own JSON formats, and one that they do not have after its variable.
"""

from operator import attrgetter
from typing import ClassVar, Final

from msgspec import field

from shipper.formats import Entry

Number = str | int | float | None
"""A number, which stands in quotes unless the template has none, or `-`."""

Id = str | int | None
"""Digits that are no number: without quotes in the template they look like one."""

Truth = str | bool | None
"""True or false, likewise."""


class AccessRecord(Entry, rename="camel"):
    """A request to an API, or an event of a WebSocket."""

    others: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Of a format of the user's own: path of each value that has no field of its own, and the field that it is in."""

    # ids
    request_id: str | None = None
    extended_request_id: str | None = None
    account_id: Id = None
    api_id: Id = None
    deployment_id: str | None = None
    resource_id: str | None = None
    stage: Id = None
    xray_trace_id: str | None = None
    aws_endpoint_request_id: str | None = None
    aws_endpoint_request_id2: str | None = None
    # request
    request_time: str | None = None
    request_time_epoch: Number = None
    http_method: str | None = None
    path: str | None = None
    resource_path: str | None = None
    route_key: str | None = None
    protocol: str | None = None
    domain_name: str | None = None
    domain_prefix: str | None = None
    base_path_matched: str | None = None
    routing_rule_id_matched: str | None = None
    endpoint_type: str | None = None
    is_canary_request: Truth = None
    tls_version: str | None = None
    cipher_suite: str | None = None
    # result
    status: Number = None
    response_length: Number = None
    response_latency: Number = None
    data_processed: Number = None
    error_message: str | None = None
    error_type: str | None = None
    validation_error: str | None = None
    # who asks
    ip: str | None = None
    caller: str | None = None
    user: str | None = None
    user_arn: str | None = None
    user_agent: str | None = None
    identity_account_id: Id = None
    api_key: str | None = None
    api_key_id: str | None = None
    principal_org_id: str | None = None
    vpc_id: str | None = None
    vpce_id: str | None = None
    cognito_identity_id: str | None = None
    cognito_identity_pool_id: str | None = None
    cognito_authentication_type: str | None = None
    cognito_authentication_provider: str | None = None
    client_cert_pem: str | None = None
    client_cert_subject_dn: str | None = field(name="clientCertSubjectDN", default=None)
    client_cert_issuer_dn: str | None = field(name="clientCertIssuerDN", default=None)
    client_cert_serial_number: Id = None
    client_cert_not_before: str | None = None
    client_cert_not_after: str | None = None
    # what the phases of the request say
    authenticate_error: str | None = None
    authenticate_latency: Number = None
    authenticate_status: Number = None
    authorize_error: str | None = None
    authorize_latency: Number = None
    authorize_status: Number = None
    principal_id: str | None = None
    authorizer_error: str | None = None
    authorizer_latency: Number = None
    authorizer_status: Number = None
    authorizer_integration_latency: Number = None
    authorizer_integration_status: Number = None
    authorizer_request_id: str | None = None
    integration_error: str | None = None
    integration_error_message: str | None = None
    integration_latency: Number = None
    integration_request_id: str | None = None
    integration_status: Number = None
    integration_service_status: Number = None
    response_transfer_mode: str | None = None
    time_to_all_headers: Number = None
    time_to_first_content: Number = None
    waf_error: str | None = None
    waf_latency: Number = None
    waf_status: Number = None
    waf_response: str | None = None
    webacl_arn: str | None = None
    # of a WebSocket
    connection_id: str | None = None
    connected_at: Number = None
    event_type: str | None = None
    message_id: str | None = None

    @property
    def has_time(self) -> bool:
        """See `Entry`."""
        return self.request_time is not None or self.request_time_epoch is not None


class ExecutionRecord(Entry, rename="camel"):
    """A message of an execution log."""

    request_id: str | None = None
    message: str | None = None


class Group:
    """
    Fields that a format usually has all of or none.

    Args:
        names: of the fields
    """

    def __init__(self, *names: str) -> None:
        self._values = attrgetter(*names)
        self._none = (None,) * len(names)

    def is_in(self, record: AccessRecord) -> bool:
        """Tell whether a record has any of them."""
        return self._values(record) != self._none


_TELLING: Final = Group(
    "extended_request_id",
    "request_time",
    "request_time_epoch",
    "http_method",
    "route_key",
    "resource_path",
    "api_id",
    "connection_id",
)
"""No record of another log has any of these."""

_IDS: Final = Group("extended_request_id", "request_id")
"""Every format of the user's own has one of these, and may have little else."""


def tells(record: AccessRecord) -> bool:
    """Tell whether there is something in a record that only those of API Gateway have."""
    return (_TELLING if type(record) is AccessRecord else _IDS).is_in(record)


VARIABLES: Final = {
    "accountId": "account_id",
    "apiId": "api_id",
    "authenticate.error": "authenticate_error",
    "authenticate.latency": "authenticate_latency",
    "authenticate.status": "authenticate_status",
    "authorize.error": "authorize_error",
    "authorize.latency": "authorize_latency",
    "authorize.status": "authorize_status",
    "authorizer.error": "authorizer_error",
    "authorizer.integrationLatency": "authorizer_integration_latency",
    "authorizer.integrationStatus": "authorizer_integration_status",
    "authorizer.latency": "authorizer_latency",
    "authorizer.principalId": "principal_id",
    "authorizer.requestId": "authorizer_request_id",
    "authorizer.status": "authorizer_status",
    "awsEndpointRequestId": "aws_endpoint_request_id",
    "awsEndpointRequestId2": "aws_endpoint_request_id2",
    "cipherSuite": "cipher_suite",
    "connectedAt": "connected_at",
    "connectionId": "connection_id",
    "customDomain.basePathMatched": "base_path_matched",
    "customDomain.routingRuleIdMatched": "routing_rule_id_matched",
    "dataProcessed": "data_processed",
    "deploymentId": "deployment_id",
    "domainName": "domain_name",
    "domainPrefix": "domain_prefix",
    "endpointType": "endpoint_type",
    "error.message": "error_message",
    "error.messageString": "error_message",
    "error.responseType": "error_type",
    "error.validationErrorString": "validation_error",
    "eventType": "event_type",
    "extendedRequestId": "extended_request_id",
    "httpMethod": "http_method",
    "identity.accountId": "identity_account_id",
    "identity.apiKey": "api_key",
    "identity.apiKeyId": "api_key_id",
    "identity.caller": "caller",
    "identity.clientCert.clientCertPem": "client_cert_pem",
    "identity.clientCert.issuerDN": "client_cert_issuer_dn",
    "identity.clientCert.serialNumber": "client_cert_serial_number",
    "identity.clientCert.subjectDN": "client_cert_subject_dn",
    "identity.clientCert.validity.notAfter": "client_cert_not_after",
    "identity.clientCert.validity.notBefore": "client_cert_not_before",
    "identity.cognitoAuthenticationProvider": "cognito_authentication_provider",
    "identity.cognitoAuthenticationType": "cognito_authentication_type",
    "identity.cognitoIdentityId": "cognito_identity_id",
    "identity.cognitoIdentityPoolId": "cognito_identity_pool_id",
    "identity.principalOrgId": "principal_org_id",
    "identity.sourceIp": "ip",
    "identity.user": "user",
    "identity.userAgent": "user_agent",
    "identity.userArn": "user_arn",
    "identity.vpcId": "vpc_id",
    "identity.vpceId": "vpce_id",
    "integration.error": "integration_error",
    "integration.integrationStatus": "integration_service_status",
    "integration.latency": "integration_latency",
    "integration.requestId": "integration_request_id",
    "integration.responseTransferMode": "response_transfer_mode",
    "integration.status": "integration_status",
    "integration.timeToAllHeaders": "time_to_all_headers",
    "integration.timeToFirstContent": "time_to_first_content",
    "integrationErrorMessage": "integration_error_message",
    "integrationLatency": "integration_latency",
    "integrationStatus": "integration_service_status",
    "isCanaryRequest": "is_canary_request",
    "messageId": "message_id",
    "path": "path",
    "protocol": "protocol",
    "requestId": "request_id",
    "requestTime": "request_time",
    "requestTimeEpoch": "request_time_epoch",
    "resourceId": "resource_id",
    "resourcePath": "resource_path",
    "responseLatency": "response_latency",
    "responseLength": "response_length",
    "routeKey": "route_key",
    "stage": "stage",
    "status": "status",
    "tlsVersion": "tls_version",
    "waf.error": "waf_error",
    "waf.latency": "waf_latency",
    "waf.status": "waf_status",
    "wafResponseCode": "waf_response",
    "webaclArn": "webacl_arn",
    "xrayTraceId": "xray_trace_id",
}
"""Fields by the variable that fills them, without `$context.`."""
