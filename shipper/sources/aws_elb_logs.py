"""
Elastic Load Balancing logs: requests, connections and health checks.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-connection-logs.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-health-check-logs.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html

Five kinds of lines lie in one place. A line tells its kind by itself, so its key need not: also behind Firehose and
under prefixes of one's own.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from msgspec import Struct

from shipper import arn, ecs, web
from shipper.formats import ByLine, Quoted, Row
from shipper.marks import Marks
from shipper.remembered import remembered
from shipper.source import Origin, Source

# -- what AWS writes ---------------------------------------------------------------------------------------------------


class LogRow(Row):
    """The columns of all kinds of lines; those that mean the same have one name."""

    # requests and connections
    type: str | None = None
    time: datetime | None = None
    elb: str | None = None
    client: str | None = None
    target: str | None = None
    request_processing_time: float | None = None
    target_processing_time: float | None = None
    response_processing_time: float | None = None
    elb_status_code: int | None = None
    target_status_code: int | None = None
    received_bytes: int | None = None
    sent_bytes: int | None = None
    request: str | None = None
    user_agent: str | None = None
    ssl_cipher: str | None = None
    ssl_protocol: str | None = None
    # of an Application Load Balancer
    target_group_arn: str | None = None
    trace_id: str | None = None
    domain_name: str | None = None
    chosen_cert_arn: str | None = None
    matched_rule_priority: str | None = None
    request_creation_time: datetime | None = None
    actions_executed: str | None = None
    redirect_url: str | None = None
    error_reason: str | None = None
    target_port_list: str | None = None
    target_status_code_list: str | None = None
    classification: str | None = None
    classification_reason: str | None = None
    conn_trace_id: str | None = None
    transformed_host: str | None = None
    transformed_uri: str | None = None
    request_transform_status: str | None = None
    # of a Network Load Balancer
    version: str | None = None
    listener: str | None = None
    destination: str | None = None
    connection_time: int | None = None
    tls_handshake_time: int | None = None
    incoming_tls_alert: str | None = None
    chosen_cert_serial: str | None = None
    tls_named_group: str | None = None
    alpn_fe_protocol: str | None = None
    alpn_be_protocol: str | None = None
    alpn_client_preference_list: str | None = None
    tls_connection_creation_time: datetime | None = None
    # connection logs
    client_ip: str | None = None
    client_port: int | None = None
    listener_port: int | None = None
    tls_handshake_latency: float | None = None
    leaf_client_cert_subject: str | None = None
    leaf_client_cert_validity: str | None = None
    leaf_client_cert_serial_number: str | None = None
    tls_verify_status: str | None = None
    tls_keyexchange: str | None = None
    # health check logs
    latency: float | None = None
    target_group_id: str | None = None
    status: str | None = None
    status_code: int | None = None
    reason_code: str | None = None


_HANDLED: Final = (
    "elb client target request_processing_time target_processing_time response_processing_time "
    "elb_status_code target_status_code received_bytes sent_bytes "
    '"request" "user_agent" ssl_cipher ssl_protocol'
)
"""The columns that Application and Classic Load Balancers write alike; two of them have what clients sent."""

_APPLICATION: Final = (
    f"type time {_HANDLED} target_group_arn 'trace_id' 'domain_name' 'chosen_cert_arn' matched_rule_priority "
    "request_creation_time 'actions_executed' 'redirect_url' 'error_reason' 'target_port_list' "
    "'target_status_code_list' 'classification' 'classification_reason' conn_trace_id "
    "'transformed_host' 'transformed_uri' 'request_transform_status'"
)
_CLASSIC: Final = f"time {_HANDLED}"
_NETWORK: Final = (
    "type version time elb listener client destination connection_time tls_handshake_time received_bytes "
    "sent_bytes incoming_tls_alert chosen_cert_arn chosen_cert_serial ssl_cipher ssl_protocol tls_named_group "
    "domain_name alpn_fe_protocol alpn_be_protocol alpn_client_preference_list tls_connection_creation_time"
)
_CONNECTION: Final = (
    "time client_ip client_port listener_port ssl_protocol ssl_cipher tls_handshake_latency "
    '"leaf_client_cert_subject" leaf_client_cert_validity leaf_client_cert_serial_number tls_verify_status '
    "conn_trace_id tls_keyexchange"
)
_HEALTH_CHECK: Final = "type time latency target target_group_id status status_code reason_code"

APPLICATION: Final = Quoted(LogRow, _APPLICATION.split(), least=17, ends=(30, 29, 25, 21))
CLASSIC: Final = Quoted(LogRow, _CLASSIC.split(), least=12)
NETWORK: Final = Quoted(LogRow, _NETWORK.split(), least=18)
CONNECTION: Final = Quoted(LogRow, _CONNECTION.split(), least=12)
HEALTH_CHECK: Final = Quoted(LogRow, _HEALTH_CHECK.split())

_TIME: Final = r"\d{4}-\d\d-\d\dT[^ ]++"
_KINDS: Final = {
    # In the order of how often they are met; but a request of the classic kind could pass for a connection.
    rf'[^" ]*+ {_TIME} (?:[^" ]*+ ){{10}}"': APPLICATION,
    rf'{_TIME} (?:[^" ]*+ ){{10}}"': CLASSIC,
    rf"[^ ]++ [^ ]++ {_TIME} (?:[^ ]++ ){{14}}": NETWORK,
    rf'{_TIME} (?:[^" ]++ ){{6}}(?:"|- )': CONNECTION,
    rf'[^" ]++ {_TIME} (?:-?[.\d]*+ |(?:[^" ]++ ){{3}}(?:PASS|FAIL) )': HEALTH_CHECK,
}
"""Kinds of lines by where their time and their first quote stand; no value of a client stands before that."""


# -- what we add to ECS ------------------------------------------------------------------------------------------------


class Seconds(ecs.FieldSet):
    sec: float | None = None


class Milliseconds(ecs.FieldSet):
    ms: int | None = None


class BackendResponse(ecs.FieldSet):
    status_code: int | None = None


class BackendHttp(ecs.FieldSet):
    response: BackendResponse | None = None


class Backend(ecs.FieldSet):
    http: BackendHttp | None = None
    ip: ecs.Ip | None = None
    port: str | None = None


class ChosenCert(ecs.FieldSet):
    arn: str | None = None
    serial: str | None = None


class ElbError(ecs.FieldSet):
    reason: str | None = None


class HealthCheck(ecs.FieldSet):
    """Lines of health check logs alone have it."""

    latency: Seconds | None = None
    status: str | None = None
    status_code: int | None = None


class TargetGroup(ecs.FieldSet):
    arn: str | None = None
    name: str | None = None


class Elb(ecs.FieldSet):
    """`log` is `access`, `connection` or `health_check`; the names of the others are Elastic's where it has one."""

    action_executed: tuple[str, ...] = ()
    alpn_be_protocol: str | None = None
    alpn_client_preference_list: tuple[str, ...] = ()
    alpn_fe_protocol: str | None = None
    backend: Backend | None = None
    backend_processing_time: Seconds | None = None
    chosen_cert: ChosenCert | None = None
    classification: str | None = None
    classification_reason: str | None = None
    conn_trace_id: str | None = None
    connection_time: Milliseconds | None = None
    error: ElbError | None = None
    health_check: HealthCheck | None = None
    incoming_tls_alert: str | None = None
    listener: str | None = None
    listener_port: int | None = None
    log: str | None = None
    matched_rule_priority: str | None = None
    name: str | None = None
    protocol: str | None = None
    redirect_url: ecs.LongText | None = None
    request_processing_time: Seconds | None = None
    request_transform_status: str | None = None
    response_processing_time: Seconds | None = None
    ssl_cipher: str | None = None
    ssl_protocol: str | None = None
    target_group: TargetGroup | None = None
    target_port: tuple[str, ...] = ()
    target_status_code: tuple[str, ...] = ()
    tls_connection_creation_time: datetime | None = None
    tls_handshake_latency: Seconds | None = None
    tls_handshake_time: Milliseconds | None = None
    tls_named_group: str | None = None
    tls_verify_status: str | None = None
    trace_id: str | None = None
    transformed_host: str | None = None
    transformed_uri: ecs.LongText | None = None
    type: str | None = None
    version: str | None = None


