"""
Amazon CloudFront real-time logs: a share of the requests of viewers, seconds after they were made.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/real-time-logs.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/media-quality-score.html
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Final

from msgspec import Meta

from shipper import cloudfront, ecs
from shipper.cloudfront import CloudFront, Count, Request, Told, When
from shipper.errors import ConfigError
from shipper.formats import ListedTable
from shipper.marks import Marks
from shipper.remembered import remembered
from shipper.source import Origin, Source, SourceSettings

# -- what AWS writes ---------------------------------------------------------------------------------------------------

_ORDER: Final = (
    "timestamp c-ip s-ip time-to-first-byte sc-status sc-bytes cs-method cs-protocol cs-host cs-uri-stem cs-bytes "
    "x-edge-location x-edge-request-id x-host-header time-taken cs-protocol-version c-ip-version cs-user-agent "
    "cs-referer cs-cookie cs-uri-query x-edge-response-result-type x-forwarded-for ssl-protocol ssl-cipher "
    "x-edge-result-type fle-encrypted-fields fle-status sc-content-type sc-content-len sc-range-start sc-range-end "
    "c-port x-edge-detailed-result-type c-country cs-accept-encoding cs-accept cache-behavior-path-pattern "
    "cs-headers cs-header-names cs-headers-count primary-distribution-id primary-distribution-dns-name origin-fbl "
    "origin-lbl asn cmcd-encoded-bitrate cmcd-buffer-length cmcd-buffer-starvation cmcd-content-id "
    "cmcd-object-duration cmcd-deadline cmcd-measured-throughput cmcd-next-object-request cmcd-next-range-request "
    "cmcd-object-type cmcd-playback-rate cmcd-requested-maximum-throughput cmcd-streaming-format cmcd-session-id "
    "cmcd-stream-type cmcd-startup cmcd-top-bitrate cmcd-version r-host sr-reason x-edge-mqcs "
    "distribution-tenant-id connection-id"
)
FIELDS: Final = tuple(_ORDER.split())
"""All fields whose order is documented, in this order."""

LATER: Final = ("viewer-request-log-data", "viewer-response-log-data")
"""Fields that nobody has told the place of."""

Epoch = Annotated[float, Meta(ge=0, le=253_402_300_799)]
"""Seconds since 1970, up to the last year that there is."""


class RequestRow(Request, rename="kebab"):
    """Every column; a log has those that its configuration names."""

    c_ip_version: str | None = None
    cmcd_buffer_length: Count | None = None
    cmcd_buffer_starvation: bool | None = None
    cmcd_content_id: str | None = None
    cmcd_deadline: Count | None = None
    cmcd_encoded_bitrate: Count | None = None
    cmcd_measured_throughput: Count | None = None
    cmcd_next_object_request: str | None = None
    cmcd_next_range_request: str | None = None
    cmcd_object_duration: Count | None = None
    cmcd_object_type: str | None = None
    cmcd_playback_rate: Annotated[float, Meta(ge=-1e9, le=1e9)] | None = None
    cmcd_requested_maximum_throughput: Count | None = None
    cmcd_session_id: str | None = None
    cmcd_startup: bool | None = None
    cmcd_stream_type: str | None = None
    cmcd_streaming_format: str | None = None
    cmcd_top_bitrate: Count | None = None
    cmcd_version: Count | None = None
    cs_accept: str | None = None
    cs_accept_encoding: str | None = None
    cs_header_names: str | None = None
    cs_headers: str | None = None
    cs_headers_count: Count | None = None
    primary_distribution_dns_name: str | None = None
    primary_distribution_id: str | None = None
    r_host: str | None = None
    s_ip: str | None = None
    sr_reason: str | None = None
    timestamp: Epoch | None = None
    x_edge_mqcs: Count | None = None


# -- what can be set ---------------------------------------------------------------------------------------------------

_NEW: Final = "new:"
_NAMES: Final = (*FIELDS, *LATER)


_NEW_NAME: Final = r"[a-z][a-z0-9-]*"


def _advice(text: str) -> str:
    near = get_close_matches(text.strip().lower(), _NAMES, n=1)
    advice = [f"did you mean {near[0]}?"] if near else []
    if re.fullmatch(_NEW_NAME, text):
        advice.append(f"write {_NEW}{text} for a field that this version does not know")
    return " ".join(advice) or "take it as `aws cloudfront get-realtime-log-config` gives it"


class RealtimeSettings(SourceSettings, frozen=True, kw_only=True):
    """CloudFront's real-time logs (aws.cloudfront_realtime): no line of them says what its columns are."""

    fields: Annotated[
        tuple[
            Annotated[
                str,
                Meta(
                    pattern=rf"^({'|'.join(_NAMES)}|{_NEW}{_NEW_NAME})$(?!\n)",
                    title="name of a field",
                    extra={"advice": _advice},
                ),
            ],
            ...,
        ],
        Meta(
            description="The fields of the real-time log configuration, in the order in which `aws cloudfront "
            "get-realtime-log-config` gives them; default: all of them. A field that the shipper does not know yet is "
            "written new:NAME."
        ),
    ] = FIELDS


