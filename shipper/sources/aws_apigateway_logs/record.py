"""
What API Gateway can write of a request, and under which of its variables.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html

A column is named as the console's own JSON templates name it, and where they do not have it, after its variable.
"""

from typing import Final

from msgspec import field

from shipper.formats import Record

Number = str | int | float | None
"""A number, which stands in quotes unless the template has none, or `-`."""

Id = str | int | None
"""Digits that are no number: without quotes in the template they look like one."""

Truth = str | bool | None
"""True or false, likewise."""


class AccessRecord(Record, rename="camel"):
    """A request to an API, or an event of a WebSocket."""

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


class ExecutionRecord(Record, rename="camel"):
    """A line of an execution log."""

    request_id: str | None = None
    message: str | None = None


VARIABLES: Final = {
    "accountId": "accountId",
    "apiId": "apiId",
    "authenticate.error": "authenticateError",
    "authenticate.latency": "authenticateLatency",
    "authenticate.status": "authenticateStatus",
    "authorize.error": "authorizeError",
    "authorize.latency": "authorizeLatency",
    "authorize.status": "authorizeStatus",
    "authorizer.error": "authorizerError",
    "authorizer.integrationLatency": "authorizerIntegrationLatency",
    "authorizer.integrationStatus": "authorizerIntegrationStatus",
    "authorizer.latency": "authorizerLatency",
    "authorizer.principalId": "principalId",
    "authorizer.requestId": "authorizerRequestId",
    "authorizer.status": "authorizerStatus",
    "awsEndpointRequestId": "awsEndpointRequestId",
    "awsEndpointRequestId2": "awsEndpointRequestId2",
    "cipherSuite": "cipherSuite",
    "connectedAt": "connectedAt",
    "connectionId": "connectionId",
    "customDomain.basePathMatched": "basePathMatched",
    "customDomain.routingRuleIdMatched": "routingRuleIdMatched",
    "dataProcessed": "dataProcessed",
    "deploymentId": "deploymentId",
    "domainName": "domainName",
    "domainPrefix": "domainPrefix",
    "endpointType": "endpointType",
    "error.message": "errorMessage",
    "error.messageString": "errorMessage",
    "error.responseType": "errorType",
    "error.validationErrorString": "validationError",
    "eventType": "eventType",
    "extendedRequestId": "extendedRequestId",
    "httpMethod": "httpMethod",
    "identity.accountId": "identityAccountId",
    "identity.apiKey": "apiKey",
    "identity.apiKeyId": "apiKeyId",
    "identity.caller": "caller",
    "identity.clientCert.clientCertPem": "clientCertPem",
    "identity.clientCert.issuerDN": "clientCertIssuerDN",
    "identity.clientCert.serialNumber": "clientCertSerialNumber",
    "identity.clientCert.subjectDN": "clientCertSubjectDN",
    "identity.clientCert.validity.notAfter": "clientCertNotAfter",
    "identity.clientCert.validity.notBefore": "clientCertNotBefore",
    "identity.cognitoAuthenticationProvider": "cognitoAuthenticationProvider",
    "identity.cognitoAuthenticationType": "cognitoAuthenticationType",
    "identity.cognitoIdentityId": "cognitoIdentityId",
    "identity.cognitoIdentityPoolId": "cognitoIdentityPoolId",
    "identity.principalOrgId": "principalOrgId",
    "identity.sourceIp": "ip",
    "identity.user": "user",
    "identity.userAgent": "userAgent",
    "identity.userArn": "userArn",
    "identity.vpcId": "vpcId",
    "identity.vpceId": "vpceId",
    "integration.error": "integrationError",
    "integration.integrationStatus": "integrationServiceStatus",
    "integration.latency": "integrationLatency",
    "integration.requestId": "integrationRequestId",
    "integration.responseTransferMode": "responseTransferMode",
    "integration.status": "integrationStatus",
    "integration.timeToAllHeaders": "timeToAllHeaders",
    "integration.timeToFirstContent": "timeToFirstContent",
    "integrationErrorMessage": "integrationErrorMessage",
    "integrationLatency": "integrationLatency",
    "integrationStatus": "integrationServiceStatus",
    "isCanaryRequest": "isCanaryRequest",
    "messageId": "messageId",
    "path": "path",
    "protocol": "protocol",
    "requestId": "requestId",
    "requestTime": "requestTime",
    "requestTimeEpoch": "requestTimeEpoch",
    "resourceId": "resourceId",
    "resourcePath": "resourcePath",
    "responseLatency": "responseLatency",
    "responseLength": "responseLength",
    "routeKey": "routeKey",
    "stage": "stage",
    "status": "status",
    "tlsVersion": "tlsVersion",
    "waf.error": "wafError",
    "waf.latency": "wafLatency",
    "waf.status": "wafStatus",
    "wafResponseCode": "wafResponse",
    "webaclArn": "webaclArn",
    "xrayTraceId": "xrayTraceId",
}
"""Columns by the variable that fills them, without `$context.`."""
