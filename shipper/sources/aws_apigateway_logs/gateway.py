"""What documents say under `aws.apigateway`."""

from datetime import datetime
from typing import Final

from shipper import ecs
from shipper.sources.aws_apigateway_logs.fields import (
    ApiError,
    ApiGateway,
    Authorizer,
    Cognito,
    Identity,
    Integration,
    Matched,
    Phase,
    Waf,
)
from shipper.sources.aws_apigateway_logs.record import AccessRecord, Group, Number
from shipper.sources.aws_apigateway_logs.values import Values, identifier

_AUTHENTICATE: Final = Group("authenticate_error", "authenticate_latency", "authenticate_status")
_AUTHORIZE: Final = Group("authorize_error", "authorize_latency", "authorize_status")
_AUTHORIZER: Final = Group(
    "principal_id",
    "authorizer_error",
    "authorizer_latency",
    "authorizer_status",
    "authorizer_integration_latency",
    "authorizer_integration_status",
    "authorizer_request_id",
)
_COGNITO: Final = Group(
    "cognito_identity_id",
    "cognito_identity_pool_id",
    "cognito_authentication_type",
    "cognito_authentication_provider",
)
_OF_INTEGRATION: Final = Group(
    "integration_error_message",
    "integration_request_id",
    "integration_service_status",
    "response_transfer_mode",
    "time_to_all_headers",
    "time_to_first_content",
)
_RARE: Final = Group(
    "aws_endpoint_request_id",
    "aws_endpoint_request_id2",
    "base_path_matched",
    "data_processed",
    "deployment_id",
    "domain_prefix",
    "endpoint_type",
    "is_canary_request",
    "resource_id",
    "routing_rule_id_matched",
    "validation_error",
)
_SOCKET: Final = Group("connected_at", "connection_id", "event_type", "message_id")
_WAF: Final = Group("waf_error", "waf_latency", "waf_response", "waf_status", "webacl_arn")


def gateway_of(
    record: AccessRecord, values: Values, ip: ecs.Ip | None, status: int | None, requested: datetime | None
) -> ApiGateway:
    """
    Describe a request as API Gateway does.

    Args:
        record: what it wrote
        values: reads the record's values
        ip: who asked
        status: of the answer
        requested: the second of the request
    """
    gateway = ApiGateway(
        api_id=identifier(record.api_id),
        caller=ecs.given(record.caller),
        domain_name=ecs.given(record.domain_name),
        extended_request_id=ecs.given(record.extended_request_id),
        http_method=ecs.given(record.http_method),
        ip_address=ip,
        log="access",
        protocol=ecs.given(record.protocol),
        request_id=ecs.given(record.request_id),
        request_time=requested,
        resource_path=ecs.given(record.resource_path),
        route_key=ecs.given(record.route_key),
        stage=identifier(record.stage),
        status=status,
        user=ecs.given(record.user),
    )
    gateway.response_length = values.number(record.response_length, "responseLength")
    gateway.identity = _identity(record)
    gateway.integration = _integration(record, values)
    if _WAF.is_in(record):
        gateway.waf = _waf(record, values)
    _add_authorization(gateway, record, values)
    if _SOCKET.is_in(record):
        _add_socket(gateway, record, values)
    if _RARE.is_in(record):
        _add_rare(gateway, record, values)
    return gateway


def _integration(record: AccessRecord, values: Values) -> Integration | None:
    integration = Integration(
        error=ecs.given(record.integration_error),
        latency=values.number(record.integration_latency, "integrationLatency"),
        status=values.number(record.integration_status, "integrationStatus"),
    )
    if _OF_INTEGRATION.is_in(record):
        integration.error_message = ecs.given(record.integration_error_message)
        integration.integration_status = values.number(record.integration_service_status, "integrationServiceStatus")
        integration.request_id = ecs.given(record.integration_request_id)
        integration.response_transfer_mode = ecs.given(record.response_transfer_mode)
        integration.time_to_all_headers = values.number(record.time_to_all_headers, "timeToAllHeaders")
        integration.time_to_first_content = values.number(record.time_to_first_content, "timeToFirstContent")
    return ecs.some(integration)


