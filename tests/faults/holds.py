"""
Who has which message in hand, as the proxy sees it.

moto takes any receipt handle that it ever gave; SQS only the newest. And a visibility of 30 s, the shortest that the
shipper has, is long for a test: a message whose holder is dead, or whose deletion was made to fail, is made visible a
moment later instead.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from msgspec import Struct

from faults.journal import Journal

EXTENSION_SECONDS: Final = 13.0
"""
Longest that a living daemon may hold a message without asking for more time.

It beats four times in 30 s of visibility; this allows for a beat that is late or lost.
"""

ORPHAN_SECONDS: Final = 0.7
"""How long after its holder's end a message becomes visible."""


class Hold(Struct):
    """
    One receive.

    Attributes:
        message: id of the message
        daemon: that received it
        asked: when it last asked for time, the receive included
        over: whether it has been deleted or given back, or nobody holds it any more
    """

    message: str
    daemon: str
    asked: float
    over: bool = False


class Holds:
    """
    The receives of one queue.

    Args:
        show: makes the message of a receipt handle visible at once
        journal: told what lapses
    """

    def __init__(self, show: Callable[[str], Awaitable[None]], journal: Journal) -> None:
        self.unextended: list[str] = []
        self._show = show
        self._journal = journal
        self._holds: dict[str, Hold] = {}
        self._newest: dict[str, str] = {}
        self._receives: dict[str, int] = {}
        self._gone: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def received(self, daemon: str, message: dict[str, Any]) -> None:
        """Note a message of an answer to ReceiveMessage."""
        handle, id_ = message["ReceiptHandle"], message["MessageId"]
        self._newest[id_] = handle
        self._holds[handle] = Hold(id_, daemon, time.monotonic())
        count = int(message["Attributes"]["ApproximateReceiveCount"])
        for key in _keys(message["Body"]):
            self._receives[key] = max(count, self._receives.get(key, 0))
        if daemon in self._gone:
            self.orphan(handle)

    def receives(self, key: str) -> int:
        """Give how often a message that announces an object was received, the most often received one."""
        return self._receives.get(key, 0)

    def is_newest(self, handle: str) -> bool:
        """Tell whether SQS would still take a receipt handle."""
        hold = self._holds.get(handle)
        return hold is not None and self._newest.get(hold.message) == handle

    def asked(self, handle: str) -> None:
        """Note that the holder asked for more time, whatever the answer was."""
        if hold := self._holds.get(handle):
            self._judge(hold)
            hold.asked = time.monotonic()

    def end(self, handle: str) -> None:
        """Note that the holder is done with a message, or has given it back."""
        if hold := self._holds.get(handle):
            self._judge(hold)
            hold.over = True

    def orphan(self, handle: str) -> None:
        """Note that nobody will delete a message: it becomes visible soon."""
        self.end(handle)
        self.lapse(handle, ORPHAN_SECONDS)

    def lapse(self, handle: str, seconds: float) -> None:
        """Make a message visible after a while, unless it is received again before or deleted."""
        task = asyncio.create_task(self._lapse(handle, seconds))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def died(self, daemon: str) -> None:
        """Note that a daemon has ended: what it held becomes visible soon."""
        for handle, hold in self._holds.items():
            if hold.daemon == daemon and not hold.over:
                self.orphan(handle)
        self._gone.add(daemon)

    def close(self) -> None:
        """Judge what is still held, and let nothing lapse any more."""
        for hold in self._holds.values():
            self._judge(hold)
        for task in self._tasks:
            task.cancel()

    def _judge(self, hold: Hold) -> None:
        """See whether a holder asked for more time in time."""
        silent = time.monotonic() - hold.asked
        if not hold.over and hold.daemon not in self._gone and silent > EXTENSION_SECONDS:
            self.unextended.append(f"{hold.daemon} held message {hold.message} for {silent:.1f} s without an extension")

    async def _lapse(self, handle: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self.is_newest(handle):
            self._journal.note("visible", message=self._holds[handle].message)
            await self._show(handle)


def _keys(body: str) -> list[str]:
    told = json.loads(body)
    return [record["s3"]["object"]["key"] for record in told.get("Records", [])]
