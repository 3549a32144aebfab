"""What IAM Access Analyzer needs beside the contract of all sources."""

import json
from typing import Any, Final

from reading import Failed, Indexed, read

from shipper.sources.aws_access_analyzer import source

KEY: Final = "access-analyzer/2026/02/03/10/aa-1-2026-02-03-10-04-11-3f6bbd1c-9c0e-4d7e-8d7f-0d9d1a2b3c4d.gz"
FINDING: Final = {
    "id": "22222222-dcba-4444-dcba-333333333333",
    "status": "ACTIVE",
    "isDeleted": False,
    "resourceType": "AWS::S3::Bucket",
    "analyzedAt": "2026-02-03T10:00:00Z",
    "updatedAt": "2026-02-03T10:00:01.123456789Z",
}


def event(detail: Any, kind: str = "Access Analyzer Finding", **more: Any) -> dict[str, Any]:
    """Put a detail into an event of EventBridge."""
    return {"id": "e", "detail-type": kind, "source": "aws.access-analyzer", "detail": detail, **more}


def results(*records: dict[str, Any]) -> list[Indexed | Failed]:
    """Read these records as one object."""
    return read(source, KEY, [b"\n".join(json.dumps(one).encode() for one in records)])


def ids(*records: dict[str, Any]) -> list[str]:
    """Give the ids of the documents of these records."""
    found = results(*records)
    assert all(isinstance(one, Indexed) for one in found), found
    return [one.id for one in found if isinstance(one, Indexed)]


def document(record: dict[str, Any]) -> dict[str, Any]:
    """Give the document of a record."""
    (one,) = results(record)
    assert isinstance(one, Indexed), one
    found: dict[str, Any] = json.loads(one.body)
    return found


def test_copies_of_an_update_are_one_document() -> None:
    """An update has one id in each copy of its event, and without one, under either name of the finding's id."""
    unused = {"findingId" if name == "id" else name: value for name, value in FINDING.items()}
    assert len(set(ids(event(FINDING), event(FINDING, id="2"), FINDING, event(unused)))) == 1


def test_each_change_has_its_document() -> None:
    """An update, a change of status, and the deletion of a finding are documents of their own."""
    changes = ({}, {"updatedAt": "2026-02-03T10:00:02Z"}, {"status": "ARCHIVED"}, {"isDeleted": True})
    assert len(set(ids(*[event({**FINDING, **change}) for change in changes]))) == len(changes)


def test_a_deletion_happens_when_it_is_told() -> None:
    """What is deleted was last updated long before; it is no alert any more."""
    made = document(event({**FINDING, "isDeleted": True}, time="2026-02-05T10:00:00Z"))
    assert made["@timestamp"] == "2026-02-05T10:00:00Z"
    assert made["aws"]["access_analyzer"]["updated_at"].startswith("2026-02-03T10:00:01.12345")
    assert made["event"]["kind"] == "state"


def test_everybody_is_no_user() -> None:
    """What is open to all names no user, and a service of AWS is none; other principals are found by each."""
    assert "user" not in document(event({**FINDING, "principal": {"AWS": "*"}}))
    made = document(event({**FINDING, "principal": {"AWS": ["111122223333", "*"], "Service": "x.amazonaws.com"}}))
    assert made["related"]["user"] == ["111122223333"]
    assert made["service"] == {"name": "x.amazonaws.com"}


def test_events_of_others_are_given_up() -> None:
    """What CloudTrail says of calls, and what has none of a finding's marks, is an error."""
    foreign = event({}, "AWS API Call via CloudTrail", source="aws.iam", time="2026-02-03T10:00:00Z")
    for record in (foreign, {"id": "x", "analyzedAt": "2026-02-03T10:00:00Z"}):
        (one,) = results(record)
        assert isinstance(one, Failed)
        assert "Access Analyzer" in one.error.cause


def test_whatever_has_no_time_at_all_is_given_up() -> None:
    """A finding without any time says so in its error."""
    (one,) = results(event({"id": "x"}))
    assert isinstance(one, Failed)
    assert "a time that can be read" in one.error.cause
