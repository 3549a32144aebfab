"""
Query logs of a few public hosted zones, one log stream an object: the messages alone, and as a subscription sends them.

Most queries are for some hundred names, by the resolvers of large providers on behalf of networks all over the world;
some are for names that do not exist, made up by those who look for them.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/query-logs.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

from benchmarks.inputs import Facts, Framing, Input, in_payloads, over_and_over
from benchmarks.network import address
from benchmarks.packing import packed_one_by_one, unpacked
from benchmarks.vocabulary import moment, word
from shipper.demo.objects import StoredObject, zipped

_EDGES: Final = ("DFW3", "FRA56-C1", "IAD89", "VIE50-C2", "NRT57-P3", "SFO53")
_TYPES: Final = ("A", "AAAA", "HTTPS", "MX", "TXT", "NS")
_TYPE_WEIGHTS: Final = (50, 30, 10, 4, 4, 2)
UNKNOWN: Final = 0.15
"""Share of queries for names that do not exist."""
_TCP: Final = 0.02
_IPV6: Final = 0.2
_SUBNET: Final = 0.4


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write log files of one stream each."""
    for number in range(objects):
        zone, domain = f"Z{random.getrandbits(56):014X}", f"{word(random)}.com"
        names = [f"{word(random)}.{domain}" for _ in range(300)]
        resolvers = [_address(random) for _ in range(4_000)]
        edge = random.choice(_EDGES)
        lines = (_line(random, zone, edge, domain, names, resolvers) for _ in range(records // objects))
        task = f"cda45419-90ea-4db5-9833-{number:012x}"
        yield StoredObject(f"exportedlogs/{task}/{zone}-{edge}/000000.gz", zipped("".join(lines).encode()))


def _address(random: Random) -> str:
    if random.random() < _IPV6:
        return f"2001:db8:{random.getrandbits(16):x}::{random.getrandbits(16):x}"
    return address(random)


def _line(random: Random, zone: str, edge: str, domain: str, names: list[str], resolvers: list[str]) -> str:
    is_unknown = random.random() < UNKNOWN
    name = f"{word(random)}-{random.getrandbits(32):x}.{domain}" if is_unknown else _often(random, names)
    subnet = f"{address(random).rpartition('.')[0]}.0/24" if random.random() < _SUBNET else "-"
    kind = random.choices(_TYPES, _TYPE_WEIGHTS)[0]
    code, protocol = "NXDOMAIN" if is_unknown else "NOERROR", "TCP" if random.random() < _TCP else "UDP"
    at = f"{moment(random):%Y-%m-%dT%H:%M:%S}.{random.randrange(1000):03}Z"
    return f"1.0 {at} {zone} {name} {kind} {code} {protocol} {edge} {_often(random, resolvers)} {subnet}\n"


def _often(random: Random, things: list[str]) -> str:
    """Choose among things that exist; some are met far more often than others."""
    return things[int(len(things) * random.random() ** 3)]


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes logs varied."""
    rows = written = small = 0
    codes: Counter[str] = Counter()
    seen: dict[str, set[str]] = {"names": set(), "resolvers": set(), "subnets": set()}
    for stored in objects:
        text = unpacked(stored.body)
        small += len(stored.body)
        written += len(text)
        for line in text.decode().splitlines():
            values = line.split(" ")
            rows += 1
            codes[values[5]] += 1
            for name, value in zip(seen, (values[3], values[8], values[9]), strict=True):
                seen[name].add(value)
    return {
        "records": rows,
        "bytes a record": round(written / rows),
        "gzip ratio": round(written / small, 1),
        **{name: len(values) for name, values in seen.items()},
        **{f"{code} %": round(100 * count / rows, 1) for code, count in codes.most_common()},
    }


inputs = (
    Input(
        "aws.route53_public_logs",
        100_000,
        write,
        facts,
        {"": Framing(over_and_over), "cloudwatch": Framing(in_payloads, packed_one_by_one)},
    ),
)
