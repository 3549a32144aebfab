"""Rules of the settings become policies that say no more than the documentation knows."""

from typing import Any

import msgspec
import pytest
from fakes.cluster import FakeCluster
from policy_schema import IlmBody, IsmBody, read

from shipper.config import Retention
from shipper.errors import ConfigError
from shipper.install import Change, Step, install
from shipper.mappings.elasticsearch import ELASTICSEARCH
from shipper.mappings.templates import templates
from shipper.product import Product
from shipper.retention import Lifecycles, StateManagement, rules
from shipper.retention.policy import DEFAULT

EVERYTHING = Retention(rollover_gib=50, rollover_days=1, warm_days=2, warm_node="temp=warm", delete_days=30)
RULES = {
    "default": DEFAULT,
    "everything": EVERYTHING,
    "deleted": Retention(delete_days=7),
    "warm": Retention(warm_days=0),
}


def policies(product: Product) -> Any:
    """Give the policies of a product."""
    client = FakeCluster(product)
    return StateManagement(client) if product is Product.OPENSEARCH else Lifecycles(client)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
@pytest.mark.parametrize(("product", "schema"), [(Product.OPENSEARCH, IsmBody), (Product.ELASTICSEARCH, IlmBody)])
def test_policies_say_what_is_documented(product: Product, schema: Any, rule: Retention) -> None:
    """Every body reads as what the documentation describes, whichever steps a rule has."""
    assert read(policies(product).policy("aws.waf", rule).body, schema)


def test_the_schema_refuses_what_is_not_documented() -> None:
    """A state that nothing leads to, an action of no name and a unit that there is not are seen."""
    good = policies(Product.OPENSEARCH).policy("aws.waf", EVERYTHING).body
    hot = good["policy"]["states"][0]
    for wrong in (
        {**good["policy"], "states": [hot]},
        {**good["policy"], "states": [{**hot, "actions": [{}], "transitions": []}]},
        {**good["policy"], "states": [{**hot, "actions": [{"rollover": {"min_index_age": "1 day"}}]}]},
        {**good["policy"], "_meta": {}},
    ):
        with pytest.raises(msgspec.ValidationError):
            read({"policy": wrong}, IsmBody)


def test_an_index_goes_from_hot_to_warm_and_is_deleted() -> None:
    """Ages count from the rollover, so that the newest document of an index is kept as long as was asked for."""
    body = policies(Product.OPENSEARCH).policy("aws.waf", EVERYTHING).body["policy"]
    ways = {state["name"]: state["transitions"] for state in body["states"]}
    assert ways == {
        "hot": [{"state_name": "warm", "conditions": {"min_rollover_age": "2d"}}],
        "warm": [{"state_name": "deleted", "conditions": {"min_rollover_age": "30d"}}],
        "deleted": [],
    }
    assert {"rollover": {"min_primary_shard_size": "50gb", "min_index_age": "1d"}} in body["states"][0]["actions"]
    assert body["ism_template"] == [{"index_patterns": ["logs-aws.waf-*"], "priority": 300}]
    phases = policies(Product.ELASTICSEARCH).policy("aws.waf", EVERYTHING).body["policy"]["phases"]
    assert {name: phase["min_age"] for name, phase in phases.items()} == {"hot": "0ms", "warm": "2d", "delete": "30d"}
    assert phases["hot"]["actions"]["rollover"] == {"max_primary_shard_size": "50gb", "max_age": "1d"}
    assert phases["warm"]["actions"]["allocate"] == {"require": {"temp": "warm"}}


@pytest.mark.parametrize("product", Product)
def test_nothing_is_deleted_that_nobody_asked_to_delete(product: Product) -> None:
    """By default documents are kept for ever."""
    assert "delete" not in str(policies(product).policy("aws.waf", DEFAULT).body)


def test_the_first_table_that_fits_decides() -> None:
    """A table without a dataset is for all that no table before it names."""
    flows, rest = Retention(dataset="b", delete_days=1), Retention(delete_days=2)
    assert rules((flows, rest), ["a", "b"]) == {"a": rest, "b": flows}
    assert rules((), ["a"]) == {"a": DEFAULT}
    with pytest.raises(ConfigError, match=r"retention\[0\]\.dataset: there is no b; known are a, c"):
        rules((flows,), ["c", "a"])


