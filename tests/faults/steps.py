"""Takes the steps of a plan: signals, rollovers, blocks, and what befalls the OpenSearch node."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

import aiohttp

from faults.fleet import Fleet
from faults.journal import Journal
from faults.kinds import Fault
from faults.plan import Step
from faults.services import Services
from shipper.embedded import EmbeddedOpenSearch
from shipper.errors import OpenSearchRefused, OpenSearchUnavailable

_POLL_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 60.0


class Steps:
    """
    Knows how each kind of step is taken.

    Args:
        services: with the OpenSearch that they befall
        fleet: of the daemons
        journal: told of each
        namespace: of the data streams
    """

    def __init__(self, services: Services, fleet: Fleet, journal: Journal, namespace: str) -> None:
        self._services = services
        self._fleet = fleet
        self._journal = journal
        self._streams = f"logs-*-{namespace}"
        self._tasks: set[asyncio.Task[Any]] = set()
        self._kinds = {
            Fault.ROLLOVER: self._roll_over,
            Fault.READ_ONLY: self._block,
            Fault.OPENSEARCH_PAUSED: self._pause,
            Fault.OPENSEARCH_KILLED: self._kill_node,
            Fault.SIGTERM: self._terminate,
            Fault.SIGKILL: self._kill,
        }

    @property
    def pending(self) -> bool:
        """Whether something that was begun is not over."""
        return bool(self._tasks)

    async def take(self, step: Step, daemon: str) -> bool:
        """Take a step, on this daemon if it is one for a daemon; tell whether that could be done now."""
        return await self._kinds[step.fault](step, daemon)

    async def finish(self) -> None:
        """Wait for what was begun; raises what went wrong with it."""
        await asyncio.gather(*self._tasks)

    async def _roll_over(self, step: Step, _: str) -> bool:
        streams = await self._existing()
        for stream in streams:
            answer = await self._asked("POST", f"/{stream}/_rollover")
            self._journal.fault(Fault.ROLLOVER, step=step, new=answer and answer["new_index"])
        return bool(streams)

    async def _block(self, step: Step, _: str) -> bool:
        if not await self._existing():
            return False
        await self._set_blocked(True)
        self._journal.fault(Fault.READ_ONLY, step=step)
        self._later(step.seconds, self._set_blocked(None))
        return True

    async def _set_blocked(self, blocked: bool | None) -> None:  # noqa: FBT001 -- the setting's own values
        settings = {"index.blocks.read_only_allow_delete": blocked}
        await self._asked("PUT", f"/{self._streams}/_settings", settings)
        self._journal.note("block", blocked=blocked)

    async def _existing(self) -> list[str]:
        """Name the data streams that there are by now."""
        told = await self._asked("GET", f"/_data_stream/{self._streams}")
        return [stream["name"] for stream in told["data_streams"]] if told else []

    async def _asked(self, method: str, path: str, body: Any = None) -> Any:
        """Ask OpenSearch until it answers: another step may have paused, killed or blocked it."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                try:
                    return await self._services.engine.request(method, path, body)
                except (OpenSearchRefused, OpenSearchUnavailable) as error:
                    self._journal.note("step put off", path=path, error=error)
                    await asyncio.sleep(_POLL_SECONDS)

    async def _pause(self, step: Step, _: str) -> bool:
        node = self._node()
        os.kill(node.pid, signal.SIGSTOP)
        self._journal.fault(Fault.OPENSEARCH_PAUSED, step=step)
        self._later(step.seconds, self._resume(node.pid))
        return True

    async def _resume(self, pid: int) -> None:
        with suppress(ProcessLookupError):  # another step has killed it meanwhile
            os.kill(pid, signal.SIGCONT)
        self._journal.note("resumed")

    async def _kill_node(self, step: Step, _: str) -> bool:
        node = self._node()
        node.kill()
        self._journal.fault(Fault.OPENSEARCH_KILLED, step=step)
        node.launch()
        self._later(0.0, self._awaited())
        return True

    def _node(self) -> EmbeddedOpenSearch:
        if self._services.node is None:
            raise RuntimeError("this OpenSearch is not ours to be stopped: leave out what `Services.beyond` names")
        return self._services.node

    async def _awaited(self) -> None:
        """Wait until the node answers and has all its shards."""
        url = f"{self._services.opensearch_url}/_cluster/health?wait_for_no_initializing_shards=true&timeout=30s"
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(url) as answer:
                        if answer.status == 200:
                            break
                except aiohttp.ClientError:  # not yet
                    pass
                await asyncio.sleep(_POLL_SECONDS)
        self._journal.note("node is back")

    async def _terminate(self, step: Step, daemon: str) -> bool:
        if not self._fleet.lives(daemon):
            return False
        self._journal.fault(Fault.SIGTERM, step=step, daemon=daemon)
        self._fleet.terminate(daemon)
        self._later(0.0, self._fleet.ended(daemon))  # the request that is held must come to its end meanwhile
        self._journal.note("started", daemon=await self._fleet.start())
        return True

    async def _kill(self, step: Step, daemon: str) -> bool:
        if not self._fleet.lives(daemon):
            return False
        self._journal.fault(Fault.SIGKILL, step=step, daemon=daemon)
        await self._fleet.kill(daemon)
        self._journal.note("started", daemon=await self._fleet.start())
        return True

    def _later(self, seconds: float, work: Coroutine[Any, Any, None]) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            await work

        task = asyncio.create_task(wait())
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        """Forget what went well; a failure is kept for `finish`."""
        if task.cancelled() or task.exception() is None:
            self._tasks.discard(task)
