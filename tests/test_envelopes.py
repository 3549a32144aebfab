"""What wraps a log on its way to S3, and what comes out of it."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

import marker
import pytest
from decoding import block_sizes, cut, damaged, decoded, errors, records
from hypothesis import given
from hypothesis import strategies as st
from lines import LINES
from properties import tried
from sample_files import CASES

from shipper.envelopes import Context, Enveloped
from shipper.envelopes.contents import Run
from shipper.envelopes.enveloped import PART_BYTES
from shipper.envelopes.json import DROPPED
from shipper.envelopes.moments import moment
from shipper.envelopes.recognition import Form, recognize
from shipper.errors import RecordError
from shipper.formats import (
    ByMagic,
    Entries,
    Entry,
    Format,
    JsonRecords,
    Kind,
    Record,
    Row,
    Table,
    Template,
    Templated,
    matching,
)
from shipper.formats.record import ORIGINAL_BYTES
from shipper.notification import ObjectRef
from shipper.shipment import Shipment, Shipped
from shipper.source import Origin
from shipper.sources import aws_cloudtrail

NOW: Final = datetime(2026, 8, 3, 13, tzinfo=UTC)
LIMIT: Final = 1 << 20
CONTROL: Final = (
    b'{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],'
    b'"logEvents":[{"id":"","timestamp":1680683189085,"message":"CWL CONTROL MESSAGE"}]}'
)
FULL_PAYLOAD: Final = {
    "messageType": "DATA_MESSAGE",
    "owner": "111122223333",
    "logGroup": "trail/logs",
    "logStream": "stream-1",
    "subscriptionFilters": ["all"],
    "policyLevel": "ACCOUNT_LEVEL_POLICY",
    "logEvents": [
        {
            "id": "3195310660696698337880902507980421114328961542429822156",
            "timestamp": 1770109500123,
            "message": '{"eventVersion":"1.11","eventTime":"2026-02-03T09:05:00Z"}',
            "extractedFields": {"name": "x"},
        }
    ],
}
FULL_EVENT: Final = {
    "version": "0",
    "id": "36eb8523-97d0-4518-b33d-ee3579ff19f0",
    "detail-type": "AWS API Call via CloudTrail",
    "source": "aws.s3",
    "account": "111122223333",
    "time": "2026-02-20T01:09:13Z",
    "region": "eu-west-3",
    "resources": ["arn:aws:s3:::amzn-s3-demo-bucket"],
    "replay-name": "replay",
    "detail": {"eventVersion": "1.11", "eventTime": "2026-02-03T09:05:00Z"},
}
"""Envelopes with all the members that there are."""


class Thing(Record):
    """A small record."""

    n: int
    text: str | None = None


class Line(Row):
    """A small line."""

    one: str | None = None
    two: int | None = None


THINGS: Final[Format[Any]] = JsonRecords(Thing, wrapper="Records")
TABLE: Final[Format[Any]] = Table(Line, headerless=(("one", "two"),))


def dumped(value: Any) -> bytes:
    """Write JSON as AWS does."""
    return json.dumps(value, separators=(",", ":")).encode()


def payload(*messages: Any, **more: Any) -> bytes:
    """Make a subscription payload of CloudWatch Logs; None is an event without a message."""
    events = [{"id": "1", "timestamp": 1} | ({} if one is None else {"message": one}) for one in messages]
    base = {"messageType": "DATA_MESSAGE", "owner": "1" * 12, "logGroup": "group", "logStream": "stream"}
    return dumped({**base, "subscriptionFilters": ["f"], "logEvents": events, **more})


def event(detail: Any, **more: Any) -> bytes:
    """Make an EventBridge event."""
    return dumped({**FULL_EVENT, "detail": detail, **more})


def line(message: Any) -> bytes:
    """Make a line as flow logs arrive through Firehose."""
    return dumped({"message": message}) + b"\n"


def shipped(raw: bytes, source: Any = aws_cloudtrail.source, sizes: Iterable[int] = ()) -> list[Shipped]:
    """Read an object to its end."""
    origin = Origin(ObjectRef(bucket="logs", key="logs/a"), account="9" * 12, region="us-east-1")
    begun = Shipment(source, origin, namespace="default", version="v1", record_bytes=LIMIT)
    return [*(one for block in cut(raw, list(sizes)) for one in begun.feed(block, NOW)), *begun.finish(NOW)]


def fields(one: Shipped) -> dict[str, Any]:
    """Give the document of a record."""
    assert isinstance(one.result, bytes), one.result
    document: dict[str, Any] = json.loads(one.result)
    return document


# -- recognition ------------------------------------------------------------------------------------------------------

RECOGNIZED: Final = {
    "payload": (payload("x"), Form.JSON),
    "owner first": (dumped({"owner": "1", "logGroup": "g", "logStream": "s", "logEvents": []}), Form.JSON),
    "control message": (CONTROL, Form.JSON),
    "keys sorted": (json.dumps(FULL_PAYLOAD, sort_keys=True).encode(), Form.JSON),
    "indented": (json.dumps(FULL_PAYLOAD, indent=4).encode(), Form.JSON),
    "unknown key beside": (dumped({"messageType": "DATA_MESSAGE", "new": {}, "logEvents": []}), Form.JSON),
    "blank lines ahead": (b"\n\r\n  " + payload("x"), Form.JSON),
    "in an array": (b"[\n" + event({}) + b"]", Form.EVENTS),
    "event": (event({"n": 1}), Form.EVENTS),
    "event, detail first": (dumped({"detail": {"n": 1}, "detail-type": "x"}), Form.EVENTS),
    "line": (line("2 123 eni"), Form.JSON),
    "first payload broken": (b'{"messageType":"DATA_MESSAGE","owner":}', Form.JSON),
    "first event broken": (b'{"version":"0","detail-type":"x" "source"}', Form.EVENTS),
    "first line broken": (b'{"message":"a\nb"}', Form.JSON),
    "export": (b"2020-03-06T00:31:09.000Z {}", Form.EXPORT),
    "export, blank lines ahead": (b"\n \n2020-03-06T00:31:09.000Z {}", Form.EXPORT),
    "export, milliseconds": (b"1705574400000 hello", Form.EXPORT),
    "nothing": (b"", Form.NONE),
    "blanks": (b" \n", Form.NONE),
    "records": (b'{"Records":[' + payload("x") + b"]}", Form.NONE),
    "record that speaks of log events": (
        dumped({"eventVersion": "1", "requestParameters": {"logGroup": "g", "logEvents": [], "messageType": "x"}}),
        Form.NONE,
    ),
    "record with a detail": (dumped({"version": "0", "id": "x", "detail": {"detail-type": "x"}}), Form.NONE),
    "record with a message and more": (dumped({"message": "x", "level": "info"}), Form.NONE),
    "record with an object as message": (dumped({"message": {"a": 1}}), Form.NONE),
    "record with an escaped key": (dumped({"logEvents\\": 1}), Form.NONE),
    "array of records": (b'[{"n":1}]', Form.NONE),
    "array of times": (b"[1705574400000 x", Form.NONE),
    "text": (b"messageType logEvents detail-type", Form.NONE),
    "flow log": (b"2 123456789010 eni-1235b8ca123456789 172.31.16.139", Form.NONE),
    "balancer log": (b"2015-05-13T23:39:43.945958Z my-loadbalancer 192.0.2.1:2817", Form.NONE),
    "time without a blank": (b"2020-03-06T00:31:09.000Z\tx", Form.NONE),
    "seconds": (b"1705574400 hello", Form.NONE),
    "microseconds": (b"1705574400000000 hello", Form.NONE),
    "Parquet": (b"PAR1\x15\x04", Form.NONE),
}

each_beginning = pytest.mark.parametrize(("head", "form"), RECOGNIZED.values(), ids=RECOGNIZED)


@each_beginning
def test_recognized(head: bytes, form: Form) -> None:
    """An object is told by its first bytes, whatever the order of keys; a record that looks similar is none."""
    assert recognize(head, limit=LIMIT, final=True) is form


@each_beginning
def test_recognized_only_when_it_is_certain(head: bytes, form: Form) -> None:
    """However few bytes are there, the answer is to wait or the one that all of them give."""
    found = {recognize(head[:stop], limit=LIMIT, final=False) for stop in range(len(head) + 1)}
    assert found <= {None, form}


@pytest.mark.parametrize("head", [b'{"owner":"', b'{"owner":1,"', b'{"id":[', b" ", b"{ "])
def test_recognition_ends(head: bytes) -> None:
    """An object that would have to be held for longer than a record is taken as it is."""
    assert recognize(head, limit=100, final=False) is None
    assert recognize(head + b" " * 100, limit=100, final=False) is Form.NONE


def test_first_key_is_enough() -> None:
    """A key that no envelope has tells at once: objects without envelopes are not held back."""
    assert recognize(b'{"Records":[', limit=LIMIT, final=False) is Form.NONE
    assert recognize(b'{"eventVersion":"1.', limit=LIMIT, final=False) is Form.NONE


def test_long_first_envelope() -> None:
    """A first envelope that is longer than a record is told by the keys that are there."""
    sorted_payload = json.dumps(FULL_PAYLOAD, sort_keys=True).encode()
    assert recognize(sorted_payload, limit=50, final=False) is Form.JSON
    assert recognize(line("x" * 200)[:150], limit=100, final=False) is Form.JSON


def test_samples_are_recognized() -> None:
    """Envelopes are seen where there are some, and nowhere else; to some sources those of EventBridge belong."""
    for case in CASES:
        found = recognize(case.path.read_bytes(), limit=LIMIT, final=True)
        has_its_own = found is Form.EVENTS and getattr(case.source.format, "whole_events", False)
        assert (found is not Form.NONE) == (case.is_enveloped or has_its_own), case.name


class Whole(Record):
    """What a source that wants whole events declares: the event's id, and of the detail nothing."""

    id: str | None = None


