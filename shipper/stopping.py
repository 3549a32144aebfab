"""Waiting for things to happen, but no longer than until the daemon is told to stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def wait(stop: asyncio.Event, seconds: float) -> None:
    """Wait for some time, or until told to stop."""
    await either(asyncio.sleep(seconds), stop)


async def either(work: Coroutine[Any, Any, Any], stop: asyncio.Event) -> None:
    """Wait for some work, or until told to stop; then the work is cancelled."""
    tasks = [asyncio.create_task(work), asyncio.create_task(stop.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
