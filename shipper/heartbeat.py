"""Keeping messages hidden from other consumers for as long as we work on them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from shipper.errors import QueueError
from shipper.log import Log
from shipper.metrics import Metrics
from shipper.queue import Message, Queue

BEATS: Final = 4
"""Beats in one visibility time: two of them in a row may fail before a message appears again."""

_log = Log(__name__)


class Heartbeat:
    """
    Extends the visibility of all messages of a queue that are in hand.

    Args:
        queue: whose messages
        metrics: where extensions are counted
    """

    def __init__(self, queue: Queue, metrics: Metrics) -> None:
        self._queue = queue
        self._extensions = metrics.visibility_extensions
        self._held: dict[str, Message] = {}

    @contextmanager
    def holding(self, message: Message) -> Iterator[None]:
        """Keep a message hidden until its outcome stands."""
        self._held[message.receipt_handle] = message
        try:
            yield
        finally:
            del self._held[message.receipt_handle]

    async def run(self) -> None:
        """Beat for ever."""
        while True:
            await asyncio.sleep(self._queue.visibility_seconds / BEATS)
            await self.beat()

    async def beat(self) -> None:
        """Extend the visibility of all messages in hand."""
        messages = list(self._held.values())
        if not messages:
            return
        try:
            failed = await self._queue.extend(messages)
        except QueueError as error:
            self._count("failed", len(messages))
            _log.warning("visibility not extended", queue=self._queue.name, messages=len(messages), error=error)
            return
        # What was deleted or given back in the meantime could not be extended, and need not be.
        lost = [message for message in failed if message.receipt_handle in self._held]
        self._count("extended", len(messages) - len(failed))
        self._count("lost", len(lost))
        if lost:
            _log.warning("messages have become visible to others", queue=self._queue.name, messages=len(lost))

    def _count(self, outcome: str, messages: int) -> None:
        self._extensions.labels(self._queue.name, outcome).inc(messages)
