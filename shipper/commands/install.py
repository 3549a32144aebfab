"""Install index templates and retention policies; running it again changes nothing."""

import argparse
import asyncio
import sys

from shipper import commands
from shipper.config import Settings
from shipper.install import Change, conflicts, install
from shipper.mappings.templates import templates
from shipper.opensearch import connected
from shipper.source import Sources


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    commands.add_config(parser)
    parser.add_argument("--dry-run", action="store_true", help="change nothing; print what would change")


def run(options: argparse.Namespace) -> int:
    """
    Install and print each thing with what was done to it.

    The status is 1 if another's template keeps ours from taking effect, or if a package's source was left out.
    """
    sources = Sources.discover()
    status = asyncio.run(_install(commands.settings(options, "opensearch.urls"), dry_run=options.dry_run))
    return 1 if commands.tell_broken(sources) else status


async def _install(settings: Settings, *, dry_run: bool) -> int:
    async with connected(settings.opensearch) as engine:
        async for step in install(engine, settings.retention, dry_run=dry_run, note=_note):
            print(f"{step.change.value:<9}  {step.kind:<9}  {step.name}")
            if step.detail and (dry_run or step.change in (Change.NEWER, Change.ROLLED)):
                print("\n".join(f"    {line}" for line in step.detail.splitlines()))
        found = await conflicts(engine, templates(), settings.opensearch.namespace)
    for conflict in found:
        _note(f"conflict: {conflict}")
    return 1 if found else 0


def _note(text: str) -> None:
    print(text, file=sys.stderr)
