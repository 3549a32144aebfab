"""Objects that hold several records."""

import json
from typing import Any

import pytest
from msgspec import Raw

from shipper.envelopes import Enveloped
from shipper.errors import RecordError
from shipper.formats import JsonRecords, Record, each

LIMIT = 1 << 16


class Detail(Record):
    """What an event is about."""

    action: str | None = None
    findings: list[Raw] = []  # noqa: RUF012 -- msgspec copies it


class Event(Record):
    """An event, or what is left of one."""

    id: str | None = None
    detail: Detail | None = None
    findings: list[Raw] = []  # noqa: RUF012 -- msgspec copies it


FORMAT = JsonRecords(Event, whole_events=True, each=("detail.findings", "findings"))


def event(name: str, *findings: Any) -> dict[str, Any]:
    """Give an event with these findings."""
    return {"id": name, "detail-type": "t", "detail": {"action": "a", "more": 1.50, "findings": list(findings)}}


def found(record: Any) -> tuple[str | None, list[Any]]:
    """Tell the event of a record, and its findings."""
    findings = record.findings or (record.detail.findings if record.detail else [])
    return record.id, [json.loads(bytes(one)) for one in findings]


EVENTS = [event("none"), event("one", 1), event("three", {"x": 1}, 2, 3), {"id": "bare", "findings": [4, 5]}]
RECORDS = [("none", []), ("one", [1]), *[("three", [one]) for one in ({"x": 1}, 2, 3)], ("bare", [4]), ("bare", [5])]


@pytest.mark.parametrize("glue", [b"\n", b""], ids=["lines", "glued"])
def test_each_finding_is_a_record(glue: bytes) -> None:
    """Each record has one item, and what stands around it; its original read by itself is that record again."""
    decoder = FORMAT.decoder(record_bytes=LIMIT)
    records = [*decoder.feed(glue.join(json.dumps(one).encode() for one in EVENTS) + b"\n")]
    assert list(map(found, records)) == RECORDS
    for index, record in enumerate(records):
        (again,) = FORMAT.decoder(record_bytes=LIMIT).feed(decoder.original(index) + b"\n")
        assert found(again) == found(record)
        if again.detail:
            assert json.loads(decoder.original(index))["detail"]["more"] == 1.5


def test_objects_are_taken_apart_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the originals of an object's records cost grows with their number, not with its square."""
    apart: list[bytes] = []
    decode = each._decode_items  # noqa: SLF001
    monkeypatch.setattr(each, "_decode_items", lambda text: apart.append(text) or decode(text))
    decoder = FORMAT.decoder(record_bytes=LIMIT)
    for number in (1, 2):
        found = decoder.feed(b'{"detail": {"findings": [1, 2, %d]}}\n' % number)
        originals = [json.loads(decoder.original(index)) for index in range(len(found))]
        assert [one["detail"]["findings"] for one in originals] == [[1], [2], [number]]
    assert len(apart) == 2


def test_records_come_alike_out_of_log_groups() -> None:
    """Events that CloudWatch Logs has wrapped are split too, each beside what goes wrong next to it."""
    messages = [json.dumps(one) for one in EVENTS]
    messages.insert(2, '{"id": 1, "detail": ')
    payload = {"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [{"message": one} for one in messages]}
    decoder = Enveloped(FORMAT).decoder(record_bytes=LIMIT)
    records = [
        None if isinstance(one, RecordError) else found(one) for one in decoder.feed(json.dumps(payload).encode())
    ]
    assert records == [*RECORDS[:2], None, *RECORDS[2:]]
    assert json.loads(decoder.original(4))["detail"]["findings"] == [2]
    assert decoder.original(2) == b'{"id": 1, "detail": '


def test_originals_are_whole_where_nothing_is_split() -> None:
    """An event with one finding is kept to the byte."""
    text = b'{ "id":"one",  "detail":{"findings":[ 1 ]} }'
    decoder = FORMAT.decoder(record_bytes=LIMIT)
    decoder.feed(text + b"\n" + json.dumps(event("two", 1, 2)).encode() + b"\n")
    assert decoder.original(0) == text


def test_a_name_that_is_no_text_spares_the_record() -> None:
    """Where an event cannot be written again, each of its records keeps all of it."""
    text = b'{"id":"two","\xff":1,"detail":{"findings":[1,2]}}'
    decoder = FORMAT.decoder(record_bytes=LIMIT)
    assert [found(one) for one in decoder.feed(text + b"\n")] == [("two", [1]), ("two", [2])]
    assert decoder.original(1) == text


def test_values_set_aside_around_are_told_of_each() -> None:
    """What does not fit around the findings is told with each of them."""
    decoder = FORMAT.decoder(record_bytes=LIMIT)
    decoder.feed(b'{"id":{"x":1},"detail":{"findings":[1,2]}}\n')
    assert [[one.field for one in decoder.unparsed(index)] for index in (0, 1)] == [["id"], ["id"]]
