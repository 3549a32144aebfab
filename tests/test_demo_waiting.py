"""The demo's patience: it waits for the daemon, shows what it does, and says when it does not get on."""

import asyncio
import signal

import pytest

from shipper.demo import waiting
from shipper.demo.accounts import Books
from shipper.demo.clock import Clock
from shipper.demo.cloud import Depth
from shipper.demo.errors import DemoError
from shipper.metrics import Metrics


class Shipping:
    """A daemon and its queues that fare as told: each look gives the next state, and the last one for ever."""

    def __init__(self, *states: tuple[int, Depth]) -> None:
        self._states = list(states)
        self.looks = 0
        self.log: list[str] = []

    def metrics(self) -> str:
        """What a daemon that has delivered so many messages says."""
        metrics = Metrics()
        metrics.messages.labels("q", "delivered").inc(self._states[0][0])
        return metrics.exposition().decode()

    async def depth(self) -> Depth:
        """How full the queues are; then it is the next state's turn."""
        self.looks += 1
        _, depth = self._states[0] if len(self._states) == 1 else self._states.pop(0)
        return depth

    def require_running(self) -> None:
        """It runs."""

    def new_log_lines(self) -> list[str]:
        """Give what it logs."""
        lines, self.log = self.log, []
        return lines


async def waited(shipping: Shipping, said: list[str] | None = None) -> Books:
    """Wait for three messages."""
    clock = Clock((said if said is not None else []).append, now=lambda: 0.0)
    return await waiting.until_shipped(shipping, shipping, 3, clock)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again at once."""
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.0)


async def test_waits_until_all_is_done_and_the_queue_is_empty() -> None:
    """Neither delivered messages nor an empty queue alone is enough; the daemon's log is shown meanwhile."""
    shipping = Shipping((3, Depth(0, 1, 0)), (2, Depth(0, 0, 0)), (3, Depth(0, 0, 0)))
    shipping.log.append("10:15:00 INFO    started")
    said: list[str] = []
    books = await waited(shipping, said)
    assert books.messages == {"delivered": 3}
    assert shipping.looks == 3
    assert said == ["          | 10:15:00 INFO    started", "[  0.0 s] 0 records read, 3 of 3 messages done"]


async def test_a_message_in_the_dead_letter_queue_is_an_error() -> None:
    """It will never be delivered."""
    with pytest.raises(DemoError, match="1 messages went to the dead-letter queue"):
        await waited(Shipping((2, Depth(0, 0, 1))))


async def test_standing_still_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told how far it came."""
    monkeypatch.setattr(waiting, "STALLED_SECONDS", 0.01)
    with pytest.raises(DemoError, match=r"nothing has moved.*2 of 3 messages done.*in_flight=1"):
        await waited(Shipping((2, Depth(0, 1, 0))))


async def test_watching_ends_when_told() -> None:
    """What the daemon writes meanwhile is shown."""
    shipping, said, stop = Shipping((0, Depth(0, 0, 0))), [], asyncio.Event()
    shipping.log.append("a line")
    task = asyncio.create_task(waiting.watch(shipping, stop, Clock(said.append)))
    while not said:
        await asyncio.sleep(0)
    stop.set()
    await task
    assert said == ["          | a line"]


def test_the_clock_tells_what_took_how_long() -> None:
    """Progress carries the time since the start; steps add up."""
    times = iter([100.0, 100.5, 102.0, 103.25])
    said: list[str] = []
    clock = Clock(said.append, now=lambda: next(times))
    clock("begun")
    clock.lap("first")
    clock.lap("second")
    assert said == ["[  0.5 s] begun"]
    assert clock.summary() == "3.2 s: first 2.0, second 1.2"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_can_be_ended_as_soon_as_it_says_so(number: signal.Signals) -> None:
    """A signal that follows at once on the last line ends it in order, and interrupts nothing."""
    interrupted: list[int] = []
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if line == "Ctrl-C ends it.":
            signal.raise_signal(number)

    before = signal.signal(number, lambda number, _: interrupted.append(number))
    try:
        async with asyncio.timeout(5):
            await waiting.stay(["Metrics", "Ctrl-C ends it."], Shipping((0, Depth(0, 0, 0))), Clock(say))
    finally:
        signal.signal(number, before)
    assert (said, interrupted) == (["Metrics", "Ctrl-C ends it."], [])
