"""
Check that a run would work: configuration, queues, buckets, cluster and templates.

Nothing is changed: no message is received, no document is written. Each failure says what is wrong and what to do.
"""

import argparse
import asyncio

from shipper import commands
from shipper.check import Level, check
from shipper.config import Settings
from shipper.source import Sources


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    commands.add_config(parser)
    parser.add_argument(
        "--bucket",
        action="append",
        default=[],
        metavar="NAME",
        help="a bucket to read from; may be repeated (default: those that the queues' policies name)",
    )


def run(options: argparse.Namespace) -> int:
    """Print a line for each part."""
    settings = commands.settings(options, "queues", "opensearch.urls")
    sources = Sources.discover(settings.routes, settings=settings.sources)
    print(f"{'ok':<8} configuration")
    for problem in sources.broken:
        print(f"{Level.FAILED.value:<8} sources: {problem}")
    status = asyncio.run(_check(settings, tuple(options.bucket)))
    return 1 if sources.broken else status


async def _check(settings: Settings, buckets: tuple[str, ...]) -> int:
    failed = False
    async for finding in check(settings, buckets):
        print(f"{finding.level.value:<8} {finding.part}: {finding.text}")
        failed = failed or finding.level is Level.FAILED
    return 1 if failed else 0