def test_events_stay_whole_for_a_format_that_asks_for_it() -> None:
    """To a source that wants what an event says beside its detail, it is a record; also inside of another envelope."""
    event = json.dumps(FULL_EVENT)
    for raw in (event.encode(), payload(event), line(event), CONTROL + event.encode()):
        decoder = Enveloped(JsonRecords(Whole, whole_events=True)).decoder(record_bytes=LIMIT)
        *_, found = decoder.feed(raw)
        assert found == Whole(id=FULL_EVENT["id"])
        assert decoder.original(int(raw.startswith(CONTROL))) == event.encode()


# -- objects without envelopes -----------------------------------------------------------------------------------------


def test_bare_objects_are_left_alone() -> None:
    """Without envelopes the source's own decoder gets the very blocks, and is asked directly."""
    decoder = Enveloped(THINGS).decoder(record_bytes=LIMIT)
    with pytest.raises(LookupError, match="not been recognized"):
        decoder.original(0)
    assert decoder.feed(b'{"n":') == []
    assert decoder.feed(b'1}{"n":2') == [Thing(n=1)]
    assert type(decoder.chosen) is type(THINGS.decoder(record_bytes=LIMIT))
    assert decoder.contexts == ()
    assert decoder.feed(b"}\n       ") == [Thing(n=2)]
    assert decoder.original(0) == decoder.chosen.original(0) == b'{"n":2}'


