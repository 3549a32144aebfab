"""
Bulk requests in flight: documents of many objects in, an outcome for each of them out.

Documents of all objects share one open body, so that many small objects make few requests. A body is sent when it is full,
or when its first document has waited for a while. Whatever the answer is, every entry ends with its tally being told.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from shipper.bulk import BulkBody, Entry, Verdict
from shipper.deadletter import DeadLetters
from shipper.errors import BulkRejected, OpenSearchRefused, OpenSearchUnavailable
from shipper.health import Health
from shipper.log import Log
from shipper.metrics import Metrics
from shipper.opensearch import SearchEngine
from shipper.tally import Tally

RETRY_SECONDS: Final = 300.0
"""How long documents are offered to an OpenSearch that is busy or down before their messages are released."""

LONGEST_PAUSE_SECONDS: Final = 30.0

_log = Log(__name__)


class Indexer:
    """
    Sends documents and settles the accounts of the objects that they come from.

    Args:
        engine: where to
        letters: writes the dead letters of documents that are refused
        metrics: where requests are counted
        health: where it is noted that OpenSearch is out of reach or refuses us
        bulk_bytes: size at which a body is sent
        requests: most requests in flight
        flush_seconds: longest that a document waits for company
        now: the time
        retry_seconds: see `RETRY_SECONDS`
        pause: waits between attempts
    """

    def __init__(
        self,
        engine: SearchEngine,
        letters: DeadLetters,
        metrics: Metrics,
        health: Health,
        *,
        bulk_bytes: int,
        requests: int,
        flush_seconds: float,
        now: Callable[[], datetime],
        retry_seconds: float = RETRY_SECONDS,
        pause: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self._engine = engine
        self._letters = letters
        self._metrics = metrics
        self._health = health
        self._bulk_bytes = bulk_bytes
        self._slots = asyncio.Semaphore(requests)
        self._turn = asyncio.Lock()
        self._flush_seconds = flush_seconds
        self._now = now
        self._retry_seconds = retry_seconds
        self._pause = pause
        self._body = BulkBody()
        self._due: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def full(self) -> bool:
        """Whether the open body should be sent before more is added."""
        return len(self._body) >= self._bulk_bytes

    def add(self, index: str, id_: str, document: bytes, tally: Tally, position: int, *, dead: bool = False) -> None:
        """Put a document into the open body; see `BulkBody.add`."""
        self._body.add(index, id_, document, tally, position, dead=dead)
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(self._flush_seconds, self._flush_soon)

    async def flush(self) -> None:
        """Send the open body as soon as a request may be made; waiting here is what slows reading down."""
        async with self._turn:
            await self._slots.acquire()
            if self._due is not None:
                self._due.cancel()
                self._due = None
            body, self._body = self._body, BulkBody()
            self._spawn(self._deliver(body))

    async def drain(self) -> None:
        """Wait until every document has an outcome."""
        while self._tasks or self._body.entries:
            if self._body.entries:
                await self.flush()
            await asyncio.wait(self._tasks)

    async def stop(self) -> None:
        """Give up on what has no outcome yet: it is released."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        body, self._body = self._body, BulkBody()
        _release(body.entries)

    def _flush_soon(self) -> None:
        self._due = None
        self._spawn(self.flush())

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a fault of our own in delivery; the messages are released", error)

    async def _deliver(self, body: BulkBody) -> None:
        """Offer a body until every entry has an outcome or time is up."""
        left = body
        try:
            async for attempt in self._attempts():
                with attempt:
                    left = await self._send(left)
                    if left.entries:
                        raise OpenSearchUnavailable(
                            f"{len(left.entries)} documents of a bulk request were not taken yet"
                        )
            self._health.well("opensearch")
        except OpenSearchUnavailable as error:
            _log.warning("documents released", count=len(left.entries), error=error)
            _release(left.entries)
        except BaseException:  # cancelled, or a fault of our own, which who looks after the tasks reports
            _release(left.entries)
            raise
        finally:
            self._slots.release()

    def _attempts(self) -> AsyncRetrying:
        """An OpenSearch that is busy is tried for a while, one that refuses us until an operator has acted."""
        return AsyncRetrying(
            retry=retry_if_exception_type((OpenSearchUnavailable, OpenSearchRefused)),
            wait=wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE_SECONDS),
            stop=self._has_given_up,
            before_sleep=self._note_trouble,
            sleep=self._pause,
            reraise=True,
        )

    def _has_given_up(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        return isinstance(error, OpenSearchUnavailable) and (state.seconds_since_start or 0) > self._retry_seconds

    def _note_trouble(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        # One refused attempt is everyday life; only then it is worth telling.
        if isinstance(error, OpenSearchRefused) or state.attempt_number > 1:
            self._health.trouble("opensearch", str(error))

    async def _send(self, body: BulkBody) -> BulkBody:
        """
        Make one request, smaller ones if it is refused as a whole; give the entries that are still without an outcome.

        Raises:
            OpenSearchUnavailable, OpenSearchRefused: nothing became of any entry
        """
        if not body.entries:
            return body
        started = time.perf_counter()
        outcome = "failed"
        try:
            items = await self._engine.bulk(body)
            outcome = "answered"
        except BulkRejected as error:
            outcome = "rejected"
            return await self._split(body, error)
        finally:
            self._metrics.bulk_seconds.labels(outcome).observe(time.perf_counter() - started)
        self._metrics.bulk_bytes.inc(len(body.data))
        left: list[Entry] = []
        blocked = ""
        for entry, item in zip(body.entries, items, strict=True):
            if item.verdict is Verdict.CREATED:
                _count(entry, duplicate=False)
            elif item.verdict is Verdict.DUPLICATE:
                _count(entry, duplicate=True)
            elif item.verdict is Verdict.REJECTED:
                self._reject(body, entry, item.reason)
            else:
                left.append(entry)
                blocked = item.reason if item.verdict is Verdict.BLOCKED else blocked
        _settle(body.entries)
        if blocked:
            self._health.trouble("opensearch", blocked)
        return body.part(left) if left else BulkBody()

    async def _split(self, body: BulkBody, error: BulkRejected) -> BulkBody:
        """Halve a body that is refused until the culprit stands alone; its neighbours are indexed."""
        if len(body.entries) == 1:
            self._reject(body, body.entries[0], str(error))
            _settle(body.entries)
            return BulkBody()
        left = BulkBody()
        for half in body.halves():
            left.join(await self._send(half))
        return left

    def _reject(self, body: BulkBody, entry: Entry, reason: str) -> None:
        """Make a dead letter of a document that OpenSearch refuses; a dead letter that it refuses is released."""
        if entry.dead:
            _log.error("a dead letter was refused; its message stays on the queue", reason=reason)
            entry.tally.released += 1
            return
        now = self._now()
        id_, letter = self._letters.of_document(entry.tally.place, entry.position, body.document(entry), reason, now)
        self.add(self._letters.index, id_, letter, entry.tally, entry.position, dead=True)
        self._metrics.dead_letters.labels(entry.tally.place.dataset, "document_rejected").inc()


def _count(entry: Entry, *, duplicate: bool) -> None:
    tally = entry.tally
    if entry.dead:
        tally.dead_lettered += 1
    elif duplicate:
        tally.duplicates += 1
    else:
        tally.indexed += 1


def _release(entries: list[Entry]) -> None:
    for entry in entries:
        entry.tally.released += 1
    _settle(entries)


def _settle(entries: list[Entry]) -> None:
    for tally in {id(entry.tally): entry.tally for entry in entries}.values():
        tally.settle()
