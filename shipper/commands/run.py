"""Ship logs until told to stop (SIGTERM or Ctrl-C)."""

import argparse
import asyncio

from shipper import commands, daemon, log


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    commands.add_config(parser)


def run(options: argparse.Namespace) -> int:
    """Run the daemon."""
    settings = commands.settings(options, "queues", "opensearch.urls")
    log.setup(level=settings.log.level, form=settings.log.format)
    asyncio.run(daemon.run(settings))
    return 0
