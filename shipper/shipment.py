"""
From the blocks of one object to its documents: everything that happens between S3 and the bulk body, without any I/O.

The daemon, `shipper parse` and the golden tests all go this way.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from shipper.drift import Watch
from shipper.envelopes import Enveloped
from shipper.errors import RecordError
from shipper.formats import Undecodable
from shipper.source import Origin, Source
from shipper.stamp import Stamp

_encode_into = msgspec.json.Encoder().encode_into


class Shipped(NamedTuple):
    """
    What became of one record.

    Attributes:
        position: of the record in its object, counted from 0
        id: of its document; empty if there is none
        time: when the event happened
        result: the document as JSON; the error if the record did not become one; None if it is not worth one
    """

    position: int
    id: str
    time: datetime | None
    result: bytes | RecordError | None


class Shipment:
    """
    The records of one object on their way to documents.

    Args:
        source: the object's source
        origin: where its records come from
        namespace: of the data stream
        version: see `Stamp`
        record_bytes: longest record
        first: position of the first record, where there are others before it that are not read

    Attributes:
        index: the data stream its documents go to
        unknown_fields: those that were seen in its records and are not declared; grows
    """

    def __init__(
        self,
        source: Source[Any, Any],
        origin: Origin,
        *,
        namespace: str,
        version: str,
        record_bytes: int,
        first: int = 0,
    ) -> None:
        self._document = source.document
        self._origin = origin
        self._decoder = Enveloped(source.format).decoder(record_bytes=record_bytes)
        self._stamp = Stamp(source, origin, namespace=namespace, version=version)
        self._keeps_original = source.keeps_original
        self._watch = Watch(source.declared, source.dropped, first)
        self.unknown_fields = self._watch.fields
        self._position = self._first = first
        self.index = self._stamp.index

    def feed(self, block: bytes, now: datetime) -> Iterator[Shipped]:
        """Read the records that this block completes; to be used up before the next block."""
        for part in self._decoder.parts(block):
            yield from self._shipped(self._decoder.feed(part), now)

    def finish(self, now: datetime) -> Iterator[Shipped]:
        """Read what is left when no more blocks come."""
        while records := self._decoder.finish():
            yield from self._shipped(records, now)

    def break_off(self, now: datetime) -> Iterator[Shipped]:
        """Read what is left of an object that was not read to its end: half a record may look like a whole one."""
        last, original = None, b""
        while records := self._decoder.finish():
            original = self._decoder.original(len(records) - 1)
            for shipped in self._shipped(records, now):
                if last:
                    yield last
                last = shipped
        if last and type(last.result) is not RecordError:
            error = RecordError("undecodable", "the object breaks off here", original, len(original))
            last = Shipped(last.position, "", None, error)
        if last:
            yield last

    def original(self, position: int) -> bytes:
        """Give the bytes of a record that was given just now; none if it is not at hand any more."""
        return self._decoder.original(position - self._first) if position >= self._first else b""

    def _shipped(self, records: list[Any], now: datetime) -> Iterator[Shipped]:
        if not records:
            return
        make, origin = self._document, self._origin
        complete, name = self._stamp.complete, self._stamp.id
        unparsed, contexts = self._decoder.chosen.unparsed, self._decoder.contexts
        original = self._decoder.chosen.original if self._keeps_original else None
        line = bytearray()  # one for all: it grows to the longest document, and need not grow again
        first = self._first = self._position
        self._watch.look(self._decoder, records, first)
        self._position += len(records)
        for index, record in enumerate(records):
            position = first + index
            if record is None or type(record) is RecordError:
                yield Shipped(position, "", None, record)
                continue
            try:
                document = make(record, origin)
                if document is None:
                    yield Shipped(position, "", None, None)
                    continue
                complete(document, position, now, unparsed(index), contexts[index] if contexts else None)
                if original:
                    document.event.original = original(index).decode(errors="replace")
                _encode_into(document, line)
                shipped = Shipped(position, name(record, position), document.timestamp, bytes(line))
            except Exception as error:  # noqa: BLE001 -- whatever it is, this record is kept and the next goes on
                shipped = Shipped(position, "", None, _failed(error, self._decoder.chosen.original(index)))
            yield shipped


def _failed(error: Exception, original: bytes) -> RecordError:
    """Say why a record did not become a document."""
    if isinstance(error, Undecodable):
        return RecordError("undecodable", str(error), original, len(original))
    return RecordError("mapping_failed", f"{type(error).__name__}: {error}", original, len(original))
