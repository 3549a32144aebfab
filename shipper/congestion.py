"""
How many bulk requests are made at once: fewer when OpenSearch has more than it can do, one at a time while it is away.

The number is halved by an answer that it is too busy and by a request that fails, lowered by a tenth when answers
become slow, and raised by one for each round of good answers: additive increase, multiplicative decrease, as in TCP.
Requests that were under way when it was lowered do not lower it again.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from shipper.metrics import Metrics

FAILURES: Final = 3
QUIET_SECONDS: Final = 30.0
"""After so many failed requests in a row, and no good one for so long, OpenSearch is taken to be away."""

_SMOOTHING: Final = 0.25
"""Weight of the newest answer in the usual duration and its deviation."""

_DEVIATIONS: Final = 3.0
_LEAST_SLOWDOWN: Final = 1.5
_FEWEST_ANSWERS: Final = 8


class Turn:
    """
    One request that may be made now.

    Attributes:
        answered: to be set if OpenSearch answered the request, and did not refuse all of it
        busy: to be set if it was too busy for some of it
        seconds: to be set to how long the answer took, if the request was large enough for that to tell something
    """

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.answered = False
        self.busy = False
        self.seconds: float | None = None


class Congestion:
    """
    Gives turns to make requests.

    Args:
        most: requests at once
        metrics: where the present number is shown
    """

    def __init__(self, most: int, metrics: Metrics) -> None:
        self._most = most
        self._gauge = metrics.bulk_concurrency
        self._gauge.set(most)
        self._limit = float(most)
        self._under_way = 0
        self._free = asyncio.Event()
        self._epoch = 0  # times that the limit was lowered
        self._failures = 0
        self._good = -math.inf  # when a request succeeded last
        self._usual = Usual()
        self._back = asyncio.Event()

    @property
    def away(self) -> bool:
        """Whether OpenSearch has not answered anybody for a while."""
        return self._failures >= FAILURES and asyncio.get_running_loop().time() - self._good >= QUIET_SECONDS

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Wait until a request may be made."""
        while self._under_way >= int(self._limit):
            self._free.clear()
            await self._free.wait()
        self._under_way += 1
        turn = Turn(self._epoch)
        try:
            yield turn
        except asyncio.CancelledError:
            raise  # which tells nothing about OpenSearch
        except BaseException:
            self._learn(turn)
            raise
        else:
            self._learn(turn)
        finally:
            self._under_way -= 1
            self._free.set()

    async def pause(self, seconds: float) -> None:
        """Wait before a request is made again; shorter if there was no answer and another request has one meanwhile."""
        if not self._failures:
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._back.wait()

    def _learn(self, turn: Turn) -> None:
        if turn.answered:
            self._failures = 0
            self._good = asyncio.get_running_loop().time()
            self._back.set()
        else:
            self._failures += 1
            self._back.clear()
        if turn.busy or not turn.answered:
            self._lower(turn, 0.5)
        elif turn.seconds is not None and self._usual.is_exceeded_by(turn.seconds):
            self._lower(turn, 0.9)
        else:
            self._set(self._limit + 1 / self._limit)

    def _lower(self, turn: Turn, factor: float) -> None:
        if turn.epoch == self._epoch:
            self._epoch += 1
            self._set(self._limit * factor)

    def _set(self, limit: float) -> None:
        self._limit = min(max(limit, 1.0), float(self._most))
        self._gauge.set(int(self._limit))


class Usual:
    """How long an answer usually takes, as moving averages of duration and deviation."""

    def __init__(self) -> None:
        self._answers = 0
        self._mean = 0.0
        self._variance = 0.0

    def is_exceeded_by(self, seconds: float) -> bool:
        """Tell whether an answer took unusually long, and take it into account."""
        slow = (
            self._answers >= _FEWEST_ANSWERS
            and seconds > _LEAST_SLOWDOWN * self._mean
            and seconds > self._mean + _DEVIATIONS * self._variance**0.5
        )
        weight = _SMOOTHING if self._answers else 1.0
        difference = seconds - self._mean
        self._answers += 1
        self._mean += weight * difference
        self._variance = (1 - weight) * (self._variance + weight * difference**2)
        return slow