def test_long_blocks_are_cut_only_where_it_may_take_long() -> None:
    """What may hold many broken messages is opened part by part; a block of bare records is never cut or copied."""
    block = b" " * (3 * PART_BYTES - 5)
    bare, wrapped = (Enveloped(THINGS).decoder(record_bytes=LIMIT) for _ in range(2))
    bare.feed(b'{"n":1}')
    wrapped.feed(line('{"n":1}'))
    assert next(bare.parts(block)) is block
    for decoder in (wrapped, Enveloped(THINGS).decoder(record_bytes=LIMIT)):
        assert [len(part) for part in decoder.parts(block)] == [PART_BYTES, PART_BYTES, PART_BYTES - 5]


@given(raw=st.one_of(st.binary(max_size=80), damaged(b'{"n":1}\n{"n":2,"text":"x"}{"owner":"x"}\n')), sizes=block_sizes)
@tried
def test_bare_objects_read_the_same(raw: bytes, sizes: list[int]) -> None:
    """Whatever has no envelopes is read as if there were no such thing."""
    if recognize(raw, limit=LIMIT, final=True) is Form.NONE:
        assert decoded(Enveloped(THINGS), cut(raw, sizes)) == decoded(THINGS, [raw])


def test_short_objects() -> None:
    """An object that ends before it could be told from others is read too, to its last record."""
    assert [(one.one, one.two) for one in records(decoded(Enveloped(TABLE), [b"1", b" 2\n3 4"]))] == [
        ("1", 2),
        ("3", 4),
    ]
    assert decoded(Enveloped(TABLE), [b""]) == []
    assert [one.reason for one in errors(decoded(Enveloped(THINGS), [b'{"owner', b'":"x"']))] == ["undecodable"]


