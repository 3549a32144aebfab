"""Records that stand in lists of objects are read one by one, with what their object says."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from decoding import Decoded, block_sizes, cut, damaged, decoded, errors, records
from hypothesis import given
from hypothesis import strategies as st
from properties import tried

from shipper.formats import Grouped, GroupedRecords, Record, Unparsed, grouped


class Item(Record):
    """One record."""

    name: str | None = None
    size: int | None = None


class Group(Record):
    """What is said of all."""

    owner: str | None = None
    version: int | None = None


LAYOUT = GroupedRecords(Group, Item, items="items", within="inner", sealed="it is sealed")


def read(raw: bytes, sizes: Sequence[int] = ()) -> list[Decoded]:
    """Decode objects."""
    return decoded(LAYOUT, cut(raw, sizes))


def dumped(*objects: Any) -> bytes:
    """Write objects one behind the other."""
    return b"".join(map(msgspec.json.encode, objects))


@pytest.mark.parametrize("size", [1, 1000])
def test_records_know_their_object(size: int) -> None:
    """Each record comes with what stands beside its list, and its original is an object with that record alone."""
    out = read(dumped({"owner": "a", "items": [{"name": "x"}, {"size": "7"}]}, {"items": []}, {"items": [{}]}), (size,))
    assert records(out) == [
        Grouped(Group(owner="a"), Item(name="x")),
        Grouped(Group(owner="a"), Item(size=7)),
        Grouped(Group(), Item()),
    ]
    assert msgspec.json.decode(out[1].original) == {"owner": "a", "items": [{"size": "7"}]}
    assert read(out[1].original)[0].value == out[1].value


@pytest.mark.parametrize("item", [b"1", b"{}"])
def test_objects_are_taken_apart_once(item: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the originals of an object's records cost, of broken ones too, grows with their number alone."""
    apart: list[bytes] = []
    decode = grouped._members  # noqa: SLF001
    monkeypatch.setattr(grouped, "_members", lambda text: apart.append(text) or decode(text))
    out = read(b'{"items": [%b]}' % b", ".join([item] * 9))
    assert [one.original for one in out] == [b'{"items":[%b]}' % item] * 9
    assert len(apart) <= 2


def test_list_beside_another_object() -> None:
    """An original has no other records in it, also where an object without a list stands beside the list."""
    (one, _) = read(b'{"inner":{"version":1},"items":[{"size":1},{"size":2}]}')
    assert one.original == b'{"inner":{"version":1},"items":[{"size":1}]}'
    assert read(one.original)[0].value == one.value


@pytest.mark.parametrize("size", [1, 1000])
def test_records_alone(size: int) -> None:
    """Records that somebody took out of their list are told by their members, in arrays too."""
    layout = GroupedRecords(
        Group, Item, items="items", within="inner", sealed="it is sealed", alone=lambda members: "name" in members
    )
    raw = dumped([{"name": "x"}, {"name": "y", "size": "many"}], [{"owner": "a"}]) + b"\n" + dumped({"name": "z"})
    out = decoded(layout, cut(raw, (size,)))
    assert [one.item.name for one in records(out)] == ["x", "y", "z"]
    assert out[1].unparsed == (Unparsed("size", "many"),)
    assert decoded(layout, [out[1].original])[0].value == out[1].value
    [error] = errors(out)
    assert error.cause == "there is no list 'items' in it"


def test_object_within() -> None:
    """The list may be in an object within, whose members count more than those around it."""
    [one] = read(dumped({"owner": "a", "version": 1, "inner": {"owner": "b", "items": [{"name": "x"}]}}))
    assert one.value == Grouped(Group(owner="b", version=1), Item(name="x"))
    assert read(one.original)[0].value == one.value


def test_damage_stays_where_it_is() -> None:
    """A broken record, and an object without a list, cost none of their neighbours; drift is told of its record."""
    items = b'{"version":"v","items":[{"name":"x","size":"big"},{"name":"\xff"},7,{"name":"y"}]}'
    out = read(items + dumped({"owner": "a"}, {"inner": "c2VhbGVk"}, [1], {"items": 5}, {"items": [{"name": "z"}]}))
    assert [record.item.name for record in records(out)] == ["x", "y", "z"]
    drift = Unparsed("version", "v")
    assert [one.unparsed for one in out if one.unparsed] == [(drift, Unparsed("size", "big")), (drift,)]
    causes = [error.cause for error in errors(out)]
    assert causes[0] == "invalid UTF-8"
    assert causes[1].startswith("Expected `object`, got `int`")
    assert causes[2:4] == ["there is no list 'items' in it", "it is sealed"]
    assert len(causes) == 6
    [alone] = read(dumped({"version": "v", "items": [{"name": "x"}]}))
    assert alone.unparsed == (drift,)


@tried
@given(st.lists(st.lists(st.text(max_size=4), max_size=3), max_size=3), block_sizes, st.data())
def test_blocks_do_not_matter(groups: list[list[str]], sizes: list[int], data: st.DataObject) -> None:
    """Every record comes out, and where blocks end decides about none."""
    raw = dumped(*({"items": [{"name": name} for name in names]} for names in groups))
    assert [one.item.name for one in records(read(raw, sizes))] == [name for names in groups for name in names]
    raw = data.draw(damaged(raw)) if raw else raw
    assert read(raw, sizes) == read(raw)