class Aws(ecs.Aws, kw_only=True):
    elb: Elb


class LogDocument(ecs.Document, kw_only=True):
    aws: Aws
    destination: ecs.Endpoint | None = None
    http: ecs.Http | None = None
    network: ecs.Network | None = None
    source: ecs.Endpoint | None = None
    tls: ecs.Tls | None = None
    trace: ecs.Trace | None = None
    url: ecs.Url | None = None
    user_agent: ecs.UserAgent | None = None


# -- how one becomes the other -----------------------------------------------------------------------------------------

_CLIENT_ERROR: Final = 400
_SECOND: Final = 1_000_000_000
_MILLISECOND: Final = 1_000_000
"""In the unit of `event.duration`."""

"""Of a port."""

_SESSION_REUSED: Final = "session-reused"
_WEB: Final = (("web",), ("access",))
_NETWORK_TRAFFIC: Final = (("network",), ("connection",))
_OUTCOMES: Final = {"Success": "success", "Failed": "failure", "PASS": "success", "FAIL": "failure"}
_ESTABLISHED: Final = {"Success": True, "Failed": False}
_BALANCER: Final = re.compile(r"_(app|net|gwy)\.([A-Za-z0-9-]+)\.([0-9a-z]+)_\d{8}T\d{4}Z_[^/]*$")
_COMMON_NAME: Final = re.compile(r"(?:^|[,+])\s*CN\s*=\s*((?:[^,+\\]|\\.)+)", re.IGNORECASE)
_VALIDITY: Final = re.compile(r"NotBefore=([^;]+);NotAfter=(.+)")


