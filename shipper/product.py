"""Which product and version a cluster is: OpenSearch and Elasticsearch differ in types, templates and policies."""

import re
from enum import Enum
from typing import Any, Final, Protocol

from msgspec import Struct

from shipper.errors import OpenSearchError, OpenSearchUnavailable

NODES: Final = "/_nodes/_all/none"
"""Of each node the name, version and build alone."""


class Product(Enum):
    """A search engine that takes our documents."""

    OPENSEARCH = "opensearch"
    ELASTICSEARCH = "elasticsearch"


OLDEST: Final = {Product.OPENSEARCH: (2, 15), Product.ELASTICSEARCH: (8, 7)}
"""Oldest versions that the templates are made for; Elasticsearch knows `index.mode` for certain from 8.7 on."""


class Server(Struct, frozen=True):
    """
    What answers at the address.

    Attributes:
        product: what it is
        version: as it says itself, e.g. `3.6.0`
    """

    product: Product
    version: str

    def __str__(self) -> str:
        return f"{self.product.value} {self.version}"

    @property
    def too_old(self) -> str | None:
        """Why the templates do not fit, if they do not."""
        oldest = OLDEST[self.product]
        if numbers(self.version)[: len(oldest)] >= oldest:
            return None
        return f"{self} is older than {'.'.join(map(str, oldest))}, the oldest version that is supported: update it"


class Client(Protocol):
    """Makes requests; `shipper.opensearch.OpenSearch` is the real one."""

    async def request(self, method: str, path: str, body: Any = None, parameters: dict[str, str] | None = None) -> Any:
        """Make a request; see `shipper.opensearch.OpenSearch.request`."""


async def detect(client: Client) -> Server:
    """
    Ask a cluster what it is.

    `GET /` tells; where that is switched off or not passed on, the nodes are asked.

    Raises:
        OpenSearchError: it does not answer, or says nothing that we understand
    """
    try:
        told = await client.request("GET", "/")
    except OpenSearchError as error:
        if error.status is None:
            raise
        told = None
    match told:
        case {"version": {"number": str(number), "distribution": "opensearch"}}:
            return Server(Product.OPENSEARCH, number)
        case {"version": {"number": str(number)}}:
            return Server(Product.ELASTICSEARCH, number)
    return await _by_its_nodes(client)


async def if_visible(client: Client) -> Server | None:
    """
    Ask a cluster what it is; None where our role may not see it: documents can be shipped all the same.

    Raises:
        OpenSearchUnavailable: it does not answer
    """
    try:
        return await detect(client)
    except OpenSearchUnavailable:
        raise
    except OpenSearchError:
        return None


async def _by_its_nodes(client: Client) -> Server:
    """Take the oldest node's version: a cluster that is being updated can do what all of its nodes can."""
    told = await client.request("GET", NODES)
    nodes = list(told.get("nodes", {}).values()) if isinstance(told, dict) else []
    if not nodes or not all("version" in node for node in nodes):
        raise OpenSearchError("the cluster does not say which product and version it is; see opensearch.urls")
    oldest = min(nodes, key=lambda node: numbers(node["version"]))
    product = Product.ELASTICSEARCH if "build_flavor" in oldest else Product.OPENSEARCH
    return Server(product, oldest["version"])


def numbers(version: str) -> tuple[int, ...]:
    """Read a version's numbers, for comparing: `2.19.4` → (2, 19, 4); what follows a `-` or a letter is left out."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()
