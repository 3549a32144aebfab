"""Builds what re-driving needs, from the configuration."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from shipper import lastresort
from shipper.aws import Session
from shipper.backing import BackingIndices
from shipper.bucket import Bucket
from shipper.config import Settings, require
from shipper.deadletter import DeadLetters
from shipper.opensearch import connected
from shipper.pipeline import utc_now
from shipper.redrive.courier import Courier
from shipper.redrive.letterbox import Letterbox
from shipper.redrive.objects import Objects
from shipper.redrive.redriving import Redriving
from shipper.source import Sources

CONNECTIONS: Final = 4
"""Objects are read one after the other."""


@asynccontextmanager
async def opened(settings: Settings, box: Letterbox, *, dry_run: bool) -> AsyncIterator[Redriving]:
    """
    Give what drives letters once more.

    Args:
        settings: complete ones
        box: where the letters lie
        dry_run: whether nothing is written and removed

    Raises:
        ConfigError: a setting is missing, or a part cannot be built as configured
    """
    require(settings, "opensearch.urls")
    limits, namespace = settings.limits, settings.opensearch.namespace
    sources = Sources.discover(
        (*lastresort.own_routes(settings.deadletter), *settings.routes),
        documents=settings.documents,
        settings=settings.sources,
    )
    letters = DeadLetters(namespace)
    async with (
        connected(settings.opensearch) as engine,
        Session(settings.aws, connections=CONNECTIONS) as session,
    ):
        courier = Courier(
            engine,
            BackingIndices(engine),
            letters,
            utc_now,
            bulk_bytes=limits.bulk_mib << 20,
            dry_run=dry_run,
        )
        objects = Objects(
            sources=sources,
            store=Bucket(session, inflated_bytes=limits.inflated_mib << 20, inflated_ratio=limits.inflated_ratio),
            box=box,
            courier=courier,
            letters=letters,
            namespace=namespace,
            record_bytes=limits.record_kib << 10,
            now=utc_now,
        )
        yield Redriving(box, objects, courier, utc_now, dry_run=dry_run)