class Address(Struct, frozen=True, gc=False):
    """
    `<ip>:<port>` taken apart.

    Attributes:
        text: the address, which is not always one of the internet protocol: targets may be functions
        ip: if it is
        port: if there is one
    """

    text: str | None = None
    ip: ecs.Ip | None = None
    port: int | None = None


class Targets(Struct, frozen=True, gc=False):
    """
    A list of targets.

    Attributes:
        texts: as they are written
        ips: addresses of those that have one
    """

    texts: tuple[str, ...]
    ips: tuple[ecs.Ip, ...]


class Authority(Struct, frozen=True, gc=False):
    """
    Who is asked by a URL.

    Attributes:
        domain: name or address
        host: the same if it is a name
        ip: the same if it is an address
        port: if it is told
    """

    domain: str | None = None
    host: str | None = None
    ip: ecs.Ip | None = None
    port: int | None = None


class Request(Struct, frozen=True, gc=False):
    """
    A request line taken apart.

    Attributes:
        method: if it is known
        url: if it is known
        version: of HTTP, without the protocol's name
        authority: of the URL
    """

    method: str | None = None
    url: ecs.Url | None = None
    version: str | None = None
    authority: Authority = Authority()


_NO_ADDRESS: Final = Address()
_NO_AUTHORITY: Final = Authority()
_NO_REQUEST: Final = Request()


def document(row: LogRow, origin: Origin) -> LogDocument:
    """
    Map one line.

    Raises:
        ValueError: the line's time cannot be read, and nothing is known of the object's
    """
    return _MAPPINGS[type(row)](row, origin)


# -- requests ----------------------------------------------------------------------------------------------------------


def _of_application(row: LogRow, origin: Origin) -> LogDocument:
    """Map a request to an Application Load Balancer, which is logged when it is answered."""
    one = _handled(row, origin)
    one.event.start = _utc(row.request_creation_time) if row.request_creation_time else None
    one.event.end = one.timestamp if row.time else None
    if row.trace_id:
        one.trace = ecs.Trace(id=row.trace_id)
    if one.http:  # headers are counted here; under the name of the body's size Elastic's package has it, too
        request, response = one.http.request, one.http.response
        if request:
            request.bytes = row.received_bytes
        if response:
            response.bytes = row.sent_bytes
    return one


