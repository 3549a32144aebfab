"""Sigma rules become searches for our documents, and those that could find nothing are refused."""

from pathlib import Path

import pytest
import yaml
from sigma.backends.opensearch import OpensearchLuceneBackend
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaTransformationError
from sigma.processing.pipeline import ProcessingPipeline

from shipper import detection
from shipper.resources import resource
from shipper.sigma.definition import FILE, definition, known_fields
from shipper.sigma.logsource import LogSource
from shipper.sigma.plugin import s3_siem_shipper
from shipper.sigma.taxonomy import LOG_SOURCES
from shipper.source import Sources

# pySigma 1.5 calls pyparsing by its former names.
pytestmark = pytest.mark.filterwarnings(r"ignore:'\w+' deprecated - use:DeprecationWarning:sigma\.")

SIGMA = resource("config") / "sigma"
EXPECTED = Path(__file__).parent / "rules"

each_source = pytest.mark.parametrize("source", LOG_SOURCES, ids=lambda source: source.name)


@pytest.fixture(scope="module")
def backend() -> OpensearchLuceneBackend:
    """What writes queries for OpenSearch, with our pipeline."""
    return OpensearchLuceneBackend(s3_siem_shipper())


@pytest.fixture(scope="module")
def found() -> detection.Filled:
    """What the samples fill."""
    return detection.filled()


def converted(backend: OpensearchLuceneBackend, logsource: str, selection: str) -> str:
    """Give the query of a rule, without what keeps it to a dataset."""
    rule = f"title: a\nlogsource: {{{logsource}}}\ndetection:\n    s: {selection}\n    condition: s\n"
    (query,) = backend.convert(SigmaCollection.from_yaml(rule))
    head, _, rest = query.partition(" AND ")
    assert head.strip("()").startswith("data_stream.dataset:")
    return str(rest)


def test_file_and_plugin_are_one() -> None:
    """The file that sigma-cli reads is YAML for the very pipeline that the plugin gives."""
    text = (resource("config").parent / FILE).read_text()
    assert ProcessingPipeline.from_yaml(text) == s3_siem_shipper()
    assert len(s3_siem_shipper().items) == len(definition()["transformations"])


@each_source
def test_fields_are_renamed_to_fields_that_there_are(source: LogSource, found: detection.Filled) -> None:
    """No place in the taxonomy is misspelt, and each is filled by a sample."""
    exact, _ = known_fields(source)
    names = [*source.fields, *source.addresses]
    places = {place for name in names for place in source.places(name)}
    assert places - set(exact) == set()
    assert places - frozenset().union(*(found[dataset] for dataset in source.datasets)) == set()
    assert [place for place in source.members.values() if not any(f"{path}.".startswith(place) for path in exact)] == []


def test_each_dataset_is_a_log_source() -> None:
    """Rules can be converted for whatever we ship."""
    assert {name for source in LOG_SOURCES for name in source.datasets} == {one.dataset for one in Sources.built_in()}


CLOUDTRAIL = "product: aws, service: cloudtrail"
DNS = "category: dns"
WAF = "product: aws, service: waf"
ANALYZER = "product: aws, service: access_analyzer"


