"""
Requests as Amazon CloudFront logs them: what its standard logs and its real-time logs have in common.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/real-time-logs.html
"""

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import unquote

from msgspec import Meta, Struct, field

from shipper import ecs, web
from shipper.formats import Row
from shipper.remembered import LONGEST, remembered
from shipper.source import Origin

# -- what AWS writes ---------------------------------------------------------------------------------------------------

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""A whole number that fits a field of type `long`."""

Seconds = Annotated[float, Meta(ge=0, le=1e9)]
"""A time that was taken, whose nanoseconds fit such a field too: neither infinite nor no number."""


class Request(Row, rename="kebab"):
    """The columns that both kinds of logs have; what the viewer sent in headers is not called the same in both."""

    asn: Count | None = None
    c_country: str | None = None
    c_ip: str | None = None
    c_port: Count | None = None
    cache_behavior_path_pattern: str | None = None
    connection_id: str | None = None
    cs_bytes: Count | None = None
    cs_cookie: str | None = None
    cs_host: str | None = None
    cs_method: str | None = None
    cs_protocol: str | None = None
    cs_protocol_version: str | None = None
    cs_referer: str | None = None
    cs_uri_query: str | None = None
    cs_uri_stem: str | None = None
    cs_user_agent: str | None = None
    distribution_tenant_id: str | None = None
    fle_encrypted_fields: Count | None = None
    fle_status: str | None = None
    origin_fbl: Seconds | None = None
    origin_lbl: Seconds | None = None
    sc_bytes: Count | None = None
    sc_content_len: Count | None = None
    sc_content_type: str | None = None
    sc_range_end: Count | None = None
    sc_range_start: Count | None = None
    sc_status: str | None = None
    ssl_cipher: str | None = None
    ssl_protocol: str | None = None
    time_taken: Seconds | None = None
    time_to_first_byte: Seconds | None = None
    viewer_request_log_data: str | None = None
    viewer_response_log_data: str | None = None
    x_edge_detailed_result_type: str | None = None
    x_edge_location: str | None = None
    x_edge_request_id: str | None = None
    x_edge_response_result_type: str | None = None
    x_edge_result_type: str | None = None
    x_forwarded_for: str | None = None
    x_host_header: str | None = None


# -- what we add to ECS ------------------------------------------------------------------------------------------------


class CloudFront(ecs.FieldSet, kw_only=False):
    """
    `aws.cloudfront`, under the names of Elastic's package where it has them.

    `domain` is the distribution's own name. `forwarded_for` is the client and its proxies as the header has them. The
    `log_data` is what functions of the distribution's owner wrote.
    """

    cache_behavior_path_pattern: str | None = None
    connection_id: str | None = None
    content_type: str | None = None
    cookies: ecs.LongText | None = None
    distribution_id: str | None = None
    distribution_tenant_id: str | None = None
    domain: str | None = None
    edge_detailed_result_type: str | None = None
    edge_location: str | None = None
    edge_response_result_type: str | None = None
    edge_result_type: str | None = None
    fle_encrypted_fields: int | None = None
    fle_status: str | None = None
    forwarded_for: tuple[str, ...] = ()
    origin_fbl: float | None = None
    origin_lbl: float | None = None
    range_end: int | None = None
    range_start: int | None = None
    time_to_first_byte: float | None = None
    viewer_request_log_data: ecs.LongText | None = None
    viewer_response_log_data: ecs.LongText | None = None


class Viewer(ecs.Endpoint, kw_only=True):
    """`source`."""

    autonomous_system: ecs.As | None = field(name="as", default=None)
    geo: ecs.Geo | None = None


class Destination(ecs.Endpoint, kw_only=True):
    """`destination`: whom the viewer asked."""

    domain: str | None = None


class RequestDocument(ecs.Document, kw_only=True):
    """Every document of a request, but for `aws`."""

    destination: Destination | None = None
    http: ecs.Http | None = None
    network: ecs.Network | None = None
    source: Viewer | None = None
    tls: ecs.Tls | None = None
    url: ecs.Url | None = None
    user_agent: ecs.UserAgent | None = None


# -- how one becomes the other -----------------------------------------------------------------------------------------

C = TypeVar("C", bound=CloudFront)
D = TypeVar("D", bound=RequestDocument)

_WEB: Final = ("web",)
_ACCESS: Final = ("access",)
_CLIENT_ERROR: Final = 400
_NANOSECONDS: Final = 1_000_000_000

_TWICE: Final = re.compile(r"%25(?=[0-9A-Fa-f]{2})")
_STATUS: Final = re.compile(r"[0-9]{1,3}")


class Host(Struct, frozen=True, gc=False):
    """
    The host that was asked.

    Attributes:
        domain: its name
        port: if it is told
        destination: the same as a field set
        hosts: the names that it can be searched by, that of the distribution among them
    """

    domain: str | None = None
    port: int | None = None
    destination: Destination | None = None
    hosts: tuple[str, ...] = ()


class Forwarded(Struct, frozen=True, gc=False):
    """What `X-Forwarded-For` says: its members as they are, and those that are addresses."""

    members: tuple[str, ...] = ()
    ips: tuple[ecs.Ip, ...] = ()


class Place(Struct, frozen=True, gc=False):
    """
    The path that was asked for.

    Attributes:
        path: decoded
        extension: of its last part
        link: as the viewer sent it
    """

    path: str
    extension: str | None
    link: str


class When(Struct, frozen=True, gc=False):
    """
    When a request was answered.

    Attributes:
        time: to the millisecond where the log has that
        end: the same to the second, where the log says another one there
        unread: the values that are no times
    """

    time: datetime | None
    end: datetime | None = None
    unread: tuple[ecs.Unparsed, ...] = ()


class Told(Struct, frozen=True, gc=False, kw_only=True):
    """
    What the two kinds of logs tell each in its own way.

    Attributes:
        when: the request was answered
        header: the viewer's `Host` header
        domain: the distribution's own name
        distribution: its id
        stem: the path that was asked for
        query: what follows it
        server: the address of CloudFront's that was asked
        family: version of the viewer's address
        origin_host: the host that was asked in turn
    """

    when: When
    header: str | None
    domain: str | None
    distribution: str | None = None
    stem: str | None
    query: str | None
    server: ecs.Ip | None = None
    family: str | None = None
    origin_host: str | None = None


_NOT_FORWARDED: Final = Forwarded()


def document(kind: Callable[..., D], row: Request, told: Told, origin: Origin, aws: ecs.Aws) -> D:
    """
    Map one request.

    Args:
        kind: the Struct of the document
        row: the line
        told: what its log tells in its own way
        origin: where it comes from
        aws: `aws` of the document

    Raises:
        ValueError: neither the line nor the object's key tells the time
    """
    when = told.when
    timestamp = when.time or origin.time
    if timestamp is None:
        raise ValueError("the line has no time that can be read, and the key has none")
    status, unread = _status(row.sc_status), when.unread
    if row.sc_status and status is None:
        unread = (*unread, ecs.Unparsed(field="sc-status", value=row.sc_status))
    ip = ecs.ip(row.c_ip)
    forwarded = _forwarding(row)
    host = _host(told.header, told.domain)
    taken, agent = row.time_taken, row.cs_user_agent
    return kind(
        timestamp=timestamp,
        cloud=ecs.Cloud(),
        event=ecs.Event(
            category=_WEB,
            duration=None if taken is None else round(taken * _NANOSECONDS),
            end=when.end,
            id=row.x_edge_request_id,
            kind="event",
            outcome=_outcome(status),
            type=_ACCESS,
        ),
        aws=aws,
        destination=_destination(host, told.server) if told.server else host.destination,
        http=_http(row, status),
        network=_conversation(
            row.cs_protocol,
            row.cs_protocol_version,
            told.family or ecs.ip_version(ip),
            next(iter(forwarded.ips), None),
        ),
        related=_related(told, host, ip, forwarded.ips),
        shipper=ecs.Shipper(unparsed=unread) if unread else None,
        source=_viewer(row, ip),
        tags=() if when.time else ("time_from_key",),
        tls=web.tls(row.ssl_cipher, row.ssl_protocol),
        url=_url(told, row.cs_protocol, host),
        user_agent=_user_agent(agent) if agent else None,
    )


def fields(kind: Callable[..., C], row: Request, told: Told, *more: Any) -> C | None:
    """
    Give `aws.cloudfront`.

    Args:
        kind: its Struct
        row: the line
        told: what its log tells in its own way
        more: the values of what that Struct has behind the fields of `CloudFront`
    """
    cookie, content = row.cs_cookie, row.sc_content_type
    asked, answered = row.viewer_request_log_data, row.viewer_response_log_data
    return ecs.some(
        kind(  # by position: more keywords than 15 cost time
            row.cache_behavior_path_pattern,
            row.connection_id,
            often_decoded(content) if content else None,
            decoded(cookie) if cookie else None,
            told.distribution,
            row.distribution_tenant_id,
            told.domain,
            row.x_edge_detailed_result_type,
            row.x_edge_location,
            row.x_edge_response_result_type,
            row.x_edge_result_type,
            row.fle_encrypted_fields,
            row.fle_status,
            _forwarding(row).members,
            row.origin_fbl,
            row.origin_lbl,
            row.sc_range_end,
            row.sc_range_start,
            row.time_to_first_byte,
            decoded(asked) if asked else None,
            decoded(answered) if answered else None,
            *more,
        )
    )


# -- texts -------------------------------------------------------------------------------------------------------------
# CloudFront writes blanks, quotes, and whatever is no printable ASCII, as `%XX`, and `%` as `%25`. Not all of its
# logs do the latter, so `%20` may be a blank that a viewer sent, or what a viewer wrote for one.


def decoded(text: str) -> str:
    """Take off the log's own encoding; a text that is not UTF-8 then stays as logged."""
    if "%" not in text:
        return text
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


