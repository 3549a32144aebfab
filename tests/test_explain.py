"""A record read again, and where its document differs from the one that is indexed."""

from typing import Any, cast

import msgspec
import pytest
from fakes import FakeStore, StoredObject, on_fake_time
from lines import BEGINNING, LINES

from shipper.comparison import Difference, differences
from shipper.deadletter import DeadLetters
from shipper.errors import DocumentMissing, ObjectError
from shipper.explain import Explainer, Explanation
from shipper.notification import ObjectRef
from shipper.opensearch import OpenSearch
from shipper.rereading import Reread, Rereader
from shipper.source import Origin, Sources

KEY = "logs/a"


class Engine:
    """OpenSearch, which finds one document whatever is searched for."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        self._hits = [{"_id": "1", "_index": ".ds-1", "_source": document} for document in documents]

    async def request(self, *_: Any) -> Any:
        """Answer a search."""
        return {"hits": {"hits": self._hits}}


async def explain(*documents: dict[str, Any]) -> list[Explanation]:
    """Explain documents of one id."""
    rereader = Rereader(FakeStore(), namespace="default", record_bytes=1, now=BEGINNING)
    explainer = Explainer(cast("OpenSearch", Engine(*documents)), "default", Sources([LINES]), rereader)
    return [one async for one in explainer.explain("1")]


async def reread(data: bytes, position: int, cut: int | None = None) -> Reread:
    """Read one record of an object again."""
    store = FakeStore({KEY: StoredObject(data, cut=cut)})
    rereader = Rereader(store, namespace="default", record_bytes=1 << 20, now=BEGINNING)
    return await rereader.read(LINES, Origin(ObjectRef(bucket="b", key=KEY)), position)


@pytest.mark.parametrize(("position", "original"), [(0, b"one"), (1, b"broken two"), (2, b"raise three"), (3, b"drop")])
def test_a_record_is_found_by_its_position(position: int, original: bytes) -> None:
    """Whatever becomes of a record, its own bytes are given with that."""

    @on_fake_time
    async def check() -> None:
        found = await reread(b"one\nbroken two\nraise three\ndrop", position)
        assert found.original == original
        assert found.shipped is not None
        assert found.shipped.position == position

    check()


@on_fake_time
async def test_an_object_that_ends_before_the_record() -> None:
    """It is told how many records there are."""
    assert await reread(b"one\ntwo\n", 2) == Reread("v1", 2, None)


@on_fake_time
async def test_an_object_that_breaks_off() -> None:
    """What stands before the place is found, half a record included; what would come after it is an error."""
    found = await reread(b"one\ntwo\nthree\n", 1, cut=6)
    assert found.original == b"tw"
    with pytest.raises(ObjectError):
        await reread(b"one\ntwo\nthree\n", 2, cut=6)


def test_differences() -> None:
    """Fields that are changed, added or gone are told by their path; the time of making is none of them."""
    stored = {"a": {"b": 1, "c": [1, 2]}, "gone": {"x": "y"}, "event": {"ingested": "1"}, "shipper": {"lag_seconds": 1}}
    fresh = {"a": {"b": 2, "c": [1, 2]}, "new": {}, "event": {"ingested": "2"}, "shipper": {"lag_seconds": 2}}
    assert differences(stored, fresh) == (
        Difference("a.b", 1, 2),
        Difference("gone.x", "y", None),
        Difference("new", None, {}),
    )


@on_fake_time
async def test_a_letter_of_a_message_has_no_object() -> None:
    """What stands for a queue message is told without an object, and nothing is read again."""
    _, letter = DeadLetters("default").of_message("m-1", "hello", "no notification", BEGINNING)
    (told,) = await explain(msgspec.json.decode(letter))
    assert (told.key, told.position, told.ledger, told.again) == (None, None, (), None)


@on_fake_time
async def test_a_document_whose_key_tells_nothing_is_read_as_what_it_is() -> None:
    """An object that was known by its content is looked for again as that; one of no dataset of ours is not."""
    s3 = {"bucket": {"name": "b"}, "object": {"key": "own/a", "offset": 0}}
    for dataset, text in (("test.lines", "the object is gone"), ("aws.none", "the object is not read again")):
        (told,) = await explain({"event": {"dataset": dataset}, "aws": {"s3": s3}, "shipper": {"object": {}}})
        assert told.again is not None
        assert told.again.text.startswith(text)


@on_fake_time
async def test_an_id_that_nobody_has() -> None:
    """The error names the id, and why a new one may not be found yet."""
    with pytest.raises(DocumentMissing, match=r"the id '1'; what is new can be found after"):
        await explain()
