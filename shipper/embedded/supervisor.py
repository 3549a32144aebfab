"""
Runs one program, and ends it as soon as the one who asked for it has ended, however that came.

`process.py` starts this file as a script, so it imports nothing but the standard library. Its standard input is the
lifeline: the kernel closes it when the owner ends, even by SIGKILL, and whichever of the owner's threads made it.
The owner may also write orders: `stop` (SIGTERM, and SIGKILL after the grace time), `kill` (SIGKILL) and, once the
program has ended, `release`. Two lines on standard output report: the program's process id, and at its end its exit
code. Its own output goes to standard error. An owner that goes without `release` leaves a scratch folder: it goes too.

In turn the kernel kills the program when this process ends (PR_SET_PDEATHSIG, https://man7.org/linux/man-pages/man2/
PR_SET_PDEATHSIG.2const.html). That signal is tied to a thread, and this process has just one.
"""

import argparse
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

PR_SET_PDEATHSIG = 1
TICK = 0.1
ORDER_LENGTH = 64
STOP, KILL, RELEASE, GONE = "stop", "kill", "release", "gone"


def main() -> None:
    """Run the program to its end, report its exit code, and guard its scratch folder until released."""
    options = _options()
    child = _start(options)
    _report(child.pid)
    _supervise(child, options.owner, options.grace)
    _signal(child, signal.SIGKILL)  # whatever it left behind in its process group
    _report(child.returncode if child.returncode >= 0 else 128 - child.returncode)
    while (order := _order(options.owner)) != RELEASE:
        if order == GONE:
            shutil.rmtree(options.scratch)
            return


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run a program that ends with its owner.")
    parser.add_argument("--owner", type=int, required=True, help="process id of the owner")
    parser.add_argument("--grace", type=float, required=True, help="seconds between SIGTERM and SIGKILL")
    parser.add_argument("--uid", type=int, help="user id to run the program as")
    parser.add_argument("--gid", type=int, help="group id to run the program as")
    parser.add_argument("--scratch", required=True, help="folder to remove when the owner is gone")
    parser.add_argument("program", nargs="+")
    return parser.parse_args()


def _start(options: argparse.Namespace) -> subprocess.Popen[bytes]:
    libc = ctypes.CDLL(None, use_errno=True)
    supervisor = os.getpid()

    def die_with_supervisor() -> None:
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != supervisor:  # it ended before the request was in force
            os._exit(1)

    return subprocess.Popen(  # noqa: S603 - the owner built this command
        options.program,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        start_new_session=True,
        user=options.uid,
        group=options.gid,
        extra_groups=[] if options.gid is not None else None,
        # The request must follow the change of user, which would cancel it; this process has no second thread
        # that could hold a lock across the fork.
        preexec_fn=die_with_supervisor,  # noqa: PLW1509
    )


def _supervise(child: subprocess.Popen[bytes], owner: int, grace: float) -> None:
    """Carry out orders until the program has ended."""
    deadline = float("inf")
    while child.poll() is None:
        order = _order(owner)
        if order == STOP:
            _signal(child, signal.SIGTERM)
            deadline = time.monotonic() + grace
        elif order in (KILL, GONE) or time.monotonic() > deadline:
            _signal(child, signal.SIGKILL)
            child.wait()


def _order(owner: int) -> str | None:
    """The last order given within a tick, None if there is none; `gone` when there is no owner any more."""
    # A process that the owner forked may still hold the lifeline open: the parent's id is the second witness.
    if os.getppid() != owner:
        return GONE
    ready, _, _ = select.select([sys.stdin.fileno()], [], [], TICK)
    return os.read(sys.stdin.fileno(), ORDER_LENGTH).decode().strip().rpartition("\n")[2] or GONE if ready else None


def _report(number: int) -> None:
    with suppress(BrokenPipeError):  # the owner is gone, which the lifeline tells
        os.write(sys.stdout.fileno(), f"{number}\n".encode())


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # the group is empty: that is the aim
        os.killpg(child.pid, number)


if __name__ == "__main__":
    main()
