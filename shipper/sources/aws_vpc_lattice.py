"""
VPC Lattice access logs: requests to services, and TCP connections to resources.

https://docs.aws.amazon.com/vpc-lattice/latest/ug/monitoring-access-logs.html
"""

from copy import copy
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Raw, Struct, field

from shipper import arn, ecs, freeform, web
from shipper.community_id import community_id
from shipper.ecs import Flat
from shipper.formats import JsonRecords, Record
from shipper.marks import Marks
from shipper.source import Origin, Source

# -- what AWS writes ---------------------------------------------------------------------------------------------------


class AccessRecord(Record, rename="camel"):
    """A request to a service, or a connection to a resource: both may lie in one object, and share some fields."""

    start_time: datetime | None = None
    request_method: str | None = None
    request_path: str | None = None
    protocol: str | None = None
    response_code: int | None = None
    bytes_received: int | None = None
    bytes_sent: int | None = None
    duration: int | None = None
    request_to_target_duration: int | None = None
    response_from_target_duration: int | None = None
    grpc_response_code: int | None = None
    user_agent: str | None = None
    host_header: str | None = None
    server_name_indication: str | None = None
    source_ip_port: str | None = None
    target_ip_port: str | None = None
    source_vpc_id: str | None = None
    source_vpc_arn: str | None = None
    destination_vpc_id: str | None = None
    service_arn: str | None = None
    service_network_arn: str | None = None
    target_group_arn: str | None = None
    ssl_cipher: str | None = None
    tls_version: str | None = None
    resolved_user: str | None = None
    auth_denied_reason: str | None = None
    caller_principal: str | None = None
    caller_principal_tags: Raw = Raw()
    caller_x509_subject_cn: str | None = field(name="callerX509SubjectCN", default=None)
    caller_x509_issuer_ou: str | None = field(name="callerX509IssuerOU", default=None)
    caller_x509_san_name_cn: str | None = field(name="callerX509SANNameCN", default=None)
    caller_x509_san_dns: str | None = field(name="callerX509SANDNS", default=None)
    caller_x509_san_uri: str | None = field(name="callerX509SANURI", default=None)
    request_id: str | None = None
    failure_reason: str | None = None
    # Of connections to resources.
    event_timestamp: datetime | None = None
    service_network_resource_association_id: str | None = None
    vpc_endpoint_id: str | None = None
    resource_configuration_arn: str | None = None
    destination_ip_port: str | None = None
    gateway_ip_port: str | None = None
    resource_ip_port: str | None = None


# -- what we add to ECS ------------------------------------------------------------------------------------------------


class Identified(ecs.FieldSet):
    """Something that AWS gives an ARN or an id."""

    arn: str | None = None
    id: str | None = None


class Certificate(ecs.FieldSet):
    """What the certificate says with which the caller got its credentials: not that of the connection."""

    issuer_ou: str | None = None
    san_dns: str | None = None
    san_name_cn: str | None = None
    san_uri: str | None = None
    subject_cn: str | None = None


class Principal(ecs.FieldSet):
    """Who signed a request."""

    principal: str | None = None
    principal_tags: Flat | None = None
    x509: Certificate | None = None


class Lattice(ecs.FieldSet):
    """`aws.vpc_lattice`; durations are in milliseconds."""

    auth_denied_reason: str | None = None
    caller: Principal | Raw | None = None
    destination_vpc: Identified | Raw | None = None
    grpc_response_code: int | None = None
    request_to_target_duration: int | None = None
    resolved_user: str | None = None
    resource_configuration: Identified | Raw | None = None
    response_from_target_duration: int | None = None
    service: Identified | Raw | None = None
    service_network: Identified | Raw | None = None
    service_network_resource_association: Identified | Raw | None = None
    source_vpc: Identified | Raw | None = None
    target_group: Identified | Raw | None = None
    vpc_endpoint: Identified | Raw | None = None


