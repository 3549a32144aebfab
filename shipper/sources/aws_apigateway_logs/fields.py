"""What documents of API Gateway have beside ECS; latencies are in milliseconds, and Elastic's names are kept."""

from datetime import datetime
from typing import Final

from shipper import ecs

API: Final = ("api", "web")
SERVICE: Final = ecs.CloudService(name="apigateway")


class Phase(ecs.FieldSet):
    """What became of one phase of a request."""

    error: str | None = None
    latency: int | None = None
    status: int | None = None


class Authorizer(Phase, kw_only=True):
    """What the authorizer of an API said."""

    integration_latency: int | None = None
    integration_status: int | None = None
    principal_id: str | None = None
    request_id: str | None = None


class Integration(Phase, kw_only=True):
    """What is behind the API; `status` is its own answer, `integration_status` that of Lambda for the function's."""

    error_message: str | None = None
    integration_status: int | None = None
    request_id: str | None = None
    response_transfer_mode: str | None = None
    time_to_all_headers: int | None = None
    time_to_first_content: int | None = None


class Waf(Phase, kw_only=True):
    """What AWS WAF said."""

    response_code: str | None = None
    web_acl_arn: str | None = None


class Cognito(ecs.FieldSet):
    """Whom Cognito took the caller for."""

    authentication_provider: str | None = None
    authentication_type: str | None = None
    identity_id: str | None = None
    identity_pool_id: str | None = None


class Identity(ecs.FieldSet):
    """Who asked."""

    account_id: str | None = None
    api_key_id: str | None = None
    cognito: Cognito | None = None
    principal_org_id: str | None = None
    user_arn: str | None = None
    vpc_id: str | None = None
    vpce_id: str | None = None


class Matched(ecs.FieldSet):
    """What of a custom domain matched."""

    base_path_matched: str | None = None
    routing_rule_id_matched: str | None = None


class ApiError(ecs.FieldSet):
    """Why API Gateway did not accept a request."""

    validation_error: str | None = None


class ApiGateway(ecs.FieldSet):
    """`aws.apigateway`; `log` is `access` or `execution`, `context` has variables without fields of their own."""

    api_id: str | None = None
    authenticate: Phase | None = None
    authorize: Phase | None = None
    authorizer: Authorizer | None = None
    aws_endpoint_request_id: str | None = None
    aws_endpoint_request_id2: str | None = None
    caller: str | None = None
    connected_at: datetime | None = None
    connection_id: str | None = None
    context: ecs.Flat | None = None
    custom_domain: Matched | None = None
    data_processed: int | None = None
    deployment_id: str | None = None
    domain_name: str | None = None
    domain_prefix: str | None = None
    endpoint_type: str | None = None
    error: ApiError | None = None
    event_type: str | None = None
    extended_request_id: str | None = None
    http_method: str | None = None
    identity: Identity | None = None
    integration: Integration | None = None
    ip_address: ecs.Ip | None = None
    is_canary_request: bool | None = None
    log: str | None = None
    message_id: str | None = None
    protocol: str | None = None
    request_id: str | None = None
    request_time: datetime | None = None
    resource_id: str | None = None
    resource_path: str | None = None
    response_length: int | None = None
    route_key: str | None = None
    stage: str | None = None
    status: int | None = None
    user: str | None = None
    waf: Waf | None = None


class Aws(ecs.Aws, kw_only=True):
    apigateway: ApiGateway


class AccessDocument(ecs.Document, kw_only=True):
    aws: Aws
    http: ecs.Http | None = None
    message: ecs.Text | None = None
    network: ecs.Network | None = None
    source: ecs.Endpoint | None = None
    tls: ecs.Tls | None = None
    trace: ecs.Trace | None = None
    url: ecs.Url | None = None
    user: ecs.User | None = None
    user_agent: ecs.UserAgent | None = None
