"""A program that never outlives this one."""

import os
import pwd
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple, cast

from shipper.embedded.errors import PlatformError, StartError

SUPERVISOR = Path(__file__).with_name("supervisor.py")
GRACE = 20.0
MARGIN = 10.0
TAIL_LINES = 20
STACK_FRAME = "\tat "


class Account(NamedTuple):
    """User and group ids to run a program as."""

    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """
    The account for a server that refuses to run as root.

    Returns:
        None when this process is not root, so that the server may run under the same account.

    Raises:
        PlatformError: there is no account to fall back to
    """
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise PlatformError(
            "root may not run the server and there is no user `nobody`: start as another user"
        ) from error
    return Account(nobody.pw_uid, nobody.pw_gid)


class SupervisedProcess:
    """
    A running program that ends with this process: on return, exception, SIGTERM, SIGINT and SIGKILL alike.

    It may be started from any thread and lives on when that thread ends; `supervisor.py` tells how.

    Args:
        argv: the program and its arguments
        env: its whole environment
        folder: its working folder, removed by the supervisor if this process ends without doing so itself
        log: file that takes its output
        account: whom to run it as; None for the own account
        grace: seconds between SIGTERM and SIGKILL in `stop`

    Raises:
        StartError: the program could not be executed
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        folder: Path,
        log: Path,
        account: Account | None = None,
        grace: float = GRACE,
    ) -> None:
        self._log = log
        self._grace = grace
        options = [f"--owner={os.getpid()}", f"--grace={grace}", f"--scratch={folder}"]
        if account:
            options += [f"--uid={account.uid}", f"--gid={account.gid}"]
        with log.open("ab") as output:
            self._supervisor = subprocess.Popen(  # noqa: S603 - our own file, and arguments from our own code
                [sys.executable, "-I", "-S", str(SUPERVISOR), *options, "--", *argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                cwd=folder,
                env=dict(env),
                bufsize=0,
                start_new_session=True,  # Ctrl-C is for this process, which then stops the others in order
            )
        self._lifeline = cast("IO[bytes]", self._supervisor.stdin)  # pipes, as asked for above
        self._reports = cast("IO[bytes]", self._supervisor.stdout)
        self._exit_code: int | None = None
        pid = self._reports.readline()
        if not pid:
            self._dismiss()
            raise StartError(f"{argv[0]} could not be executed", self.log_tail())
        self.pid = int(pid)

    @property
    def running(self) -> bool:
        """Whether the program has not ended."""
        return self.exit_code is None

    @property
    def exit_code(self) -> int | None:
        """The program's exit code, 128 + n after signal n; None while it runs."""
        if self._exit_code is None and self._reported(0):
            # No report: the supervisor was killed, and took the program along.
            self._exit_code = int(self._reports.readline() or 128 + signal.SIGKILL)
        return self._exit_code

    def stop(self) -> None:
        """Ask the program to end, kill it if it has not after the grace time, and wait for its end."""
        self._end("stop")

    def kill(self) -> None:
        """Kill the program without notice and wait for its end."""
        self._end("kill")

    def close(self) -> None:
        """Kill the program if it runs, and let go of the supervisor: from now on nobody removes the folder."""
        if not self._lifeline.closed:
            self.kill()
            self._order("release")
            self._dismiss()

    def log_tail(self) -> str:
        """The last lines of the program's output, without the depths of Java's stack traces."""
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join([line for line in lines if not line.startswith(STACK_FRAME)][-TAIL_LINES:])

    def _end(self, order: str) -> None:
        if self.running:
            self._order(order)
            self._reported(self._grace + MARGIN)
        if self.running:
            raise TimeoutError(f"process {self.pid} did not end within {self._grace + MARGIN:.0f} s")

    def _reported(self, patience: float) -> bool:
        """Whether there is a report, or the end of all reports, within some seconds."""
        poll = select.poll()  # `select.select` fails in a program with a thousand open files
        poll.register(self._reports, select.POLLIN)
        return bool(poll.poll(patience * 1000))

    def _order(self, order: str) -> None:
        with suppress(BrokenPipeError):  # the supervisor was killed, and took the program along
            self._lifeline.write(f"{order}\n".encode())

    def _dismiss(self) -> None:
        self._lifeline.close()
        self._reports.close()
        self._supervisor.wait()
