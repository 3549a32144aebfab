"""What is installed is compared with what ought to be, and only what differs is written."""

import json
from typing import Any

import pytest
from fakes.cluster import FakeCluster

from shipper import __version__
from shipper.install import Change, Step, conflicts, install, unfit_templates
from shipper.install.conflicts import Rival
from shipper.install.streams import roll
from shipper.mappings.templates import Template, templates
from shipper.product import Product

STREAM = "logs-aws.waf-default"
INDEX = ".ds-logs-aws.waf-default-000001"
QUIET = {Change.UNCHANGED, Change.KEPT}


async def done(cluster: FakeCluster, **options: Any) -> list[Step]:
    """Install; give what was done beside what was right already."""
    return [step async for step in install(cluster, **options) if step.change not in QUIET]


@pytest.mark.parametrize("product", Product)
async def test_a_second_run_writes_nothing(product: Product) -> None:
    """The first run creates all, a dry run before it nothing, and the second finds all as it is."""
    cluster = FakeCluster(product, "9.1.0")
    told = await done(cluster, dry_run=True)
    assert cluster.writes == []
    assert await done(cluster) == told
    assert {step.change for step in told} == {Change.CREATED}
    cluster.writes.clear()
    assert await done(cluster) == []
    assert cluster.writes == []


async def test_an_older_shipper_writes_nothing_over_a_newer() -> None:
    """Templates go together: where one is newer, none that differs is written, and check names the newer ones."""
    cluster = FakeCluster()
    await done(cluster)
    for path in ("/_index_template/shipper-aws.waf", "/_component_template/shipper@mappings"):
        cluster.kept[path]["_meta"] = {"version": "99.0"}
    del cluster.kept["/_component_template/shipper-aws.waf@mappings"]
    cluster.writes.clear()
    steps = await done(cluster)
    assert cluster.writes == []
    assert {step.change for step in steps} == {Change.NEWER}
    assert len(steps) == 3
    assert f"version 99.0 is installed, this is {__version__}" in steps[0].detail
    (unfit,) = await unfit_templates(cluster)
    assert (unfit.name, unfit.version, unfit.missing, unfit.newer) == ("shipper-aws.waf", "99.0", False, True)


async def test_the_users_template_is_never_written() -> None:
    """Whatever is in a `@custom` template, it stays."""
    cluster = FakeCluster()
    await done(cluster)
    cluster.kept["/_component_template/shipper@custom"] = {"template": {"settings": {"a": "b"}}, "version": 7}
    assert await done(cluster) == []


@pytest.mark.parametrize(
    ("patterns", "priority", "meta", "taken"),
    [
        (["logs-*"], 301, None, True),
        (["logs-aws.*-*"], 300, None, True),
        (["*"], 299, None, False),
        (["logs-aws.waf-prod*"], 999, None, False),
        (["logs-aws.gone-*", "logs-*"], 300, {"managed_by": "s3-siem-shipper"}, False),
    ],
)
async def test_conflicts(patterns: list[str], priority: int, meta: dict[str, str] | None, *, taken: bool) -> None:
    """A template conflicts that is not ours, fits one of our data streams, and does not stand below."""
    cluster = FakeCluster()
    await done(cluster)
    assert await conflicts(cluster, templates(), "default") == []
    cluster.kept["/_index_template/x"] = {"index_patterns": patterns, "priority": priority, "_meta": meta}
    assert bool(await conflicts(cluster, templates(), "default")) is taken


# -- data streams ------------------------------------------------------------------------------------------------------


def component(properties: dict[str, Any], name: str = "ours") -> Template:
    """Write a component template."""
    return Template(kind="component", name=name, body={"template": {"mappings": {"properties": properties}}})


async def rolled(there: dict[str, Any], wanted: dict[str, Any], users: dict[str, Any], *rivals: Rival) -> list[Step]:
    """Say what is done with a stream whose index has fields, by what our templates and the user's declare."""
    cluster = FakeCluster()
    custom = component(users, "custom")
    cluster.kept[custom.path] = custom.body

    class WithStream(FakeCluster):
        async def request(self, method: str, path: str, body: Any = None, parameters: Any = None) -> Any:
            if path == "/_data_stream/logs-aws.waf-*":
                return {"data_streams": [{"name": STREAM, "indices": [{"index_name": "x"}, {"index_name": INDEX}]}]}
            if path == f"/{INDEX}/_mapping":
                return {INDEX: {"mappings": {"properties": there}}}
            return await super().request(method, path, body, parameters)

    real = WithStream()
    real.kept = cluster.kept
    steps = await roll(real, "aws.waf", mappings=[component(wanted)], customs=[custom], rivals=rivals, dry_run=False)
    assert real.writes == [f"POST /{STREAM}/_rollover" for _ in steps]
    return steps


LONG, WORD = {"type": "long"}, {"type": "keyword"}
A_B = {"a": {"properties": {"b": WORD}}}
NESTED = {"a": {"type": "nested", "properties": {"b": WORD}}}


@pytest.mark.parametrize(
    ("there", "wanted", "users", "fields"),
    [
        (A_B, A_B, {}, None),
        ({**A_B, "c": LONG}, A_B, {}, None),
        (A_B, {**A_B, "c": LONG, "d": LONG}, {}, "c, d"),
        (A_B, {"a": {"properties": {"b": LONG}}}, {}, "a.b"),
        (A_B, NESTED, {}, "a"),
        (NESTED, NESTED, {}, None),
        ({}, dict.fromkeys("abcdefg", WORD), {}, "a, b, c, d, e and 2 more"),
        (A_B, {"a": {"properties": {"b": LONG}}}, {"a.b": WORD}, None),
        (A_B, {"a": {"properties": {"b": LONG}}}, {"a": {"type": "flat_object"}}, None),
        (A_B, {"a": {"properties": {"b": LONG}}}, {"a": {"properties": {"bb": WORD}}}, "a.b"),
    ],
)
async def test_what_makes_a_stream_roll_over(
    there: dict[str, Any], wanted: dict[str, Any], users: dict[str, Any], fields: str | None
) -> None:
    """A field of ours that is missing or otherwise there, and that the user does not declare; nothing else."""
    steps = await rolled(there, wanted, users)
    told = [step.detail for step in steps]
    assert told == ([] if fields is None else [f"fields that are new or have changed: {fields}"]), json.dumps(told)


async def test_a_stream_that_anothers_template_takes_is_left_alone() -> None:
    """It would be rolled over in vain, at every run."""
    assert await rolled({}, A_B, {}, Rival("x", 301, ("logs-aws.*",))) == []
    assert await rolled({}, A_B, {}, Rival("x", 301, ("logs-other-*",)))
