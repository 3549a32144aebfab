"""
Amazon CloudFront standard logs: requests of viewers.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html
https://docs.aws.amazon.com/athena/latest/ug/create-cloudfront-table-manual-parquet.html
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Final
from urllib.parse import unquote

from msgspec import Meta, Struct, field

from shipper import ecs, web
from shipper.formats import ByMagic, JsonRows, Parquet, Row, W3cTable
from shipper.marks import Marks
from shipper.remembered import LONGEST, remembered
from shipper.source import Origin, Source

# -- what AWS writes ---------------------------------------------------------------------------------------------------

LEGACY: Final = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
    "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken "
    "x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status "
    "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
    "sc-range-start sc-range-end"
)
"""The columns of legacy logs."""

DEFAULT: Final = f"{LEGACY} c-country cache-behavior-path-pattern"
"""The columns that version 2 has when none are chosen."""


Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""A whole number that fits a field of type `long`."""

Seconds = Annotated[float, Meta(ge=0, le=1e9)]
"""A time that was taken, whose nanoseconds fit such a field too: neither infinite nor no number."""


class RequestRow(Row, rename="kebab"):
    """Every column; a log of version 2 has any of them in any order."""

    date: str | None = None
    time: str | None = None
    x_edge_location: str | None = None
    sc_bytes: Count | None = None
    c_ip: str | None = None
    cs_method: str | None = None
    cs_host: str | None = field(name="cs(Host)", default=None)
    cs_uri_stem: str | None = None
    sc_status: str | None = None
    cs_referer: str | None = field(name="cs(Referer)", default=None)
    cs_user_agent: str | None = field(name="cs(User-Agent)", default=None)
    cs_uri_query: str | None = None
    cs_cookie: str | None = field(name="cs(Cookie)", default=None)
    x_edge_result_type: str | None = None
    x_edge_request_id: str | None = None
    x_host_header: str | None = None
    cs_protocol: str | None = None
    cs_bytes: Count | None = None
    time_taken: Seconds | None = None
    x_forwarded_for: str | None = None
    ssl_protocol: str | None = None
    ssl_cipher: str | None = None
    x_edge_response_result_type: str | None = None
    cs_protocol_version: str | None = None
    fle_status: str | None = None
    fle_encrypted_fields: Count | None = None
    c_port: Count | None = None
    time_to_first_byte: Seconds | None = None
    x_edge_detailed_result_type: str | None = None
    sc_content_type: str | None = None
    sc_content_len: Count | None = None
    sc_range_start: Count | None = None
    sc_range_end: Count | None = None
    # version 2
    timestamp_ms: Count | None = field(name="timestamp(ms)", default=None)
    origin_fbl: Seconds | None = None
    origin_lbl: Seconds | None = None
    asn: Count | None = None
    c_country: str | None = None
    cache_behavior_path_pattern: str | None = None
    distribution_tenant_id: str | None = None
    connection_id: str | None = None


# -- what we add to ECS ------------------------------------------------------------------------------------------------


