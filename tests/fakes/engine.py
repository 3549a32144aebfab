"""OpenSearch in memory, as far as bulk requests go."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

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
    OpenSearch; see `shipper.opensearch.SearchEngine`.

    Attributes:
        documents: what was created, by index and id
        requests: all requests that arrived
        arrived: set when one arrives
        faults: what goes wrong with the next requests, one each; nothing does where it is None
        down: raised by every request while it is set
        seconds: how long a request takes
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
            if fault:
                raise fault.error
            return items
        finally:
            self._at_once -= 1

    def _create(self, action: Action) -> Item:
        if (reason := self._reason(action)) is not None:
            return Item(Verdict.REJECTED, 400, reason)
        status = self._item(action)
        if status == 201 and (action.index, action.id) in self.documents:
            status = 409
        if status == 201:
            self.documents[action.index, action.id] = action.document
        return Item(_VERDICTS[status], status, "" if status == 201 else f"reason of the {status}")


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
