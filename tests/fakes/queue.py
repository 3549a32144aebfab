"""SQS in memory."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shipper.errors import QueueError
from shipper.queue import Message


@dataclass
class Stored:
    """A message as the queue keeps it; its receipt handle is that of the latest receive."""

    id: str
    body: str
    sent: float
    visible: float
    receives: int = 0
    handle: str = ""


class FakeQueue:
    """
    An SQS queue; see `shipper.queue.Queue`.

    Args:
        name: of the queue
        visibility_seconds: how long a message is hidden after a receive or an extension
        wait_seconds: of long polling
        max_receives: of its redrive policy; None if it has none
        before_delete: told of each message before it is deleted, to judge whether that is too early

    Attributes:
        messages: what is in the queue, by id
        deleted: ids of acknowledged messages
        dead: messages that the redrive policy moved away
        released: id, delay and time of each release
        calls: number of requests, by kind
        faults: errors of the next requests, by kind; None for one that succeeds
        seconds: how long a request takes, by kind
    """

    def __init__(
        self,
        name: str = "queue",
        *,
        visibility_seconds: int = 60,
        wait_seconds: float = 20,
        max_receives: int | None = None,
        before_delete: Callable[[Message], None] = lambda _: None,
    ) -> None:
        self.name = name
        self.visibility_seconds = visibility_seconds
        self.messages: dict[str, Stored] = {}
        self.deleted: list[str] = []
        self.dead: list[Stored] = []
        self.released: list[tuple[str, int, float]] = []
        self.calls: Counter[str] = Counter()
        self.faults: defaultdict[str, deque[Exception | None]] = defaultdict(deque)
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._wait_seconds = wait_seconds
        self._max_receives = max_receives
        self._before_delete = before_delete
        self._arrived = asyncio.Event()
        self._sent = 0

    def send(self, body: str) -> str:
        """Put a message into the queue; gives its id."""
        self._sent += 1
        id_ = f"message-{self._sent}"
        self.messages[id_] = Stored(id_, body, _now(), _now())
        self._arrived.set()
        return id_

    async def has_redrive(self) -> bool:
        """Tell whether there is a redrive policy."""
        await self._called("has_redrive")
        return self._max_receives is not None

    async def receive(self, most: int) -> list[Message]:
        """Wait for messages."""
        await self._called("receive")
        deadline = _now() + self._wait_seconds
        while not (visible := self._visible()) and _now() < deadline:
            self._arrived.clear()
            wake = min([deadline, *(message.visible for message in self.messages.values())])
            try:
                async with asyncio.timeout_at(wake):
                    await self._arrived.wait()
            except TimeoutError:
                continue
        return [self._hand_out(message) for message in visible[:most]]

    async def acknowledge(self, message: Message) -> None:
        """Delete a message; like SQS, do nothing and say nothing when the receipt is an old one."""
        await self._called("acknowledge")
        stored = self.messages.get(message.id)
        if stored is not None and stored.handle == message.receipt_handle:
            self._before_delete(message)
            self.deleted.append(message.id)
            del self.messages[message.id]

    async def release(self, message: Message, *, delay_seconds: int) -> None:
        """Give a message back."""
        await self._called("release")
        self._in_flight(message).visible = _now() + delay_seconds
        self.released.append((message.id, delay_seconds, _now()))
        self._arrived.set()

    async def extend(self, messages: Sequence[Message]) -> list[Message]:
        """Hide messages for another period."""
        await self._called("extend")
        failed = []
        for message in messages:
            try:
                self._in_flight(message).visible = _now() + self.visibility_seconds
            except QueueError:
                failed.append(message)
        return failed

    async def _called(self, kind: str) -> None:
        self.calls[kind] += 1
        await asyncio.sleep(self.seconds[kind])
        fault = self.faults[kind].popleft() if self.faults[kind] else None
        if fault is not None:
            raise fault

    def _in_flight(self, message: Message) -> Stored:
        stored = self.messages.get(message.id)
        if stored is None or stored.handle != message.receipt_handle or stored.visible <= _now():
            raise QueueError(f"{message.id} is not in flight under this receipt handle")
        return stored

    def _visible(self) -> list[Stored]:
        """What can be received now; the redrive policy takes away what was received too often."""
        visible = [message for message in self.messages.values() if message.visible <= _now()]
        if self._max_receives is not None:
            for message in visible:
                if message.receives >= self._max_receives:
                    self.dead.append(self.messages.pop(message.id))
        return [message for message in visible if message.id in self.messages]

    def _hand_out(self, stored: Stored) -> Message:
        stored.receives += 1
        stored.handle = f"{stored.id}-receipt-{stored.receives}"
        stored.visible = _now() + self.visibility_seconds
        return Message(
            id=stored.id,
            receipt_handle=stored.handle,
            body=stored.body,
            sent_at=datetime.fromtimestamp(stored.sent, UTC),
            receive_count=stored.receives,
        )


def _now() -> float:
    return asyncio.get_running_loop().time()