class CloudFront(ecs.FieldSet, kw_only=False):
    """
    `aws.cloudfront`, under the names of Elastic's package where it has them.

    `domain` is the distribution's own name. `forwarded_for` is the client and its proxies as the header has them.
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


class Aws(ecs.Aws, kw_only=True):
    cloudfront: CloudFront | None = None


class Viewer(ecs.Endpoint, kw_only=True):
    """`source`."""

    autonomous_system: ecs.As | None = field(name="as", default=None)
    geo: ecs.Geo | None = None


class Destination(ecs.Endpoint, kw_only=True):
    """`destination`: whom the viewer asked."""

    domain: str | None = None


class RequestDocument(ecs.Document, kw_only=True):
    aws: Aws
    destination: Destination | None = None
    http: ecs.Http | None = None
    network: ecs.Network | None = None
    source: Viewer | None = None
    tls: ecs.Tls | None = None
    url: ecs.Url | None = None
    user_agent: ecs.UserAgent | None = None


# -- how one becomes the other -----------------------------------------------------------------------------------------

_WEB: Final = ("web",)
_ACCESS: Final = ("access",)
_CLIENT_ERROR: Final = 400
_NANOSECONDS: Final = 1_000_000_000

_KEY: Final = r"[A-Z0-9]{10,20}\.(?P<time>\d{4}-\d\d-\d\d-\d\d)\.[0-9A-Za-z]{6,16}\.(?:gz|parquet|json\.gz)$"
_DISTRIBUTION: Final = re.compile(rf"(?:^|/)(?={_KEY})([A-Z0-9]+)")
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


_NOT_FORWARDED: Final = Forwarded()


def document(row: RequestRow, origin: Origin) -> RequestDocument:
    """
    Map one request.

    Raises:
        ValueError: neither the line nor the object's key tells the time
    """
    when = _when(row)
    timestamp = when.time or origin.time
    if timestamp is None:
        raise ValueError("the line has no time that can be read, and the key has none")
    status, unread = _status(row.sc_status), when.unread
    if row.sc_status and status is None:
        unread = (*unread, ecs.Unparsed(field="sc-status", value=row.sc_status))
    ip = ecs.ip(row.c_ip)
    forwarded = _forwarded(row.x_forwarded_for) if row.x_forwarded_for else _NOT_FORWARDED
    host = (_known_host if len(row.x_host_header or "") <= LONGEST else _host)(row.x_host_header, row.cs_host)
    taken, agent = row.time_taken, row.cs_user_agent
    return RequestDocument(
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
        aws=Aws(cloudfront=_cloudfront(row, forwarded, _distribution(origin.object.key))),
        destination=host.destination,
        http=_http(row, status),
        network=_network(row.cs_protocol, row.cs_protocol_version, ip, next(iter(forwarded.ips), None)),
        related=_related(host.hosts, ip, forwarded.ips),
        shipper=ecs.Shipper(unparsed=unread) if unread else None,
        source=_viewer(row, ip),
        tags=() if when.time else ("time_from_key",),
        tls=web.tls(row.ssl_cipher, row.ssl_protocol),
        url=_url(row, host),
        user_agent=_user_agent(agent) if agent else None,
    )


# -- time --------------------------------------------------------------------------------------------------------------


def _when(row: RequestRow) -> When:
    """Read the time of a line, to the millisecond where the log has that."""
    date, time, number = row.date, row.time, row.timestamp_ms
    second = _second(date, time)
    if number is None and second:
        return When(second)
    moment = None if number is None else _moment(number)
    unread: list[ecs.Unparsed] = []
    if number is not None and moment is None:
        unread.append(ecs.Unparsed(field="timestamp(ms)", value=str(number)))
    if second is None:
        unread += [ecs.Unparsed(field=name, value=text) for name, text in (("date", date), ("time", time)) if text]
    is_other = second and moment and moment.replace(microsecond=0) != second
    return When(moment or second, second if is_other else None, tuple(unread))


@lru_cache(maxsize=4096)
def _second(date: str | None, time: str | None) -> datetime | None:
    """Read a time such as `2019-12-04` and `21:02:31`."""
    return ecs.time(f"{date}T{time}") if date and time else None


def _moment(number: int) -> datetime | None:
    """Read milliseconds since 1970; None when there is no such year."""
    seconds, rest = divmod(number, 1000)
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=1000 * rest)
    except (OverflowError, OSError, ValueError):
        return None


# -- texts -------------------------------------------------------------------------------------------------------------
# CloudFront writes blanks, quotes, and whatever is no printable ASCII, as `%XX`, and `%` as `%25`. Not all of its
# logs do the latter, so `%20` may be a blank that a viewer sent, or what a viewer wrote for one.


def _decoded(text: str) -> str:
    """Take off the log's own encoding; a text that is not UTF-8 then stays as logged."""
    if "%" not in text:
        return text
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def _link(text: str) -> str:
    """Give a part of a URL as the viewer sent it: still encoded, but once."""
    return _TWICE.sub("%", text) if "%25" in text else text


def _plain(text: str) -> str:
    """Decode a text, twice where every single escape is one of another escape."""
    if "%" not in text:
        return text
    return _decoded(_link(text) if len(_TWICE.findall(text)) == text.count("%") else text)


@remembered(4096)
def _user_agent(text: str) -> ecs.UserAgent:
    return ecs.UserAgent(original=_plain(text))


# -- field sets --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _distribution(key: str) -> str | None:
    found = _DISTRIBUTION.search(key)
    return found[2] if found else None


@lru_cache(maxsize=256)
def _status(text: str | None) -> int | None:
    """Read a status; `000` says that the viewer was gone before there was one."""
    return int(text) if text and _STATUS.fullmatch(text) else None


