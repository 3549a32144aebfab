"""All daemons of one seed: those that run, those that have ended, and those that take their places."""

import asyncio
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

from faults.daemon import Daemon
from faults.oracle import DaemonSeen


class Fleet:
    """
    The daemons.

    Args:
        environment: gives the environment of a daemon of some name
        folder: where they work
        died: told the name of each that has ended
    """

    def __init__(
        self, environment: Callable[[str], Mapping[str, str]], folder: Path, died: Callable[[str], None]
    ) -> None:
        self._environment = environment
        self._folder = folder
        self._died = died
        self._numbers = count(1)
        self._all: dict[str, Daemon] = {}
        self._statuses: dict[str, int | None] = {}

    @property
    def living(self) -> list[Daemon]:
        """Those that run and were not told to end."""
        return [daemon for daemon in self._all.values() if not daemon.ending]

    async def start(self) -> str:
        """Start one more; gives its name."""
        name = f"daemon{next(self._numbers)}"
        self._all[name] = await Daemon.start(name, self._environment(name), self._folder)
        return name

    def of(self, name: str) -> Daemon:
        """Give the daemon of that name."""
        return self._all[name]

    def lives(self, name: str) -> bool:
        """Tell whether a daemon runs and was not told to end."""
        return name in self._all and not self._all[name].ending

    async def kill(self, name: str) -> None:
        """Kill one."""
        daemon = self._all[name]
        daemon.kill()
        await daemon.ended()
        self._statuses[name] = None
        self._died(name)

    def terminate(self, name: str) -> None:
        """Tell one to end in good order."""
        self._all[name].terminate()

    async def ended(self, name: str) -> None:
        """Wait for the end of one that was told to."""
        self._statuses[name] = await self._all[name].ended()
        self._died(name)

    async def idle(self) -> bool:
        """Tell whether all that live have started and have nothing in hand."""
        for daemon in self.living:
            samples = await daemon.metrics()
            if not samples or any(value for name, value in samples.items() if "messages_in_flight" in name):
                return False
        return True

    def fallen(self) -> list[str]:
        """Name those that ended without being told to."""
        return [daemon.name for daemon in self.living if not daemon.running]

    async def seen(self) -> list[DaemonSeen]:
        """Stop all, and tell what is known of each."""
        balances = {}
        for daemon in self.living:
            if daemon.running:
                balances[daemon.name] = (await daemon.metrics()).get("shipper_imbalance_records")
        living = self.living
        for daemon in living:
            daemon.terminate()
        await asyncio.gather(*(self.ended(daemon.name) for daemon in living))
        return [
            DaemonSeen(
                name=name,
                imbalance=balances.get(name),
                base_mib=daemon.base_mib,
                peak_mib=daemon.peak_mib,
                exit_status=self._statuses.get(name),
                complaints=tuple(daemon.complaints()),
            )
            for name, daemon in self._all.items()
        ]

    def abandon(self) -> None:
        """Kill whatever runs."""
        for daemon in self._all.values():
            daemon.kill()