# -- what comes out ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("glue", [b"", b"\n", b"\r\n\n", b" , "])
def test_envelopes_are_taken_off(glue: bytes) -> None:
    """Envelopes of all kinds, glued or a line each, and bare records among them."""
    raw = glue.join([payload('{"n":1}', '{"n":2}'), event({"n": 3}), b'{"n":4}', line('{"n":5}'), payload('{"n":6}')])
    out = decoded(Enveloped(THINGS), [raw])
    assert [one.value.n for one in out] == [1, 2, 3, 4, 5, 6]
    assert [one.original for one in out] == [b'{"n":%d}' % number for number in range(1, 7)]


def test_lines_without_header() -> None:
    """Lines in envelopes have no header, and each may be of another layout."""
    layout = Table(Line, headerless=(("one", "two"), ("two",)))
    out = decoded(Enveloped(layout), [payload("a 1", "2", "b 3") + line("c 4") + line("5")])
    assert [(one.value.one, one.value.two) for one in out] == [("a", 1), (None, 2), ("b", 3), ("c", 4), (None, 5)]


def test_exported_messages() -> None:
    """A message of an export file ends where the next stamp begins, of either form; its other lines belong to it."""
    first = b'{"n":1,\n\n"text":"a 1705574400000 b"}'
    second = b'{"n":2,\n"text":\n"1705574400000"}'
    raw = b"2020-03-06T00:31:09.000Z " + first + b"\r\n1705574400000 " + second + b"\n"
    for blocks in ([b"\n" + raw], [b"  " + raw], cut(raw, [1])):
        assert [one.original for one in decoded(Enveloped(THINGS), blocks)] == [first, second]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_line_ends_are_no_part_of_exported_messages(end: bytes) -> None:
    """The original of a broken message ends where the message does, also at the end of the file and of a block."""
    raw = b"1705574400000 broken\r\n1705574400000 broken\n1705574400000 broken" + end
    for blocks in ([raw], cut(raw, [1]), cut(raw, [21])):
        assert [one.original for one in decoded(Enveloped(THINGS), blocks)] == [b"broken"] * 3


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_exported_message_too_long(size: int) -> None:
    """A message longer than a record is passed over in bounded memory; its neighbours are read."""
    stamp = b"2020-03-06T00:31:09.000Z "
    raw = stamp + b'{"n":1}\n' + stamp + b'{"n":2,\n"text":"' + b"x" * 90 + b'"}\n' + stamp + b'{"n":3}\n'
    first, long, last = decoded(Enveloped(THINGS), cut(raw, [size]), record_bytes=80)
    assert (first.value.n, last.value.n) == (1, 3)
    assert (long.value.reason, long.value.length, long.value.cause) == (
        "too_long",
        108,
        "the message has 108 bytes, the limit is 80",
    )
    assert long.value.original == b'{"n":2,\n"text":"' + b"x" * 90 + b'"}'


def test_record_too_long() -> None:
    """The limit is for a record: an envelope may be longer, and one record in it that is too long fails alone."""
    raw = payload('{"n":1}', dumped({"n": 2, "text": "x" * 200}).decode(), '{"n":3}')
    first, long, last = decoded(Enveloped(THINGS), [raw], record_bytes=100)
    assert (first.value.n, long.value.reason, last.value.n) == (1, "too_long", 3)


