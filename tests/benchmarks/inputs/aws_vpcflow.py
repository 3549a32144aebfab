"""
VPC flow logs of busy networks: servers among themselves, customers, AWS's own services, and the noise of the internet.

One object holds ten minutes of one account. Half of the traffic is between a few hundred interfaces; the other half has
one end in the internet, where a few thousand addresses are met often and very many only once.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import repeat
from random import Random
from typing import Final

from benchmarks.columns import row_groups
from benchmarks.enveloping import payload
from benchmarks.inputs import Facts, Framing, Input
from benchmarks.network import POPULAR, Gateway, Network, address
from benchmarks.packing import packed_one_by_one, unpacked
from shipper.demo.objects import Delivery, StoredObject, flow_object
from shipper.demo.vpcflow import DEFAULT, TRANSIT_GATEWAY, lines

VERSION_5: Final = (
    f"{DEFAULT} vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id sublocation-type "
    "sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path"
)
"""All columns up to version 5."""


def write(columns: str, version: int, random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write log files with these columns."""
    popular = [address(random) for _ in range(POPULAR)]
    for _ in range(objects):
        account = f"{random.randrange(10**11, 10**12)}"
        flows = Network(random, popular).flows(records // objects)
        if columns == TRANSIT_GATEWAY:
            flows = Gateway(random).flows(flows)
        text = lines(columns, ({"version": version, "account-id": account, **flow} for flow in flows))
        yield flow_object(text, Delivery(account, "us-east-1", datetime(2026, 2, 3, 9, tzinfo=UTC), random))


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes logs varied."""
    rows = written = packed = addresses = 0
    statuses: Counter[str] = Counter()
    protocols: Counter[str] = Counter()
    sources: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    rejected = 0
    for stored in objects:
        text = unpacked(stored.body)
        packed += len(stored.body)
        written += len(text)
        header, *records = text.decode().splitlines()
        at = {name: index for index, name in enumerate(header.split())}
        for record in records:
            values = record.split()
            rows += 1
            statuses[values[at["log-status"]]] += 1
            protocols[values[at["protocol"]]] += 1
            rejected += "action" in at and values[at["action"]] == "REJECT"
            sources.add(values[at["srcaddr"]])
            pairs.add((values[at["srcaddr"]], values[at["dstaddr"]]))
    addresses = len(sources)
    return {
        "records": rows,
        "bytes a record": round(written / rows),
        "gzip ratio": round(written / packed, 1),
        "source addresses": addresses,
        "pairs of addresses": len(pairs),
        "rejected %": round(100 * rejected / rows, 1),
        **{f"{status} %": round(100 * count / rows, 1) for status, count in statuses.most_common()},
        **{f"protocol {number} %": round(100 * count / rows, 1) for number, count in protocols.most_common(4)},
    }


def _under_one_header(text: bytes, times: int) -> Iterator[bytes]:
    header, _, rows = text.partition(b"\n")
    yield header + b"\n"
    for _ in range(times):
        yield rows


def _in_payloads(text: bytes, times: int) -> Iterator[bytes]:
    _, *lines = text.decode().splitlines()
    yield from repeat(payload(lines), times)


inputs = (
    Input(
        "aws.vpcflow",
        500_000,
        partial(write, DEFAULT, 2),
        facts,
        {"": Framing(_under_one_header), "cloudwatch": Framing(_in_payloads, packed_one_by_one)},
    ),
    Input(
        "aws.vpcflow/v5",
        500_000,
        partial(write, VERSION_5, 5),
        facts,
        {"parquet": Framing(_under_one_header, row_groups)},
    ),
    Input("aws.vpcflow/tgw", 500_000, partial(write, TRANSIT_GATEWAY, 6), facts, {}),
)
