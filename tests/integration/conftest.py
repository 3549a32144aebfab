"""
Real services that all integration tests share.

One OpenSearch and one moto serve the whole session, so that a test takes names of its own (`unique`) for indices,
buckets and queues. A test that ends or breaks a server starts one itself, with `shipper.embedded`.
"""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiobotocore.session import get_session
from types_aiobotocore_s3 import S3Client
from types_aiobotocore_sqs import SQSClient

from integration.elastic_core import gateway
from integration.shipping import Site, have_templates, reached, site
from shipper.config import OpenSearch as OpenSearchSettings
from shipper.embedded import EmbeddedElasticsearch, EmbeddedOpenSearch, aws, opensearch

REGION = "eu-central-1"


@pytest.fixture(scope="session")
def opensearch_url() -> Iterator[str]:
    """Address of a real OpenSearch: $OPENSEARCH_URL, or in Docker, or of a process of our own."""
    with opensearch(progress=print) as server:
        yield server.url


@pytest.fixture(scope="session")
def secured() -> Iterator[EmbeddedOpenSearch]:
    """The other major version, with the security plugin: TLS, users, roles."""
    with EmbeddedOpenSearch("2.19.4", secured=True, progress=print) as server:
        yield server


@pytest.fixture(params=["3.6", "2.19"])
def cluster(request: pytest.FixtureRequest) -> OpenSearchSettings:
    """How to reach an OpenSearch, of one major version and the other; the older one has the security plugin."""
    if request.param == "3.6":
        return reached(request.getfixturevalue("opensearch_url"))
    server: EmbeddedOpenSearch = request.getfixturevalue("secured")
    return reached(server.url, server.access)


@pytest.fixture(scope="session")
def elasticsearch_url() -> Iterator[str]:
    """Address of a real Elasticsearch: $ELASTICSEARCH_URL, or of a process of our own, which is the core alone."""
    if url := os.environ.get("ELASTICSEARCH_URL"):
        yield url
        return
    with EmbeddedElasticsearch(progress=print) as server, gateway(server.url) as url:
        yield url


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    """Address of S3, SQS, SNS and EventBridge."""
    with aws(progress=print) as services:
        yield services.url


@pytest.fixture
def unique() -> str:
    """A name that no other test uses, fit for indices, buckets and queues."""
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
async def s3(aws_url: str) -> AsyncIterator[S3Client]:
    """A client for S3."""
    async with get_session().create_client(
        "s3", region_name=REGION, endpoint_url=aws_url, aws_access_key_id="test", aws_secret_access_key="test"
    ) as client:
        yield client


@pytest.fixture
async def sqs(aws_url: str) -> AsyncIterator[SQSClient]:
    """A client for SQS."""
    async with get_session().create_client(
        "sqs", region_name=REGION, endpoint_url=aws_url, aws_access_key_id="test", aws_secret_access_key="test"
    ) as client:
        yield client


@pytest.fixture
async def bare(
    s3: S3Client, sqs: SQSClient, aws_url: str, opensearch_url: str, unique: str, tmp_path: Path
) -> AsyncIterator[Site]:
    """A bucket, a queue and a configuration; no template is installed for them."""
    setting = {"aws_url": aws_url, "opensearch_url": opensearch_url, "unique": unique, "folder": tmp_path}
    async with site(s3, sqs, region=REGION, **setting) as everything:
        yield everything


@pytest.fixture
async def here(bare: Site) -> Site:
    """A site with installed templates."""
    await have_templates(bare.engine)
    return bare
