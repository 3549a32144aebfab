"""
From the body of a queue message to the objects it announces.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import unquote_plus

import msgspec
from msgspec import Meta, Struct, field

from shipper.errors import NotificationError


class ObjectRef(Struct, frozen=True, gc=False, kw_only=True):
    """
    An S3 object as a notification names it.

    Attributes:
        bucket: name of the bucket
        key: key of the object, decoded
        region: region of the bucket, if told
        etag: entity tag without quotes, if told
        size: bytes as stored, if told
        version: version id in a versioned bucket
        event_time: when the object was created
    """

    bucket: str
    key: str
    region: str | None = None
    etag: str | None = None
    size: int | None = None
    version: str | None = None
    event_time: datetime | None = None


class Notification(Struct, frozen=True):
    """
    What one message says.

    Attributes:
        objects: the objects that were created
        ignored: the reason for each part of the message that announces none, as bounded labels
    """

    objects: tuple[ObjectRef, ...] = ()
    ignored: tuple[str, ...] = ()


_Name = Annotated[str, Meta(min_length=1)]


class _Bucket(Struct):
    name: _Name


class _Object(Struct):
    key: _Name
    size: int | None = None
    etag: str | None = field(name="eTag", default=None)
    version: str | None = field(name="versionId", default=None)


class _S3(Struct):
    bucket: _Bucket
    object: _Object


class _Record(Struct):
    event_name: str = field(name="eventName")
    s3: _S3
    region: str | None = field(name="awsRegion", default=None)
    time: datetime | None = field(name="eventTime", default=None)


class _Body(Struct):
    records: list[_Record] | None = field(name="Records", default=None)
    event: str | None = field(name="Event", default=None)


_decode = msgspec.json.Decoder(_Body).decode


def parse(body: str) -> Notification:
    """
    Read the body of a message.

    Raises:
        NotificationError: the body has none of the known forms
    """
    try:
        message = _decode(body)
        if message.records is not None:
            return _of_records(message.records)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NotificationError(f"not a notification of S3: {error}") from error
    if message.event == "s3:TestEvent":
        return Notification(ignored=("test_event",))
    raise NotificationError("not a notification of S3: neither Records nor an s3:TestEvent in it")


def _of_records(records: list[_Record]) -> Notification:
    created = [record for record in records if record.event_name.startswith("ObjectCreated:")]
    ignored = ("not_created",) * (len(records) - len(created)) if records else ("no_records",)
    return Notification(tuple(map(_ref, created)), ignored)


def _ref(record: _Record) -> ObjectRef:
    time = record.time
    return ObjectRef(
        bucket=record.s3.bucket.name,
        key=unquote_plus(record.s3.object.key, errors="strict"),
        region=record.region,
        etag=record.s3.object.etag,
        size=record.s3.object.size,
        version=record.s3.object.version,
        event_time=time.replace(tzinfo=UTC) if time and not time.tzinfo else time,
    )
