"""A record read again, and where its document differs from the one that is indexed."""

import pytest
from fakes import FakeStore, StoredObject, on_fake_time
from lines import BEGINNING, LINES

from shipper.comparison import Difference, differences
from shipper.errors import ObjectError
from shipper.notification import ObjectRef
from shipper.rereading import Reread, Rereader
from shipper.source import Origin

KEY = "logs/a"


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