def test_message_that_was_parsed() -> None:
    """Where somebody made an object of the message, it is a message all the same."""
    out = decoded(Enveloped(THINGS), [payload({"n": 1}) + line("") + line({"n": 2})])
    assert [one.value.n for one in out] == [1, 2]


@pytest.mark.parametrize(
    "raw", [b'{"n":2,"message":"{}"}', b'{"n":2,"detail":{"n":3}}', b'{"n":2,"message":"{}","\xff":0}']
)
def test_bare_record_with_a_member_of_that_name(raw: bytes) -> None:
    """A record that has a message or a detail among other members is no envelope: nothing of it is thrown away."""
    assert [one.original for one in decoded(Enveloped(THINGS), [line('{"n":1}') + raw])] == [b'{"n":1}', raw]


MIXED: Final = (
    CONTROL
    + payload('{"n":1}', '{"n":2,"text":"\u00e4"}', '{"n":', "plain", None, '{"n":"x"}', '{"n":3,"text":[]}')
    + b"\n"
    + event({"n": 4})
    + event({"n": 5}, region="us-east-2")
    + b'{"message":"{\\"n\\":6}"}\n{"n":7}\n'
    + payload('{"n":8}', owner=12)
)
EXPORTED: Final = (
    b"2020-03-06T00:31:09.000Z 1 2\r\n1705574400000 a b c\n\nx\n2020-03-06T00:31:09.0000Z y\n1705574400001 3 4"
)


@given(raw=st.one_of(st.just(MIXED), damaged(MIXED, 10)), sizes=block_sizes)
@tried
def test_blocks_do_not_matter(raw: bytes, sizes: list[int]) -> None:
    """Whole or damaged envelopes give the same records, originals and errors however their bytes arrive."""
    assert decoded(Enveloped(THINGS), cut(raw, sizes)) == decoded(Enveloped(THINGS), [raw])


@given(raw=st.one_of(st.just(EXPORTED), damaged(EXPORTED, 30)), sizes=block_sizes)
@tried
def test_blocks_do_not_matter_to_exports(raw: bytes, sizes: list[int]) -> None:
    """The same for export files."""
    assert decoded(Enveloped(TABLE), cut(raw, sizes)) == decoded(Enveloped(TABLE), [raw])


def test_positions_and_ids_count_inner_records() -> None:
    """A record's place is counted over what came out of the envelopes, so that its id is stable under block borders."""
    whole = shipped(MIXED, LINES)
    assert [one.position for one in whole] == list(range(len(whole)))
    assert shipped(MIXED, LINES, [11]) == whole


# -- broken and empty ones ---------------------------------------------------------------------------------------------


def test_broken_envelope_between_good_ones() -> None:
    """An envelope that cannot be opened is an error with its bytes; the envelopes around it are opened."""
    broken = payload('{"n":2}')[:-30]
    out = decoded(Enveloped(THINGS), [payload('{"n":1}') + b"\n" + broken + b"\n" + payload('{"n":3}')])
    assert [one.n for one in records(out)] == [1, 3]
    (error,) = errors(out)
    assert (error.reason, error.original) == ("undecodable", broken)


@pytest.mark.parametrize(
    "broken", ['{"n":2', '{"n":2,"text":"', "[", '{"Records":[{"n":2}', "}", '"', "text", '{"text":"x"}', "\\"]
)
def test_broken_message_swallows_nothing(broken: str) -> None:
    """A broken message fails alone, with its bytes, between good ones in the same envelope and in the next."""
    good = '{"n":1,"text":"x"}'
    for raw in (
        payload(good, broken, good) + payload(good),
        payload(good) + payload(broken) + payload(good, good),
        line(good) + line(broken) + line(good) + line(good),
        b"".join(b"1705574400000 " + one.encode() + b"\n" for one in (good, broken, good, good)),
    ):
        out = decoded(Enveloped(THINGS), [raw])
        assert [one.value for one in out if one.original == good.encode()] == [Thing(n=1, text="x")] * 3
        assert errors(out)
        assert all(error.original in broken.encode() for error in errors(out))


