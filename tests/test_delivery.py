"""What becomes of the documents of a bulk body, whatever OpenSearch answers."""

import asyncio
import itertools
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from desk import INDEX, Desk, is_letter, named, outcomes, turns
from fakes import Action, Fault, on_fake_time

from shipper.errors import OpenSearchRefused, OpenSearchUnavailable
from shipper.rescue import MOST_ROUNDS

AWAY = OpenSearchUnavailable("OpenSearch does not answer")
REFUSED = OpenSearchRefused("OpenSearch does not accept our credentials (401)")


@on_fake_time
async def test_created_documents_are_indexed() -> None:
    """A document that was created is counted as indexed."""
    desk = Desk()
    assert outcomes(await desk.deliver("a", "b")) == (2, 0, 0, 0)
    assert desk.created == ["a", "b"]


@on_fake_time
async def test_documents_already_there_are_duplicates() -> None:
    """A document that is there already (409) is done with, and counted as a duplicate."""
    desk = Desk()
    await desk.deliver("a")
    assert outcomes(await desk.deliver("a", "b")) == (1, 1, 0, 0)


# -- documents that are refused ----------------------------------------------------------------------------------------


@on_fake_time
async def test_neighbours_of_a_bad_document_are_indexed() -> None:
    """A document that is refused (400) becomes a dead letter with the reason; the others of its request are indexed."""
    desk = Desk()
    desk.engine.answer(lambda action: 400 if action.id == "bad" else 201)
    assert outcomes(await desk.deliver("a", "bad", "b")) == (2, 0, 1, 0)
    assert desk.created == ["a", "b"]
    (letter,) = desk.dead
    assert letter["error"] == {"message": "reason of the 400", "type": "document_rejected"}
    assert letter["aws"]["s3"]["object"] == {"key": "key", "offset": 1}
    assert '"name": "bad"' in letter["shipper"]["deadletter"]["document"]
    assert letter["shipper"]["deadletter"]["document_id"] == "bad"


@on_fake_time
async def test_dead_letters_share_a_request() -> None:
    """The dead letters of one request go into one further request."""
    desk = Desk()
    desk.engine.answer(lambda action: 400 if not is_letter(action) else 201)
    assert outcomes(await desk.deliver("a", "b", "c")) == (0, 0, 3, 0)
    assert desk.sent == [["a", "b", "c"], ["dead"] * 3]


@on_fake_time
async def test_a_dead_letter_already_there_is_dead_lettered() -> None:
    """A dead letter that an earlier attempt has left counts like a new one."""
    desk = Desk()
    desk.engine.answer(lambda action: 201 if is_letter(action) else 400)
    await desk.deliver("bad")
    assert outcomes(await desk.deliver("bad")) == (0, 0, 1, 0)
    assert len(desk.dead) == 1


@on_fake_time
async def test_a_refused_dead_letter_is_released(caplog: pytest.LogCaptureFixture) -> None:
    """A record whose dead letter is refused too goes back with its message, and that is said."""
    desk = Desk()
    desk.engine.answer(lambda action: 201 if action.id == "a" else 400)
    assert outcomes(await desk.deliver("a", "bad")) == (1, 0, 0, 1)
    assert "a dead letter was refused" in caplog.text


@on_fake_time
async def test_dead_letters_are_tried_again() -> None:
    """A dead letter that OpenSearch is too busy to take is sent again, alone."""
    desk = Desk()
    busy = [429]
    desk.engine.answer(lambda action: (busy.pop() if busy else 201) if is_letter(action) else 400)
    assert outcomes(await desk.deliver("bad")) == (0, 0, 1, 0)
    assert desk.sent == [["bad"], ["dead"], ["dead"]]


# -- documents that are mended -----------------------------------------------------------------------------------------


def refusal(action: Action, *fields: str) -> str | None:
    """Refuse the first of these fields that a document has, as OpenSearch does."""
    for field in fields:
        if field in action.document:
            return f"mapper_parsing_exception: failed to parse field [{field}] of type [long] in document with id '1'"
    return None


