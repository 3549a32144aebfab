"""Whether everything a run needs is there: each part is asked, and what is missing is named with its remedy."""

from collections.abc import AsyncIterator
from enum import Enum

from msgspec import Struct

from shipper.aws import Session
from shipper.bucket import Bucket
from shipper.config import Settings
from shipper.errors import ObjectError, OpenSearchError, QueueError
from shipper.install import Unfit, conflicts, unfit_templates
from shipper.mappings.templates import templates
from shipper.opensearch import OpenSearch, connected
from shipper.product import detect
from shipper.queue import QueueFacts, SqsQueue


class Level(Enum):
    """How a part fares."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class Finding(Struct, frozen=True):
    """
    What was found of one part.

    Attributes:
        level: how it fares
        part: which one, e.g. `queue security-logs`
        text: what was seen, or what is wrong and what to do
    """

    level: Level
    part: str
    text: str


async def check(settings: Settings, buckets: tuple[str, ...]) -> AsyncIterator[Finding]:
    """
    Ask every part; gives a finding for each as it answers.

    Args:
        settings: complete ones
        buckets: to be read, beside those that the queues' policies name
    """
    async with Session(settings.aws, connections=4) as session:
        named: dict[str, None] = dict.fromkeys(buckets)
        for queue in settings.queues:
            sqs = SqsQueue(session, queue)
            try:
                facts = await sqs.facts()
            except QueueError as error:
                yield Finding(Level.FAILED, f"queue {sqs.name}", str(error))
                continue
            yield _queue_finding(sqs.name, facts)
            named.update(dict.fromkeys(facts.buckets))
        if not named:
            text = "no queue's policy names a bucket: name those to be read with --bucket"
            yield Finding(Level.WARNING, "buckets", text)
        store = Bucket(
            session, inflated_bytes=settings.limits.inflated_mib << 20, inflated_ratio=settings.limits.inflated_ratio
        )
        for name in named:
            try:
                yield Finding(Level.OK, f"bucket {name}", await store.probe(name))
            except ObjectError as error:
                yield Finding(Level.FAILED, f"bucket {name}", error.message)
    async with connected(settings.opensearch) as engine:
        async for finding in _cluster(engine, settings):
            yield finding


def _queue_finding(name: str, facts: QueueFacts) -> Finding:
    seen = f"{facts.waiting} messages waiting, {facts.in_flight} in flight"
    if not facts.redrive:
        return Finding(
            Level.WARNING,
            f"queue {name}",
            f"{seen}; it has no redrive policy, so messages that are no notification become dead letters",
        )
    return Finding(Level.OK, f"queue {name}", seen)


async def _cluster(engine: OpenSearch, settings: Settings) -> AsyncIterator[Finding]:
    part = "cluster"
    try:
        server = await detect(engine)
        unfit = await unfit_templates(engine)
        others = await conflicts(engine, templates(), settings.opensearch.namespace)
    except OpenSearchError as error:
        yield Finding(Level.FAILED, part, str(error))
        return
    yield Finding(Level.FAILED, part, server.too_old) if server.too_old else Finding(Level.OK, part, str(server))
    if not settings.opensearch.verify:
        yield Finding(
            Level.WARNING, part, "opensearch.verify is false: anybody on the way can read and change what we send"
        )
    yield _templates_finding(unfit)
    for conflict in others:
        yield Finding(Level.FAILED, "templates", str(conflict))


def _templates_finding(unfit: list[Unfit]) -> Finding:
    part = "templates"
    if missing := [one.name for one in unfit if one.missing]:
        return Finding(Level.FAILED, part, f"missing: {', '.join(missing)}; run `shipper install`")
    if newer := [f"{one.name} ({one.version})" for one in unfit if one.newer]:
        return Finding(Level.WARNING, part, f"a newer shipper wrote {', '.join(newer)}; update this one")
    if older := [f"{one.name} ({one.version})" for one in unfit]:
        return Finding(Level.WARNING, part, f"another version wrote {', '.join(older)}; run `shipper install`")
    return Finding(Level.OK, part, "all installed")