often_decoded: Final = remembered(4096)(decoded)
"""The same, for columns in which few texts come again and again."""


def _link(text: str) -> str:
    """Give a part of a URL as the viewer sent it: still encoded, but once."""
    return _TWICE.sub("%", text) if "%25" in text else text


def _plain(text: str) -> str:
    """Decode a text, twice where every single escape is one of another escape."""
    if "%" not in text:
        return text
    return decoded(_link(text) if len(_TWICE.findall(text)) == text.count("%") else text)


@remembered(4096)
def _user_agent(text: str) -> ecs.UserAgent:
    return ecs.UserAgent(original=_plain(text))


# -- field sets --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _status(text: str | None) -> int | None:
    """Read a status; `000` says that the viewer was gone before there was one."""
    return int(text) if text and _STATUS.fullmatch(text) else None


def _outcome(status: int | None) -> str:
    if status is None:
        return "unknown"
    return "success" if 0 < status < _CLIENT_ERROR else "failure"


def _forwarding(row: Request) -> Forwarded:
    return _forwarded(row.x_forwarded_for) if row.x_forwarded_for else _NOT_FORWARDED


@remembered(4096)
def _forwarded(text: str) -> Forwarded:
    """Read `X-Forwarded-For`; its members may have ports, and brackets around IPv6 addresses."""
    members = tuple(filter(None, (one.strip() for one in decoded(text).split(","))))
    found = (_address(one) for one in members)
    return Forwarded(members, ecs.once(found))


