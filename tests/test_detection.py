"""Fields that published rules read are filled, and the table of them says the truth."""

import pytest

from shipper import detection
from shipper.detection import Filled, Reading, faults, readings, table

FOUND: Filled = {"aws.cloudtrail": frozenset({"event", "event.action", "source", "source.ip"}), "aws.waf": frozenset()}


@pytest.fixture(scope="module")
def found() -> Filled:
    """What the samples fill."""
    return detection.filled()


def test_no_field_that_rules_read_is_lost(found: Filled) -> None:
    """Each field is filled by a sample of the dataset that the rules search, or is a gap with a reason."""
    assert faults(readings(), found) == []


def test_each_rule_field_is_told_once() -> None:
    """The list names no field twice and no unknown publisher."""
    named = [(one.rules_of, one.field) for one in readings()]
    assert len(named) == len(set(named))
    assert {publisher for publisher, _ in named} == set(detection.PUBLISHERS)


@pytest.mark.parametrize(
    ("reading", "fault"),
    [
        (Reading("elastic", "event.action", 9, "aws.cloudtrail"), None),
        (Reading("elastic", "event.*", 9, "aws.cloudtrail"), None),
        (Reading("elastic", "event.action", 9), None),
        (Reading("sigma", "eventName", 9, "aws.cloudtrail"), None),
        (Reading("sigma", "sourceIPAddress", 9, "aws.cloudtrail"), None),
        (Reading("elastic", "user.name", 9, "aws.cloudtrail", "no log tells it"), None),
        (Reading("elastic", "event.action", 9, "aws.waf"), "no sample of aws.waf fills it"),
        (Reading("elastic", "event.act", 9), "no sample of any dataset fills it"),
        (Reading("sigma", "requestParameters.*", 9, "aws.cloudtrail"), "no sample of aws.cloudtrail fills it"),
        (Reading("elastic", "event.action", 9, "aws.cloudtrail", "no log tells it"), "is filled now"),
    ],
    ids=str,
)
def test_losses_and_stale_gaps_are_found(reading: Reading, fault: str | None) -> None:
    """A field that nothing fills is a fault, and so is a gap that is none any more."""
    wrong = faults([reading], FOUND)
    assert [fault in one for one in wrong] == [True] if fault else wrong == []


def test_table_says_where_a_field_is_and_who_fills_it() -> None:
    """A row has the place, the type and the datasets; gaps stand apart with their reason."""
    gap = Reading("sigma", "userAgent", 3, "aws.cloudtrail", "because")
    text = table([Reading("sigma", "sourceIPAddress", 2, "aws.cloudtrail"), gap], FOUND)
    assert "| `sourceIPAddress` | 2 | `source.address`, `source.ip` | keyword, ip | `aws.cloudtrail` |" in text
    assert "### Gaps" in text
    assert "| `userAgent` | 3 | because |  |" in text


def test_paths_of_lists_and_objects_are_found() -> None:
    """A value in a list of objects has the path of the field, without a position."""
    assert set(detection.paths({"a": [{"b": [{"c": 0}]}]})) == {"a", "a.b", "a.b.c"}
