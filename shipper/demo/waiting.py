"""Watching the daemon: its log, its progress, and that it is there."""

import asyncio
import signal
import time
from collections.abc import Iterable
from typing import Final

from shipper.demo.accounts import Books, read_books
from shipper.demo.child import Daemon
from shipper.demo.clock import Clock
from shipper.demo.cloud import Cloud, Depth
from shipper.demo.errors import DemoError

POLL_SECONDS: Final = 0.5
PROGRESS_SECONDS: Final = 2.0
STALLED_SECONDS: Final = 150.0
"""Longest time without any progress: twice the time after which a message comes again that was lost on its way."""

_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM)
_MARGIN: Final = " " * 10


async def until_shipped(there: Cloud, daemon: Daemon, messages: int, clock: Clock) -> Books:
    """
    Wait until so many messages are done with and the queue is empty.

    Args:
        there: whose queue
        daemon: that does the work
        messages: that were sent
        clock: is told of the progress

    Returns:
        What the daemon has counted.

    Raises:
        DemoError: the daemon ended, stands still, or left a message to the dead-letter queue
    """
    told = moved = time.monotonic()
    before: tuple[Books, Depth] | None = None
    while True:
        show_log(daemon, clock)
        daemon.require_running()
        books, depth = read_books(await asyncio.to_thread(daemon.metrics)), await there.depth()
        delivered = books.messages.get("delivered", 0)
        now = time.monotonic()
        if (books, depth) != before:
            before, moved = (books, depth), now
        state = (
            f"{sum(account.read for account in books.accounts):,} records read, {delivered} of {messages} messages done"
        )
        if depth.dead:
            raise DemoError(f"{depth.dead} messages went to the dead-letter queue: shipper run did not understand them")
        if delivered >= messages and not (depth.waiting or depth.in_flight):
            clock(state)
            return books
        if now - moved > STALLED_SECONDS:
            raise DemoError(f"nothing has moved for {STALLED_SECONDS:.0f} s: {state}; {depth}")
        if now - told > PROGRESS_SECONDS:
            clock(state)
            told = now
        await asyncio.sleep(POLL_SECONDS)


async def stay(invitation: Iterable[str], daemon: Daemon, clock: Clock) -> None:
    """
    Say what can be done here, and show the daemon's log until Ctrl-C or SIGTERM.

    Raises:
        DemoError: the daemon ended
    """
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in _ENDINGS:
        loop.add_signal_handler(number, stop.set)
    try:
        for line in invitation:  # whoever reads its end may send the signal at once
            clock.plain(line)
        await watch(daemon, stop, clock)
    finally:
        for number in _ENDINGS:
            loop.remove_signal_handler(number)


async def watch(daemon: Daemon, stop: asyncio.Event, clock: Clock) -> None:
    """
    Show the daemon's log until told to stop.

    Raises:
        DemoError: the daemon ended
    """
    while not stop.is_set():
        show_log(daemon, clock)
        daemon.require_running()
        try:
            await asyncio.wait_for(stop.wait(), POLL_SECONDS)
        except TimeoutError:
            continue


def show_log(daemon: Daemon, clock: Clock) -> None:
    """Show what the daemon has written since the last time."""
    for line in daemon.new_log_lines():
        clock.plain(f"{_MARGIN}| {line}")