def test_log_event_without_message() -> None:
    """A log event with no message is an error with the envelope's bytes; its neighbours are read."""
    raw = payload('{"n":1}', None, '{"n":2}')
    first, broken, last = decoded(Enveloped(THINGS), [raw])
    assert (first.value.n, last.value.n) == (1, 2)
    assert (broken.value.cause, broken.original) == ("a log event without a message", raw)


def test_long_envelope_is_not_kept_whole() -> None:
    """Of the bytes of a long envelope an error keeps as many as of any other broken record."""
    raw = payload("x" * (ORIGINAL_BYTES + 1), None)
    (*_, broken) = errors(decoded(Enveloped(THINGS), [raw]))
    assert (broken.original, broken.length) == (raw[:ORIGINAL_BYTES], len(raw))


@pytest.mark.parametrize("raw", [dumped({**FULL_PAYLOAD, "logEvents": {}}), dumped({**FULL_EVENT, "detail": None})])
def test_envelope_of_another_shape(raw: bytes) -> None:
    """An envelope whose content is none is not passed over silently."""
    (error,) = errors(decoded(Enveloped(THINGS), [raw]))
    assert error.reason == "undecodable"


def test_control_messages_are_filtered() -> None:
    """A control message becomes no document and no error: it is counted as filtered, and has a place of its own."""
    results = shipped(CONTROL + payload('{"eventVersion":"1","eventTime":"2026-02-03T09:05:00Z"}') + CONTROL)
    assert [one.position for one in results] == [0, 1, 2]
    assert [type(one.result) for one in results] == [type(None), bytes, type(None)]
    decoder = Enveloped(THINGS).decoder(record_bytes=LIMIT)
    assert decoder.feed(CONTROL) == [None]
    assert decoder.original(0) == CONTROL


def test_control_message_is_told_by_its_type() -> None:
    """Only an envelope of CloudWatch Logs can be a control message."""
    out = decoded(Enveloped(THINGS), [payload('{"n":1}') + b'{"n":2,"messageType":"CONTROL_MESSAGE"}'])
    assert [one.value.n for one in out] == [1, 2]


def test_records_that_cannot_be_mapped_keep_their_bytes() -> None:
    """The original of a record is its message, also where many messages were decoded in one go."""
    results = shipped(payload("fine", "raise 1", "fine", "raise 2") + line("fine") + line("raise 3"), LINES)
    failed = {one.position: one.result.original for one in results if isinstance(one.result, RecordError)}
    assert failed == {1: b"raise 1", 3: b"raise 2", 5: b"raise 3"}


def test_object_that_breaks_off_inside_an_envelope() -> None:
    """Half an envelope is no document."""
    origin = Origin(ObjectRef(bucket="logs", key="logs/a"))
    begun = Shipment(LINES, origin, namespace="default", version="v1", record_bytes=LIMIT)
    raw = payload("one") + payload("two")
    results = [*begun.feed(raw[:-5], NOW), *begun.break_off(NOW)]
    assert [type(one.result) for one in results] == [bytes, RecordError]


# -- what envelopes say of their records -------------------------------------------------------------------------------


def test_contexts_stand_beside_the_records() -> None:
    """Each record has the context of its own envelope; neighbours that say the same are decoded in one go."""
    decoder = Enveloped(THINGS).decoder(record_bytes=LIMIT)
    raw = payload('{"n":1}', '{"n":2}') + payload('{"n":3}', logGroup="b") + event({"n": 4}) + b'{"n":5}' + CONTROL
    found = decoder.feed(raw)
    group = Context("1" * 12, None, "group", "stream")
    other = Context("1" * 12, None, "b", "stream")
    assert list(decoder.contexts) == [group, group, other, Context("111122223333", "eu-west-3"), None, None]
    assert len(found) == len(decoder.contexts)


