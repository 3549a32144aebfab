"""The setting `documents.retain` decides which forms of free-form parts a document keeps."""

import json
from typing import Any

import msgspec
import pytest

from shipper.config import Documents
from shipper.notification import ObjectRef
from shipper.retain import Place, Retain, places
from shipper.source import Origin, Sources
from shipper.sources import aws_cloudtrail

TEXT = "{roleArn=arn:aws:iam::123456789012:role/a}"
FLAT = {"roleArn": "arn:aws:iam::123456789012:role/a"}
RECORD: dict[str, Any] = {
    "eventVersion": "1.11",
    "eventTime": "2026-02-03T10:11:12Z",
    "eventSource": "sts.amazonaws.com",
    "eventName": "AssumeRole",
    "requestParameters": FLAT,
    "eventContext": {"tag": "x"},
}


def made(retain: Retain, record: dict[str, Any]) -> dict[str, Any]:
    """Write the document of a record of CloudTrail."""
    source = next(
        one for one in Sources.discover(documents=Documents(retain=retain)) if one.dataset == "aws.cloudtrail"
    )
    assert (source.name, source.document_type) == ("aws_cloudtrail", aws_cloudtrail.CloudTrailDocument)
    decoded = msgspec.json.decode(json.dumps(record), type=aws_cloudtrail.CloudTrailRecord, strict=False)
    document: dict[str, Any] = json.loads(
        msgspec.json.encode(source.document(decoded, Origin(object=ObjectRef(bucket="b", key="k"))))
    )
    return document


@pytest.mark.parametrize(
    ("retain", "text", "flattened"),
    [
        ("both", TEXT, {"request_parameters": FLAT, "event_context": {"tag": "x"}}),
        ("string", TEXT, {"event_context": {"tag": "x"}}),
        ("flattened", None, {"request_parameters": FLAT, "event_context": {"tag": "x"}}),
        ("none", None, None),
    ],
)
def test_forms_that_are_kept(retain: Retain, text: str | None, flattened: dict[str, Any] | None) -> None:
    """One of two forms is left out; a part that has only one form keeps it, unless none is to be kept."""
    document = made(retain, RECORD)
    trail = document["aws"]["cloudtrail"]
    assert (trail.get("request_parameters"), trail.get("flattened")) == (text, flattened)
    both = made("both", RECORD)
    for one in (trail, both["aws"]["cloudtrail"]):
        one.pop("request_parameters", None)
        one.pop("flattened", None)
    assert document == both


def test_what_is_not_kept_is_not_said_to_be_cut() -> None:
    """The string form has a long value whole, so that a document without flat forms does not have the tag."""
    record = {**RECORD, "requestParameters": {"a": "x" * 40_000}, "eventContext": None}
    assert "cut" in made("both", record)["tags"]
    assert "tags" not in made("string", record)


def test_places_are_found_in_the_declaration() -> None:
    """The twins of CloudTrail are those fields of `flattened` that stand beside it too."""
    twins = ("additional_eventdata", "request_parameters", "response_elements", "service_event_details")
    assert list(places(aws_cloudtrail.CloudTrailDocument)) == [Place(("aws", "cloudtrail"), twins)]
