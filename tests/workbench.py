"""
A daemon on fakes: the real pipeline, indexer and heartbeat between a queue, a store and a search engine in memory.

The bench knows every line of every object, so that it can tell at any time whether a message may be deleted, and at the
end whether the metrics add up.
"""

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from fakes import FakeEngine, FakeQueue, FakeStore, StoredObject
from lines import BEGINNING, DOCUMENTS, LINES

from shipper.config import Limits
from shipper.daemon import Daemon
from shipper.deadletter import DeadLetters
from shipper.errors import NotificationError
from shipper.health import Health
from shipper.indexer import Indexer
from shipper.metrics import Metrics
from shipper.notification import parse
from shipper.pipeline import Pipeline
from shipper.queue import Message
from shipper.source import Skip, Sources

BUCKET: Final = "amzn-s3-demo-logs"
DEADLETTERS: Final = "logs-shipper.deadletter-default"
ENTRIES: Final = "logs-shipper.objects-default"
PATIENCE_SECONDS: Final = 100_000.0


def notification(*keys: str, event: str = "ObjectCreated:Put", size: int = 1) -> str:
    """Write what S3 sends of new objects."""
    records = [
        {"eventName": event, "s3": {"bucket": {"name": BUCKET}, "object": {"key": key, "size": size}}} for key in keys
    ]
    return json.dumps({"Records": records})