def test_context_completes_a_document() -> None:
    """Account, region, log group and stream are those of the envelope, where the record does not say otherwise."""
    bare = {"eventVersion": "1", "eventTime": "2026-02-03T09:05:00Z"}
    told = {**bare, "awsRegion": "ap-south-1", "recipientAccountId": "444455556666"}
    raw = payload(json.dumps(bare), json.dumps(told)) + event(bare) + event(told) + json.dumps(bare).encode()
    found = [fields(one) for one in shipped(raw)]
    places = [(one["cloud"]["account"]["id"], one["cloud"]["region"]) for one in found]
    assert places == [
        ("1" * 12, "us-east-1"),
        ("4" * 4 + "5" * 4 + "6" * 4, "ap-south-1"),
        ("111122223333", "eu-west-3"),
        ("4" * 4 + "5" * 4 + "6" * 4, "ap-south-1"),
        ("9" * 12, "us-east-1"),
    ]
    watched = {"log_group": "group", "log_stream": "stream"}
    assert [one["aws"].get("cloudwatch") for one in found] == [watched, watched, None, None, None]


def test_unreadable_values_of_an_envelope_are_told() -> None:
    """A value of an envelope whose type is not declared is kept with each of its records."""
    message = '{"eventVersion":"1","eventTime":"2026-02-03T09:05:00Z","eventName":7}'
    found = [fields(one) for one in shipped(payload(message, message, logStream=12))]
    told = [{"field": "logStream", "value": "12"}, {"field": "eventName", "value": "7"}]
    assert [one["shipper"]["unparsed"] for one in found] == [told, told]
    assert [one["tags"] for one in found] == [["type_drift"]] * 2
    found = [fields(one) for one in shipped(payload(message, logStream=12) + payload(message, logStream=13))]
    assert [one["shipper"]["unparsed"][0]["value"] for one in found] == ["12", "13"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (1770112800123, "2026-02-03T10:00:00.123000+00:00"),
        (b"1770112800123 ", "2026-02-03T10:00:00.123000+00:00"),
        (b"2026-02-03T10:00:00.123Z ", "2026-02-03T10:00:00.123000+00:00"),
        ("2026-02-03T10:00:00Z", "2026-02-03T10:00:00+00:00"),
        *((wrong, None) for wrong in (None, "", "x", b"x", b"\xff", -1, 0, 10**13, True, 1.5, [], {})),
    ],
)
def test_moments(written: Any, expected: str | None) -> None:
    """The time at which CloudWatch Logs was given a message is read from payloads and from exports, if it is one."""
    found = moment(written)
    assert (found and found.isoformat()) == expected


def test_runs_with_and_without_times() -> None:
    """Messages with times and messages without any do not become one run: each time would be another's."""
    timed = Run([b"a"], [None], times=[1])
    assert timed.goes_with(Run([b"b"], [None], times=[2]))
    assert not timed.goes_with(Run([b"b"], [None]))


@pytest.mark.parametrize("more", [b"", event({"n": 7}, account="7") + event("x", account="8") + b'{"message":"{"}'])
def test_events_of_several_accounts(more: bytes) -> None:
    """Events are decoded in one go whoever they are of; each record keeps its own account, whatever is beside it."""
    decoder = Enveloped(JsonRecords(Thing, wrapper="Records")).decoder(record_bytes=LIMIT)
    details = ({"n": 1}, {"n": 2}, {"Records": [{"n": 3}, {"n": 4}]}, {"n": 5}, {"Records": []})
    found = decoder.feed(b"".join(event(one, account=str(at)) for at, one in enumerate(details)) + more)
    told = [
        (one.n, context.account) for one, context in zip(found, decoder.contexts, strict=True) if type(one) is Thing
    ]
    assert told == [(1, "0"), (2, "1"), (3, "2"), (4, "2"), (5, "3"), *([(7, "7")] if more else [])]
    assert len(found) - len(told) == (2 if more else 0)


class Told(Entry):
    """A message with what is told of it."""

    text: str | None = None


