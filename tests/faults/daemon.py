"""One real daemon as a process, and what the kernel and its own metrics tell of it."""

import asyncio
import json
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import aiohttp

PATIENCE_SECONDS: Final = 60.0
_SAMPLE_SECONDS: Final = 0.1
_PEAK: Final = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


class Daemon:
    """
    A daemon that runs or has run.

    Attributes:
        name: by which the proxies know it
        lines: what it logged
        base_mib: its peak memory when it had just started
        peak_mib: its peak memory so far
        ending: whether it was told to end or killed
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.lines: list[dict[str, Any]] = []
        self.base_mib = self.peak_mib = 0.0
        self.ending = False
        self._process = process
        self._log = log
        self._url = ""
        self._reader = asyncio.create_task(self._read())
        self._sampler = asyncio.create_task(self._sample())

    @classmethod
    async def start(cls, name: str, environment: Mapping[str, str], folder: Path) -> Self:
        """Start one; it is ready a moment later."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "shipper", "run", env=environment, cwd=folder, stderr=asyncio.subprocess.PIPE
        )
        return cls(name, process, folder / f"{name}.log")

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    def kill(self) -> None:
        """End it as a power cut would."""
        self.ending = True
        if self.running:
            self._process.kill()

    def terminate(self) -> None:
        """Tell it to end in good order."""
        self.ending = True
        if self.running:
            self._process.send_signal(signal.SIGTERM)

    async def ended(self) -> int:
        """Wait for its end; gives the exit status."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            status = await self._process.wait()
            await self._reader
        self._sampler.cancel()
        return status

    async def metrics(self) -> dict[str, float]:
        """Give all samples of /metrics by name and labels; none while it starts."""
        if not self._url:
            return {}
        async with aiohttp.ClientSession() as session, session.get(f"{self._url}/metrics") as answer:
            text = await answer.text()
        samples = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in samples}

    def complaints(self) -> list[str]:
        """Give what it logged as an error: faults of its own, and dead letters that were refused."""
        return [str(line) for line in self.lines if line.get("log.level") == "error"]

    async def _read(self) -> None:
        assert self._process.stderr is not None
        with self._log.open("wb") as log:
            async for line in self._process.stderr:
                log.write(line)
                try:
                    told = json.loads(line)
                except ValueError:  # a traceback of the interpreter, or the last line of a killed one
                    told = {"log.level": "info" if self.ending else "error", "message": line.decode(errors="replace")}
                self.lines.append(told)
                if told.get("message") == "started":
                    self._url = told["metrics"]
                    self.base_mib = self._peak()

    async def _sample(self) -> None:
        while self.running:
            self.peak_mib = max(self.peak_mib, self._peak())
            await asyncio.sleep(_SAMPLE_SECONDS)

    def _peak(self) -> float:
        try:
            found = _PEAK.search(Path(f"/proc/{self._process.pid}/status").read_text())
        except OSError:  # it has just ended
            return self.peak_mib
        return int(found[1]) / 1024 if found else self.peak_mib
