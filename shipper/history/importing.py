"""
The events of one region, from the newest to the oldest: read this first.

    wanted span ─ entries ─▶ gaps ─ history ─▶ pages ─ reader ─▶ documents ─ indexer ─▶ an outcome for each
                                                                               │ all of some pages
                                                                  entry ◀──────┘ of the span that they cover

An entry is written when OpenSearch has every event of its span, so whoever interrupts this and begins again goes on
where it was; what was sent before that and has no entry yet is a duplicate then.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from msgspec import Struct

from shipper.deadletter import DeadLetters, Place
from shipper.errors import HistoryError, HistoryTokenRefused
from shipper.history.entries import Entries, Scope, Totals
from shipper.history.lookup import Event, EventHistory, Page
from shipper.history.reading import Reader, name
from shipper.history.spans import Span, uncovered
from shipper.indexer import Indexer
from shipper.tally import Tally

PAGES: Final = 20
"""Of one entry: a thousand events, ten seconds."""


class _Read(Struct, frozen=True):
    """
    What was read of a span.

    Attributes:
        token: of the next page
        oldest: time of the last event
        is_last: whether that was all
        error: why no more was read
    """

    token: str | None
    oldest: datetime | None
    is_last: bool = False
    error: HistoryError | None = None


class Import:
    """
    Imports the events of one category, of one account in one region.

    Args:
        scope: whose history it is
        history: where it is read
        reader: makes documents of events
        indexer: delivers them
        letters: writes dead letters
        entries: writes what is done with
        covered: finds what is done with
        now: the time
        tell: called after each page

    Attributes:
        scope: whose history it is
        reached: how far back it is
    """

    def __init__(
        self,
        scope: Scope,
        *,
        history: EventHistory,
        reader: Reader,
        indexer: Indexer,
        letters: DeadLetters,
        entries: Entries,
        covered: Callable[[Scope, Span], Awaitable[list[Span]]],
        now: Callable[[], datetime],
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        self.scope = scope
        self.reached: datetime | None = None
        self._history = history
        self._reader = reader
        self._indexer = indexer
        self._letters = letters
        self._entries = entries
        self._covered = covered
        self._now = now
        self._tell = tell
        self._done = Totals()
        self._open: list[Tally] = []  # of events that no entry tells of yet

    @property
    def totals(self) -> Totals:
        """What became of all events up to now."""
        totals = Totals()
        totals.add(self._done)
        for tally in self._open:
            totals.add(tally)
        return totals

    async def run(self, wanted: Span, *, again: bool = False) -> None:
        """
        Import what is not there yet.

        Args:
            wanted: when the events happened
            again: whether that is read again which is done with

        Raises:
            HistoryError: CloudTrail cannot be read, or OpenSearch does not take events
            OpenSearchError: OpenSearch cannot be asked what is done with
        """
        covered = [] if again else await self._covered(self.scope, wanted)
        for gap in uncovered(wanted, covered):
            await self._gap(gap)

    async def _gap(self, gap: Span) -> None:
        """Read a span; whatever ends that, what was read is delivered and entered before."""
        asked, top, token = gap, gap.until, None
        begun = self._now()
        while True:
            read = await self._pages(asked, token)
            await self._settled()
            reached = gap.since if read.is_last else min(read.oldest or top, top)
            if reached < top:
                await self._enter(Span(reached, top), begun)
            if read.is_last:
                return
            top, token = reached, read.token
            if read.error is not None:
                if not isinstance(read.error, HistoryTokenRefused) or asked.until == top:
                    raise read.error
                asked, token = Span(gap.since, top), None  # all that is left is asked for anew

    async def _pages(self, span: Span, token: str | None) -> _Read:
        """Read some pages."""
        oldest: datetime | None = None
        for _ in range(PAGES):
            try:
                page = await self._history.page(span, token)
            except HistoryError as error:
                return _Read(token, oldest, error=error)
            await self._take(page)
            token = page.token
            oldest = min((event.time for event in page.events if event.time), default=oldest)
            self.reached = oldest or self.reached
            self._tell()
            if token is None:
                return _Read(None, oldest, is_last=True)
        return _Read(token, oldest)

    async def _take(self, page: Page) -> None:
        await self._indexer.room()
        now = self._now()
        for event in page.events:
            self._add(event, now)
        await self._indexer.flush()

    def _add(self, event: Event, now: datetime) -> None:
        """Hand on what becomes of an event; it has an account of its own, as it has no object."""
        tally = Tally(Place(dataset=self._reader.dataset, version=name(event)))
        tally.read = 1
        self._open.append(tally)
        position, id_, time, result = self._reader.shipped(event, now)
        if isinstance(result, bytes):
            known = time if time and time <= now else None
            self._indexer.add(self._reader.index, id_, result, tally, position, time=known)
        elif result is None:
            tally.filtered = 1
        else:
            id_, letter = self._letters.of_record(tally.place, position, result, now)
            self._indexer.add(self._letters.index, id_, letter, tally, position, dead=True)

    async def _settled(self) -> None:
        """
        Wait until every event has an outcome.

        Raises:
            HistoryError: OpenSearch did not take them all
        """
        await self._indexer.flush()
        for tally in self._open:
            await tally.settled()
        if released := sum(tally.released for tally in self._open):
            raise HistoryError(f"OpenSearch did not take {released} events; begun again, it goes on where it was")

    async def _enter(self, span: Span, begun: datetime) -> None:
        """Write the entry of a span that is done with, and close the accounts of its events."""
        totals = Totals()
        for tally in self._open:
            totals.add(tally)
        now = self._now()
        id_, entry, account = self._entries.entry(self.scope, span, totals, begun, now)
        self._indexer.add(self._entries.index, id_, entry, account, 0, time=now)
        await self._indexer.flush()
        await account.settled()
        self._done.add(totals)
        self._open.clear()
        if not account.indexed and not account.duplicates:
            raise HistoryError("OpenSearch did not take the entry that tells how far it is; begun again, it goes on")