def rescued(desk: Desk) -> float | None:
    """Give the number of documents that were rescued."""
    return desk.metrics.registry.get_sample_value("shipper_rescued_documents_total", {"dataset": "test"})


@on_fake_time
async def test_a_refused_field_does_not_cost_its_document() -> None:
    """A document is indexed without the field it is refused for, under its own name, and counted as rescued."""
    desk = Desk()
    desk.engine.refuse(lambda action: refusal(action, "padding") if action.id == "bad" else None)
    assert outcomes(await desk.deliver("a", "bad", "b")) == (3, 0, 0, 0)
    assert desk.sent == [["a", "bad", "b"], ["bad"]]
    document = desk.engine.documents[INDEX, "bad"]
    unparsed = [{"field": "padding", "value": ""}]
    assert document == {"name": "bad", "shipper": {"unparsed": unparsed}, "tags": ["rescued"]}
    assert (desk.dead, rescued(desk)) == ([], 1)


@on_fake_time
async def test_one_field_after_another() -> None:
    """A document that is refused again for another field is mended again."""
    desk = Desk()
    desk.engine.refuse(lambda action: refusal(action, "padding", "name"))
    assert outcomes(await desk.deliver("a", "b")) == (2, 0, 0, 0)
    assert desk.sent == [["a", "b"]] * 3
    assert rescued(desk) == 2


@on_fake_time
async def test_the_dead_letter_has_the_original() -> None:
    """A document that is refused in whatever form is a dead letter, with the document as it was at first."""
    desk = Desk()
    desk.engine.refuse(
        lambda action: None if is_letter(action) else refusal(action, "padding", "name") or "for another reason"
    )
    assert outcomes(await desk.deliver("bad")) == (0, 0, 1, 0)
    assert desk.sent == [["bad"], ["bad"], ["bad"], ["dead"]]
    (letter,) = desk.dead
    assert letter["error"]["message"] == "for another reason"
    assert letter["shipper"]["deadletter"]["document"] == '{"name": "bad", "padding": ""}'
    assert rescued(desk) is None


@on_fake_time
async def test_mending_has_an_end() -> None:
    """A document with one bad field after another is given up after some rounds."""
    desk = Desk()
    fields = [f"field{number}" for number in range(MOST_ROUNDS + 1)]
    desk.engine.refuse(lambda action: None if is_letter(action) else refusal(action, *fields))
    tally = desk.tally()
    desk.indexer.add(INDEX, "bad", json.dumps(dict.fromkeys(fields, "x")).encode(), tally, 0)
    tally.read += 1
    await desk.indexer.drain()
    assert outcomes(tally) == (0, 0, 1, 0)
    assert desk.sent == [["bad"]] * (MOST_ROUNDS + 1) + [["dead"]]


@on_fake_time
async def test_mended_documents_are_tried_again() -> None:
    """A mended document that OpenSearch is too busy to take, or whose request fails, is sent again as it is."""
    desk = Desk()
    busy = [429]
    desk.engine.refuse(lambda action: refusal(action, "padding"))
    desk.engine.answer(lambda _: busy.pop() if busy else 201)
    desk.engine.faults += [None, Fault(AWAY)]
    assert outcomes(await desk.deliver("a")) == (1, 0, 0, 0)
    assert desk.sent == [["a"]] * 4
    assert rescued(desk) == 1


@on_fake_time
async def test_dead_letters_are_not_mended() -> None:
    """A dead letter is taken as it is or not at all."""
    desk = Desk()
    desk.engine.refuse(lambda action: refusal(action, "error") or "unknown")
    assert outcomes(await desk.deliver("bad")) == (0, 0, 0, 1)
    assert desk.sent == [["bad"], ["dead"]]


# -- requests that are refused as a whole ------------------------------------------------------------------------------


