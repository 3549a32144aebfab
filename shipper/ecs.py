"""
The field sets of the Elastic Common Schema that documents are made of, under the names ECS gives them.

https://www.elastic.co/docs/reference/ecs/ecs-field-reference

A Struct is a field set, its attributes are the fields. The types decide the index mapping (`shipper.mappings`), and
`mappings/ecs.csv` is the list that every name is checked against. Only fields that some source fills are declared.
`Fields | Raw` declares a field set that may be given already encoded, where many documents have the same.
"""

import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Final, NewType, Protocol, TypeVar

from msgspec import Meta, Raw, Struct, field

VERSION: Final = "9.4.0"
"""Version of ECS that the names follow."""

Ip = NewType("Ip", str)
"""An IPv4 or IPv6 address that OpenSearch accepts in a field of type `ip`; made by `ip`."""

Flat = NewType("Flat", Raw)
"""A JSON object of free form, for a field of type `flat_object` (OpenSearch) or `flattened`; see `shipper.freeform`."""

Text = NewType("Text", str)
"""Prose, for a `match_only_text` field."""

Int = NewType("Int", int)
"""A whole number that fits 64 bits."""

LongText = Annotated[str, Meta(extra={"ignore_above": 8_191})]
"""A string that is searched with wildcards and may be long: it can be found up to 8,191 characters instead of 1,024."""

Identifier = Annotated[str, Meta(extra={"is_sorted": False})]
"""
A name that hardly two records share: it is searched for, and it has no doc values, as each group would be of one. They
take as much room as the index of the values themselves.
"""

Unindexed = NewType("Unindexed", str)
"""Text that is kept but cannot be searched: a field with neither index nor doc values, of any length."""


class FieldSet(Struct, omit_defaults=True, gc=False, kw_only=True):
    """Base of all field sets: what has no value is not written."""


F = TypeVar("F", bound=FieldSet)
T = TypeVar("T")