def _address(text: str) -> ecs.Ip | None:
    if text.startswith("["):
        return ecs.ip(text[1:].partition("]")[0])
    return ecs.ip(text) or ecs.ip(text.partition(":")[0])


def _host(header: str | None, distribution: str | None) -> Host:
    is_usual = len(header or "") <= LONGEST and len(distribution or "") <= LONGEST
    return (_known_host if is_usual else _read_host)(header, distribution)


def _read_host(header: str | None, distribution: str | None) -> Host:
    """Read the viewer's `Host` header; in a log without it the distribution's name stands for it."""
    text = header or distribution
    if not text:
        return Host()
    name, port = web.authority(text)
    destination = Destination(address=text, domain=name, port=port)
    return Host(domain=name, port=port, destination=destination, hosts=ecs.once((name, distribution)))


_known_host = lru_cache(maxsize=1024)(_read_host)


def _destination(host: Host, server: ecs.Ip) -> Destination:
    """Tell which of CloudFront's addresses was asked for the host."""
    asked = host.destination
    return Destination(address=asked.address if asked else None, domain=host.domain, ip=server, port=host.port)


def _http(row: Request, status: int | None) -> ecs.Http | None:
    size, referrer, version = row.sc_content_len, row.cs_referer, row.cs_protocol_version
    request = ecs.some(
        ecs.HttpRequest(
            bytes=row.cs_bytes,
            id=row.x_edge_request_id,
            method=row.cs_method,
            referrer=_link(referrer) if referrer else None,
        )
    )
    body = None if size is None else ecs.HttpBody(bytes=size)
    response = ecs.some(ecs.HttpResponse(body=body, bytes=row.sc_bytes, status_code=status))
    if not request and not response and not version:
        return None
    return ecs.Http(request=request, response=response, version=version and version.removeprefix("HTTP/"))


