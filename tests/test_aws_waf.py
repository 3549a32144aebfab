"""What WAF logs need beside the contract of all sources."""

import json
from typing import Any, Final

import pytest
from reading import Failed, Indexed, read

from shipper.remembered import LONGEST
from shipper.sources import aws_waf

PLACE: Final = "AWSLogs/111122223333/WAFLogs/eu-west-3/shop/2026/02/03/10/15"
KEY: Final = f"{PLACE}/111122223333_waflogs_eu-west-3_shop_20260203T1015Z_0a1b2c3d.log.gz"
FIREHOSE: Final = "aws-waf-logs-x-1-2026-02-03-10-04-11-3f6bbd1c-9c0e-4d7e-8d7f-0d9d1a2b3c4d"


def document(key: str = KEY, **fields: Any) -> dict[str, Any]:
    """Give the document of a record with these fields."""
    record = {"timestamp": 1770109500000, "webaclId": "385cb038-3a6f-4f2f-ac64-09ab912af590", **fields}
    (one,) = read(aws_waf.source, key, [json.dumps(record).encode()])
    assert isinstance(one, Indexed)
    found: dict[str, Any] = json.loads(one.body)
    return found


def test_a_puzzle_that_was_never_solved_has_no_time() -> None:
    """Zero is no time that a puzzle was solved at, and nothing that could not be read either."""
    made = document(captchaResponse={"responseCode": 405, "solveTimestamp": 0, "failureReason": "TOKEN_MISSING"})
    assert made["aws"]["waf"]["captcha_response"] == {"responseCode": 405, "failureReason": "TOKEN_MISSING"}
    assert "tags" not in made


def test_without_any_time() -> None:
    """A record without a time, in an object of Firehose whose time is not known, is given up, and says why."""
    (one,) = read(aws_waf.source, FIREHOSE, [b'{"webaclId":"a"}'])
    assert isinstance(one, Failed)
    assert "no timestamp" in one.error.cause


def test_lists_too_long_to_remember_are_read_alike() -> None:
    """How long a list of rules is makes no difference to what is read of it."""
    rules = [{"ruleId": f"rule-{number}", "action": "COUNT"} for number in range(2 * aws_waf.LIST_BYTES // 20)]
    waf = document(nonTerminatingMatchingRules=rules)["aws"]["waf"]
    assert waf["non_terminating_matching_rules"] == rules
    assert waf["counted_rules"] == [rule["ruleId"] for rule in rules]
    few = document(nonTerminatingMatchingRules=rules[:2])["aws"]["waf"]
    assert few["non_terminating_matching_rules"] == rules[:2]


@pytest.mark.parametrize(
    ("kind", "name", "counted"),
    [
        ("REGULAR", "own", ["a/1", "b/2"]),
        ("GROUP", "2", ["a/1"]),
        ("MANAGED_RULE_GROUP", "2", ["a/1"]),
    ],
)
def test_the_rule_that_decided(kind: str, name: str, counted: list[str]) -> None:
    """Of the rules that ended their group, the last one decided if a group did; all others only count."""
    groups = [{"ruleGroupId": group, "terminatingRule": {"ruleId": rule}} for group, rule in ("a1", "b2")]
    made = document(terminatingRuleId="own", terminatingRuleType=kind, ruleGroupList=groups)
    assert made["rule"] == {"id": "own", "name": name, "ruleset": kind}
    assert made["aws"]["waf"]["counted_rules"] == counted


@pytest.mark.parametrize(
    ("cache", "header"),
    [
        (aws_waf._known_layout, {"name": "n" * (LONGEST + 1), "value": "1"}),  # noqa: SLF001 -- seen nowhere else
        (aws_waf.ecs._known_ip, {"name": "X-Forwarded-For", "value": "1" * LONGEST}),  # noqa: SLF001
    ],
)
def test_long_texts_of_clients_are_not_kept(cache: Any, header: dict[str, str]) -> None:
    """What is remembered is bounded in bytes, not only in number: whoever sends a request decides about its headers."""
    cache.cache_clear()
    made = document(httpRequest={"headers": [header]})
    assert made["aws"]["waf"]["request"]["headers"] == {header["name"]: header["value"]}
    assert cache.cache_info().currsize == 0
