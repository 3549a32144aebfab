"""The body of a message tells of objects, or says why not; nothing else comes of it."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import tried

from shipper.errors import NotificationError
from shipper.notification import Notification, ObjectRef, parse


def record(**changes: Any) -> dict[str, Any]:
    """Give a record of an S3 event notification, with other members of its object."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-west-2",
        "eventTime": "2026-02-03T10:15:30.123Z",
        "eventName": changes.pop("event", "ObjectCreated:Put"),
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": "amzn-s3-demo-logs", "ownerIdentity": {"principalId": "A3NL"}},
            "object": {
                "key": "AWSLogs/a.gz",
                "size": 1024,
                "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                "sequencer": "0055AED6DCD90281E5",
                **changes,
            },
        },
    }


def body(*records: dict[str, Any]) -> str:
    """Give the body of a message with these records."""
    return msgspec.json.encode({"Records": records}).decode()


def test_all_that_is_told_of_an_object() -> None:
    """An object comes with everything that the notification says of it."""
    assert parse(body(record(versionId="096f"))) == Notification(
        (
            ObjectRef(
                bucket="amzn-s3-demo-logs",
                key="AWSLogs/a.gz",
                region="us-west-2",
                etag="d41d8cd98f00b204e9800998ecf8427e",
                size=1024,
                version="096f",
                event_time=datetime(2026, 2, 3, 10, 15, 30, 123000, tzinfo=UTC),
            ),
        )
    )


def test_what_need_not_be_told() -> None:
    """Bucket, key and event are enough; what is null is not told."""
    short = (
        '{"Records":[{"eventName":"ObjectCreated:Copy","s3":{"bucket":{"name":"b"},"object":{"key":"k","size":null}}}]}'
    )
    assert parse(short).objects == (ObjectRef(bucket="b", key="k"),)


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ("a/b.gz", "a/b.gz"),
        ("my+file.gz", "my file.gz"),
        ("my%2Bfile.gz", "my+file.gz"),
        ("aws-account-id%3D123456789012/a.gz", "aws-account-id=123456789012/a.gz"),
        ("a%252Bb%2525", "a%2Bb%25"),
        ("%C3%A9%F0%9F%94%90", "\u00e9\U0001f510"),
        ("\u00e9", "\u00e9"),
        ("100%", "100%"),
        ("%0A", "\n"),
    ],
)
def test_key_is_decoded_once(told: str, key: str) -> None:
    """A key is URL-decoded exactly once: what looks encoded after that is part of it."""
    assert parse(body(record(key=told))).objects[0].key == key


@tried
@given(st.text(min_size=1), st.sampled_from([quote_plus, lambda key: quote(key, safe=""), quote]))
def test_any_key(key: str, encode: Any) -> None:
    """Whatever the key, it is the one that was encoded."""
    assert parse(body(record(key=encode(key)))).objects[0].key == key


def test_several_objects() -> None:
    """A message may announce several objects, in order, and other events beside them, which are counted."""
    events = ["ObjectCreated:Put", "ObjectRemoved:Delete", "ObjectCreated:CompleteMultipartUpload", "ObjectTagging:Put"]
    told = parse(body(*(record(key=str(place), event=event) for place, event in enumerate(events))))
    assert [ref.key for ref in told.objects] == ["0", "2"]
    assert told.ignored == ("not_created", "not_created")


@pytest.mark.parametrize(
    "event", ["ObjectRemoved:Delete", "ObjectRestore:Completed", "LifecycleTransition", "ObjectCreated"]
)
def test_events_that_create_nothing(event: str) -> None:
    """Any event but a creation announces no object, and is counted."""
    assert parse(body(record(event=event))) == Notification(ignored=("not_created",))


def test_no_records() -> None:
    """A message without any record is counted too: nothing is ignored in silence."""
    assert parse(body()) == Notification(ignored=("no_records",))


def test_test_event() -> None:
    """The message that S3 sends when a notification is configured announces no object."""
    told = '{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2014-10-13T15:57:02.089Z","Bucket":"b"}'
    assert parse(told) == Notification(ignored=("test_event",))


def test_time_without_a_zone() -> None:
    """A time without a zone is UTC: times of logs are compared with it."""
    told = body(record()).replace("30.123Z", "30")
    assert parse(told).objects[0].event_time == datetime(2026, 2, 3, 10, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "told",
    [
        "",
        "Hello",
        "null",
        "[]",
        "{}",
        '{"Records":null}',
        '{"Records":{}}',
        '{"Records":[{}]}',
        '{"Records":[{"eventName":"ObjectCreated:Put"}]}',
        '{"Event":"other"}',
        '{"Event":"s3:TestEvent"',
        "[" * 100_000,
        '{"Records":' + "[" * 100_000,
        '{"x":' + "[" * 100_000,
        '{"Event":"\ud800"}',
        '{"Event":"\\ud800"}',
        body(record(key="")),
        body(record(key="%FF")),
        body(record(key=None)),
        body(record(size="big")),
        body(record()).replace("amzn-s3-demo-logs", ""),
        body(record()).replace("2026-02-03", "yesterday"),
    ],
)
def test_what_is_no_notification(told: str) -> None:
    """A body that is not understood, or names no key that can be, is refused with one error and a short text."""
    with pytest.raises(NotificationError) as refused:
        parse(told)
    assert str(refused.value).startswith("not a notification of S3: ")
    assert len(str(refused.value)) < 200


