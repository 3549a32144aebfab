"""What GuardDuty needs beside the contract of all sources."""

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from reading import Failed, Indexed, read

from shipper.sources.aws_guardduty import source
from shipper.sources.aws_guardduty.fields import IN_ECS, NAMES
from shipper.sources.aws_guardduty.target import RESOURCE_BYTES

KEY: Final = "AWSLogs/111122223333/GuardDuty/eu-west-3/2026/02/03/07a3f2ce-1485-3031-b842-e1f324c4a48d.jsonl.gz"
FINDING: Final = {
    "id": "16afba5c5c43e07c9e3e5e2e544e95df",
    "type": "Recon:EC2/Portscan",
    "updatedAt": "2026-02-03T10:15:00.456Z",
}


def event(detail: Any, kind: str = "GuardDuty Finding", **more: Any) -> dict[str, Any]:
    """Put a detail into an event of EventBridge."""
    return {
        "version": "0",
        "id": "of-the-event",
        "detail-type": kind,
        "source": "aws.guardduty",
        "detail": detail,
        **more,
    }


def results(*records: dict[str, Any]) -> list[Indexed | Failed]:
    """Read these records as one object."""
    return read(source, KEY, [b"\n".join(json.dumps(one).encode() for one in records)])


def document(record: dict[str, Any]) -> dict[str, Any]:
    """Give the document of a record."""
    (one,) = results(record)
    assert isinstance(one, Indexed)
    found: dict[str, Any] = json.loads(one.body)
    return found


def test_copies_of_an_update_are_one_document() -> None:
    """An update has one id however it comes, and however its time is written; the next update has another."""
    exported, *_ = results(FINDING)
    sent, spelled, *_ = results(event(FINDING), event({**FINDING, "updatedAt": "2026-02-03T11:15:00.456+01:00"}))
    later, *_ = results({**FINDING, "updatedAt": "2026-02-03T10:15:00.457Z"})
    assert isinstance(exported, Indexed)
    assert isinstance(sent, Indexed)
    assert isinstance(spelled, Indexed)
    assert isinstance(later, Indexed)
    assert exported.id == sent.id == "16afba5c5c43e07c9e3e5e2e544e95df-2026-02-03T10:15:00.456000"
    assert later.id != exported.id


def test_a_finding_without_its_time_is_named_by_its_place() -> None:
    """An update that does not say which it is is never taken for another."""
    first, second = results(
        {**FINDING, "updatedAt": None, "createdAt": "2026-02-03T10:00:00Z"}, event({}, time="2026-02-03T10:00:00Z")
    )
    assert isinstance(first, Indexed)
    assert isinstance(second, Indexed)
    assert first.id.endswith("-0")
    assert second.id.endswith("-1")


def test_an_event_tells_what_its_finding_does_not() -> None:
    """A finding without account, Region and time has those of the event it is in."""
    made = document(event({"id": "1"}, account="111122223333", region="eu-west-3", time="2026-02-03T10:00:00Z"))
    assert made["cloud"] == {"account": {"id": "111122223333"}, "provider": "aws", "region": "eu-west-3"}
    assert made["@timestamp"] == "2026-02-03T10:00:00Z"


def test_whatever_has_no_time_at_all_is_given_up() -> None:
    """A finding or event without any time says so in its error."""
    for record in (
        {"type": "x"},
        event({}),
        event({"scanStatus": "FAILED"}, "GuardDuty Malware Protection Object Scan Result"),
    ):
        (one,) = results(record)
        assert isinstance(one, Failed)
        assert "has a time" in one.error.cause


@pytest.mark.parametrize("detail", ['"text"', "[1]", "null"])
def test_a_detail_that_is_no_object_is_given_up(detail: str) -> None:
    """An event with something else in the place of a finding is kept as a dead letter."""
    (one,) = results(event(json.loads(detail), time="2026-02-03T10:00:00Z"))
    assert isinstance(one, Failed)
    assert "not a finding" in one.error.cause


def test_long_resources_are_read_alike() -> None:
    """How long a resource is makes no difference to what is read of it."""
    tags = [{"key": "k", "value": "v" * RESOURCE_BYTES}]
    resource = {"resourceType": "Instance", "instanceDetails": {"instanceId": "i-1", "tags": tags}}
    made = document({**FINDING, "resource": resource})
    assert made["host"]["id"] == "i-1"
    assert made["aws"]["guardduty"]["resource"]["instance_details"]["tags"] == tags


def test_a_resource_that_is_not_json_spares_its_neighbours() -> None:
    """Only the finding whose resource is broken inside is given up."""
    broken = json.dumps({**FINDING, "resource": {"resourceType": "a\u0001b"}}).replace("\\u0001", "\x01").encode()
    first, second = read(source, KEY, [broken + b"\n" + json.dumps(FINDING).encode()])
    assert isinstance(first, Failed)
    assert isinstance(second, Indexed)


def test_free_form_parts_that_are_cut_are_told() -> None:
    """A value too long for a flat object is cut, and the document has a tag."""
    made = document({**FINDING, "service": {"additionalInfo": {"long": "x" * 40_000}}})
    assert made["tags"] == ["cut"]
    assert document(event({"x": "y" * 40_000}, "GuardDuty Something", time="2026-02-03T10:00:00Z"))["tags"] == ["cut"]


def test_numbers_survive_where_something_is_empty() -> None:
    """Leaving out what is empty does not touch a number, however long it is."""
    text = json.dumps({**FINDING, "service": {"additionalInfo": {"n": 0, "empty": {}}, "userFeedback": ""}})
    text = text.replace('"n": 0', '"n": 0, "f": 1.10000000000000000001, "i": 123456789012345678901234567890')
    (one,) = read(source, KEY, [text.encode()])
    assert isinstance(one, Indexed)
    assert b'"f":1.10000000000000000001' in one.body
    assert b'"i":123456789012345678901234567890' in one.body
    assert b'"n":0' in one.body
    assert b"empty" not in one.body


def test_the_event_tells_the_time_of_a_finding_without_one() -> None:
    """What the finding does not say is taken from the event that it comes in."""
    made = document(event({**FINDING, "updatedAt": ""}, time="2026-02-03T10:00:00Z"))
    assert datetime.fromisoformat(made["@timestamp"]) == datetime(2026, 2, 3, 10, tzinfo=UTC)


def test_names_and_paths_are_those_of_fields() -> None:
    """The tables of names speak of fields that there are."""
    for part, names in NAMES.items():
        assert names.keys() <= set(part.__struct_fields__), part
    last = {path.rpartition(".")[2] for path in IN_ECS}
    assert all(name.isidentifier() for name in last)