@lru_cache(maxsize=1024)
def _conversation(
    protocol: str | None, version: str | None, family: str | None, forwarded: ecs.Ip | None
) -> ecs.Network | None:
    """Tell how the viewer spoke to CloudFront: HTTP/3 goes over QUIC, and so over UDP."""
    transport = None
    if version and version.startswith("HTTP/"):
        transport = "udp" if version.startswith("HTTP/3") else "tcp"
    return ecs.some(
        ecs.Network(
            forwarded_ip=forwarded, protocol=protocol.lower() if protocol else None, transport=transport, type=family
        )
    )


def _related(told: Told, host: Host, ip: ecs.Ip | None, forwarded: tuple[ecs.Ip, ...]) -> ecs.Related | None:
    server, origin_host = told.server, told.origin_host
    hosts = ecs.once((*host.hosts, origin_host)) if origin_host else host.hosts
    ips = ecs.once((ip, server, *forwarded)) if forwarded or server else (ip,) if ip else ()
    return ecs.Related(hosts=hosts, ip=ips) if hosts or ips else None


def _viewer(row: Request, ip: ecs.Ip | None) -> Viewer | None:
    return ecs.some(
        Viewer(
            address=row.c_ip,
            autonomous_system=None if row.asn is None else ecs.As(number=row.asn),
            geo=ecs.Geo(country_iso_code=row.c_country) if row.c_country else None,
            ip=ip,
            port=row.c_port,
        )
    )


def _url(told: Told, scheme: str | None, host: Host) -> ecs.Url | None:
    stem, query = told.stem, told.query
    place = _place(stem) if stem else None
    sent = _link(query) if query else None
    full = original = None
    if place:
        asked = f"?{sent}" if sent else ""
        original = f"{stem}?{query}" if query else stem
        if scheme and host.destination and place.link.startswith("/"):
            full = f"{scheme}://{host.destination.address}{place.link}{asked}"
    return ecs.some(
        ecs.Url(
            domain=host.domain,
            extension=place.extension if place else None,
            full=full,
            original=original,
            path=place.path if place else None,
            port=host.port,
            query=sent,
            scheme=scheme,
        )
    )


@remembered(4096)
def _place(stem: str) -> Place:
    path = _plain(stem)
    return Place(path, web.extension(path), _link(stem))