@on_fake_time
async def test_a_poisoned_request_is_halved() -> None:
    """When one document makes the whole request a 400, it ends alone as a dead letter; all others are indexed."""
    desk = Desk()
    desk.engine.refuse_whole(named("bad"))
    ids = ["a", "b", "c", "bad", "d", "e", "f"]
    assert outcomes(await desk.deliver(*ids)) == (6, 0, 1, 0)
    assert sorted(desk.created) == ["a", "b", "c", "d", "e", "f"]
    assert desk.dead[0]["error"]["message"] == "HTTP 400: Malformed action/metadata line"
    assert max(map(len, desk.sent[1:])) <= 4
    assert desk.concurrency == 4, "that was no fault of OpenSearch"


@on_fake_time
async def test_halves_are_sent_in_order() -> None:
    """Halving keeps the order of the documents."""
    desk = Desk()
    desk.engine.refuse_whole(named("bad"))
    await desk.deliver("a", "b", "bad", "c", "d")
    assert desk.created == ["a", "b", "c", "d"]


@on_fake_time
async def test_a_request_too_large_is_halved() -> None:
    """A request of more bytes than OpenSearch takes (413) goes in smaller ones, except for what is too large alone."""
    desk = Desk()
    desk.engine.most_bytes = 1500
    tally = desk.tally()
    desk.add(tally, *"abcdef", padding=200)
    desk.add(tally, "huge", padding=2000)
    desk.engine.most_bytes = 1500
    await desk.indexer.drain()
    assert outcomes(tally) == (6, 0, 0, 1), "its dead letter is too large as well, so it is released"
    assert desk.created == list("abcdef")


@on_fake_time
async def test_everything_refused_is_released() -> None:
    """Where even dead letters make a request a 400, every record goes back with its message."""
    desk = Desk()
    desk.engine.refuse_whole(lambda _: True)
    assert outcomes(await desk.deliver("a", "b", "c")) == (0, 0, 0, 3)


@on_fake_time
async def test_a_half_with_an_outcome_is_not_sent_again() -> None:
    """When OpenSearch goes away between two halves, only the other half is sent again; nothing is counted twice."""
    desk = Desk()
    desk.engine.refuse_whole(named("bad"))
    desk.engine.faults += [None, None, Fault(AWAY)]
    assert outcomes(await desk.deliver("a", "b", "bad", "c")) == (3, 0, 1, 0)
    assert desk.sent.count(["a", "b"]) == 1


# -- OpenSearch that is busy or away -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
@on_fake_time
async def test_busy_documents_are_sent_again_alone(status: int) -> None:
    """A document that OpenSearch is too busy to take is sent again without those that were taken."""
    desk = Desk()
    busy = [status, status]
    desk.engine.answer(lambda action: (busy.pop() if busy else 201) if action.id == "b" else 201)
    assert outcomes(await desk.deliver("a", "b", "c")) == (3, 0, 0, 0)
    assert desk.sent == [["a", "b", "c"], ["b"], ["b"]]


@on_fake_time
async def test_mixed_answers() -> None:
    """Created, duplicate, refused and busy documents of one request each go their own way."""
    desk = Desk()
    await desk.deliver("there")
    busy = [429]

    def answer(action: Action) -> int:
        if action.id == "busy" and busy:
            return busy.pop()
        return 400 if action.id == "bad" else 201

    desk.engine.answer(answer)
    assert outcomes(await desk.deliver("new", "there", "bad", "busy")) == (2, 1, 1, 0)
    assert desk.sent == [["there"], ["new", "there", "bad", "busy"], ["dead"], ["busy"]]
    assert desk.concurrency == 2, "busy with one document is busy"


@on_fake_time
async def test_a_request_that_never_arrived_is_repeated() -> None:
    """Documents of a request that did not arrive are indexed by a later one."""
    desk = Desk()
    desk.engine.faults += [Fault(AWAY), Fault(AWAY)]
    assert outcomes(await desk.deliver("a", "b")) == (2, 0, 0, 0)


