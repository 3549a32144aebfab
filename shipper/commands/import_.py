"""
Import events from where AWS keeps them, beside what a trail writes to S3.

cloudtrail-history reads CloudTrail's Event history: the management events of the last 90 days, and the Insights events
if asked to, two pages of 50 a second in each region. They become the documents that they are as a trail's events, under
the same ids. It may be interrupted at any time; begun again, it goes on where it was.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from types import FrameType
from typing import Final

from shipper import commands, log
from shipper.config import Settings
from shipper.errors import ConfigError, ShipperError
from shipper.history.entries import Totals
from shipper.history.importing import Import
from shipper.history.opening import opened
from shipper.history.spans import Span
from shipper.moments import moment
from shipper.pipeline import utc_now

KEPT: Final = timedelta(days=90)
"""How long CloudTrail keeps events."""

_COLUMNS: Final = ("region", "read", "indexed", "duplicates", "filtered", "dead letters", "released", "sum")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    kinds = parser.add_subparsers(metavar="WHAT", required=True)
    history = kinds.add_parser("cloudtrail-history", help="CloudTrail's Event history (LookupEvents)")
    commands.add_config(history)
    history.add_argument(
        "--since", metavar="TIME", help="events of then or later: ISO 8601, or 2d for two days ago (default: 90d)"
    )
    history.add_argument("--until", metavar="TIME", help="events of then or before (default: now)")
    history.add_argument(
        "--region", action="append", default=[], metavar="NAME", help="may be repeated (default: aws.region)"
    )
    history.add_argument(
        "--profile", metavar="NAME", help="profile of the AWS configuration, with a role to assume too"
    )
    history.add_argument("--insights", action="store_true", help="read Insights events too, as trails make them")
    history.add_argument("--again", action="store_true", help="read again what was imported before")


def run(options: argparse.Namespace) -> int:
    """Import; the status is 1 if a region was not read to its end."""
    settings = commands.settings(options, "opensearch.urls")
    log.setup(level=settings.log.level, form=settings.log.format)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are started without it
    signal.signal(signal.SIGTERM, _interrupt)
    return asyncio.run(_imported(options, settings, _wanted(options)))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End in order, as at Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


def _wanted(options: argparse.Namespace) -> Span:
    now = utc_now()
    since = moment(options.since, now) if options.since else now - KEPT
    until = moment(options.until, now) if options.until else now
    if since >= until:
        raise ConfigError("--since is not before --until")
    return Span(max(since, now - KEPT), min(until, now))


async def _imported(options: argparse.Namespace, settings: Settings, wanted: Span) -> int:
    progress = commands.Progress()
    imports: list[Import] = []
    try:
        regions = list(dict.fromkeys(options.region))
        async with opened(
            settings, regions, options.profile, lambda: progress.tell(_far(imports)), insights=options.insights
        ) as imports:
            running = (one.run(wanted, again=options.again) for one in imports)
            ended = await asyncio.gather(*running, return_exceptions=True)
    finally:
        if imports:
            print("\n".join(_table(imports)))
    return _told(imports, ended)


def _told(imports: Sequence[Import], ended: Sequence[BaseException | None]) -> int:
    """Say which regions were not read to their end; give the exit status."""
    status = 0
    for one, error in zip(imports, ended, strict=True):
        if isinstance(error, ShipperError):
            print(f"shipper: {one.scope.label}: {log.printable(str(error))}", file=sys.stderr)
            status = 1
        elif error is not None:
            raise error
    return status


def _far(imports: Sequence[Import]) -> str:
    read = sum(one.totals.read for one in imports)
    reached = [f"{one.scope.label} back to {one.reached:%Y-%m-%dT%H:%M:%SZ}" for one in imports if one.reached]
    return f"{read:,} events; {', '.join(reached) or 'none yet'}"


def _table(imports: Sequence[Import]) -> Iterator[str]:
    """Write the sum: read = indexed + duplicates + filtered + dead letters + released."""
    rows = [_COLUMNS, *(_row(one.scope.label, one.totals) for one in imports)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *numbers in rows:
        cells = (number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True))
        yield f"{name.ljust(widths[0])}  {'  '.join(cells)}"


def _row(region: str, totals: Totals) -> tuple[str, ...]:
    counts = [*(totals.read, totals.indexed, totals.duplicates, totals.filtered, totals.dead_lettered, totals.released)]
    return region, *(f"{count:,}" for count in counts), "holds" if totals.balanced else "does not hold"
