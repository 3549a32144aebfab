"""
What OpenSearch answers: documents, lag, dead letters, and what the searches find.

Everything is limited to the bucket of this run, because an OpenSearch that is not ours may hold earlier ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shipper import deadletter
from shipper.demo.child import NAMESPACE
from shipper.demo.errors import DemoError
from shipper.demo.samples import PREFIX
from shipper.demo.searches import Found, Query, Search
from shipper.opensearch import OpenSearch

PATTERN: Final = f"logs-*-{NAMESPACE}"
"""All data streams of the demo."""

ROWS: Final = 5
"""Documents that are shown of those that a search finds."""

MOST_GROUPS: Final = 100
MOST_LETTERS: Final = 100
LAG: Final = "shipper.lag_seconds"
_LAG_BARS: Final = 8
_INTERVALS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 900)


@dataclass(frozen=True)
class Lag:
    """
    Seconds from an event to its document.

    Attributes:
        p50: half of the documents have less
        p95: 95 % of the documents have less
        histogram: documents by lower bound of their lag
        interval: width of the histogram's bars
    """

    p50: float
    p95: float
    most: float
    histogram: Mapping[int, int]
    interval: int


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A dead letter; `position` is empty when it stands for a whole object."""

    dataset: str
    reason: str
    key: str
    position: str
    cause: str

    @property
    def is_of_sample(self) -> bool:
        """Whether a sample is its origin, which is broken on purpose."""
        return self.key.startswith(f"{PREFIX}/")


class Answers:
    """
    Asks OpenSearch.

    Args:
        engine: the client
        bucket: of this run
        since: time of the oldest event that was made up for it
    """

    def __init__(self, engine: OpenSearch, bucket: str, since: datetime) -> None:
        self._engine = engine
        self._ours: Query = {"term": {"aws.s3.bucket.name": bucket}}
        self._recent: list[Query] = [self._ours, {"range": {"@timestamp": {"gte": since.isoformat()}}}]

    async def refresh(self) -> None:
        """Make everything indexed so far visible to searches."""
        await self._engine.request("POST", f"/{PATTERN}/_refresh")

    async def documents(self, *, generated: bool = False) -> dict[str, int]:
        """
        Count documents by dataset.

        Args:
            generated: count only those that no sample is the origin of
        """
        samples = [{"prefix": {"aws.s3.object.key": f"{PREFIX}/"}}] if generated else []
        query = {"bool": {"filter": [self._ours], "must_not": samples}}
        counts = _groups(await self._search(PATTERN, query, aggs=_by("data_stream.dataset")))
        return {str(dataset): count for dataset, count in counts.items()}

    async def found(self, search: Search) -> Found:
        """Search the last minutes."""
        query = {"bool": {"filter": [*self._recent, *search.filters]}}
        index = f"logs-{search.dataset}-{NAMESPACE}"
        if search.group:
            answer = await self._search(index, query, aggs=_by(search.group))
            return Found(search, _hits(answer), groups=_groups(answer))
        names = [name for column in search.columns for name in column.split("|")]
        answer = await self._search(index, query, size=ROWS, fields=names, sort=[{"@timestamp": "desc"}])
        rows = [tuple(_first(hit["fields"], column) for column in search.columns) for hit in answer["hits"]["hits"]]
        return Found(search, _hits(answer), rows=tuple(rows))

    async def lag(self) -> Lag:
        """Measure the lag of the documents of the last minutes."""
        query = {"bool": {"filter": [*self._recent, {"exists": {"field": LAG}}]}}
        percentiles = {"percentiles": {"field": LAG, "percents": [50, 95]}}
        most = {"max": {"field": LAG}}
        measured = (await self._search(PATTERN, query, aggs={"percentiles": percentiles, "most": most}))["aggregations"]
        longest = float(measured["most"]["value"] or 0.0)
        interval = next((one for one in _INTERVALS if longest / one < _LAG_BARS), _INTERVALS[-1])
        bars = {"bars": {"histogram": {"field": LAG, "interval": interval}}}
        counted = (await self._search(PATTERN, query, aggs=bars))["aggregations"]["bars"]["buckets"]
        values = measured["percentiles"]["values"]
        return Lag(
            p50=float(values["50.0"] or 0.0),
            p95=float(values["95.0"] or 0.0),
            most=longest,
            histogram={int(bar["key"]): bar["doc_count"] for bar in counted},
            interval=interval,
        )

    async def letters(self) -> tuple[Letter, ...]:
        """Give the dead letters, first those of which no sample is the origin."""
        index = f"logs-{deadletter.DATASET}-{NAMESPACE}"
        names = ("dataset", "reason", "position")
        fields = ["error.message", "aws.s3.object.key", *[f"shipper.deadletter.{name}" for name in names]]
        answer = await self._search(index, {"bool": {"filter": [self._ours]}}, size=MOST_LETTERS, fields=fields)
        letters = [
            Letter(
                key=_first(hit["fields"], "aws.s3.object.key"),
                cause=_first(hit["fields"], "error.message"),
                **{name: _first(hit["fields"], f"shipper.deadletter.{name}") for name in names},
            )
            for hit in answer["hits"]["hits"]
        ]
        return tuple(sorted(letters, key=lambda letter: (letter.is_of_sample, letter.dataset, letter.key)))

    async def _search(
        self,
        index: str,
        query: Query,
        *,
        size: int = 0,
        aggs: Query | None = None,
        fields: Sequence[str] = (),
        sort: Sequence[Query] = (),
    ) -> Query:
        body: Query = {"query": query, "size": size, "track_total_hits": True, "_source": False}
        options = {"aggs": aggs, "fields": list(fields), "sort": list(sort)}
        body |= {name: value for name, value in options.items() if value}
        answer: Query | None = await self._engine.request("POST", f"/{index}/_search", body)
        if answer is None:
            raise DemoError(f"OpenSearch has no data stream {index}: nothing was indexed there")
        return answer


def _by(name: str) -> Query:
    return {"groups": {"terms": {"field": name, "size": MOST_GROUPS}}}


def _groups(answer: Query) -> dict[str, int]:
    """Give the groups; OpenSearch leaves aggregations out when a pattern matches no data stream."""
    buckets = answer.get("aggregations", {}).get("groups", {}).get("buckets", [])
    return {str(bucket["key"]): bucket["doc_count"] for bucket in buckets}


def _hits(answer: Query) -> int:
    hits: int = answer["hits"]["total"]["value"]
    return hits


def _first(fields: Mapping[str, list[Any]], column: str) -> str:
    """Give the value of the first of the alternatives that has one."""
    return next((str(fields[name][0]) for name in column.split("|") if fields.get(name)), "")
