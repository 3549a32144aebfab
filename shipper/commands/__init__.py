"""
The commands, one module each: `add_arguments` says what a command takes, `run` does it and gives the exit status.

What several commands take stands here.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Final

from shipper.config import CONFIG_VARIABLE, Settings, load, require
from shipper.source import Sources

PROGRESS_SECONDS: Final = 2.0
"""Between two lines that say how far it is."""


def add_config(parser: argparse.ArgumentParser) -> None:
    """Let a command take the configuration file."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=os.environ.get(CONFIG_VARIABLE) or None,
        help=f"configuration file (TOML); default: ${CONFIG_VARIABLE}, else environment variables alone",
    )


def settings(options: argparse.Namespace, *required: str) -> Settings:
    """
    Load the configuration that a command was given.

    Args:
        options: of the command line
        required: settings that the command cannot do without

    Raises:
        ConfigError: a setting is wrong or missing
    """
    path = Path(options.config) if options.config else None
    loaded = load(path, os.environ, Sources.discover().settings)
    require(loaded, *required)
    return loaded


def tell_broken(sources: Sources) -> bool:
    """Say which sources of other packages are left out, and why; tell whether there are any."""
    for problem in sources.broken:
        print(f"shipper: {problem}", file=sys.stderr)
    return bool(sources.broken)


class Progress:
    """Lines on standard error, some time apart."""

    def __init__(self) -> None:
        self._next = time.monotonic() + PROGRESS_SECONDS

    def tell(self, text: str) -> None:
        """Say how far it is, unless that was said just now."""
        if time.monotonic() >= self._next:
            print(text, file=sys.stderr)
            self._next = time.monotonic() + PROGRESS_SECONDS
