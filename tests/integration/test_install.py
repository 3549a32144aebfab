"""`shipper install` against real servers: what it changes, what it leaves alone, and who may run it."""

import json
from collections.abc import AsyncIterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from types_aiobotocore_s3 import S3Client
from types_aiobotocore_sqs import SQSClient

from integration.conftest import REGION
from integration.shipping import TRAIL_KEY, Site, running, shipper, site
from shipper import __version__
from shipper.config import OpenSearch as Settings
from shipper.config import Retention
from shipper.embedded import EmbeddedOpenSearch
from shipper.embedded.security import Access
from shipper.install import Change, Step, conflicts, install
from shipper.mappings.templates import PRIORITY, Template, templates
from shipper.opensearch import OpenSearch, connected

CONFIG = Path(__file__).parents[2] / "config"
DATASET = "aws.vpcflow"
MOMENT = "2026-02-03T04:05:06Z"
QUIET = {Change.UNCHANGED, Change.KEPT}


@pytest.fixture
async def engine(cluster: Settings) -> AsyncIterator[OpenSearch]:
    """A client of one of the servers; it has all templates, and has them again afterwards."""
    async with connected(cluster) as client:
        await done(client)
        yield client
        await done(client)


async def done(engine: OpenSearch, **options: Any) -> list[Step]:
    """Install; give what was done beside what was right already."""
    return [step async for step in install(engine, **options) if step.change not in QUIET]


def named(name: str) -> Template:
    """Give one of our templates."""
    return next(template for template in templates() if template.name == name)


async def body_of(engine: OpenSearch, template: Template) -> dict[str, Any] | None:
    """Give a template as it is installed."""
    return template.found(await engine.request("GET", template.path))


@dataclass
class Older:
    """
    A data stream that was made by the templates of an older version.

    Attributes:
        stream: its name
        mappings: the component template that has changed since, as this version has it
        before: the same as it was: one field had another type, another was not there
    """

    stream: str
    mappings: Template
    before: dict[str, Any]


@pytest.fixture
async def older(engine: OpenSearch, unique: str) -> AsyncIterator[Older]:
    """A data stream with a document in it, and templates to go with it, of an older version."""
    stream, mappings = f"logs-{DATASET}-{unique}", named(f"shipper-{DATASET}@mappings")
    before = deepcopy(mappings.body)
    before["_meta"]["version"] = "0.0.9"
    fields = before["template"]["mappings"]["properties"]["aws"]["properties"]["vpcflow"]["properties"]
    fields["instance_id"] = {"type": "wildcard"}
    del fields["interface_id"]
    whole = named(f"shipper-{DATASET}").body
    await engine.request("PUT", f"/_index_template/shipper-{DATASET}", {**whole, "template": {}})
    await engine.request("PUT", mappings.path, before)
    await create(engine, stream, "old", instance_id="i-1", interface_id="eni-1")
    yield Older(stream, mappings, before)
    await engine.request("DELETE", f"/_data_stream/{stream}")


async def create(engine: OpenSearch, stream: str, id_: str, **flow: str) -> None:
    """Index a document."""
    document = {"@timestamp": MOMENT, "aws": {"vpcflow": flow}}
    assert await engine.request("PUT", f"/{stream}/_create/{id_}?refresh=true", document)


async def backing(engine: OpenSearch, stream: str) -> list[str]:
    """Give the backing indices of a data stream, the one written to last."""
    (found,) = (await engine.request("GET", f"/_data_stream/{stream}"))["data_streams"]
    return [one["index_name"] for one in found["indices"]]


async def ids(engine: OpenSearch, stream: str, query: dict[str, Any]) -> list[str]:
    """Give the ids that a search finds."""
    answer = await engine.request("POST", f"/{stream}/_search", {"query": query})
    return sorted(hit["_id"] for hit in answer["hits"]["hits"])


async def test_a_changed_mapping_rolls_a_stream_over_once(engine: OpenSearch, older: Older) -> None:
    """The new type is in force at once, a second run does nothing, and old and new documents are found."""
    steps = await done(engine)
    changed = {(step.change, step.name) for step in steps}
    assert changed == {
        (Change.UPDATED, older.mappings.name),
        (Change.UPDATED, f"shipper-{DATASET}"),
        (Change.ROLLED, older.stream),
    }
    assert "aws.vpcflow.instance_id, aws.vpcflow.interface_id, netflow." in steps[-1].detail
    assert await done(engine) == []
    first, second = await backing(engine, older.stream)
    await create(engine, older.stream, "new", instance_id="i-1", interface_id="eni-1")
    answer = await engine.request("GET", f"/{second}/_mapping/field/aws.vpcflow.instance_id")
    assert answer[second]["mappings"]["aws.vpcflow.instance_id"]["mapping"]["instance_id"]["type"] == "keyword"
    assert await ids(engine, older.stream, {"term": {"aws.vpcflow.instance_id": "i-1"}}) == ["new", "old"]
    assert await ids(engine, older.stream, {"match_all": {}}) == ["new", "old"]
    assert await ids(engine, first, {"match_all": {}}) == ["old"]


