"""
One document for each id, across the rollovers of a data stream.

A `create` of an id that its backing index has is a conflict (409), but after a rollover the same id is created again in
the next one. So what may lie in an older backing index is looked for there first. Not much may: an event that happened
after the present index was made cannot have been written to an older one. That leaves a few minutes after a rollover,
and whatever is read late.

A rollover between the look and the write shows in the answer, which names the index that each document went to. Then
the look is taken again, and of two copies the newer one is withdrawn. The same is done with a newer copy that a request
has left behind whose answer never arrived.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from shipper.backing import Backing, BackingIndex
from shipper.bulk import BulkBody, Item, Verdict
from shipper.metrics import Metrics

CLOCKS: Final = timedelta(minutes=10)
"""How far the clocks of AWS, of the cluster and our own may be apart."""

_THERE: Final = frozenset({Verdict.CREATED, Verdict.DUPLICATE})

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
                known += await self._known(body, _old(body, name, stream), stream)
            streams[name] = stream
        return Look(frozenset(known), streams)

    def forget(self, body: BulkBody) -> None:
        """Ask again about its data streams before the next look: nobody knows what became of a request."""
        for name in {entry.index for entry in body.entries}:
            self._streams.pop(name, None)

    async def checked(self, body: BulkBody, look: Look, items: list[Item]) -> list[Item]:
        """
        Look again for what went to another index than the one that was written to at the look.

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
        went = {(entry.index, item.index) for entry, item in zip(body.entries, items, strict=True)}  # mostly one way
        elsewhere = {(name, index) for name, index in went if self._may_have_moved(name, index, look)}
        if not elsewhere:
            return items
        moved: dict[str, dict[int, str]] = {}  # of each data stream the places, with the index that each went to
        for at, (entry, item) in enumerate(zip(body.entries, items, strict=True)):
            if item.verdict in _THERE and (entry.index, item.index) in elsewhere:
                moved.setdefault(entry.index, {})[at] = item.index
        checked = list(items)
        for name, places in moved.items():
            stream = await self._learn(name)
            if len(stream.indices) == 1:
                continue
            by_id = _by_id(body, places)
            having_by_id = await self._backing.present(stream.indices, list(by_id))
            self._count(by_id, sum(len(having) > 1 for having in having_by_id.values()))
            for id_, having in having_by_id.items():
                oldest = await self._left_alone(id_, having, stream)
                for at in by_id[id_]:
                    if places[at] != oldest:
                        checked[at] = Item(Verdict.DUPLICATE, items[at].status, index=places[at])
        return checked

    def _may_have_moved(self, name: str, index: str, look: Look) -> bool:
        """
        Tell whether a document went to another index than the one that the look took for the newest.

        Or whether another one has become known since: somebody may have written the document there at the same time.
        """
        known = self._streams.get(name)
        return index != look.streams[name].written_to or (known is not None and index != known.written_to)

    async def _known(self, body: BulkBody, places: list[int], stream: _Stream) -> list[int]:
        """Tell which of some entries older indices have; of each only the oldest copy is left."""
        by_id = _by_id(body, places)
        found = await self._backing.present(stream.indices[:-1], list(by_id))
        self._count(by_id, len(found))
        if found:
            for id_ in await self._backing.written(stream.written_to, list(found)):
                found[id_].add(stream.written_to)
        for id_, having in found.items():
            await self._left_alone(id_, having, stream)
        return [at for id_ in found for at in by_id[id_]]

    async def _left_alone(self, id_: str, having: set[str], stream: _Stream) -> str:
        """Withdraw all copies of a document but the oldest; give the index that this one lies in."""
        oldest, *newer = [index for index in stream.indices if index in having]
        for index in newer:
            await self._backing.withdraw(index, id_)
            self._lookups.labels("withdrawn").inc()
        return oldest

    def _count(self, ids: Collection[str], found: int) -> None:
        self._lookups.labels("found").inc(found)
        self._lookups.labels("absent").inc(len(ids) - found)

    async def _stream(self, name: str) -> _Stream:
        """Give what is known of a data stream; ask if that is nothing."""
        return self._streams.get(name) or await self._learn(name)

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


def _by_id(body: BulkBody, places: Iterable[int]) -> dict[str, list[int]]:
    """Give the places of each id: a body may have one twice."""
    by_id: dict[str, list[int]] = {}
    for at in places:
        by_id.setdefault(body.id(body.entries[at]), []).append(at)
    return by_id