class Aws(ecs.Aws, kw_only=True):
    vpc_lattice: Lattice | None = None


class Cloud(ecs.Cloud, kw_only=True):
    origin: ecs.CloudOrigin | Raw | None = None


class Endpoint(ecs.Endpoint, kw_only=True):
    nat: ecs.Nat | None = None


class AccessDocument(ecs.Document, kw_only=True):
    aws: Aws
    cloud: Cloud
    destination: Endpoint | None = None
    http: ecs.Http | None = None
    network: ecs.Network | Raw | None = None
    service: ecs.Service | Raw | None = None
    source: Endpoint | None = None
    tls: ecs.Tls | Raw | None = None
    url: ecs.Url | None = None
    user: ecs.User | Raw | None = None
    user_agent: ecs.UserAgent | None = None


# -- how one becomes the other -----------------------------------------------------------------------------------------

TAGS_BYTES: Final = 4_096
"""Longest tags of a principal that are remembered."""

NAME_CHARACTERS: Final = 512
"""Names of hosts that are longer are not remembered: clients write them, and decide about their length."""

_WEB: Final = ("web", "network")
_NETWORK: Final = ("network",)
_CONNECTION: Final = ("connection",)
_ACCESS: Final = ("access",)
_ALLOWED: Final = ("access", "allowed")
_DENIED: Final = ("access", "denied")
_ACCESS_DENIED: Final = "ClientAccessDenied"
_NOBODY: Final = frozenset({"Anonymous", "Unknown"})
"""What stands in the place of a user who is not known."""
_CLIENT_ERROR: Final = 400
_TCP: Final = 6
_TRANSPORTS: Final = frozenset({"tcp", "udp"})
_NANOSECONDS: Final = 1_000_000
"""Of a millisecond."""
_SERVICE: Final = ecs.CloudService(name="vpc-lattice")
_encode: Final = msgspec.json.Encoder().encode
_decode_text: Final = msgspec.json.Decoder(str).decode


class Place(Struct, frozen=True, gc=False, kw_only=True):
    """
    Where something was asked for, and whence: the same for many records.

    Attributes:
        account: of the service or resource, else of the service network
        region: likewise
        origin: of the VPC that the request comes from, already encoded
        service: that was asked, already encoded
        fields: of `aws.vpc_lattice`, to be copied
    """

    account: ecs.CloudAccount | None
    region: str | None
    origin: Raw | None
    service: Raw | None
    fields: Lattice


class Caller(Struct, frozen=True, gc=False, kw_only=True):
    """
    Who asked.

    Attributes:
        resolved: what the service took them for; None without authentication
        user: if known, already encoded
        names: all that it can be searched by
        hosts: names of hosts in its certificate
        fields: of `aws.vpc_lattice.caller`, already encoded
        cut: whether a tag was too long for a flat object
    """

    resolved: str | None
    user: Raw | None
    names: tuple[str, ...]
    hosts: tuple[str, ...]
    fields: Raw | None
    cut: bool


class Front(Struct, frozen=True, gc=False, kw_only=True):
    """
    What a client turns to, and how.

    Attributes:
        tls: already encoded
        scheme: of the URL
        domain: in the `Host` header
        port: likewise, if it is told
        base: the beginning of addresses below it: scheme, name and port
        hosts: the names, to be searched by
    """

    tls: Raw | None
    scheme: str
    domain: str | None
    port: int | None
    base: str | None
    hosts: tuple[str, ...]


