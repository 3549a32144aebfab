"""What the logs of load balancers need beside the contract of all sources."""

from datetime import UTC, datetime

import pytest

from shipper import ecs
from shipper.errors import RecordError
from shipper.notification import ObjectRef
from shipper.source import Origin
from shipper.sources import aws_elb_logs
from shipper.sources.aws_elb_logs import LogDocument, document

CREATED = datetime(2026, 2, 3, 10, 20, tzinfo=UTC)
ALB = (
    "https 2026-02-03T10:00:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 {client} {target} {times} 200 200 34 366 "
    '"{request}" "curl/8" - - {group} "-" "-" "-" 1 2026-02-03T10:00:00.137000Z "forward" "-" "-" "-" "-" "-" "-" -'
)
USUAL = {
    "client": "203.0.113.9:51234",
    "target": "10.0.0.1:80",
    "times": "0.001 0.048 0.000",
    "request": "GET https://www.example.com:443/ HTTP/2.0",
    "group": "-",
}
CONNECTION = '2026-02-03T10:00:00Z 203.0.113.1 36280 443 {protocol} - - "-" - - {status} -'
NETWORK = (
    "tls 2.0 {time} net/n/c6e77e28c25b2234 g3d4b5e8bb8464cd 72.21.218.154:51341 172.100.100.185:443 5 2 98 246 - - - - "
    "- - - - - - -"
)
HEALTH = "http 2026-02-03T10:00:00Z 0.01 10.0.0.1:80 group PASS 200 -"


def read(line: str, key: str = "k", **known: str) -> LogDocument:
    """Make a document of one line."""
    decoder = aws_elb_logs.source.format.decoder(record_bytes=1 << 20)
    [row] = decoder.feed(line.encode() + b"\n")
    assert not isinstance(row, RecordError), row.cause
    return document(row, Origin(ObjectRef(bucket="b", key=key), time=CREATED, **known))


def alb(**columns: str) -> LogDocument:
    """Make a document of a request to an Application Load Balancer."""
    return read(ALB.format_map(USUAL | columns))


@pytest.mark.parametrize(
    ("line", "layout"),
    [
        (ALB.format_map(USUAL), aws_elb_logs.APPLICATION),
        ('2026-02-03T10:00:00Z elb 192.0.2.1:1 - -1 -1 -1 - - 0 0 "- - - " "-" - -', aws_elb_logs.CLASSIC),
        (NETWORK.format(time="2026-02-03T10:00:00"), aws_elb_logs.NETWORK),
        (NETWORK.format(time="2026-02-03T10:00:00")[:-2] + ' "h2","http/1.1"', aws_elb_logs.NETWORK),
        (CONNECTION.format(protocol="-", status="Success"), aws_elb_logs.CONNECTION),
        (CONNECTION.format(protocol="-", status="Success").replace('"-"', "-"), aws_elb_logs.CONNECTION),
        (HEALTH, aws_elb_logs.HEALTH_CHECK),
        (HEALTH.replace("0.01", "-").replace("PASS", "LATER"), aws_elb_logs.HEALTH_CHECK),
        (HEALTH.replace("0.01", "app/x/y").replace("PASS", "0.1"), None),
        (HEALTH.replace("0.01", "slow").replace("PASS", "LATER"), None),
        (ALB.format_map(USUAL).partition(' "')[0], None),
        ("web-1 2026-02-03T10:00:00Z sshd[7]: a line of a system's log and more", None),
        ('192.0.2.1 - - [03/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"', None),
        ("", None),
    ],
)
def test_kinds(line: str, layout: object) -> None:
    """A line tells its kind by where its time and its first quote stand; others are of no kind."""
    assert aws_elb_logs.source.format.of(line) is layout


@pytest.mark.parametrize(
    ("times", "duration"),
    [
        ("0.086 0.048 0.037", 171_000_000),
        ("0.000001 0.000000 0.000000", 1_000),
        ("0.002 -1 -1", 2_000_000),
        ("-1 -1 -1", None),
        ("- 0.5 x", 500_000_000),
        ("0.000 0.000 0.000", 0),
    ],
)
def test_duration(times: str, duration: int | None) -> None:
    """The processing times that are logged are added up, in nanoseconds."""
    assert alb(times=times).event.duration == duration


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("192.0.2.1:80", "192.0.2.1", 80),
        ("2001:db8::7:2817", "2001:db8::7", 2817),
        ("[2001:db8::7]:2817", "2001:db8::7", 2817),
        ("::ffff:192.0.2.1:80", "::ffff:192.0.2.1", 80),
        ("192.0.2.1:-", "192.0.2.1", None),
        ("192.0.2.1:65536", "192.0.2.1", None),
        ("192.0.2.1", "192.0.2.1", None),
        (
            "arn:aws:lambda:us-east-2:123456789012:function:f:42",
            "arn:aws:lambda:us-east-2:123456789012:function:f:42",
            None,
        ),
        ("host:80", "host:80", None),
    ],
)
def test_addresses(text: str, address: str, port: int | None) -> None:
    """The port is what follows the last colon of an address; what is no address stays whole."""
    for endpoint in (alb(client=text).source, alb(target=text).destination):
        assert endpoint is not None
        assert (endpoint.address, endpoint.ip, endpoint.port) == (address, ecs.ip(address), port)


