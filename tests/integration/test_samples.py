"""Every sample of every log, shipped by the real daemon into a real OpenSearch, and found there."""

import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
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


def test_all_logs_are_searched() -> None:
    """A new log comes with three fields to be found by."""
    assert SEARCHED.keys() == {source.dataset for source in SOURCES}
    assert all(len(set(paths)) == 3 for paths in SEARCHED.values())


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
async def test_every_sample_is_indexed_and_found(source: Source[Any, Any], here: Site) -> None:
    """Each record is a document or the dead letter that it should be, and each value of three fields finds its own."""
    expected = Expected()
    for case in CASES:
        if case.source is source:  # not those that are read with a configuration of their own
            expected.add(case, await put(here, case))
    async with running(here) as daemon:
        await here.emptied()
        metrics = await daemon.metrics()
    hits = {hit["_id"] for hit in await here.search(source.dataset, size=MOST_DOCUMENTS)}
    assert hits == expected.documents.keys()
    letters = [hit["_source"] for hit in await here.search("shipper.deadletter", size=MOST_DOCUMENTS)]
    places = {(one["aws"]["s3"]["object"]["key"], one["shipper"]["deadletter"]["position"]) for one in letters}
    assert places == expected.letters
    outcomes = [
        f'shipper_records_total{{dataset="{source.dataset}",outcome="{one}"}}' for one in ("indexed", "duplicates")
    ]
    assert sum(metrics.get(outcome, 0) for outcome in outcomes) == expected.made
    assert metrics["shipper_imbalance_records"] == 0
    unsure = {id_ for id_, document in expected.documents.items() if document is None}
    for path in SEARCHED[source.dataset]:
        wanted = expected.ids_by_value(path)
        assert wanted, path
        for value, ids in wanted.items():
            found = await here.search(source.dataset, {"term": {path: value}}, size=MOST_DOCUMENTS)
            assert {hit["_id"] for hit in found} - unsure == ids - unsure, (path, value)