names = st.sampled_from(["Records", "s3", "bucket", "object", "name", "key", "Event", "eventName"])
alike = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.just("ObjectCreated:Put"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)


@tried
@given(
    st.text()
    | st.text(st.characters())  # with lone surrogates
    | st.lists(st.sampled_from(['{"Records":[', '{"eventName":"', '"}', "]", '"s3":{', "1", ",", "\\"])).map("".join)
    | alike.map(lambda value: msgspec.json.encode(value).decode())
)
def test_any_body(told: str) -> None:
    """Whatever the body, it is a notification or a `NotificationError`."""
    try:
        found = parse(told)
    except NotificationError:
        return
    assert found.objects or found.ignored


# -- the other forms ---------------------------------------------------------------------------------------------------


def sns(message: str, **members: str) -> str:
    """Put SNS around a message, as a subscription without raw delivery does."""
    envelope = {
        "Type": "Notification",
        "TopicArn": "arn:aws:sns:us-east-2:111122223333:t",
        "Message": message,
        **members,
    }
    return msgspec.json.encode(envelope).decode()


def event(kind: str = "Object Created", **members: Any) -> str:
    """Give an event of EventBridge about an object."""
    thing = {"key": "a key+1%3D.gz", "size": 5, "etag": "b1946ac9", "version-id": "IYV3", "sequencer": "617f"}
    envelope = {
        "version": "0",
        "detail-type": kind,
        "source": "aws.s3",
        "time": "2021-11-12T00:00:00Z",
        "region": "ca-central-1",
        "detail": {"version": "0", "bucket": {"name": "amzn-s3-demo-logs"}, "object": thing, "reason": "PutObject"},
        **members,
    }
    return msgspec.json.encode(envelope).decode()


EVENT = ObjectRef(
    bucket="amzn-s3-demo-logs",
    key="a key+1%3D.gz",
    region="ca-central-1",
    etag="b1946ac9",
    size=5,
    version="IYV3",
    event_time=datetime(2021, 11, 12, tzinfo=UTC),
)
TRAIL = msgspec.json.encode({"s3Bucket": "trail", "s3ObjectKey": ["AWSLogs/a+1.gz", "AWSLogs/b%20.gz"]}).decode()


def test_sns_around_a_notification() -> None:
    """What SNS wraps is read as if it came alone, whichever form it has."""
    for inner in (
        body(record()),
        body(record(event="ObjectRemoved:Delete")),
        event(),
        TRAIL,
        '{"Event":"s3:TestEvent"}',
    ):
        assert parse(sns(inner, Subject="Amazon S3 Notification")) == parse(inner)
        assert parse(sns(sns(inner))) == parse(inner)


def test_event_of_eventbridge() -> None:
    """EventBridge names the object with a key that is not encoded, and with the bucket's region."""
    assert parse(event()) == Notification((EVENT,))


@pytest.mark.parametrize("kind", ["Object Deleted", "Object Tags Added", "Object Restore Completed"])
def test_other_events_of_eventbridge(kind: str) -> None:
    """Events about an object that is not new announce nothing."""
    assert parse(event(kind)) == Notification(ignored=("not_created",))


def test_announcement_of_cloudtrail() -> None:
    """CloudTrail names a bucket and keys as they are, and no region."""
    keys = ("AWSLogs/a+1.gz", "AWSLogs/b%20.gz")
    assert parse(TRAIL) == Notification(tuple(ObjectRef(bucket="trail", key=key) for key in keys))


@pytest.mark.parametrize(
    "other",
    [
        event(source="aws.ec2"),
        event(detail={"bucket": {"name": "b"}}),
        sns("not JSON"),
        sns("{}"),
        sns(body(record()), Type="SubscriptionConfirmation"),
        '{"s3Bucket":"trail"}',
        '{"s3Bucket":"trail","s3ObjectKey":[""]}',
        '{"s3Bucket":"","s3ObjectKey":["a"]}',
    ],
)
def test_what_only_looks_like_a_form(other: str) -> None:
    """A body that has some members of a form and lacks others is not understood."""
    with pytest.raises(NotificationError):
        parse(other)


def test_envelopes_without_end() -> None:
    """Envelopes are opened a few times only."""
    text = body(record())
    for _ in range(10):
        text = sns(text)
    with pytest.raises(NotificationError):
        parse(text)
