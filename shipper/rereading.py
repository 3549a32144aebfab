"""One record of an object read again, and what the current code makes of it."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Any

from msgspec import Struct

from shipper.bucket import ObjectStore
from shipper.errors import ObjectError, RecordError
from shipper.shipment import Shipment, Shipped
from shipper.source import Origin, Source


class Reread(Struct, frozen=True):
    """
    A record read again.

    Attributes:
        version: of the object as S3 answers it now
        records: how many were read until this one, itself included; all of the object where it is not there
        shipped: what became of it; None where the object has no record at this position
        original: its bytes
    """

    version: str
    records: int
    shipped: Shipped | None
    original: bytes = b""


class Rereader:
    """
    Reads records again.

    Args:
        store: where the objects are
        namespace: of the data streams
        record_bytes: longest record
        now: what the new documents tell as the time
    """

    def __init__(self, store: ObjectStore, *, namespace: str, record_bytes: int, now: datetime) -> None:
        self._store = store
        self._namespace = namespace
        self._record_bytes = record_bytes
        self._now = now

    async def read(self, source: Source[Any, Any], origin: Origin, position: int) -> Reread:
        """
        Read an object up to one of its records.

        Raises:
            ObjectError: the object cannot be read so far
        """
        async with self._store.read(origin.object) as reading:
            shipment = Shipment(
                source,
                origin,
                namespace=self._namespace,
                version=reading.version,
                record_bytes=self._record_bytes,
            )
            records = 0
            async with aclosing(self._shipped(shipment, reading.blocks())) as given:
                async for shipped in given:
                    records += 1
                    if shipped.position == position:
                        result = shipped.result
                        original = result.original if isinstance(result, RecordError) else shipment.original(position)
                        return Reread(reading.version, records, shipped, original)
        return Reread(reading.version, records, None)

    async def _shipped(self, shipment: Shipment, blocks: AsyncIterator[bytes]) -> AsyncGenerator[Shipped, None]:
        """Give all records; also those before the place where an object breaks off."""
        try:
            async for block in blocks:
                for shipped in shipment.feed(block, self._now):
                    yield shipped
            for shipped in shipment.finish(self._now):
                yield shipped
        except ObjectError:
            for shipped in shipment.break_off(self._now):
                yield shipped
            raise
