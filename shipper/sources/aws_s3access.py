"""
Amazon S3 server access logs.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-and-other-bucket-config.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PartitionedPrefix.html
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from shipper import arn, ecs, web
from shipper.formats import Quoted, Row
from shipper.marks import Marks
from shipper.remembered import remembered
from shipper.source import Origin, Source

# -- what AWS writes ---------------------------------------------------------------------------------------------------

LAYOUT: Final = (
    "bucket_owner bucket [time] remote_ip requester* request_id operation key "
    '"request_uri" http_status error_code bytes_sent object_size total_time turn_around_time "referrer" "user_agent" '
    "version_id host_id signature_version cipher_suite authentication_type host_header tls_version access_point_arn "
    "acl_required source_region"
)
"""The columns; the requester has blanks where it is an origin access identity of CloudFront."""

OLDEST: Final = 18
"""Columns of the oldest lines: up to the version id."""


class AccessRow(Row):
    """Every column, in the order of the line."""

    bucket_owner: str | None = None
    bucket: str | None = None
    time: str | None = None
    remote_ip: str | None = None
    requester: str | None = None
    request_id: str | None = None
    operation: str | None = None
    key: str | None = None
    request_uri: str | None = None
    http_status: int | None = None
    error_code: str | None = None
    bytes_sent: int | None = None
    object_size: int | None = None
    total_time: int | None = None
    turn_around_time: int | None = None
    referrer: str | None = None
    user_agent: str | None = None
    version_id: str | None = None
    host_id: str | None = None
    signature_version: str | None = None
    cipher_suite: str | None = None
    authentication_type: str | None = None
    host_header: str | None = None
    tls_version: str | None = None
    access_point_arn: str | None = None
    acl_required: str | None = None
    source_region: str | None = None


# -- what we add to ECS ------------------------------------------------------------------------------------------------


class S3Access(ecs.FieldSet, kw_only=False):
    """The columns but the time, in their order."""

    bucket_owner: str | None = None
    bucket: str | None = None
    remote_ip: ecs.Ip | None = None
    requester: str | None = None
    request_id: ecs.Identifier | None = None
    operation: str | None = None
    key: ecs.LongText | None = None
    request_uri: ecs.LongText | None = None
    http_status: int | None = None
    error_code: str | None = None
    bytes_sent: int | None = None
    object_size: int | None = None
    total_time: int | None = None
    turn_around_time: int | None = None
    referrer: ecs.LongText | None = None
    user_agent: ecs.LongText | None = None
    version_id: str | None = None
    host_id: ecs.Identifier | None = None
    signature_version: str | None = None
    cipher_suite: str | None = None
    authentication_type: str | None = None
    host_header: str | None = None
    tls_version: str | None = None
    access_point_arn: str | None = None
    acl_required: str | None = None
    source_region: str | None = None


class Aws(ecs.Aws, kw_only=True):
    s3access: S3Access | None = None


class AccessDocument(ecs.Document, kw_only=True):
    aws: Aws
    client: ecs.Client | None = None
    http: ecs.Http | None = None
    source: ecs.Endpoint | None = None
    tls: ecs.Tls | None = None
    url: ecs.Url | None = None
    user: ecs.User | None = None
    user_agent: ecs.UserAgent | None = None


# -- how one becomes the other -----------------------------------------------------------------------------------------

_REGION: Final = re.compile(r"(?:^|[.-])([a-z]{2}(?:-[a-z]+)+-\d)(?:\.vpce)?\.amazonaws\.[a-z.]+$")
"""The region in a host name such as `bucket.s3.us-west-1.amazonaws.com` or `s3-website-us-east-1.amazonaws.com`."""

_CLIENT_ERROR: Final = 400
_WEB: Final = (("web",), ("access",))
_BY_ITSELF: Final = (
    ("S3.EXPIRE.", (("file",), ("deletion",))),
    ("S3.DELETE.", (("file",), ("deletion",))),
    ("S3.CREATE.DELETEMARKER", (("file",), ("deletion",))),
    ("S3.TRANSITION", (("file",), ("change",))),
    ("S3.COMPUTE.", (("file",), ("access",))),
    ("S3.", (("file",), ("change",))),
)
"""Category and type of what S3 does by itself, without a request: by the beginning of the operation."""


class Requester(Struct, frozen=True):
    """
    Who asked.

    Attributes:
        user: as far as it is known
        client: the same by the id alone
        names: all that it can be searched by
    """

    user: ecs.User | None = None
    client: ecs.ClientUser | None = None
    names: tuple[str, ...] = ()


class Host(Struct, frozen=True):
    """
    The endpoint that was asked.

    Attributes:
        domain: its name
        port: if it is told
        base: the beginning of the addresses below it: scheme, name and port
        scheme: of these
        hosts: the name, to be searched by
    """

    domain: str | None = None
    port: int | None = None
    base: str | None = None
    scheme: str | None = None
    hosts: tuple[str, ...] = ()


def document(row: AccessRow, origin: Origin) -> AccessDocument:
    """
    Map one line.

    Raises:
        ValueError: the line's time is none, or neither the line nor the object tells the time
    """
    timestamp = _time(row.time) if row.time else origin.time
    if timestamp is None:
        raise ValueError("the line has no time, and nothing is known of the object's")
    address, agent = row.remote_ip, row.user_agent
    ip = ecs.ip(address)
    requester = _requester(row.requester, row.bucket_owner)
    scheme = "https" if row.cipher_suite or row.tls_version else "http"
    host = _host(f"{scheme}://{row.host_header}") if row.host_header else _NO_HOST
    method, target, version = _request(row.request_uri)
    category, kind = _kind(row.operation)
    total_time = row.total_time
    return AccessDocument(
        timestamp=timestamp,
        cloud=ecs.Cloud(region=origin.region or _region(row.access_point_arn, row.host_header)),
        event=ecs.Event(
            action=row.operation,
            category=category,
            code=row.error_code,
            duration=None if total_time is None else total_time * 1_000_000,
            id=row.request_id,
            kind="event",
            outcome=_outcome(row.error_code, row.http_status, category),
            type=kind,
        ),
        aws=Aws(s3access=_columns(row, ip)),
        client=ecs.some(ecs.Client(address=address, ip=ip, user=requester.client)),
        http=_http(row, method, version),
        related=ecs.some(ecs.Related(hosts=host.hosts, ip=(ip,) if ip else (), user=requester.names)),
        source=ecs.Endpoint(address=address, ip=ip) if address else None,
        tags=() if row.time else ("time_from_key",),
        tls=web.tls(row.cipher_suite, row.tls_version),
        url=_url(host, target),
        user=requester.user,
        user_agent=ecs.UserAgent(original=agent) if agent else None,
    )


def _columns(row: AccessRow, ip: ecs.Ip | None) -> S3Access | None:
    values: tuple[Any, ...] = msgspec.structs.astuple(row)
    return ecs.some(S3Access(values[0], values[1], ip, *values[4 : len(S3Access.__struct_fields__) + 1]))


def _time(text: str) -> datetime:
    """
    Read a time such as `06/Feb/2019:00:00:38 +0000`.

    Raises:
        ValueError: it is none
    """
    moment = web.clf_time(text)
    if moment is None:
        raise ValueError(f"the time is {text!r}; it should be like '06/Feb/2019:00:00:38 +0000'")
    return moment


@lru_cache(maxsize=256)
def _kind(operation: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give category and type."""
    text = operation or ""
    return next((kind for beginning, kind in _BY_ITSELF if text.startswith(beginning)), _WEB)


