"""
Policies of OpenSearch's index state management.

https://docs.opensearch.org/latest/im-plugin/ism/policies/ and https://docs.opensearch.org/latest/im-plugin/ism/api/

A policy has no place for notes, so the version of the shipper that wrote it stands in its description. It names the
data streams that it is for; indices that were there before it are given it by a request of their own.
"""

import re
from typing import Any, Final

from shipper import __version__
from shipper.config import Retention
from shipper.mappings.templates import MANAGER, PRIORITY, policy_name
from shipper.product import Client
from shipper.retention.policy import HOT_PRIORITY, WARM_PRIORITY, Policy, Present, get

_WRITTEN_BY: Final = re.compile(rf"{MANAGER} (\S+):")


class StateManagement:
    """
    The policies of OpenSearch; see `Policies`.

    Args:
        client: makes the requests
    """

    product_feature = "index state management"

    def __init__(self, client: Client) -> None:
        self._client = client

    def policy(self, dataset: str, rule: Retention) -> Policy:
        """Write the policy of a dataset."""
        states = [_hot(rule), *_warm(rule), *_deleted(rule)]
        body = {
            "description": f"{MANAGER} {__version__}: documents of {dataset}",
            "default_state": "hot",
            "states": states,
            "ism_template": [{"index_patterns": [f"logs-{dataset}-*"], "priority": PRIORITY}],
        }
        return Policy(policy_name(dataset), dataset, {"policy": body})

    async def present(self, policy: Policy) -> Present | None:
        """Give the policy that is installed; see `Policies`."""
        told = await get(self._client, _path(policy))
        if told is None:
            return None
        written_by = _WRITTEN_BY.match(told["policy"].get("description", ""))
        revision = {"if_seq_no": str(told["_seq_no"]), "if_primary_term": str(told["_primary_term"])}
        return Present({"policy": told["policy"]}, written_by[1] if written_by else None, revision)

    async def put(self, policy: Policy, present: Present | None) -> None:
        """Write a policy and attach it; see `Policies`."""
        await self._client.request("PUT", _path(policy), policy.body, present.revision if present else None)
        streams = f"logs-{policy.dataset}-*"
        verb = "change_policy" if present else "add"
        await self._client.request("POST", f"/_plugins/_ism/{verb}/{streams}", {"policy_id": policy.name})


def _path(policy: Policy) -> str:
    return f"/_plugins/_ism/policies/{policy.name}"


def _hot(rule: Retention) -> dict[str, Any]:
    rollover = {"min_primary_shard_size": f"{rule.rollover_gib}gb", "min_index_age": f"{rule.rollover_days}d"}
    actions = [{"index_priority": {"priority": HOT_PRIORITY}}, {"rollover": rollover}]
    return {"name": "hot", "actions": actions, "transitions": [*_to("warm", rule.warm_days)] or [*_to_deleted(rule)]}


def _warm(rule: Retention) -> list[dict[str, Any]]:
    if rule.warm_days is None:
        return []
    actions: list[dict[str, Any]] = [
        {"index_priority": {"priority": WARM_PRIORITY}},
        {"force_merge": {"max_num_segments": 1}},
    ]
    if rule.warm_node:
        name, _, value = rule.warm_node.partition("=")
        actions.append({"allocation": {"require": {name: value}}})
    return [{"name": "warm", "actions": actions, "transitions": _to_deleted(rule)}]


def _deleted(rule: Retention) -> list[dict[str, Any]]:
    return [] if rule.delete_days is None else [{"name": "deleted", "actions": [{"delete": {}}], "transitions": []}]


def _to_deleted(rule: Retention) -> list[dict[str, Any]]:
    return _to("deleted", rule.delete_days)


def _to(state: str, days: int | None) -> list[dict[str, Any]]:
    """Count from the rollover: then even the newest document of an index is kept as long as was asked for."""
    return [] if days is None else [{"state_name": state, "conditions": {"min_rollover_age": f"{days}d"}}]
