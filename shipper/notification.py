"""
From the body of a queue message to the objects it announces.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-cloudtrail-to-send-notifications.html
"""

from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import unquote_plus

import msgspec
from msgspec import Meta, Raw, Struct, field

from shipper.errors import NotificationError

MOST_ENVELOPES: Final = 3
"""Notifications of SNS around one another that are opened."""


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


NO_OBJECT: Final = ObjectRef(bucket="", key="")
"""In the place of the object of records that do not come from one; S3 has no such names."""


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


class _EventObject(Struct):
    key: _Name
    size: int | None = None
    etag: str | None = None
    version: str | None = field(name="version-id", default=None)


class _EventDetail(Struct):
    bucket: _Bucket
    object: _EventObject


class _Body(Struct):
    """The members by which the forms are told apart, and those that are read."""

    # S3 event notification, and the message that S3 sends once when it is set up
    records: list[_Record] | None = field(name="Records", default=None)
    event: str | None = field(name="Event", default=None)
    # SNS around any of the others
    type: str | None = field(name="Type", default=None)
    message: str | None = field(name="Message", default=None)
    # EventBridge
    source: str | None = None
    detail_type: str | None = field(name="detail-type", default=None)
    detail: Raw = Raw()
    region: str | None = None
    time: datetime | None = None
    # CloudTrail's own announcement through SNS
    trail_bucket: _Name | None = field(name="s3Bucket", default=None)
    trail_keys: list[_Name] | None = field(name="s3ObjectKey", default=None)


_decode = msgspec.json.Decoder(_Body).decode
_decode_detail = msgspec.json.Decoder(_EventDetail).decode


def parse(body: str) -> Notification:
    """
    Read the body of a message.

    The form is told by its members: an S3 event notification or an event of EventBridge, with SNS around it or not;
    CloudTrail's announcement through SNS; the test event that S3 sends when a notification is set up.

    Raises:
        NotificationError: the body has none of the known forms
    """
    try:
        return _parsed(body, MOST_ENVELOPES)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NotificationError(f"not a notification of S3: {error}") from error


def _parsed(body: str, envelopes: int) -> Notification:
    message = _decode(body)
    if message.records is not None:
        return _of_records(message.records)
    if message.event == "s3:TestEvent":
        return Notification(ignored=("test_event",))
    if message.type == "Notification" and message.message is not None and envelopes:
        return _parsed(message.message, envelopes - 1)
    if message.source == "aws.s3" and message.detail_type is not None:
        return _of_event(message)
    if message.trail_bucket is not None and message.trail_keys is not None:
        bucket = message.trail_bucket
        return Notification(tuple(ObjectRef(bucket=bucket, key=key) for key in message.trail_keys))
    raise NotificationError(
        "not a notification of S3: no Records, no s3:TestEvent, no event of EventBridge, no s3ObjectKey in it"
    )


def _of_event(message: _Body) -> Notification:
    """Read an event of EventBridge, where the key is not encoded."""
    if message.detail_type != "Object Created":
        return Notification(ignored=("not_created",))
    detail = _decode_detail(message.detail)
    ref = ObjectRef(
        bucket=detail.bucket.name,
        key=detail.object.key,
        region=message.region,
        etag=detail.object.etag,
        size=detail.object.size,
        version=detail.object.version,
        event_time=_in_utc(message.time),
    )
    return Notification((ref,))


def _of_records(records: list[_Record]) -> Notification:
    created = [record for record in records if record.event_name.startswith("ObjectCreated:")]
    ignored = ("not_created",) * (len(records) - len(created)) if records else ("no_records",)
    return Notification(tuple(map(_ref, created)), ignored)


def _ref(record: _Record) -> ObjectRef:
    return ObjectRef(
        bucket=record.s3.bucket.name,
        key=unquote_plus(record.s3.object.key, errors="strict"),
        region=record.region,
        etag=record.s3.object.etag,
        size=record.s3.object.size,
        version=record.s3.object.version,
        event_time=_in_utc(record.time),
    )


def _in_utc(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time and not time.tzinfo else time
