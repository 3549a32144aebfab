"""Programs that never outlive the one that started them: `shipper.embedded.process` and its supervisor."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shipper.embedded.errors import PlatformError, StartError
from shipper.embedded.process import Account, SupervisedProcess, unprivileged_account

PATIENCE = 20.0


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something another process does; the time only bounds a failure."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether a process is there and not just waiting for its parent to notice its end."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def parent_of(pid: int) -> int:
    """Process id of a process's parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@contextmanager
def supervised(
    folder: Path, *argv: str, grace: float = 5.0, account: Account | None = None
) -> Iterator[SupervisedProcess]:
    """A program in a folder of its own."""
    process = SupervisedProcess(
        argv, env=dict(os.environ), folder=folder, log=folder / "log", account=account, grace=grace
    )
    try:
        yield process
    finally:
        process.close()


@contextmanager
def shell(folder: Path, script: str, grace: float = 5.0) -> Iterator[SupervisedProcess]:
    """A shell script, once it has said that it is ready."""
    with supervised(folder, "sh", "-c", script, grace=grace) as process:
        wait_until(lambda: "ready" in (folder / "log").read_text())
        yield process


OWNER = """
import os, signal, sys, threading, time
from pathlib import Path
from shipper.embedded.process import SupervisedProcess

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell it is ignored
folder = Path(sys.argv[1])
started = []

def start():
    started.append(SupervisedProcess(["sleep", "{seconds}"], env=os.environ, folder=folder, log=folder / "log"))

thread = threading.Thread(target=start)
thread.start()
thread.join()
{before}
print(started[0].pid, flush=True)
sys.stdin.readline()
{after}
"""


@contextmanager
def owner(folder: Path, before: str = "", after: str = "", seconds: float = 600) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has started a program from a thread, and does something `before` it tells and `after` a line."""
    script = OWNER.format(before=before, after=after, seconds=seconds)
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def told_pid(process: subprocess.Popen[bytes]) -> int:
    """Process id of the program that an owner started."""
    assert process.stdout is not None
    return int(process.stdout.readline())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A program's own folder."""
    own = tmp_path / "own"
    own.mkdir()
    return own


@pytest.mark.parametrize("after", ["", "raise ValueError", "os._exit(3)"], ids=["returns", "raises", "leaves at once"])
def test_ends_with_its_owner(after: str, folder: Path) -> None:
    """However its owner comes to its end, the program ends and its folder goes."""
    with owner(folder, after=after) as process:
        pid = told_pid(process)
        assert is_running(pid)
        assert process.stdin is not None
        process.stdin.close()
        wait_until(lambda: not is_running(pid))
        wait_until(lambda: not folder.exists())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_ends_when_its_owner_is_ended(number: signal.Signals, folder: Path) -> None:
    """Whatever signal ends the owner, the program ends and its folder goes."""
    with owner(folder) as process:
        pid = told_pid(process)
        process.send_signal(number)
        wait_until(lambda: not is_running(pid))
        wait_until(lambda: not folder.exists())


def test_ends_although_a_fork_of_its_owner_lives_on(folder: Path) -> None:
    """A process that the owner forked has its open files, and yet does not keep the program alive."""
    with owner(folder, before="os.fork() or time.sleep(600)") as process:
        pid = told_pid(process)
        process.kill()
        wait_until(lambda: not is_running(pid))
        wait_until(lambda: not folder.exists())


def test_does_not_end_with_the_thread_that_started_it(folder: Path) -> None:
    """A thread may start a program and end: a signal tied to it would have come by now."""
    with owner(folder, before="time.sleep(0.3)") as process:
        assert is_running(told_pid(process))


def test_folder_goes_even_if_the_program_ended_before(folder: Path) -> None:
    """A program that crashed and an owner that is killed after it leave nothing."""
    with owner(folder, before="while started[0].running: time.sleep(0.01)", seconds=0) as process:
        told_pid(process)
        assert folder.exists()
        process.kill()
        wait_until(lambda: not folder.exists())


@pytest.mark.parametrize("account", [None, unprivileged_account()], ids=["own account", "unprivileged account"])
def test_ends_with_its_supervisor(account: Account | None, tmp_path: Path) -> None:
    """A killed supervisor takes the program with it, whichever account that runs as."""
    with supervised(tmp_path, "sleep", "600", account=account) as process:
        assert is_running(process.pid)
        os.kill(parent_of(process.pid), signal.SIGKILL)
        wait_until(lambda: not is_running(process.pid))
        wait_until(lambda: not process.running)


