"""Which spans are done with, as the entries tell."""

from datetime import timedelta
from typing import Any, Final

import msgspec

from shipper.history.entries import DATASET, Category, EntryDocument, Scope
from shipper.history.spans import Span
from shipper.opensearch import OpenSearch

LATE: Final[dict[Category, timedelta]] = {"management": timedelta(minutes=15), "insight": timedelta(hours=2)}
"""
How long after an event CloudTrail may list it; mostly it takes about 5 minutes, for Insights about 30.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-insights-events-with-cloudtrail.html
"""

PAGE: Final = 1_000

ORDER: Final = ({"@timestamp": "asc"}, {"shipper.history.id": {"order": "asc", "unmapped_type": "keyword"}})


class Covered:
    """
    Finds entries again.

    Args:
        engine: where they are
        namespace: of the data stream
        dataset: of the events
    """

    def __init__(self, engine: OpenSearch, namespace: str, dataset: str) -> None:
        self._engine = engine
        self._path = f"/logs-{DATASET}-{namespace}"
        self._dataset = dataset

    async def spans(self, scope: Scope, wanted: Span) -> list[Span]:
        """
        Give the spans that are done with, without what was so new then that more events may have been listed since.

        Raises:
            OpenSearchError: OpenSearch does not answer, or refuses
        """
        await self._engine.request("POST", f"{self._path}/_refresh")
        body: dict[str, Any] = {"size": PAGE, "query": self._query(scope, wanted), "sort": ORDER}
        found = []
        while hits := await self._hits(body):
            documents = (msgspec.convert(hit["_source"], EntryDocument) for hit in hits)
            found += [_span(document, LATE[scope.category]) for document in documents]
            body["search_after"] = hits[-1]["sort"]
        return found

    def _query(self, scope: Scope, wanted: Span) -> dict[str, Any]:
        clauses: list[dict[str, Any]] = [
            {"term": {"cloud.account.id": scope.account}},
            {"term": {"cloud.region": scope.region}},
            {"term": {"shipper.history.category": scope.category}},
            {"term": {"shipper.history.dataset": self._dataset}},
            {"range": {"shipper.history.until": {"gte": wanted.since.isoformat()}}},
            {"range": {"shipper.history.since": {"lte": wanted.until.isoformat()}}},
        ]
        return {"bool": {"filter": clauses}}

    async def _hits(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self._engine.request("POST", f"{self._path}/_search", body)
        hits: list[dict[str, Any]] = answer["hits"]["hits"] if answer else []
        return hits


def _span(document: EntryDocument, late: timedelta) -> Span:
    entry, begun = document.shipper.history, document.event.start
    return Span(entry.since, min(entry.until, begun - late) if begun else entry.until)
