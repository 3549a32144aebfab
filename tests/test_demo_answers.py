"""What the demo reads: the daemon's metrics, and the answers of OpenSearch."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shipper.deadletter import Place
from shipper.demo.accounts import Books, read_books
from shipper.demo.answers import Answers
from shipper.demo.errors import DemoError
from shipper.demo.searches import SEARCHES, Search
from shipper.metrics import Metrics
from shipper.notification import ObjectRef
from shipper.tally import Tally

SINCE = datetime(2026, 2, 3, 10, 15, tzinfo=UTC)
NOTHING: dict[str, Any] = {"hits": {"total": {"value": 0}, "hits": []}}


class Engine:
    """Answers each request with the next of some answers, and keeps what was asked."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, Any]] = []

    async def request(self, method: str, path: str, body: Any = None) -> Any:
        """Give the next answer."""
        self.asked.append((f"{method} {path}", body))
        return self._answers.pop(0)


def answers(*given: Any) -> tuple[Answers, Engine]:
    """What is under test, on an engine with given answers."""
    engine = Engine(*given)
    return Answers(engine, "our-bucket", SINCE), engine


def buckets(name: str, counts: dict[str, int]) -> dict[str, Any]:
    """An answer with one aggregation."""
    found = [{"key": key, "doc_count": count} for key, count in counts.items()]
    return {**NOTHING, "hits": {"total": {"value": sum(counts.values())}}, "aggregations": {name: {"buckets": found}}}


def tally(dataset: str, read: int, indexed: int, *, dead: int = 0) -> Tally:
    """What became of the records of an object that was created at the given time."""
    made = Tally(Place(dataset=dataset, object=ObjectRef(bucket="b", key="k", event_time=SINCE)))
    made.read, made.indexed, made.dead_lettered = read, indexed, dead
    return made


def test_books_are_those_of_the_daemon() -> None:
    """What the daemon's own metrics say is read back: sums by dataset, objects, messages, what was skipped, lag."""
    metrics = Metrics()
    metrics.settled(tally("aws.a", 5, 4, dead=1), delivered=True, now=SINCE.replace(second=2))
    metrics.settled(tally("aws.a", 3, 3), delivered=True, now=SINCE.replace(second=4))
    metrics.settled(tally("unknown", 1, 0, dead=1), delivered=True, now=SINCE.replace(second=3))
    metrics.objects.labels("aws.a", "delivered").inc(2)
    metrics.objects.labels("aws.a", "errored").inc()
    metrics.objects.labels("unknown", "delivered").inc()
    metrics.messages.labels("q", "delivered").inc(3)
    metrics.ignored.labels("test_event").inc()
    books = read_books(metrics.exposition().decode())
    assert [(account.dataset, account.read, account.holds) for account in books.accounts] == [
        ("aws.a", 8, True),
        ("unknown", 1, True),
    ]
    assert (books.total("indexed"), books.total("dead_lettered"), books.imbalance) == (7, 2, 0)
    assert (books.objects, dict(books.messages), dict(books.ignored)) == (3, {"delivered": 3}, {"test_event": 1})
    assert books.object_lag == 3.0


def test_a_record_without_outcome_is_an_imbalance() -> None:
    """The gauge is read, and the sum does not hold."""
    metrics = Metrics()
    metrics.settled(tally("aws.a", 5, 4), delivered=False, now=SINCE)
    books = read_books(metrics.exposition().decode())
    assert books.imbalance == 1
    assert not books.accounts[0].holds


def test_a_daemon_that_did_nothing_has_empty_books() -> None:
    """No sample is no error."""
    books = read_books(Metrics().exposition().decode())
    assert books == Books(accounts=(), imbalance=0, messages={}, objects=0, ignored={}, object_lag=0.0)


def test_both_forms_of_a_search_say_the_same() -> None:
    """Text is quoted, booleans are not, several values are alternatives."""
    terms = {"a": "x y", "b": False, "c": ("p", "q")}
    asked = Search(title="t", dataset="d", terms=terms)
    assert asked.dql == 'a: "x y" and b: false and c: ("p" or "q")'
    assert asked.filters == [{"term": {"a": "x y"}}, {"term": {"b": False}}, {"terms": {"c": ["p", "q"]}}]