def test_indices_of_elasticsearch_name_their_policy() -> None:
    """The templates say which policy it is, under the name that is installed."""
    for template in templates(flavour=ELASTICSEARCH):
        if template.name.endswith("@mappings") and template.name != "shipper@mappings":
            name = template.name.removesuffix("@mappings")
            assert template.body["template"]["settings"] == {"index": {"lifecycle": {"name": name}}}


async def done(cluster: FakeCluster, *retention: Retention, **options: Any) -> list[Step]:
    """Install; give what was done with policies."""
    return [step async for step in install(cluster, retention, **options) if step.kind == "policy"]


@pytest.mark.parametrize("product", Product)
async def test_policies_are_written_once_and_when_they_change(product: Product) -> None:
    """A second run finds them as they were though the server adds to them; a changed rule is written and attached."""
    cluster = FakeCluster(product, "9.1.0")
    assert {step.change for step in await done(cluster)} == {Change.CREATED}
    cluster.writes.clear()
    assert {step.change for step in await done(cluster)} == {Change.UNCHANGED}
    assert cluster.writes == []
    rule = Retention(dataset="aws.waf", delete_days=9)
    told = await done(cluster, rule, dry_run=True)
    assert cluster.writes == []
    (step,) = (step for step in await done(cluster, rule) if step.change is not Change.UNCHANGED)
    assert step in told
    assert (step.change, step.name) == (Change.UPDATED, "shipper-aws.waf")
    assert "9d" in step.detail
    if product is Product.OPENSEARCH:
        assert cluster.writes == [
            "PUT /_plugins/_ism/policies/shipper-aws.waf {'if_seq_no': '7', 'if_primary_term': '1'}",
            "POST /_plugins/_ism/change_policy/logs-aws.waf-*",
        ]
    else:
        assert cluster.writes == ["PUT /_ilm/policy/shipper-aws.waf"]


async def test_indices_that_have_no_policy_get_one() -> None:
    """In Elasticsearch, indices that were there before are told; one with a policy of the user's keeps it."""
    cluster = FakeCluster(Product.ELASTICSEARCH, "9.1.0")
    named = {"settings": {"index.lifecycle.name": "mine"}}
    cluster.kept["/logs-aws.waf-*/_settings/index.lifecycle.name"] = {"a": {"settings": {}}, "b": named}
    await done(cluster)
    assert cluster.kept["/a/_settings"] == {"index.lifecycle.name": "shipper-aws.waf"}
    assert "/b/_settings" not in cluster.kept


@pytest.mark.parametrize("product", Product)
async def test_a_newer_policy_stays(product: Product) -> None:
    """What a newer shipper has written is not overwritten."""
    cluster = FakeCluster(product, "9.1.0")
    await done(cluster)
    path = next(path for path in cluster.kept if path.endswith("/policies/shipper-aws.waf") or "_ilm" in path)
    policy = cluster.kept[path]["policy"]
    if product is Product.OPENSEARCH:
        policy["description"] = "s3-siem-shipper 99.0: documents of aws.waf"
    else:
        policy["_meta"] = {"managed_by": "s3-siem-shipper", "version": "99.0"}
    before = dict(cluster.kept)
    changes = {step.name: step.change for step in await done(cluster, Retention(delete_days=1))}
    assert changes[path.rpartition("/")[2]] is Change.NEWER
    assert cluster.kept[path] == before[path]


@pytest.mark.parametrize("product", Product)
async def test_without_policies_everything_else_is_installed(product: Product) -> None:
    """Where the plugin is missing that is said, and the templates are written all the same."""
    cluster, notes = FakeCluster(product, "9.1.0", has_policies=False), list[str]()
    steps = [step async for step in install(cluster, note=notes.append)]
    assert {step.kind for step in steps} == {"component", "index"}
    assert sum(note.startswith("no retention: this cluster has no index ") for note in notes) == 1
