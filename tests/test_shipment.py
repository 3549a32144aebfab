"""From blocks to documents."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from lines import BEGINNING, LINES, LinesDecoder

from shipper.errors import RecordError
from shipper.notification import ObjectRef
from shipper.shipment import Shipment, Shipped
from shipper.source import Origin, Source

NOW = datetime(2026, 8, 3, 13, tzinfo=UTC)


def shipment(version: str = "v1", source: Source[Any, Any] = LINES) -> Shipment:
    """Begin an object."""
    ref = ObjectRef(bucket="logs", key="logs/a")
    return Shipment(source, Origin(ref), namespace="default", version=version, record_bytes=1 << 20)


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


class Batches:
    """Holds lines back to the end and then gives them two by two, like a format that must be there as a whole."""

    def decoder(self, *, record_bytes: int) -> "BatchesDecoder":
        """Start on one object; no line is too long."""
        assert record_bytes
        return BatchesDecoder()


class BatchesDecoder(LinesDecoder):
    """Decodes one object."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[bytes] = []

    def feed(self, block: bytes) -> list[bytes | RecordError]:
        """Hold lines back."""
        self._waiting += block.splitlines(keepends=True)
        return []

    def finish(self) -> list[bytes | RecordError]:
        """Give two lines."""
        two, self._waiting = self._waiting[:2], self._waiting[2:]
        return super().feed(b"".join(two))


def test_records_that_come_at_the_end() -> None:
    """All that a decoder gives at the end is read, list by list, each record at its position."""
    begun = shipment(source=replace(LINES, format=Batches()))
    results = [*begun.feed(b"a\nbroken\nc\n", NOW), *begun.feed(b"raise\ne\n", NOW), *begun.finish(NOW)]
    assert [one.position for one in results] == list(range(5))
    assert kinds(results) == ["document", "error", "document", "error", "document"]
    failed = results[3].result
    assert isinstance(failed, RecordError)
    assert failed.original == b"raise"


def test_an_object_that_breaks_off_and_comes_at_the_end() -> None:
    """Of several lists at the end of a broken object only the last record of the last one is not trusted."""
    begun = shipment(source=replace(LINES, format=Batches()))
    results = [*begun.feed(b"a\nb\nc\nd\n", NOW), *begun.break_off(NOW)]
    assert [one.position for one in results] == list(range(4))
    assert kinds(results) == ["document", "document", "document", "error"]
    last = results[3].result
    assert isinstance(last, RecordError)
    assert (last.original, last.cause) == (b"d", "the object breaks off here")
