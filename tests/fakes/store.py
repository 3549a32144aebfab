"""S3 in memory."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shipper.compression import Inflater
from shipper.errors import (
    CompressionError,
    InflatedTooLarge,
    ObjectCorrupt,
    ObjectDenied,
    ObjectMissing,
    ObjectTooLarge,
    ObjectUnreadable,
)
from shipper.notification import ObjectRef


@dataclass
class StoredObject:
    """
    An object and what is wrong with it.

    Attributes:
        data: its bytes as stored
        denied: whether it may not be read
        cut: after how many bytes the connection breaks, if it does
        seconds: how long the read of each piece takes
        fault: an error of no kind that a store may raise
    """

    data: bytes = b""
    denied: bool = False
    cut: int | None = None
    seconds: float = 0.0
    fault: Exception | None = None


@dataclass
class FakeStore:
    """
    S3; see `shipper.bucket.ObjectStore`.

    Attributes:
        objects: what there is, by key
        inflated_bytes: most inflated bytes of an object
        piece_bytes: how many bytes are read at once
        open_seconds: how long it takes to open one
        checks: whether objects are small enough to be checked as a whole, where that is asked for
        reads: number of reads, by key
        open: objects being read now
        most_open: most objects that were being read at once
    """

    objects: dict[str, StoredObject] = field(default_factory=dict)
    inflated_bytes: int = 64 << 20
    piece_bytes: int = 256 << 10
    reads: Counter[str] = field(default_factory=Counter)
    checks: bool = False
    open_seconds: float = 0.0
    open: int = 0
    most_open: int = 0

    @asynccontextmanager
    async def read(self, ref: ObjectRef, *, whole: bool = False) -> AsyncIterator["FakeReading"]:
        """Open an object."""
        await asyncio.sleep(self.open_seconds)
        self.reads[ref.key] += 1
        stored = self.objects.get(ref.key)
        if stored is None:
            raise ObjectMissing(ref.bucket, ref.key, "there is no such object (NoSuchKey)")
        if stored.denied:
            raise ObjectDenied(ref.bucket, ref.key, "s3:GetObject is needed (AccessDenied)")
        if stored.fault is not None:
            raise stored.fault
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            yield FakeReading(
                ref,
                stored,
                Inflater(limit=self.inflated_bytes, ratio=500),
                self.piece_bytes,
                whole=whole and self.checks,
            )
        finally:
            self.open -= 1


class FakeReading:
    """An object that is being read; see `shipper.bucket.Reading`."""

    version = "v1"

    def __init__(
        self, ref: ObjectRef, stored: StoredObject, inflater: Inflater, piece_bytes: int, *, whole: bool
    ) -> None:
        self._ref = ref
        self.size = len(stored.data)
        self._stored = stored
        self._inflater = inflater
        self._piece_bytes = piece_bytes
        self._whole = whole

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        """Give the inflated bytes in order; if so asked, not before all of them are seen to be right."""
        if self._whole:
            for block in [block async for block in self._inflated()]:
                yield block
        else:
            async for block in self._inflated():
                yield block

    async def _inflated(self) -> AsyncGenerator[bytes, None]:
        ref, stored = self._ref, self._stored
        data = stored.data[: stored.cut]
        try:
            for start in range(0, len(data), self._piece_bytes):
                if stored.seconds:
                    await asyncio.sleep(stored.seconds)
                for block in self._inflater.feed(data[start : start + self._piece_bytes]):
                    yield block
            if stored.cut is not None:
                raise ObjectUnreadable(ref.bucket, ref.key, "S3 does not answer: the connection broke")
            for block in self._inflater.finish():
                yield block
        except InflatedTooLarge as error:
            raise ObjectTooLarge(ref.bucket, ref.key, str(error)) from error
        except CompressionError as error:
            raise ObjectCorrupt(ref.bucket, ref.key, str(error)) from error