# -- what we add to ECS ------------------------------------------------------------------------------------------------


class Cmcd(ecs.FieldSet, kw_only=False):
    """
    `aws.cloudfront.cmcd`: what a media player tells of itself (Common Media Client Data, CTA-5004).

    Rates and throughputs are in kbit/s, lengths, durations and deadlines in ms.
    """

    buffer_length: int | None = None
    buffer_starvation: bool | None = None
    content_id: str | None = None
    deadline: int | None = None
    encoded_bitrate: int | None = None
    measured_throughput: int | None = None
    next_object_request: ecs.LongText | None = None
    next_range_request: str | None = None
    object_duration: int | None = None
    object_type: str | None = None
    playback_rate: float | None = None
    requested_maximum_throughput: int | None = None
    session_id: str | None = None
    startup: bool | None = None
    stream_type: str | None = None
    streaming_format: str | None = None
    top_bitrate: int | None = None
    version: int | None = None


class RealtimeCloudFront(CloudFront, kw_only=False):
    """
    `aws.cloudfront`: what the viewer sent as headers, and which origin was chosen.

    `edge_mqcs` is the media quality confidence score that the choice went by. `primary_distribution` is told while a
    staging distribution answers for it.
    """

    accept: ecs.LongText | None = None
    accept_encoding: str | None = None
    cmcd: Cmcd | None = None
    edge_mqcs: int | None = None
    header_names: tuple[str, ...] = ()
    headers: tuple[ecs.LongText, ...] = ()
    headers_count: int | None = None
    origin_host: str | None = None
    origin_reason: str | None = None
    primary_distribution_domain: str | None = None
    primary_distribution_id: str | None = None


class Aws(ecs.Aws, kw_only=True):
    cloudfront: RealtimeCloudFront | None = None


class RequestDocument(cloudfront.RequestDocument, kw_only=True):
    aws: Aws


# -- how one becomes the other -----------------------------------------------------------------------------------------


def document(row: RequestRow, origin: Origin) -> RequestDocument:
    """
    Map one request.

    Raises:
        ValueError: neither the line nor the object's key tells the time
    """
    stem, _, query = (row.cs_uri_stem or "").partition("?")
    version = row.c_ip_version
    told = Told(
        when=When(None if row.timestamp is None else datetime.fromtimestamp(row.timestamp, UTC)),
        header=row.cs_host,
        domain=row.x_host_header,
        stem=stem or None,
        query=row.cs_uri_query or query or None,
        server=ecs.ip(row.s_ip),
        family=version.lower() if version else None,
        origin_host=row.r_host,
    )
    more = (
        cloudfront.often_decoded(row.cs_accept) if row.cs_accept else None,
        cloudfront.often_decoded(row.cs_accept_encoding) if row.cs_accept_encoding else None,
        _cmcd(row),
        row.x_edge_mqcs,
        _lines(row.cs_header_names) if row.cs_header_names else (),
        _headers(row.cs_headers) if row.cs_headers else (),
        row.cs_headers_count,
        row.r_host,
        row.sr_reason,
        row.primary_distribution_dns_name,
        row.primary_distribution_id,
    )
    aws = Aws(cloudfront=cloudfront.fields(RealtimeCloudFront, row, told, *more))
    return cloudfront.document(RequestDocument, row, told, origin, aws)