async def test_a_broken_off_run_is_finished(engine: OpenSearch, older: Older) -> None:
    """Where templates were written and no stream rolled over, the next run rolls it over."""
    await engine.request("PUT", older.mappings.path, older.mappings.body)
    await engine.request("PUT", f"/_index_template/shipper-{DATASET}", named(f"shipper-{DATASET}").body)
    assert [(step.change, step.name) for step in await done(engine)] == [(Change.ROLLED, older.stream)]


async def test_dry_run_tells_the_difference_and_changes_nothing(engine: OpenSearch, older: Older) -> None:
    """What would be done is told as a diff of what is installed, and the real run then does the same."""
    told = await done(engine, dry_run=True)
    assert await body_of(engine, older.mappings) == older.before
    assert len(await backing(engine, older.stream)) == 1
    (step,) = (step for step in told if step.name == older.mappings.name)
    assert '-                  "type": "wildcard"' in step.detail
    assert '-    "version": "0.0.9"' in step.detail
    assert await done(engine) == told


async def test_the_users_fields_are_the_users_business(engine: OpenSearch, older: Older) -> None:
    """A `@custom` template survives, wins over ours, and makes no stream roll over again and again."""
    custom = named(f"shipper-{DATASET}@custom")
    own = {"properties": {"aws.vpcflow.instance_id": {"type": "text"}, "mine": {"properties": {"a": {"type": "long"}}}}}
    body = {"template": {"mappings": own, "settings": {"index": {"refresh_interval": "3s"}}}}
    await engine.request("PUT", custom.path, body)
    try:
        assert Change.ROLLED in {step.change for step in await done(engine)}
        assert await body_of(engine, custom) == body
        assert await done(engine) == []
        write = (await backing(engine, older.stream))[-1]
        mapping = (await engine.request("GET", f"/{write}/_mapping"))[write]["mappings"]["properties"]
        assert mapping["aws"]["properties"]["vpcflow"]["properties"]["instance_id"]["type"] == "text"
        assert mapping["mine"]["properties"]["a"]["type"] == "long"
    finally:
        await engine.request("PUT", custom.path, custom.body)


async def test_a_newer_template_is_not_overwritten(engine: OpenSearch, older: Older) -> None:
    """What a newer shipper has written stays, and streams are not rolled over for what we do not know."""
    newer = deepcopy(older.before)
    newer["_meta"]["version"] = "99.0.1"
    await engine.request("PUT", older.mappings.path, newer)
    try:
        steps = await done(engine)
        assert [(step.change, step.name) for step in steps] == [
            (Change.NEWER, older.mappings.name),
            (Change.NEWER, f"shipper-{DATASET}"),
        ]
        assert f"99.0.1 is installed, this is {__version__}" in steps[0].detail
        assert await body_of(engine, older.mappings) == newer
        assert len(await backing(engine, older.stream)) == 1
    finally:
        await engine.request("PUT", older.mappings.path, older.before)


@pytest.mark.parametrize("pattern", ["logs-*-", "logs-aws.vpc*-"])
async def test_templates_that_win_over_ours_are_named(engine: OpenSearch, unique: str, pattern: str) -> None:
    """Another's template with a higher priority is a conflict; those that come with the products are none."""
    path = f"/_index_template/{unique}"
    assert await conflicts(engine, templates(), unique) == []
    for priority, found in ((PRIORITY - 1, False), (PRIORITY + 1, True)):
        body = {"index_patterns": [pattern + unique], "priority": priority, "data_stream": {}}
        await engine.request("PUT", path, body)
        try:
            told = [str(conflict) for conflict in await conflicts(engine, templates(), unique)]
        finally:
            await engine.request("DELETE", path)
        assert len(told) == found
    assert f"{unique} fits " in told[0]
    assert f"logs-{DATASET}-{unique}" in told[0]
    assert "with priority 301 it wins over ours (300)" in told[0]


async def test_without_the_plugin_retention_is_left_out_and_said(engine: OpenSearch) -> None:
    """The server has no index state management: that is told, and everything else is installed."""
    notes: list[str] = []
    assert [step async for step in install(engine, (Retention(delete_days=30),), note=notes.append)]
    assert any(note.startswith("no retention: this cluster has no index state management;") for note in notes)