def test_runs_under_the_given_account(tmp_path: Path) -> None:
    """Started by root the program has the ids of the account and none of root's groups, else it has our ids."""
    account = unprivileged_account()
    groups_before = os.getgroups()
    if account:
        os.setgroups([*groups_before, 4])
    try:
        with supervised(tmp_path, "sh", "-c", "id -u; id -g; id -G; echo ready; sleep 600", account=account):
            wait_until(lambda: "ready" in (tmp_path / "log").read_text())
    finally:
        if account:
            os.setgroups(groups_before)
    uid, gid, *groups = (tmp_path / "log").read_text().splitlines()
    assert (int(uid), int(gid)) == (account or (os.getuid(), os.getgid()))
    assert account is None or groups[0] == gid


def test_stop_lets_the_program_finish(tmp_path: Path) -> None:
    """`stop` sends SIGTERM and waits for what the program does then."""
    script = "trap 'sleep 0.3; echo finished; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
    with shell(tmp_path, script) as process:
        assert process.exit_code is None
        process.stop()
        assert "finished" in (tmp_path / "log").read_text()
        assert not process.running
        assert process.exit_code == 7


def test_stop_kills_a_program_that_does_not_heed(tmp_path: Path) -> None:
    """After the grace time `stop` sends SIGKILL."""
    with shell(tmp_path, "trap '' TERM; echo ready; while :; do sleep 0.05; done", grace=0.2) as process:
        process.stop()
        assert process.exit_code == 128 + signal.SIGKILL


def test_kill_gives_no_notice(tmp_path: Path) -> None:
    """`kill` ends the program without its handler being run."""
    with shell(tmp_path, "trap 'echo finished' TERM; echo ready; while :; do sleep 0.05; done") as process:
        process.kill()
        assert "finished" not in (tmp_path / "log").read_text()
        assert process.exit_code == 128 + signal.SIGKILL


def test_ends_may_be_repeated(tmp_path: Path) -> None:
    """A program that has ended by itself can be stopped, killed and closed, more than once."""
    with supervised(tmp_path, "true") as process:
        wait_until(lambda: not process.running)
        for end in (process.stop, process.kill, process.stop, process.close, process.kill, process.close):
            end()
        assert process.exit_code == 0


def test_close_leaves_the_folder(tmp_path: Path) -> None:
    """After `close` program and supervisor are gone, and the folder is ours."""
    with supervised(tmp_path, "sleep", "600") as process:
        supervisor = parent_of(process.pid)
        process.close()
        assert not is_running(process.pid)
        assert not is_running(supervisor)
        assert tmp_path.exists()


def test_what_the_program_forked_ends_with_it(tmp_path: Path) -> None:
    """A launcher that ends and leaves a child behind leaves nothing behind."""
    with shell(tmp_path, "sleep 600 & echo $!; echo ready; wait") as process:
        child = int((tmp_path / "log").read_text().split()[0])
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not process.running)
        wait_until(lambda: not is_running(child))


def test_ctrl_c_is_for_the_owner(tmp_path: Path) -> None:
    """Neither program nor supervisor is in the process group that a terminal interrupts."""
    with supervised(tmp_path, "sleep", "600") as process:
        groups = {os.getpgid(pid) for pid in (process.pid, parent_of(process.pid))}
        assert os.getpgid(0) not in groups


def test_a_missing_program_is_an_error_with_its_reason(tmp_path: Path) -> None:
    """A program that cannot be executed is a StartError that carries the system's words."""
    with pytest.raises(StartError, match="/no/such/program could not be executed") as caught:
        SupervisedProcess(["/no/such/program"], env={}, folder=tmp_path, log=tmp_path / "log")
    assert "No such file or directory" in caught.value.log


def test_log_tail_is_the_end_without_stack_frames(tmp_path: Path) -> None:
    """The end of the log has causes, not the depths of Java's stack traces."""
    script = (
        "seq 100; echo 'java.lang.Error: why'; for i in $(seq 50); do printf '\\tat a.B.c(D.java)\\n'; done; echo ready"
    )
    with shell(tmp_path, script) as process:
        tail = process.log_tail().splitlines()
    assert tail[-2:] == ["java.lang.Error: why", "ready"]
    assert len(tail) == 20


def test_root_falls_back_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's servers run as nobody, everybody else's under their own account."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    account = unprivileged_account()
    assert account is not None
    assert account.uid != 0
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert unprivileged_account() is None


def test_root_without_nobody_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no account to fall back to, the error says to start as another user."""

    def unknown(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("pwd.getpwnam", unknown)
    with pytest.raises(PlatformError, match="start as another user"):
        unprivileged_account()