def _outcome(error: str | None, status: int | None, category: tuple[str, ...]) -> str:
    """Tell how it ended; what S3 does by itself has no status, and is logged when it is done."""
    if error or (status and status >= _CLIENT_ERROR):
        return "failure"
    return "success" if status or category is not _WEB[0] else "unknown"


@lru_cache(maxsize=4096)
def _requester(text: str | None, owner: str | None) -> Requester:
    """
    Tell who asked: a canonical id, an ARN, or a service.

    A role is named, not the person in it, as CloudTrail's documents do; the session's name is among the others.
    """
    who = arn.principal(text)
    names = ecs.once((owner, text, *who.names))
    if not text:
        return Requester(names=names)
    return Requester(
        user=ecs.User(email=who.email, id=text, name=who.name), client=ecs.ClientUser(id=text), names=names
    )


@remembered(1024)
def _host(base: str) -> Host:
    """Read scheme and `Host` header."""
    scheme, _, header = base.partition("://")
    name, port = web.authority(header)
    return Host(domain=name, port=port, base=base, scheme=scheme, hosts=(name,))


_NO_HOST: Final = Host()


@lru_cache(maxsize=1024)
def _region(access_point_arn: str | None, host_header: str | None) -> str | None:
    """Tell the bucket's region: an access point is in it, and so are endpoints but the global one."""
    if region := arn.parted(access_point_arn).region:
        return region
    found = _REGION.search(host_header or "")
    return found[1] if found else None


