"""
The shipped policies are enough for what the code does, and grant nothing that it does not do.

The daemon and the checks run in this process, so that every call of AWS and every request to OpenSearch is seen.
"""

import asyncio
import json
import os
import re
import signal
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.session import AioSession, get_session
from opensearchpy import AsyncTransport

from integration.shipping import TRAIL_KEY, Site, running, shipper, site
from shipper import daemon
from shipper.check import Level, check
from shipper.config import load
from shipper.embedded import aws
from shipper.install import install
from shipper.mappings.templates import document_types

CONFIG = Path(__file__).parents[2] / "config"
REGION = "eu-central-1"
ACCOUNT = "123456789012"
EVENT = {
    "eventVersion": "1.08",
    "eventTime": "2026-02-03T10:11:12Z",
    "eventSource": "ec2.amazonaws.com",
    "eventName": "DescribeInstances",
    "awsRegion": "us-east-1",
    "eventID": "00000000-0000-4000-8000-000000000001",
}


@dataclass(frozen=True)
class Needs:
    """
    What a request needs, as OpenSearch's security plugin names actions.

    Attributes:
        request: pattern of method and path
        cluster: actions that are asked for without an index
        index: actions that are asked for on the indices
    """

    request: str
    cluster: tuple[str, ...] = ()
    index: tuple[str, ...] = ()


# Each action of a bulk request is asked for on its index, and the first document of a data stream creates that: 2.19.4
# asks for `create`, as was seen; `auto_create` is the name of the action that does it.
# https://docs.opensearch.org/latest/security/access-control/permissions/
BULK = Needs(
    r"POST /_bulk",
    ("indices:data/write/bulk",),
    ("indices:data/write/bulk[s]", "indices:data/write/index", "indices:admin/auto_create", "indices:admin/create"),
)
ROLE = (
    BULK,
    Needs(r"GET /", ("cluster:monitor/main",)),
    Needs(r"GET /_index_template/[^/]+", ("indices:admin/index_template/get",)),
    Needs(r"GET /_data_stream/[^/]+", (), ("indices:admin/data_stream/get",)),
    Needs(r"GET /[^/]+/_settings/[^/]+", (), ("indices:monitor/settings/get",)),
    Needs(r"POST /[^/]+/_refresh", (), ("indices:admin/refresh", "indices:admin/refresh[s]")),
    Needs(r"POST /[^/]+/_search", (), ("indices:data/read/search",)),
    Needs(r"POST /[^/]+/_mget", ("indices:data/read/mget",), ("indices:data/read/mget[shard]",)),
    Needs(r"DELETE /[^/]+/_doc/[^/]+", (), ("indices:data/write/delete", "indices:data/write/bulk[s]")),
)
INSTALLER = (
    Needs(r"GET /_component_template/[^/]+", ("cluster:admin/component_template/get",)),
    Needs(r"PUT /_component_template/[^/]+", ("cluster:admin/component_template/put",)),
    Needs(r"GET /_index_template/[^/]+", ("indices:admin/index_template/get",)),
    Needs(r"PUT /_index_template/[^/]+", ("indices:admin/index_template/put",)),
    Needs(r"GET /", ("cluster:monitor/main",)),
    Needs(r"GET /_data_stream/[^/]+", (), ("indices:admin/data_stream/get",)),
    Needs(r"GET /[^/]+/_mapping", (), ("indices:admin/mappings/get",)),
    Needs(r"POST /[^/]+/_rollover", (), ("indices:admin/rollover", "indices:monitor/stats")),
    Needs(r"GET /_plugins/_ism/policies/[^/]+", ("cluster:admin/opendistro/ism/policy/get",)),
    Needs(r"PUT /_plugins/_ism/policies/[^/]+", ("cluster:admin/opendistro/ism/policy/write",)),
    Needs(
        r"POST /_plugins/_ism/add/[^/]+",
        ("cluster:admin/opendistro/ism/managedindex/add",),
        ("indices:admin/opensearch/ism/managedindex",),
    ),
    Needs(
        r"POST /_plugins/_ism/change_policy/[^/]+",
        ("cluster:admin/opendistro/ism/managedindex/change",),
        ("indices:admin/opensearch/ism/managedindex",),
    ),
    # No request of ours: the plugin takes the steps of a policy with the rights of the user who wrote it.
    Needs(
        r"steps of a policy", (), ("indices:admin/delete", "indices:admin/forcemerge", "indices:admin/settings/update")
    ),
)


