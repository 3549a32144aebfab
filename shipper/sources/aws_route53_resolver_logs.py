"""
Amazon Route 53 Resolver query logs: the DNS queries of VPCs, with what DNS Firewall did.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-example-json.html
"""

import socket
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar

import msgspec
from msgspec import Raw, field

from shipper import dns, ecs
from shipper.formats import JsonRecords, Record
from shipper.marks import Marks
from shipper.source import Origin, Source

# -- what AWS writes ---------------------------------------------------------------------------------------------------


class Answer(Record, rename="pascal"):
    """One resource record; the documentation writes its members in lower case, the logs do not."""

    rdata: str | None = None
    type: str | None = None
    class_: str | None = field(name="Class", default=None)


class SourceIds(Record):
    """Who asked: an instance of the VPC, or a network that asks through an endpoint."""

    instance: str | None = None
    resolver_endpoint: str | None = None
    resolver_network_interface: str | None = None


class AdditionalProperties(Record):
    is_delayed: bool | None = None


class QueryRecord(Record):
    """A query, of versions 1.0 and 1.1; all scalars are strings."""

    version: str | None = None
    account_id: str | None = None
    region: str | None = None
    vpc_id: str | None = None
    query_timestamp: datetime | None = None
    query_name: str | None = None
    query_type: str | None = None
    query_class: str | None = None
    rcode: str | None = None
    answers: list[Answer] | None = None
    srcaddr: str | None = None
    srcport: int | None = None
    transport: str | None = None
    srcids: SourceIds | None = None
    firewall_rule_group_id: str | None = None
    firewall_rule_action: str | None = None
    firewall_domain_list_id: str | None = None
    additional_properties: AdditionalProperties | None = None


# -- what we add to ECS ------------------------------------------------------------------------------------------------


class Identified(ecs.FieldSet):
    """Something that has an id and nothing else."""

    id: str | None = None


class Firewall(ecs.FieldSet):
    action: str | None = None
    domain_list: Identified | None = None
    rule_group: Identified | None = None


class Route53(ecs.FieldSet):
    firewall: Firewall | None = None
    is_delayed: bool | None = None
    resolver_endpoint: Identified | None = None
    resolver_network_interface: Identified | None = None
    version: str | None = None


class Aws(ecs.Aws, kw_only=True):
    instance_id: str | None = None
    route53: Route53 | Raw | None = None
    vpc_id: str | None = None


class QueryDocument(ecs.Document, kw_only=True):
    aws: Aws
    dns: ecs.Dns | None = None
    network: ecs.Network | Raw | None = None
    source: ecs.Endpoint | None = None


# -- how one becomes the other -----------------------------------------------------------------------------------------

T = TypeVar("T")

_PROTOCOL: Final = ("protocol",)
_FIREWALL: Final = {
    "ALERT": ("protocol", "allowed"),
    "ALLOW": ("protocol", "allowed"),
    "BLOCK": ("protocol", "denied"),
}
"""`event.type` by what DNS Firewall did."""
_ADDRESSES: Final = {"A": socket.AF_INET, "AAAA": socket.AF_INET6}
_NAMES: Final = frozenset({"CNAME", "DNAME", "NS", "PTR"})
"""Types of resource records that hold a name and nothing else."""
_TARGETS: Final = frozenset({"MX", "SRV"})
"""Types of resource records that hold numbers and, behind a blank, a name."""
_TEXTS: Final = frozenset({"SPF", "TXT"})
_NOBODY: Final = SourceIds()


class Answered(NamedTuple):
    """
    One answer.

    Attributes:
        fields: one of `dns.answers`
        host: a name in it
        address: that it is
    """

    fields: ecs.DnsAnswer | None
    host: str | None
    address: ecs.Ip | None


def document(query: QueryRecord, origin: Origin) -> QueryDocument:
    """
    Map one query, with all of its answers.

    Raises:
        ValueError: the record is no query, or neither it nor the object's key tells the time
    """
    timestamp = query.query_timestamp or origin.time
    if query.query_timestamp is None and query.query_name is None:
        raise ValueError("the record has neither query_timestamp nor query_name: it is no query")
    if timestamp is None:
        raise ValueError("the record has no query_timestamp that can be read, and the key has no time")
    if timestamp.tzinfo is None:  # all times of this log are UTC
        timestamp = timestamp.replace(tzinfo=UTC)
    account, region, vpc = _place(query.account_id, query.region, query.vpc_id)
    action = ecs.given(query.firewall_rule_action)
    code, outcome = dns.response(query.rcode)
    ip = ecs.ip(query.srcaddr)
    address = ip or ecs.given(query.srcaddr)
    ids = query.srcids or _NOBODY
    instance = ecs.given(ids.instance)
    question, name, reversed_ip = dns.question(query.query_name, query.query_type, query.query_class)
    answers, names, addresses = _answers(query.answers) if query.answers else ((), (), ())
    hosts, ips = _with(name, _with(instance, names)), _with(ip, _with(reversed_ip, addresses))
    return QueryDocument(
        timestamp=timestamp,
        cloud=ecs.Cloud(account=account, instance=ecs.CloudInstance(id=instance) if instance else None, region=region),
        event=ecs.Event(
            action=action,
            category=("network",),
            kind="event",
            outcome="failure" if action == "BLOCK" else outcome,
            type=_FIREWALL.get(action, _PROTOCOL) if action else _PROTOCOL,
        ),
        aws=Aws(instance_id=instance, route53=_route53(query, ids, action), vpc_id=vpc),
        dns=ecs.Dns(answers=answers, question=question, resolved_ip=addresses, response_code=code, type="answer"),
        network=dns.network(query.transport, ":" in ip if ip else None),
        related=ecs.Related(hosts=hosts, ip=ips) if hosts or ips else None,
        source=ecs.some(ecs.Endpoint(address=address, ip=ip, port=query.srcport)),
        tags=() if query.query_timestamp else ("time_from_key",),
    )


