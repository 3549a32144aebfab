"""Reading an object the way the daemon does, with a clock that stands still."""

import itertools
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Struct
from sample_files import Case

from shipper.envelopes import Enveloped
from shipper.errors import RecordError
from shipper.notification import ObjectRef
from shipper.shipment import Shipment
from shipper.source import Source, Sources

NOW: Final = datetime(2026, 8, 3, 12, tzinfo=UTC)
BUCKET: Final = "amzn-s3-demo-logs"
ETAG: Final = "9a0364b9e99bb480dd25e1f0284c8555"
RECORD_BYTES: Final = 1 << 20


class Indexed(Struct, frozen=True):
    """
    A document on its way to the index.

    Attributes:
        position: of its record in the object
        id: its `_id`
        body: its line in a bulk request
    """

    position: int
    id: str
    body: bytes

    def entry(self) -> dict[str, Any]:
        """Show the document as a search would."""
        return {"_id": self.id, "_source": msgspec.json.decode(self.body)}


class Failed(Struct, frozen=True):
    """
    A record that did not become a document.

    Attributes:
        position: of the record in the object
        error: what was wrong
    """

    position: int
    error: RecordError

    def entry(self) -> dict[str, Any]:
        """Show the error with what a dead letter keeps of it."""
        error = self.error
        original = error.original.decode(errors="backslashreplace")
        return {"error": {"cause": error.cause, "length": error.length, "original": original, "reason": error.reason}}


Result = Indexed | Failed


def blocks(raw: bytes, size: int) -> Iterator[bytes]:
    """Cut an object into blocks."""
    return (raw[start : start + size] for start in range(0, len(raw), size))


def read(source: Source[Any, Any], key: str, parts: Iterable[bytes]) -> list[Result]:
    """
    Read one object.

    Args:
        source: the source it is of
        key: its key
        parts: its inflated bytes, in blocks of any size

    Returns:
        One value a record, in order; records that the source filters are missing.
    """
    return read_object(source, ObjectRef(bucket=BUCKET, key=key, region="us-east-1", etag=ETAG), parts)


def read_object(source: Source[Any, Any], ref: ObjectRef, parts: Iterable[bytes]) -> list[Result]:
    """Read one object of any bucket and version; see `read`."""
    claim = Sources([source]).route(ref)
    assert isinstance(claim, tuple), f"{source.name} does not claim {ref.key}"
    shipment = Shipment(source, claim[1], namespace="default", version=ref.etag or "", record_bytes=RECORD_BYTES)
    out: list[Result] = []
    for shipped in _shipped(shipment, parts):
        if isinstance(shipped.result, bytes):
            out.append(Indexed(shipped.position, shipped.id, shipped.result))
        elif shipped.result is not None:
            out.append(Failed(shipped.position, shipped.result))
    return out


def _shipped(shipment: Shipment, parts: Iterable[bytes]) -> Iterator[Any]:
    for block in parts:
        yield from shipment.feed(block, NOW)
    yield from shipment.finish(NOW)


def originals(source: Source[Any, Any], raw: bytes) -> list[bytes]:
    """Give the bytes of each record of an object, without its envelope."""
    decoder = Enveloped(source.format).decoder(record_bytes=RECORD_BYTES)
    lists = itertools.chain([decoder.feed(raw)], iter(decoder.finish, []))
    return [decoder.original(index) for values in lists for index, _ in enumerate(values)]


@cache
def results(case: Case) -> tuple[Result, ...]:
    """Read a case as one block."""
    return tuple(read(case.source, case.key, [case.path.read_bytes()]))


def documents(case: Case) -> list[Indexed]:
    """Read a case and leave out its broken records."""
    return [result for result in results(case) if isinstance(result, Indexed)]
