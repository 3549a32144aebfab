"""Which OpenSearch the demo and the tests use."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from shipper.embedded import docker
from shipper.embedded.distribution import DEFAULT_VERSION
from shipper.embedded.node import EmbeddedOpenSearch
from shipper.embedded.progress import Progress, silent
from shipper.embedded.server import Service
from shipper.errors import EmbeddedError

VARIABLE = "OPENSEARCH_URL"


@dataclass(frozen=True)
class Elsewhere:
    """
    An OpenSearch that someone else started.

    Attributes:
        url: its address, without a slash at the end; may hold a password
    """

    url: str = field(repr=False)


@contextmanager
def opensearch(
    version: str = DEFAULT_VERSION,
    *,
    heap_mb: int = 512,
    lasting: bool = False,
    port: int | None = None,
    progress: Progress = silent,
) -> Iterator[Service]:
    """
    An OpenSearch for as long as the block lasts.

    $OPENSEARCH_URL if it is set, then nothing is started; else a container if a Docker engine answers and no port is
    asked for; else a process on this machine.

    Args:
        version: version to start
        heap_mb: size of its Java heap in MiB
        lasting: whether a process is to work hard for many minutes; otherwise it starts in half of the time
        port: port for HTTP on 127.0.0.1; None for a free one
        progress: receives a line whenever a person would want one

    Raises:
        EmbeddedError: it could not be started, or the variable holds no address
    """
    if url := os.environ.get(VARIABLE):
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise EmbeddedError(f"{VARIABLE} must be an address such as http://127.0.0.1:9200")
        progress(f"using the OpenSearch at {urlsplit(url).hostname} that {VARIABLE} names")
        yield Elsewhere(url.rstrip("/"))
    elif port is None and docker.engine_answers():
        with docker.container(version, heap_mb, progress) as container:
            yield container
    else:
        with EmbeddedOpenSearch(version, heap_mb=heap_mb, lasting=lasting, port=port, progress=progress) as server:
            yield server
