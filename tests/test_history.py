"""CloudTrail's Event history: the documents of the trail, nothing lost and nothing twice wherever it is broken off."""

import json
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from desk import Desk
from fakes import FakeEngine, FakeStore
from reading import NOW, Failed, Indexed, read
from sample_files import CASES, keys
from test_redrive import Box

from shipper.deadletter import DeadLetters, Place
from shipper.errors import HistoryError, HistoryTokenRefused, RecordError
from shipper.history.covered import Covered
from shipper.history.entries import Entries, Scope, Totals
from shipper.history.importing import PAGES, Import
from shipper.history.lookup import Event, Page
from shipper.history.opening import DATASET
from shipper.history.reading import Reader
from shipper.history.spans import Span, uncovered
from shipper.notification import ObjectRef
from shipper.redrive.cases import Fate
from shipper.redrive.courier import Courier
from shipper.redrive.objects import Objects
from shipper.redrive.redriving import Redriving
from shipper.redrive.selection import Selection
from shipper.redrive.table import told
from shipper.source import Sources

TRAIL = next(source for source in Sources.discover() if source.dataset == DATASET)
SCOPE = Scope("123456789012", "us-east-1")
BEGUN = datetime(2026, 8, 3, 12, tzinfo=UTC)
WANTED = Span(BEGUN - timedelta(days=1), BEGUN)


def reader() -> Reader:
    """Give what makes documents."""
    return Reader(TRAIL, account=SCOPE.account, region=SCOPE.region, namespace="default", record_bytes=1 << 20)


def at(minutes: int) -> datetime:
    """Give a moment."""
    return BEGUN + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("covered", "left"),
    [
        ([], [(0, 60)]),
        ([(0, 60)], []),
        ([(10, 20), (15, 30), (40, 50)], [(50, 60), (30, 40), (0, 10)]),
        ([(-5, 5), (55, 99), (70, 80), (20, 20)], [(5, 55)]),
    ],
)
def test_what_is_left_of_a_span(covered: list[tuple[int, int]], left: list[tuple[int, int]]) -> None:
    """Gaps are found between spans that overlap, reach out and come in any order; the newest comes first."""
    found = uncovered(Span(at(0), at(60)), [Span(at(one), at(other)) for one, other in covered])
    assert found == [Span(at(one), at(other)) for one, other in left]


def test_events_become_what_they_are_in_a_trail() -> None:
    """Every record of the samples gives the same document and id, but for the object; a broken one the same error."""
    key = keys(TRAIL)[0]
    routed = Sources([TRAIL]).route(ObjectRef(bucket="b", key=key))
    assert isinstance(routed, tuple)
    of_key = Reader(
        TRAIL, account=routed[1].account or "", region=routed[1].region or "", namespace="default", record_bytes=1 << 20
    )
    documents = 0
    for case in CASES:
        records = _records(case.path.read_bytes()) if case.source.dataset == DATASET and not case.is_enveloped else []
        of_trail = read(TRAIL, key, [json.dumps({"Records": records}).encode()])
        for record, expected in zip(records, of_trail, strict=True):
            shipped = of_key.shipped(Event(record.get("eventID", ""), None, json.dumps(record).encode()), NOW)
            if isinstance(expected, Indexed):
                assert isinstance(shipped.result, bytes)
                wanted = msgspec.json.decode(expected.body)
                del wanted["aws"]["s3"]
                assert msgspec.json.decode(shipped.result) == wanted, case.name
                assert shipped.id == expected.id or not record.get("eventID")
                documents += 1
            else:
                assert isinstance(expected, Failed)
                assert shipped.result == expected.error
    assert documents > 50


def _records(data: bytes) -> list[dict[str, Any]]:
    try:
        whole = json.loads(data)
    except ValueError:
        return []
    records = whole.get("Records", []) if isinstance(whole, dict) else whole
    return [record for record in records if isinstance(record, dict)]


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b'{"eventVersion":"1"} {"eventVersion":"1"}'])
def test_a_broken_event_is_one_error(text: bytes) -> None:
    """Whatever the text of an event is, it counts as one record."""
    assert reader().shipped(Event("id", None, text), NOW).result is not None


def test_events_without_an_id_have_names_of_their_own() -> None:
    """Two that have no `eventID` are two documents, the same whenever they are read."""
    texts = [b'{"eventVersion":"1","eventTime":"2026-08-03T12:00:0%d"}' % second for second in (1, 2, 1)]
    ids = [reader().shipped(Event("", None, text), NOW).id for text in texts]
    assert ids[0] == ids[2] != ids[1]
    assert all(ids)


