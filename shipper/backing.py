"""
The backing indices behind a data stream: which there are, what lies in them, and taking a document out of one.

https://docs.opensearch.org/latest/im-plugin/data-streams/

An `_id` is unique in a backing index, not in its data stream, and OpenSearch has no request that looks an id up in a
data stream: `GET` and `_mget` through its name fail. `_search` sees what was refreshed, so the indices are refreshed
before; `_mget` of one index sees all.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from urllib.parse import quote

import msgspec
from msgspec import Struct, field

from shipper.errors import OpenSearchError, OpenSearchRefused, OpenSearchUnavailable

BATCH: Final = 1_000
"""Ids of one search."""

MOST_HITS: Final = 10_000
"""Most hits that OpenSearch gives at once (`index.max_result_window`)."""


class BackingIndex(Struct, frozen=True):
    """
    One backing index.

    Attributes:
        name: of the index
        created: when it was, by the clock of the cluster
    """

    name: str
    created: datetime


class Backing(Protocol):
    """What delivery asks about backing indices; `BackingIndices` is the real one."""

    async def of(self, stream: str) -> list[BackingIndex]:
        """
        Give the backing indices of a data stream, the one that is written to last; none if there is no such stream.

        Raises:
            OpenSearchUnavailable: try again
            OpenSearchRefused: an operator has to act
        """

    async def present(self, indices: Sequence[str], ids: Sequence[str]) -> dict[str, set[str]]:
        """
        Tell which of these indices have which documents, whatever was written before the call included.

        Returns:
            For each id that is there the indices that have it.

        Raises:
            OpenSearchUnavailable: try again
            OpenSearchRefused: an operator has to act
        """

    async def written(self, index: str, ids: Sequence[str]) -> set[str]:
        """
        Tell which documents the index has that is written to, without a refresh of it.

        Raises:
            OpenSearchUnavailable: try again
            OpenSearchRefused: an operator has to act
        """

    async def withdraw(self, index: str, id_: str) -> None:
        """
        Take a document out of one index, if it is there.

        Raises:
            OpenSearchUnavailable: try again
            OpenSearchRefused: an operator has to act
        """


class _IndexName(Struct):
    index_name: str


class _DataStream(Struct):
    indices: list[_IndexName]


class _DataStreams(Struct):
    data_streams: list[_DataStream]


class _IndexSettings(Struct):
    creation_date: int


class _ByIndex(Struct):
    index: _IndexSettings


class _Settings(Struct):
    settings: _ByIndex


class _Hit(Struct):
    id: str = field(name="_id")
    index: str = field(name="_index")


class _Hits(Struct, frozen=True):
    hits: tuple[_Hit, ...] = ()


class _Answer(Struct):
    hits: _Hits = _Hits()


class _Get(Struct):
    id: str = field(name="_id")
    found: bool = False


class _Gotten(Struct):
    docs: tuple[_Get, ...] = ()


class Client(Protocol):
    """Makes requests; `shipper.opensearch.OpenSearch` is the real one."""

    async def request(self, method: str, path: str, body: Any = None, parameters: dict[str, str] | None = None) -> Any:
        """Make a request; see `shipper.opensearch.OpenSearch.request`."""


class BackingIndices:
    """
    The backing indices in OpenSearch or Elasticsearch.

    Args:
        client: makes the requests
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def of(self, stream: str) -> list[BackingIndex]:
        """Give the backing indices of a data stream; see `Backing`."""
        with _answers():
            told = await self._client.request("GET", f"/_data_stream/{quote(stream)}")
            if told is None:
                return []
            (found,) = msgspec.convert(told, _DataStreams).data_streams
            told = await self._client.request("GET", f"/{quote(stream)}/_settings/index.creation_date")
            created = msgspec.convert(told or {}, dict[str, _Settings], strict=False)
            return [
                BackingIndex(one.index_name, _moment(created[one.index_name]))
                for one in found.indices
                if one.index_name in created
            ]

    async def present(self, indices: Sequence[str], ids: Sequence[str]) -> dict[str, set[str]]:
        """Tell which of these indices have which documents; see `Backing`."""
        path = "/" + quote(",".join(indices), safe=",")
        parameters = {
            # A closed or deleted index cannot be asked; what lies in it is not found by searches either.
            "ignore_unavailable": "true",
            "allow_partial_search_results": "false",
            "filter_path": "hits.hits._id,hits.hits._index",
        }
        found: dict[str, set[str]] = {}
        with _answers():
            await self._client.request("POST", f"{path}/_refresh", parameters={"ignore_unavailable": "true"})
            for start in range(0, len(ids), BATCH):
                some = ids[start : start + BATCH]
                query = {"query": {"ids": {"values": some}}, "size": MOST_HITS, "_source": False}
                answer = await self._client.request("POST", f"{path}/_search", query, parameters)
                for hit in msgspec.convert(answer or {}, _Answer).hits.hits:
                    found.setdefault(hit.id, set()).add(hit.index)
        return found

    async def written(self, index: str, ids: Sequence[str]) -> set[str]:
        """Tell which documents the index has that is written to; see `Backing`."""
        found: set[str] = set()
        with _answers():
            for start in range(0, len(ids), BATCH):
                answer = await self._client.request(
                    "POST",
                    f"/{quote(index)}/_mget",
                    {"ids": ids[start : start + BATCH]},
                    {"_source": "false", "filter_path": "docs._id,docs.found"},
                )
                found.update(one.id for one in msgspec.convert(answer or {}, _Gotten).docs if one.found)
        return found

    async def withdraw(self, index: str, id_: str) -> None:
        """Take a document out of one index; see `Backing`."""
        with _answers():
            await self._client.request("DELETE", f"/{quote(index)}/_doc/{quote(id_, safe='')}")


def _moment(settings: _Settings) -> datetime:
    """Read the creation date of an index, which is in milliseconds."""
    return datetime.fromtimestamp(settings.settings.index.creation_date / 1000, UTC)


@contextmanager
def _answers() -> Iterator[None]:
    """Hold what nobody foresaw, instead of giving up on the documents: an operator has to look."""
    try:
        yield
    except (OpenSearchUnavailable, OpenSearchRefused):
        raise
    except (OpenSearchError, msgspec.ValidationError, ValueError) as error:
        raise OpenSearchRefused(f"looking for documents in older backing indices: {error}") from error
