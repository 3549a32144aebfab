"""Dead letters driven once more: what succeeds is removed, what fails stays, and it may be interrupted at any time."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes import FakeEngine, FakeStore, StoredObject
from lines import BEGINNING, DOCUMENTS, LINES

from shipper.deadletter import DeadLetters, Place
from shipper.errors import ConfigError, LetterError, RecordError
from shipper.moments import moment
from shipper.notification import ObjectRef
from shipper.redrive import table
from shipper.redrive.cases import Fate, Outcome
from shipper.redrive.courier import Courier
from shipper.redrive.letters import Letter, read_letter
from shipper.redrive.objects import Objects
from shipper.redrive.originals import stands_alone
from shipper.redrive.queues import Moved, Requeue
from shipper.redrive.redriving import Redriving
from shipper.redrive.selection import Selection
from shipper.source import Sources

NOW = BEGINNING + timedelta(hours=1)
LETTERS = DeadLetters("default")
BROKEN = RecordError("undecodable", "a broken line", b"line 1", 6)


class Box:
    """Letters in memory, in pages of two."""

    def __init__(self, *, takes_new: bool) -> None:
        self.takes_new = takes_new
        self.letters: list[Letter] = []
        self.broken = False

    def put(self, letter: tuple[str, bytes]) -> None:
        """Put a letter in."""
        self.letters.append(read_letter(letter[1], letter[0], "index"))

    async def pages(self, selection: Selection, *, originals: bool = False) -> AsyncIterator[list[Letter]]:
        """Give those that are there now."""
        assert not originals
        letters = [letter for letter in self.letters if selection.fits(letter)]
        for start in range(0, len(letters), 2):
            yield letters[start : start + 2]

    async def whole(self, letter: Letter) -> Letter:
        """Give one."""
        return letter

    async def remove(self, letter: Letter) -> None:
        """Take one away."""
        if self.broken:
            raise ConnectionError("interrupted")
        self.letters.remove(letter)


class Bench:
    """All that re-driving needs, in memory."""

    def __init__(self, *, takes_new: bool = True, dry_run: bool = False, cluster: FakeEngine | None = None) -> None:
        self.cluster = cluster or FakeEngine()
        self.store = FakeStore()
        self.box = Box(takes_new=takes_new)
        engine: Any = self.cluster
        courier = Courier(engine, engine, LETTERS, lambda: NOW, bulk_bytes=1 << 20, dry_run=dry_run)
        objects = Objects(
            sources=Sources([LINES]),
            store=self.store,
            box=self.box,
            courier=courier,
            letters=LETTERS,
            namespace="default",
            record_bytes=1 << 20,
            now=lambda: NOW,
        )
        self.redriving = Redriving(self.box, objects, courier, lambda: NOW, dry_run=dry_run)

    async def run(self, limit: int | None = None) -> list[Outcome]:
        """Drive everything once more."""
        return [outcome async for outcome in self.redriving.run(Selection(), limit)]

    async def fates(self, limit: int | None = None) -> list[Fate]:
        """Drive everything once more; give what became of each letter."""
        return [outcome.fate for outcome in await self.run(limit)]

    @property
    def documents(self) -> dict[int, str]:
        """The documents by position; there must be none twice."""
        found = [
            (fields["aws"]["s3"]["object"]["offset"], fields["message"])
            for (index, _), fields in self.cluster.documents.items()
            if index == DOCUMENTS
        ]
        assert len(dict(found)) == len(found)
        return dict(found)

    @property
    def reasons(self) -> list[str]:
        """Reasons of the new letters."""
        letters = [fields for (index, _), fields in self.cluster.documents.items() if index == LETTERS.index]
        return sorted(letter["error"]["type"] for letter in letters)


def place(key: str = "logs/a", version: str = "v1") -> Place:
    """Give the place of an object."""
    return Place(dataset="test.lines", object=ObjectRef(bucket="bucket", key=key), version=version)


def of_record(position: int = 1, key: str = "logs/a", error: RecordError = BROKEN) -> tuple[str, bytes]:
    """Write the letter of a record."""
    return LETTERS.of_record(place(key), position, error, BEGINNING)


def of_object(reason: str, key: str = "logs/a", version: str = "") -> tuple[str, bytes]:
    """Write the letter of an object."""
    return LETTERS.of_object(place(key, version), reason, "cause", BEGINNING)


async def test_only_the_record_of_the_letter_is_indexed() -> None:
    """The object is read once for all its letters, and nothing but their records is sent."""
    bench = Bench()
    bench.store.objects["logs/a"] = StoredObject(b"line 0\nline 1\nline 2\nline 3\n")
    bench.box.put(of_record(1))
    bench.box.put(of_record(2))
    assert await bench.fates() == [Fate.DONE, Fate.DONE]
    assert bench.documents == {1: "line 1", 2: "line 2"}
    assert bench.store.reads["logs/a"] == 1
    assert bench.box.letters == []


async def test_an_interruption_costs_nothing() -> None:
    """Interrupted before the letter was removed and begun again: each record is there once, and the letter is gone."""
    bench = Bench()
    bench.store.objects["logs/a"] = StoredObject(b"line 0\nline 1\n")
    bench.box.put(of_object("object_missing"))
    bench.box.broken = True
    with pytest.raises(ConnectionError):
        await bench.run()
    assert len(bench.box.letters) == 1
    bench.box.broken = False
    (outcome,) = await bench.run()
    assert (outcome.fate, outcome.documents) == (Fate.DONE, 2)
    assert bench.documents == {0: "line 0", 1: "line 1"}
    assert await bench.fates() == []


async def test_what_fails_as_before_stays() -> None:
    """Letters of a missing object, a broken or refused record, and one that is not there stay as they are."""
    bench = Bench()
    bench.store.objects["logs/a"] = StoredObject(b"broken 0\nrefused 1\n")
    bench.cluster.answer(lambda action: 400 if action.document.get("message") == "refused 1" else 201)
    document = LETTERS.of_document(place(), 1, b"{}", "400", BEGINNING, document_id="x")
    gone = of_record(3, "logs/gone", RecordError("mapping_failed", "cause", b"raise 3", 7))
    for letter in (of_record(0), of_record(7), document, of_object("object_missing", "logs/b"), gone):
        bench.box.put(letter)
    assert await bench.fates() == [Fate.STAYS] * 5
    assert len(bench.box.letters) == 5
    assert bench.documents == {}


async def test_what_nobody_knows_stays_until_its_content_tells() -> None:
    """The letter of an object that is still unclaimed stays; once it is known by its content, all of it is indexed."""
    bench = Bench()
    bench.store.objects["own/a"] = StoredObject(b"text")
    bench.box.put(of_object("unclaimed", "own/a", "v1"))
    assert await bench.fates() == [Fate.STAYS]
    bench.store.objects["own/a"] = StoredObject(b"line 0\nline 1\n")
    assert await bench.fates() == [Fate.DONE]
    assert bench.documents == {0: "line 0", 1: "line 1"}


async def test_what_fails_otherwise_is_replaced() -> None:
    """When the reason is another one now, a new letter tells it, and the old one is removed."""
    bench = Bench()
    bench.store.objects["logs/a"] = StoredObject(b"raise 0\nline 1\n")
    bench.box.put(of_record(0))
    bench.box.put(of_object("unclaimed", "logs/b"))
    assert await bench.fates() == [Fate.REPLACED, Fate.REPLACED]
    assert bench.reasons == ["mapping_failed", "object_missing"]
    assert bench.box.letters == []


async def test_a_letter_from_elsewhere_moves_to_the_others() -> None:
    """A letter of the last resort that fails as before is written among the others, and removed where it was."""
    bench = Bench(takes_new=False)
    bench.box.put(of_object("object_missing"))
    assert await bench.fates() == [Fate.REPLACED]
    assert bench.reasons == ["object_missing"]


async def test_a_letter_stays_when_its_successor_is_refused() -> None:
    """When OpenSearch refuses the new letter, the old one is kept: nothing is without a letter."""
    bench = Bench(takes_new=False)
    bench.cluster.answer(lambda _: 400)
    bench.box.put(of_object("object_missing"))
    assert await bench.fates() == [Fate.STAYS]
    assert len(bench.box.letters) == 1


async def test_an_object_that_cannot_be_read_now() -> None:
    """What breaks off or may not be read leaves letters as they are, even where all records before were sent."""
    bench = Bench()
    bench.store.objects["logs/a"] = StoredObject(b"line 0\nline 1\n", cut=9)
    bench.box.put(of_object("object_missing"))
    bench.box.put(of_record(1))
    assert await bench.fates() == [Fate.STAYS, Fate.STAYS]
    bench.store.objects["logs/a"].cut = None
    assert await bench.fates() == [Fate.DONE, Fate.DONE]
    assert bench.documents == {0: "line 0", 1: "line 1"}


async def test_a_record_whose_object_is_gone() -> None:
    """It is decoded from what the letter holds, under the id and position that it has when its object is read."""
    bench, read = Bench(), Bench()
    bench.box.put(of_record(1))
    assert await bench.fates() == [Fate.DONE]
    read.store.objects["logs/a"] = StoredObject(b"line 0\nline 1\n")
    read.box.put(of_record(1))
    await read.run()
    assert bench.cluster.documents == read.cluster.documents
    assert bench.documents == {1: "line 1"}


async def test_a_record_of_a_gone_object_whose_key_tells_nothing() -> None:
    """The letter tells what log it was, so that its original can be driven all the same."""
    bench = Bench()
    bench.box.put(of_record(3, "own/a", RecordError("mapping_failed", "cause", b"line 3", 6)))
    assert await bench.fates() == [Fate.DONE]
    assert bench.documents == {3: "line 3"}


async def test_a_document_whose_object_is_gone() -> None:
    """The document that was refused is sent as it was, under its own id."""
    bench = Bench()
    document = json.dumps({"aws": {"s3": {"object": {"offset": 4}}}, "message": "kept"}).encode()
    bench.box.put(LETTERS.of_document(place(), 4, document, "400", BEGINNING, document_id="its own"))
    assert await bench.fates() == [Fate.DONE]
    assert bench.documents == {4: "kept"}
    assert (DOCUMENTS, "its own") in bench.cluster.documents


async def test_a_cut_original_is_no_record() -> None:
    """Of a record whose letter holds only a part, nothing is indexed."""
    bench = Bench()
    bench.box.put(of_record(error=RecordError("too_long", "too long", b"line", 5_000_000)))
    (outcome,) = await bench.run()
    assert outcome.fate is Fate.STAYS
    assert "holds 4 of 5000000 bytes" in outcome.why
    assert bench.documents == {}


async def test_a_message() -> None:
    """A message that is understood by now stands for its objects; one that is not stays."""
    bench = Bench()
    bench.store.objects["logs/a"] = StoredObject(b"line 0\n")
    created = {"bucket": {"name": "bucket"}, "object": {"key": "logs/a"}}
    body = json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": created}]})
    bench.box.put(LETTERS.of_message("m-1", body, "cause", BEGINNING))
    bench.box.put(LETTERS.of_message("m-2", "no JSON", "cause", BEGINNING))
    assert await bench.fates() == [Fate.DONE, Fate.STAYS]
    assert bench.documents == {0: "line 0"}


async def test_an_object_that_is_no_log_by_now() -> None:
    """When a source says by now that an object holds no logs, its letter is done with."""
    bench = Bench()
    bench.box.put(of_object("unclaimed", "logs/digest/a"))
    (outcome,) = await bench.run()
    assert (outcome.fate, outcome.why) == (Fate.DONE, "its object holds no logs (not_a_log)")


async def test_a_dry_run_writes_and_removes_nothing() -> None:
    """It tells what would become of each letter, and nothing else happens."""
    bench = Bench(dry_run=True)
    bench.store.objects["logs/a"] = StoredObject(b"line 0\nraise 1\n")
    bench.box.put(of_record(0))
    bench.box.put(of_record(1))
    assert await bench.fates() == [Fate.DONE, Fate.REPLACED]
    assert bench.cluster.requests == []
    assert len(bench.box.letters) == 2


async def test_a_limit() -> None:
    """Not more letters are driven than asked for, also across pages."""
    bench = Bench()
    bench.store.objects |= {f"logs/{number}": StoredObject(b"line 0\n") for number in range(5)}
    for number in range(5):
        bench.box.put(of_object("object_missing", f"logs/{number}"))
    assert await bench.fates(limit=3) == [Fate.DONE] * 3
    assert len(bench.box.letters) == 2


@pytest.mark.parametrize("dry_run", [False, True])
async def test_documents_that_lie_in_an_older_backing_index(*, dry_run: bool) -> None:
    """A document that is there is not created again after a rollover."""
    bench = Bench()
    bench.store.objects["logs/a"] = StoredObject(b"line 0\n")
    bench.box.put(of_record(0))
    await bench.run()
    bench.cluster.roll_over(DOCUMENTS, NOW)
    again = Bench(cluster=bench.cluster, dry_run=dry_run)
    again.store.objects["logs/a"] = StoredObject(b"line 0\n")
    again.box.put(of_record(0))
    (outcome,) = await again.run()
    assert outcome.fate is Fate.DONE
    assert [len(bench.cluster.copies(*key)) for key in bench.cluster.documents] == [1]


def test_which_records_stand_alone() -> None:
    """A JSON record needs nothing but itself; a line of a table means nothing without its header."""
    by_name = {source.dataset: stands_alone(source.format) for source in Sources.discover()}
    assert by_name["aws.cloudtrail"]
    assert not by_name["aws.vpcflow"]


@pytest.mark.parametrize(
    ("selection", "fits"),
    [
        (Selection(), True),
        (Selection(reasons=("too_long", "undecodable"), datasets=("test.lines",)), True),
        (Selection(reasons=("too_long",)), False),
        (Selection(datasets=("other",)), False),
        (Selection(since=BEGINNING, until=NOW, bucket="bucket", key="logs/a", prefix="logs/"), True),
        (Selection(since=NOW), False),
        (Selection(until=BEGINNING), False),
        (Selection(bucket="b"), False),
        (Selection(key="logs"), False),
        (Selection(prefix="log/"), False),
        (Selection(id="x"), False),
    ],
)
def test_a_selection_fits_all_of_it(selection: Selection, *, fits: bool) -> None:
    """A letter is chosen when all that is given is so; the query has a clause for each."""
    id_, letter = of_record()
    assert selection.fits(read_letter(letter, id_)) is fits
    clauses = json.dumps(selection.query())
    given = [getattr(selection, name) for name in ("id", "bucket", "key", "prefix")]
    assert all(f'"{value}"' in clauses for value in [*given, *selection.reasons, *selection.datasets] if value)
    assert ('"gte"' in clauses, '"lt"' in clauses) == (selection.since is not None, selection.until is not None)


def test_moments() -> None:
    """A time is ISO 8601, in UTC unless it says otherwise, or so long ago."""
    assert moment("2h", NOW) == NOW - timedelta(hours=2)
    assert moment("2026-08-03", NOW) == datetime(2026, 8, 3, tzinfo=UTC)
    assert moment("2026-08-03T12:00:00+02:00", NOW) == datetime(2026, 8, 3, 10, tzinfo=UTC)
    for bad in ("", "2", "2y", "-2h", "999999w", "yesterday"):
        with pytest.raises(ConfigError, match="is no time"):
            moment(bad, NOW)


def test_a_line_cannot_be_forged() -> None:
    """Keys and causes with control characters are escaped in the table."""
    letter = LETTERS.of_object(place("a\x1b[2J\nb"), "object_missing", "one\ntwo\x07", BEGINNING)
    line = table.line(read_letter(letter[1], letter[0]))
    assert line.isprintable()
    assert "one two\\u0007" in line


def test_what_is_no_letter() -> None:
    """Something else that lies among the letters is an error that names it."""
    with pytest.raises(LetterError, match="x is no dead letter"):
        read_letter(b"{}", "x")


class Sqs:
    """Two queues: one to receive from, and one that takes all messages but some."""

    def __init__(self, *sent_at: datetime, refused: str = "") -> None:
        self.waiting = {f"m{number}": time for number, time in enumerate(sent_at)}
        self.taken: list[str] = []
        self._refused = refused

    async def receive_message(self, *, MaxNumberOfMessages: int, **_: Any) -> dict[str, Any]:  # noqa: N803 -- of SQS
        """Give what is there, whether or not it was given before."""
        messages = [
            {"MessageId": id_, "ReceiptHandle": id_, "Body": id_, "Attributes": {"SentTimestamp": _millis(time)}}
            for id_, time in self.waiting.items()
        ]
        return {"Messages": messages[:MaxNumberOfMessages]}

    async def send_message_batch(self, *, Entries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803
        """Take messages."""
        good = [entry for entry in Entries if entry["MessageBody"] != self._refused]
        self.taken += [entry["MessageBody"] for entry in good]
        return {"Successful": good, "Failed": [{"Code": "No"}]}

    async def delete_message_batch(self, *, Entries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803
        """Delete messages."""
        for entry in Entries:
            assert entry["ReceiptHandle"] in self.taken, "deleted before it was sent"
            del self.waiting[entry["ReceiptHandle"]]
        return {"Successful": Entries}


def _millis(time: datetime) -> str:
    return str(int(time.timestamp() * 1000))


async def moved(sqs: Any) -> list[Moved]:
    """Move messages."""
    return [one async for one in Requeue(sqs, "from", "to", NOW).run()]


async def test_messages_that_come_back_are_left() -> None:
    """What was sent after the beginning has failed again meanwhile: moving it once more would have no end."""
    sqs = Sqs(BEGINNING, NOW + timedelta(seconds=1), BEGINNING)
    assert (await moved(sqs))[-1] == Moved(sent=2, left=1)
    assert sqs.taken == ["m0", "m2"]


async def test_messages_that_are_not_taken_are_kept() -> None:
    """A message is deleted only when the other queue has taken it."""
    sqs = Sqs(BEGINNING, BEGINNING, refused="m1")
    with pytest.raises(Exception, match="SQS takes none of the messages"):
        await moved(sqs)
    assert (sqs.taken, list(sqs.waiting)) == (["m0"], ["m1"])
