"""
One queue message, from receipt to acknowledgement: read this first.

    message ─ notification ─▶ objects ─ route ─▶ source
                                 │ blocks of inflated bytes
                              records ─ document, stamp ─▶ indexer
                                 │ what cannot be decoded or mapped ─▶ dead letter
    acknowledge ◀─ every record has an outcome

Between the blocks and the indexer everything is synchronous and without I/O. A message is acknowledged only when
OpenSearch has taken the last of its documents and dead letters, and then the ledger entry of each of its objects.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from msgspec.structs import replace

from shipper.bookkeeper import Bookkeeper
from shipper.bucket import ObjectStore
from shipper.deadletter import UNKNOWN, WHOLE_OBJECT, DeadLetters, Place
from shipper.errors import NotificationError, ObjectError, ObjectTooLarge, RecordError
from shipper.indexer import Indexer
from shipper.ledger import Attempt, Ledger
from shipper.log import Log
from shipper.metrics import Metrics
from shipper.notification import ObjectRef, parse
from shipper.queue import Message
from shipper.recognition import recognized
from shipper.shipment import Shipment, Shipped
from shipper.source import Claim, Skip, Sources
from shipper.tally import Tally

SLICE: Final = 256
"""Records that are handled before other tasks get their turn: a few milliseconds."""

_log = Log(__name__)


class Outcome(Enum):
    """What becomes of a message."""

    DELIVERED = "delivered"
    """Every record has an outcome: the message is deleted."""
    ERRORED = "errored"
    """Something has to be tried again: the message is given back."""
    REJECTED = "rejected"
    """We do not understand it: it is left to the queue's redrive policy."""


def utc_now() -> datetime:
    """Give the time, with its zone."""
    return datetime.now(UTC)


