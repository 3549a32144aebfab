"""What every document is given beside its own fields."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shipper import ecs
from shipper.formats import JsonRecords, Record, Unparsed
from shipper.notification import ObjectRef
from shipper.source import Origin, Source
from shipper.stamp import Stamp

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)
OBJECT = ObjectRef(bucket="amzn-s3-demo-logs", key="AWSLogs/1.json.gz")


class Event(Record):
    """A record with an id of its own."""

    id: str | None = None


def document(_event: Event, _origin: Origin) -> ecs.Document:
    """Give a document with nothing of its own."""
    return ecs.Document(timestamp=NOW - timedelta(seconds=90.5), cloud=ecs.Cloud(), event=ecs.Event())


def source(**more: Any) -> Source[Event, ecs.Document]:
    """Give a source of such events."""
    return Source(dataset="aws.test", key="x", format=JsonRecords(Event), document=document, **more)


def stamp(origin: Origin | None = None, version: str = "etag", **more: Any) -> Stamp:
    """Give the stamp of one object."""
    return Stamp(source(**more), origin or Origin(OBJECT), namespace="red", version=version)


def stamped(origin: Origin | None = None, **fields: Any) -> ecs.Document:
    """Give a document that was stamped."""
    made = document(Event(), origin or Origin(OBJECT))
    for name, value in fields.items():
        setattr(made, name, value)
    stamp(origin).complete(made, 7, NOW, ())
    return made


def test_origin_fills_what_the_record_does_not_say() -> None:
    """Account and region of the key stand in for those that the record lacks, and never replace them."""
    origin = Origin(OBJECT, account="111122223333", region="eu-west-3")
    filled = stamped(origin).cloud
    assert (filled.account, filled.region) == (ecs.CloudAccount(id="111122223333"), "eu-west-3")
    told = stamped(origin, cloud=ecs.Cloud(account=ecs.CloudAccount(id="9"), region="us-east-1")).cloud
    assert (told.account, told.region) == (ecs.CloudAccount(id="9"), "us-east-1")


def test_times() -> None:
    """A document says when it was read and how late that was."""
    made = stamped()
    assert made.event.ingested == NOW
    assert made.shipper == ecs.Shipper(lag_seconds=90.5)


def test_place() -> None:
    """A document says which record of which object it was, and to which data stream it belongs."""
    made = stamped()
    assert made.aws == ecs.Aws(
        s3=ecs.S3(bucket=ecs.S3Bucket(name=OBJECT.bucket), object=ecs.S3Object(key=OBJECT.key, offset=7))
    )
    assert made.data_stream == ecs.DataStream(type="logs", dataset="aws.test", namespace="red")
    assert stamp().index == "logs-aws.test-red"


def test_unparsed_values_are_kept_and_tagged() -> None:
    """Values of another type than declared are kept as text beside those that the source itself could not read."""
    made = document(Event(), Origin(OBJECT))
    made.shipper = ecs.Shipper(unparsed=(ecs.Unparsed(field="a", value="x"),))
    stamp().complete(made, 0, NOW, (Unparsed("b", "y"), Unparsed("c", ""), Unparsed("d", "-")))
    assert made.shipper.unparsed == (ecs.Unparsed(field="a", value="x"), ecs.Unparsed(field="b", value="y"))
    assert made.tags == ("type_drift",)


def test_blank_values_are_no_drift() -> None:
    """An empty value in a field of another type is no value, and nothing to tell of."""
    made = document(Event(), Origin(OBJECT))
    stamp().complete(made, 0, NOW, (Unparsed("c", ""), Unparsed("d", "-")))
    assert made.shipper is not None
    assert (made.shipper.unparsed, made.tags) == ((), ())


def test_ids_are_the_records_own() -> None:
    """A record that has an id is indexed under it, from whatever object it comes."""
    assert stamp(id=lambda event: event.id).id(Event(id="a1"), 3) == "a1"


@pytest.mark.parametrize("own", [None, "", "x" * 129])
def test_ids_else_are_the_place(own: str | None) -> None:
    """A record without an id that can be used is indexed under its place."""
    made = stamp(id=lambda event: event.id)
    assert made.id(Event(id=own), 3) == made.id(Event(id=own), 3) == stamp().id(Event(), 3)
    assert made.id(Event(id=own), 3) != made.id(Event(id=own), 4)


@pytest.mark.parametrize(
    "other",
    [
        stamp(version="another"),
        stamp(Origin(ObjectRef(bucket=OBJECT.bucket, key="AWSLogs/2.json.gz"))),
        stamp(Origin(ObjectRef(bucket="amzn-s3-demo-other", key=OBJECT.key))),
        stamp(Origin(ObjectRef(bucket=OBJECT.bucket + OBJECT.key[:1], key=OBJECT.key[1:]))),
    ],
)
def test_ids_tell_objects_apart(other: Stamp) -> None:
    """Two objects, or two contents of one, never share an id by their place."""
    assert other.id(Event(), 0) != stamp().id(Event(), 0)
