"""OpenSearch, S3 and SQS for all seeds of a run, with the index templates installed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from aiobotocore.session import get_session
from msgspec import Struct
from types_aiobotocore_s3 import S3Client
from types_aiobotocore_sqs import SQSClient

from faults.kinds import NEEDS_OWN_NODE, Fault
from shipper.config import OpenSearch as OpenSearchSettings
from shipper.embedded import EmbeddedOpenSearch, aws, opensearch
from shipper.embedded.progress import Progress
from shipper.install import install
from shipper.opensearch import OpenSearch, connected

REGION: Final = "eu-central-1"


class Services(Struct, frozen=True):
    """
    The real services, past all proxies.

    Attributes:
        node: the OpenSearch if it is a process of ours
    """

    aws_url: str
    opensearch_url: str
    s3: S3Client
    sqs: SQSClient
    engine: OpenSearch
    node: EmbeddedOpenSearch | None

    @property
    def beyond(self) -> frozenset[Fault]:
        """Faults that cannot be injected here."""
        return frozenset() if self.node else NEEDS_OWN_NODE


@asynccontextmanager
async def services(progress: Progress, *, lasting: bool = False) -> AsyncIterator[Services]:
    """Start everything, to work for hours if it is lasting; it lives as long as the context."""
    async with AsyncExitStack() as stack:
        search = stack.enter_context(opensearch(lasting=lasting, progress=progress))
        cloud = stack.enter_context(aws(progress=progress))
        session = get_session()
        s3, sqs = [
            await stack.enter_async_context(
                session.create_client(
                    name,
                    region_name=REGION,
                    endpoint_url=cloud.url,
                    aws_access_key_id="harness",
                    aws_secret_access_key="harness",
                )
            )
            for name in ("s3", "sqs")
        ]
        engine = await stack.enter_async_context(connected(OpenSearchSettings(urls=(search.url,), timeout_seconds=60)))
        async for _ in install(engine):
            pass
        node = search if isinstance(search, EmbeddedOpenSearch) else None
        yield Services(cloud.url, search.url, s3, sqs, engine, node)
