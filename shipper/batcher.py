"""Many small requests made one: what is asked for in one moment, or while a request is under way, goes together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shipper.errors import QueueError

T = TypeVar("T")


class Batcher(Generic[T]):
    """
    Gathers items for requests.

    Args:
        send: makes one request; gives for each item that failed, by its position, what was said
        size: most items of one request
    """

    def __init__(self, send: Callable[[Sequence[T]], Awaitable[dict[int, str]]], *, size: int) -> None:
        self._send = send
        self._size = size
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def add(self, item: T) -> None:
        """
        Wait until a request with this item was answered.

        Raises:
            QueueError: the item, or the request, failed
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._run())
        await done

    async def _run(self) -> None:
        await asyncio.sleep(0)
        while self._waiting:
            batch, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
            failed: dict[int, str] | Exception
            try:
                failed = await self._send([item for item, _ in batch])
            except Exception as error:  # noqa: BLE001 -- it is raised where each item is waited for
                failed = error
            for position, (_, done) in enumerate(batch):
                if done.done():  # who waited was cancelled
                    continue
                if isinstance(failed, Exception):
                    done.set_exception(failed)
                elif position in failed:
                    done.set_exception(QueueError(failed[position]))
                else:
                    done.set_result(None)
