"""
API Gateway logs: requests to REST, HTTP and WebSocket APIs, and execution logs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html

record     what API Gateway writes
templates  the log formats in which it does
formats    those of the user's own
reading    from bytes to records
values     what a text in a record stands for
gateway    what documents say under `aws.apigateway`
execution  documents of execution logs
fields     what they have there
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Raw

from shipper import arn, ecs, freeform, web
from shipper.marks import Marks
from shipper.remembered import remembered
from shipper.source import Origin, Source
from shipper.sources.aws_apigateway_logs import execution
from shipper.sources.aws_apigateway_logs.fields import API, SERVICE, AccessDocument, ApiGateway, Aws
from shipper.sources.aws_apigateway_logs.formats import ApiGatewaySettings, Value, read
from shipper.sources.aws_apigateway_logs.gateway import gateway_of
from shipper.sources.aws_apigateway_logs.reading import log_format
from shipper.sources.aws_apigateway_logs.record import AccessRecord, ExecutionRecord, Group, tells
from shipper.sources.aws_apigateway_logs.values import Values, identifier, time_of

_ACCESS: Final = ("access",)
_ALLOWED: Final = ("access", "allowed")
_DENIED: Final = ("access", "denied")
_REFUSALS: Final = frozenset(
    {
        "ACCESS_DENIED",
        "EXPIRED_TOKEN",
        "INVALID_API_KEY",
        "INVALID_SIGNATURE",
        "MISSING_AUTHENTICATION_TOKEN",
        "QUOTA_EXCEEDED",
        "THROTTLED",
        "UNAUTHORIZED",
        "WAF_FILTERED",
    }
)
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html."""

FEWEST_KEYS: Final = 3
"""Outermost keys by which a JSON format of the user's own can be told; fewer may be those of another log."""

_CLIENT_ERROR: Final = 400
_BLOCKED: Final = "WAF_BLOCK"
_NANOSECONDS: Final = 1_000_000
"""Of a millisecond."""
_CLAIMS: Final = (("sub",), ("email",), ("cognito:username", "username", "preferred_username"))
"""Of a token: the user's id, address and name."""
_NO_CLAIMS: Final = (None, None, None)
_NOTHING: Final[Mapping[str, Value]] = {}
_CERTIFICATE: Final = Group(
    "client_cert_pem",
    "client_cert_subject_dn",
    "client_cert_issuer_dn",
    "client_cert_serial_number",
    "client_cert_not_before",
    "client_cert_not_after",
)
_REGION: Final = re.compile(r"\.execute-api\.([a-z0-9-]+)\.")
_COMMON_NAME: Final = re.compile(r"(?:^|[,+])\s*CN\s*=\s*((?:[^,+\\]|\\.)+)", re.IGNORECASE)


def document(record: AccessRecord | ExecutionRecord, origin: Origin) -> AccessDocument:
    """
    Map one request, or one message of an execution log.

    Raises:
        ValueError: the record is none of API Gateway's, or nothing tells the time
    """
    if isinstance(record, ExecutionRecord):
        return execution.document(record, origin)
    if not tells(record):
        raise ValueError("the record has nothing that tells a request to API Gateway")
    values = Values()
    requested = values.second(record.request_time, "requestTime")
    moment = values.since_1970(record.request_time_epoch, "requestTimeEpoch") or requested
    timestamp, tags = time_of(moment, record, origin)
    status, latency = values.number(record.status, "status"), values.number(record.response_latency, "responseLatency")
    ip, agent = ecs.ip(record.ip), ecs.given(record.user_agent)
    domain, trace = ecs.given(record.domain_name), ecs.given(record.xray_trace_id)
    path = ecs.given(record.path) or _fixed(ecs.given(record.resource_path) or ecs.given(record.route_key))
    others = _others(record) if record.others else _NOTHING
    user, names = _user(record, others)
    gateway = gateway_of(record, values, ip, status, requested)
    context = freeform.read(Raw(msgspec.json.encode(others))) if others else freeform.NOTHING
    gateway.context = context.flat
    access = AccessDocument(
        timestamp=timestamp,
        cloud=_cloud(record, domain),
        event=_event(record, gateway, status, latency, is_known=user is not None),
        aws=Aws(apigateway=gateway),
        http=_http(record, status, gateway.response_length),
        network=_network(ecs.ip_version(ip), is_socket=record.event_type is not None),
        related=ecs.related(hosts=(domain,), ip=(ip,), user=names),
        source=_source(record.ip, ip),
        tags=(*tags, "cut") if context.cut else tags,
        tls=_tls(record, values),
        trace=ecs.Trace(id=trace) if trace else None,
        url=_url(domain, path, is_socket=record.event_type is not None),
        user=user,
        user_agent=ecs.UserAgent(original=agent) if agent else None,
    )
    if values.unread:  # by now all values were read
        access.shipper = ecs.Shipper(unparsed=values.unread)
    return access