def _request(line: str | None) -> tuple[str | None, str | None, str | None]:
    """Take a request line apart: method, target and version; the target may have blanks."""
    if not line:
        return None, None, None
    method, _, rest = line.partition(" ")
    target, http, version = rest.rpartition(" HTTP/")
    if not http:
        target, version = rest, ""
    return method or None, target or None, version or None


def _http(row: AccessRow, method: str | None, version: str | None) -> ecs.Http | None:
    request = response = None
    if method or row.referrer:
        request = ecs.HttpRequest(method=method, referrer=row.referrer)
    size = row.bytes_sent
    if row.http_status is not None or size is not None:
        body = None if size is None else ecs.HttpBody(bytes=size)
        response = ecs.HttpResponse(body=body, status_code=row.http_status)
    return ecs.Http(request=request, response=response, version=version) if request or response else None


def _url(host: Host, target: str | None) -> ecs.Url | None:
    if not target:
        return ecs.Url(domain=host.domain, port=host.port, scheme=host.scheme) if host.domain else None
    full, place = _places(host, target)
    path, _, query = place.partition("?")
    return ecs.Url(
        domain=host.domain,
        extension=web.extension(path),
        full=full,
        original=target,
        path=path or None,
        port=host.port,
        query=query or None,
        scheme=host.scheme,
    )


def _places(host: Host, target: str) -> tuple[str | None, str]:
    """Give the whole address, and what follows the host in it; clients of proxies ask with whole addresses."""
    if target[0] == "/":
        return host.base + target if host.base else None, target
    _, scheme, rest = target.partition("://")
    if not scheme:
        return None, target
    _, slash, place = rest.partition("/")
    return target, slash + place


source = Source(
    dataset="aws.s3access",
    key=(
        r"(?:(?P<account>\d{12})/(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)/[a-z0-9.-]{3,63}/20\d\d/[01]\d/[0-3]\d/)?"
        r"20\d\d-[01]\d-[0-3]\d-[0-2]\d-[0-5]\d-[0-5]\d-[0-9A-F]{16}$"
    ),
    format=Quoted(AccessRow, LAYOUT.split(), least=OLDEST),
    marks=Marks(
        line=(
            r"(?:[0-9a-f]{64}|-) (?:[a-z0-9.-]{3,63}|-) \[\d\d/[A-Z][a-z]{2}/\d{4}(?::\d\d){3} [+-]\d{4}\] "
            r"[0-9a-f.:-]+ [^\"]+ [0-9A-Z]{16} [A-Z0-9]+\.[A-Z0-9_.]+ "
        )
    ),
    document=document,
)