def document(record: AccessRecord, origin: Origin) -> AccessDocument:
    """
    Map one request or connection.

    Raises:
        ValueError: the record is of neither kind, or neither it nor the object's key tells the time
        msgspec.DecodeError: the principal's tags are not JSON
    """
    moment = record.start_time or record.event_timestamp
    if moment is None and record.source_ip_port is None:
        raise ValueError("the record has neither startTime, eventTimestamp nor sourceIpPort: it is no access log")
    timestamp = moment or origin.time
    if timestamp is None:
        raise ValueError("the record has no time that can be read, and the key has no time")
    if timestamp.tzinfo is None:  # all times of this log are UTC
        timestamp = timestamp.replace(tzinfo=UTC)
    place, caller, front, ends = _place_of(record), _caller_of(record), _front_of(record), _ends(record)
    source, destination = _endpoint(ends.source, ends.gateway), _endpoint(ends.destination, ends.resource)
    denial, agent = _told(record.auth_denied_reason), ecs.given(record.user_agent)
    is_http = _is_http(record)
    if not is_http:
        source.bytes, destination.bytes = record.bytes_received, record.bytes_sent
    access = AccessDocument(
        timestamp=timestamp,
        cloud=Cloud(account=place.account, origin=place.origin, region=place.region, service=_SERVICE),
        event=_event(record, caller, denial, is_http=is_http),
        aws=Aws(vpc_lattice=_lattice(record, place, caller, denial)),
        destination=ecs.some(destination),
        http=_http(record, is_http=is_http),
        network=_network(record, ends),
        related=_related(ends, front.hosts + caller.hosts, caller.names),
        service=place.service,
        source=ecs.some(source),
        tags=_tags(is_timed=moment is not None, is_cut=caller.cut),
        tls=front.tls,
        url=_url(record.request_path, front),
        user=caller.user,
        user_agent=ecs.UserAgent(original=agent) if agent else None,
    )
    if unread := _unread(ends):
        access.shipper = ecs.Shipper(unparsed=unread)
    return access


def _is_http(record: AccessRecord) -> bool:
    """Tell a request from a connection to a resource, or to a service that passes on what it cannot read."""
    is_named = (record.protocol or "").startswith("HTTP")
    return is_named or bool(record.response_code) or ecs.given(record.request_method) is not None


def _tags(*, is_timed: bool, is_cut: bool) -> tuple[str, ...]:
    tags = () if is_timed else ("time_from_key",)
    return (*tags, "cut") if is_cut else tags


def _event(record: AccessRecord, caller: Caller, denial: str | None, *, is_http: bool) -> ecs.Event:
    failure, duration = ecs.given(record.failure_reason), record.duration
    kind: tuple[str, ...]
    if not is_http:
        kind = _CONNECTION
    elif denial or failure == _ACCESS_DENIED:
        kind = _DENIED
    else:  # without authentication there is nothing to be allowed
        kind = _ALLOWED if caller.resolved else _ACCESS
    return ecs.Event(
        action="request" if is_http else "connection",
        category=_WEB if is_http else _NETWORK,
        duration=None if duration is None else duration * _NANOSECONDS,
        kind="event",
        outcome=_outcome(record, is_failed=bool(denial or failure)),
        reason=failure,
        type=kind,
    )


def _outcome(record: AccessRecord, *, is_failed: bool) -> str | None:
    """Tell how it ended; a call of gRPC that fails has the status 200."""
    status = record.response_code
    if is_failed or record.grpc_response_code or (status and status >= _CLIENT_ERROR):
        return "failure"
    return "success" if status else None


def _told(text: str | None) -> str | None:
    """Take a text unless it stands for none; two fields spell it as a word."""
    return None if text == "null" else ecs.given(text)


# -- what was asked, and by whom ---------------------------------------------------------------------------------------


def _lattice(record: AccessRecord, place: Place, caller: Caller, denial: str | None) -> Lattice | None:
    fields = copy(place.fields)
    fields.auth_denied_reason = denial
    fields.caller = caller.fields
    fields.grpc_response_code = record.grpc_response_code
    fields.resolved_user = caller.resolved
    before, after = record.request_to_target_duration, record.response_from_target_duration
    if before or after or ecs.given(record.target_ip_port):  # without a target both are 0
        fields.request_to_target_duration = before
        fields.response_from_target_duration = after
    return ecs.some(fields)