@pytest.mark.parametrize(
    ("request_line", "method", "version", "parts"),
    [
        ("GET http://h:80/a HTTP/1.1", "GET", "1.1", ("http", "h", 80, "/a", None, None, "http://h:80/a")),
        (
            "GET https://[::1]/?q#f HTTP/2.0",
            "GET",
            "2.0",
            ("https", "[::1]", None, "/", "q", "f", "https://[::1]/?q#f"),
        ),
        ("GET http://h/a b", "GET", None, ("http", "h", None, "/a b", None, None, "http://h/a b")),
        ("GET http://h?a/b HTTP/1.0", "GET", "1.0", ("http", "h", None, None, "a/b", None, "http://h?a/b")),
        ("- http://h:80- -", None, None, ("http", "h", 80, None, None, None, "http://h:80")),
        ("- http://h:x/ - ", None, None, ("http", "h:x", None, "/", None, None, "http://h:x/")),
    ],
)
def test_requests(
    request_line: str, method: str | None, version: str | None, parts: tuple[str | int | None, ...]
) -> None:
    """A request line is taken apart, also a malformed one."""
    one = alb(request=request_line)
    http, url = one.http, one.url
    assert http is not None
    assert url is not None
    assert (http.request and http.request.method, http.version) == (method, version)
    assert (url.scheme, url.domain, url.port, url.path, url.query, url.fragment, url.full) == parts


@pytest.mark.parametrize("request_line", ["- - - ", "- - -", "-", "", "GET"])
def test_requests_without_url(request_line: str) -> None:
    """There need not be a URL, and then there is none in the document."""
    assert alb(request=request_line).url is None


def test_place() -> None:
    """Account and region are those of the target group where the key does not tell; the key counts more."""
    group = "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/73e2d6bc24d8a067"
    cloud = alb(group=group).cloud
    assert (cloud.account and cloud.account.id, cloud.region) == ("123456789012", "us-east-2")
    line = ALB.format_map(USUAL | {"group": group})
    assert read(line, account="111122223333", region="eu-west-3").cloud == ecs.Cloud()  # the key's are filled in later
    assert alb(group="group").cloud == ecs.Cloud()


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("conn_log_1_elasticloadbalancing_us-east-2_app.a-b.12ab_20260203T1015Z_10.0.0.1_x.log.gz", "app/a-b/12ab"),
        ("conn_log_1_elasticloadbalancing_us-east-2_net.a.12ab_20260203T1015Z_x.log.gz", "net/a/12ab"),
        ("firehose/2026/02/03/10/stream-1", None),
    ],
)
def test_name_of_the_load_balancer(key: str, name: str | None) -> None:
    """Lines that do not name their load balancer have it from their key."""
    for line in (CONNECTION.format(protocol="-", status="Success"), HEALTH):
        assert read(line, key).aws.elb.name == name


@pytest.mark.parametrize(
    ("protocol", "status", "outcome", "established"),
    [
        ("TLSv1.3", "Success", "success", True),
        ("-", "Success", "success", None),
        ("-", "Failed:UnmappedConnectionError", "failure", False),
        ("TLSv1.2", "Failed:ClientCertUntrusted", "failure", False),
        ("TLSv1.2", "-", "unknown", None),
    ],
)
def test_established(protocol: str, status: str, outcome: str, *, established: bool | None) -> None:
    """A connection without TLS is a success, but not one of TLS."""
    one = read(CONNECTION.format(protocol=protocol, status=status))
    assert (one.event.outcome, one.tls and one.tls.established) == (outcome, established)


def test_line_without_time() -> None:
    """A line whose time cannot be read has that of its object and says so; without either it is an error."""
    line = NETWORK.format(time="2026-02-33T10:00:00")
    one = read(line)
    assert (one.timestamp, one.tags) == (CREATED, ("time_from_key",))
    [row] = aws_elb_logs.source.format.decoder(record_bytes=1000).feed(line.encode() + b"\n")
    with pytest.raises(ValueError, match="time cannot be read"):
        document(row, Origin(ObjectRef(bucket="b", key="k")))
