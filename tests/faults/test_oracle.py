"""The oracle itself, fed with made-up results: it finds what is wrong, and nothing where all is well."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import AsyncMock, Mock

import msgspec
import pytest

from faults import mutants, records
from faults.chances import Chances
from faults.expectation import WHOLE_OBJECT, Expected, ExpectedObject, Fate
from faults.generator import cargoes
from faults.holds import EXTENSION_SECONDS, Holds
from faults.journal import Journal
from faults.kinds import Fault
from faults.oracle import DaemonSeen, Document, Entry, Letter, Seen, Verdict, judge
from faults.plan import Plan, draw
from faults.scenarios import PAGE, SCENARIOS, written
from faults.sqs_faults import SqsFaults
from faults.timeline import Timeline
from faults.trial import PACKAGE

GOOD = Expected("id-1", 0)
BROKEN = Expected("id-2", 1, Fate.DEAD_LETTER, frozenset({"undecodable"}))
REFUSED = Expected("id-3", 2, Fate.REFUSED, frozenset({"document_rejected"}))
OBJECT = ExpectedObject("key", (GOOD, BROKEN, REFUSED))
CUT = ExpectedObject(
    "cut", (Expected("id-4", 0), Expected("id-5", 1, Fate.COVERED, frozenset({"undecodable"}))), frozenset({"corrupt"})
)

INDEXED = Document("id-1", "index-1")
BURIED = Letter("key", 1, "undecodable", "dead-1")
REJECTED = Letter("key", 2, "document_rejected", "dead-1")


def verdict(
    documents: Sequence[Document] = (INDEXED,),
    letters: Sequence[Letter] = (BURIED, REJECTED),
    expected: ExpectedObject = OBJECT,
    **around: Any,
) -> Verdict:
    """Judge made-up results; the ledger is right unless it is made up as well."""
    around.setdefault("entries", [entry(expected)])
    return judge([expected], Seen(documents, letters, **around), memory_mib=256)


def entry(expected: ExpectedObject, **changes: Any) -> Entry:
    """Make up the ledger entry of an object that is done with."""
    records = len(expected.records) + bool(expected.reasons)
    right = Entry(
        key=expected.key,
        id="entry-1",
        index="ledger-1",
        delivered=True,
        read=records,
        indexed=min(records, 1),
        others=max(records - 1, 0),
    )
    return msgspec.structs.replace(right, **changes)


@pytest.mark.parametrize(
    ("documents", "letters"),
    [([INDEXED], [BURIED, REJECTED]), ([INDEXED, Document("id-3", "index-1")], [BURIED])],
    ids=["refused-buried", "refused-rescued"],
)
def test_all_is_well(documents: list[Document], letters: list[Letter]) -> None:
    """Every record has its outcome; what OpenSearch refuses may have either."""
    assert verdict(documents, letters).lines() == []


def test_lost_document_is_found() -> None:
    """A record that is nowhere is lost, and the line says where it stood."""
    found = verdict([])
    assert found.wrong
    assert found.lines() == ["lost: id-1, record 0 (object key)"]


def test_lost_dead_letter_is_found() -> None:
    """A broken record of which nothing is kept is lost; so is a refused one."""
    assert verdict([INDEXED], []).lines() == ["lost: id-2, record 1 and 1 more (object key)"]


@pytest.mark.parametrize("second", ["index-1", "index-2"], ids=["same-index", "after-rollover"])
def test_doubled_document_is_found(second: str) -> None:
    """A record that is two documents is found, whether they lie in one backing index or in two."""
    found = verdict([INDEXED, Document("id-1", second)])
    assert found.lines() == [f"twice: id-1, record 0 in index-1, {second} (object key)"]


def test_doubled_dead_letter_is_found() -> None:
    """A dead letter that was written again after a rollover is found."""
    assert len(verdict(letters=[BURIED, BURIED, REJECTED]).twice) == 1


def test_wrong_reason_is_found() -> None:
    """A dead letter for another reason than the record gives is wrong, and the record counts as lost."""
    found = verdict(letters=[Letter("key", 1, "columns", "dead-1"), REJECTED])
    assert len(found.wrongly) == len(found.lost) == 1
    assert found.rightly == 1


def test_needless_dead_letter_is_found() -> None:
    """A dead letter of a record that is a document, of a record that nobody wrote, or of a whole good object."""
    for letter in (
        Letter("key", 0, "undecodable", "dead-1"),
        Letter("key", 7, "undecodable", "dead-1"),
        Letter("key", WHOLE_OBJECT, "object_corrupt", "dead-1"),
        Letter("other", WHOLE_OBJECT, "unclaimed", "dead-1"),
    ):
        assert len(verdict(letters=[BURIED, REJECTED, letter]).wrongly) == 1, letter


def test_refused_record_has_one_outcome() -> None:
    """A document that was made to fit must not be a dead letter as well."""
    assert len(verdict([INDEXED, Document("id-3", "index-1")]).wrongly) == 1


def test_broken_record_is_no_document() -> None:
    """A record that is broken on purpose and was indexed all the same is told."""
    assert len(verdict([INDEXED, Document("id-2", "index-1")]).other) == 1


def test_stranger_is_found() -> None:
    """A document of which the generator knows nothing is told."""
    found = verdict([INDEXED, Document("id-9", "index-1")])
    assert found.lines() == ["wrong: a document that nobody wrote: id-9 in index-1"]


def test_copy_of_a_record() -> None:
    """A record that two trails have is one document; a dead letter of either copy is wrong."""
    both = [OBJECT, ExpectedObject("second", (Expected("id-1", 0, Fate.COPY),))]
    letters = [BURIED, REJECTED]
    ledger = list(map(entry, both))
    assert judge(both, Seen([INDEXED], letters, ledger), memory_mib=256).lines() == []
    assert len(judge(both, Seen([INDEXED, INDEXED], letters, ledger), memory_mib=256).twice) == 1
    letters.append(Letter("second", 0, "undecodable", "dead-1"))
    assert len(judge(both, Seen([INDEXED], letters, ledger), memory_mib=256).wrongly) == 1


ERRORED = entry(OBJECT, id="entry-0", delivered=False, read=0, indexed=0, others=0)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [ERRORED],
        [entry(OBJECT, others=3)],
        [entry(OBJECT, read=2, others=1)],
        [entry(OBJECT), entry(OBJECT)],
        [entry(OBJECT), entry(OBJECT, id="entry-2", delivered=False, read=4, indexed=4, others=0)],
        [entry(OBJECT), entry(OBJECT, key="other")],
    ],
    ids=["none", "not-done", "unbalanced", "records-missing", "twice", "too-many-documents", "stranger"],
)
def test_a_wrong_ledger_is_found(entries: list[Entry]) -> None:
    """An object without the entry that says it is done with, and whatever does not add up."""
    assert len(verdict(entries=entries).other) == 1


def test_copies_that_a_killed_daemon_has_left() -> None:
    """An entry that lies in two backing indices is forgiven where its daemon may have been killed in between."""
    copies = [entry(OBJECT), entry(OBJECT, index="ledger-2")]
    assert len(verdict(entries=copies, daemons=[DaemonSeen("one")]).other) == 1
    killed = [DaemonSeen("one", imbalance=None, exit_status=None), DaemonSeen("two")]
    assert verdict(entries=copies, daemons=killed).lines() == []
    assert len(verdict(entries=[entry(OBJECT), entry(OBJECT)], daemons=killed).other) == 1


def test_a_right_ledger() -> None:
    """Attempts that were in vain, and a second one that found only duplicates, are as it should be."""
    again = entry(OBJECT, id="entry-2", indexed=0, others=3)
    assert verdict(entries=[ERRORED, entry(OBJECT), again]).lines() == []
    assert judge([ExpectedObject("empty")], Seen(), memory_mib=256).lines() == []


def test_broken_off_object() -> None:
    """What lies before the break must be indexed; behind it the object's dead letter must stand, just once."""
    letter = Letter("cut", WHOLE_OBJECT, "corrupt", "dead-1")
    readable = Document("id-4", "index-1")
    assert verdict([readable], [letter], CUT).lines() == []
    assert verdict([readable], [letter, Letter("cut", 1, "undecodable", "dead-1")], CUT).lines() == []
    assert len(verdict([], [letter], CUT).lost) == 1
    assert len(verdict([readable], [], CUT).lost) == 1
    assert len(verdict([readable], [letter, letter], CUT).twice) == 1


