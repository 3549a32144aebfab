"""
Bulk requests in flight: documents of many objects in, an outcome for each of them out.

Documents of all objects share one open body, so that many small objects make few requests. A body is sent when it is
full, or when its first document has waited for a while. Whatever the answer is, every entry ends with its tally told.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Any, Final

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from shipper.backing import Backing
from shipper.bulk import BulkBody
from shipper.congestion import Congestion
from shipper.deadletter import DeadLetters
from shipper.delivery import Delivery
from shipper.errors import OpenSearchRefused, OpenSearchUnavailable
from shipper.health import Health
from shipper.identity import Identity
from shipper.lastresort import LastResort
from shipper.log import Log
from shipper.metrics import Metrics
from shipper.opensearch import SearchEngine
from shipper.tally import Tally

RETRY_SECONDS: Final = 300.0
"""How long documents are offered to an OpenSearch that answers before their messages are released."""

LONGEST_PAUSE_SECONDS: Final = 30.0

_log = Log(__name__)


class Indexer:
    """
    Sends documents and settles the accounts of the objects that they come from.

    Args:
        engine: where to
        backing: tells which documents are in older backing indices
        letters: writes the dead letters of documents that are refused
        metrics: where requests are counted
        health: where it is noted that OpenSearch is out of reach or refuses us
        bulk_bytes: size at which a body is sent
        requests: most requests in flight
        flush_seconds: longest that a document waits for company
        now: the time
        retry_seconds: see `RETRY_SECONDS`
        last_resort: where dead letters are kept that are refused themselves; by default nowhere
    """

    def __init__(
        self,
        engine: SearchEngine,
        backing: Backing,
        letters: DeadLetters,
        metrics: Metrics,
        health: Health,
        *,
        bulk_bytes: int,
        requests: int,
        flush_seconds: float,
        now: Callable[[], datetime],
        retry_seconds: float = RETRY_SECONDS,
        last_resort: LastResort | None = None,
    ) -> None:
        self._congestion = Congestion(requests, metrics)
        self._new_delivery = partial(
            Delivery,
            engine=engine,
            congestion=self._congestion,
            identity=Identity(backing, metrics),
            letters=letters,
            metrics=metrics,
            now=now,
            last_resort=last_resort or LastResort(None, metrics),
        )
        self._health = health
        self._bulk_bytes = bulk_bytes
        self._slots = asyncio.Semaphore(requests)
        self._turn = asyncio.Lock()
        self._flush_seconds = flush_seconds
        self._retry_seconds = retry_seconds
        self._body = BulkBody()
        self._due: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_trouble: set[Delivery] = set()
        self._refused: set[Delivery] = set()

    @property
    def full(self) -> bool:
        """Whether the open body has to be sent before more is added."""
        return len(self._body) >= self._bulk_bytes

    @property
    def holding(self) -> bool:
        """Whether documents are kept for as long as it takes: OpenSearch is away, or an operator has to act."""
        return self._congestion.away or bool(self._refused)

    def add(
        self,
        index: str,
        id_: str,
        document: bytes,
        tally: Tally,
        position: int,
        *,
        time: datetime | None = None,
        dead: bool = False,
    ) -> None:
        """Put a document into the open body; see `BulkBody.add`. Who adds many asks for `room` before."""
        self._body.add(index, id_, document, tally, position, time=time, dead=dead)
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(self._flush_seconds, self._flush_soon)

    async def room(self) -> None:
        """Wait until the open body is not full: this is what slows reading down."""
        while self.full:
            await self.flush()

    async def flush(self) -> None:
        """Send the open body as soon as a request may be made."""
        body = self._body
        async with self._turn:
            if body is not self._body or not body.entries:  # somebody else has sent it
                return
            await self._slots.acquire()
            self._close_body()
            self._deliver_soon(self._new_delivery(body))

    async def drain(self) -> None:
        """Wait until every document has an outcome."""
        while self._body.entries or self._tasks:
            if self._body.entries:
                await self.flush()
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def stop(self) -> None:
        """Give up on what has no outcome yet: it is released."""
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)
        self._new_delivery(self._close_body()).release()

    def _close_body(self) -> BulkBody:
        """Begin a new body; give the old one."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        body, self._body = self._body, BulkBody()
        return body

    def _flush_soon(self) -> None:
        self._spawn(self.flush())

    def _deliver_soon(self, delivery: Delivery) -> None:
        """Begin a delivery; whatever ends it, even before its first step, nothing of it is left without an outcome."""

        def end(_: asyncio.Task[None]) -> None:
            self._in_trouble.discard(delivery)
            self._refused.discard(delivery)
            delivery.release()
            self._slots.release()

        self._spawn(self._deliver(delivery)).add_done_callback(end)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a fault of our own in delivery; the messages are released", error)

    async def _deliver(self, delivery: Delivery) -> None:
        """Try until every entry has an outcome or time is up."""
        try:
            async for attempt in self._attempts(delivery):
                with attempt:
                    await delivery.send()
        except OpenSearchUnavailable as error:
            _log.warning("documents released", count=delivery.left, error=error)
            return
        self._in_trouble.discard(delivery)
        if not self._in_trouble:
            self._health.well("opensearch")

    def _attempts(self, delivery: Delivery) -> AsyncRetrying:
        """Try an OpenSearch that answers for a while; one that is away, or refuses us, for as long as it takes."""
        loop = asyncio.get_running_loop()
        begun = loop.time()

        def has_given_up(state: RetryCallState) -> bool:
            nonlocal begun
            if self._congestion.away or isinstance(_error(state), OpenSearchRefused):
                begun = loop.time()
            return loop.time() - begun > self._retry_seconds

        def note_trouble(state: RetryCallState) -> None:
            is_refused = isinstance(_error(state), OpenSearchRefused)
            (self._refused.add if is_refused else self._refused.discard)(delivery)
            # One failed attempt is everyday life; only then it is worth telling.
            if is_refused or state.attempt_number > 1:
                self._in_trouble.add(delivery)
                self._health.trouble("opensearch", str(_error(state)))

        return AsyncRetrying(
            retry=retry_if_exception_type((OpenSearchUnavailable, OpenSearchRefused)),
            wait=wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE_SECONDS),
            stop=has_given_up,
            before_sleep=note_trouble,
            sleep=self._congestion.pause,
            reraise=True,
        )


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
