"""The rules that every golden is judged by notice each kind of mistake."""

import json
from typing import Any

import ecs_rules
import pytest
from sample_files import folder

from shipper.sources import aws_cloudtrail

SOURCE = aws_cloudtrail.source
DOCUMENT: dict[str, Any] = json.loads((folder(SOURCE) / "detections.expected.json").read_text())[0]["_source"]


def changed(path: str, value: Any) -> bytes:
    """Give a faultless document with another value at a path, as a line of a bulk request."""
    document = json.loads(json.dumps(DOCUMENT))
    *parents, name = path.split(".")
    place = document
    for parent in parents:
        place = place.setdefault(parent, {})
    place[name] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("event.kind", "event", None),
        ("event.kind", "log", "event.kind is 'log'"),
        ("event.outcome", "failed", "event.outcome is 'failed'"),
        ("event.category", ["audit"], "event.category is 'audit'"),
        ("event.type", ["creation"], "event.type 'creation' does not belong to event.category ['authentication']"),
        ("event.type", ["login"], "event.type 'login' does not belong to event.category ['authentication']"),
        ("event.type", "info", "event.type is not a list"),
        ("event.action", ["a"], "event.action is a list"),
        ("event.action", 1, "event.action is no keyword: 1"),
        ("event.action", "-", "event.action has no value: '-'"),
        ("event.acted", "a", "event.acted is not declared"),
        ("event.start", "yesterday", "event.start is no date: 'yesterday'"),
        ("source.ip", "example.com", "source.ip is no ip: 'example.com'"),
        ("source.port", "443", "source.port is no long: '443'"),
        ("source.port", 2**63, f"source.port is no long: {2**63}"),
        ("aws.cloudtrail.read_only", "yes", "aws.cloudtrail.read_only is not as declared (<class 'bool'>): 'yes'"),
        ("related", {}, "related is empty"),
    ],
)
def test_mistakes_are_found(path: str, value: Any, fault: str | None) -> None:
    """A wrong name, type, shape or value is told; a document without mistakes is not blamed."""
    found = ecs_rules.faults(changed(path, value), SOURCE.document_type)
    assert (fault in found) if fault else found == []


class Odd(aws_cloudtrail.CloudTrailDocument):
    """A document with a field where none may stand."""

    acted: str | None = None


def test_a_field_that_ecs_has_not_is_found() -> None:
    """A declared field outside of `aws.` and `shipper.` is one of ECS."""
    assert ecs_rules.faults(changed("acted", "a"), Odd) == [f"acted is no field of ECS {ecs_rules.ecs.VERSION}"]
