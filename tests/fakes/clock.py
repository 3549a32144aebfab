"""
Time that passes only when everybody waits, so that a test of minutes takes microseconds and always the same ones.

A test under `on_fake_time` runs on an event loop of its own whose clock jumps to the next timer instead of sleeping.
When all tasks wait and there is no timer, nothing could ever happen again: that is a deadlock, and the test fails.
"""

import asyncio
import functools
import math
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, Final, ParamSpec

LONGEST_SECONDS: Final = 500_000.0
"""No test means to take longer on its clock: something in it goes on for ever."""

P = ParamSpec("P")


class Deadlock(Exception):
    """All tasks wait for each other, or for something that never comes to pass."""


class FakeTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.faults: list[str] = []
        super().__init__(_Jumps(self))
        self.set_exception_handler(lambda _, context: self.faults.append(str(context)))

    def time(self) -> float:
        """Give the seconds since the loop was made."""
        return self.seconds


class _Jumps(selectors.DefaultSelector):
    """Lets time pass instead of waiting."""

    def __init__(self, loop: FakeTimeLoop) -> None:
        super().__init__()
        self._loop = loop
        self._latest = LONGEST_SECONDS

    def select(self, timeout: float | None = None) -> list[Any]:
        events: list[Any] = super().select(0)
        if not events and timeout is None:
            raise Deadlock("every task waits for another one")
        if not events and timeout:
            self._loop.seconds += timeout
        if self._loop.seconds > self._latest:
            self._latest = math.inf  # the end of the test may take its time
            raise Deadlock("there is no end to this")
        return events


def on_fake_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an asynchronous test on fake time; no task may be left over, and no exception go unseen."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        loops: list[FakeTimeLoop] = []

        def make() -> FakeTimeLoop:
            loops.append(FakeTimeLoop())
            return loops[-1]

        async def checked() -> None:
            await test(*args, **kwargs)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, f"tasks left over: {left}"

        with asyncio.Runner(loop_factory=make) as runner:
            runner.run(checked())
        assert not loops[0].faults

    return run
