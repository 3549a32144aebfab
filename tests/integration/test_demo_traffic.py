"""The demo's made-up traffic: the same for the same seed, varied, and as much as it promises."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shipper.demo.samples import sample_objects
from shipper.demo.traffic import CLOUDTRAIL, VPCFLOW, Traffic, traffic
from shipper.errors import RecordError
from shipper.notification import ObjectRef
from shipper.shipment import Shipment, Shipped
from shipper.source import Skip, Sources

NOW = datetime(2026, 2, 3, 10, 15, tzinfo=UTC)
MADE = traffic(1, NOW)
SOURCES = Sources.discover()


def ref(key: str) -> ObjectRef:
    """An object with such a key, in some bucket."""
    return ObjectRef(bucket="b", key=key, size=1)


def shipped(made: Traffic) -> list[tuple[str, Shipped]]:
    """Ship all logs in memory; gives what became of each record, with its dataset."""
    results = []
    for stored in made.logs:
        claim = SOURCES.route(ref(stored.key))
        assert isinstance(claim, tuple), stored.key
        source, origin = claim
        shipment = Shipment(source, origin, namespace="demo", version="v", record_bytes=1 << 20)
        done = [*shipment.feed(gzip.decompress(stored.body), NOW), *shipment.finish(NOW)]
        results += [(source.dataset, one) for one in done]
    return results


SHIPPED = shipped(MADE)
DOCUMENTS = [(dataset, json.loads(one.result)) for dataset, one in SHIPPED if isinstance(one.result, bytes)]


def documents(dataset: str) -> list[dict[str, Any]]:
    """The documents of a dataset."""
    return [document for name, document in DOCUMENTS if name == dataset]


def test_the_same_seed_gives_the_same_bytes() -> None:
    """Seed and time decide everything: keys, bytes and numbers."""
    assert traffic(1, NOW) == MADE


def test_another_seed_gives_other_traffic() -> None:
    """The seed decides what happens."""
    other = traffic(2, NOW)
    assert other.logs != MADE.logs
    assert other.expected.rejected != MADE.expected.rejected


def test_another_time_gives_other_ids_and_the_same_numbers() -> None:
    """A second run is no duplicate of the first, and finds the same."""
    later = traffic(1, NOW + timedelta(hours=1))
    ids = {document["event"]["id"] for document in documents(CLOUDTRAIL)}
    assert later.expected == MADE.expected
    assert ids.isdisjoint(
        json.loads(one.result)["event"]["id"]
        for dataset, one in shipped(later)
        if dataset == CLOUDTRAIL and isinstance(one.result, bytes)
    )


def test_there_are_thousands_of_records_of_both_sources() -> None:
    """At least 5,000 records, and no source is a side show."""
    assert MADE.expected.documents.total() >= 5_000
    assert min(MADE.expected.documents[CLOUDTRAIL], MADE.expected.documents[VPCFLOW]) >= 2_000


@pytest.mark.parametrize("seed", range(1, 4))
def test_every_record_becomes_a_document(seed: int) -> None:
    """As many documents as promised come out of the shipper's own code; one record is broken, on purpose."""
    made = traffic(seed, NOW)
    results = shipped(made)
    assert Counter(dataset for dataset, one in results if isinstance(one.result, bytes)) == made.expected.documents
    assert [one.result.reason for _, one in results if isinstance(one.result, RecordError)] == ["undecodable"]
    assert not [one for _, one in results if one.result is None]


def test_ids_are_unique() -> None:
    """No record is taken for a copy of another."""
    ids = Counter(document["event"]["id"] for document in documents(CLOUDTRAIL))
    assert ids.most_common(1)[0][1] == 1


def test_events_have_just_happened() -> None:
    """No event is older than promised, and none lies in the future."""
    times = [datetime.fromisoformat(document["@timestamp"]) for _, document in DOCUMENTS]
    assert MADE.since <= min(times)
    assert max(times) <= NOW
    assert NOW - MADE.since <= timedelta(minutes=5)