async def test_entries_are_found_page_by_page_without_what_was_too_new() -> None:
    """All pages are asked for; of what was read the last minutes do not count, more may have been listed since."""
    pages = [[entry_of(at(-60), at(0), begun=at(0))], [entry_of(at(-300), at(-60), begun=at(1))], []]
    asked: list[dict[str, Any]] = []

    class Engine:
        async def request(self, _method: str, path: str, body: dict[str, Any] | None = None) -> Any:
            if not path.endswith("_search") or body is None:
                return None
            asked.append(dict(body))
            return {"hits": {"hits": pages[len(asked) - 1]}}

    engine: Any = Engine()
    found = await Covered(engine, "default", DATASET).spans(SCOPE, WANTED)
    assert found == [Span(at(-60), at(-15)), Span(at(-300), at(-60))]
    assert [body.get("search_after") for body in asked] == [None, [str(at(-60))], [str(at(-300))]]


def entry_of(since: datetime, until: datetime, *, begun: datetime) -> dict[str, Any]:
    """Give an entry as a search answers it."""
    _, document, _ = Entries("default", DATASET).entry(SCOPE, Span(since, until), Totals(), begun, begun)
    return {"_source": msgspec.json.decode(document), "sort": [str(since)]}


# -- importing ---------------------------------------------------------------------------------------------------------


class History:
    """An Event history in memory: two events a page, one event each minute."""

    def __init__(self, minutes: int) -> None:
        self.events = [_event(minute) for minute in range(minutes)]  # the newest first
        self.faults: deque[Exception | None] = deque()
        self.asked: list[tuple[Span, str | None]] = []

    async def page(self, span: Span, token: str | None) -> Page:
        """Give a page."""
        self.asked.append((span, token))
        if self.faults and (fault := self.faults.popleft()):
            raise fault
        found = [event for event in self.events if event.time and span.since <= event.time <= span.until]
        start = int(token or 0)
        more = str(start + 2) if start + 2 < len(found) else None
        return Page(tuple(found[start : start + 2]), more)


def _event(minute: int) -> Event:
    time = BEGUN - timedelta(minutes=minute)
    record = {"eventVersion": "1.11", "eventID": f"id-{minute}", "eventTime": f"{time:%Y-%m-%dT%H:%M:%SZ}"}
    return Event(f"id-{minute}", time, json.dumps(record).encode())


class Bench:
    """An import before a fake search engine, and what the entries say."""

    def __init__(self, minutes: int = 100, **knobs: Any) -> None:
        self.desk = Desk(flush_seconds=0.01, now=lambda: BEGUN, **knobs)
        self.history = History(minutes)
        self.entries = Entries("default", DATASET)

    def importing(self) -> Import:
        """Begin anew, as a new process does."""
        history: Any = self.history
        return Import(
            SCOPE,
            history=history,
            reader=reader(),
            indexer=self.desk.indexer,
            letters=self.desk.letters,
            entries=self.entries,
            covered=self._covered,
            now=lambda: BEGUN,
        )

    async def _covered(self, _scope: Scope, _wanted: Span) -> list[Span]:
        return self.spans

    @property
    def spans(self) -> list[Span]:
        """What the entries say is done with."""
        found = [fields for (index, _), fields in self.desk.engine.documents.items() if index == self.entries.index]
        told = [fields["shipper"]["history"] for fields in found]
        return [Span(*(datetime.fromisoformat(one[name]) for name in ("since", "until"))) for one in told]

    @property
    def ids(self) -> set[str]:
        """The documents."""
        return {id_ for index, id_ in self.desk.engine.documents if index == "logs-aws.cloudtrail-default"}


async def test_all_events_are_imported_and_entered() -> None:
    """Every event is a document, the sum holds, and the next import finds nothing to do."""
    bench = Bench()
    first = bench.importing()
    await first.run(WANTED)
    assert bench.ids == {f"id-{minute}" for minute in range(100)}
    assert (first.totals.read, first.totals.indexed, first.totals.balanced) == (100, 100, True)
    assert uncovered(WANTED, bench.spans) == []
    asked = len(bench.history.asked)
    await bench.importing().run(WANTED)
    assert len(bench.history.asked) == asked
    again = bench.importing()
    await again.run(WANTED, again=True)
    assert (again.totals.indexed, again.totals.duplicates) == (0, 100)


