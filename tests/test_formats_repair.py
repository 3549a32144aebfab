"""A record survives values of types that nobody declared, and what is set aside is told."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import field
from properties import tried

from shipper.formats import Record
from shipper.formats.repair import MOST_REPAIRS, repair


class Port(Record):
    """Part of a record, one of many."""

    number: int
    tags: list[str] = field(default_factory=list)


class Place(Record):
    """Part of a record, one or none."""

    name: str = "?"
    ports: list[Port] = field(default_factory=list)


class Event(Record):
    """A record with every kind of part."""

    id: str
    count: int = 0
    place: Place | None = None
    places: list[Place] = field(default_factory=list)
    named: dict[str, Place] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    dotted: int = field(name="a.b", default=0)
    dotted_place: Place | None = field(name="a.place", default=None)
    bracketed: int = field(name="x[0]", default=0)
    raw: msgspec.Raw = msgspec.Raw()


decode = msgspec.json.Decoder(Event, strict=False).decode


def repaired(record: dict[str, Any]) -> tuple[Event, dict[str, str]]:
    """Repair a record; give it and the fields that were set aside with their values."""
    event, unparsed = repair(msgspec.json.encode(record), decode)
    assert len({one.field for one in unparsed}) == len(unparsed)
    return event, {one.field: one.value for one in unparsed}


DRIFTS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "object for scalar": ({"count": {"value": 1}}, {"count": '{"value":1}'}),
    "list for scalar": ({"count": [1, 2]}, {"count": "[1,2]"}),
    "text for number": ({"count": "many"}, {"count": "many"}),
    "null for number": ({"count": None}, {"count": "null"}),
    "scalar for object": ({"place": 7}, {"place": "7"}),
    "list for object": ({"place": []}, {"place": "[]"}),
    "object for list": ({"places": {"name": "x"}}, {"places": '{"name":"x"}'}),
    "inside an object": ({"place": {"name": ["x"]}}, {"place.name": '["x"]'}),
    "inside a list": ({"places": [{}, {"name": 5}]}, {"places[1].name": "5"}),
    "lists in lists": (
        {"places": [{"ports": [{"number": 1}, {"number": 2, "tags": "x"}]}]},
        {"places[0].ports[1].tags": "x"},
    ),
    "item of a list": ({"places": [{}, "x"]}, {"places": '[{},"x"]'}),
    "field missing inside a list": ({"place": {"ports": [{"tags": []}]}}, {"place.ports": '[{"tags":[]}]'}),
    "value of a mapping": ({"named": {"k": 1}}, {"named": '{"k":1}'}),
    "inside a mapping": ({"named": {"k": {"name": 1}}}, {"named": '{"k":{"name":1}}'}),
    "key of a mapping": ({"sizes": {"k": 1}}, {"sizes": '{"k":1}'}),
    "dot in a name": ({"a.b": "x", "a": {"b": 1}}, {"a.b": "x"}),
    "dot in the name of an object": ({"a.place": {"name": 1}, "a": 1}, {"a.place.name": "1"}),
    "bracket in a name": ({"x[0]": "y", "x": [1]}, {"x[0]": "y"}),
    "several at once": (
        {"count": "x", "place": {"name": 1, "ports": 2}, "places": [{"name": 3}, {"name": 4}]},
        {"count": "x", "place.name": "1", "place.ports": "2", "places[0].name": "3", "places[1].name": "4"},
    ),
    "nothing": ({"count": "5"}, {}),
}


@pytest.mark.parametrize("kind", DRIFTS)
def test_what_does_not_fit_is_set_aside(kind: str) -> None:
    """Only the innermost named value that does not fit goes, under its path, and everything else stays."""
    record, expected = DRIFTS[kind]
    event, unparsed = repaired({"id": "1", **record})
    assert unparsed == expected
    assert event.id == "1"


def test_what_fits_stays() -> None:
    """The neighbours of a value that was set aside are as they were, in the same list and elsewhere."""
    ports = [{"number": 1, "tags": "x"}, {"number": 2, "tags": ["y"]}]
    event, _ = repaired(
        {"count": 3, "id": "1", "raw": {"k": [1, 2.5, "\u00e9"]}, "place": {"name": "n", "ports": ports}}
    )
    assert event.place == Place(name="n", ports=[Port(number=1), Port(number=2, tags=["y"])])
    assert event.count == 3
    assert bytes(event.raw) == '{"k":[1,2.5,"\u00e9"]}'.encode()


@pytest.mark.parametrize(
    ("record", "cause"),
    [
        ({"count": 1}, "Object missing required field `id`"),
        ({"count": "x"}, "Object missing required field `id`, and does not fit: count"),
        ({"id": {"x": 1}}, "Object missing required field `id`, and does not fit: id"),
        ([1], "Expected `object`, got `array`"),
        ("x", "Expected `object`, got `str`"),
    ],
)
def test_record_that_cannot_be_repaired(record: Any, cause: str) -> None:
    """A record without a field it must have, or that is no object, is refused, and the cause names what did not fit."""
    with pytest.raises(msgspec.ValidationError) as refused:
        repair(msgspec.json.encode(record), decode)
    assert str(refused.value) == cause


def test_number_of_repairs_is_bounded() -> None:
    """A record with too much that does not fit is of another kind, and not worth the time."""
    most = {"id": "1", "places": [{"name": 0}] * MOST_REPAIRS}
    assert len(repaired(most)[1]) == MOST_REPAIRS
    with pytest.raises(msgspec.ValidationError, match="and does not fit: places"):
        repaired({"id": "1", "places": [{"name": 0}] * (MOST_REPAIRS + 1)})


def test_broken_part_that_the_record_passes_over() -> None:
    """A part that only the repair looks at may be no JSON: that is an error of the record."""
    with pytest.raises(msgspec.DecodeError):
        repair(b'{"id":"1","count":"x","more":1e999}', decode)
    with pytest.raises(UnicodeDecodeError):
        repair(b'{"id":"1","count":"x","more":"\xff"}', decode)


anything: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["name", "ports", "number", "tags", "k", "a.b", "7"]), inner, max_size=3),
    ),
    max_leaves=8,
)
NAMES = ["count", "place", "places", "named", "sizes", "a.b", "a", "a.place", "x[0]", "x", "raw", "new"]


@tried
@given(st.dictionaries(st.sampled_from(NAMES), anything))
def test_any_drift(record: dict[str, Any]) -> None:
    """Whatever the optional parts of a record are, it is decoded, and what is set aside stood in the record."""
    event, unparsed = repaired({"id": "1", **record})
    assert event.id == "1"
    for path in unparsed:
        assert any(path == name or path.startswith((f"{name}.", f"{name}[")) for name in record)
    if not unparsed:
        assert event == decode(msgspec.json.encode({"id": "1", **record}))
