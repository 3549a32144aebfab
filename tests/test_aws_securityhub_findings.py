"""What Security Hub needs beside the contract of all sources."""

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from reading import Failed, Indexed, originals, read

from shipper.sources.aws_securityhub_findings import source
from shipper.sources.aws_securityhub_findings.fields import IN_BOTH, IN_ECS, NAMES
from shipper.sources.aws_securityhub_findings.target import RESOURCES_BYTES

KEY: Final = "SecurityHub/2026/02/03/10/sh-1-2026-02-03-10-04-11-3f6bbd1c-9c0e-4d7e-8d7f-0d9d1a2b3c4d.gz"
FINDING: Final = {
    "SchemaVersion": "2018-10-08",
    "Id": "arn:aws:guardduty:eu-west-3:111122223333:finding/1",
    "ProductArn": "arn:aws:securityhub:eu-west-3::product/aws/guardduty",
    "UpdatedAt": "2026-02-03T10:15:00.456Z",
}
OCSF: Final = {"metadata": {"uid": "d1bc"}, "finding_info": {"uid": "x", "title": "t", "modified_time": 1770116400123}}


def event(*findings: Any, **more: Any) -> dict[str, Any]:
    """Put findings into an event of EventBridge."""
    return {
        "version": "0",
        "id": "of-the-event",
        "detail-type": "Security Hub Findings - Imported",
        "source": "aws.securityhub",
        "time": "2026-02-03T11:00:00Z",
        "detail": {"findings": list(findings)},
        **more,
    }


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


@pytest.mark.parametrize("finding", [FINDING, OCSF], ids=["asff", "ocsf"])
def test_copies_of_an_update_are_one_document(finding: dict[str, Any]) -> None:
    """An update has one id whichever hub sends it, and also without its envelope."""
    first, again, bare = ids(event(finding), event(finding, id="2", region="us-east-1"), {"findings": [finding]})
    assert first == again == bare


def test_each_update_and_each_product_has_its_documents() -> None:
    """Another update, another product with the same number, and another hub's form are documents of their own."""
    later = {**FINDING, "UpdatedAt": "2026-02-03T10:15:00.457Z"}
    other = {**FINDING, "ProductArn": "arn:aws:securityhub:eu-west-3::product/aws/macie"}
    moved = {**OCSF, "finding_info": {**OCSF["finding_info"], "modified_time": 1770116400124}}
    assert len(set(ids(*map(event, (FINDING, later, other, OCSF, moved))))) == 5


def test_what_somebody_sends_is_a_document_of_its_own() -> None:
    """A custom action is an event beside the import of its finding; delivered twice it is still one."""
    action = {"detail-type": "Security Findings - Custom Action"}
    detail = {"actionName": "a", "findings": [FINDING]}
    imported, sent, twice, later, bare = ids(
        event(FINDING),
        event(FINDING, **action),
        event(FINDING, **action),
        event(FINDING, **action, id="2"),
        {"actionName": "a", "findings": [FINDING]},
    )
    assert sent == twice
    assert len({imported, sent, later, bare}) == 4
    assert document(event(detail=detail))["aws"]["securityhub_findings"]["custom_action"] == {"name": "a"}


def test_a_finding_without_its_time_is_named_by_its_place() -> None:
    """An update that does not say which it is is never taken for another."""
    assert [one[-2:] for one in ids(event({**FINDING, "UpdatedAt": ""}), event({**FINDING, "Id": None}))] == [
        "-0",
        "-1",
    ]


def test_a_finding_of_many_can_be_read_alone() -> None:
    """The original of one finding among several gives the same document, for when it is read from its dead letter."""
    records = event(*[{**FINDING, "Id": f"{number}"} for number in range(3)])
    raw = json.dumps(records).encode()
    one, *rest = read(source, KEY, [originals(source, raw)[1]])
    assert isinstance(one, Indexed)
    assert not rest
    assert one.id == ids(records)[1]


def test_times_are_taken_from_what_tells() -> None:
    """Without its own time a finding has that of its event, else that of its making; without any it is given up."""
    assert document(event({**FINDING, "UpdatedAt": None}))["@timestamp"] == "2026-02-03T11:00:00Z"
    made = {**FINDING, "UpdatedAt": None, "CreatedAt": "2026-02-03T08:00:00.5"}
    told = document(event(made, time=None))["@timestamp"]
    assert datetime.fromisoformat(told) == datetime(2026, 2, 3, 8, 0, 0, 500_000, tzinfo=UTC)
    (failed,) = results(event({**FINDING, "UpdatedAt": None}, time=None))
    assert isinstance(failed, Failed)
    assert "has a time" in failed.error.cause


def test_long_resources_are_read_alike() -> None:
    """How long the resources are makes no difference to what is read of them."""
    resource = {"Type": "AwsEc2Instance", "Id": "i-1", "Tags": {"k": "v" * RESOURCES_BYTES}}
    made = document(event({**FINDING, "Resources": [resource]}))
    assert made["host"]["id"] == "i-1"
    assert made["aws"]["securityhub_findings"]["resources"] == [resource]


def test_numbers_in_resources_may_be_of_any_size() -> None:
    """What is known of a resource is read whatever numbers stand beside it, also those that Python cannot hold."""
    details = {"AwsEc2Instance": {"Type": "t3.micro", "Weight": "number"}}
    finding = {**FINDING, "Resources": [{"Type": "AwsEc2Instance", "Id": "i-1", "Details": details}]}
    (one,) = read(source, KEY, [json.dumps(event(finding)).replace('"number"', "1e999").encode()])
    assert isinstance(one, Indexed), one
    assert json.loads(one.body)["host"]["type"] == "t3.micro"


def test_free_form_parts_that_are_cut_are_told() -> None:
    """A value too long for a flat object is cut, and the document has a tag."""
    assert document(event({**FINDING, "ProductFields": {"long": "x" * 40_000}}))["tags"] == ["cut"]
    resource = {"Type": "Other", "Id": "1", "Details": {"Other": {"long": "x" * 40_000}}}
    assert document(event({**FINDING, "Resources": [resource]}))["tags"] == ["cut"]


def test_passed_checks_are_no_alerts() -> None:
    """A check that found nothing is the state of a resource, in either format; all else is an alert."""
    kinds = [
        document(event(one))["event"]["kind"]
        for one in (
            {**FINDING, "Compliance": {"Status": "PASSED"}},
            {**FINDING, "Compliance": {"Status": "FAILED"}},
            {**OCSF, "compliance": {"status": "Pass"}},
            {**OCSF, "compliance": {"status": "Fail"}},
        )
    ]
    assert kinds == ["state", "alert"] * 2


def test_names_and_paths_are_those_of_fields() -> None:
    """The tables of names speak of fields that there are."""
    for part, names in NAMES.items():
        assert names.keys() <= set(part.__struct_fields__), part
    assert all(path.rpartition(".")[2].isidentifier() for path in IN_ECS | IN_BOTH)