# -- with the least privileges that the roles in config/ grant ---------------------------------------------------------


@dataclass
class Guarded:
    """
    A site whose OpenSearch knows users.

    Attributes:
        site: where the daemon is; the administrator's password is in its environment
        users: the environment of each user by the file of its role
    """

    site: Site
    users: dict[str, dict[str, str]]

    async def run(self, role: str, *arguments: str) -> tuple[int, str, str]:
        """Run a command as the user with this role."""
        self.site.environment |= self.users[role]
        return await shipper(self.site, *arguments)


@pytest.fixture
async def guarded(
    s3: S3Client, sqs: SQSClient, aws_url: str, secured: EmbeddedOpenSearch, unique: str, tmp_path: Path
) -> AsyncIterator[Guarded]:
    """A site, and a user for each role that is shipped, for the namespace of this test."""
    access = secured.access
    assert isinstance(access, Access)
    there = {"aws_url": aws_url, "opensearch_url": secured.url, "unique": unique, "folder": tmp_path}
    async with site(s3, sqs, region=REGION, access=access, **there) as here:
        users = {}
        for role in ("opensearch-role.json", "opensearch-installer-role.json"):
            name = f"{role.removesuffix('.json')}-{unique}"
            body = json.loads((CONFIG / role).read_text().replace("-default", f"-{here.namespace}"))
            security = "/_plugins/_security/api"
            await here.engine.request("PUT", f"{security}/roles/{name}", body)
            await here.engine.request("PUT", f"{security}/internalusers/{name}", {"password": access.password})
            await here.engine.request("PUT", f"{security}/rolesmapping/{name}", {"users": [name]})
            users[role] = {"SHIPPER_OPENSEARCH_USERNAME": name}
        yield Guarded(here, users)


async def test_the_shipped_roles_suffice(guarded: Guarded) -> None:
    """Over TLS, the installer's role installs and rolls over; the daemon's checks, ships, and meets no refusal."""
    here = guarded.site
    stream = f"logs-aws.cloudtrail-{here.namespace}"
    rival = f"/_index_template/{here.namespace}"
    other = {"index_patterns": [stream], "priority": 999, "data_stream": {}}
    await here.engine.request("PUT", rival, other)
    await here.engine.request("PUT", f"/_data_stream/{stream}")
    status, out, errors = await guarded.run("opensearch-installer-role.json", "install")
    assert (status, "conflict: index template" in errors) == (1, True), errors
    assert "rolled" not in out
    status, out, _ = await guarded.run("opensearch-role.json", "check", "--bucket", here.bucket)
    assert (status, f"failed   templates: index template {here.namespace} fits {stream}," in out) == (1, True), out
    await here.engine.request("PUT", rival, {**other, "priority": PRIORITY - 1})
    status, out, errors = await guarded.run("opensearch-installer-role.json", "install")
    assert (status, f"rolled     stream     {stream}" in out) == (0, True), out + errors
    await here.engine.request("DELETE", f"/_data_stream/{stream}")
    await here.engine.request("DELETE", rival)
    status, out, errors = await guarded.run("opensearch-installer-role.json", "install")
    assert (status, {line.split()[0] for line in out.splitlines()}) == (0, {"unchanged", "kept"}), errors

    here.environment |= guarded.users["opensearch-role.json"]
    await here.put(TRAIL_KEY.format("a"), json.dumps({"Records": [event(1), event(2)]}).encode())
    async with running(here) as daemon:
        await here.emptied()
        assert await daemon.ready() == (True, {})
        await here.engine.request("POST", f"/{stream}/_rollover")
        await here.put(TRAIL_KEY.format("b"), json.dumps({"Records": [event(2), event(3)]}).encode())
        await here.emptied()
        assert await daemon.ready() == (True, {})
    assert len(await here.search("aws.cloudtrail")) == 3
    assert len(await here.search("shipper.objects")) == 2
    assert await here.search("shipper.deadletter") == []
    status, out, errors = await guarded.run("opensearch-role.json", "check", "--bucket", here.bucket)
    assert status == 0, out + errors
    assert "opensearch 2.19.4" in out


async def test_the_daemons_role_may_not_install(guarded: Guarded) -> None:
    """Who may write documents may not change templates; the command says which permission is missing."""
    status, _, errors = await guarded.run("opensearch-role.json", "install")
    assert status != 0
    assert "our role in OpenSearch lacks a permission (403)" in errors


def event(number: int) -> dict[str, Any]:
    """A record of CloudTrail."""
    return {
        "eventVersion": "1.08",
        "eventTime": "2026-02-03T10:11:12Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances",
        "awsRegion": "us-east-1",
        "eventID": f"00000000-0000-4000-8000-{number:012}",
    }