def _of_classic(row: LogRow, origin: Origin) -> LogDocument:
    """Map a request to a Classic Load Balancer, which is logged under the time when it came."""
    one = _handled(row, origin)
    one.event.start = one.timestamp if row.time else None
    return one


def _handled(row: LogRow, origin: Origin) -> LogDocument:
    """Map what Application and Classic Load Balancers write alike; columns that these do not write have no value."""
    timestamp, tags = _timestamp(row, origin)
    request = _request(row.request)
    client, target, targets = _address(row.client), _known_address(row.target), _targets(row.target_port_list)
    authority, sni = request.authority, row.domain_name
    actions = _split(row.actions_executed, ",")
    is_http = bool(request.method or request.url or row.elb_status_code is not None)
    return LogDocument(
        timestamp=timestamp,
        cloud=_cloud(origin, row.target_group_arn or row.chosen_cert_arn),
        event=_event(row, actions, is_http=is_http),
        aws=Aws(elb=_elb(row, target, targets, actions, is_http=is_http)),
        destination=_endpoint(target, None if is_http else row.sent_bytes, sni),
        http=_http(row, request) if is_http else None,
        network=_network(client.ip, "http") if is_http else _counted(row, client.ip),
        related=ecs.related(
            hosts=(authority.host, sni, row.transformed_host), ip=(client.ip, target.ip, authority.ip, *targets.ips)
        ),
        source=_endpoint(client, None if is_http else row.received_bytes),
        tags=tags,
        tls=_tls(row.ssl_cipher, row.ssl_protocol, sni, is_resumed=row.chosen_cert_arn == _SESSION_REUSED),
        url=request.url,
        user_agent=ecs.UserAgent(original=row.user_agent) if row.user_agent else None,
    )


def _event(row: LogRow, actions: tuple[str, ...], *, is_http: bool) -> ecs.Event:
    status = row.elb_status_code
    outcome = "unknown"
    if row.error_reason or (status is not None and status >= _CLIENT_ERROR):
        outcome = "failure"
    elif status is not None:
        outcome = "success"
    category, kind = _WEB if is_http else _NETWORK_TRAFFIC
    return ecs.Event(
        action=actions[-1] if actions else None,
        category=category,
        duration=_duration(row),
        kind="event",
        outcome=outcome,
        reason=row.error_reason or row.classification_reason,
        type=kind,
    )


def _duration(row: LogRow) -> int | None:
    """Add up the processing times that are logged; -1 stands for one that could not be measured."""
    times = (row.request_processing_time, row.target_processing_time, row.response_processing_time)
    logged = [time for time in times if time is not None and time >= 0]
    return round(sum(logged) * _SECOND) if logged else None


def _elb(row: LogRow, target: Address, targets: Targets, actions: tuple[str, ...], *, is_http: bool) -> Elb:
    elb = Elb(
        action_executed=actions,
        backend=_backend(target.ip, target.port, row.target_status_code),
        backend_processing_time=_seconds(row.target_processing_time),
        conn_trace_id=row.conn_trace_id,
        log="access",
        matched_rule_priority=row.matched_rule_priority,
        name=row.elb,
        protocol="http" if is_http else "tcp",
        request_processing_time=_seconds(row.request_processing_time),
        response_processing_time=_seconds(row.response_processing_time),
        ssl_cipher=row.ssl_cipher,
        ssl_protocol=row.ssl_protocol,
        target_port=targets.texts,
        trace_id=row.trace_id,
        type=row.type,
    )
    if row.target_group_arn:
        elb.target_group = TargetGroup(arn=row.target_group_arn)
    if row.target_status_code_list:
        elb.target_status_code = _split(row.target_status_code_list, " ")
    if row.chosen_cert_arn and row.chosen_cert_arn != _SESSION_REUSED:
        elb.chosen_cert = ChosenCert(arn=row.chosen_cert_arn)
    _add_rare(elb, row)
    return elb