def _others(record: AccessRecord) -> Mapping[str, Value]:
    """Give the values that have no fields of their own, by the path of their variable."""
    values = {path: getattr(record, name) for path, name in record.others}
    return {path: value for path, value in values.items() if value not in {None, "", "-"}}


def _event(
    record: AccessRecord, gateway: ApiGateway, status: int | None, latency: int | None, *, is_known: bool
) -> ecs.Event:
    code, reason = ecs.given(record.error_type), _unquoted(ecs.given(record.error_message))
    is_failed = status is not None and status >= _CLIENT_ERROR
    kind: tuple[str, ...] = _ACCESS
    if code in _REFUSALS or record.waf_response == _BLOCKED:
        kind = _DENIED
    elif is_known and not is_failed:  # without authentication there is nothing to be allowed
        kind = _ALLOWED
    outcome = "success" if status is not None else "unknown"
    if is_failed or code:
        outcome = "failure"
    return ecs.Event(
        action=(gateway.event_type or "request").lower(),
        category=API,
        code=code,
        duration=None if latency is None or latency < 0 else latency * _NANOSECONDS,
        id=gateway.extended_request_id or gateway.request_id,
        kind="event",
        outcome=outcome,
        reason=reason,
        type=kind,
    )


def _unquoted(message: str | None) -> str | None:
    """Take off the quotes that come with one of the two variables for the message."""
    is_quoted = message is not None and len(message) > 1 and message[0] == message[-1] == '"'
    return ecs.given(message[1:-1]) if message and is_quoted else message


def _cloud(record: AccessRecord, domain: str | None) -> ecs.Cloud:
    """Tell account and region, in the record itself or in the names of what belongs to the API."""
    acl = arn.parted(record.webacl_arn)
    account = identifier(record.account_id) or acl.account
    return ecs.Cloud(
        account=ecs.CloudAccount(id=account) if account else None,
        region=(_region(domain) if domain else None) or acl.region,
        service=SERVICE,
    )


@remembered(1024)
def _region(domain: str) -> str | None:
    found = _REGION.search(domain)
    return found[1] if found else None


def _http(record: AccessRecord, status: int | None, length: int | None) -> ecs.Http | None:
    method, request_id, protocol = record.http_method, record.request_id, record.protocol
    body = ecs.HttpBody(bytes=length) if length is not None else None
    return ecs.some(
        ecs.Http(
            request=ecs.some(ecs.HttpRequest(id=ecs.given(request_id), method=ecs.given(method))),
            response=ecs.some(ecs.HttpResponse(body=body, status_code=status)),
            version=_version(protocol) if protocol else None,
        )
    )


@remembered(64)
def _version(protocol: str) -> str | None:
    name, _, version = protocol.partition("/")
    return version or None if name.upper() == "HTTP" else None


@lru_cache(maxsize=8)
def _network(version: str | None, *, is_socket: bool) -> ecs.Network:
    return ecs.Network(protocol="websocket" if is_socket else "http", transport="tcp", type=version)


def _source(written: str | None, ip: ecs.Ip | None) -> ecs.Endpoint | None:
    address = ecs.given(written)
    return ecs.Endpoint(address=address, ip=ip) if address else None


def _fixed(resource: str | None) -> str | None:
    """Give the path of a resource or route that has one alone, which then is that of each request to it."""
    method, slash, path = (resource or "").partition("/")
    is_fixed = slash and "{" not in path and (not method or method.endswith(" "))
    return f"/{path}" if is_fixed else None


def _url(domain: str | None, path: str | None, *, is_socket: bool) -> ecs.Url | None:
    """Give the address that was asked for; API Gateway has no other than those of TLS."""
    if domain is None and path is None:
        return None
    scheme = "wss" if is_socket else "https"
    return ecs.Url(
        domain=domain,
        extension=web.extension(path) if path else None,
        full=f"{scheme}://{domain}{path}" if domain and path else None,
        original=path,
        path=path,
        scheme=scheme,
    )


# -- who asks ----------------------------------------------------------------------------------------------------------


