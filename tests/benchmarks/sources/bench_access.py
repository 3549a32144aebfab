"""An access log column by column, in the manner of those of S3."""

from datetime import UTC, datetime
from typing import Final

from benchmarks.access import COLUMNS, TIME
from shipper import ecs
from shipper.formats import Quoted, Row
from shipper.source import Origin, Source

_EPOCH: Final = datetime.fromtimestamp(0, UTC)


class Access(Row, rename="kebab"):
    """One line."""

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
    referer: str | None = None
    user_agent: str | None = None
    tls_version: str | None = None


class AccessDocument(ecs.Document, kw_only=True):
    """One line as it is indexed."""

    message: str | None = None


def document(row: Access, _: Origin) -> AccessDocument:
    """Make a document of a line."""
    return AccessDocument(
        timestamp=datetime.strptime(row.time, TIME).replace(tzinfo=UTC) if row.time else _EPOCH,
        cloud=ecs.Cloud(),
        event=ecs.Event(kind="event", action=row.operation, id=row.request_id, reason=row.error_code),
        message=row.request_uri,
    )


source = Source(dataset="bench.access", key=r"^bench/access/", format=Quoted(Access, COLUMNS), document=document)