@pytest.fixture
def here(bare: Site) -> Site:
    """A site without a daemon."""
    return bare


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The IAM actions that AWS would ask for, of every call that is made."""
    seen: set[str] = set()

    def observed() -> AioSession:
        session = get_session()
        session.register("provide-client-params.*", lambda params, model, **_: seen.add(iam_action(model, params)))
        return session

    monkeypatch.setattr("shipper.aws.get_session", observed)
    return seen


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Method and path of every request to OpenSearch."""
    seen: set[str] = set()
    perform = AsyncTransport.perform_request

    async def observed(self: AsyncTransport, method: str, url: str, *arguments: Any, **named: Any) -> Any:
        seen.add(f"{method} {url}")
        return await perform(self, method, url, *arguments, **named)

    monkeypatch.setattr(AsyncTransport, "perform_request", observed)
    return seen


def iam_action(model: Any, params: dict[str, Any]) -> str:
    """
    Give the IAM action of an operation.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html and API_ListObjectsV2.html
    """
    operation = model.name
    service = model.service_model.service_name
    if service == "sqs":
        return f"sqs:{operation.removesuffix('Batch')}"
    if operation == "GetObject" and "VersionId" in params:
        return "s3:GetObjectVersion"
    return f"s3:{ {'HeadObject': 'GetObject', 'ListObjectsV2': 'ListBucket'}.get(operation, operation) }"


def policy(**values: str) -> dict[str, Any]:
    """Give the shipped policy with its placeholders replaced."""
    text = (CONFIG / "iam-policy.json").read_text()
    filled = re.sub(r"<([A-Z-]+)>", lambda found: values[found[1].replace("-", "_").lower()], text)
    decoded: dict[str, Any] = json.loads(filled)
    return decoded


def granted(of: dict[str, Any]) -> set[str]:
    """Give all actions that a policy grants."""
    actions = [one["Action"] for one in of["Statement"]]
    return {action for one in actions for action in ([one] if isinstance(one, str) else one)}


async def run_until_emptied(here: Site) -> None:
    """Run the daemon in this process until the queue is empty."""
    running = asyncio.create_task(daemon.run(load(here.config, {})))
    try:
        await here.emptied()
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        await running