class Pipeline:
    """
    Handles messages, many at once.

    Args:
        sources: the log sources
        store: where objects are read
        indexer: where documents go
        letters: writes dead letters
        metrics: where everything is counted
        namespace: of the data streams
        record_bytes: longest record
        object_records: most records of an object
        objects: most objects that are read at once
        now: the time
    """

    def __init__(
        self,
        *,
        sources: Sources,
        store: ObjectStore,
        indexer: Indexer,
        letters: DeadLetters,
        metrics: Metrics,
        namespace: str,
        record_bytes: int,
        object_records: int,
        objects: int,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._sources = sources
        self._store = store
        self._indexer = indexer
        self._letters = letters
        self._metrics = metrics
        self._bookkeeper = Bookkeeper(Ledger(namespace), indexer, metrics)
        self._namespace = namespace
        self._record_bytes = record_bytes
        self._object_records = object_records
        self._reading = asyncio.Semaphore(objects)
        self._now = now

    async def handle(self, message: Message, *, last_receive: bool, keep_unknown: bool) -> Outcome:
        """
        Handle one message.

        Args:
            message: in hand
            last_receive: whether an object that is missing or broken becomes a dead letter now
            keep_unknown: whether a message that we do not understand is left on the queue, or becomes a dead letter
        """
        try:
            notification = parse(message.body)
        except NotificationError as error:
            _log.warning("message not understood", message_id=message.id, error=error)
            if keep_unknown:
                return Outcome.REJECTED
            attempt = Attempt(Tally(Place(dataset=UNKNOWN)), self._now())
            attempt.tally.read += 1
            await self._indexer.room()
            letter = self._letters.of_message(message.id, message.body, str(error), self._now())
            self._bury(attempt, WHOLE_OBJECT, error.reason, letter)
            return await self._settled(attempt)
        for reason in notification.ignored:
            self._metrics.ignored.labels(reason).inc()
        read = [(ref, await self._read(ref, last_receive=last_receive)) for ref in notification.objects]
        attempts = [(ref, attempt) for ref, attempt in read if attempt is not None]
        outcomes = [await self._settled(attempt) for _, attempt in attempts]
        entered = await self._bookkeeper.enter(message, attempts)
        if Outcome.ERRORED in outcomes:
            return Outcome.ERRORED
        # Nothing of the objects themselves is open: for their entries alone the message is not kept for ever.
        return Outcome.DELIVERED if entered or last_receive else Outcome.ERRORED

    async def _read(self, ref: ObjectRef, *, last_receive: bool) -> Attempt | None:
        """Read an object to its end, or as far as that goes; None if it holds no logs."""
        claim = self._sources.route(ref)
        if isinstance(claim, Skip):
            self._metrics.ignored.labels(claim.reason).inc()
            return None
        attempt = Attempt(Tally(Place(dataset=claim[0].dataset if claim else UNKNOWN, object=ref)), self._now())
        async with self._reading:
            try:
                await self._ship(ref, claim, attempt, last_receive=last_receive)
            except Exception as error:  # noqa: BLE001 -- a fault of our own must not keep other objects from being read
                _log.error("a fault of our own; the object is tried again", error, bucket=ref.bucket, key=ref.key)
                attempt.errored = True
                attempt.note("fault", f"{type(error).__name__}: {error}")
        return attempt

    async def _ship(self, ref: ObjectRef, claim: Claim | None, attempt: Attempt, *, last_receive: bool) -> None:
        """Send the documents of an object on their way; note in the attempt what went wrong with the object itself."""
        shipment: Shipment | None = None
        try:
            # The last attempt takes what it gets; before it, what is garbled would take the ids of the right records.
            async with self._store.read(ref, whole=not last_receive) as reading:
                attempt.tally.place = replace(attempt.tally.place, version=reading.version)
                attempt.size = reading.size
                blocks = reading.blocks()
                known = await recognized(claim, self._sources, ref, blocks, record_bytes=self._record_bytes)
                if known is None:
                    return
                attempt.tally.place = replace(attempt.tally.place, dataset=known.source.dataset)
                shipment = Shipment(
                    known.source,
                    known.origin,
                    namespace=self._namespace,
                    version=reading.version,
                    record_bytes=self._record_bytes,
                )
                attempt.unknown_fields = shipment.unknown_fields
                async for block in known.blocks:
                    await self._append(shipment, shipment.feed(block, self._now()), attempt)
                    if attempt.tally.read > self._object_records:
                        raise ObjectTooLarge(ref.bucket, ref.key, f"it has more than {self._object_records} records")
                await self._append(shipment, shipment.finish(self._now()), attempt)
        except ObjectError as error:
            _log.warning(
                "object not read to its end", reason=error.reason, bucket=ref.bucket, key=ref.key, error=error.message
            )
            attempt.note(error.reason, error.message)
            if error.retryable and not (error.final_when_repeated and last_receive):
                attempt.errored = True
                return
            if shipment is not None:  # what was readable is worth having
                await self._append(shipment, shipment.break_off(self._now()), attempt)
            await self._bury_object(attempt, error.reason, error.message)

    async def _append(self, shipment: Shipment, shipped: Iterator[Shipped], attempt: Attempt) -> None:
        """Hand documents to the indexer, in slices after each of which other tasks get their turn."""
        more = True
        while more:
            await self._indexer.room()
            more = self._slice(shipment.index, shipped, attempt)
            await asyncio.sleep(0)

    def _slice(self, index: str, shipped: Iterator[Shipped], attempt: Attempt) -> bool:
        """Handle some records; tell whether there may be more."""
        tally, indexer, now = attempt.tally, self._indexer, self._now()
        for count, (position, id_, time, result) in enumerate(shipped, 1):
            tally.read += 1
            if isinstance(result, bytes):
                indexer.add(index, id_, result, tally, position, time=time if time and time <= now else None)
            elif result is None:
                tally.filtered += 1
            else:
                self._bury_record(attempt, position, result)
            if time is not None:
                tally.saw(time)
            if count == SLICE or indexer.full:
                return True
        return False

    def _bury_record(self, attempt: Attempt, position: int, error: RecordError) -> None:
        letter = self._letters.of_record(attempt.tally.place, position, error, self._now())
        self._bury(attempt, position, error.reason, letter)

    async def _bury_object(self, attempt: Attempt, reason: str, cause: str) -> None:
        """Write the dead letter that stands for what was not read of an object."""
        await self._indexer.room()
        attempt.note(reason, cause)
        attempt.tally.read += 1
        letter = self._letters.of_object(attempt.tally.place, reason, cause, self._now())
        self._bury(attempt, WHOLE_OBJECT, reason, letter)

    def _bury(self, attempt: Attempt, position: int, reason: str, letter: tuple[str, bytes]) -> None:
        id_, document = letter
        tally = attempt.tally
        self._metrics.dead_letters.labels(tally.place.dataset, reason).inc()
        self._indexer.add(self._letters.index, id_, document, tally, position, dead=True)

    async def _settled(self, attempt: Attempt) -> Outcome:
        """Wait until every record of an attempt has an outcome."""
        tally = attempt.tally
        await tally.settled()
        attempt.end(self._now())
        outcome = Outcome.DELIVERED if attempt.delivered else Outcome.ERRORED
        self._metrics.objects.labels(tally.place.dataset, outcome.value).inc()
        self._metrics.settled(
            tally, delivered=attempt.delivered, now=attempt.ended, unknown_fields=attempt.unknown_fields
        )
        return outcome