@pytest.mark.parametrize(
    ("logsource", "selection", "query"),
    [
        (CLOUDTRAIL, "{eventName: GetUser}", "event.action:GetUser"),
        (CLOUDTRAIL, "{event.action: GetUser}", "event.action:GetUser"),
        (CLOUDTRAIL, "{requestParameters.a.b: true}", "aws.cloudtrail.flattened.request_parameters.a.b:true"),
        (CLOUDTRAIL, "{requestParameters|contains: a=b}", "aws.cloudtrail.request_parameters:*a\\=b*"),
        (
            CLOUDTRAIL,
            "{additionalEventData.MFAUsed: 'No'}",
            "aws.cloudtrail.console_login.additional_eventdata.mfa_used:false",
        ),
        (CLOUDTRAIL, "{additionalEventData.x: 'No'}", "aws.cloudtrail.flattened.additional_eventdata.x:No"),
        (CLOUDTRAIL, "{tlsDetails.tlsVersion: TLSv1.2}", "tls.version:1.2"),
        (CLOUDTRAIL, "{sourceIPAddress: 10.0.0.1}", "source.address:10.0.0.1"),
        (
            CLOUDTRAIL,
            "{sourceIPAddress|cidr: 10.0.0.0/8}",
            "(source.address:10.0.0.0\\/8 OR source.ip:10.0.0.0\\/8)",
        ),
        (CLOUDTRAIL, "{sourceIPAddress: null}", "(NOT _exists_:source.address)"),
        (
            CLOUDTRAIL,
            "{userIdentity.principalId: A}",
            "(user.id:A OR aws.cloudtrail.user_identity.principal_id:A)",
        ),
        (CLOUDTRAIL, "{userIdentity.principalId: null}", "(NOT _exists_:user.id)"),
        (DNS, "{query: evil.example.}", "dns.question.name:evil.example"),
        (DNS, "{query: .}", "dns.question.name:."),
        ("product: aws, service: route53_resolver_logs", "{transport: UDP}", "network.transport:udp"),
        (WAF, "{httpRequest.httpVersion: HTTP/1.1}", "http.version:1.1"),
        (WAF, "{labels.name|startswith: awswaf}", "aws.waf.labels.name:awswaf*"),
        ("category: webserver", "['<script>', select]", "(*\\<script\\>* OR *select*)"),
        ("category: webserver, product: apache", "{sc-status: 404}", "http.response.status_code:404"),
        ("category: webserver", "{sc-status: '*'}", "http.response.status_code:*"),
        ("category: webserver", "{cs-version: HTTP/1.1}", "http.version:1.1"),
        ("category: webserver", "{cs-username: ['-', '']}", "((NOT _exists_:user.id) OR (NOT _exists_:user.id))"),
        ("category: webserver", "{cs-user-agent: curl/8.5.0}", "user_agent.original:curl\\/8.5.0"),
        ("category: proxy", "{c-uri-extension: exe}", "url.extension:exe"),
        (
            "product: aws, service: vpc_lattice",
            "{cs-uri-query|contains: .git/}",
            "(url.query:*.git\\/* OR url.path:*.git\\/* OR url.full:*.git\\/*)",
        ),
        ("category: network, service: dns", "{dns.response.code: NXDOMAIN}", "dns.response_code:NXDOMAIN"),
        ("category: firewall", "{dst_port: 22}", "destination.port:22"),
        ("category: firewall", "{action: accept}", "event.action:ACCEPT"),
        ("category: firewall", "{action: [allow, deny, reject]}", "(event.action:(ACCEPT OR REJECT OR REJECT))"),
        (
            "product: aws, service: vpcflowlogs",
            "{pkt-dstaddr|startswith: ['10.', '172.16.', '192.168.1.']}",
            "(aws.vpcflow.pkt_dstaddr:(10.0.0.0\\/8 OR 172.16.0.0\\/16 OR 192.168.1.0\\/24))",
        ),
        (ANALYZER, r"{condition.aws\:SourceVpc: a}", r"aws.access_analyzer.condition.aws\:SourceVpc:a"),
        ("product: aws, service: guardduty", "{severity|gte: 7}", "aws.guardduty.severity.code:>=7"),
        ("category: database", "{dbUserName: root}", "user.name:root"),
    ],
)
def test_rules_are_converted(backend: OpensearchLuceneBackend, logsource: str, selection: str, query: str) -> None:
    """Names and values are those of our documents; what is one of our names already stays."""
    assert converted(backend, logsource, selection) == query


@pytest.mark.parametrize(
    ("logsource", "selection", "reason"),
    [
        ("product: windows, category: process_creation", "{Image: a}", "no dataset of s3-siem-shipper holds"),
        (CLOUDTRAIL, "{eventNme: a}", "no document of aws.cloudtrail has"),
        (CLOUDTRAIL, "{event.actio: a}", "no document of aws.cloudtrail has"),
        (CLOUDTRAIL, "{event.action.x: a}", "no document of aws.cloudtrail has"),
        (CLOUDTRAIL, "{query: a}", "no document of aws.cloudtrail has"),
        ("product: aws", "{eventName: a}", "no dataset of s3-siem-shipper holds"),
        ("product: aws, service: config", "{a: b}", "no dataset of s3-siem-shipper holds"),
        ("product: aws, service: elb_logs", "{cs-cookie: a}", "no document of aws.elb_logs has"),
        ("category: webserver", "{sc-status|startswith: '4'}", "looks for a part of a value"),
        (CLOUDTRAIL, "{source.ip: '10.*'}", "looks for a part of a value"),
        (ANALYZER, "{condition.aws:SourceVpc: vpc-1}", "character of the query language"),
        ("product: aws, service: securityhub", "{ProductFields.aws/a: b}", "character of the query language"),
        ("category: webserver", "{time-taken: 1}", "no document of aws.apigateway_logs or"),
    ],
)
def test_rules_that_can_find_nothing_are_refused(
    backend: OpensearchLuceneBackend, logsource: str, selection: str, reason: str
) -> None:
    """A log source that we have not, or a field that no document has, is an error and no query."""
    with pytest.raises(SigmaTransformationError, match=reason):
        converted(backend, logsource, selection)


def test_shipped_rules_say_what_they_find() -> None:
    """Each rule has a list of the sample records that it must find, and each list has its rule."""
    rules = {path.stem for path in SIGMA.glob("*/*.yml")}
    assert rules == {path.stem for path in EXPECTED.glob("*.txt")}
    for path in SIGMA.glob("*/*.yml"):
        assert yaml.safe_load(path.read_text())["name"] == path.stem


@each_source
def test_log_sources_are_documented(source: LogSource) -> None:
    """The page that refusals point to lists what a rule may say."""
    page = (resource("config").parent / "docs" / "detection.md").read_text()
    for rule in source.rules:
        assert "`" + ", ".join(f"{name}: {value}" for name, value in rule.items()) + "`" in page