def _add_rare(elb: Elb, row: LogRow) -> None:
    """Set what few requests have."""
    if row.redirect_url:
        elb.redirect_url = row.redirect_url
    if row.error_reason:
        elb.error = ElbError(reason=row.error_reason)
    if row.classification or row.classification_reason:
        elb.classification, elb.classification_reason = row.classification, row.classification_reason
    if row.request_transform_status or row.transformed_host or row.transformed_uri:
        elb.request_transform_status = row.request_transform_status
        elb.transformed_host, elb.transformed_uri = row.transformed_host, row.transformed_uri


@lru_cache(maxsize=4096)
def _backend(ip: ecs.Ip | None, port: int | None, code: int | None) -> Backend | None:
    if ip is None and code is None:
        return None
    return Backend(
        http=None if code is None else BackendHttp(response=BackendResponse(status_code=code)),
        ip=ip,
        port=None if port is None else str(port),
    )


def _http(row: LogRow, request: Request) -> ecs.Http:
    received, sent, code = row.received_bytes, row.sent_bytes, row.elb_status_code
    asked = answered = None
    if received is not None or request.method:
        asked = ecs.HttpRequest(body=None if received is None else ecs.HttpBody(bytes=received), method=request.method)
    if sent is not None or code is not None:
        answered = ecs.HttpResponse(body=None if sent is None else ecs.HttpBody(bytes=sent), status_code=code)
    return ecs.Http(request=asked, response=answered, version=request.version)


def _request(line: str | None) -> Request:
    """Take a request line apart: `GET http://host:80/ HTTP/1.1`, `- http://host:80- -`, `- - - `."""
    if not line:
        return _NO_REQUEST
    method, _, rest = line.partition(" ")
    rest = rest.strip(" ")
    url, _, version = rest.rpartition(" ")
    if version.startswith("HTTP/"):
        version = version[len("HTTP/") :]
    elif version != "-":  # there is none, and the last blank belongs to the URL
        url, version = rest, "-"
    authority, parts = _url(url) if url and url != "-" else (_NO_AUTHORITY, None)
    return Request(ecs.given(method), parts, ecs.given(version), authority)


def _url(text: str) -> tuple[Authority, ecs.Url]:
    """Take the URL of a request apart; the load balancer makes it whole, and puts a dash where there is no path."""
    scheme, colon, rest = text.partition("://")
    if not colon:
        return _NO_AUTHORITY, ecs.Url(original=text)
    host = rest.partition("/")[0].partition("?")[0].partition("#")[0]
    place = rest[len(host) :]
    full = text
    if not place:
        host = host.removesuffix("-")
        full = f"{scheme}://{host}"
    authority = _authority(host)
    place, _, fragment = place.partition("#")
    path, _, query = place.partition("?")
    return authority, ecs.Url(
        domain=authority.domain,
        extension=web.extension(path),
        fragment=fragment or None,
        full=full,
        original=text,
        path=path or None,
        port=authority.port,
        query=query or None,
        scheme=scheme or None,
    )


@remembered(4096)
def _authority(text: str) -> Authority:
    """Take apart who is asked, such as `www.example.com:443` or `[2001:db8::7]:80`."""
    host, port = web.authority(text.rpartition("@")[2])
    address = ecs.ip(host.removeprefix("[").removesuffix("]"))
    return Authority(domain=host or None, host=None if address else host or None, ip=address, port=port)


# -- connections and health checks -------------------------------------------------------------------------------------