@on_fake_time
async def test_a_lost_answer_gives_no_second_document() -> None:
    """Documents of a request whose answer was lost are sent again and found to be there."""
    desk = Desk()
    desk.engine.faults.append(Fault(AWAY, applied=True))
    assert outcomes(await desk.deliver("a", "b")) == (0, 2, 0, 0)
    assert desk.created == ["a", "b"]


@asynccontextmanager
async def others_being_delivered(desk: Desk) -> AsyncIterator[None]:
    """Deliver a document of another object every few seconds, so that OpenSearch is not away."""

    async def deliver() -> None:
        for number in itertools.count():
            await asyncio.sleep(5)
            await desk_delivers(desk, f"other {number}")

    delivering = asyncio.create_task(deliver())
    yield
    delivering.cancel()
    await asyncio.wait([delivering])
    await desk.indexer.drain()


@on_fake_time
async def test_documents_are_released_when_time_is_up() -> None:
    """What OpenSearch does not take in `retry_seconds`, though it takes others, is released; that is the end of it."""
    desk = Desk(retry_seconds=300)
    desk.engine.answer(lambda action: 503 if action.id in {"a", "b"} else 201)
    async with others_being_delivered(desk):
        tally = desk.tally()
        desk.add(tally, "a", "new", "b")
        await tally.settled()
        assert outcomes(tally) == (1, 0, 0, 2)
        assert 300 < asyncio.get_running_loop().time() < 332
        made = desk.sent.count(["a", "b"])
        await asyncio.sleep(1000)
        assert desk.sent.count(["a", "b"]) == made


@on_fake_time
async def test_documents_are_held_while_opensearch_is_away() -> None:
    """An OpenSearch that takes nothing from anybody is waited for, for hours if need be; we are not ready meanwhile."""
    desk = Desk(retry_seconds=300)
    desk.engine.down = AWAY
    delivering = asyncio.create_task(desk.deliver("a", "b"))
    await asyncio.sleep(5 * 3600)
    assert desk.health.problems == {"opensearch": str(AWAY)}
    desk.engine.down = None
    assert outcomes(await delivering) == (2, 0, 0, 0)
    assert desk.health.problems == {}


@on_fake_time
async def test_attempts_become_rarer() -> None:
    """An OpenSearch that is away is left alone for longer and longer, half a minute at most."""
    desk = Desk()
    desk.engine.down = AWAY
    delivering = asyncio.create_task(desk.deliver("a"))
    await asyncio.sleep(3600)
    assert 100 < len(desk.sent) < 400
    desk.engine.down = None
    await delivering


@on_fake_time
async def test_only_what_is_busy_is_released() -> None:
    """When time is up, the documents that were taken stay indexed; an OpenSearch that answers is not away."""
    desk = Desk()
    desk.engine.answer(lambda action: 503 if action.id == "b" else 201)
    assert outcomes(await desk.deliver("a", "b")) == (1, 0, 0, 1)


# -- an operator has to act --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 404])
@on_fake_time
async def test_blocked_documents_are_held(status: int) -> None:
    """Documents that a permission, a template or disk space is missing for are held for as long as it takes."""
    desk = Desk(retry_seconds=300)
    blocked = True

    def answer(action: Action) -> int:
        return status if blocked and action.id == "b" else 201

    desk.engine.answer(answer)
    delivering = asyncio.create_task(desk.deliver("a", "b"))
    await asyncio.sleep(3600)
    assert not delivering.done()
    assert "reason of the" in desk.health.problems["opensearch"]
    assert f"{status}" in desk.health.problems["opensearch"]
    blocked = False
    assert outcomes(await delivering) == (2, 0, 0, 0)
    assert desk.health.problems == {}


@on_fake_time
async def test_refused_credentials_are_held() -> None:
    """While OpenSearch does not accept us, nothing is released and we are not ready; then it goes on by itself."""
    desk = Desk(retry_seconds=300)
    desk.engine.down = REFUSED
    delivering = asyncio.create_task(desk.deliver("a"))
    await asyncio.sleep(3600)
    assert not delivering.done()
    assert desk.health.problems == {"opensearch": str(REFUSED)}
    desk.engine.down = None
    assert outcomes(await delivering) == (1, 0, 0, 0)
    assert desk.health.problems == {}


