"""
One document for each id, across the rollovers of a data stream.

A `create` of an id that its backing index has is a conflict (409), but after a rollover the same id is created again in
the next one. So what may lie in an older backing index is looked for there first. Not much may: an event that happened
after the present index was made cannot have been written to an older one. That leaves a few minutes after a rollover,
and whatever is read late.

A rollover between the look and the write shows in the answer, which names the index that each document went to. Then
the look is taken again, and of two copies the newer one is withdrawn.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from shipper.backing import Backing, BackingIndex
from shipper.bulk import BulkBody, Item, Verdict
from shipper.metrics import Metrics

CLOCKS: Final = timedelta(minutes=10)
"""How far the clocks of AWS, of the cluster and our own may be apart."""

LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class _Stream(Struct, frozen=True):
    """
    What is known of a data stream.

    Attributes:
        indices: names of its backing indices, the one that is written to last
        since: an event after this moment cannot be in an older one
    """

    indices: tuple[str, ...] = ()
    since: datetime = LONG_AGO

    @property
    def written_to(self) -> str:
        """The index that new documents go to."""
        return self.indices[-1] if self.indices else ""

    def before(self, index: str) -> tuple[str, ...]:
        """Give the backing indices that are older than one of them; none if it is none of them."""
        return self.indices[: self.indices.index(index)] if index in self.indices else ()


class Look(Struct, frozen=True):
    """
    What was seen before a body is sent.

    Attributes:
        known: where in the body the documents stand that an older backing index has
        streams: the data streams as they were then
    """

    known: frozenset[int]
    streams: dict[str, _Stream]


class Identity:
    """
    Knows which documents are there already.

    Args:
        backing: asks OpenSearch
        metrics: where looks are counted
    """

    def __init__(self, backing: Backing, metrics: Metrics) -> None:
        self._backing = backing
        self._lookups = metrics.lookups
        self._streams: dict[str, _Stream] = {}

    async def look(self, body: BulkBody) -> Look:
        """
        Look for documents that an older backing index has.

        Raises:
            OpenSearchUnavailable: try again
            OpenSearchRefused: an operator has to act
        """
        streams: dict[str, _Stream] = {}
        known: list[int] = []
        for name in {entry.index for entry in body.entries}:
            stream = await self._stream(name)
            if _old(body, name, stream):
                stream = await self._learn(name)  # older indices may have been renamed, as a shrink does
                known += await self._find(body, _old(body, name, stream), stream.indices[:-1])
            streams[name] = stream
        return Look(frozenset(known), streams)

    async def checked(self, body: BulkBody, look: Look, items: list[Item]) -> list[Item]:
        """
        Look again for what was created in another index than the one that was written to at the look.

        Args:
            body: that was sent
            look: what was seen before
            items: the answer to it

        Returns:
            The items; those of which there was an older copy are duplicates, and are withdrawn.

        Raises:
            OpenSearchUnavailable: try again
            OpenSearchRefused: an operator has to act
        """
        moved: dict[tuple[str, str], list[int]] = {}
        for at, (entry, item) in enumerate(zip(body.entries, items, strict=True)):
            if item.verdict is Verdict.CREATED and item.index != look.streams[entry.index].written_to:
                moved.setdefault((entry.index, item.index), []).append(at)
        checked = list(items)
        for (name, index), places in moved.items():
            stream = await self._stream(name, that_has=index)
            for at in await self._find(body, places, stream.before(index)):
                await self._backing.withdraw(index, body.id(body.entries[at]))
                self._lookups.labels("withdrawn").inc()
                checked[at] = Item(Verdict.DUPLICATE, items[at].status, index=index)
        return checked

    async def _find(self, body: BulkBody, places: Iterable[int], indices: tuple[str, ...]) -> list[int]:
        """Tell which of some entries these indices have."""
        by_id: dict[str, list[int]] = {}
        for at in places if indices else ():
            by_id.setdefault(body.id(body.entries[at]), []).append(at)
        if not by_id:
            return []
        found = await self._backing.present(indices, list(by_id))
        self._lookups.labels("found").inc(len(found))
        self._lookups.labels("absent").inc(len(by_id) - len(found))
        return [at for id_ in found for at in by_id[id_]]

    async def _stream(self, name: str, *, that_has: str = "") -> _Stream:
        """Give what is known of a data stream; ask if that is nothing, or does not have this index."""
        stream = self._streams.get(name)
        if stream is None or (that_has and that_has not in stream.indices):
            stream = await self._learn(name)
        return stream

    async def _learn(self, name: str) -> _Stream:
        stream = self._streams[name] = _read(await self._backing.of(name))
        return stream


def _read(indices: list[BackingIndex]) -> _Stream:
    if not indices:
        return _Stream()
    return _Stream(tuple(index.name for index in indices), indices[-1].created + CLOCKS)


def _old(body: BulkBody, name: str, stream: _Stream) -> list[int]:
    """Give the places in a body of the documents that an older index of a data stream may have."""
    if len(stream.indices) < 2:  # noqa: PLR2004 -- there is no older one
        return []
    return [
        at
        for at, entry in enumerate(body.entries)
        if entry.index == name and (entry.time is None or entry.time < stream.since)
    ]
