"""Keeping messages hidden from other consumers for as long as we work on them."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from shipper.errors import QueueError
from shipper.log import Log
from shipper.metrics import Metrics
from shipper.queue import Message, Queue

BEATS: Final = 4
"""Beats in one visibility time: two of them in a row may fail before a message appears again."""

SOONER: Final = 3
"""How much sooner than usual a beat comes that follows one that failed."""

LONGEST_SECONDS: Final = 43_200
"""
SQS hides a message for 12 hours at most, counted from its receive, and refuses to extend it beyond.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

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
        self._beating = asyncio.Lock()
        self._held: dict[str, tuple[Message, float]] = {}  # since when, by receipt handle

    @contextmanager
    def holding(self, message: Message) -> Iterator[None]:
        """Keep a message hidden until its outcome stands."""
        self._held[message.receipt_handle] = message, asyncio.get_running_loop().time()
        try:
            yield
        finally:
            self._held.pop(message.receipt_handle, None)

    async def run(self) -> None:
        """Beat for ever: somewhat unevenly, so that many daemons do not beat together, and sooner after a failure."""
        pause = self._queue.visibility_seconds / BEATS
        next_pause = pause
        while True:
            await asyncio.sleep(next_pause * random.uniform(0.8, 1.0))  # noqa: S311 -- jitter, not a secret
            next_pause = pause if await self.beat() else pause / SOONER

    @asynccontextmanager
    async def between_beats(self) -> AsyncIterator[None]:
        """Do something that an extension under way must not undo."""
        async with self._beating:
            yield

    async def beat(self) -> bool:
        """Extend the visibility of all messages in hand; tell whether that succeeded."""
        async with self._beating:
            return await self._extend()

    async def _extend(self) -> bool:
        self._let_go_of_oldest()
        messages = [message for message, _ in self._held.values()]
        if not messages:
            return True
        try:
            lost = await self._queue.extend(messages)
        except QueueError as error:
            self._count("failed", len(messages))
            _log.warning("visibility not extended", queue=self._queue.name, messages=len(messages), error=error)
            return False
        # What was deleted or given back in the meantime could not be extended, and need not be.
        gone = [message for message in lost if self._held.pop(message.receipt_handle, None)]
        self._count("extended", len(messages) - len(lost))
        self._count("lost", len(gone))
        if gone:
            _log.warning("messages have become visible to others", queue=self._queue.name, messages=len(gone))
        return True

    def _let_go_of_oldest(self) -> None:
        """Extend no more what SQS will not; the work on it goes on, and finds duplicates if others have done it."""
        latest = asyncio.get_running_loop().time() + self._queue.visibility_seconds - LONGEST_SECONDS
        oldest = [handle for handle, (_, since) in self._held.items() if since <= latest]
        for handle in oldest:
            del self._held[handle]
        self._count("expired", len(oldest))
        if oldest:
            _log.warning("messages cannot be hidden any longer", queue=self._queue.name, messages=len(oldest))

    def _count(self, outcome: str, messages: int) -> None:
        self._extensions.labels(self._queue.name, outcome).inc(messages)