@pytest.mark.parametrize(
    "around",
    [
        {"waiting": 1},
        {"dead_queue": 1},
        {"unextended": ["message"]},
        {"fallen": ["one"]},
        {"daemons": [DaemonSeen("one", imbalance=1.0)]},
        {"daemons": [DaemonSeen("one", base_mib=60, peak_mib=317)]},
        {"daemons": [DaemonSeen("one", exit_status=1)]},
        {"daemons": [DaemonSeen("one", complaints=("a fault of our own",))]},
    ],
    ids=lambda around: next(iter(around)),
)
def test_what_is_around_the_records_is_judged(around: dict[str, Any]) -> None:
    """Messages left behind, a silent heartbeat, an imbalance, too much memory, a bad end: each fails the seed."""
    assert len(verdict(**around).other) == 1


def test_daemon_inside_its_limits() -> None:
    """A killed daemon has no balance and no exit status; memory up to the limit is allowed."""
    seen = DaemonSeen("one", imbalance=None, base_mib=60, peak_mib=316, exit_status=None)
    assert verdict(daemons=[seen]).lines() == []


def test_seed_repeats_plan_and_objects() -> None:
    """The same seed gives the same plan, which survives being written as JSON, and the same objects."""
    plan = draw(7)
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan == draw(7) != draw(8)
    assert cargoes(plan) == cargoes(draw(7))