def _user(record: AccessRecord, others: Mapping[str, Value]) -> tuple[ecs.User | None, tuple[str, ...]]:
    """Give who asks, and all that they can be searched by: IAM knows it, else an authorizer, else Cognito."""
    caller, authorized = ecs.given(record.user) or ecs.given(record.caller), ecs.given(record.principal_id)
    cognito, arn_of_user = ecs.given(record.cognito_identity_id), ecs.given(record.user_arn)
    claims = [_claim(others, *names) for names in _CLAIMS] if others else _NO_CLAIMS
    known = caller or claims[0] or authorized or cognito
    if known is None and arn_of_user is None and claims is _NO_CLAIMS:
        return None, ()
    principal = arn.principal(arn_of_user)
    user = ecs.some(ecs.User(email=principal.email or claims[1], id=known, name=principal.name or claims[2]))
    return user, ecs.once((*principal.names, known, ecs.given(record.caller), authorized, cognito, *claims))


def _claim(others: Mapping[str, Value], *names: str) -> str | None:
    """Give the first of some claims of a token that is there."""
    found = (others.get(f"authorizer.claims.{name}") for name in names)
    return next((str(value) for value in found if value), None)


def _tls(record: AccessRecord, values: Values) -> ecs.Tls | None:
    """Describe the TLS of a request; a client's certificate is told where mutual TLS fails."""
    tls = web.tls(ecs.given(record.cipher_suite), ecs.given(record.tls_version))
    if not _CERTIFICATE.is_in(record):
        return tls
    client = _client(record, values)
    return msgspec.structs.replace(tls or ecs.Tls(), client=client) if client else tls


def _client(record: AccessRecord, values: Values) -> ecs.TlsClient | None:
    subject, pem = ecs.given(record.client_cert_subject_dn), ecs.given(record.client_cert_pem)
    names = ecs.once([ecs.given(name.strip()) for name in _COMMON_NAME.findall(subject or "")])
    common = ecs.X509Subject(common_name=names) if names else None
    return ecs.some(
        ecs.TlsClient(
            certificate=ecs.Unindexed(pem) if pem else None,
            issuer=ecs.given(record.client_cert_issuer_dn),
            not_after=values.date(record.client_cert_not_after, "clientCertNotAfter"),
            not_before=values.date(record.client_cert_not_before, "clientCertNotBefore"),
            subject=subject,
            x509=ecs.some(ecs.X509(serial_number=identifier(record.client_cert_serial_number), subject=common)),
        )
    )


def _unique(record: AccessRecord | ExecutionRecord) -> str | None:
    """Give the id of a request that no client can set."""
    return ecs.given(record.extended_request_id) if isinstance(record, AccessRecord) else None


def configured(settings: ApiGatewaySettings) -> Source[AccessRecord | ExecutionRecord, AccessDocument]:
    """
    Make the source for formats of the user's own, beside those of the console.

    Raises:
        ConfigError: a format cannot be read, or two contradict each other
    """
    if not settings.formats:
        return source
    formats = read(settings.formats)
    lines = [template.pattern for template in formats.templates if "request_time" in template.columns]
    marks = Marks(
        members=(*source.marks.members, *(keys for keys in formats.keys if len(keys) >= FEWEST_KEYS)),
        line="|".join([source.marks.line or "", *(f"(?s:{line})\\Z" for line in lines)]),
    )
    return replace(source, format=log_format(formats.record, formats.templates), marks=marks)


source = Source(
    dataset="aws.apigateway_logs",
    key=(
        r"(?:^|/)amazon-apigateway-[\w.-]+?-\d+-(?P<time>\d{4}(?:-\d\d){5})-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
        r"(?:\.[a-z0-9]+)*$"
        # Of streams whose names do not tell, under a prefix that does.
        r"|(?:^|/)(?:AWSLogs/(?P<account>\d{12})/)?(?:apigateway|api-gateway|API-Gateway)[-_/](?:http|rest|websocket)/"
        r"(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)/)?"
    ),
    format=log_format(),
    id=_unique,
    marks=Marks(
        members=(
            ("requestId", "requestTime"),
            ("requestId", "requestTimeEpoch"),
            ("extendedRequestId", "requestTime"),
            ("requestId", "extendedRequestId"),
        ),
        line=(
            r"[0-9A-Fa-f.:]+ [^ \"\[]+ [^ \"\[]+ \[[^\]\"]+\] ?"
            r"\"[^\"]+\" (?:\d{3}|-) (?:(?:\d+|-) )?[0-9A-Za-z=_+/-]+(?: [^ ]+)?\Z"
            r"|[0-9A-Fa-f.:]+,(?:[^,]*,[^,]*,)?\d\d/[A-Z][a-z]{2}/\d{4}:[0-9:]{8} [+-]\d{4},"
            r'|<request id="[^"]+"> ?<'
            r"|\([0-9A-Za-z=_+/-]{15,36}\) [A-Z]"
        ),
    ),
    document=document,
    configured=configured,
    dropped={"apiKey": "a secret with which anyone could call the API; apiKeyId tells which it was"},
)
