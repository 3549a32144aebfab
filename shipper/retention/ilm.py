"""
Index lifecycles of Elasticsearch.

https://www.elastic.co/docs/manage-data/lifecycle/index-lifecycle-management

An index names its policy in its settings: the templates say so for new ones, and those that were there before are told.
"""

from typing import Any

from shipper.config import Retention
from shipper.mappings.templates import MANAGER, META, policy_name
from shipper.product import Client
from shipper.retention.policy import HOT_PRIORITY, WARM_PRIORITY, Policy, Present, get


class Lifecycles:
    """
    The policies of Elasticsearch; see `Policies`.

    Args:
        client: makes the requests
    """

    product_feature = "index lifecycle management"

    def __init__(self, client: Client) -> None:
        self._client = client

    def policy(self, dataset: str, rule: Retention) -> Policy:
        """Write the policy of a dataset; ages count from the rollover."""
        rollover = {"max_primary_shard_size": f"{rule.rollover_gib}gb", "max_age": f"{rule.rollover_days}d"}
        hot = {"set_priority": {"priority": HOT_PRIORITY}, "rollover": rollover}
        phases: dict[str, Any] = {"hot": {"min_age": "0ms", "actions": hot}}
        if rule.warm_days is not None:
            phases["warm"] = {"min_age": f"{rule.warm_days}d", "actions": _warm(rule)}
        if rule.delete_days is not None:
            phases["delete"] = {"min_age": f"{rule.delete_days}d", "actions": {"delete": {}}}
        return Policy(policy_name(dataset), dataset, {"policy": {"_meta": META, "phases": phases}})

    async def present(self, policy: Policy) -> Present | None:
        """Give the policy that is installed; see `Policies`."""
        told = await get(self._client, _path(policy))
        if told is None or policy.name not in told:
            return None
        body = told[policy.name]["policy"]
        meta = body.get("_meta") or {}
        return Present({"policy": body}, meta.get("version") if meta.get("managed_by") == MANAGER else None, {})

    async def put(self, policy: Policy, present: Present | None) -> None:
        """Write a policy, and name it in the indices that have none; one of the user's stays."""
        del present  # the indices that have it follow it by themselves
        await self._client.request("PUT", _path(policy), policy.body)
        setting = "index.lifecycle.name"
        path = f"/logs-{policy.dataset}-*/_settings"
        told = await self._client.request("GET", f"{path}/{setting}", parameters={"flat_settings": "true"})
        for index, one in (told or {}).items():
            if setting not in one.get("settings", {}):
                await self._client.request("PUT", f"/{index}/_settings", {setting: policy.name})


def _path(policy: Policy) -> str:
    return f"/_ilm/policy/{policy.name}"


def _warm(rule: Retention) -> dict[str, Any]:
    actions: dict[str, Any] = {
        "set_priority": {"priority": WARM_PRIORITY},
        "forcemerge": {"max_num_segments": 1},
    }
    if rule.warm_node:
        name, _, value = rule.warm_node.partition("=")
        actions["allocate"] = {"require": {name: value}}
    return actions