@on_fake_time
async def test_being_away_after_a_hold_is_tried_for_a_while() -> None:
    """An OpenSearch that restarts behind a hold has its full time: the hold does not count."""
    desk = Desk(retry_seconds=300)
    desk.engine.down = REFUSED
    delivering = asyncio.create_task(desk.deliver("a"))
    await asyncio.sleep(3600)
    desk.engine.down = AWAY
    await asyncio.sleep(200)
    desk.engine.down = None
    assert outcomes(await delivering) == (1, 0, 0, 0)


@on_fake_time
async def test_one_failed_attempt_is_no_trouble() -> None:
    """A single failed request is everyday life; a second one in a row means that we are not ready."""
    desk = Desk()
    desk.engine.down = AWAY
    delivering = asyncio.create_task(desk.deliver("a"))
    for problems in ({}, {"opensearch": str(AWAY)}):
        await desk.next_request()
        await turns()
        assert desk.health.problems == problems
    desk.engine.down = None
    await delivering
    assert desk.health.problems == {}


@on_fake_time
async def test_trouble_of_what_was_given_up_is_over_with_the_next_success() -> None:
    """Documents that were released do not keep us from being ready when OpenSearch takes others."""
    desk = Desk(retry_seconds=60)
    desk.engine.answer(lambda action: 503 if action.id == "a" else 201)
    tally = desk.tally()
    async with others_being_delivered(desk):
        desk.add(tally, "a")
        await asyncio.sleep(30)
        assert "opensearch" in desk.health.problems
        await tally.settled()
    assert outcomes(tally) == (0, 0, 0, 1)
    await desk_delivers(desk, "b")
    assert desk.health.problems == {}


@on_fake_time
async def test_success_of_one_does_not_hide_the_trouble_of_another() -> None:
    """As long as one delivery is held, we are not ready, however well the others do."""
    desk = Desk()
    blocked = True
    desk.engine.answer(lambda action: 404 if blocked and action.id == "held" else 201)
    held = asyncio.create_task(desk.deliver("held"))
    await asyncio.sleep(60)
    await desk_delivers(desk, "other")
    assert "opensearch" in desk.health.problems
    blocked = False
    await held
    assert desk.health.problems == {}


async def desk_delivers(desk: Desk, id_: str) -> None:
    """Deliver one document while others are held."""
    tally = desk.tally("other")
    desk.add(tally, id_)
    await desk.indexer.flush()
    await tally.settled()
    assert outcomes(tally) == (1, 0, 0, 0)


# -- faults of our own, and what is told -------------------------------------------------------------------------------


@on_fake_time
async def test_a_fault_of_our_own_releases(caplog: pytest.LogCaptureFixture) -> None:
    """An error that nobody foresaw releases the documents and is told with its traceback."""
    desk = Desk()
    desk.engine.answer(lambda _: 200)  # the fake has no word for that: KeyError
    assert outcomes(await desk.deliver("a")) == (0, 0, 0, 1)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info


@on_fake_time
async def test_requests_are_measured() -> None:
    """Requests are counted by outcome, and the bytes of those that were answered."""
    desk = Desk()
    desk.engine.refuse_whole(named("bad"))
    desk.engine.faults.append(Fault(AWAY))
    await desk.deliver("a", "bad")

    def value(name: str, **labels: str) -> float | None:
        return desk.metrics.registry.get_sample_value(name, labels)

    assert value("shipper_bulk_seconds_count", outcome="failed") == 1
    assert value("shipper_bulk_seconds_count", outcome="rejected") == 2
    assert value("shipper_bulk_seconds_count", outcome="answered") == 2
    assert value("shipper_dead_letters_total", dataset="test", reason="document_rejected") == 1
    assert (value("shipper_bulk_bytes_total") or 0) > 100
