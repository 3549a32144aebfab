"""Retention policies: written when they differ, never over those of a newer shipper."""

from collections.abc import AsyncIterator, Sequence

from shipper import __version__
from shipper.config import Retention
from shipper.install.step import Change, Step, difference, is_newer
from shipper.mappings.templates import document_types
from shipper.product import Client, Product, Server
from shipper.retention import Lifecycles, Policies, Policy, StateManagement, rules
from shipper.retention.policy import covers


def policies_of(client: Client, server: Server) -> Policies:
    """Give the policies of a product."""
    return Lifecycles(client) if server.product is Product.ELASTICSEARCH else StateManagement(client)


async def bring_all(policies: Policies, retention: Sequence[Retention], *, dry_run: bool) -> AsyncIterator[Step]:
    """
    Bring the policy of every dataset to the state that the settings say.

    Raises:
        ConfigError: the settings name a dataset that there is not
        FeatureMissingError: the cluster has no policies
        OpenSearchError: it refuses one
    """
    for dataset, rule in rules(retention, document_types()).items():
        yield await _bring(policies, policies.policy(dataset, rule), dry_run=dry_run)


async def _bring(policies: Policies, policy: Policy, *, dry_run: bool) -> Step:
    present = await policies.present(policy)
    if present and is_newer(present.version):
        detail = f"version {present.version} is installed, this is {__version__}: update it"
        return Step(Change.NEWER, "policy", policy.name, detail)
    if present and covers(present.body, policy.body):
        return Step(Change.UNCHANGED, "policy", policy.name)
    if not dry_run:
        await policies.put(policy, present)
    change = Change.UPDATED if present else Change.CREATED
    return Step(change, "policy", policy.name, difference(present.body if present else None, policy.body))
