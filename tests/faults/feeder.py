"""Keeps the queue filled, so that a daemon always has work and never more than it can end."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Final

from faults.expectation import ExpectedObject
from faults.journal import Journal
from faults.kinds import Fault
from faults.plan import Plan
from faults.site import BATCH, Site
from faults.stock import Stock

BACKLOG: Final = 80
"""Messages that the queue is kept at, those in hand included."""

_POLL_SECONDS: Final = 0.25


class Feeder:
    """
    Stores objects and announces them.

    Args:
        site: bucket and queue
        stock: where objects come from
        plan: how many are announced twice
        journal: told of these

    Attributes:
        announced: what must become of each object, in order
        waiting: messages that were in the queue when it was last looked at
    """

    def __init__(self, site: Site, stock: Stock, plan: Plan, journal: Journal) -> None:
        self.announced: list[ExpectedObject] = []
        self.waiting = 0
        self._site = site
        self._stock = stock
        self._copies = plan.copies
        self._random = Random(f"messages of {plan.seed}")
        self._journal = journal

    async def run(self, over: Callable[[], bool]) -> None:
        """Fill the queue whenever there is room, until it is over."""
        while not over():
            self.waiting = await self._site.left(self._site.queue_url)
            if self.waiting + BATCH > BACKLOG:
                await asyncio.sleep(_POLL_SECONDS)
            else:
                await self._site.send([body for _ in range(BATCH // 2) for body in await self._messages()])

    async def _messages(self) -> list[str]:
        """Store one to three objects; give the message that announces them, and now and then another one."""
        sizes: dict[str, int] = {}
        for _ in range(self._random.choice((1, 1, 1, 2, 3))):
            # Packing releases the interpreter: the proxies go on meanwhile.
            cargo = await asyncio.to_thread(self._stock.next, datetime.now(UTC))
            await self._site.store(cargo)
            self.announced.append(cargo.expected)
            sizes[cargo.expected.key] = len(cargo.body or b"")
        bodies = [self._site.notification(sizes)]
        if self._random.random() < self._copies:
            bodies.append(bodies[0])
            self._journal.fault(Fault.MESSAGE_DUPLICATED, keys=list(sizes))
        return bodies
