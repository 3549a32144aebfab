"""A real daemon between a real S3 and SQS, and what the kernel knows of it."""

import os
import re
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from aiobotocore.session import get_session
from integration.shipping import RunningDaemon, Site, site

REGION: Final = "eu-central-1"
_PEAK: Final = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_CPU_FIELDS: Final = slice(11, 13)
"""User and system time in /proc/<pid>/stat, counted from behind the program's name."""


class MeasuredDaemon(RunningDaemon):
    """A daemon in a process of its own whose use of the machine can be read."""

    def cpu_seconds(self) -> float:
        """Give the CPU time, user and system, that it has taken so far."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        ticks = stat.rpartition(")")[2].split()[_CPU_FIELDS]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self) -> int:
        """
        Give the largest resident set that it has had.

        `getrusage` would also count what this process had when it made the child; the high-water mark begins anew when
        a program is executed (https://man7.org/linux/man-pages/man5/proc_pid_status.5.html).
        """
        found = _PEAK.search(Path(f"/proc/{self._process.pid}/status").read_text())
        if found is None:
            raise RuntimeError("the kernel does not tell the peak of a process that has ended")
        return round(int(found[1]) / 1024)

    def demand_alive(self) -> None:
        """
        See that it runs.

        Raises:
            RuntimeError: it has ended by itself
        """
        if self._process.returncode is not None:
            raise RuntimeError(f"the daemon has ended with {self._process.returncode}: {self.complaints()}")

    def complaints(self) -> list[str]:
        """Give what it has logged as a warning or an error."""
        return [str(line) for line in self.lines if line["log.level"] in ("warning", "error")]


@asynccontextmanager
async def fresh_site(aws_url: str, opensearch_url: str) -> AsyncIterator[Site]:
    """Give a bucket, a queue and a namespace that nobody has used before."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        session = get_session()
        clients = [
            await stack.enter_async_context(
                session.create_client(
                    service,
                    region_name=REGION,
                    endpoint_url=aws_url,
                    aws_access_key_id="test",
                    aws_secret_access_key="test",
                )
            )
            for service in ("s3", "sqs")
        ]
        yield await stack.enter_async_context(
            site(
                *clients,
                aws_url=aws_url,
                opensearch_url=opensearch_url,
                unique=f"bench-{uuid.uuid4().hex[:12]}",
                folder=Path(folder),
                region=REGION,
            )
        )
