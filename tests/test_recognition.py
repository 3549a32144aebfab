"""What an object is, told by its first records; the samples of all sources are judged in `test_sources`."""

import json
from collections.abc import Iterable

import parquet_files
import pytest
from reading import blocks
from sample_files import CASES, SOURCES

from shipper.recognition import MOST_RECORDS, Recognizer

CASE_OF = {case.name: case for case in CASES}
QUERY = CASE_OF["aws_route53_resolver_logs/documented"].path.read_bytes().strip() + b"\n"
REQUEST = CASE_OF["aws_waf/requests"].path.read_bytes().splitlines(keepends=True)[0]


def recognizer(parts: Iterable[bytes]) -> Recognizer:
    """Look at an object, and see that nothing of it is kept from what comes after."""
    one = Recognizer(SOURCES, 1 << 20)
    looked: list[bytes] = []
    if not any(one.feed(part) for part in parts if looked.append(part) is None):
        one.finish()
    assert b"".join(one.held()) == b"".join(looked)
    return one


@pytest.mark.parametrize(
    "name",
    [
        "aws_cloudtrail/freeform_indented",
        "aws_cloudtrail/enveloped_cloudwatch",
        "aws_cloudtrail/enveloped_eventbridge",
        "aws_route53_resolver_logs/glued",
        "aws_s3access/requests",
        "aws_vpcflow/default",
        "aws_vpcflow/parquet_version_5",
        "aws_waf/enveloped_export",
    ],
)
def test_block_size_does_not_matter(name: str) -> None:
    """An object is recognised however its bytes arrive, whatever is around its records."""
    raw = CASE_OF[name].path.read_bytes()
    for size in (1, 7, 1000):
        assert recognizer(blocks(raw, size)).dataset == CASE_OF[name].source.dataset, size


def test_what_stands_ahead_of_the_first_known_record_does_not_matter() -> None:
    """Blanks, broken and strange records are passed over, as long as there is one that is known."""
    strange = b'\n \n{"a": 1}\n{broken\n' + b'{"b": 2}\n' * (MOST_RECORDS - 3)
    assert recognizer([strange + QUERY]).dataset == "aws.route53_resolver_logs"
    assert recognizer([strange + b'{"c": 3}\n' * 3 + QUERY]).dataset is None


def test_several_logs_in_one_object_are_no_guess() -> None:
    """Records of two logs side by side are an error that names both."""
    flow = b'{"message": "2 123456789010 eni-1235b8ca123456789 172.31.16.139"}\n'
    for raw in (QUERY + REQUEST, flow + QUERY):
        found = recognizer([raw])
        assert found.dataset is None
        assert "of several: aws.route53_resolver_logs, aws." in found.fault


@pytest.mark.parametrize(
    "record",
    [
        {"eventVersion": "2.1", "eventSource": "aws:s3", "eventTime": "2026-02-03T10:15:30.123Z", "eventName": "Put"},
        {"schemaVersion": "2.0", "type": "Recon:EC2/Portscan", "service": {}, "severity": 5},
        ["2", "123456789010", "eni-1235b8ca123456789"],
        "2 123456789010 eni-1235b8ca123456789 ",
        7,
    ],
)
def test_other_json_is_nobodys(record: object) -> None:
    """What only resembles a log is an error that says what to do."""
    found = recognizer([json.dumps(record).encode()])
    assert found.dataset is None
    assert "of no log that we know" in found.fault
    assert "[[routes]]" in found.fault


def test_text_of_others_is_nobodys() -> None:
    """Words, other access logs and binary junk are nobody's."""
    apache = b'192.0.2.3 - - [03/Feb/2026:10:15:22 +0000] "GET /a HTTP/1.1" 200 5 "-" "curl"\n'
    for raw in (b"this is no log\n", apache, b"\x00\xff\x00\n" * 99, b"PAR1 but no table", b"PA"):
        assert recognizer([raw]).dataset is None, raw
        assert recognizer([raw]).fault, raw


@pytest.mark.parametrize("raw", [b"", b" \n", b'{"Records": []}', b"[]"])
def test_an_object_without_records_is_no_error(raw: bytes) -> None:
    """There is no source to be found, and none is missed."""
    assert (recognizer([raw]).dataset, recognizer([raw]).fault) == (None, "")


def test_parquet_is_told_by_its_columns() -> None:
    """A table with columns that nobody has is an error."""
    assert recognizer([parquet_files.written({"interface_id": ["eni-1"]})]).dataset == "aws.vpcflow"
    assert "of no log that we know" in recognizer([parquet_files.written({"a": ["b"]})]).fault


def test_no_more_is_held_back_than_an_envelope_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that does not end is given up, before it fills the memory."""
    monkeypatch.setattr("shipper.recognition.ENVELOPE_BYTES", 20_000)
    one = Recognizer(SOURCES, 10_000)
    assert [one.feed(block) for block in (b'{"a":"' + b"x" * 9_000, b"x" * 9_000, b"x" * 9_000)] == [False, False, True]
    assert "of no log that we know" in one.fault
