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
from typing import Final

from msgspec import field

from shipper import cloudfront, ecs
from shipper.cloudfront import CloudFront, Count, Request, Told, When
from shipper.formats import ByMagic, JsonRows, Parquet, W3cTable
from shipper.marks import Marks
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


class RequestRow(Request, rename="kebab"):
    """Every column; a log of version 2 has any of them in any order."""

    cs_cookie: str | None = field(name="cs(Cookie)", default=None)
    cs_host: str | None = field(name="cs(Host)", default=None)
    cs_referer: str | None = field(name="cs(Referer)", default=None)
    cs_user_agent: str | None = field(name="cs(User-Agent)", default=None)
    date: str | None = None
    time: str | None = None
    timestamp_ms: Count | None = field(name="timestamp(ms)", default=None)


# -- what we add to ECS ------------------------------------------------------------------------------------------------


class Aws(ecs.Aws, kw_only=True):
    cloudfront: CloudFront | None = None


class RequestDocument(cloudfront.RequestDocument, kw_only=True):
    aws: Aws


# -- how one becomes the other -----------------------------------------------------------------------------------------

_KEY: Final = r"[A-Z0-9]{10,20}\.(?P<time>\d{4}-\d\d-\d\d-\d\d)\.[0-9A-Za-z]{6,16}\.(?:gz|parquet|json\.gz)$"
_DISTRIBUTION: Final = re.compile(rf"(?:^|/)(?={_KEY})([A-Z0-9]+)")


def document(row: RequestRow, origin: Origin) -> RequestDocument:
    """
    Map one request.

    Raises:
        ValueError: neither the line nor the object's key tells the time
    """
    told = Told(
        when=_when(row),
        header=row.x_host_header,
        domain=row.cs_host,
        distribution=_distribution(origin.object.key),
        stem=row.cs_uri_stem,
        query=row.cs_uri_query,
    )
    aws = Aws(cloudfront=cloudfront.fields(CloudFront, row, told))
    return cloudfront.document(RequestDocument, row, told, origin, aws)


@lru_cache(maxsize=256)
def _distribution(key: str) -> str | None:
    found = _DISTRIBUTION.search(key)
    return found[2] if found else None


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