@pytest.mark.parametrize("size", [1, 50, 10_000])
def test_messages_of_several_lines(size: int) -> None:
    """Where entries may have several lines each message is one, and knows its log group and its own time."""

    def read(raw: bytes) -> list[tuple[Any, bytes, Context | None]]:
        decoder = entries.decoder(record_bytes=1000)
        return [
            (one, decoder.original(at), decoder.contexts[at])
            for values in chain(map(decoder.feed, cut(raw, (size,))), iter(decoder.finish, []))
            for at, one in enumerate(values)
        ]

    begin = Kind(name="told", record=Told, begins="> ", read=matching(Told, re.compile("> (?P<text>.*)", re.DOTALL)))
    entries = Enveloped(ByMagic({b"{": JsonRecords(Told)}, otherwise=Entries([begin])))
    found = read(payload("> a\n> b", "\n", "no beginning", "> c") + b"\n" + line("> d"))
    assert [original for _, original, _ in found] == [b"> a\n> b", b"no beginning", b"> c", b"> d"]
    assert [context and context.log_group for _, _, context in found] == ["group"] * 3 + [None]
    texts = [one.cause if isinstance(one, RecordError) else one.text for one, _, _ in found]
    assert texts == ["a\n> b", "it does not begin like an entry of told", "c", "d"]
    [(first, original, _), (second, _, _)] = read(b"2026-02-03T10:00:00.123Z > a\n> b\n1770112801000 > c")
    assert (first.text, original, second.text) == ("a\n> b", b"> a\n> b", "c")
    assert [one.around.time.second for one in (first, second)] == [0, 1]


class Timed(Told):
    """A message that may tell its time itself."""

    time: str | None = None

    @property
    def has_time(self) -> bool:
        """See `Entry`."""
        return self.time is not None


def test_messages_of_json_among_text() -> None:
    """They are decoded in one go, text beside them one by one, and those without a time are given theirs."""
    line = Template(Timed, [("> ", "text")], shapes={})
    form = ByMagic({b"{": JsonRecords(Timed)}, otherwise=Templated([line], continued=Timed), mixed=True)
    decoder = Enveloped(form).decoder(record_bytes=1000)
    messages = ('{"text":"a"}', ' {"text":"b","time":"x"}', "> c\n{}", '{"text":', '{"text":"d"}{}', '{"text":"e"}')
    records = decoder.feed(payload(*messages))
    assert ["!" if isinstance(one, RecordError) else one.text for one in records] == [
        "a",
        "b",
        "c\n{}",
        "!",
        "d",
        None,
        "e",
    ]
    assert [decoder.original(at).decode().strip() for at in (0, 1, 2)] == [one.strip() for one in messages[:3]]
    groups = [None if isinstance(one, RecordError) else one.around.log_group for one in records]
    assert groups == ["group", None, "group", None, "group", "group", "group"]


def test_times_are_of_the_messages_that_records_come_from() -> None:
    """Where one message has no record and another has two, no record is given the time of its neighbour."""
    form = ByMagic({b"{": JsonRecords(Timed), b"[": JsonRecords(Timed)}, otherwise=Entries([]), mixed=True)
    decoder = Enveloped(form).decoder(record_bytes=1000)
    messages = ("[]", '{"text":"2"}', '{"text":"3"}{"text":"3"}', '{"text":"4"}')
    told = [{"id": "1", "timestamp": at * 1000, "message": one} for at, one in enumerate(messages, 1)]
    records = decoder.feed(payload(logEvents=told))
    assert [str(one.around.time.second) for one in records] == [one.text for one in records] == ["2", "3", "3", "4"]


def lost_values(envelope: dict[str, Any]) -> set[str]:
    """Give the path of each value of an envelope that does not show in its document."""
    (plain,) = shipped(dumped(envelope))
    assert isinstance(plain.result, bytes)
    lost = set()
    for path, value in marker.leaves(envelope):
        mark = marker.marker(value, plain.result)
        (one,) = shipped(dumped(marker.replaced(envelope, path, mark.value)))
        body = one.result if isinstance(one.result, bytes) else b""
        if not any(pattern.search(body) for pattern in mark.seen):
            lost.add(marker.spelled(path).removesuffix(".name"))  # of an extracted field: any name
    return lost - {"logEvents[].message"}  # the record itself


def test_no_value_of_an_envelope_is_lost() -> None:
    """Every value of an envelope is in the document, but for those that are dropped; each of these has a reason."""
    assert lost_values(FULL_PAYLOAD) | lost_values(FULL_EVENT) == set(DROPPED)
    assert all(DROPPED.values())
