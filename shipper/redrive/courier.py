"""Delivers the documents and new letters of what is driven once more."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Struct
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from shipper.backing import Backing
from shipper.bulk import BulkBody
from shipper.congestion import Congestion
from shipper.deadletter import DeadLetters
from shipper.delivery import Delivery
from shipper.errors import OpenSearchUnavailable
from shipper.identity import Identity
from shipper.lastresort import LastResort
from shipper.metrics import Metrics
from shipper.opensearch import OpenSearch
from shipper.redrive.presence import present_positions, refresh
from shipper.tally import Tally

MOST_DOCUMENTS: Final = 2_000
"""Documents of one request: a search for them has to give all of them at once."""

ATTEMPTS: Final = 6
"""At one request; somebody waits at the terminal."""


class Parcel(Struct, frozen=True, gc=False, kw_only=True):
    """
    A document on its way.

    Attributes:
        index: its data stream
        id: its `_id`
        document: as JSON
        tally: whose record it is
        position: of the record
        dead: whether it is a letter
        by_position: whether any document of the same position counts as this one
    """

    index: str
    id: str
    document: bytes
    tally: Tally
    position: int
    dead: bool = False
    by_position: bool = False


class Courier:
    """
    Gathers parcels and delivers them.

    Args:
        engine: where to
        backing: tells which documents are in older backing indices
        letters: writes the dead letters of documents that are refused
        now: the time
        bulk_bytes: size at which parcels are delivered
        dry_run: whether nothing is written: what is not there yet counts as indexed
    """

    def __init__(
        self,
        engine: OpenSearch,
        backing: Backing,
        letters: DeadLetters,
        now: Callable[[], datetime],
        *,
        bulk_bytes: int,
        dry_run: bool = False,
    ) -> None:
        self._engine = engine
        self._letters = letters
        self._now = now
        self._bulk_bytes = bulk_bytes
        self._dry_run = dry_run
        self._metrics = Metrics()
        self._congestion = Congestion(1, self._metrics)
        self._identity = Identity(backing, self._metrics)
        self._parcels: list[Parcel] = []
        self._bytes = 0
        self._refreshed: set[str] = set()

    async def add(self, parcel: Parcel) -> None:
        """Take a parcel; see `flush` for what may go wrong."""
        self._parcels.append(parcel)
        self._bytes += len(parcel.document)
        if self._bytes >= self._bulk_bytes or len(self._parcels) == MOST_DOCUMENTS:
            await self.flush()

    async def flush(self) -> None:
        """
        Deliver what was taken: each gets its outcome in its tally.

        Raises:
            OpenSearchError: OpenSearch does not take documents; those without an outcome are released
        """
        parcels, self._parcels, self._bytes = self._parcels, [], 0
        body = BulkBody()
        there = await self._there(parcels)
        for number, parcel in enumerate(parcels):
            if number in there:
                _count(parcel.tally, dead=parcel.dead, there=True)
            else:
                body.add(parcel.index, parcel.id, parcel.document, parcel.tally, parcel.position, dead=parcel.dead)
        if self._dry_run:
            _pretend(body)
        elif body.entries:
            await self._deliver(body)

    async def _there(self, parcels: list[Parcel]) -> set[int]:
        """Give the numbers of the parcels whose record has a document under another id."""
        by_index: dict[str, dict[int, Parcel]] = {}
        for number, parcel in enumerate(parcels):
            if parcel.by_position:
                by_index.setdefault(parcel.index, {})[number] = parcel
        return {number for index, wanted in by_index.items() for number in await self._by_position(index, wanted)}

    async def _by_position(self, index: str, wanted: dict[int, Parcel]) -> set[int]:
        ref = next(iter(wanted.values())).tally.place.object
        if ref is None:
            raise LookupError("a record without an object has no position")
        if index not in self._refreshed:
            await refresh(self._engine, index)
            self._refreshed.add(index)
        positions = [parcel.position for parcel in wanted.values()]
        there = await present_positions(self._engine, index, ref, positions)
        return {number for number, parcel in wanted.items() if parcel.position in there}

    async def _deliver(self, body: BulkBody) -> None:
        # A letter that is refused must not go to the last resort: the one that it replaces is still there.
        nowhere = LastResort(None, self._metrics)
        delivery = Delivery(
            body,
            engine=self._engine,
            congestion=self._congestion,
            identity=self._identity,
            letters=self._letters,
            metrics=self._metrics,
            now=self._now,
            last_resort=nowhere,
        )
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(OpenSearchUnavailable),
                wait=wait_random_exponential(multiplier=0.5, max=10),
                stop=stop_after_attempt(ATTEMPTS),
                reraise=True,
            ):
                with attempt:
                    await delivery.send()
        finally:
            delivery.release()


def _pretend(body: BulkBody) -> None:
    """Count what would be delivered."""
    for entry in body.entries:
        _count(entry.tally, dead=entry.dead, there=False)


def _count(tally: Tally, *, dead: bool, there: bool) -> None:
    if dead:
        tally.dead_lettered += 1
    elif there:
        tally.duplicates += 1
    else:
        tally.indexed += 1