def _place_of(record: AccessRecord) -> Place:
    return _place(
        record.service_arn,
        record.service_network_arn,
        record.target_group_arn,
        record.resource_configuration_arn,
        record.source_vpc_arn,
        record.source_vpc_id,
        record.destination_vpc_id,
        record.service_network_resource_association_id,
        record.vpc_endpoint_id,
    )


@lru_cache(maxsize=4096)
def _place(  # noqa: PLR0917 -- the key of a cache
    service_arn: str | None,
    network_arn: str | None,
    target_group_arn: str | None,
    resource_arn: str | None,
    vpc_arn: str | None,
    vpc_id: str | None,
    destination_vpc_id: str | None,
    association_id: str | None,
    endpoint_id: str | None,
) -> Place:
    service, network, resource, vpc = map(arn.parted, (service_arn, network_arn, resource_arn, vpc_arn))
    account = service.account or resource.account or network.account
    return Place(
        account=_account(account),
        region=service.region or resource.region or network.region,
        origin=_encoded(ecs.CloudOrigin(account=_account(vpc.account), region=vpc.region)),
        service=_encoded(ecs.Service(id=_id(service.resource))),
        fields=Lattice(
            destination_vpc=_identified(None, destination_vpc_id),
            resource_configuration=_identified(resource_arn, _id(resource.resource)),
            service=_identified(service_arn, None),
            service_network=_identified(network_arn, _id(network.resource)),
            service_network_resource_association=_identified(None, association_id),
            source_vpc=_identified(vpc_arn, ecs.given(vpc_id) or _id(vpc.resource)),
            target_group=_identified(target_group_arn, _id(arn.parted(target_group_arn).resource)),
            vpc_endpoint=_identified(None, endpoint_id),
        ),
    )


def _id(resource: str | None) -> str | None:
    return (resource or "").rpartition("/")[2] or None


def _account(account: str | None) -> ecs.CloudAccount | None:
    return ecs.CloudAccount(id=account) if account else None


def _identified(arn: str | None, one: str | None) -> Raw | None:
    return _encoded(Identified(arn=ecs.given(arn), id=ecs.given(one)))


def _encoded(fields: ecs.FieldSet) -> Raw | None:
    return Raw(_encode(fields)) if ecs.some(fields) else None


def _caller_of(record: AccessRecord) -> Caller:
    """Read all that is said of the caller, from memory if the tags are not long."""
    tags = bytes(record.caller_principal_tags)
    return (_known_caller if len(tags) <= TAGS_BYTES else _read_caller)(
        record.resolved_user,
        record.caller_principal,
        tags,
        record.caller_x509_subject_cn,
        record.caller_x509_issuer_ou,
        record.caller_x509_san_name_cn,
        record.caller_x509_san_dns,
        record.caller_x509_san_uri,
    )


def _read_caller(  # noqa: PLR0917 -- the key of a cache
    resolved: str | None,
    principal: str | None,
    tags: bytes,
    subject_cn: str | None,
    issuer_ou: str | None,
    san_name_cn: str | None,
    san_dns: str | None,
    san_uri: str | None,
) -> Caller:
    resolved, principal = _told(resolved), ecs.given(principal)
    certificate = Certificate(
        issuer_ou=ecs.given(issuer_ou),
        san_dns=ecs.given(san_dns),
        san_name_cn=ecs.given(san_name_cn),
        san_uri=ecs.given(san_uri),
        subject_cn=ecs.given(subject_cn),
    )
    tagged = _principal_tags(tags)
    known = None if resolved in _NOBODY else resolved
    identity = known or principal
    who = arn.principal(identity)
    return Caller(
        resolved=resolved,
        user=_encoded(ecs.User(email=who.email, id=identity, name=who.name)),
        names=ecs.once((known, principal, *who.names, certificate.subject_cn)),
        hosts=(certificate.san_dns,) if certificate.san_dns else (),
        fields=_encoded(Principal(principal=principal, principal_tags=tagged.flat, x509=ecs.some(certificate))),
        cut=tagged.cut,
    )


