"""What is fuzzed: a check and objects to begin with, by name."""

import bz2
import gzip
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

import parquet_files
from backports import zstd
from msgspec import Raw
from reading import BUCKET, ETAG
from sample_files import CASES, SOURCES, Case, keys

from fuzz import harness
from fuzz.harness import KNOBS, Check
from shipper.envelopes import Enveloped
from shipper.formats import (
    ByMagic,
    Entries,
    Entry,
    GroupedRecords,
    JsonRecords,
    Kind,
    Parquet,
    Quoted,
    Record,
    Row,
    Table,
    Template,
    Templated,
    TextLines,
    matching,
)
from shipper.notification import ObjectRef
from shipper.source import Source, Sources

_ORDINARY: Final = b"\x02\xff\x80\x40"
"""Knobs: long records, large blocks."""


class Target(NamedTuple):
    """
    Something to fuzz.

    Attributes:
        check: of one input
        seeds: inputs to begin with
    """

    check: Check
    seeds: list[bytes]


class _User(Record):
    name: str | None = None
    ids: tuple[int, ...] = ()


class _Event(Record, rename="camel"):
    event_version: str | None = None
    event_time: datetime | None = None
    count: int | None = None
    share: float | None = None
    read_only: bool | None = None
    user_identity: _User | None = None
    resources: tuple[_User, ...] = ()
    tags: dict[str, str] | None = None
    request_parameters: Raw = Raw()


class _Flow(Row, rename="kebab"):
    account_id: str | None = None
    srcaddr: str | None = None
    bytes: int | None = None
    start: datetime | None = None
    share: float | None = None


class _Line(Record):
    text: str


class _Dated(Entry):
    time: str | None = None
    text: str | None = None


class _Headed(Entry):
    text: str | None = None


_KINDS: Final = (
    Kind(
        name="dated",
        record=_Dated,
        begins=r"\d{4}-",
        read=matching(_Dated, re.compile(r"(?P<time>\S+) (?P<text>(?s:.*))")),
    ),
    Kind(
        name="headed",
        record=_Headed,
        begins="# Time: |# User: ",
        read=matching(_Headed, re.compile("(?P<text>(?s:.*))")),
        opening=r"# Time: [^\n]*",
    ),
)


class _Step(Entry):
    id: str | None = None
    said: str | None = None


_STEPS: Final[Templated[Any]] = Templated(
    [
        Template(_Step, [("GET ", "said"), (" ", "id")], shapes={"id": "[0-9]*+"}),
        Template(_Step, [("(", "id"), (") ", "said")], shapes={"id": "[0-9]*+"}),
    ],
    continued=_Step,
)
_MIXED: Final = ByMagic({b"{": JsonRecords(_Step)}, otherwise=_STEPS, mixed=True)
_LINES: Final = b"GET /a b 1\n(2) one\n\n two\r\n(3) three\nfour\n\n"

_ENTRIES: Final = (
    b"# Time: 1\n# User: a\nselect 1\n\t2;\n2026-02-03 one\r\n more\r\n2026-02-04 two\n# User: b\nselect\n"
)

_JSON: Final = (
    b'{"eventVersion":"1","eventTime":"2026-02-03T09:05:00Z","count":1,"share":0.5,"readOnly":true,'
    b'"userIdentity":{"name":"a","ids":[1,2]},"resources":[{"name":"b"}],"tags":{"k":"v"},'
    b'"requestParameters":{"a":{"b":[null,"",1e3,"\\u00e9\\n"]}}}'
)
_OTHER_JSON: Final = b'{"eventVersion":2,"count":"x","userIdentity":[],"eventTime":"now","tags":null,"new":"}{"}'
_TABLE: Final = b"account-id srcaddr bytes start share new\n1 10.0.0.1 5 1700000000 0.5 -\n2 - x - nan n\n"
_QUOTED: Final = b'1 [06/Feb/2019:00:00:38 +0000] "GET /a \\"b" HTTP/1.1" 200 "-"\n2 [-] "a b" 5 0.5 "new" 9\n'
_QUOTED_COLUMNS: Final = ("account-id", "time", "srcaddr", "bytes", "share")
_STAMP: Final = b"2026-02-03T09:05:00.123Z "


