"""OpenSearch in memory, as far as bulk requests and backing indices go."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from shipper.backing import BackingIndex
from shipper.bulk import BulkBody, Item, Verdict
from shipper.errors import BulkRejected, OpenSearchError


class Action(Struct, frozen=True):
    """
    One document of a request.

    Attributes:
        index: name of its data stream
        id: its `_id`
        document: its fields
    """

    index: str
    id: str
    document: dict[str, Any]


class Fault(NamedTuple):
    """
    What goes wrong with one request.

    Attributes:
        error: raised in place of an answer
        applied: whether the documents were taken all the same
    """

    error: OpenSearchError
    applied: bool = False


class FakeEngine:
    """
    OpenSearch; see `shipper.opensearch.SearchEngine` and `shipper.backing.Backing`.

    Attributes:
        documents: what is there, by data stream and id
        requests: all requests that arrived
        arrived: set when one arrives
        faults: what goes wrong with the next requests, one each; nothing does where it is None
        down: raised by every request while it is set
        seconds: how long a request takes
        before_answer: called when a request was done, before it is answered
        looks: ids of each look into backing indices
        looked_in: names of all backing indices that were looked into
        most_bytes: a larger body is refused as a whole (413)
        most_at_once: most requests that were under way together
        largest: bytes of the largest body
    """

    def __init__(self) -> None:
        self.documents: dict[tuple[str, str], dict[str, Any]] = {}
        self.requests: list[list[Action]] = []
        self.arrived = asyncio.Event()
        self.faults: deque[Fault | None] = deque()
        self.down: OpenSearchError | None = None
        self.seconds = 0.0
        self.most_bytes = 100 << 20
        self.most_at_once = 0
        self.largest = 0
        self.before_answer: Callable[[], None] = lambda: None
        self.looks: list[list[str]] = []
        self.looked_in: set[str] = set()
        self._indices: dict[str, list[BackingIndex]] = {}
        self._where: dict[tuple[str, str], list[str]] = {}
        self._at_once = 0
        self._item: Callable[[Action], int] = lambda _: 201
        self._reason: Callable[[Action], str | None] = lambda _: None
        self._poison: Callable[[Action], bool] = lambda _: False

    def answer(self, status: Callable[[Action], int]) -> None:
        """Let a function give the status of each document; 201 means that it is created unless it is there already."""
        self._item = status

    def refuse(self, reason: Callable[[Action], str | None]) -> None:
        """Refuse (400) each document that a function gives a reason for."""
        self._reason = reason

    def refuse_whole(self, poison: Callable[[Action], bool]) -> None:
        """Refuse every body as a whole (400) that holds such a document, as a line feed in a document does."""
        self._poison = poison

    async def bulk(self, body: BulkBody) -> list[Item]:
        """Take a body."""
        actions = _actions(body)
        self.requests.append(actions)
        self.arrived.set()
        self.largest = max(self.largest, len(body.data))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await asyncio.sleep(self.seconds)
            if self.down is not None:
                raise self.down
            fault = self.faults.popleft() if self.faults else None
            if fault and not fault.applied:
                raise fault.error
            if len(body.data) > self.most_bytes:
                raise BulkRejected(413, "entity content is too large")
            if any(map(self._poison, actions)):
                raise BulkRejected(400, "Malformed action/metadata line")
            items = [self._create(action) for action in actions]
            self.before_answer()
            if fault:
                raise fault.error
            return items
        finally:
            self._at_once -= 1

    def roll_over(self, stream: str, now: datetime) -> None:
        """Begin a new backing index."""
        indices = self._indices.setdefault(stream, [])
        indices.append(BackingIndex(f".ds-{stream}-{len(indices) + 1:06}", now))

    def rename(self, stream: str, name: str) -> None:
        """Give the oldest backing index another name, as a shrink does."""
        old = self._indices[stream][0]
        self._indices[stream][0] = BackingIndex(name, old.created)
        for where in self._where.values():
            where[:] = [name if index == old.name else index for index in where]

    def copies(self, stream: str, id_: str) -> list[str]:
        """Give the backing indices that have a document."""
        return self._where.get((stream, id_), [])

    async def of(self, stream: str) -> list[BackingIndex]:
        """Give the backing indices of a data stream."""
        return list(self._indices.get(stream, ()))

    async def present(self, indices: Sequence[str], ids: Sequence[str]) -> dict[str, set[str]]:
        """Tell which of these indices have which documents."""
        await asyncio.sleep(0)
        if self.down is not None:
            raise self.down
        self.looks.append(list(ids))
        self.looked_in.update(indices)
        found = {id_: set(where) & set(indices) for (_, id_), where in self._where.items() if id_ in ids}
        return {id_: where for id_, where in found.items() if where}

    async def written(self, index: str, ids: Sequence[str]) -> set[str]:
        """Tell which documents an index has."""
        await asyncio.sleep(0)
        if self.down is not None:
            raise self.down
        return {id_ for (_, id_), where in self._where.items() if id_ in ids and index in where}

    async def withdraw(self, index: str, id_: str) -> None:
        """Take a document out of one index."""
        await asyncio.sleep(0)
        if self.down is not None:
            raise self.down
        for (_, one), where in self._where.items():
            if one == id_ and index in where:
                where.remove(index)

    def _create(self, action: Action) -> Item:
        if (reason := self._reason(action)) is not None:
            return Item(Verdict.REJECTED, 400, reason)
        status = self._item(action)
        if status != 201:
            return Item(_VERDICTS[status], status, f"reason of the {status}")
        if action.index not in self._indices:
            self.roll_over(action.index, datetime.min.replace(tzinfo=UTC))
        index = self._indices[action.index][-1].name
        where = self._where.setdefault((action.index, action.id), [])
        if index in where:
            return Item(Verdict.DUPLICATE, 409, "reason of the 409", index)
        where.append(index)
        self.documents.setdefault((action.index, action.id), action.document)
        return Item(Verdict.CREATED, 201, index=index)


_VERDICTS = {
    201: Verdict.CREATED,
    400: Verdict.REJECTED,
    403: Verdict.BLOCKED,
    404: Verdict.BLOCKED,
    409: Verdict.DUPLICATE,
    429: Verdict.BUSY,
    503: Verdict.BUSY,
}


def _actions(body: BulkBody) -> list[Action]:
    """Read a body as OpenSearch does, line by line; the entries must say the same."""
    *lines, rest = bytes(body.data).split(b"\n")
    assert not rest
    actions = []
    for head, document in zip(lines[::2], lines[1::2], strict=True):
        create = msgspec.json.decode(head)["create"]
        actions.append(Action(create["_index"], create["_id"], msgspec.json.decode(document)))
    assert [body.document(entry) for entry in body.entries] == lines[1::2]
    return actions