def _waf(record: AccessRecord, values: Values) -> Waf | None:
    return ecs.some(
        Waf(
            error=ecs.given(record.waf_error),
            latency=values.number(record.waf_latency, "wafLatency"),
            response_code=ecs.given(record.waf_response),
            status=values.number(record.waf_status, "wafStatus"),
            web_acl_arn=ecs.given(record.webacl_arn),
        )
    )


def _add_authorization(gateway: ApiGateway, record: AccessRecord, values: Values) -> None:
    """Set what became of the phases in which the caller is made out, and let in or not."""
    if _AUTHENTICATE.is_in(record):
        error, latency, status = record.authenticate_error, record.authenticate_latency, record.authenticate_status
        gateway.authenticate = _phase("authenticate", error, latency, status, values)
    if _AUTHORIZE.is_in(record):
        error, latency, status = record.authorize_error, record.authorize_latency, record.authorize_status
        gateway.authorize = _phase("authorize", error, latency, status, values)
    if _AUTHORIZER.is_in(record):
        gateway.authorizer = _authorizer(record, values)


def _phase(name: str, error: str | None, latency: Number, status: Number, values: Values) -> Phase | None:
    return ecs.some(
        Phase(
            error=ecs.given(error),
            latency=values.number(latency, f"{name}Latency"),
            status=values.number(status, f"{name}Status"),
        )
    )


def _authorizer(record: AccessRecord, values: Values) -> Authorizer | None:
    return ecs.some(
        Authorizer(
            error=ecs.given(record.authorizer_error),
            integration_latency=values.number(record.authorizer_integration_latency, "authorizerIntegrationLatency"),
            integration_status=values.number(record.authorizer_integration_status, "authorizerIntegrationStatus"),
            latency=values.number(record.authorizer_latency, "authorizerLatency"),
            principal_id=ecs.given(record.principal_id),
            request_id=ecs.given(record.authorizer_request_id),
            status=values.number(record.authorizer_status, "authorizerStatus"),
        )
    )


def _add_socket(gateway: ApiGateway, record: AccessRecord, values: Values) -> None:
    """Set what an event of a WebSocket has."""
    gateway.connected_at = values.since_1970(record.connected_at, "connectedAt")
    gateway.connection_id = ecs.given(record.connection_id)
    gateway.event_type = ecs.given(record.event_type)
    gateway.message_id = ecs.given(record.message_id)


def _add_rare(gateway: ApiGateway, record: AccessRecord, values: Values) -> None:
    """Set what few formats have."""
    gateway.aws_endpoint_request_id = ecs.given(record.aws_endpoint_request_id)
    gateway.aws_endpoint_request_id2 = ecs.given(record.aws_endpoint_request_id2)
    matched = Matched(
        base_path_matched=ecs.given(record.base_path_matched),
        routing_rule_id_matched=ecs.given(record.routing_rule_id_matched),
    )
    gateway.custom_domain = ecs.some(matched)
    gateway.data_processed = values.number(record.data_processed, "dataProcessed")
    gateway.deployment_id = ecs.given(record.deployment_id)
    gateway.domain_prefix = ecs.given(record.domain_prefix)
    gateway.endpoint_type = ecs.given(record.endpoint_type)
    gateway.error = ecs.some(ApiError(validation_error=ecs.given(record.validation_error)))
    gateway.is_canary_request = values.truth(record.is_canary_request, "isCanaryRequest")
    gateway.resource_id = ecs.given(record.resource_id)


def _identity(record: AccessRecord) -> Identity | None:
    return ecs.some(
        Identity(
            account_id=identifier(record.identity_account_id),
            api_key_id=ecs.given(record.api_key_id),
            cognito=_cognito(record) if _COGNITO.is_in(record) else None,
            principal_org_id=ecs.given(record.principal_org_id),
            user_arn=ecs.given(record.user_arn),
            vpc_id=ecs.given(record.vpc_id),
            vpce_id=ecs.given(record.vpce_id),
        )
    )


def _cognito(record: AccessRecord) -> Cognito | None:
    return ecs.some(
        Cognito(
            authentication_provider=ecs.given(record.cognito_authentication_provider),
            authentication_type=ecs.given(record.cognito_authentication_type),
            identity_id=ecs.given(record.cognito_identity_id),
            identity_pool_id=ecs.given(record.cognito_identity_pool_id),
        )
    )
