"""Every sample of every log, shipped by the real daemon into a real OpenSearch, and found there."""

import asyncio
import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
import pytest
from reading import NOW, Indexed, read_object
from sample_files import CASES, SOURCES, Case

from integration.shipping import Site, running
from shipper.notification import ObjectRef
from shipper.source import Source

SEARCHED: Final = {
    "aws.access_analyzer": ("rule.name", "event.action", "user.name"),
    "aws.apigateway_logs": ("source.ip", "event.outcome", "http.response.status_code"),
    "aws.cloudfront_logs": ("source.ip", "url.path", "http.response.status_code"),
    "aws.cloudfront_realtime": ("source.ip", "url.path", "http.response.status_code"),
    "aws.cloudtrail": ("event.action", "source.ip", "user.name"),
    "aws.elb_logs": ("source.ip", "http.response.status_code", "tls.version"),
    "aws.guardduty": ("rule.name", "event.severity", "related.ip"),
    "aws.rds_logs": ("user.name", "log.level", "process.pid"),
    "aws.route53_public_logs": ("dns.question.name", "dns.response_code", "source.ip"),
    "aws.route53_resolver_logs": ("dns.question.name", "dns.response_code", "source.ip"),
    "aws.s3access": ("event.action", "source.ip", "user.id"),
    "aws.securityhub_findings": ("rule.id", "event.severity", "related.ip"),
    "aws.vpc_lattice": ("source.ip", "service.id", "http.response.status_code"),
    "aws.vpcflow": ("source.ip", "destination.port", "network.transport"),
    "aws.waf": ("source.ip", "http.request.method", "rule.id"),
}
"""Three fields of ECS that each log is searched by."""

MOST_DOCUMENTS: Final = 10_000
AT_ONCE: Final = 6
"""Daemons at a time: they mostly wait, but each must start."""


@dataclass
class Expected:
    """
    What the objects of one source become.

    Attributes:
        documents: by `_id`; None where two objects have the same record told differently, one of which is indexed
        letters: key of the object and position of the record
        made: number of documents, of the same records too
    """

    documents: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    letters: set[tuple[str, int]] = field(default_factory=set)
    made: int = 0

    def add(self, case: Case, ref: ObjectRef) -> None:
        """Read one object as the daemon does."""
        for one in read_object(case.source, ref, [case.path.read_bytes()]):
            if not isinstance(one, Indexed):
                self.letters.add((ref.key, one.position))
                continue
            self.made += 1
            document = msgspec.json.decode(one.body)
            there = self.documents.setdefault(one.id, document)
            if there is not None and _told(there) != _told(document):
                self.documents[one.id] = None

    def ids_by_value(self, path: str) -> dict[Any, set[str]]:
        """Give the ids of the documents that have each value of a field."""
        found: defaultdict[Any, set[str]] = defaultdict(set)
        for id_, document in self.documents.items():
            for value in _values(document, path):
                found[value].add(id_)
        return found