def _events(count: int) -> list[bytes]:
    return [_JSON, _OTHER_JSON, *[_JSON.replace(b'"count":1', b'"count":%d' % at) for at in range(count)]]


def _wrapped(records: Iterable[bytes]) -> bytes:
    return b'{"about":{"a":[1]},"Records":[' + b",".join(records) + b'],"more":"x"}'


def _quoted_json(text: bytes) -> bytes:
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'


def _payload(*messages: bytes) -> bytes:
    events = b",".join([b'{"id":"1","timestamp":1,"message":%b}' % _quoted_json(one) for one in messages])
    return (
        b'{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"g","logStream":"s",'
        b'"subscriptionFilters":["f"],"logEvents":[' + events + b"]}"
    )


_CONTROL: Final = _payload(b"CWL CONTROL MESSAGE").replace(b"DATA_M", b"CONTROL_M")


def _event_bridge(detail: bytes) -> bytes:
    head = b'{"version":"0","id":"1","detail-type":"AWS API Call via CloudTrail","source":"aws.s3",'
    return head + b'"account":"111122223333","region":"eu-west-3","resources":[],"detail":' + detail + b"}"


_CREATED: Final = (
    b'{"Records":[{"eventName":"ObjectCreated:Put","awsRegion":"us-west-2","eventTime":"2026-02-03T10:15:30.123Z",'
    b'"s3":{"bucket":{"name":"b"},"object":{"key":"AWSLogs%2Fa+b.gz","size":1,"eTag":"d4","versionId":"0"}}},'
    b'{"eventName":"ObjectRemoved:Delete","s3":{"bucket":{"name":"b"},"object":{"key":"k","size":null}}}]}'
)
_EVENT_CREATED: Final = (
    b'{"source":"aws.s3","detail-type":"Object Created","region":"r","time":"2026-02-03T10:15:30Z",'
    b'"detail":{"bucket":{"name":"b"},"object":{"key":"k","size":1,"etag":"e","version-id":"v"}}}'
)
_NOTIFICATIONS: Final = (
    _CREATED,
    _EVENT_CREATED,
    b'{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-02-03T10:15:30.123Z","Bucket":"b"}',
    b'{"Type":"Notification","Message":"{\\"Records\\":[]}"}',
    b'{"s3Bucket":"b","s3ObjectKey":["a","b"]}',
)


def _files() -> list[bytes]:
    flows = ["account-id srcaddr bytes start", "1 10.0.0.1 5 1700000000", "2 - - -"]
    lists = parquet_files.written({"share": [0.5, float("nan")], "srcaddr": [[1], None], "new": [b"\xff", b""]})
    many = parquet_files.written({"bytes": list(range(40))}, row_group_size=7, write_page_checksum=True)
    return [parquet_files.flow_log(flows), lists, many, many[:-9]]


def _compressed() -> list[bytes]:
    text = _wrapped(_events(4))
    packed = gzip.compress(text, mtime=0)
    return [
        text,
        packed,
        packed + packed + b"\0" * 9,
        packed[:-5],
        packed + b"junk",
        gzip.compress(packed, mtime=0),
        zstd.compress(text),
        zstd.compress(text) + zstd.compress(b""),
        bz2.compress(text),
        gzip.compress(b" " * (5 << 20), mtime=0),
    ]


def _samples(source: Source[Any, Any]) -> list[bytes]:
    return [_read(case) for case in CASES if case.of(source)]


def _read(case: Case) -> bytes:
    return case.path.read_bytes()[: harness.LARGEST_INPUT - KNOBS]


def _target(check: Check, objects: Iterable[bytes]) -> Target:
    """Put knobs before objects to begin with."""
    return Target(check, [_ORDINARY + one for one in objects])


