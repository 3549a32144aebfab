"""Fields that AWS writes and nobody declares are seen, by name, at hardly any cost."""

from dataclasses import replace
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Raw
from reading import ETAG, NOW, RECORD_BYTES
from sample_files import CASES, SOURCES

from shipper.declaration import declared
from shipper.drift import MOST_NAMES, NAME_CHARS, OTHER, unknown
from shipper.formats import ByMagic, JsonRecords, Record, Row, Table, holds
from shipper.notification import ObjectRef
from shipper.shipment import Shipment
from shipper.source import Source, Sources

FUTURE = {
    "aws_cloudtrail/future_fields": {"futureField", "anotherFutureField", "userIdentity.newThing"},
    "aws_s3access/future_columns": {"column_28"},
    "aws_vpcflow/future_column": {"sni-hash"},
}


class Inner(Record):
    """A part of a record."""

    known: str = ""


class Outer(Record, rename="camel"):
    """A record with all that can hold others."""

    one_thing: Inner | None = None
    many: list[Inner] | None = None
    held: Annotated[Raw, holds(list[Inner])] = Raw()
    named: dict[str, Inner] | None = None
    anything: Raw = Raw()
    itself: "Outer | None" = None


class Columns(Row, rename="kebab"):
    """A row."""

    a_b: str | None = None


def seen(source: Source[Any, Any], key: str, raw: bytes) -> set[str]:
    """Ship an object and give the fields that were unknown."""
    claim = Sources([source]).route(ObjectRef(bucket="b", key=key))
    assert isinstance(claim, tuple)
    shipment = Shipment(*claim, namespace="default", version=ETAG, record_bytes=RECORD_BYTES)
    for shipped in (shipment.feed(raw, NOW), shipment.finish(NOW)):
        assert all(shipped)
    return shipment.unknown_fields


def test_unknown_members_are_found_wherever_they_are() -> None:
    """In objects, lists, members held as bytes and mappings, but not where anything may be."""
    record = {
        "oneThing": {"known": "", "a": 1},
        "many": [{"known": ""}, {"b": None}],
        "held": [{"c": 1}],
        "named": {"x": {"d": 1}, "y": {"known": ""}},
        "anything": {"e": {"f": 1}},
        "one_thing": 1,
        "dotted.name": {},
    }
    found = ["oneThing.a", "many[].b", "held[].c", "named.*.d", "one_thing", "dotted.name"]
    assert list(unknown(record, declared(JsonRecords(Outer)))) == found


def test_what_cannot_be_told_is_not_unknown() -> None:
    """A format whose records declare nothing has no unknown fields; several forms declare what either does."""
    assert declared(JsonRecords(dict[str, Any])) is None
    either = declared(ByMagic({b"{": JsonRecords(Inner)}, otherwise=Table(Columns)))
    assert either is not None
    assert set(either) == {"known", "a-b"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_samples_have_unknown_fields_only_on_purpose(source: Source[Any, Any]) -> None:
    """The radar sees nothing in records that are wholly declared, and the new fields in those that are not."""
    for case in [case for case in CASES if case.of(source) and not case.is_foreign]:
        found = seen(source, case.key, case.path.read_bytes())
        assert "future" in case.path.stem or "type_drift" in case.path.stem or not found, case.name
        assert FUTURE.get(case.name, found) == found


def test_names_are_escaped_and_bounded() -> None:
    """What stands in a log decides neither how many names there are, nor how long they are, nor drives a terminal."""
    source = next(one for one in SOURCES if one.name == "aws_waf")
    record = {f"\x1b[31m{number}é{'x' * 500}": 1 for number in range(1000)} | {"timestamp": 1, "webaclId": "a"}
    key = next(case.key for case in CASES if case.of(source))
    found = seen(source, key, msgspec.json.encode(record))
    assert len(found) == MOST_NAMES
    assert OTHER in found
    assert all(len(name) <= NAME_CHARS and name.isascii() and name.isprintable() for name in found)


def test_what_a_source_drops_is_known() -> None:
    """A field that is left out on purpose is no news."""
    source = next(one for one in SOURCES if one.name == "aws_waf")
    key = next(case.key for case in CASES if case.of(source))
    raw = b'{"timestamp": 1, "webaclId": "a", "new": 1, "left": {"out": 2}}'
    assert seen(replace(source, dropped={"left": "why not"}), key, raw) == {"new"}


def test_what_is_no_record_has_no_fields() -> None:
    """A record that could not be read, or is somebody else's, tells nothing about its source."""
    source = next(one for one in SOURCES if one.name == "aws_waf")
    key = next(case.key for case in CASES if case.of(source))
    assert seen(source, key, b'{"eventVersion": "1.08", "eventName": "GetObject"}') == set()


def test_few_records_are_looked_at() -> None:
    """The first record, and some of those behind it, however the object is cut into blocks."""
    source = next(one for one in SOURCES if one.name == "aws_route53_resolver_logs")
    key = next(case.key for case in CASES if case.of(source))
    lines = [b'{"query_timestamp":"2026-02-03T10:11:12Z","query_name":"a.","new_%d":1}\n' % n for n in range(100)]
    assert seen(source, key, b"".join(lines)) == {"new_0", "new_15", "new_75"}