@lru_cache(maxsize=256)
def _place(
    account: str | None, region: str | None, vpc: str | None
) -> tuple[ecs.CloudAccount | None, str | None, str | None]:
    """Tell where a query comes from: the same for all that is logged of a VPC."""
    return ecs.CloudAccount(id=account) if ecs.given(account) else None, ecs.given(region), ecs.given(vpc)


def _route53(query: QueryRecord, ids: SourceIds, action: str | None) -> Raw | None:
    more = query.additional_properties
    return _fields(
        query.version,
        action,
        query.firewall_rule_group_id,
        query.firewall_domain_list_id,
        ids.resolver_endpoint,
        ids.resolver_network_interface,
        more.is_delayed if more else None,
    )


@lru_cache(maxsize=1024)
def _fields(  # noqa: PLR0917 -- the key of a cache
    version: str | None,
    action: str | None,
    rule_group: str | None,
    domain_list: str | None,
    endpoint: str | None,
    interface: str | None,
    is_delayed: bool | None,  # noqa: FBT001 -- likewise
) -> Raw | None:
    """Give `aws.route53`, already encoded: a few rules and endpoints make up all of a log."""
    firewall = Firewall(action=action, domain_list=_identified(domain_list), rule_group=_identified(rule_group))
    fields = ecs.some(
        Route53(
            firewall=ecs.some(firewall),
            is_delayed=is_delayed,
            resolver_endpoint=_identified(endpoint),
            resolver_network_interface=_identified(interface),
            version=ecs.given(version),
        )
    )
    return Raw(msgspec.json.encode(fields)) if fields else None


def _identified(one: str | None) -> Identified | None:
    return Identified(id=one) if ecs.given(one) else None


# -- names and addresses -----------------------------------------------------------------------------------------------


def _answers(answers: list[Answer]) -> tuple[tuple[ecs.DnsAnswer, ...], tuple[str, ...], tuple[ecs.Ip, ...]]:
    """Give all answers, and the names and the addresses in them, each once."""
    found: list[ecs.DnsAnswer] = []
    hosts: list[str] = []
    addresses: list[ecs.Ip] = []
    for one in answers:
        data, kind, class_ = one.rdata, one.type, one.class_
        if class_ == "IN" and data and kind in _ADDRESSES and _is_address(data, _ADDRESSES[kind]):
            found.append(ecs.DnsAnswer(class_="IN", data=data, type=kind))
            addresses.append(ecs.Ip(data))
            continue
        read = _known_answer if data is None or len(data) <= dns.NAME_BYTES else _read_answer
        fields, host, address = read(data, kind, class_)
        if fields:
            found.append(fields)
        if host:
            hosts.append(host)
        if address:
            addresses.append(address)
    return tuple(found), ecs.once(hosts), ecs.once(addresses)


def _is_address(data: str, family: int) -> bool:
    """Tell it without a cache: there are more addresses in answers than one can remember."""
    try:
        socket.inet_pton(family, data)
    except (OSError, ValueError):
        return False
    return True


def _read_answer(data: str | None, kind: str | None, class_: str | None) -> Answered:
    data, kind = ecs.given(data), ecs.given(kind)
    if kind not in _TEXTS:
        data = dns.relative(data)
    address = ecs.ip(data) if data and len(data) <= dns.ADDRESS_BYTES else None
    host = None
    if data and kind in _TARGETS:
        host = data.rpartition(" ")[2]
    elif kind in _NAMES and not address:
        host = data
    fields = ecs.some(ecs.DnsAnswer(class_=ecs.given(class_), data=data, type=kind))
    return Answered(fields, host if host != "." else None, address)


_known_answer = lru_cache(maxsize=8192)(_read_answer)


def _with(one: T | None, others: tuple[T, ...]) -> tuple[T, ...]:
    """Put a value before others, if there is one and it is none of them."""
    return (one, *others) if one and one not in others else others


source = Source(
    dataset="aws.route53_resolver_logs",
    key=(
        r"(?:^|/)AWSLogs/(?P<account>\d{12})/vpcdnsquerylogs/vpc-[0-9a-z]+/\d{4}/\d{2}/\d{2}/"
        r"vpc-[0-9a-z]+_vpcdnsquerylogs_\d{12}_(?P<time>\d{8}T\d{4}Z)_[0-9A-Za-z]+\.log(?:\.gz)?$"
    ),
    format=JsonRecords(QueryRecord),
    marks=Marks(members=(("query_timestamp", "query_name", "query_type", "rcode"),)),
    document=document,
)
