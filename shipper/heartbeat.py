"""Keeping messages hidden from other consumers for as long as we work on them."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from shipper.errors import QueueError
from shipper.log import Log
from shipper.metrics import Metrics
from shipper.queue import Message, Queue

BEATS: Final = 3
"""Extensions in one visibility time: two of them may fail before a message appears again."""

_log = Log(__name__)


class Heartbeat:
    """
    Extends the visibility of all messages of a queue that are in hand.

    Args:
        queue: whose messages
        metrics: where extensions are counted
        clock: seconds that only grow
        pause: waits
    """

    def __init__(
        self,
        queue: Queue,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self._queue = queue
        self._metrics = metrics
        self._clock = clock
        self._pause = pause
        self._held: dict[str, tuple[Message, float]] = {}

    @contextmanager
    def holding(self, message: Message) -> Iterator[None]:
        """Keep a message hidden until its outcome stands."""
        self._held[message.receipt_handle] = (message, self._clock())
        try:
            yield
        finally:
            del self._held[message.receipt_handle]

    async def run(self) -> None:
        """Beat for ever."""
        period = self._queue.visibility_seconds / BEATS
        while True:
            await self._pause(period / 2)
            await self.beat()

    async def beat(self) -> None:
        """Extend the visibility of each message whose turn it is."""
        now = self._clock()
        period = self._queue.visibility_seconds / BEATS
        due = [message for message, extended in self._held.values() if now - extended >= period / 2]
        if not due:
            return
        count = self._metrics.visibility_extensions
        try:
            failed = await self._queue.extend(due)
        except QueueError as error:
            count.labels(self._queue.name, "failed").inc(len(due))
            _log.warning("visibility of messages not extended", queue=self._queue.name, count=len(due), error=error)
            return
        count.labels(self._queue.name, "extended").inc(len(due) - len(failed))
        if failed:
            count.labels(self._queue.name, "lost").inc(len(failed))
            _log.warning("visibility of messages lost", queue=self._queue.name, count=len(failed))
        lost = {message.receipt_handle for message in failed}
        for message in due:
            if message.receipt_handle in self._held and message.receipt_handle not in lost:
                self._held[message.receipt_handle] = (message, now)
