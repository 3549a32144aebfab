"""What a daemon takes of the machine, seen from outside every few seconds."""

import csv
import re
import time
from pathlib import Path
from typing import Final, Protocol, Self

from msgspec import Struct, structs

_MEMORY: Final = re.compile(r"^VmRSS:\s+(\d+) kB$", re.MULTILINE)
_THREADS: Final = re.compile(r"^Threads:\s+(\d+)$", re.MULTILINE)


class Sample(Struct, frozen=True):
    """
    One look at a daemon.

    Attributes:
        seconds: since the soak began
        memory_mib: resident, `VmRSS`
        files: open, sockets included
        threads: of the process
        tasks: of the event loop, `shipper_tasks`
        documents: that it has indexed so far
        waiting: messages in the queue, those in hand included
    """

    seconds: float
    memory_mib: float
    files: int
    threads: int
    tasks: int
    documents: int
    waiting: int


class Watched(Protocol):
    """What a sample is taken of; `faults.daemon.Daemon` is the real one."""

    @property
    def pid(self) -> int:
        """Its process."""

    async def metrics(self) -> dict[str, float]:
        """Give all samples of its metrics by name and labels."""


class Recorder:
    """
    Takes samples, and writes each to a file at once.

    Args:
        path: of the file (CSV)
    """

    def __init__(self, path: Path) -> None:
        self.samples: list[Sample] = []
        self._began = time.monotonic()
        self._file = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(Sample.__struct_fields__)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    async def take(self, daemon: Watched, waiting: int) -> None:
        """Look at a daemon that has started and runs."""
        metrics = await daemon.metrics()
        process = Path("/proc") / str(daemon.pid)
        status = (process / "status").read_text()
        sample = Sample(
            seconds=round(time.monotonic() - self._began, 1),
            memory_mib=round(_number(_MEMORY, status) / 1024, 1),
            files=len(list((process / "fd").iterdir())),
            threads=_number(_THREADS, status),
            tasks=int(metrics["shipper_tasks"]),
            documents=int(sum(value for name, value in metrics.items() if _is_indexed(name))),
            waiting=waiting,
        )
        self.samples.append(sample)
        self._rows.writerow(structs.astuple(sample))
        self._file.flush()


def _is_indexed(name: str) -> bool:
    return name.startswith("shipper_records_total{") and 'outcome="indexed"' in name


def _number(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.search(text)
    if found is None:
        raise ValueError(f"the kernel says nothing like {pattern.pattern!r}: {text[:200]!r}")
    return int(found[1])
