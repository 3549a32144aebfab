"""One queue's messages in hand: received while there is room, kept hidden, and in the end deleted or given back."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any, Final

from shipper import stopping
from shipper.errors import QueueError
from shipper.health import Health
from shipper.heartbeat import Heartbeat
from shipper.log import Log
from shipper.metrics import Metrics
from shipper.pipeline import Outcome, Pipeline
from shipper.queue import BATCH, Message, Queue

FIRST_DELAY_SECONDS: Final = 10
LONGEST_DELAY_SECONDS: Final = 900
PAUSE_SECONDS: Final = 5.0
LAST_MESSAGES_SECONDS: Final = 1.0
RELEASE_SECONDS: Final = 5.0

_log = Log(__name__)


class InHand:
    """
    The messages of all queues that are being handled.

    Args:
        most: messages at once
        is_held: tells whether documents are kept back, so that more messages would be in vain
    """

    def __init__(self, most: int, is_held: Callable[[], bool]) -> None:
        self.most = most
        self.tasks: set[asyncio.Task[None]] = set()
        self._is_held = is_held
        self._ended = asyncio.Event()

    def add(self, task: asyncio.Task[None]) -> None:
        """Count a message for as long as this task handles it."""
        self.tasks.add(task)
        task.add_done_callback(self._end)

    def has_room(self, messages: int) -> bool:
        """Tell whether so many more may be taken in hand; the first ones always: they show when all is well again."""
        if not self.tasks:
            return True
        return len(self.tasks) + messages <= self.most and not self._is_held()

    def ended(self) -> Coroutine[Any, Any, Any]:
        """Wait until one of the messages is done with, counted from the call, not from when the wait begins."""
        self._ended.clear()
        return self._ended.wait()

    def _end(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        self._ended.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a fault of our own; the message comes again", error)


class Consumer:
    """
    Receives the messages of one queue and sees each of them through.

    Args:
        queue: whose messages
        max_receives: receives of a message after which its missing or broken object becomes a dead letter
        pipeline: handles a message
        in_hand: the messages of this and other queues
        metrics: where messages are counted
        health: where it is noted that the queue is out of reach
    """

    def __init__(
        self,
        queue: Queue,
        max_receives: int,
        *,
        pipeline: Pipeline,
        in_hand: InHand,
        metrics: Metrics,
        health: Health,
    ) -> None:
        self.heartbeat = Heartbeat(queue, metrics)
        self._queue = queue
        self._max_receives = max_receives
        self._pipeline = pipeline
        self._in_hand = in_hand
        self._metrics = metrics
        self._health = health
        self._part = f"queue {queue.name}"

    async def run(self, stop: asyncio.Event) -> None:
        """Receive messages for as long as there is room for them, until told to stop."""
        keep_unknown = await self._has_redrive(stop)
        most = min(BATCH, self._in_hand.most)
        while not stop.is_set():
            if not self._in_hand.has_room(most):
                # OpenSearch may be well again although no message is done with: so now and then we look.
                await stopping.either(asyncio.wait_for(self._in_hand.ended(), PAUSE_SECONDS), stop)
                continue
            messages = await self._received(most, stop)
            if stop.is_set():
                await asyncio.gather(*(self._release(message, 0) for message in messages))
                return
            for message in messages:
                self._in_hand.add(asyncio.create_task(self._handle(message, keep_unknown=keep_unknown)))

    async def _has_redrive(self, stop: asyncio.Event) -> bool:
        """Ask the queue until it answers."""
        while not stop.is_set():
            try:
                has_redrive = await self._queue.has_redrive()
            except QueueError as error:
                self._health.trouble(self._part, str(error))
                await stopping.wait(stop, PAUSE_SECONDS)
            else:
                self._health.well(self._part)
                if not has_redrive:
                    _log.warning("no redrive policy: unknown messages become dead letters", queue=self._queue.name)
                return has_redrive
        return True

    async def _received(self, most: int, stop: asyncio.Event) -> list[Message]:
        """Wait for messages. When told to stop, those that are on their way have a moment to arrive."""
        receiving = asyncio.create_task(self._queue.receive(most))
        await stopping.either(asyncio.wait([receiving]), stop)
        await asyncio.wait([receiving], timeout=LAST_MESSAGES_SECONDS)
        if receiving.cancel():
            await asyncio.wait([receiving])
        if receiving.cancelled():
            return []
        try:
            messages = receiving.result()
        except QueueError as error:
            self._health.trouble(self._part, str(error))
            await stopping.wait(stop, PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 -- jitter, not a secret
            return []
        self._health.well(self._part)
        return messages

    async def _handle(self, message: Message, *, keep_unknown: bool) -> None:
        """See one message through to its outcome."""
        in_flight = self._metrics.messages_in_flight.labels(self._queue.name)
        in_flight.inc()
        last_receive = message.receive_count >= self._max_receives
        delay = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** min(message.receive_count - 1, 10))
        outcome = Outcome.ERRORED
        try:
            with self.heartbeat.holding(message):
                outcome = await self._pipeline.handle(
                    message, last_receive=last_receive, keep_unknown=keep_unknown or not last_receive
                )
                if outcome is Outcome.DELIVERED:
                    await self._acknowledge(message)
        except asyncio.CancelledError:
            delay = 0
            raise
        except Exception as error:  # noqa: BLE001 -- a fault of our own must not stop other messages
            _log.error("a fault of our own; the message is given back", error, message_id=message.id)
            outcome = Outcome.ERRORED
        finally:
            # Behind the last heartbeat, which would hide the message again. What is rejected reappears by itself.
            if outcome is Outcome.ERRORED:
                await self._release(message, delay)
            self._metrics.messages.labels(self._queue.name, outcome.value).inc()
            in_flight.dec()

    async def _acknowledge(self, message: Message) -> None:
        try:
            await self._queue.acknowledge(message)
        except QueueError as error:
            _log.warning("not deleted; it comes again", queue=self._queue.name, message_id=message.id, error=error)

    async def _release(self, message: Message, delay: int) -> None:
        """Give a message back if that does not take long; else it reappears when its visibility ends."""
        try:
            async with asyncio.timeout(RELEASE_SECONDS), self.heartbeat.between_beats():
                await self._queue.release(message, delay_seconds=delay)
        except (QueueError, TimeoutError) as error:
            _log.warning("not given back", queue=self._queue.name, message_id=message.id, error=error)
