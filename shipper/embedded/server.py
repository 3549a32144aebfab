"""The life of a server on this machine: prepared, started, stopped, started again, removed."""

import http.client
import platform
import shutil
import signal
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Protocol, Self

from shipper.embedded.cache import NAME
from shipper.embedded.errors import ELSEWHERE, PlatformError, StartError
from shipper.embedded.ports import LOOPBACK, free_ports, require_free
from shipper.embedded.process import Account, SupervisedProcess
from shipper.embedded.progress import Progress, silent
from shipper.embedded.security import Access

HTTP_OK = 200
POLL = 0.2
PROBE_TIMEOUT = 5.0
PROGRESS_INTERVAL = 3.0
KILLED = 128 + signal.SIGKILL


class Service(Protocol):
    """Something that answers HTTP, whoever started it."""

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        ...


@dataclass(frozen=True)
class Program:
    """
    How to execute a server.

    Attributes:
        argv: the program and its arguments
        env: its whole environment
        account: whom to run it as; None for the own account
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    account: Account | None = None


class LocalServer(ABC):
    """
    A server that listens on 127.0.0.1 and lives as long as a `with` block, or less.

    Inside the block it can be stopped or killed, and started again on the same port and the same folder.

    Args:
        port: port for HTTP; None for a free one
        progress: receives a line whenever a person would want one
        start_timeout: seconds until it must be ready
    """

    name: ClassVar[str]

    def __init__(self, *, port: int | None = None, progress: Progress = silent, start_timeout: float = 180.0) -> None:
        self.port = free_ports(1)[0] if port is None else port
        self._progress = progress
        self._start_timeout = start_timeout
        self._folder: Path | None = None
        self._process: SupervisedProcess | None = None

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the server itself, that is of the Java virtual machine for OpenSearch."""
        return self._started().pid

    @property
    def running(self) -> bool:
        """Whether the server has not ended."""
        return self._process is not None and self._process.running

    @property
    def folder(self) -> Path:
        """Its own folder for data, configuration and logs; removed at the end."""
        if self._folder is None:
            raise StartError(f"{self.name} has no folder outside its `with` block")
        return self._folder

    def __enter__(self) -> Self:
        if platform.system() != "Linux":
            raise PlatformError(f"{self.name} is only started on Linux: start it in a container, {ELSEWHERE}")
        try:
            self._folder = Path(tempfile.mkdtemp(prefix=f"{NAME}-"))
            self.start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._remove()

    def start(self) -> None:
        """
        Start the server and wait until it is ready.

        Raises:
            PortTakenError: something else listens on its port
            StartError: it ended, or was not ready in time
        """
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start the server without waiting: several nodes of a cluster get ready only together."""
        if self.running:
            raise StartError(f"{self.name} is running already")
        for port in self._ports():
            require_free(port)
        program = self._prepare()
        self._progress(f"starting {self.name} on {self.url}")
        self._close()
        self._process = SupervisedProcess(
            program.argv, env=program.env, folder=self.folder, log=self._log, account=program.account
        )

    def wait_until_ready(self) -> None:
        """Wait until a launched server does its work, and end it when it does not."""
        began = time.monotonic()
        try:
            self._await_ready(began)
        except BaseException:
            self.kill()
            raise
        self._progress(f"{self.name} is ready after {time.monotonic() - began:.1f} s")

    def stop(self) -> None:
        """Stop the server in order, and wait for its end; `start` finds its folder and port as they were."""
        if self._process:
            self._process.stop()

    def kill(self) -> None:
        """End the server as a power cut would, with SIGKILL, and wait for its end."""
        if self._process:
            self._process.kill()

    @abstractmethod
    def _prepare(self) -> Program:
        """Make everything ready to be executed; takes long only the first time, when there is something to download."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether the server does its work."""

    def _ports(self) -> Sequence[int]:
        return [self.port]

    @property
    def _log(self) -> Path:
        return self.folder / "console.log"

    def _started(self) -> SupervisedProcess:
        if self._process is None:
            raise StartError(f"{self.name} was not started")
        return self._process

    def _await_ready(self, began: float) -> None:
        process = self._started()
        announced = began
        while not self._is_ready():
            now = time.monotonic()
            if not process.running:
                raise StartError(f"{self.name} ended {_meaning(process.exit_code)}", process.log_tail())
            if now - began > self._start_timeout:
                raise StartError(f"{self.name} was not ready after {self._start_timeout:.0f} s", process.log_tail())
            if now - announced > PROGRESS_INTERVAL:
                announced = now
                self._progress(f"{self.name} is starting ({now - began:.0f} s)")
            time.sleep(POLL)

    def _close(self) -> None:
        if self._process:
            self._process.close()
        self._process = None

    def _remove(self) -> None:
        self.stop()
        if self._folder:
            shutil.rmtree(self._folder)
        self._folder = None
        self._close()


def _meaning(exit_code: int | None) -> str:
    return f"with exit code {exit_code}" + (" (killed: is there enough memory?)" if exit_code == KILLED else "")


def get(port: int, path: str, host: str = LOOPBACK, access: Access | None = None) -> tuple[int, bytes] | None:
    """
    One HTTP request, past any proxy.

    Args:
        port: of the server
        path: with a leading slash
        host: name or address of the server
        access: how to get into a server that asks for it, over TLS

    Returns:
        Status and body; None while nothing answers.
    """
    connection = (
        http.client.HTTPSConnection(host, port, timeout=PROBE_TIMEOUT, context=access.tls)
        if access
        else http.client.HTTPConnection(host, port, timeout=PROBE_TIMEOUT)
    )
    try:
        connection.request("GET", path, headers=access.headers if access else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
