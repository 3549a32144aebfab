"""Builds what an import needs, from the configuration."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from msgspec import structs

from shipper import lastresort
from shipper.aws import Session
from shipper.backing import BackingIndices
from shipper.config import Settings
from shipper.deadletter import DeadLetters
from shipper.errors import ConfigError, OpenSearchRefused
from shipper.health import Health
from shipper.history.covered import Covered
from shipper.history.entries import Category, Entries, Scope
from shipper.history.importing import Import
from shipper.history.lookup import EventHistory, Turns, account_of, aws_errors
from shipper.history.reading import Reader
from shipper.indexer import Indexer
from shipper.install import missing_templates
from shipper.metrics import Metrics
from shipper.notification import NO_OBJECT
from shipper.opensearch import OpenSearch, connected
from shipper.pipeline import utc_now
from shipper.source import Sources

DATASET: Final = "aws.cloudtrail"


@asynccontextmanager
async def opened(
    settings: Settings, regions: Sequence[str], profile: str | None, tell: Callable[[], None], *, insights: bool = False
) -> AsyncIterator[list[Import]]:
    """
    Give an import for each region, or two with Insights; at the end, what has no outcome yet is released.

    Args:
        settings: complete ones
        regions: whose history is read; none for that of the settings, else of the AWS configuration
        profile: of the AWS configuration
        tell: called after each page
        insights: whether Insights events are read too

    Raises:
        ConfigError: a part cannot be built as configured
        HistoryError: AWS does not accept the credentials, or does not answer
        OpenSearchError: OpenSearch does not answer, refuses us, or lacks a template
    """
    # Requests are made again by ourselves, at CloudTrail's rate; the configured address is that of S3 and SQS alone.
    direct = structs.replace(settings.aws, endpoint_url=None, max_attempts=1)
    limits, namespace = settings.limits, settings.opensearch.namespace
    metrics, letters = Metrics(), DeadLetters(namespace)
    async with (
        connected(settings.opensearch) as engine,
        Session(settings.aws, connections=1, profile=profile) as store,
        Session(direct, connections=1, profile=profile) as session,
    ):
        with aws_errors():
            clients = [await session.client("cloudtrail", region) for region in regions or (None,)]
            account = await account_of(await session.client("sts", clients[0].meta.region_name))
        await _check_templates(engine)
        indexer = Indexer(
            engine,
            BackingIndices(engine),
            letters,
            metrics,
            Health(metrics),
            bulk_bytes=limits.bulk_mib << 20,
            requests=limits.bulk_requests,
            flush_seconds=limits.flush_seconds,
            now=utc_now,
            last_resort=lastresort.LastResort(lastresort.configured(settings.deadletter, store), metrics),
        )
        imports = [
            Import(
                scope,
                history=history,
                reader=_reader(scope, settings),
                indexer=indexer,
                letters=letters,
                entries=Entries(namespace, DATASET),
                covered=Covered(engine, namespace, DATASET).spans,
                now=utc_now,
                tell=tell,
            )
            for scope, history in _histories(account, clients, insights=insights)
        ]
        try:
            yield imports
        finally:
            await asyncio.shield(indexer.stop())


def _histories(account: str, clients: Sequence[Any], *, insights: bool) -> Iterator[tuple[Scope, EventHistory]]:
    """Give what is to be read; the categories of a region share its rate."""
    categories: tuple[Category, ...] = ("management", "insight") if insights else ("management",)
    for client in clients:
        turns = Turns()
        for category in categories:
            scope = Scope(account, client.meta.region_name, category)
            yield scope, EventHistory(client, category=category, turns=turns)


async def _check_templates(engine: OpenSearch) -> None:
    """See whether the templates are there: without them OpenSearch would guess every field's type."""
    if missing := await missing_templates(engine):
        raise OpenSearchRefused(f"index templates are missing; run `shipper install`: {', '.join(missing)}")


def _reader(scope: Scope, settings: Settings) -> Reader:
    """Give what makes the documents that the daemon makes, with all that is set of them."""
    sources = Sources.discover(documents=settings.documents, settings=settings.sources)
    found = sources.of(NO_OBJECT, DATASET)
    if found is None:
        raise ConfigError(f"there is no source for {DATASET}")
    return Reader(
        found[0],
        account=scope.account,
        region=scope.region,
        namespace=settings.opensearch.namespace,
        record_bytes=settings.limits.record_kib << 10,
    )
