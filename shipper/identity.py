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
        moved: dict[tuple[str, str], list[int]] = {}
        for at, (entry, item) in enumerate(zip(body.entries, items, strict=True)):
            if item.verdict in _THERE and item.index != look.streams[entry.index].written_to:
                moved.setdefault((entry.index, item.index), []).append(at)
        checked = list(items)
        for (name, index), places in moved.items():
            stream = await self._stream(name, that_has=index)
            by_id = _by_id(body, places)
            for id_ in await self._find(by_id, stream.before(index)):
                await self._withdraw(index, id_)
                for at in by_id[id_]:
                    checked[at] = Item(Verdict.DUPLICATE, items[at].status, index=index)
        return checked

    async def _known(self, body: BulkBody, places: list[int], stream: _Stream) -> list[int]:
        """Tell which of some entries older indices have; of each only the oldest copy is left."""
        by_id = _by_id(body, places)
        found = await self._find(by_id, stream.indices[:-1])
        if found:
            for id_ in await self._backing.written(stream.written_to, list(found)):
                found[id_].add(stream.written_to)
        for id_, having in found.items():
            for index in [index for index in stream.indices if index in having][1:]:
                await self._withdraw(index, id_)
        return [at for id_ in found for at in by_id[id_]]

    async def _find(self, ids: Collection[str], indices: tuple[str, ...]) -> dict[str, set[str]]:
        """Tell which of some indices have which documents."""
        if not indices:
            return {}
        found = await self._backing.present(indices, list(ids))
        self._lookups.labels("found").inc(len(found))
        self._lookups.labels("absent").inc(len(ids) - len(found))
        return found

    async def _withdraw(self, index: str, id_: str) -> None:
        await self._backing.withdraw(index, id_)
        self._lookups.labels("withdrawn").inc()

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


def _by_id(body: BulkBody, places: Iterable[int]) -> dict[str, list[int]]:
    """Give the places of each id: a body may have one twice."""
    by_id: dict[str, list[int]] = {}
    for at in places:
        by_id.setdefault(body.id(body.entries[at]), []).append(at)
    return by_id
