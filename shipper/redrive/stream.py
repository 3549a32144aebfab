"""The letters in their data stream."""

from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote

from shipper.errors import LetterError
from shipper.log import Log
from shipper.opensearch import OpenSearch
from shipper.redrive.letters import Letter, read_letter
from shipper.redrive.selection import Selection

PAGE: Final = 500
"""Letters of one page: objects are read once for all their letters of a page."""

WHOLE_PAGE: Final = 10
"""The same with originals, each of up to 2 MiB."""

ORDER: Final = ({"@timestamp": "asc"}, {"shipper.deadletter.id": {"order": "asc", "unmapped_type": "keyword"}})
"""
A total order that every letter has a place in, with values of our own.

So a page begins behind the last letter of the one before, whatever was removed meanwhile, without a context that
OpenSearch keeps open and that ends while objects are read. A letter that lies in two backing indices comes twice.
"""

_LARGE: Final = ["shipper.deadletter.document", "shipper.deadletter.original"]

_log = Log(__name__)


class Stream:
    """
    A data stream of letters; see `Letterbox`.

    Args:
        engine: the cluster
        index: name of the data stream
    """

    takes_new = True

    def __init__(self, engine: OpenSearch, index: str) -> None:
        self._engine = engine
        self._index = index

    async def pages(self, selection: Selection, *, originals: bool = False) -> AsyncIterator[list[Letter]]:
        """Give the letters that were there when this was asked; see `Letterbox`."""
        await self._engine.request("POST", f"/{self._index}/_refresh")
        body: dict[str, Any] = {
            "size": WHOLE_PAGE if originals else PAGE,
            "query": selection.query(),
            "sort": ORDER,
            "_source": True if originals else {"excludes": _LARGE},
        }
        while hits := await self._hits(body):
            yield [letter for hit in hits if (letter := _letter(hit))]
            body["search_after"] = hits[-1]["sort"]

    async def whole(self, letter: Letter) -> Letter:
        """Give a letter with its original; see `Letterbox`."""
        answer = await self._engine.request("GET", _path(letter))
        if answer is None or not answer.get("found"):
            raise LetterError("the letter is not there any more")
        return read_letter(answer["_source"], letter.name, letter.index)

    async def remove(self, letter: Letter) -> None:
        """Take a letter away; see `Letterbox`."""
        await self._engine.request("DELETE", _path(letter))

    async def _hits(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self._engine.request("POST", f"/{self._index}/_search", body)
        hits: list[dict[str, Any]] = answer["hits"]["hits"] if answer else []
        return hits


def _path(letter: Letter) -> str:
    """A document of a data stream is read and removed in its backing index."""
    return f"/{letter.index}/_doc/{quote(letter.name, safe='')}"


def _letter(hit: dict[str, Any]) -> Letter | None:
    try:
        return read_letter(hit["_source"], hit["_id"], hit["_index"])
    except LetterError as error:
        _log.warning("passed over", error=error)
        return None
