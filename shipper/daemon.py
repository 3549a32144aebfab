"""The daemon: builds the parts, keeps messages coming, and ends in good order."""

import asyncio
import random
import signal
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, Final

from shipper.aws import Session
from shipper.bucket import Bucket
from shipper.config import Limits, Settings
from shipper.deadletter import DeadLetters
from shipper.errors import OpenSearchError, QueueError
from shipper.health import Health
from shipper.heartbeat import Heartbeat
from shipper.indexer import Indexer
from shipper.install import missing_templates
from shipper.log import Log
from shipper.metrics import Metrics
from shipper.opensearch import OpenSearch, connected
from shipper.pipeline import Outcome, Pipeline, utc_now
from shipper.queue import BATCH, Message, Queue, SqsQueue
from shipper.source import Sources
from shipper.status import serving

OBJECT_MIB: Final = 8
"""Memory set aside for one object that is read: a block, what its records became, and what is kept of them for a while."""

FIRST_DELAY_SECONDS: Final = 10
LONGEST_DELAY_SECONDS: Final = 900
PAUSE_SECONDS: Final = 5.0
LAST_MESSAGES_SECONDS: Final = 1.0
RELEASE_SECONDS: Final = 5.0

_log = Log(__name__)


def objects_at_once(limits: Limits) -> int:
    """Give how many objects may be read at once, so that they and the bulk bodies stay inside the memory budget."""
    bodies = 2 * limits.bulk_requests * limits.bulk_mib
    return max(1, (limits.memory_mib - bodies) // OBJECT_MIB)


async def run(settings: Settings, *, started: Callable[[str], None] = lambda _: None) -> None:
    """
    Run until SIGTERM or SIGINT.

    Args:
        settings: all of them
        started: told the address of the metrics

    Raises:
        ConfigError: a part cannot be built as configured
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    metrics = Metrics()
    health = Health(metrics)
    limits = settings.limits
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(settings.metrics, metrics, health))
        started(url)
        engine = await stack.enter_async_context(connected(settings.opensearch))
        session = await stack.enter_async_context(Session(settings.aws, connections=objects_at_once(limits) + BATCH))
        letters = DeadLetters(settings.opensearch.namespace)
        indexer = Indexer(
            engine,
            letters,
            metrics,
            health,
            bulk_bytes=limits.bulk_mib << 20,
            requests=limits.bulk_requests,
            flush_seconds=limits.flush_seconds,
            now=utc_now,
        )
        pipeline = Pipeline(
            sources=Sources.discover(),
            store=Bucket(session, inflated_bytes=limits.inflated_mib << 20),
            indexer=indexer,
            letters=letters,
            metrics=metrics,
            namespace=settings.opensearch.namespace,
            record_bytes=limits.record_kib << 10,
            objects=objects_at_once(limits),
        )
        daemon = Daemon(pipeline, indexer, metrics, health, limits)
        _log.info("started", metrics=url, queues=len(settings.queues))
        if await _templates_installed(engine, health, stop):
            await daemon.run([(SqsQueue(session, queue), queue.max_receives) for queue in settings.queues], stop)
    _log.info("stopped")


async def _templates_installed(engine: OpenSearch, health: Health, stop: asyncio.Event) -> bool:
    """Wait for the index templates: without them OpenSearch would guess every field's type. False when told to stop."""
    while not stop.is_set():
        try:
            missing = await missing_templates(engine)
        except OpenSearchError as error:
            health.trouble("templates", str(error))
        else:
            if not missing:
                health.well("templates")
                return True
            health.trouble("templates", f"index templates are missing; run `shipper install`: {', '.join(missing)}")
        await _wait(stop, PAUSE_SECONDS)
    return False


class Daemon:
    """
    Receives messages and sees each of them through.

    Args:
        pipeline: handles a message
        indexer: is drained at the end
        metrics: where messages are counted
        health: where it is noted that a queue is out of reach
        limits: of messages in flight, and the grace time
    """

    def __init__(self, pipeline: Pipeline, indexer: Indexer, metrics: Metrics, health: Health, limits: Limits) -> None:
        self._pipeline = pipeline
        self._indexer = indexer
        self._metrics = metrics
        self._health = health
        self._limits = limits
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()

    async def run(self, queues: list[tuple[Queue, int]], stop: asyncio.Event) -> None:
        """
        Work until told to stop, then finish what is in hand within the grace time and give the rest back.

        Args:
            queues: each with the number of receives after which a missing or broken object becomes a dead letter
            stop: set from outside
        """
        hearts = [Heartbeat(queue, self._metrics) for queue, _ in queues]
        beating = [asyncio.create_task(heart.run()) for heart in hearts]
        receiving = [
            asyncio.create_task(self._receive(queue, heart, max_receives, stop))
            for (queue, max_receives), heart in zip(queues, hearts, strict=True)
        ]
        try:
            await _first_failure([*receiving, *beating], stop)
        finally:
            stop.set()
            await asyncio.gather(*receiving, return_exceptions=True)
            await self._finish()
            for task in beating:
                task.cancel()
            await asyncio.gather(*beating, return_exceptions=True)

    async def _finish(self) -> None:
        """Let the messages in hand come to their end; release what the grace time does not suffice for."""
        if self._tasks:
            _log.info("finishing", messages=len(self._tasks), grace_seconds=self._limits.grace_seconds)
            await asyncio.wait(self._tasks, timeout=self._limits.grace_seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._indexer.stop()

    async def _receive(self, queue: Queue, heart: Heartbeat, max_receives: int, stop: asyncio.Event) -> None:
        """Receive messages of one queue for as long as there is room for them."""
        keep_unknown = await self._has_redrive(queue, stop)
        while not stop.is_set():
            if not self._has_room():
                self._room.clear()
                await _either(self._room.wait(), stop)
                continue
            messages = await self._received(queue, stop)
            for message in messages:
                if stop.is_set():
                    await self._release(queue, message, 0)
                    continue
                work = self._handle(queue, heart, message, max_receives=max_receives, keep_unknown=keep_unknown)
                task = asyncio.create_task(work)
                self._tasks.add(task)
                task.add_done_callback(self._ended)
                self._metrics.messages_in_flight.labels(queue.name).inc()

    def _has_room(self) -> bool:
        """Whether more messages may be taken in hand: not while those in hand wait for OpenSearch."""
        if not self._tasks:
            return True
        return len(self._tasks) + BATCH <= self._limits.messages and "opensearch" not in self._health.problems

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.set()

    async def _has_redrive(self, queue: Queue, stop: asyncio.Event) -> bool:
        """Ask the queue until it answers."""
        while not stop.is_set():
            try:
                has_redrive = await queue.has_redrive()
            except QueueError as error:
                self._health.trouble(f"queue {queue.name}", str(error))
                await _wait(stop, PAUSE_SECONDS)
            else:
                if not has_redrive:
                    _log.warning("queue without redrive policy: unknown messages become dead letters", queue=queue.name)
                return has_redrive
        return True

    async def _received(self, queue: Queue, stop: asyncio.Event) -> list[Message]:
        """Wait for messages. When told to stop, those that are on their way have a moment to arrive."""
        receiving = asyncio.create_task(queue.receive())
        await _either(asyncio.wait([receiving]), stop)
        if not receiving.done():
            await asyncio.wait([receiving], timeout=LAST_MESSAGES_SECONDS)
        if not receiving.done():
            receiving.cancel()
            await asyncio.wait([receiving])
            return []
        try:
            messages = receiving.result()
        except QueueError as error:
            self._health.trouble(f"queue {queue.name}", str(error))
            await _wait(stop, PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 -- jitter, not a secret
            return []
        self._health.well(f"queue {queue.name}")
        return messages

    async def _handle(
        self, queue: Queue, heart: Heartbeat, message: Message, *, max_receives: int, keep_unknown: bool
    ) -> None:
        """See one message through to its outcome."""
        last_receive = message.receive_count >= max_receives
        with heart.holding(message):
            try:
                outcome = await self._pipeline.handle(
                    message, last_receive=last_receive, keep_unknown=keep_unknown or not last_receive
                )
            except asyncio.CancelledError:
                await asyncio.wait_for(self._release(queue, message, 0), RELEASE_SECONDS)
                raise
            except Exception as error:  # noqa: BLE001 -- a fault of our own must not stop other messages
                _log.error("a fault of our own; the message is given back", error, message_id=message.id)
                outcome = Outcome.ERRORED
            await self._conclude(queue, message, outcome)
        self._metrics.messages.labels(queue.name, outcome.value).inc()
        self._metrics.messages_in_flight.labels(queue.name).dec()

    async def _conclude(self, queue: Queue, message: Message, outcome: Outcome) -> None:
        """Delete a message, or give it back; what is rejected reappears when its visibility ends."""
        if outcome is Outcome.DELIVERED:
            try:
                await queue.acknowledge(message)
            except QueueError as error:
                _log.warning(
                    "message not deleted; it comes again", queue=queue.name, message_id=message.id, error=error
                )
        elif outcome is Outcome.ERRORED:
            delay = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** min(message.receive_count - 1, 10))
            await self._release(queue, message, delay)

    async def _release(self, queue: Queue, message: Message, delay: int) -> None:
        try:
            await queue.release(message, delay_seconds=delay)
        except QueueError as error:
            _log.warning("message not given back", queue=queue.name, message_id=message.id, error=error)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    """Wait for some time, or until told to stop."""
    await _either(asyncio.sleep(seconds), stop)


async def _either(work: Coroutine[Any, Any, Any], stop: asyncio.Event) -> None:
    """Wait for some work, or until told to stop; then the work is cancelled."""
    tasks = [asyncio.create_task(work), asyncio.create_task(stop.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _first_failure(tasks: list[asyncio.Task[None]], stop: asyncio.Event) -> None:
    """
    Wait until told to stop.

    Raises:
        Exception: one of the tasks, which should run until then, failed
    """
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for task in done:
        task.result()
