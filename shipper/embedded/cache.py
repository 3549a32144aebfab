"""Servers and Java on disk: fetched and unpacked once, then shared by all programs of this machine."""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shipper.embedded.errors import DiskSpaceError, PlatformError
from shipper.embedded.progress import Progress

NAME = "s3-siem-shipper"
SYSTEM_CACHE = Path("/var/cache")
GIBIBYTE = 1 << 30
EVERYBODY_READS = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
EVERYBODY_ENTERS = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


def cache_folder() -> Path:
    """
    Where prepared servers are kept.

    Returns:
        `$XDG_CACHE_HOME/s3-siem-shipper`, else `~/.cache/s3-siem-shipper`. For root, whose home no other account may
        enter, /var/cache takes the place of the latter: the server runs as another account.

    Raises:
        PlatformError: $XDG_CACHE_HOME is a folder which that account may not enter
    """
    chosen = os.environ.get("XDG_CACHE_HOME")
    as_root = os.geteuid() == 0
    parent = Path(chosen) if chosen else SYSTEM_CACHE if as_root else Path.home() / ".cache"
    folder = (parent / NAME).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if as_root:
        require_reachable(folder, "XDG_CACHE_HOME")
    return folder


def require_reachable(folder: Path, variable: str) -> None:
    """
    Make sure that other accounts may enter a folder.

    Args:
        folder: absolute path
        variable: the environment variable that can name another

    Raises:
        PlatformError: they may not
    """
    for step in (folder, *folder.parents):
        if not step.stat().st_mode & stat.S_IXOTH:
            raise PlatformError(
                f"started by root, the server runs as another user, who may not enter {step}: "
                f"let {variable} name a folder that all may enter, or do not start it as root"
            )


def require_space(folder: Path, needed: int, purpose: str) -> None:
    """
    Make sure that a file system has room.

    Args:
        folder: an existing folder on it
        needed: bytes
        purpose: what they are for, for the message

    Raises:
        DiskSpaceError: it has not
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskSpaceError(
            f"{folder} has {free / GIBIBYTE:.1f} GiB of free disk space, {needed / GIBIBYTE:.1f} GiB are needed "
            f"to {purpose}: free some, or choose another file system with XDG_CACHE_HOME (servers) and TMPDIR (data)"
        )


def prepared(folder: Path, build: Callable[[Path], None], progress: Progress) -> Path:
    """
    A folder that is complete or not there at all.

    Of several processes that want it at the same time one builds it, in a folder beside it that is renamed at the end;
    the others wait.

    Args:
        folder: where it is to be
        build: fills an empty folder
        progress: told when there is something to wait for

    Returns:
        `folder`
    """
    if folder.is_dir():
        return folder
    with _locked(folder.with_name(f"{folder.name}.lock"), progress):
        if not folder.is_dir():
            _build(folder, build)
    return folder


def _build(folder: Path, build: Callable[[Path], None]) -> None:
    prefix = f".{folder.name}."
    for abandoned in folder.parent.glob(f"{prefix}*"):  # by a process that was killed: the lock is ours
        shutil.rmtree(abandoned)
    staging = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    try:
        build(staging)
        _open_to_everybody(staging)
        staging.rename(folder)
    except BaseException:
        shutil.rmtree(staging)
        raise


@contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    """Hold a lock that the kernel gives back when its holder ends, in whatever way."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"waiting for another process to prepare {path.stem}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _open_to_everybody(folder: Path) -> None:
    """Let the server's account read what this one wrote, whatever the umask and the archive say."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        enter = EVERYBODY_ENTERS if mode & stat.S_IXUSR else 0
        path.chmod(stat.S_IMODE(mode) | EVERYBODY_READS | enter)
