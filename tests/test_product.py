"""A cluster is told by what it says of itself."""

from typing import Any

import pytest
from fakes.cluster import FakeCluster

from shipper.errors import OpenSearchError, OpenSearchRefused, OpenSearchUnavailable
from shipper.product import NODES, Product, Server, detect, if_visible, numbers


class Answers:
    """A client that has these answers, by path; an error is raised."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers

    async def request(self, _method: str, path: str, _body: Any = None, _parameters: Any = None) -> Any:
        """Give the answer."""
        answer = self._answers.get(path)
        if isinstance(answer, Exception):
            raise answer
        return answer


def refused(status: int | None) -> OpenSearchError:
    """An error with the status of an answer."""
    error = OpenSearchError("no")
    error.status = status
    return error


ES = {"nodes": {"a": {"version": "9.1.0", "build_flavor": "default"}, "b": {"version": "8.17.4", "build_flavor": ""}}}


@pytest.mark.parametrize(
    ("answers", "server"),
    [
        ({"/": {"version": {"number": "3.6.0", "distribution": "opensearch"}}}, "opensearch 3.6.0"),
        ({"/": {"version": {"number": "8.17.4", "build_flavor": "default"}}}, "elasticsearch 8.17.4"),
        ({"/": refused(405), NODES: ES}, "elasticsearch 8.17.4"),
        ({"/": None, NODES: {"nodes": {"a": {"version": "2.19.4"}}}}, "opensearch 2.19.4"),
    ],
)
async def test_product_and_version(answers: dict[str, Any], server: str) -> None:
    """`GET /` tells, else the oldest node does."""
    assert str(await detect(Answers(answers))) == server


@pytest.mark.parametrize("answers", [{"/": {"hello": 1}}, {"/": refused(None)}, {"/": None, NODES: {"nodes": {}}}])
async def test_what_is_no_cluster_is_an_error(answers: dict[str, Any]) -> None:
    """Something else that answers, or nothing that does, is not taken for a product."""
    with pytest.raises(OpenSearchError):
        await detect(Answers(answers))


async def test_a_product_that_may_not_be_seen_stops_nobody() -> None:
    """Without the permission to see it there is none; a cluster that is away is still an error."""
    assert await if_visible(Answers({"/": OpenSearchRefused("403")})) is None
    assert await if_visible(FakeCluster()) == Server(Product.OPENSEARCH, "3.6.0")
    with pytest.raises(OpenSearchUnavailable):
        await if_visible(Answers({"/": OpenSearchUnavailable("away")}))


@pytest.mark.parametrize(
    ("product", "version", "old"),
    [
        (Product.OPENSEARCH, "2.14.0", True),
        (Product.OPENSEARCH, "2.15.0", False),
        (Product.OPENSEARCH, "10.0.0-rc1", False),
        (Product.ELASTICSEARCH, "8.6.2", True),
        (Product.ELASTICSEARCH, "8.7.0", False),
    ],
)
async def test_versions_that_are_too_old_are_told(product: Product, version: str, *, old: bool) -> None:
    """The templates are made for OpenSearch from 2.15 and Elasticsearch from 8.7 on."""
    server = await detect(FakeCluster(product, version))
    assert server == Server(product, version)
    assert bool(server.too_old) is old


def test_versions_are_compared_by_their_numbers() -> None:
    """2.9 comes before 2.19, and what is no version before all."""
    assert sorted(["3.0.0", "2.19.4", "", "2.9"], key=numbers) == ["", "2.9", "2.19.4", "3.0.0"]