def _told(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out where a record was read."""
    return {**document, "aws": {**document["aws"], "s3": None}}


def _values(document: Any, path: str) -> Iterator[Any]:
    name, _, rest = path.partition(".")
    value = document.get(name) if isinstance(document, dict) else None
    if rest:
        yield from _values(value, rest)
    elif value is not None:
        yield from value if isinstance(value, list) else [value]


async def put(here: Site, case: Case) -> ObjectRef:
    """Write a sample below a prefix of its own."""
    key, raw = f"samples/{case.path.stem}/{case.key}", case.path.read_bytes()
    body = gzip.compress(raw) if case.path.suffix == ".log" else raw
    answer = await here.s3.put_object(Bucket=here.bucket, Key=key, Body=body)
    return ObjectRef(bucket=here.bucket, key=key, etag=answer["ETag"].strip('"'), event_time=NOW)


async def check_documents(here: Site, dataset: str, expected: Expected) -> None:
    """See that all documents are there, and that each value of three fields finds its own."""
    hits = {hit["_id"] for hit in await here.search(dataset, size=MOST_DOCUMENTS)}
    assert hits == expected.documents.keys()
    unsure = {id_ for id_, document in expected.documents.items() if document is None}
    for path in SEARCHED[dataset]:
        wanted = expected.ids_by_value(path)
        assert wanted, path
        for value, ids in wanted.items():
            found = await here.search(dataset, {"term": {path: value}}, size=MOST_DOCUMENTS)
            assert {hit["_id"] for hit in found} - unsure == ids - unsure, (path, value)


async def check_letters(here: Site, expected: set[tuple[str, int]]) -> None:
    """See that there are the dead letters that there should be, and no others."""
    letters = [hit["_source"] for hit in await here.search("shipper.deadletter", size=MOST_DOCUMENTS)]
    places = {(one["aws"]["s3"]["object"]["key"], one["shipper"]["deadletter"]["position"]) for one in letters}
    assert places == expected


def made(metrics: Mapping[str, float], dataset: str) -> float:
    """Give the number of documents that a daemon made of a log."""
    outcomes = [f'shipper_records_total{{dataset="{dataset}",outcome="{one}"}}' for one in ("indexed", "duplicates")]
    return sum(metrics.get(outcome, 0) for outcome in outcomes)


def test_all_logs_are_searched() -> None:
    """A new log comes with three fields to be found by."""
    assert SEARCHED.keys() == {source.dataset for source in SOURCES}
    assert all(len(set(paths)) == 3 for paths in SEARCHED.values())


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
async def test_every_sample_is_indexed_and_found(source: Source[Any, Any], here: Site) -> None:
    """Each record is a document or the dead letter that it should be, and each value of three fields finds its own."""
    expected = Expected()
    for case in CASES:
        if case.source is source:
            expected.add(case, await put(here, case))
    async with running(here) as daemon:
        await here.emptied()
        metrics = await daemon.metrics()
    await check_documents(here, source.dataset, expected)
    await check_letters(here, expected.letters)
    assert made(metrics, source.dataset) == expected.made
    assert metrics["shipper_imbalance_records"] == 0


# -- samples with settings ---------------------------------------------------------------------------------------------


def together() -> list[list[Case]]:
    """Give the samples with settings, those together that one configuration can be for."""
    groups: list[tuple[dict[str, str], list[Case]]] = []
    for case in [case for case in CASES if case.settings]:
        settings, cases = next(
            (one for one in groups if one[0].get(case.source.table, case.settings) == case.settings), ({}, [])
        )
        if not cases:
            groups.append((settings, cases))
        settings[case.source.table] = case.settings
        cases.append(case)
    return [cases for _, cases in groups]


async def set_up(here: Site, name: str, settings: Iterable[str]) -> Site:
    """Give a queue of its own to a daemon with these settings."""
    queue = (await here.sqs.create_queue(QueueName=f"{here.bucket}-{name}"))["QueueUrl"]
    config = here.config.with_stem(name)
    config.write_text("\n".join([here.config.read_text().replace(here.queue_url, queue), *settings]))
    environment = {**here.environment, "SHIPPER_CONFIG": str(config)}
    return replace(here, queue_url=queue, config=config, environment=environment)


async def shipped(here: Site, refs: Iterable[ObjectRef], turn: asyncio.Semaphore) -> dict[str, float]:
    """Run a daemon for some objects; gives its metrics."""
    await here.announce(*(ref.key for ref in refs))
    async with turn, running(here) as daemon:
        await here.emptied()
        return await daemon.metrics()


async def test_samples_with_settings_are_indexed_and_found(here: Site) -> None:
    """Each is read by a daemon that is set for it; where settings clash, by another one."""
    expected: defaultdict[str, Expected] = defaultdict(Expected)
    turn, runs = asyncio.Semaphore(AT_ONCE), []
    for number, cases in enumerate(together()):
        refs = {case: await put(here, case) for case in cases}
        for case, ref in refs.items():
            expected[case.source.dataset].add(case, ref)
        site = await set_up(here, f"set-{number}", dict.fromkeys(case.settings for case in cases))
        runs.append(shipped(site, refs.values(), turn))
    metrics = await asyncio.gather(*runs)
    for dataset, one in expected.items():
        await check_documents(here, dataset, one)
        assert sum(made(told, dataset) for told in metrics) == one.made
    await check_letters(here, set().union(*(one.letters for one in expected.values())))
    assert all(told["shipper_imbalance_records"] == 0 for told in metrics)