def _of_network(row: LogRow, origin: Origin) -> LogDocument:
    """Map a connection with TLS to a Network Load Balancer, which is logged when it ends."""
    timestamp, tags = _timestamp(row, origin)
    client, asked = _address(row.client), _known_address(row.destination)
    sni = ecs.given(unquote(row.domain_name)) if row.domain_name else None
    is_established = row.tls_handshake_time is not None
    start, duration = row.tls_connection_creation_time, row.connection_time
    return LogDocument(
        timestamp=timestamp,
        cloud=_cloud(origin, row.chosen_cert_arn),
        event=ecs.Event(
            category=("network",),
            duration=None if duration is None else duration * _MILLISECOND,
            end=timestamp if row.time else None,
            kind="event",
            outcome="success" if is_established else "failure",
            start=_utc(start) if start else None,
            type=("connection",),
        ),
        aws=Aws(elb=_network_elb(row)),
        destination=_endpoint(asked, row.sent_bytes, sni),
        network=_counted(row, client.ip),
        related=ecs.related(hosts=(sni,), ip=(client.ip, asked.ip)),
        source=_endpoint(client, row.received_bytes),
        tags=tags,
        tls=_network_tls(row, sni, is_established=is_established),
    )


def _network_elb(row: LogRow) -> Elb:
    elb = Elb(
        alpn_be_protocol=row.alpn_be_protocol,
        alpn_client_preference_list=_alpn(row.alpn_client_preference_list),
        alpn_fe_protocol=row.alpn_fe_protocol,
        chosen_cert=ecs.some(ChosenCert(arn=row.chosen_cert_arn, serial=row.chosen_cert_serial)),
        connection_time=ecs.some(Milliseconds(ms=row.connection_time)),
        incoming_tls_alert=row.incoming_tls_alert,
        listener=row.listener,
        log="access",
        name=row.elb,
        protocol="tcp",
        ssl_cipher=row.ssl_cipher,
        ssl_protocol=row.ssl_protocol,
        tls_handshake_time=ecs.some(Milliseconds(ms=row.tls_handshake_time)),
        tls_named_group=row.tls_named_group,
        type=row.type,
    )
    created = row.tls_connection_creation_time
    elb.tls_connection_creation_time = _utc(created) if created else None
    elb.version = row.version
    return elb


def _network_tls(row: LogRow, sni: str | None, *, is_established: bool) -> ecs.Tls:
    version, protocol = web.tls_version(row.ssl_protocol)
    return ecs.Tls(
        cipher=row.ssl_cipher,
        client=ecs.TlsClient(server_name=sni) if sni else None,
        curve=row.tls_named_group,
        established=is_established,
        next_protocol=row.alpn_fe_protocol,
        version=version,
        version_protocol=protocol,
    )


def _of_connection(row: LogRow, origin: Origin) -> LogDocument:
    """Map a connection to an Application Load Balancer."""
    timestamp, tags = _timestamp(row, origin)
    ip, latency = ecs.ip(row.client_ip), row.tls_handshake_latency
    state, _, reason = (row.tls_verify_status or "").partition(":")
    port = row.listener_port
    client, unread = _certificate(
        row.leaf_client_cert_subject, row.leaf_client_cert_validity, row.leaf_client_cert_serial_number
    )
    version, protocol = web.tls_version(row.ssl_protocol)
    return LogDocument(
        timestamp=timestamp,
        cloud=ecs.Cloud(),
        event=ecs.Event(
            category=("network",),
            duration=_nanoseconds(latency),
            kind="event",
            outcome=_OUTCOMES.get(state, "unknown"),
            reason=reason or None,
            type=("connection",),
        ),
        aws=Aws(
            elb=Elb(
                conn_trace_id=row.conn_trace_id,
                listener_port=port,
                log="connection",
                name=_balancer(origin.object.key),
                ssl_cipher=row.ssl_cipher,
                ssl_protocol=row.ssl_protocol,
                tls_handshake_latency=_seconds(latency),
                tls_verify_status=row.tls_verify_status,
            )
        ),
        destination=None if port is None else ecs.Endpoint(port=port),
        network=_network(ip),
        related=ecs.related(ip=(ip,)),
        shipper=ecs.Shipper(unparsed=unread) if unread else None,
        source=ecs.some(ecs.Endpoint(address=row.client_ip, ip=ip, port=row.client_port)),
        tags=tags,
        tls=ecs.some(
            ecs.Tls(
                cipher=row.ssl_cipher,
                client=client,
                curve=row.tls_keyexchange,
                established=_ESTABLISHED.get(state) if row.ssl_protocol or state == "Failed" else None,
                version=version,
                version_protocol=protocol,
            )
        ),
    )