def test_logins_without_mfa_are_as_many_as_promised() -> None:
    """What the search will ask for is in the documents, as often as the generator says."""
    found = [
        document
        for document in documents(CLOUDTRAIL)
        if document["event"]["action"] == "ConsoleLogin"
        and document["event"]["outcome"] == "success"
        and not document["aws"]["cloudtrail"]["console_login"]["additional_eventdata"]["mfa_used"]
    ]
    assert len(found) == MADE.expected.logins_without_mfa > 5
    assert "Root" in {document["aws"]["cloudtrail"]["user_identity"]["type"] for document in found}


def test_denied_calls_are_as_many_as_promised() -> None:
    """Several users are denied, some by error codes of their own."""
    denied = [
        document
        for document in documents(CLOUDTRAIL)
        if document["aws"]["cloudtrail"].get("error_code") in ("AccessDenied", "Client.UnauthorizedOperation")
    ]
    assert Counter(document["user"]["name"] for document in denied) == MADE.expected.denied
    assert len(MADE.expected.denied) >= 3
    assert len({document["aws"]["cloudtrail"]["error_code"] for document in denied}) == 2


def test_rejected_flows_are_as_many_as_promised() -> None:
    """A port scan and noise, by destination port."""
    ports = Counter(
        document["destination"]["port"]
        for document in documents(VPCFLOW)
        if document["aws"]["vpcflow"].get("action") == "REJECT"
    )
    assert ports == MADE.expected.rejected
    assert len(ports) > 30


def test_what_happens_is_varied() -> None:
    """What security engineers look for is there, in several accounts and regions."""
    trail = documents(CLOUDTRAIL)
    assert {
        "ConsoleLogin",
        "PutBucketPolicy",
        "AuthorizeSecurityGroupIngress",
        "StopLogging",
        "CreateAccessKey",
        "AssumeRole",
        "GetObject",
    } <= {document["event"]["action"] for document in trail}
    assert any("0.0.0.0/0" in document["aws"]["cloudtrail"].get("request_parameters", "") for document in trail)
    for dataset in (CLOUDTRAIL, VPCFLOW):
        assert len({document["cloud"]["account"]["id"] for document in documents(dataset)}) == 3
        assert len({document["cloud"]["region"] for document in documents(dataset)}) == 3


def test_flow_logs_have_three_headers() -> None:
    """The default columns, columns of one's own choice, and those of transit gateways; some minutes have no data."""
    flows = documents(VPCFLOW)
    assert {document["aws"]["vpcflow"]["version"] for document in flows} == {"2", "5", "6"}
    assert {document["aws"]["vpcflow"]["log_status"] for document in flows} == {"OK", "NODATA", "SKIPDATA"}


def test_every_key_is_used_once() -> None:
    """No object takes another's place in the bucket."""
    objects = [*MADE.logs, *sample_objects(SOURCES), MADE.digest, MADE.unclaimed]
    keys = Counter(stored.key for stored in objects)
    assert keys.most_common(1)[0][1] == 1


def test_what_is_no_log_is_told_by_its_key() -> None:
    """The digest is skipped, and of the other file no source knows anything."""
    assert SOURCES.route(ref(MADE.digest.key)) == Skip("not_a_log")
    assert SOURCES.route(ref(MADE.unclaimed.key)) is None


def test_samples_keep_their_bytes_and_are_claimed() -> None:
    """Each sample of each source lies under a key that its source claims."""
    stored = list(sample_objects(SOURCES))
    for one in stored:
        claim = SOURCES.route(ref(one.key))
        assert isinstance(claim, tuple)
        case = one.key.split("/")[1]
        body = gzip.decompress(one.body) if one.key.endswith(".gz") else one.body
        assert body == (Path(__file__).parents[1] / "samples" / claim[0].name / f"{case}.log").read_bytes()
    assert {SOURCES.route(ref(one.key))[0].name for one in stored} == {source.name for source in SOURCES}


def test_a_source_without_samples_is_told(tmp_path: Path) -> None:
    """An installation that lacks samples says so instead of showing less."""
    with pytest.raises(FileNotFoundError, match=r"keys[.]txt"):
        list(sample_objects(SOURCES, tmp_path))