class Workbench:
    """
    The outside world of daemons, and one that runs in it; see `working`.

    Args:
        last_receive: receives after which an object that is missing or broken becomes a dead letter
        max_receives: of the queue's redrive policy
        visibility_seconds: of the queue
        bulk_bytes, requests, flush_seconds, retry_seconds: of the indexer
        objects: read at once
        object_records: most records of one
        messages, grace_seconds: of the daemon
    """

    def __init__(
        self,
        *,
        last_receive: int = 3,
        max_receives: int | None = 100,
        visibility_seconds: int = 60,
        bulk_bytes: int = 5 << 20,
        requests: int = 4,
        flush_seconds: float = 1.0,
        retry_seconds: float = 300.0,
        objects: int = 8,
        object_records: int = 100_000,
        messages: int = 1000,
        grace_seconds: int = 25,
    ) -> None:
        self.lines: dict[str, list[str]] = {}
        self.lost: list[str] = []
        self.engine = FakeEngine()
        self.store = FakeStore()
        self.queue = FakeQueue(
            visibility_seconds=visibility_seconds, max_receives=max_receives, before_delete=self._judge_deletion
        )
        self.sources = Sources([LINES])
        self._last_receive = last_receive
        self._objects = objects
        self._object_records = object_records
        self._limits = Limits(messages=messages, grace_seconds=grace_seconds)
        self._indexing = {
            "bulk_bytes": bulk_bytes,
            "requests": requests,
            "flush_seconds": flush_seconds,
            "retry_seconds": retry_seconds,
        }

    def start(self, *queues: FakeQueue) -> None:
        """Start a new daemon, as in a new process."""
        self.metrics = Metrics()
        self.health = Health(self.metrics)
        letters = DeadLetters("default")
        indexer = Indexer(
            self.engine,
            self.engine,
            letters,
            self.metrics,
            self.health,
            now=self.now,
            **self._indexing,  # type: ignore[arg-type]
        )
        pipeline = Pipeline(
            sources=self.sources,
            store=self.store,
            indexer=indexer,
            letters=letters,
            metrics=self.metrics,
            namespace="default",
            record_bytes=1 << 20,
            object_records=self._object_records,
            objects=self._objects,
            now=self.now,
        )
        daemon = Daemon(pipeline, indexer, self.metrics, self.health, self._limits)
        self.stop = asyncio.Event()
        work = daemon.run([(queue, self._last_receive) for queue in queues or (self.queue,)], self.stop)
        self.running = asyncio.create_task(work)

    async def end(self) -> float:
        """Tell the daemon to stop and wait for its end; give the seconds it took. Its accounts must be right then."""
        begun = asyncio.get_running_loop().time()
        self.stop.set()
        await self.running
        self.assert_conserved()
        return asyncio.get_running_loop().time() - begun

    @staticmethod
    def now() -> datetime:
        """Give the time of day on the fake clock."""
        return datetime.fromtimestamp(BEGINNING.timestamp() + asyncio.get_running_loop().time(), UTC)

    # -- what goes in --------------------------------------------------------------------------------------------------

    def put(self, key: str, lines: Iterable[str] | int = 3, *, zipped: bool = False) -> StoredObject:
        """Store an object; a number makes so many lines."""
        self.lines[key] = [f"line {number}" for number in range(lines)] if isinstance(lines, int) else list(lines)
        data = "".join(f"{line}\n" for line in self.lines[key]).encode()
        self.store.objects[key] = StoredObject(gzip.compress(data, mtime=0) if zipped else data)
        return self.store.objects[key]

    def announce(self, *keys: str) -> str:
        """Put a message about objects into the queue; gives its id."""
        return self.queue.send(notification(*keys))

    # -- what comes out ------------------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], object]) -> None:
        """Let time pass until something is so; looks again after a quarter of a second, and then ever less often."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        pause = 0.25
        while not condition():
            assert asyncio.get_running_loop().time() < deadline, "it did not come to pass"
            await asyncio.sleep(pause)
            pause = min(1.02 * pause, 5.0)

    @staticmethod
    async def turns_until(condition: Callable[[], object]) -> int:
        """Give all other tasks their turn until something is so; give how often."""
        turns = 0
        while not condition():
            await asyncio.sleep(0)
            turns += 1
        return turns

    async def until_done(self) -> None:
        """Let time pass until no message is left in the queue."""
        await self.until(lambda: not self.queue.messages)

    def messages(self, key: str) -> list[str]:
        """Give the lines of an object that are documents, in order."""
        found = [
            (fields["aws"]["s3"]["object"]["offset"], fields["message"])
            for (index, _), fields in self.engine.documents.items()
            if index == DOCUMENTS and fields["aws"]["s3"]["object"]["key"] == key
        ]
        return [message for _, message in sorted(found)]

    def letters(self) -> list[dict[str, Any]]:
        """Give the `shipper.deadletter` of all dead letters, with the key of the object."""
        return [
            {**fields["shipper"]["deadletter"], "key": fields.get("aws", {}).get("s3", {}).get("object", {}).get("key")}
            for (index, _), fields in self.engine.documents.items()
            if index == DEADLETTERS
        ]

    def entries(self) -> list[dict[str, Any]]:
        """Give the `shipper.object` of all ledger entries, with the key of the object and the reason of an error."""
        return [
            {
                **fields["shipper"]["object"],
                "key": fields["aws"]["s3"]["object"]["key"],
                "error": fields.get("error", {}).get("type"),
            }
            for (index, _), fields in self.engine.documents.items()
            if index == ENTRIES
        ]

    def reasons(self) -> Counter[str]:
        """Count the dead letters by reason."""
        return Counter(letter["reason"] for letter in self.letters())

    def count(self, name: str, **labels: str) -> float:
        """Give the sum of a metric over all label values that are not named."""
        return sum(
            sample.value
            for family in self.metrics.registry.collect()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    # -- promises ------------------------------------------------------------------------------------------------------

    def _judge_deletion(self, message: Message) -> None:
        """Note if a message is deleted whose objects have records that are neither documents nor in a dead letter."""
        try:
            refs = parse(message.body).objects
        except NotificationError:
            if not self.reasons()["notification_unknown"]:
                self.lost.append(f"{message.id}, which nobody understands")
            return
        for ref in refs:
            if not isinstance(self.sources.route(ref), Skip) and (missing := self.missing(ref.key)):
                self.lost.append(f"{message.id} before these lines of {ref.key} were taken: {missing}")

    def missing(self, key: str) -> list[int] | str:
        """Give the positions of an object's lines that are neither documents nor in a dead letter."""
        taken = {
            fields["aws"]["s3"]["object"].get("offset")
            for (index, _), fields in self.engine.documents.items()
            if index != ENTRIES and fields.get("aws", {}).get("s3", {}).get("object", {}).get("key") == key
        }
        if None in taken:  # a dead letter stands for the whole object
            return []
        if key not in self.lines:
            return "all of them"
        lines = enumerate(self.lines[key])
        return [number for number, line in lines if number not in taken and not line.startswith("drop")]

    def assert_conserved(self) -> None:
        """Fail unless nothing was lost, each record that was read has one outcome, and none has two documents."""
        assert not self.lost, f"deleted too early: {self.lost}"
        read = self.count("shipper_records_total", outcome="read")
        assert self.count("shipper_records_total") == 2 * read, "read is not the sum of the other outcomes"
        assert self.count("shipper_imbalance_records") == 0
        assert self.count("shipper_messages_in_flight") == 0
        places = Counter(
            (fields["aws"]["s3"]["object"]["key"], fields["aws"]["s3"]["object"]["offset"])
            for (index, _), fields in self.engine.documents.items()
            if index == DOCUMENTS
        )
        assert not [place for place, count in places.items() if count > 1]
        assert not [key for key in self.engine.documents if len(self.engine.copies(*key)) > 1], "in two backing indices"


@asynccontextmanager
async def working(**knobs: Any) -> AsyncIterator[Workbench]:
    """Run a daemon for as long as the block lasts, then stop it; its promises are checked all the time."""
    bench = Workbench(**knobs)
    bench.start()
    try:
        yield bench
    finally:
        await bench.end()