def _outcome(status: int | None) -> str:
    if status is None:
        return "unknown"
    return "success" if 0 < status < _CLIENT_ERROR else "failure"


def _cloudfront(row: RequestRow, forwarded: Forwarded, distribution: str | None) -> CloudFront | None:
    cookie, kind = row.cs_cookie, row.sc_content_type
    return ecs.some(
        CloudFront(  # by position: more keywords than 15 cost time
            row.cache_behavior_path_pattern,
            row.connection_id,
            _decoded(kind) if kind else None,
            _decoded(cookie) if cookie else None,
            distribution,
            row.distribution_tenant_id,
            row.cs_host,
            row.x_edge_detailed_result_type,
            row.x_edge_location,
            row.x_edge_response_result_type,
            row.x_edge_result_type,
            row.fle_encrypted_fields,
            row.fle_status,
            forwarded.members,
            row.origin_fbl,
            row.origin_lbl,
            row.sc_range_end,
            row.sc_range_start,
            row.time_to_first_byte,
        )
    )


@remembered(4096)
def _forwarded(text: str) -> Forwarded:
    """Read `X-Forwarded-For`; its members may have ports, and brackets around IPv6 addresses."""
    members = tuple(filter(None, (one.strip() for one in _decoded(text).split(","))))
    found = (_address(one) for one in members)
    return Forwarded(members, ecs.once(found))


def _address(text: str) -> ecs.Ip | None:
    if text.startswith("["):
        return ecs.ip(text[1:].partition("]")[0])
    return ecs.ip(text) or ecs.ip(text.partition(":")[0])


def _host(header: str | None, distribution: str | None) -> Host:
    """Read the viewer's `Host` header; in a log without it the distribution's name stands for it."""
    text = header or distribution
    if not text:
        return Host()
    name, port = web.authority(text)
    destination = Destination(address=text, domain=name, port=port)
    return Host(domain=name, port=port, destination=destination, hosts=ecs.once((name, distribution)))


_known_host = lru_cache(maxsize=1024)(_host)


def _http(row: RequestRow, status: int | None) -> ecs.Http | None:
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


def _network(
    protocol: str | None, version: str | None, ip: ecs.Ip | None, forwarded: ecs.Ip | None
) -> ecs.Network | None:
    family = ecs.ip_version(ip)
    return _conversation(protocol, version, family, forwarded)


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


def _related(hosts: tuple[str, ...], ip: ecs.Ip | None, forwarded: tuple[ecs.Ip, ...]) -> ecs.Related | None:
    ips = ecs.once((ip, *forwarded)) if forwarded else (ip,) if ip else ()
    return ecs.Related(hosts=hosts, ip=ips) if hosts or ips else None


def _viewer(row: RequestRow, ip: ecs.Ip | None) -> Viewer | None:
    return ecs.some(
        Viewer(
            address=row.c_ip,
            autonomous_system=None if row.asn is None else ecs.As(number=row.asn),
            geo=ecs.Geo(country_iso_code=row.c_country) if row.c_country else None,
            ip=ip,
            port=row.c_port,
        )
    )


def _url(row: RequestRow, host: Host) -> ecs.Url | None:
    stem, query, scheme = row.cs_uri_stem, row.cs_uri_query, row.cs_protocol
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


source = Source(
    dataset="aws.cloudfront_logs",
    key=rf"(?:(?:^|/)AWSLogs/(?:aws-account-id=)?(?P<account>\d{{12}})/CloudFront/(?:.*/)?|^|/){_KEY}",
    format=ByMagic(
        {b"PAR1": Parquet(RequestRow, keep=True), b"{": JsonRows(RequestRow)},
        otherwise=W3cTable(RequestRow, headerless=(LEGACY.split(), DEFAULT.split())),
    ),
    marks=Marks(
        columns=(
            "x-edge-location",
            "x-edge-result-type",
            "x-edge-request-id",
            "x-edge-response-result-type",
            "x-edge-detailed-result-type",
            "x-host-header",
            "cs-protocol",
            "time-to-first-byte",
        ),
        members=(
            ("x-edge-location",),
            ("x-edge-request-id",),
            ("date", "time", "sc-status"),
            ("date", "time", "cs-uri-stem"),
        ),
        line=r"\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\t[A-Z]{3}\d",  # without a header: the place comes third
    ),
    document=document,
    id=lambda row: row.x_edge_request_id,
)
