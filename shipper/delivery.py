"""One bulk body on its way, in smaller requests and mended where it is refused, until every entry has an outcome."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from shipper.bulk import BulkBody, Entry, Item, Verdict
from shipper.congestion import Congestion, Turn
from shipper.deadletter import DOCUMENT_REJECTED, DeadLetters
from shipper.errors import BulkRejected, OpenSearchRefused, OpenSearchUnavailable
from shipper.identity import Identity, Look
from shipper.lastresort import LastResort, Refused
from shipper.metrics import Metrics
from shipper.opensearch import SearchEngine
from shipper.rescue import MOST_ROUNDS, mend

TELLING_BYTES: Final = 1 << 20
"""Size of a request from which on its duration tells how busy OpenSearch is."""


class Delivery:
    """
    The documents of one body and, as soon as some are refused, their mended forms or dead letters.

    Args:
        body: what is to be delivered
        engine: where to
        congestion: says when a request may be made
        identity: knows which documents are there already
        letters: writes the dead letters of documents that are refused
        metrics: where requests are counted
        now: the time
        last_resort: where dead letters are kept that are refused themselves
    """

    def __init__(
        self,
        body: BulkBody,
        *,
        engine: SearchEngine,
        congestion: Congestion,
        identity: Identity,
        letters: DeadLetters,
        metrics: Metrics,
        now: Callable[[], datetime],
        last_resort: LastResort,
    ) -> None:
        self._engine = engine
        self._congestion = congestion
        self._identity = identity
        self._letters = letters
        self._metrics = metrics
        self._now = now
        self._last_resort = last_resort
        self._refused: list[Refused] = []  # dead letters that wait for the last resort
        self._next = [body]  # each is a request to be made, the last one first
        self._put_off = BulkBody()  # what OpenSearch did not take now but may take later
        self._unchecked: tuple[Look, list[Item]] | None = None  # the answer to the request that was made last

    @property
    def left(self) -> int:
        """Entries without an outcome."""
        return sum(len(body.entries) for body in (*self._next, self._put_off)) + len(self._refused)

    async def send(self) -> None:
        """
        Make requests until every entry has an outcome; called again, only for those that have none yet.

        Raises:
            OpenSearchUnavailable: entries are left; try again
            OpenSearchRefused: entries are left; an operator has to act
        """
        if self._put_off.entries:
            self._next.insert(0, self._put_off)
            self._put_off = BulkBody()
        why: dict[Verdict, str] = {}
        while self._next:
            body = self._next[-1]
            try:
                instead = await self._sent(body, why)
            except BulkRejected as error:
                instead = self._split(body, error)
            self._next[-1:] = [one for one in instead if one.entries]
            _settle(body)
            while self._refused:  # one by one, so that none is without an outcome when this is cut off
                await self._last_resort.keep(self._refused[0], self._now())
                self._refused.pop(0)
        if left := self.left:
            kind = OpenSearchRefused if Verdict.BLOCKED in why else OpenSearchUnavailable
            reason = why.get(Verdict.BLOCKED) or why.get(Verdict.BUSY)
            raise kind(f"{left} documents of a bulk request were not taken; the first: {reason}")

    def release(self) -> None:
        """Give up on the entries without an outcome: they go back with their messages."""
        bodies, self._next, self._put_off = [*self._next, self._put_off], [], BulkBody()
        for refused in self._refused:
            refused.tally.released += 1
            refused.tally.settle()
        self._refused.clear()
        for body in bodies:
            for entry in body.entries:
                entry.tally.released += 1
            _settle(body)

    async def _sent(self, body: BulkBody, why: dict[Verdict, str]) -> tuple[BulkBody, ...]:
        """Send a body when it is our turn, and count what became of it; give what is to be sent in its place."""
        async with self._congestion.turn() as turn:
            if self._unchecked is None:
                look = await self._identity.look(body)
                if look.known:
                    body = self._next[-1] = self._without(body, look.known)
                if not body.entries:
                    turn.answered = True
                    return ()
                self._unchecked = look, await self._asked(body, turn)
            items = await self._identity.checked(body, *self._unchecked)
            turn.answered, turn.busy = True, any(item.verdict is Verdict.BUSY for item in items)
        self._unchecked = None
        return self._account(body, items, why)

    @staticmethod
    def _without(body: BulkBody, known: frozenset[int]) -> BulkBody:
        """Count what is there already; give the others."""
        for at in known:
            _count(body.entries[at], duplicate=True)
        _settle(body)
        return body.part(entry for at, entry in enumerate(body.entries) if at not in known)

    async def _asked(self, body: BulkBody, turn: Turn) -> list[Item]:
        loop = asyncio.get_running_loop()
        started = loop.time()
        outcome = "failed"
        try:
            items = await self._engine.bulk(body)
            outcome = "answered"
        except BulkRejected:
            outcome, turn.answered = "rejected", True
            raise
        except OpenSearchUnavailable:
            self._identity.forget(body)
            raise
        finally:
            seconds = loop.time() - started
            self._metrics.bulk_seconds.labels(outcome).observe(seconds)
        self._metrics.bulk_bytes.inc(len(body.data))
        if len(body) >= TELLING_BYTES:
            turn.seconds = seconds
        return items

    def _split(self, body: BulkBody, error: BulkRejected) -> tuple[BulkBody, ...]:
        """Halve a body until the culprit stands alone; give what is to be sent in its place, the last one first."""
        if len(body.entries) > 1:
            first, second = body.halves()
            return second, first
        instead = BulkBody()
        self._reject(body, body.entries[0], str(error), instead)
        return (instead,)

    def _account(self, body: BulkBody, items: list[Item], why: dict[Verdict, str]) -> tuple[BulkBody, ...]:
        """Count what became of each entry, and note why some are put off; give what is to be sent in their place."""
        instead = BulkBody()
        later: list[Entry] = []
        for entry, item in zip(body.entries, items, strict=True):
            if item.verdict is Verdict.CREATED:
                _count(entry, duplicate=False)
                if entry.rounds:
                    self._metrics.rescued_documents.labels(entry.tally.place.dataset).inc()
            elif item.verdict is Verdict.DUPLICATE:
                _count(entry, duplicate=True)
            elif item.verdict is Verdict.REJECTED:
                self._reject(body, entry, item.reason, instead)
            else:
                why.setdefault(item.verdict, f"{item.status} {item.reason}")
                later.append(entry)
        self._put_off.join(body.part(later))
        return (instead,)

    def _reject(self, body: BulkBody, entry: Entry, reason: str, instead: BulkBody) -> None:
        """Mend a document that OpenSearch refuses, or make a dead letter of it; what is one goes to the last resort."""
        id_, document = body.id(entry), body.document(entry)
        if entry.dead:
            self._refused.append(Refused(id_, document, reason, entry.tally))
            return
        if entry.rounds < MOST_ROUNDS and (mended := mend(document, reason)) is not None:
            instead.mend(body, entry, mended)
            return
        place, now = entry.tally.place, self._now()
        original = document if entry.original is None else entry.original
        id_, letter = self._letters.of_document(place, entry.position, original, reason, now, document_id=id_)
        instead.add(self._letters.index, id_, letter, entry.tally, entry.position, dead=True)
        self._metrics.dead_letters.labels(place.dataset, DOCUMENT_REJECTED).inc()


def _count(entry: Entry, *, duplicate: bool) -> None:
    tally = entry.tally
    if entry.dead:
        tally.dead_lettered += 1
    elif duplicate:
        tally.duplicates += 1
    else:
        tally.indexed += 1


def _settle(body: BulkBody) -> None:
    for tally in {id(entry.tally): entry.tally for entry in body.entries}.values():
        tally.settle()