def _of_health_check(row: LogRow, origin: Origin) -> LogDocument:
    """Map a health check of a target, or a part of one."""
    timestamp, tags = _timestamp(row, origin)
    target, code = _known_address(row.target), row.status_code
    is_http = code is not None and row.type != "grpc"  # gRPC has codes of its own
    return LogDocument(
        timestamp=timestamp,
        cloud=_cloud(origin, row.target),
        event=ecs.Event(
            category=("network",),
            duration=_nanoseconds(row.latency),
            kind="event",
            outcome=_OUTCOMES.get(row.status or "", "unknown"),
            reason=row.reason_code,
            type=("info",),
        ),
        aws=Aws(
            elb=Elb(
                health_check=ecs.some(HealthCheck(latency=_seconds(row.latency), status=row.status, status_code=code)),
                log="health_check",
                name=_balancer(origin.object.key),
                target_group=TargetGroup(name=row.target_group_id) if row.target_group_id else None,
                type=row.type,
            )
        ),
        destination=_endpoint(target, None),
        http=ecs.Http(response=ecs.HttpResponse(status_code=code)) if is_http else None,
        related=ecs.related(ip=(target.ip,)),
        tags=tags,
    )


# -- values ------------------------------------------------------------------------------------------------------------


def _timestamp(row: LogRow, origin: Origin) -> tuple[datetime, tuple[str, ...]]:
    """Give the time of a line, and the tag of one that has the time of its object."""
    if row.time:
        return _utc(row.time), ()
    if origin.time is None:
        raise ValueError("the line's time cannot be read, and nothing is known of the object's")
    return origin.time, ("time_from_key",)