_known_caller = lru_cache(maxsize=2048)(_read_caller)


def _principal_tags(written: bytes) -> freeform.Freeform:
    """
    Read the tags of a principal: JSON in a string; what is none is kept as text.

    Raises:
        msgspec.DecodeError: not even the string is JSON
    """
    try:
        text = _decode_text(written) if written else ""
    except msgspec.ValidationError:  # no string
        return freeform.read(Raw(written))
    if not ecs.given(text):
        return freeform.NOTHING
    try:
        return freeform.read(Raw(text.encode()))
    except msgspec.DecodeError:
        return freeform.read(Raw(written))


# -- the network -------------------------------------------------------------------------------------------------------


class Address(Struct, frozen=True, gc=False):
    """
    An end of a connection.

    Attributes:
        written: the address without the port, or all that is written if no port can be told from it
        ip: the address, if it is one
        port: if there is one
    """

    written: str | None = None
    ip: ecs.Ip | None = None
    port: int | None = None


_NO_ADDRESS: Final = Address()


class Ends(Struct, frozen=True, gc=False):
    """
    Both ends of a connection.

    Attributes:
        source: the client
        destination: the target of a service, or what the client connects to in the place of a resource
        gateway: through which the resource is reached
        resource: that is reached
    """

    source: Address
    destination: Address
    gateway: Address
    resource: Address


def _address(written: str | None) -> Address:
    """Part `10.0.0.1:443`, or `[fd00::1]:443` with or without brackets."""
    if not written or written == "-":
        return _NO_ADDRESS
    before, _, digits = written.rpartition(":")
    text = before[1:-1] if before[:1] == "[" else before
    ip = ecs.ip(text)
    number = web.port(digits)
    if ip and number is not None:
        return Address(text, ip, number)
    return Address(written, ecs.ip(written))


_known_address = lru_cache(maxsize=8192)(_address)


def _ends(record: AccessRecord) -> Ends:
    """Read all addresses; a record has either a target or a destination. Only clients' ports are ever new."""
    return Ends(
        _address(record.source_ip_port),
        _known_address(record.destination_ip_port or record.target_ip_port),
        _address(record.gateway_ip_port) if record.gateway_ip_port else _NO_ADDRESS,
        _known_address(record.resource_ip_port) if record.resource_ip_port else _NO_ADDRESS,
    )


def _unread(ends: Ends) -> tuple[ecs.Unparsed, ...]:
    """Keep what ECS has no field for when it is no address."""
    if ends.gateway is ends.resource:  # neither is there
        return ()
    behind = (("gatewayIpPort", ends.gateway), ("resourceIpPort", ends.resource))
    return tuple([ecs.Unparsed(field=name, value=one.written) for name, one in behind if one.written and not one.ip])


def _endpoint(one: Address, behind: Address) -> Endpoint:
    endpoint = Endpoint(address=one.written, ip=one.ip, port=one.port)
    if behind.ip:
        endpoint.nat = ecs.Nat(ip=behind.ip, port=behind.port)
    return endpoint


def _related(ends: Ends, hosts: tuple[str, ...], users: tuple[str, ...]) -> ecs.Related | None:
    return ecs.some(
        ecs.Related(
            hosts=hosts,
            ip=ecs.once((ends.source.ip, ends.destination.ip, ends.gateway.ip, ends.resource.ip)),
            user=users,
        )
    )


def _network(record: AccessRecord, ends: Ends) -> ecs.Network | Raw | None:
    """Describe the connection; only what the source itself sends to the destination is one flow."""
    source, destination = ends.source.ip, ends.destination
    is_ipv6 = ":" in source if source else None
    if not (record.destination_ip_port and source and destination.ip):
        return _known_network(record.protocol, is_ipv6)
    network = _network_of(record.protocol, is_ipv6)
    if network.transport == "tcp":
        network.community_id = community_id(source, destination.ip, _TCP, ends.source.port, destination.port)
    return network


