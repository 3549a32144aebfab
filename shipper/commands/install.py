"""Install the index templates; running it again changes nothing."""

import argparse
import asyncio

from shipper import commands
from shipper.config import Settings
from shipper.install import install
from shipper.opensearch import connected
from shipper.source import Sources


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    commands.add_config(parser)


def run(options: argparse.Namespace) -> int:
    """Install and print each template with what was done to it; the status is 1 if a package's source was left out."""
    asyncio.run(_install(commands.settings(options, "opensearch.urls")))
    return 1 if commands.tell_broken(Sources.discover()) else 0


async def _install(settings: Settings) -> None:
    async with connected(settings.opensearch) as engine:
        async for done in install(engine):
            print(f"{done.change.value:<9}  {done.template.kind:<9}  {done.template.name}")