def _utc(moment: datetime) -> datetime:
    """Network Load Balancers write times without a zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _nanoseconds(seconds: float | None) -> int | None:
    return None if seconds is None or seconds < 0 else round(seconds * _SECOND)


def _seconds(seconds: float | None) -> Seconds | None:
    return None if seconds is None or seconds < 0 else Seconds(sec=seconds)


def _cloud(origin: Origin, resource: str | None) -> ecs.Cloud:
    """Tell account and region where the key does not: a target group or a certificate is in the same."""
    if origin.account or not resource:
        return ecs.Cloud()
    region, account, _ = arn.parted(resource)
    return ecs.Cloud(account=ecs.CloudAccount(id=account) if account else None, region=region)


@lru_cache(maxsize=1024)
def _balancer(key: str) -> str | None:
    """Name the load balancer of lines that do not, as the others have it: `app/<name>/<id>`."""
    found = _BALANCER.search(key)
    return "/".join(found.groups()) if found else None


def _endpoint(address: Address, size: int | None, domain: str | None = None) -> ecs.Endpoint | None:
    if address.text is None and size is None and domain is None:
        return None
    return ecs.Endpoint(address=address.text, bytes=size, domain=domain, ip=address.ip, port=address.port)


def _address(text: str | None) -> Address:
    """Take `192.0.2.1:80` or `2001:db8::7:80` apart; functions as targets have neither address nor port."""
    if not text:
        return _NO_ADDRESS
    host, _, digits = text.rpartition(":")
    if host[:1] == "[":
        host = host[1:].removesuffix("]")
    ip = ecs.ip(host)
    if ip is None or not (digits.isdecimal() or digits == "-"):
        return Address(text=text, ip=ecs.ip(text))
    return Address(text=host, ip=ip, port=web.port(digits))


_known_address: Final = lru_cache(maxsize=4096)(_address)


@lru_cache(maxsize=4096)
def _targets(text: str | None) -> Targets:
    """Read a list of `<ip>:<port>`, separated by blanks."""
    texts = _split(text, " ")
    return Targets(texts=texts, ips=ecs.once([_address(one).ip for one in texts]))


@lru_cache(maxsize=4096)
def _split(text: str | None, separator: str) -> tuple[str, ...]:
    return tuple([one for one in text.split(separator) if ecs.given(one)]) if text else ()


@lru_cache(maxsize=256)
def _alpn(text: str | None) -> tuple[str, ...]:
    """Read the protocols that a client prefers, each in quotes of its own: `"h2","http/1.1"`."""
    return tuple(filter(ecs.given, [unquote(one.strip('"')) for one in (text or "").split(",")]))


def _network(ip: ecs.Ip | None, protocol: str | None = None) -> ecs.Network:
    return ecs.Network(protocol=protocol, transport="tcp", type=ecs.ip_version(ip))


def _counted(row: LogRow, ip: ecs.Ip | None) -> ecs.Network:
    """Tell of a connection how much it carried."""
    received, sent = row.received_bytes, row.sent_bytes
    size = None if received is None or sent is None else received + sent
    return ecs.Network(bytes=size, transport="tcp", type=ecs.ip_version(ip))


@lru_cache(maxsize=4096)
def _tls(cipher: str | None, protocol: str | None, sni: str | None, *, is_resumed: bool) -> ecs.Tls | None:
    version, name = web.tls_version(protocol)
    return ecs.some(
        ecs.Tls(
            cipher=cipher,
            client=ecs.TlsClient(server_name=sni) if sni else None,
            resumed=True if is_resumed else None,
            version=version,
            version_protocol=name,
        )
    )


@lru_cache(maxsize=1024)
def _certificate(
    subject: str | None, validity: str | None, serial: str | None
) -> tuple[ecs.TlsClient | None, tuple[ecs.Unparsed, ...]]:
    """Describe the certificate that a client showed; what cannot be read of it comes back as it is."""
    found = _VALIDITY.fullmatch(validity or "")
    not_before, not_after = (ecs.time(found[1]), ecs.time(found[2])) if found else (None, None)
    unread = ecs.Unparsed(field="leaf_client_cert_validity", value=validity) if validity else None
    names = tuple(filter(ecs.given, [name.strip() for name in _COMMON_NAME.findall(subject or "")]))
    x509 = ecs.X509(serial_number=serial, subject=ecs.X509Subject(common_name=names) if names else None)
    client = ecs.TlsClient(not_after=not_after, not_before=not_before, subject=subject, x509=ecs.some(x509))
    return ecs.some(client), (unread,) if unread and not (not_before and not_after) else ()


_MAPPINGS: Final[dict[type[LogRow], Callable[[LogRow, Origin], LogDocument]]] = {
    APPLICATION.row: _of_application,
    CLASSIC.row: _of_classic,
    NETWORK.row: _of_network,
    CONNECTION.row: _of_connection,
    HEALTH_CHECK.row: _of_health_check,
}

source = Source(
    dataset="aws.elb_logs",
    key=(
        r"(?:^|/)AWSLogs/(?P<account>\d{12})/elasticloadbalancing/(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)/\d{4}/\d\d/\d\d/"
        r"(?:(?:conn|health_check)_log[._])?\d{12}_elasticloadbalancing_[a-z0-9-]+_[^/]*?"
        r"_(?P<time>\d{8}T\d{4}Z)_[^/]*\.log(?:\.gz)?$"
    ),
    skip=r"(?:^|/)ELB(?:Access|Connection|HealthCheck)Logs?TestFile$",
    format=ByLine(_KINDS),
    marks=Marks(
        line=(
            r"(?:(?:https?|h2|grpcs?|wss?) |tls \d\.\d )\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+Z)? "
            r"(?:(?:app|net)/|-?[\d.]+ [^ \"]+:\d+ [^ \"]+ (?:PASS|FAIL) )"
            r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z "
            r"(?:[^ \"]+ [0-9a-f.:]+:\d+ (?:[0-9a-f.:]+:\d+|-) -?[\d.]+ |[0-9a-f.:]+ \d+ \d+ (?:TLS|-))"
        )
    ),
    document=document,
)