@pytest.mark.parametrize("page", [1, PAGES, PAGES + 1, PAGES + 3, 2 * PAGES + 1])
async def test_broken_off_it_goes_on_where_it_was(page: int) -> None:
    """Wherever CloudTrail fails, what was read is entered; the next import reads the rest, and loses nothing."""
    bench = Bench()
    bench.history.faults += [None] * (page - 1) + [HistoryError("broken off")]
    with pytest.raises(HistoryError, match="broken off"):
        await bench.importing().run(WANTED)
    entered = 2 * (page - 1)
    second = bench.importing()
    await second.run(WANTED)
    assert bench.ids == {f"id-{minute}" for minute in range(100)}
    # One event is read twice at each seam: others may have happened in the same second.
    assert second.totals.read == 100 - entered + (1 if entered else 0)
    assert second.totals.balanced


async def test_a_token_that_is_refused_is_done_without() -> None:
    """Pages of an older span are asked for anew when CloudTrail has forgotten the token."""
    bench = Bench()
    bench.history.faults += [None] * (PAGES + 2) + [HistoryTokenRefused("forgotten")]
    one = bench.importing()
    await one.run(WANTED)
    assert bench.ids == {f"id-{minute}" for minute in range(100)}
    assert one.totals.balanced
    assert bench.history.asked[PAGES + 3][1] is None
    assert uncovered(WANTED, bench.spans) == []


async def test_a_token_that_is_refused_at_once_is_an_error() -> None:
    """It does not ask for ever."""
    bench = Bench()
    bench.history.faults += [None, HistoryTokenRefused("forgotten"), HistoryTokenRefused("forgotten")]
    with pytest.raises(HistoryTokenRefused):
        await bench.importing().run(WANTED)


async def test_what_opensearch_does_not_take_is_not_entered() -> None:
    """Events that were released are in no entry: the import ends with an error, and the next one brings them."""
    bench = Bench(retry_seconds=0.0)
    bench.desk.engine.answer(lambda action: 429 if action.id == "id-3" else 201)
    one = bench.importing()
    with pytest.raises(HistoryError, match="did not take 1 events"):
        await one.run(WANTED)
    assert (one.totals.released, one.totals.balanced) == (1, True)
    assert bench.spans == []
    bench.desk.engine.answer(lambda _: 201)
    await bench.importing().run(WANTED)
    assert bench.ids == {f"id-{minute}" for minute in range(100)}


async def test_broken_events_are_dead_letters_of_their_own() -> None:
    """Each broken event is a letter with its text, named by its event: two of them are two."""
    bench = Bench(minutes=4)
    for place in (1, 2):
        bench.history.events[place] = Event(f"broken-{place}", at(-place), b"{")
    one = bench.importing()
    await one.run(WANTED)
    assert [letter["shipper"]["deadletter"]["original"] for letter in bench.desk.dead] == ["{", "{"]
    assert (one.totals.indexed, one.totals.dead_lettered, one.totals.balanced) == (2, 2, True)


async def test_letters_of_events_are_driven_once_more() -> None:
    """An event is read from its letter: one that is sound now is a document under its id, a broken one stays."""
    box, cluster, letters = Box(takes_new=True), FakeEngine(), DeadLetters("default")
    engine: Any = cluster
    sound = _event(1)
    for event in (sound, Event("id-2", at(-2), b"{")):
        place = Place(dataset=DATASET, version=event.id)
        box.put(letters.of_record(place, 0, RecordError("undecodable", "broken", event.text, len(event.text)), BEGUN))
    courier = Courier(engine, engine, letters, lambda: NOW, bulk_bytes=1 << 20)
    objects = Objects(
        sources=Sources([TRAIL]),
        store=FakeStore(),
        box=box,
        courier=courier,
        letters=letters,
        namespace="default",
        record_bytes=1 << 20,
        now=lambda: NOW,
    )
    outcomes = [one async for one in Redriving(box, objects, courier, lambda: at(5)).run(Selection())]
    assert [(one.fate, one.documents) for one in outcomes] == [(Fate.DONE, 1), (Fate.STAYS, 0)]
    (document,) = [body for (_, id_), body in cluster.documents.items() if id_ == sound.id]
    assert "s3" not in document["aws"]
    assert [letter.content.object and letter.content.object.version for letter in box.letters] == ["id-2"]
    assert "an event of the Event history" in told(outcomes[1])
