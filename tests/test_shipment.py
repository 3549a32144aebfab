"""From blocks to documents."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from lines import BEGINNING, LINES

from shipper.errors import RecordError
from shipper.notification import ObjectRef
from shipper.shipment import Shipment, Shipped
from shipper.source import Origin

NOW = datetime(2026, 8, 3, 13, tzinfo=UTC)


def shipment(version: str = "v1") -> Shipment:
    """Begin an object."""
    ref = ObjectRef(bucket="logs", key="logs/a")
    return Shipment(LINES, Origin(ref), namespace="default", version=version, record_bytes=1 << 20)


def shipped(*blocks: bytes) -> list[Shipped]:
    """Read an object to its end."""
    begun = shipment()
    return [*(one for block in blocks for one in begun.feed(block, NOW)), *begun.finish(NOW)]


def kinds(results: Iterable[Shipped]) -> list[str]:
    """Say in a word what became of each record."""
    names = {bytes: "document", RecordError: "error", type(None): "nothing"}
    return [names[type(one.result)] for one in results]


def test_positions_count_every_record() -> None:
    """Records are counted over blocks, also those that become no document, so that their ids never depend on others."""
    results = shipped(b"one\ndrop\nbro", b"ken\nraise\n", b"\ntwo")
    assert [one.position for one in results] == list(range(6))
    assert kinds(results) == ["document", "nothing", "error", "error", "document", "document"]


def test_a_document_is_complete() -> None:
    """A document has its id, its time and its place, and is one line of JSON."""
    (one,) = shipped(b"hello\n")
    assert isinstance(one.result, bytes)
    assert b"\n" not in one.result
    fields = json.loads(one.result)
    assert fields["message"] == "hello"
    assert fields["aws"]["s3"] == {"bucket": {"name": "logs"}, "object": {"key": "logs/a", "offset": 0}}
    assert fields["shipper"]["lag_seconds"] == 3600
    assert one.time == BEGINNING
    assert one.id.endswith("-0")
    assert shipment().index == "logs-test.lines-default"


def test_ids_tell_contents_apart() -> None:
    """The same record of the same content has the same id; that of another content under the same key has another."""
    first, second = (next(iter(shipment(version).feed(b"a\n", NOW))).id for version in ("v1", "v1"))
    other = next(iter(shipment("v2").feed(b"a\n", NOW))).id
    assert first == second != other


def test_a_record_that_cannot_be_mapped() -> None:
    """Whatever a source raises becomes an error with the original, and the next record goes on."""
    failed, fine = shipped(b"raise me\nfine\n")
    assert isinstance(failed.result, RecordError)
    assert failed.result == RecordError(
        "mapping_failed", "LookupError: a line that cannot be mapped", b"raise me", len(b"raise me")
    )
    assert isinstance(fine.result, bytes)


def test_an_object_that_breaks_off() -> None:
    """The last record of an object that was not read to its end is not trusted: half a line looks like a whole one."""
    begun = shipment()
    assert kinds(begun.feed(b"one\ntw", NOW)) == ["document"]
    (rest,) = begun.break_off(NOW)
    assert rest.position == 1
    assert isinstance(rest.result, RecordError)
    assert (rest.result.original, rest.result.reason) == (b"tw", "undecodable")


def test_an_object_that_breaks_off_between_records() -> None:
    """Where nothing is left over, nothing is made up."""
    begun = shipment()
    assert kinds(begun.feed(b"one\n", NOW)) == ["document"]
    assert list(begun.break_off(NOW)) == []


def test_an_object_that_breaks_off_in_a_broken_record() -> None:
    """A record that is broken anyway keeps its own error."""
    begun = shipment()
    (rest,) = [*begun.feed(b"broken", NOW), *begun.break_off(NOW)]
    assert isinstance(rest.result, RecordError)
    assert rest.result.cause == "a broken line"