class Agent(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-agent."""

    type: str | None = None
    version: str | None = None


class Event(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-event."""

    action: str | None = None
    category: tuple[str, ...] = ()
    code: str | None = None
    created: datetime | None = None
    dataset: str | None = None
    duration: int | None = None
    end: datetime | None = None
    id: str | None = None
    ingested: datetime | None = None
    kind: str | None = None
    module: str | None = None
    original: str | None = None
    outcome: str | None = None
    provider: str | None = None
    reason: str | None = None
    severity: int | None = None
    start: datetime | None = None
    type: tuple[str, ...] = ()


class CloudAccount(FieldSet):
    """`cloud.account`."""

    id: str | None = None
    name: str | None = None


class CloudInstance(FieldSet):
    """`cloud.instance`."""

    id: str | None = None


class CloudMachine(FieldSet):
    """`cloud.machine`."""

    type: str | None = None


class CloudService(FieldSet):
    """`cloud.service`."""

    name: str | None = None


class CloudOrigin(FieldSet):
    """`cloud.origin`: the cloud that a request comes from."""

    account: CloudAccount | None = None
    region: str | None = None


class Cloud(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-cloud."""

    account: CloudAccount | None = None
    availability_zone: str | None = None
    instance: CloudInstance | None = None
    machine: CloudMachine | None = None
    provider: str | None = None
    region: str | None = None
    service: CloudService | None = None


class ContainerImage(FieldSet):
    """`container.image`."""

    name: str | None = None


class Container(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-container."""

    id: str | None = None
    image: ContainerImage | None = None
    name: str | None = None
    runtime: str | None = None


class Endpoint(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-source and ecs-destination."""

    address: str | None = None
    bytes: int | None = None
    domain: str | None = None
    ip: Ip | None = None
    packets: int | None = None
    port: int | None = None


class Nat(FieldSet):
    """`source.nat` and `destination.nat`."""

    ip: Ip | None = None
    port: int | None = None


class GeoPoint(FieldSet):
    """A place on Earth, in degrees."""

    lat: float
    lon: float


class Geo(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-geo."""

    city_name: str | None = None
    country_iso_code: str | None = None
    country_name: str | None = None
    location: GeoPoint | None = None


class AsOrganization(FieldSet):
    """`as.organization`."""

    name: str | None = None


class As(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-as."""

    number: int | None = None
    organization: AsOrganization | None = None


class Faas(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-faas."""

    id: str | None = None
    name: str | None = None
    version: str | None = None


class Hash(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-hash."""

    md5: str | None = None
    sha1: str | None = None
    sha256: str | None = None


class File(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-file."""

    hash: Hash | None = None
    name: str | None = None
    path: str | None = None


class Network(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-network."""

    bytes: int | None = None
    community_id: str | None = None
    direction: str | None = None
    forwarded_ip: Ip | None = None
    iana_number: str | None = None
    packets: int | None = None
    protocol: str | None = None
    transport: str | None = None
    type: str | None = None


class DnsQuestion(FieldSet):
    """`dns.question`."""

    class_: str | None = field(name="class", default=None)
    name: str | None = None
    registered_domain: str | None = None
    type: str | None = None


class DnsAnswer(FieldSet):
    """`dns.answers`, one of them."""

    class_: str | None = field(name="class", default=None)
    data: LongText | None = None
    type: str | None = None


class Dns(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-dns."""

    answers: tuple[DnsAnswer, ...] = ()
    question: DnsQuestion | Raw | None = None
    resolved_ip: tuple[Ip, ...] = ()
    response_code: str | None = None
    type: str | None = None


class Related(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-related."""

    hash: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    ip: tuple[Ip, ...] = ()
    user: tuple[str, ...] = ()


class UserTarget(FieldSet):
    """`user.target`."""

    id: str | None = None
    name: str | None = None


class UserChanges(FieldSet):
    """`user.changes`."""

    name: str | None = None


class UserEffective(FieldSet):
    """`user.effective`."""

    name: str | None = None
    roles: tuple[str, ...] = ()


class User(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-user."""

    changes: UserChanges | None = None
    effective: UserEffective | None = None
    email: str | None = None
    id: str | None = None
    name: str | None = None
    roles: tuple[str, ...] = ()
    target: UserTarget | None = None


class ClientUser(FieldSet):
    """`client.user`."""

    id: str | None = None


class Client(Endpoint, kw_only=True):
    """https://www.elastic.co/docs/reference/ecs/ecs-client."""

    user: ClientUser | None = None


class Group(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-group."""

    id: str | None = None
    name: str | None = None


class HostOs(FieldSet):
    """`host.os`."""

    platform: str | None = None


class Host(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-host."""

    id: str | None = None
    ip: tuple[Ip, ...] = ()
    name: str | None = None
    os: HostOs | None = None
    type: str | None = None


class ProcessUser(FieldSet):
    """`process.user`."""

    id: str | None = None
    name: str | None = None


class ProcessParent(FieldSet):
    """`process.parent`."""

    entity_id: str | None = None
    executable: str | None = None
    name: str | None = None
    pid: int | None = None


class Process(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-process."""

    end: datetime | None = None
    entity_id: str | None = None
    executable: str | None = None
    hash: Hash | None = None
    name: str | None = None
    parent: ProcessParent | None = None
    pid: int | None = None
    start: datetime | None = None
    user: ProcessUser | None = None
    working_directory: str | None = None


class Service(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-service."""

    id: str | None = None
    name: str | None = None


class UserAgent(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-user_agent."""

    original: str | None = None


class HttpBody(FieldSet):
    """`http.request.body` and `http.response.body`."""

    bytes: int | None = None


class HttpRequest(FieldSet):
    """`http.request`."""

    body: HttpBody | None = None
    bytes: int | None = None
    id: str | None = None
    method: str | None = None
    referrer: LongText | None = None


class HttpResponse(FieldSet):
    """`http.response`."""

    body: HttpBody | None = None
    bytes: int | None = None
    status_code: int | None = None


class Http(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-http."""

    request: HttpRequest | None = None
    response: HttpResponse | None = None
    version: str | None = None


class Url(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-url."""

    domain: str | None = None
    extension: str | None = None
    fragment: str | None = None
    full: LongText | None = None
    original: LongText | None = None
    path: LongText | None = None
    port: int | None = None
    query: LongText | None = None
    scheme: str | None = None


class X509Subject(FieldSet):
    """`tls.client.x509.subject`."""

    common_name: tuple[str, ...] = ()


class X509(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-x509."""

    serial_number: str | None = None
    subject: X509Subject | None = None


class TlsClient(FieldSet):
    """`tls.client`."""

    certificate: Unindexed | None = None
    issuer: str | None = None
    ja3: str | None = None
    not_after: datetime | None = None
    not_before: datetime | None = None
    server_name: str | None = None
    subject: str | None = None
    x509: X509 | None = None


class Tls(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-tls."""

    cipher: str | None = None
    client: TlsClient | None = None
    curve: str | None = None
    established: bool | None = None
    next_protocol: str | None = None
    resumed: bool | None = None
    version: str | None = None
    version_protocol: str | None = None


class Trace(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-tracing."""

    id: str | None = None


class Rule(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-rule."""

    category: str | None = None
    id: str | None = None
    name: str | None = None
    ruleset: str | None = None


class OrchestratorCluster(FieldSet):
    """`orchestrator.cluster`."""

    id: str | None = None
    name: str | None = None


class OrchestratorResource(FieldSet):
    """`orchestrator.resource`."""

    id: str | None = None
    name: str | None = None
    type: str | None = None


class Orchestrator(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-orchestrator."""

    cluster: OrchestratorCluster | None = None
    namespace: str | None = None
    resource: OrchestratorResource | None = None
    type: str | None = None


class ThreatFeed(FieldSet):
    """`threat.feed`."""

    name: str | None = None


class ThreatIndicator(FieldSet):
    """`threat.indicator`."""

    ip: Ip | None = None
    last_seen: datetime | None = None
    name: str | None = None
    provider: str | None = None
    reference: str | None = None
    type: str | None = None


class ThreatTactic(FieldSet):
    """`threat.tactic`."""

    name: tuple[str, ...] = ()


class ThreatTechnique(FieldSet):
    """`threat.technique`."""

    id: tuple[str, ...] = ()
    name: tuple[str, ...] = ()


class Threat(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-threat."""

    feed: ThreatFeed | None = None
    framework: str | None = None
    indicator: ThreatIndicator | None = None
    tactic: ThreatTactic | None = None
    technique: ThreatTechnique | None = None


class Observer(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-observer."""

    product: str | None = None
    vendor: str | None = None


class Package(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-package."""

    architecture: str | None = None
    name: str | None = None
    path: str | None = None
    type: str | None = None
    version: str | None = None


class VulnerabilityScanner(FieldSet):
    """`vulnerability.scanner`."""

    vendor: str | None = None


class VulnerabilityScore(FieldSet):
    """`vulnerability.score`."""

    base: float | None = None
    version: str | None = None


class Vulnerability(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-vulnerability."""

    classification: str | None = None
    enumeration: str | None = None
    id: str | None = None
    reference: str | None = None
    scanner: VulnerabilityScanner | None = None
    score: VulnerabilityScore | None = None
    severity: str | None = None


class Ecs(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-ecs."""

    version: str


class DataStream(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-data_stream."""

    type: str
    dataset: str
    namespace: str


class Error(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-error."""

    code: str | None = None
    message: str | None = None
    type: str | None = None


class Log(FieldSet):
    """https://www.elastic.co/docs/reference/ecs/ecs-log."""

    level: str | None = None


class S3Bucket(FieldSet):
    """`aws.s3.bucket`: where the object of the record lies."""

    name: str


class S3Object(FieldSet):
    """`aws.s3.object`: which object the record stood in, and its position there, counted from 0."""

    key: str
    offset: int | None = None


class S3(FieldSet):
    """`aws.s3`: where a document comes from."""

    bucket: S3Bucket
    object: S3Object


class CloudWatch(FieldSet):
    """`aws.cloudwatch`: through which log stream of CloudWatch Logs a record came."""

    log_group: str | None = None
    log_stream: str | None = None


class Aws(FieldSet):
    """Base of the `aws` field set of a source, which adds a field set of its own."""

    cloudwatch: CloudWatch | None = None
    s3: S3 | None = None


class SetAside(Protocol):
    """A value whose type was not the declared one, as the formats tell it."""

    @property
    def field(self) -> str:
        """Path of the member."""

    @property
    def value(self) -> str:
        """As text."""


class Unparsed(FieldSet):
    """`shipper.unparsed`: a value whose type was not the declared one, or that OpenSearch refused, kept as text."""

    field: str
    value: str


class Shipper(FieldSet):
    """`shipper`: what the shipper says of its own work."""

    lag_seconds: float | None = None
    unparsed: tuple[Unparsed, ...] = ()


class Document(FieldSet):
    """
    What every document has; a source's document adds field sets to it.

    `timestamp` is when it happened. What is the same for all sources is filled in by `shipper.stamp.Stamp`.
    """

    timestamp: datetime = field(name="@timestamp")
    cloud: Cloud
    event: Event
    aws: Aws | None = None
    data_stream: DataStream | None = None
    ecs: Ecs | None = None
    related: Related | None = None
    shipper: Shipper | None = None
    tags: tuple[str, ...] = ()


# -- values -----------------------------------------------------------------------------------------------------------


def given(text: str | None) -> str | None:
    """Take a text unless it is one of those that stand for none, in a field of whatever type."""
    return None if text in ("", "-") else text


def set_aside(values: Iterable[SetAside]) -> tuple[Unparsed, ...]:
    """Keep the values that a decoder has set aside, but those that stand for none."""
    return tuple([Unparsed(field=one.field, value=one.value) for one in values if given(one.value)]) if values else ()


def some(fields: F) -> F | None:
    """Give a field set back unless it has no value at all: an empty object is not written."""
    return None if fields == _blank(type(fields)) else fields


@lru_cache(maxsize=256)
def _blank(kind: type[F]) -> F:
    """Give a field set without any value, to compare with."""
    return kind()


_ADDRESS_CHARACTERS: Final = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
"""Longest address; clients write longer texts where addresses belong, and nobody shall remember those."""


def ip(text: str | None) -> Ip | None:
    """
    Give the text back as an address if it is one.

    Log formats put host names, service names and dashes where addresses belong; a field of type `ip` would refuse the
    whole document for one of them.
    """
    return _known_ip(text) if text and len(text) <= _ADDRESS_CHARACTERS else None


@lru_cache(maxsize=16_384)
def _known_ip(text: str) -> Ip | None:
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):
        return None
    return Ip(text)


def ip_version(ip: Ip | None) -> str | None:
    """Give the value of `network.type` for an address."""
    return ("ipv6" if ":" in ip else "ipv4") if ip else None


@lru_cache(maxsize=4096)
def geo(
    city: str | None, country_code: str | None, country: str | None, lat: float | None, lon: float | None
) -> Geo | None:
    """Describe a place; half a position is none."""
    place = GeoPoint(lat=lat, lon=lon) if lat is not None and lon is not None else None
    return some(Geo(city_name=city, country_iso_code=country_code, country_name=country, location=place))


@lru_cache(maxsize=4096)
def autonomous_system(number: int | None, name: str | None) -> As | None:
    """Describe the network that an address belongs to."""
    return some(As(number=number, organization=AsOrganization(name=name) if name else None))


def related(
    *, hosts: Iterable[str | None] = (), ip: Iterable[Ip | None] = (), user: Iterable[str | None] = ()
) -> Related | None:
    """Gather the values that are there, each once and in order; None when there is none."""
    found = Related(hosts=once(hosts) if hosts else (), ip=once(ip) if ip else (), user=once(user) if user else ())
    return found if found.hosts or found.ip or found.user else None


def once(values: Iterable[T | None]) -> tuple[T, ...]:
    """Give each value that is there once, in order."""
    return tuple(dict.fromkeys(filter(None, values)))


_DATE: Final = len("2026-02-03")


def time(text: str | None) -> datetime | None:
    """
    Read a time that is not always in the form that the decoder reads by itself.

    Takes ISO 8601 in the extended and the basic form, with a blank for the `T`, and takes a time without a zone as UTC;
    also `2026-02-03-10-00-01`, as it stands in the names that Firehose gives.

    Returns:
        The time, or None when it is none of these: a log is worth more than one time in it.
    """
    if not text:
        return None
    if text[_DATE:].startswith("-"):
        text = f"{text[:_DATE]}T{text[_DATE + 1 :].replace('-', ':')}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def hashed(value: str | None) -> Hash | None:
    """Tell the kind of a hash by its length."""
    match len(value or ""):
        case 32:
            return Hash(md5=value)
        case 40:
            return Hash(sha1=value)
        case 64:
            return Hash(sha256=value)
    return None


def file(path: str | None, name: str | None = None, value: str | None = None) -> File | None:
    """Describe a file; without a name of its own, the last part of its path is one."""
    path = given(path)
    name = given(name) or (path.rpartition("/")[2] or None if path else None)
    return some(File(hash=hashed(value), name=name, path=path))