def test_faults_can_be_left_out() -> None:
    """Leaving a kind out leaves everything else as it was."""
    whole = next(plan for plan in map(draw, range(100)) if plan.rolls_over)
    less = draw(whole.seed, without=[Fault.ROLLOVER])
    assert not less.rolls_over
    assert less.chances == whole.chances
    assert [step for step in whole.steps if step.fault is not Fault.ROLLOVER] == list(less.steps)


def test_faults_can_be_made_certain() -> None:
    """A plan can be had that has just the kinds that are asked for, less those that are left out."""
    plan = draw(5, only=[Fault.ITEM_BUSY, Fault.SIGKILL, Fault.ROLLOVER], without=[Fault.ROLLOVER])
    assert [chance.fault for chance in plan.chances] == [Fault.ITEM_BUSY]
    assert {step.fault for step in plan.steps} == {Fault.SIGKILL}


def test_generated_ids_are_unique() -> None:
    """No id stands in two records, and every id looks like one."""
    ids = [record.id for cargo in cargoes(draw(3)) for record in cargo.expected.records]
    assert len(set(ids)) == len(ids) > 300
    assert all(records.ID.fullmatch(id_) for id_ in ids)


def test_every_kind_is_drawn() -> None:
    """A hundred plans have every kind of fault that is drawn, and every size and fate of records."""
    plans = [draw(seed) for seed in range(100)]
    drawn = {chance.fault for plan in plans for chance in plan.chances}
    drawn |= {step.fault for plan in plans for step in plan.steps}
    rest = {
        Fault.TRAIL_COPIED,
        Fault.MESSAGE_DUPLICATED,
        Fault.MESSAGE_REORDERED,
        Fault.RECEIPT_STALE,
        Fault.MAPPING_REJECT,
    }
    assert drawn | rest == set(Fault)
    some = [*plans[:3], next(plan for plan in plans if plan.copied_trails)]
    made = [cargo.expected for plan in some for cargo in cargoes(plan)]
    assert {record.fate for one in made for record in one.records} == set(Fate)
    assert {0, 1} <= {len(one.records) for one in made}


async def test_stale_receipt_is_told_from_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the handle of the last receive is good; a holder that does not ask for time is found, a dead one is not."""
    shown: list[str] = []

    async def show(handle: str) -> None:
        shown.append(handle)

    clock = [0.0]
    monkeypatch.setattr("faults.holds.time.monotonic", lambda: clock[0])
    holds = Holds(show, Journal())
    for daemon, handle, message in (("one", "first", "m1"), ("two", "second", "m1"), ("three", "third", "m2")):
        attributes = {"ApproximateReceiveCount": "1"}
        holds.received(daemon, {"MessageId": message, "ReceiptHandle": handle, "Body": "{}", "Attributes": attributes})
    assert not holds.is_newest("first")
    assert holds.is_newest("second")
    clock[0] = EXTENSION_SECONDS - 1
    holds.asked("second")
    holds.died("three")
    clock[0] = EXTENSION_SECONDS + 1
    holds.end("first")
    holds.end("second")
    holds.close()
    assert holds.unextended == [f"one held message m1 for {EXTENSION_SECONDS + 1} s without an extension"]


async def test_a_lost_message_needs_no_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has heard that others have a message need not ask for more time; who has not, must."""
    clock = [0.0]
    monkeypatch.setattr("faults.holds.time.monotonic", lambda: clock[0])
    holds = Holds(AsyncMock(), Journal())
    attributes = {"ApproximateReceiveCount": "1"}
    for handle, message in (("first", "m1"), ("second", "m1"), ("third", "m2"), ("fourth", "m2")):
        holds.received("one", {"MessageId": message, "ReceiptHandle": handle, "Body": "{}", "Attributes": attributes})
    plan = draw(1, only=())
    faults = SqsFaults(Mock(), Chances(plan, Journal()), Timeline(plan, AsyncMock()), holds)
    told = {"Entries": [{"Id": "0", "ReceiptHandle": "first"}]}
    await faults.handle(Mock(), "ChangeMessageVisibilityBatch", told, "one")
    holds.end("second")
    holds.end("fourth")
    clock[0] = EXTENSION_SECONDS + 1
    holds.close()
    assert holds.unextended == [f"one held message m2 for {EXTENSION_SECONDS + 1} s without an extension"]


@pytest.mark.parametrize("name", mutants.names())
def test_mutants_fit_the_code(name: str) -> None:
    """Every patch still applies, and changes the package that it is applied to."""
    with mutants.applied(name) as folder:
        changed = [
            path
            for path in (folder / "shipper").rglob("*.py")
            if path.read_bytes() != (PACKAGE / path.relative_to(folder)).read_bytes()
        ]
    assert len(changed) == 1


def test_scenarios(request: pytest.FixtureRequest) -> None:
    """Each kind of fault is in the table of promises, once, and the page has the table as it is."""
    told = [fault for one in SCENARIOS for fault in one.faults]
    assert sorted(told) == sorted(Fault)
    page = PAGE.read_text()
    if request.config.getoption("--update-goldens"):
        PAGE.write_text(written(page))
    assert PAGE.read_text() == written(page)
