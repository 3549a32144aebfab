"""An indexer before a fake search engine, and an account to index for."""

import asyncio
import json
from datetime import datetime
from typing import Any

from fakes import Action, FakeEngine
from lines import BEGINNING

from shipper.deadletter import DeadLetters, Place
from shipper.health import Health
from shipper.indexer import Indexer
from shipper.metrics import Metrics
from shipper.notification import ObjectRef
from shipper.tally import Tally

INDEX = "logs-test-default"


class Desk:
    """
    What delivery needs, ready made.

    Args:
        engine: that other daemons have used before; a new one by default
        knobs: of the indexer, where they differ from the daemon's
    """

    def __init__(self, engine: FakeEngine | None = None, **knobs: Any) -> None:
        self.engine = engine or FakeEngine()
        self.metrics = Metrics()
        self.health = Health(self.metrics)
        self.letters = DeadLetters("default")
        self.indexer = Indexer(
            self.engine,
            self.engine,
            self.letters,
            self.metrics,
            self.health,
            **{"bulk_bytes": 5 << 20, "requests": 4, "flush_seconds": 1.0, "now": lambda: BEGINNING, **knobs},
        )

    @staticmethod
    def tally(key: str = "key") -> Tally:
        """Open the account of an object."""
        return Tally(Place(dataset="test", object=ObjectRef(bucket="bucket", key=key), version="v1"))

    def add(
        self, tally: Tally, *ids: str, index: str = INDEX, padding: int = 0, time: datetime | None = BEGINNING
    ) -> None:
        """Read records and hand their documents to the indexer."""
        for id_ in ids:
            document = json.dumps({"name": id_, "padding": "x" * padding}).encode()
            self.indexer.add(index, id_, document, tally, tally.read, time=time)
            tally.read += 1

    async def deliver(self, *ids: str) -> Tally:
        """Deliver documents of one object until each has an outcome."""
        tally = self.tally()
        self.add(tally, *ids)
        await self.indexer.drain()
        await tally.settled()
        return tally

    async def next_request(self) -> None:
        """Let time pass until another request is made."""
        self.engine.arrived.clear()
        await self.engine.arrived.wait()

    @property
    def sent(self) -> list[list[str]]:
        """Ids of the documents of each request, dead letters as `dead`."""
        return [
            [action.id if action.index == INDEX else "dead" for action in request] for request in self.engine.requests
        ]

    @property
    def concurrency(self) -> float | None:
        """How many requests may be made at once."""
        return self.metrics.registry.get_sample_value("shipper_bulk_concurrency")

    @property
    def created(self) -> list[str]:
        """Ids of the documents that were created, in order."""
        return [id_ for index, id_ in self.engine.documents if index == INDEX]

    @property
    def dead(self) -> list[dict[str, Any]]:
        """All dead letters."""
        return [document for (index, _), document in self.engine.documents.items() if index == self.letters.index]


def outcomes(tally: Tally) -> tuple[int, int, int, int]:
    """Give how many records were indexed, duplicates, dead-lettered and released."""
    return tally.indexed, tally.duplicates, tally.dead_lettered, tally.released


def named(*ids: str) -> Any:
    """Tell whether an action is for one of these documents."""
    return lambda action: action.id in ids


def is_letter(action: Action) -> bool:
    """Tell whether an action is for a dead letter."""
    return action.index != INDEX


async def turns(count: int = 20) -> None:
    """Give other tasks their turn."""
    for _ in range(count):
        await asyncio.sleep(0)
