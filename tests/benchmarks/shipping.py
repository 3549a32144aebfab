"""The shipper's own way from objects to bulk bodies, all in memory: what the daemon does between S3 and OpenSearch."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import md5
from typing import Any, Final, NamedTuple

from shipper.bucket import READ_BYTES
from shipper.bulk import BulkBody
from shipper.compression import Inflater
from shipper.config import Limits
from shipper.deadletter import Place
from shipper.demo.objects import StoredObject
from shipper.notification import ObjectRef
from shipper.shipment import Shipment, Shipped
from shipper.source import Origin, Skip, Source, Sources
from shipper.tally import Tally

LIMITS: Final = Limits()


class Cargo(NamedTuple):
    """
    An object ready to be shipped, with what its queue message and S3's answer tell of it.

    Attributes:
        source: that it is of
        origin: as its key tells
        body: packed
        version: its entity tag
    """

    source: Source[Any, Any]
    origin: Origin
    body: bytes
    version: str


def cargo(objects: Sequence[StoredObject], sources: Sources, bucket: str) -> list[Cargo]:
    """
    Find the source of each object.

    Raises:
        ValueError: no source claims one
    """
    loaded = []
    for key, body in objects:
        claim = sources.route(ObjectRef(bucket=bucket, key=key, size=len(body)))
        if claim is None or isinstance(claim, Skip):
            raise ValueError(f"no source claims {key}: its input must give keys like those of AWS")
        loaded.append(Cargo(*claim, body, md5(body, usedforsecurity=False).hexdigest()))
    return loaded


def bodies(cargoes: Sequence[Cargo], namespace: str) -> Iterator[BulkBody]:
    """
    Ship objects one after the other; gives each bulk body when it is full, and the last one.

    Raises:
        ValueError: a record does not become a document; inputs have no broken ones
    """
    body = BulkBody()
    for one in cargoes:
        shipment = Shipment(
            one.source, one.origin, namespace=namespace, version=one.version, record_bytes=LIMITS.record_kib << 10
        )
        tally = Tally(Place(dataset=one.source.dataset, object=one.origin.object, version=one.version))
        for lot in _lots(shipment, one.body):
            for position, id_, time, document in lot:
                if not isinstance(document, bytes) or time is None:
                    raise ValueError(f"record {position} of {one.origin.object.key} gives no document: {document!r}")
                body.add(shipment.index, id_, document, tally, position)
                tally.read += 1
                tally.saw(time)
                if len(body) >= LIMITS.bulk_mib << 20:
                    yield body
                    body = BulkBody()
    yield body


def _lots(shipment: Shipment, body: bytes) -> Iterator[Iterator[Shipped]]:
    now = datetime.now(UTC)
    inflater = Inflater(limit=LIMITS.inflated_mib << 20, ratio=LIMITS.inflated_ratio)
    for start in range(0, len(body), READ_BYTES):
        for block in inflater.feed(body[start : start + READ_BYTES]):
            yield shipment.feed(block, now)
    for block in inflater.finish():
        yield shipment.feed(block, now)
    yield shipment.finish(now)
