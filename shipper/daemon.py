"""The daemon: builds the parts, keeps messages coming, and ends in good order."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

from shipper import lastresort, stopping
from shipper.aws import Session
from shipper.backing import BackingIndices
from shipper.bucket import Bucket
from shipper.config import Limits, Settings
from shipper.consumer import PAUSE_SECONDS, Consumer, InHand
from shipper.deadletter import DeadLetters
from shipper.errors import OpenSearchError
from shipper.health import Health
from shipper.indexer import Indexer
from shipper.install import missing_templates
from shipper.log import Log
from shipper.metrics import Metrics
from shipper.opensearch import OpenSearch, connected
from shipper.pipeline import Pipeline, utc_now
from shipper.product import if_visible
from shipper.queue import BATCH, Queue, SqsQueue
from shipper.source import Sources
from shipper.status import serving

OBJECT_MIB: Final = 8
"""Memory set aside for one object that is read: a block, what its records became, and what is kept of them."""

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
            BackingIndices(engine),
            letters,
            metrics,
            health,
            bulk_bytes=limits.bulk_mib << 20,
            requests=limits.bulk_requests,
            flush_seconds=limits.flush_seconds,
            now=utc_now,
            last_resort=lastresort.LastResort(lastresort.configured(settings.deadletter, session), metrics),
        )
        sources = Sources.discover(
            (*lastresort.own_routes(settings.deadletter), *settings.routes),
            documents=settings.documents,
            settings=settings.sources,
        )
        for problem in sources.broken:
            _log.error("a package's source is broken", problem=problem)
        pipeline = Pipeline(
            sources=sources,
            store=Bucket(session, inflated_bytes=limits.inflated_mib << 20, inflated_ratio=limits.inflated_ratio),
            indexer=indexer,
            letters=letters,
            metrics=metrics,
            namespace=settings.opensearch.namespace,
            record_bytes=limits.record_kib << 10,
            object_records=limits.object_records,
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
            if not missing:
                await _tell_server(engine)
        except OpenSearchError as error:
            health.trouble("templates", str(error))
        else:
            if not missing:
                health.well("templates")
                return True
            health.trouble("templates", f"index templates are missing; run `shipper install`: {', '.join(missing)}")
        await stopping.wait(stop, PAUSE_SECONDS)
    return False


async def _tell_server(engine: OpenSearch) -> None:
    """Log which product and version we ship to."""
    server = await if_visible(engine)
    if server is None:
        _log.warning("product and version are not to be seen")
        return
    _log.info("connected", product=server.product.value, version=server.version)
    if server.too_old:
        _log.warning(server.too_old)


class Daemon:
    """
    Runs the consumers of all queues, and ends them in good order.

    Args:
        pipeline: handles a message
        indexer: is stopped at the end
        metrics: where messages are counted
        health: where it is noted that a queue is out of reach
        limits: of messages in flight, and the grace time
    """

    def __init__(self, pipeline: Pipeline, indexer: Indexer, metrics: Metrics, health: Health, limits: Limits) -> None:
        self._pipeline = pipeline
        self._indexer = indexer
        self._metrics = metrics
        self._health = health
        self._grace_seconds = limits.grace_seconds
        self._in_hand = InHand(limits.messages, lambda: indexer.holding)

    async def run(self, queues: list[tuple[Queue, int]], stop: asyncio.Event) -> None:
        """
        Work until told to stop, then finish what is in hand within the grace time and give the rest back.

        Args:
            queues: each with the number of receives after which a missing or broken object becomes a dead letter
            stop: set from outside
        """
        consumers = [
            Consumer(
                queue,
                max_receives,
                pipeline=self._pipeline,
                in_hand=self._in_hand,
                metrics=self._metrics,
                health=self._health,
            )
            for queue, max_receives in queues
        ]
        beating = [asyncio.create_task(consumer.heartbeat.run()) for consumer in consumers]
        receiving = [asyncio.create_task(consumer.run(stop)) for consumer in consumers]
        try:
            await _first_failure([*receiving, *beating], stop)
        finally:
            stop.set()
            await self._finish(receiving)
            for task in beating:
                task.cancel()
            await _ended(beating)

    async def _finish(self, receiving: list[asyncio.Task[None]]) -> None:
        """Let the messages in hand come to their end; release what the grace time does not suffice for."""
        deadline = asyncio.get_running_loop().time() + self._grace_seconds
        await _ended(receiving)
        tasks = list(self._in_hand.tasks)
        if tasks:
            _log.info("finishing", messages=len(tasks), grace_seconds=self._grace_seconds)
            await asyncio.wait(tasks, timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._indexer.stop()


async def _first_failure(tasks: list[asyncio.Task[None]], stop: asyncio.Event) -> None:
    """
    Wait until told to stop.

    Raises:
        Exception: one of the tasks, which should run until then, failed
    """
    stopping = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    for task in done:
        task.result()


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    """Wait for tasks to end; tell of those that failed, since nobody asks for their result."""
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            _log.error("a fault of our own", result)
