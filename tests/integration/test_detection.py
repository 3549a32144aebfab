"""
Rules find what they should, and nothing else, in a real OpenSearch that holds the samples of all sources.

What a shipped rule must find stands in `tests/rules/<rule>.txt`: a sample's case and the position of the record in it.
"""

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Self

import pytest
from msgspec import Raw
from opensearchpy import OpenSearch
from reading import Indexed, read
from sample_files import CASES, SOURCES, folder
from sigma.backends.opensearch import OpensearchLuceneBackend
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule

from shipper import freeform
from shipper.mappings.templates import templates
from shipper.resources import resource
from shipper.retain import Retain
from shipper.sigma.definition import FILE
from shipper.sigma.plugin import s3_siem_shipper

# pySigma 1.5 calls pyparsing by its former names.
pytestmark = pytest.mark.filterwarnings(r"ignore:'\w+' deprecated - use:DeprecationWarning:sigma\.")

RULES: Final = sorted((resource("config") / "sigma" / "rules").glob("*.yml"))
ENUMERATION: Final = resource("config") / "sigma" / "correlations" / "aws_enumeration.yml"
EXPECTED: Final = Path(__file__).parents[1] / "rules"
UPDATE: Final = "pytest tests/integration/test_detection.py --update-goldens"
MOMENT: Final = "2026-02-03T04:05:06Z"
MOST: Final = 8_191
"""UTF-16 units of a string form that can be searched."""


Named = tuple[str, str, dict[str, Any]]
"""A document, with its dataset and a name."""


class Stored:
    """Documents in a server, in data streams of their own."""

    def __init__(self, client: OpenSearch, documents: Iterable[Named]) -> None:
        """Index the documents under their names."""
        self._client = client
        self._namespace = f"test_{uuid.uuid4().hex}"
        lines = []
        for dataset, name, document in documents:
            action = {"_index": f"logs-{dataset}-{self._namespace}", "_id": name}
            lines += [json.dumps({"create": action}), json.dumps(document)]
        answer = client.bulk(body="\n".join(lines) + "\n", params={"refresh": "true"})
        assert not answer["errors"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.indices.delete_data_stream(name=f"logs-*-{self._namespace}")

    def search(self, query: str, **body: Any) -> dict[str, Any]:
        """Search in all datasets with a query in Lucene's syntax, as monitors and Dashboards do."""
        request = {"query": {"query_string": {"query": query, "analyze_wildcard": True}}, "size": 1_000, **body}
        return dict(self._client.search(index=f"logs-*-{self._namespace}", body=request))

    def named(self, query: str) -> list[str]:
        """Give the names of all documents that a query finds, sorted."""
        return sorted(hit["_id"] for hit in self.search(query)["hits"]["hits"])


@pytest.fixture(scope="module")
def client(opensearch_url: str) -> Iterator[OpenSearch]:
    """A client of the shared server, with the templates of all datasets in it."""
    with OpenSearch(opensearch_url, timeout=60) as connected:
        for template in templates():
            connected.transport.perform_request("PUT", template.path, body=template.body)
        yield connected


@pytest.fixture(scope="module")
def samples(client: OpenSearch) -> Iterator[Stored]:
    """The samples of all sources, each document under the name of its case and its position there."""
    with Stored(client, goldens()) as stored:
        yield stored


def goldens() -> Iterator[Named]:
    """Read what all samples become."""
    for source in SOURCES:
        for file in sorted(folder(source).glob("*.expected.json")):
            entries = json.loads(file.read_text())
            for entry in entries if isinstance(entries, list) else ():
                if document := entry.get("_source"):
                    case = file.name.removesuffix(".expected.json")
                    yield source.dataset, f"{source.name}/{case}#{document['aws']['s3']['object']['offset']}", document


def expected(rule: Path) -> list[str]:
    """Read what a rule must find."""
    return (EXPECTED / f"{rule.stem}.txt").read_text().splitlines()


def convert(*rules: Path) -> list[str]:
    """Convert rules for OpenSearch."""
    collection = SigmaCollection.load_ruleset(list(rules))
    return list(OpensearchLuceneBackend(s3_siem_shipper()).convert(collection))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.stem)
def test_rule_finds_exactly_what_it_should(rule: Path, samples: Stored, update_goldens: bool) -> None:  # noqa: FBT001 - a fixture
    """No sample record more and none less, among all sources."""
    (query,) = convert(rule)
    found = samples.named(query)
    if update_goldens:
        (EXPECTED / f"{rule.stem}.txt").write_text("".join(f"{name}\n" for name in found))
    assert found
    assert found == expected(rule), f"if the change is meant: {UPDATE}"