async def test_the_policy_grants_what_is_called(
    here: Site, calls: set[str], requests: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shipping, a missing object, versions and checks call what the policies grant, and nothing else is granted."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    async for _ in install(here.engine):
        pass
    assert {line for line in requests if not any(re.fullmatch(one.request, line) for one in INSTALLER)} == set()
    requests.clear()

    await here.s3.put_bucket_versioning(Bucket=here.bucket, VersioningConfiguration={"Status": "Enabled"})
    key = TRAIL_KEY.format("a")
    stored = await here.s3.put_object(Bucket=here.bucket, Key=key, Body=json.dumps({"Records": [EVENT]}).encode())
    await announce_version(here, key, stored["VersionId"])
    await here.announce(key)
    await here.announce(TRAIL_KEY.format("missing"))
    # Given back once: each time takes twice as long.
    here.config.write_text(here.config.read_text().replace("[[queues]]", "[[queues]]\n        max_receives = 2"))
    await run_until_emptied(here)
    assert {finding.level async for finding in check(load(here.config, {}), (here.bucket,))} == {Level.OK}

    shipped = policy(
        region=REGION, queue_account=ACCOUNT, queue="q", log_bucket="b", key_account=ACCOUNT, key_id="00000000"
    )
    by_services = {"kms:Decrypt"}  # asked for by S3 and SQS, for us, when they open what is encrypted
    assert calls | by_services == granted(shipped)
    assert {line for line in requests if not any(re.fullmatch(one.request, line) for one in ROLE)} == set()
    assert any(re.fullmatch(BULK.request, line) for line in requests)


async def announce_version(here: Site, key: str, version: str) -> None:
    """Send what S3 sends of an object in a bucket with versions."""
    s3 = {"bucket": {"name": here.bucket}, "object": {"key": key, "size": 1, "versionId": version}}
    record = {"eventName": "ObjectCreated:Put", "awsRegion": REGION, "s3": s3}
    await here.sqs.send_message(QueueUrl=here.queue_url, MessageBody=json.dumps({"Records": [record]}))


@pytest.mark.parametrize(
    ("file", "needs"), [("opensearch-role.json", ROLE), ("opensearch-installer-role.json", INSTALLER)]
)
def test_the_roles_grant_what_is_requested(file: str, needs: tuple[Needs, ...]) -> None:
    """Every action that the requests need is granted on cluster or index, and every grant is needed by one."""
    role = json.loads((CONFIG / file).read_text())
    on_indices = [action for one in role["index_permissions"] for action in one["allowed_actions"]]
    for grants, needed in (
        (role["cluster_permissions"], {action for one in needs for action in one.cluster}),
        (on_indices, {action for one in needs for action in one.index}),
    ):
        assert {action for action in needed if not any(matches(grant, action) for grant in grants)} == set()
        assert {grant for grant in grants if not any(matches(grant, action) for action in needed)} == set()


def matches(grant: str, name: str) -> bool:
    """Tell whether a grant covers a name; only `*` and `?` are wildcards."""
    return fnmatchcase(name, grant.replace("[", "[[]"))


def test_the_role_covers_every_data_stream() -> None:
    """The data streams of all datasets, and their backing indices, are in the role; those of others are not."""
    role = json.loads((CONFIG / "opensearch-role.json").read_text())
    patterns = [pattern for one in role["index_permissions"] for pattern in one["index_patterns"]]
    for dataset in document_types():
        for name in (f"logs-{dataset}-default", f".ds-logs-{dataset}-default-000001"):
            assert any(matches(pattern, name) for pattern in patterns), name
    for name in ("logs-nginx.access-default", "logs-aws.cloudtrail-other", ".opendistro_security"):
        assert not any(matches(pattern, name) for pattern in patterns), name


# -- with AWS's own judgement, as far as moto has it -------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded_url() -> Any:
    """Address of an AWS of this module alone, which comes to ask for permissions."""
    with aws(progress=print) as services:
        yield services.url


def ask_for_permissions(url: str, after: str) -> None:
    """Let moto check signatures and policies after so many requests; `inf` for never."""
    headers = {"Content-Type": "text/plain"}
    request = urllib.request.Request(f"{url}/moto-api/reset-auth", after.encode(), headers)  # noqa: S310 -- loopback
    with urllib.request.urlopen(request) as answer:  # noqa: S310 -- loopback
        assert answer.status == 200


async def user(url: str, name: str, document: dict[str, Any]) -> dict[str, str]:
    """Make a user with one policy; gives its credentials as environment variables."""
    async with get_session().create_client(
        "iam", region_name=REGION, endpoint_url=url, aws_access_key_id="test", aws_secret_access_key="test"
    ) as iam:
        await iam.create_user(UserName=name)
        await iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(document))
        key = (await iam.create_access_key(UserName=name))["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def as_moto_asks(document: dict[str, Any]) -> dict[str, Any]:
    """Add the batch operations of SQS: to AWS they are no actions of their own, to moto they are."""
    for one in document["Statement"]:
        if isinstance(one["Action"], list):
            one["Action"] += [f"{action}Batch" for action in one["Action"] if action.startswith("sqs:")]
    return document


@pytest.fixture
async def guarded(
    guarded_url: str, opensearch_url: str, unique: str, tmp_path: Path
) -> AsyncIterator[tuple[Site, dict[str, Any]]]:
    """A site whose AWS asks for permissions, and the shipped policy for it; `environment` has no credentials yet."""
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    ask_for_permissions(guarded_url, "inf")
    root = await user(guarded_url, f"root-{unique}", everything)
    client = {
        "region_name": REGION,
        "endpoint_url": guarded_url,
        "aws_access_key_id": root["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": root["AWS_SECRET_ACCESS_KEY"],
    }
    setting = {"aws_url": guarded_url, "opensearch_url": opensearch_url, "unique": unique, "folder": tmp_path}
    shipped = policy(
        region=REGION, queue_account=ACCOUNT, queue=unique, log_bucket=unique, key_account=ACCOUNT, key_id="0000"
    )
    session = get_session()
    async with (
        session.create_client("s3", **client) as s3,
        session.create_client("sqs", **client) as sqs,
        site(s3, sqs, region=REGION, **setting) as everything_here,
    ):
        status, _, errors = await shipper(everything_here, "install")
        assert status == 0, errors
        yield everything_here, as_moto_asks(shipped)
        ask_for_permissions(guarded_url, "inf")


async def test_an_object_is_shipped_under_the_policy(
    guarded: tuple[Site, dict[str, Any]], guarded_url: str, unique: str
) -> None:
    """Under a user with exactly the shipped policy the check finds all well, and an object is shipped to its end."""
    here, document = guarded
    await here.put(TRAIL_KEY.format("a"), json.dumps({"Records": [EVENT]}).encode())
    here.environment |= await user(guarded_url, unique, document)
    ask_for_permissions(guarded_url, "0")
    status, out, errors = await shipper(here, "check", "--bucket", here.bucket)
    assert status == 0, out + errors
    async with running(here):
        await here.emptied()
    assert len(await here.search("aws.cloudtrail")) == 1


def without(document: dict[str, Any], action: str) -> dict[str, Any]:
    """Take an action out of a policy."""
    left = []
    for one in document["Statement"]:
        actions = [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
        if kept := [name for name in actions if name != action]:
            left.append({**one, "Action": kept})
    return {**document, "Statement": left}


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("s3:ListBucket", "s3:ListBucket"),
        ("s3:GetObject", "s3:GetObject is needed"),
        ("sqs:GetQueueAttributes", "sqs:GetQueueAttributes is needed on the queue"),
    ],
)
async def test_a_missing_permission_is_named(
    guarded: tuple[Site, dict[str, Any]], guarded_url: str, unique: str, missing: str, told: str
) -> None:
    """Without one of its permissions, the check fails and names it."""
    here, document = guarded
    await here.put(TRAIL_KEY.format("a"), json.dumps({"Records": [EVENT]}).encode())
    here.environment |= await user(guarded_url, unique, without(document, missing))
    ask_for_permissions(guarded_url, "0")
    status, out, _ = await shipper(here, "check", "--bucket", here.bucket)
    assert status == 1
    (failed,) = [line for line in out.splitlines() if line.startswith("failed")]
    assert told in failed


async def test_objects_are_shipped_without_the_permission_to_list(
    guarded: tuple[Site, dict[str, Any]], guarded_url: str, unique: str
) -> None:
    """Without s3:ListBucket what is there is shipped; only what is missing cannot be told from what is denied."""
    here, document = guarded
    await here.put(TRAIL_KEY.format("a"), json.dumps({"Records": [EVENT]}).encode())
    here.environment |= await user(guarded_url, unique, without(document, "s3:ListBucket"))
    ask_for_permissions(guarded_url, "0")
    async with running(here):
        await here.emptied()
    assert len(await here.search("aws.cloudtrail")) == 1


async def test_a_denied_object_becomes_a_dead_letter(
    guarded: tuple[Site, dict[str, Any]], guarded_url: str, unique: str
) -> None:
    """At the last receive an object that may not be read is a dead letter; the ledger names the permission."""
    here, document = guarded
    here.config.write_text(here.config.read_text().replace("[[queues]]", "[[queues]]\n        max_receives = 1"))
    await here.put(TRAIL_KEY.format("a"), json.dumps({"Records": [EVENT]}).encode())
    here.environment |= await user(guarded_url, unique, without(document, "s3:GetObject"))
    ask_for_permissions(guarded_url, "0")
    async with running(here):
        await here.emptied()
    (letter,) = [hit["_source"] for hit in await here.search("shipper.deadletter")]
    assert letter["shipper"]["deadletter"]["reason"] == "object_denied"
    (entry,) = [hit["_source"] for hit in await here.search("shipper.objects")]
    assert entry["error"]["message"].startswith("s3:GetObject is needed, and s3:ListBucket to tell a missing object")
