"""Bodies of bulk requests and what their answers mean."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipper.bulk import BulkBody, Item, Verdict, read_answer
from shipper.deadletter import Place
from shipper.errors import OpenSearchUnavailable
from shipper.tally import Tally

TALLY = Tally(Place(dataset="test"))


def body(*documents: bytes) -> BulkBody:
    """Make a body of documents."""
    made = BulkBody()
    for position, document in enumerate(documents):
        made.add("logs-test", f"id-{position}", document, TALLY, position)
    return made


def parsed(made: BulkBody) -> list[tuple[str, str, bytes]]:
    """Read a body as OpenSearch does: index, id and document line of each entry."""
    *lines, rest = bytes(made.data).split(b"\n")
    assert rest == b""
    heads = [json.loads(line)["create"] for line in lines[::2]]
    return [(head["_index"], head["_id"], line) for head, line in zip(heads, lines[1::2], strict=True)]


def test_an_entry_is_two_lines() -> None:
    """A document is an action line that creates and never overwrites, and its own line."""
    assert bytes(body(b'{"a":1}').data) == b'{"create":{"_index":"logs-test","_id":"id-0"}}\n{"a":1}\n'
    assert len(body(b"{}")) == len(body(b"{}").data)


@pytest.mark.parametrize("name", ['a"b', "a\nb", "a\\", "é", "\x00"])
def test_names_are_escaped(name: str) -> None:
    """No index or id can break out of its action line."""
    made = BulkBody()
    made.add(name, name, b"{}", TALLY, 0)
    assert parsed(made) == [(name, name, b"{}")]


DOCUMENTS = st.lists(st.binary(max_size=20).map(lambda data: data.replace(b"\n", b"")), max_size=12)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(DOCUMENTS, DOCUMENTS, st.randoms(use_true_random=False))
def test_parts_halves_and_joins(first: list[bytes], second: list[bytes], random: Any) -> None:
    """However bodies are cut and put together, each entry keeps its document, its account and its place."""
    made = body(*first)
    made.join(body(*second))
    assert [made.document(entry) for entry in made.entries] == [*first, *second]
    if len(made.entries) > 1:
        halves = made.halves()
        assert all(half.entries for half in halves)
        joined = BulkBody()
        for half in halves:
            joined.join(half)
        assert bytes(joined.data) == bytes(made.data)
        assert joined.entries == made.entries
    some = [entry for entry in made.entries if random.random() < 0.5]
    part = made.part(some)
    assert [part.document(entry) for entry in part.entries] == [made.document(entry) for entry in some]
    assert [(entry.position, entry.tally) for entry in part.entries] == [(e.position, e.tally) for e in some]
    assert len(parsed(part)) == len(some)


# -- answers -----------------------------------------------------------------------------------------------------------


def answer(*items: dict[str, Any], errors: bool = True) -> bytes:
    """Write an answer."""
    return json.dumps({"errors": errors, "items": [{"create": item} for item in items]}).encode()


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.CREATED),
        (201, Verdict.CREATED),
        (400, Verdict.REJECTED),
        (401, Verdict.BLOCKED),
        (403, Verdict.BLOCKED),
        (404, Verdict.BLOCKED),
        (409, Verdict.DUPLICATE),
        (413, Verdict.REJECTED),
        (429, Verdict.BUSY),
        (500, Verdict.BUSY),
        (503, Verdict.BUSY),
    ],
)
def test_verdicts(status: int, verdict: Verdict) -> None:
    """Each status of a document means one of: done, done before, bad, later, ask an operator."""
    (item,) = read_answer(answer({"status": status, "error": {"type": "t", "reason": "r"}}), 1)
    assert (item.verdict, item.status) == (verdict, status)


@pytest.mark.parametrize("status", [403, 429])
def test_a_read_only_index_is_for_an_operator(status: int) -> None:
    """An index that is blocked, by hand or because the disk is full, is held for an operator, whatever the status."""
    error = {"type": "cluster_block_exception", "reason": "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage]"}
    (item,) = read_answer(answer({"status": status, "error": error}), 1)
    assert item.verdict is Verdict.BLOCKED


def test_the_index_is_told() -> None:
    """An item tells the backing index that its document went to."""
    items = read_answer(answer({"status": 201, "_index": ".ds-a-000001"}, {"status": 409, "_index": ".ds-a-000002"}), 2)
    assert [item.index for item in items] == [".ds-a-000001", ".ds-a-000002"]


def test_reasons_are_joined() -> None:
    """The reason says all that OpenSearch knows, the innermost cause last."""
    error = {
        "type": "mapper_parsing_exception",
        "reason": "failed to parse field [a]",
        "caused_by": {"type": "illegal_argument_exception", "reason": "not an IP", "caused_by": {"type": "deepest"}},
    }
    (item,) = read_answer(answer({"status": 400, "error": error}), 1)
    assert item.reason == (
        "mapper_parsing_exception: failed to parse field [a]; illegal_argument_exception: not an IP; deepest"
    )


def test_reasons_are_bounded() -> None:
    """A reason that quotes a whole document does not fill dead letters and log."""
    (item,) = read_answer(answer({"status": 400, "error": {"type": "t", "reason": "x" * 100_000}}), 1)
    assert len(item.reason) == 2000


@pytest.mark.parametrize("error", [{}, {"type": "t", "reason": None}, None])
def test_errors_without_a_reason(error: object) -> None:
    """An error that says little is no error of ours."""
    (item,) = read_answer(answer({"status": 400, "error": error}), 1)
    assert item.verdict is Verdict.REJECTED


def test_no_errors() -> None:
    """When OpenSearch says that there are no errors, all documents are created."""
    assert read_answer(answer({"status": 201}, {"status": 201}, errors=False), 2) == [Item(Verdict.CREATED, 201)] * 2


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_answer_to_something_else(count: int) -> None:
    """An answer with more or fewer items than documents tells nothing of any of them."""
    with pytest.raises(OpenSearchUnavailable, match=f"of {count} documents has 2 items"):
        read_answer(answer({"status": 201}, {"status": 201}), count)


@pytest.mark.parametrize(
    "told",
    [b"", b"<html>", b"{}", b"[]", b'{"errors":true,"items":[{"index":{}}]}', b'{"errors":1}', "\ud800", b"\xff"],
)
def test_no_answer_at_all(told: bytes) -> None:
    """Whatever else is answered, documents are left without an outcome instead of being taken for created."""
    with pytest.raises(OpenSearchUnavailable):
        read_answer(told, 1)