def test_enumeration_finds_the_caller(samples: Stored) -> None:
    """Counted as the correlation says, per caller and ten minutes, one caller was refused often enough."""
    refused = RULES[0].parent / "aws_access_denied.yml"
    (query,) = convert(refused)
    correlation = SigmaCollection.from_yaml(f"{refused.read_text()}---\n{ENUMERATION.read_text()}").rules[-1]
    assert isinstance(correlation, SigmaCorrelationRule)
    s3_siem_shipper().apply(correlation)
    (caller,) = correlation.group_by or ()
    window = f"{correlation.timespan.seconds // 60}m"
    keys = [
        {"window": {"date_histogram": {"field": "@timestamp", "fixed_interval": window}}},
        {"caller": {"terms": {"field": caller}}},
    ]
    events = {"top_hits": {"size": 100, "_source": "event.id"}}
    groups = {"composite": {"size": 1_000, "sources": keys}, "aggs": {"events": events}}
    answer = samples.search(query, size=0, aggs={"groups": groups})
    counted = [(one["key"]["caller"], distinct(one)) for one in answer["aggregations"]["groups"]["buckets"]]
    assert correlation.condition
    assert sorted({who for who, times in counted if times >= correlation.condition.count}) == expected(ENUMERATION)
    assert ("arn:aws:iam::111122223333:user/bob", correlation.condition.count - 1) in counted


def distinct(group: dict[str, Any]) -> int:
    """Count the events of a group. Some cases have the same event: a real data stream would have it once."""
    hits = group["events"]["hits"]["hits"]
    assert len(hits) == group["doc_count"]
    return len({hit["_source"]["event"]["id"] for hit in hits})


@pytest.mark.parametrize("retain", ["string", "flattened", "none"])
def test_forms_left_out_cost_the_rules_that_are_told(retain: Retain, client: OpenSearch) -> None:
    """Without one form of the free-form parts, exactly the rules that the documentation names find less."""
    with Stored(client, retained(retain)) as stored:
        missed = {rule.stem: of_cloudtrail(rule) - set(stored.named(*convert(rule))) for rule in RULES}
    assert {name for name, records in missed.items() if records} == told(retain)


def retained(retain: Retain) -> Iterator[Named]:
    """Make the documents of the CloudTrail samples anew, with some forms of their free-form parts left out."""
    for case in CASES:
        if case.source.dataset == "aws.cloudtrail":
            source = case.source.keeping(retain, original=False)
            for result in read(source, case.key, [case.path.read_bytes()]):
                if isinstance(result, Indexed):
                    yield source.dataset, f"{case.name}#{result.position}", json.loads(result.body)


def of_cloudtrail(rule: Path) -> set[str]:
    """Give what a rule must find among the samples of CloudTrail."""
    return {name for name in expected(rule) if name.startswith("aws_cloudtrail/")}


def told(retain: Retain) -> set[str]:
    """Read in the documentation which rules find less."""
    page = (resource("config").parent / "docs" / "detection.md").read_text()
    (row,) = re.findall(rf"^\| `{retain}` \|(.*)$", page, re.MULTILINE)
    return set(re.findall(r"`(aws_\w+)`", row))


KEYWORDS: Final = ("UNION%20SELECT", ".git/", "/Basic/Command/Base64/")
"""As in published rules for web servers, which look for words in any field."""


def test_words_are_found_in_any_field(client: OpenSearch) -> None:
    """Rules that name no field find a word in the path, the query, the referrer and the user agent of a request."""
    places: dict[str, dict[str, Any]] = {
        "query": {"url": {"query": "q=1%27%20UNION%20SELECT%201"}},
        "path": {"url": {"path": "/.git/config"}},
        "referrer": {"http": {"request": {"referrer": "https://example.com/.git/"}}},
        "agent": {"user_agent": {"original": "${jndi:ldap://example.com/Basic/Command/Base64/x}"}},
        "none": {"url": {"query": "q=union", "path": "/git/"}, "user_agent": {"original": "Basic"}},
    }
    common = {"@timestamp": MOMENT, "data_stream": {"dataset": "aws.elb_logs"}}
    documents = [("aws.elb_logs", name, {**common, **place}) for name, place in places.items()]
    rule = f"title: a\nlogsource: {{category: webserver}}\ndetection: {{s: {list(KEYWORDS)}, condition: s}}\n"
    (query,) = OpensearchLuceneBackend(s3_siem_shipper()).convert(SigmaCollection.from_yaml(rule))
    with Stored(client, documents) as stored:
        assert stored.named(str(query)) == ["agent", "path", "query", "referrer"]


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        ("sourceIPAddress|cidr: 203.0.113.0/24", ["inside"]),
        ("sourceIPAddress|re: 203.*", ["inside"]),
        ("sourceIPAddress|startswith: athena", ["service"]),
        ("sourceIPAddress: 203.0.113.7", ["inside"]),
        ("sourceIPAddress|exists: true", ["inside", "outside", "service"]),
        ("sourceIPAddress: null", []),
    ],
)
def test_addresses_are_found_in_all_ways(selection: str, found: list[str], client: OpenSearch) -> None:
    """Networks, parts and names, in one field of the rule."""
    places = {
        "inside": {"address": "203.0.113.7", "ip": "203.0.113.7"},
        "outside": {"address": "2001:db8::7", "ip": "2001:db8::7"},
        "service": {"address": "athena.amazonaws.com"},
    }
    common = {"@timestamp": MOMENT, "data_stream": {"dataset": "aws.cloudtrail"}}
    documents = [("aws.cloudtrail", name, {**common, "source": place}) for name, place in places.items()]
    with Stored(client, documents) as stored:
        assert stored.named(one_line_rule(selection)) == found