@pytest.mark.parametrize("asked", SEARCHES, ids=lambda asked: asked.title)
async def test_searches_are_limited_to_this_run(asked: Search) -> None:
    """Documents of earlier runs and of samples are not found: the bucket and the time are part of every search."""
    answer, engine = answers(NOTHING)
    await answer.found(asked)
    ((request, body),) = engine.asked
    assert request == f"POST /logs-{asked.dataset}-demo/_search"
    filters = body["query"]["bool"]["filter"]
    assert {"term": {"aws.s3.bucket.name": "our-bucket"}} in filters
    assert {"range": {"@timestamp": {"gte": "2026-02-03T10:15:00+00:00"}}} in filters
    assert all(one in filters for one in asked.filters)
    assert body["track_total_hits"] is True


async def test_rows_take_the_first_alternative_that_has_a_value() -> None:
    """A root user has no name, so its type is shown."""
    fields = {"@timestamp": ["now"], "aws.cloudtrail.user_identity.type": ["Root"], "source.ip": ["192.0.2.1"]}
    answer, _ = answers({"hits": {"total": {"value": 9}, "hits": [{"fields": fields}]}})
    found = await answer.found(SEARCHES[0])
    assert found.hits == 9
    assert found.rows == (("now", "Root", "192.0.2.1", ""),)


async def test_groups_are_those_of_the_aggregation() -> None:
    """Numbers are keys like any other."""
    answer, _ = answers(buckets("groups", {22: 3, 443: 1}))
    found = await answer.found(SEARCHES[2])
    assert (found.hits, found.groups) == (4, {"22": 3, "443": 1})


async def test_a_data_stream_that_is_not_there_is_an_error() -> None:
    """Nothing indexed is told, not taken for nothing found."""
    answer, _ = answers(None)
    with pytest.raises(DemoError, match=r"no data stream logs-aws[.]cloudtrail-demo"):
        await answer.found(SEARCHES[0])


async def test_documents_are_counted_by_dataset() -> None:
    """Of this bucket alone, and without those of samples when asked so."""
    answer, engine = answers(buckets("groups", {"aws.a": 2}), buckets("groups", {"aws.a": 1}), NOTHING)
    assert await answer.documents() == {"aws.a": 2}
    assert await answer.documents(generated=True) == {"aws.a": 1}
    assert await answer.documents() == {}
    everything, generated, _ = [body["query"]["bool"] for _, body in engine.asked]
    assert everything["filter"] == generated["filter"] == [{"term": {"aws.s3.bucket.name": "our-bucket"}}]
    assert (everything["must_not"], generated["must_not"]) == ([], [{"prefix": {"aws.s3.object.key": "samples/"}}])


@pytest.mark.parametrize(("most", "interval"), [(0.4, 1), (7.9, 1), (8.0, 2), (62.3, 10), (90_000.0, 900)])
async def test_lag_has_a_handful_of_bars(most: float, interval: int) -> None:
    """The longest lag decides how wide the bars of the histogram are."""
    measured = {"percentiles": {"values": {"50.0": 1.5, "95.0": None}}, "most": {"value": most}}
    answer, engine = answers(
        {**NOTHING, "aggregations": measured}, {**NOTHING, "aggregations": buckets("bars", {0.0: 4})["aggregations"]}
    )
    lag = await answer.lag()
    assert (lag.p50, lag.p95, lag.most, lag.interval, lag.histogram) == (1.5, 0.0, most, interval, {0: 4})
    assert engine.asked[1][1]["aggs"]["bars"]["histogram"]["interval"] == interval


async def test_dead_letters_of_samples_come_last() -> None:
    """First those that are of interest."""

    def hit(key: str, position: int | None) -> dict[str, Any]:
        place = {} if position is None else {"shipper.deadletter.position": [position]}
        named = {"shipper.deadletter.dataset": ["d"], "shipper.deadletter.reason": ["r"], "error.message": ["c"]}
        return {"fields": {"aws.s3.object.key": [key], **named, **place}}

    hits = [hit("samples/x/k", 3), hit("k", None)]
    answer, _ = answers({"hits": {"total": {"value": 2}, "hits": hits}})
    own, sample = await answer.letters()
    assert (own.key, own.position, own.is_of_sample) == ("k", "", False)
    assert (sample.key, sample.position, sample.is_of_sample) == ("samples/x/k", "3", True)


async def test_a_refresh_touches_the_demo_alone() -> None:
    """No data stream of another namespace."""
    answer, engine = answers({})
    await answer.refresh()
    assert engine.asked == [("POST /logs-*-demo/_refresh", None)]
