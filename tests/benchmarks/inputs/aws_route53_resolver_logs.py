"""
Resolver query logs of a few busy VPCs: the names of AWS, of the company and of its software, over and over, and others.

One object holds some minutes of one VPC. The Resolver logs what it did not have in its cache, so a name comes again
with other answers. Names that are met only once are a small part: reverse names, checksums asked of a reputation
service, and what search domains make of a name. The members of a record stand in no order.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, NamedTuple

import msgspec

from benchmarks.inputs import Facts, Framing, Input, in_payloads, over_and_over
from benchmarks.network import address
from benchmarks.packing import packed_one_by_one, unpacked
from benchmarks.vocabulary import SERVICES, word
from shipper.demo.objects import StoredObject, zipped

_START: Final = datetime(2026, 2, 3, 9, tzinfo=UTC)
_NAMES: Final = 3_000
_INSTANCES: Final = 300
_SKEW: Final = 2.5
_KINDS: Final = ("name", "search", "reverse", "once", "mail", "text", "service")
_KIND_WEIGHTS: Final = (800, 60, 50, 50, 5, 15, 20)
_TYPES: Final = ("A", "AAAA", "HTTPS")
_TYPE_WEIGHTS: Final = (58, 36, 6)
_ZONES: Final = ("com", "net", "org", "io", "cloud", "co.uk", "dev")
_FAILURES: Final = ("SERVFAIL", "REFUSED", "NXDOMAIN")
_FAILURE_SHARE: Final = 0.02
_FIREWALL_SHARE: Final = 0.02
_TCP_SHARE: Final = 0.01
_DELAYED_SHARE: Final = 0.002
_ENDPOINT_SHARE: Final = 0.05


class _Name(NamedTuple):
    """A name that is asked for often, and what can be answered."""

    name: str
    alias: str | None
    pool: list[str]
    pool6: list[str]


class _Vpc:
    """A VPC, who asks in it, and the rules of its firewall."""

    def __init__(self, random: Random) -> None:
        self.id = f"vpc-0{random.getrandbits(64):016x}"
        self.account = f"{random.randrange(10**11, 10**12)}"
        self.instances = [_instance(random) for _ in range(_INSTANCES)]
        self.endpoints = [f"rslvr-in-{random.getrandbits(68):017x}" for _ in range(2)]
        self.rules = [
            {
                "firewall_rule_group_id": f"rslvr-frg-{random.getrandbits(64):016x}",
                "firewall_rule_action": random.choice(("ALERT", "BLOCK", "BLOCK")),
                "firewall_domain_list_id": f"rslvr-fdl-{random.getrandbits(64):016x}",
            }
            for _ in range(6)
        ]


def _instance(random: Random) -> tuple[str, str]:
    own = f"10.{random.randrange(8)}.{random.randrange(256)}.{random.randrange(4, 255)}"
    return own, f"i-0{random.getrandbits(64):016x}"


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write log files."""
    names = [_name(random) for _ in range(_NAMES)]
    for _ in range(objects):
        vpc = _Vpc(random)
        lines = (msgspec.json.encode(_record(random, vpc, names)) + b"\n" for _ in range(records // objects))
        file = f"{vpc.id}_vpcdnsquerylogs_{vpc.account}_{_START:%Y%m%dT%H%MZ}_{random.getrandbits(32):08x}.log.gz"
        key = f"AWSLogs/{vpc.account}/vpcdnsquerylogs/{vpc.id}/{_START:%Y/%m/%d}/{file}"
        yield StoredObject(key, zipped(b"".join(lines)))


def _name(random: Random) -> _Name:
    first, second = word(random), word(random)
    name = random.choice(
        (
            f"{random.choice(SERVICES)}.",
            f"{first}.us-east-1.compute.internal.",
            f"{first}-{second}.internal.example.com.",
            f"{first}.{second}.{random.choice(_ZONES)}.",
            f"{first}-{random.randrange(100)}.s3.us-east-1.amazonaws.com.",
            f"api.{first}{second}.{random.choice(_ZONES)}.",
        )
    )
    alias = f"{random.getrandbits(52):013x}.cloudfront.net." if random.random() < 0.35 else None
    pool = [address(random) for _ in range(random.randrange(1, 24))]
    return _Name(name, alias, pool, [_address6(random) for _ in pool] if random.random() < 0.4 else [])


def _address6(random: Random) -> str:
    return f"2600:9000:{random.getrandbits(16):x}:{random.getrandbits(16):x}::{random.getrandbits(16):x}"


def _record(random: Random, vpc: _Vpc, names: list[_Name]) -> dict[str, Any]:
    own, instance = vpc.instances[int(_INSTANCES * random.random() ** 1.5)]
    name, kind, rcode, answers = _query(random, names)
    at = _START + timedelta(seconds=random.randrange(300))
    is_endpoint = random.random() < _ENDPOINT_SHARE
    record = {
        "version": "1.100000",
        "account_id": vpc.account,
        "region": "us-east-1",
        "vpc_id": vpc.id,
        "query_timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "query_name": name,
        "query_type": kind,
        "query_class": "IN",
        "rcode": rcode,
        "answers": [{"Rdata": data, "Type": type_, "Class": "IN"} for data, type_ in answers],
        "srcaddr": own,
        "srcport": f"{random.randrange(1_024, 65_536)}",
        "transport": "TCP" if random.random() < _TCP_SHARE else "UDP",
        "srcids": {"resolver_endpoint": random.choice(vpc.endpoints)} if is_endpoint else {"instance": instance},
        **(random.choice(vpc.rules) if random.random() < _FIREWALL_SHARE else {}),
        **({"additional_properties": {"is_delayed": True}} if random.random() < _DELAYED_SHARE else {}),
    }
    return dict(random.sample([*record.items()], len(record)))


def _query(random: Random, names: list[_Name]) -> tuple[str, str, str, list[tuple[str, str]]]:
    """Give what is asked: name, type, response code and answers with their types."""
    one = names[int(_NAMES * random.random() ** _SKEW)]
    kind = random.choices(_KINDS, _KIND_WEIGHTS)[0]
    if kind == "name":
        return _popular(random, one)
    if kind == "search":
        return f"{one.name}us-east-1.compute.internal.", random.choice(("A", "AAAA")), "NXDOMAIN", []
    if kind == "reverse":
        labels = ".".join(address(random).split(".")[::-1])
        host = f"ec2-{labels.replace('.', '-')}.compute-1.amazonaws.com."
        known = random.random() < 0.5
        return f"{labels}.in-addr.arpa.", "PTR", *(("NOERROR", [(host, "PTR")]) if known else ("NXDOMAIN", []))
    return {
        "once": (f"{random.getrandbits(128):032x}.reputation.example.net.", "A", "NOERROR", [("127.0.0.4", "A")]),
        "mail": (one.name, "MX", "NOERROR", [(f"{at}0 mail{at}.example.com.", "MX") for at in (1, 2)]),
        "text": (one.name, "TXT", "NOERROR", [(f'"v=spf1 include:{one.name} -all"', "TXT")]),
        "service": (f"_http._tcp.{one.name}", "SRV", "NOERROR", [(f"0 100 8080 {one.name}", "SRV")]),
    }[kind]


def _popular(random: Random, one: _Name) -> tuple[str, str, str, list[tuple[str, str]]]:
    kind = random.choices(_TYPES, _TYPE_WEIGHTS)[0]
    if random.random() < _FAILURE_SHARE:
        return one.name, kind, random.choice(_FAILURES), []
    pool = {"A": one.pool, "AAAA": one.pool6}.get(kind, [])
    chosen = random.sample(pool, min(len(pool), random.choice((1, 1, 2, 3, 4, 8))))
    alias = [(one.alias, "CNAME")] if one.alias else []
    return one.name, kind, "NOERROR", [*alias, *((data, kind) for data in chosen)]


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes logs varied."""
    records = written = packed = answers = firewall = 0
    names: set[str] = set()
    data: set[str] = set()
    codes: Counter[str] = Counter()
    for stored in objects:
        text = unpacked(stored.body)
        packed += len(stored.body)
        written += len(text)
        for record in msgspec.json.Decoder().decode_lines(text):
            records += 1
            names.add(record["query_name"])
            codes[record["rcode"]] += 1
            firewall += "firewall_rule_action" in record
            answers += len(record["answers"])
            data |= {answer["Rdata"] for answer in record["answers"]}
    return {
        "records": records,
        "bytes a record": round(written / records),
        "gzip ratio": round(written / packed, 1),
        "names": len(names),
        "answers a record": round(answers / records, 1),
        "different answers": len(data),
        "firewall %": round(100 * firewall / records, 1),
        **{f"{code} %": round(100 * count / records, 1) for code, count in codes.most_common()},
    }


inputs = (
    Input(
        "aws.route53_resolver_logs",
        100_000,
        write,
        facts,
        {"": Framing(over_and_over), "cloudwatch": Framing(in_payloads, packed_one_by_one)},
    ),
)