def _network_of(written: str | None, is_ipv6: bool | None) -> ecs.Network:  # noqa: FBT001 -- the key of a cache
    """Read `HTTP/1.1`, `HTTP/2` or `tcp`."""
    name = (ecs.given(written) or "").partition("/")[0].lower() or None
    kind = None if is_ipv6 is None else "ipv6" if is_ipv6 else "ipv4"
    if name in _TRANSPORTS:
        return ecs.Network(transport=name, type=kind)
    return ecs.Network(protocol=name, transport="tcp" if name == "http" else None, type=kind)


@lru_cache(maxsize=64)
def _known_network(written: str | None, is_ipv6: bool | None) -> Raw | None:  # noqa: FBT001 -- the key of a cache
    return _encoded(_network_of(written, is_ipv6))


# -- the request -------------------------------------------------------------------------------------------------------


def _http(record: AccessRecord, *, is_http: bool) -> ecs.Http | None:
    request = ecs.HttpRequest(id=ecs.given(record.request_id), method=ecs.given(record.request_method))
    response = ecs.HttpResponse(status_code=record.response_code or None)
    if is_http:  # of body and headers
        request.bytes, response.bytes = record.bytes_received, record.bytes_sent
    return ecs.some(ecs.Http(request=ecs.some(request), response=ecs.some(response), version=_version(record.protocol)))


@lru_cache(maxsize=64)
def _version(written: str | None) -> str | None:
    return (written or "").partition("/")[2] or None


def _front_of(record: AccessRecord) -> Front:
    """Read what does not differ between the requests of a client, from memory if the names are not long."""
    host, server = record.host_header, record.server_name_indication
    is_usual = len(host or "") + len(server or "") <= NAME_CHARACTERS
    return (_known_front if is_usual else _read_front)(host, server, record.ssl_cipher, record.tls_version)


def _read_front(host: str | None, server: str | None, cipher: str | None, version: str | None) -> Front:
    host, server = ecs.given(host), ecs.given(server)
    number, protocol = web.tls_version(ecs.given(version))
    tls = _encoded(
        ecs.Tls(
            cipher=ecs.given(cipher),
            client=ecs.TlsClient(server_name=server) if server else None,
            version=number,
            version_protocol=protocol,
        )
    )
    scheme = "https" if tls else "http"
    domain, port = web.authority(host) if host else (None, None)
    return Front(
        tls=tls,
        scheme=scheme,
        domain=domain,
        port=port,
        base=f"{scheme}://{host}" if host else None,
        hosts=ecs.once((domain, server)),
    )


_known_front = lru_cache(maxsize=4096)(_read_front)


def _url(target: str | None, front: Front) -> ecs.Url | None:
    """Put the URL together; whether the path ever has a query is not documented."""
    target = ecs.given(target)
    if not (target or front.domain):
        return None
    url = ecs.Url(domain=front.domain, port=front.port, scheme=front.scheme)
    if target:
        path, _, query = target.partition("?")
        url.path, url.query = path or None, query or None
        url.extension = web.extension(path)
        if front.base and target[0] == "/":
            url.full = front.base + target
    return url


source = Source(
    dataset="aws.vpc_lattice",
    key=(
        r"(?:^|/)AWSLogs/(?P<account>\d{12})/VpcLattice/(?P<kind>(?:Resource)?AccessLogs)/"
        r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)/\d{4}/\d{2}/\d{2}/(?P<id>[a-z]+-[0-9a-z]+)/"
        r"\d{12}_VpcLattice(?P=kind)_[a-z0-9-]+_(?P=id)_(?P<time>\d{8}T\d{4}Z)_[0-9A-Za-z]+\.json(?:\.gz)?$"
    ),
    format=JsonRecords(AccessRecord),
    marks=Marks(members=(("serviceNetworkArn",), ("resourceConfigurationArn",), ("serviceArn", "targetGroupArn"))),
    document=document,
)