def test_flows_are_found_by_the_beginning_of_an_address(client: OpenSearch) -> None:
    """Rules name private networks by their first numbers, which the type of the field does not know."""
    common = {"@timestamp": MOMENT, "data_stream": {"dataset": "aws.vpcflow"}}
    addresses = {"inside": "10.1.2.3", "near": "172.16.255.1", "outside": "172.17.0.1", "sixth": "2001:db8::1"}
    documents = [
        ("aws.vpcflow", name, {**common, "aws": {"vpcflow": {"pkt_dstaddr": address}}})
        for name, address in addresses.items()
    ]
    with Stored(client, documents) as stored:
        query = one_line_rule("pkt-dstaddr|startswith: ['10.', '172.16.']", "vpcflow")
        assert stored.named(query) == ["inside", "near"]


def test_members_are_found_by_names_with_characters_of_the_query_language(client: OpenSearch) -> None:
    """Keys of conditions have colons, which a rule writes with a backslash."""
    document = {"@timestamp": MOMENT, "data_stream": {"dataset": "aws.access_analyzer"}}
    conditions = [("one", {"aws:SourceVpc": "vpc-1"}), ("other", {"aws:SourceVpc": "vpc-2", "aws": "vpc-1"})]
    documents = [
        ("aws.access_analyzer", name, {**document, "aws": {"access_analyzer": {"condition": condition}}})
        for name, condition in conditions
    ]
    with Stored(client, documents) as stored:
        query = one_line_rule(r"condition.aws\:SourceVpc: vpc-1", "access_analyzer")
        assert stored.named(query) == ["one"]


def test_string_forms_are_found_up_to_their_limit(client: OpenSearch) -> None:
    """
    A rule finds what it looks for in 8,191 characters, however many bytes they have; beyond, in the flat form alone.

    The server counts UTF-16 units: a character outside the Basic Multilingual Plane, such as an emoji, is two.
    """
    fillers = {"1 byte": "a", "2 bytes": "é", "3 bytes": "€", "4 bytes": "🔐"}
    sizes = {MOST: "fits", MOST + 1: "too long"}
    documents = {
        f"{width}, {fit}": padded(filler, size) for width, filler in fillers.items() for size, fit in sizes.items()
    }
    rules = {"whole": "requestParameters|contains: cidrIp=0.0.0.0/0", "inside": "requestParameters.cidrIp: 0.0.0.0/0"}
    with Stored(client, (("aws.cloudtrail", name, document) for name, document in documents.items())) as stored:
        found = {form: stored.named(one_line_rule(selection)) for form, selection in rules.items()}
    assert found == {"whole": sorted(name for name in documents if "fits" in name), "inside": sorted(documents)}


def padded(filler: str, size: int) -> dict[str, Any]:
    """Make a document whose request has a string form of some UTF-16 units, with what is looked for at its end."""
    room = size - len("{filler=, cidrIp=0.0.0.0/0}")
    units = len(filler.encode("utf-16-le")) // 2
    text = filler * (room // units) + "a" * (room % units)
    part = freeform.read(Raw(json.dumps({"filler": text, "cidrIp": "0.0.0.0/0"}).encode()))
    assert part.text
    assert part.flat
    assert len(part.text.encode("utf-16-le")) == 2 * size
    request = {"request_parameters": part.text, "flattened": {"request_parameters": json.loads(bytes(part.flat))}}
    return {"@timestamp": MOMENT, "aws": {"cloudtrail": request}, "data_stream": {"dataset": "aws.cloudtrail"}}


def one_line_rule(selection: str, service: str = "cloudtrail") -> str:
    """Convert a rule with one condition."""
    source = f"logsource: {{product: aws, service: {service}}}"
    rule = f"title: a\n{source}\ndetection: {{s: {{{selection}}}, condition: s}}\n"
    (query,) = OpensearchLuceneBackend(s3_siem_shipper()).convert(SigmaCollection.from_yaml(rule))
    return str(query)


def test_command_and_file_give_the_same_queries(tmp_path: Path) -> None:
    """`sigma convert` with the file, as users call it, writes what the plugin gives."""
    output = tmp_path / "queries"
    command = [sys.executable, "-c", "from sigma.cli.main import main; main()", "convert", "-t", "opensearch_lucene"]
    root = resource("config").parent
    subprocess.run([*command, "-p", root / FILE, "-o", output, RULES[0].parent], check=True)
    written = [line for line in output.read_text().splitlines() if line]
    assert sorted(written) == sorted(convert(RULES[0].parent))