def _shipment(source: Source[Any, Any], sources: Sources) -> Target:
    claim = sources.route(ObjectRef(bucket=BUCKET, key=keys(source)[0], region="us-east-1", etag=ETAG))
    assert isinstance(claim, tuple), f"{source.name} does not claim the first of its own keys"
    return _target(harness.shipment(source, claim[1]), _samples(source))


def targets() -> dict[str, Target]:
    """Give all of them."""
    sources = Sources(SOURCES)
    wrapped = JsonRecords(_Event, wrapper="Records")
    table = Table(_Flow, headerless=(("account-id", "bytes"),))
    text = TextLines(_Line)
    events = _events(3)
    lines = [b"\n".join([*events, b""]), b"".join(events), b"[" + b" , ".join(events) + b"]"]
    magic = ByMagic({b"PAR1": Parquet(_Flow)}, otherwise=table)
    return {
        "json": _target(harness.decoder(JsonRecords(_Event)), lines),
        "json_wrapped": _target(
            harness.decoder(wrapped), [_wrapped(events), _wrapped(events) + _wrapped(events[:1]), *lines]
        ),
        "table": _target(harness.decoder(table), [_TABLE, _TABLE.replace(b"\n", b"\r\n"), b"1 2\n3 4\n", _TABLE * 20]),
        "quoted": _target(harness.decoder(Quoted(_Flow, _QUOTED_COLUMNS, least=4)), [_QUOTED, _QUOTED * 20]),
        "entries": _target(harness.decoder(Entries(_KINDS)), [_ENTRIES, _ENTRIES * 20, b"x\n" + _ENTRIES]),
        "templated": _target(harness.decoder(_STEPS), [_LINES, b"x\n" + _LINES * 9, _LINES.replace(b"\n", b"\r\n")]),
        "grouped": _target(
            harness.decoder(GroupedRecords(_User, _Event, items="list", within="in", sealed="it is sealed")),
            [b'{"name":"a","ids":[1],"list":[%b]}{"in":{"list":[%b]}}' % (b",".join(events), _JSON), b'{"in":"x"}'],
        ),
        "text": _target(harness.decoder(text), [_TABLE, b"a\r\nb\r\n \n\xff\xfe\nc" * 9]),
        "parquet": _target(harness.decoder(magic), [*_files(), _TABLE]),
        "cloudwatch": _target(
            harness.decoder(Enveloped(wrapped)),
            [_payload(*events) + b"\n" + _CONTROL, _payload(*events) * 2, _payload(_wrapped(events), b"{", b"")],
        ),
        "cloudwatch_table": _target(
            harness.decoder(Enveloped(table)), [_payload(b"1 5", b"2 x", b"3"), _payload(b"1 5") * 5]
        ),
        "cloudwatch_entries": _target(
            harness.decoder(Enveloped(Entries(_KINDS))), [_payload(_ENTRIES, b"2026-02-05 x", b"")]
        ),
        "cloudwatch_mixed": _target(
            harness.decoder(Enveloped(_MIXED)),
            [
                _payload(b'{"id":"1"}', b'{"said":"a"}', b"(2) a\nb", b"{", b'{"id":"3"}{}'),
                _payload(_LINES, b"", b"{}"),
            ],
        ),
        "export": _target(
            harness.decoder(Enveloped(text)),
            [_STAMP + b"one\n more\n" + _STAMP + b"two\r\n", b"1770109500123 one\n1770109500124 two"],
        ),
        "eventbridge": _target(
            harness.decoder(Enveloped(wrapped)),
            [b"\n".join(map(_event_bridge, events)), b"".join(map(_event_bridge, events))],
        ),
        "firehose": _target(
            harness.decoder(Enveloped(wrapped)),
            [b"".join([b'{"message":%b}' % _quoted_json(one) for one in events]), b'{"message":"1 5"}\n' * 3],
        ),
        "inflater": _target(harness.inflater, _compressed()),
        "notification": Target(harness.notification(sources), list(_NOTIFICATIONS)),
        **{f"shipment_{source.name}": _shipment(source, sources) for source in SOURCES},
    }