def _cmcd(row: RequestRow) -> Cmcd | None:
    following = row.cmcd_next_object_request
    return ecs.some(
        Cmcd(  # by position: more keywords than 15 cost time
            row.cmcd_buffer_length,
            row.cmcd_buffer_starvation,
            row.cmcd_content_id,
            row.cmcd_deadline,
            row.cmcd_encoded_bitrate,
            row.cmcd_measured_throughput,
            cloudfront.decoded(following) if following else None,
            row.cmcd_next_range_request,
            row.cmcd_object_duration,
            row.cmcd_object_type,
            row.cmcd_playback_rate,
            row.cmcd_requested_maximum_throughput,
            row.cmcd_session_id,
            row.cmcd_startup,
            row.cmcd_stream_type,
            row.cmcd_streaming_format,
            row.cmcd_top_bitrate,
            row.cmcd_version,
        )
    )


def _headers(text: str) -> tuple[str, ...]:
    """Read `name:value` after `name:value`, with an encoded line feed between them; the last one may be cut."""
    together = cloudfront.decoded(text)  # in one go, unless some header cannot be decoded
    if together is not text:
        return tuple([one for one in together.split("\n") if one])
    return tuple([cloudfront.decoded(one) for one in text.split("%0A") if one])


_lines: Final = remembered(4096)(_headers)


def _marks(fields: Sequence[str]) -> Marks:
    """Tell a line by the time in its place, and by the viewer's address; without a time there is nothing to tell by."""
    shapes = {"timestamp": r"\d{9,11}(?:\.\d{1,9})?", "c-ip": r"(?:[\dA-Fa-f:.]+|-)"}
    if "timestamp" not in fields:
        return Marks()
    last = max(fields.index(name) for name in shapes if name in fields)
    columns = [shapes.get(name, r"[^\t]*") for name in fields[: last + 1]]
    return Marks(line=r"\t".join(columns) + r"(?:\t|$)")


def _format(fields: Sequence[str]) -> ListedTable[RequestRow]:
    return ListedTable(
        RequestRow,
        fields,
        by_clients=("cmcd-",),
        remedy="list those of the real-time log configuration as sources.aws_cloudfront_realtime.fields",
    )


def configured(settings: RealtimeSettings) -> Source[RequestRow, RequestDocument]:
    """
    Make the source for other fields.

    Raises:
        ConfigError: no field is named, or one twice
    """
    fields = [name.removeprefix(_NEW) for name in settings.fields]
    twice = [name for name, times in Counter(fields).items() if times > 1]
    if not fields:
        raise ConfigError("fields: names none; name those of the real-time log configuration")
    if twice:
        raise ConfigError(f"fields: names {twice[0]} twice; take one of the two out")
    return replace(source, format=_format(fields), marks=_marks(fields))


source = Source(
    dataset="aws.cloudfront_realtime",
    key=(  # Firehose puts stream, version, time and a random id behind the prefix, which is the user's choice
        r"(?:^|/)(?:CloudFront|cloudfront)/(?:.*/)?(?:realtime|real-time)/"
        r"(?:.*-(?P<time>\d{4}-\d\d-\d\d-\d\d)-\d\d-\d\d-[0-9a-f]{8}-|.*/)?[^/]+$"
    ),
    format=_format(FIELDS),
    marks=_marks(FIELDS),
    document=document,
    id=lambda row: row.x_edge_request_id,
    configured=configured,
)
