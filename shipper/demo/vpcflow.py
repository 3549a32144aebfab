"""
VPC and transit gateway flow logs: what two machines say to each other, and what strangers try.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from random import Random
from typing import Any, Final

from shipper.demo.world import NOISE, SCANNED_PORTS, SCANNER

Flow = dict[str, Any]
"""Values by column; a column that a flow has no value for is written as `-`."""

DEFAULT: Final = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
)
"""The columns of a flow log for which nobody chose others."""

CUSTOM: Final = (
    "version account-id region vpc-id subnet-id az-id interface-id instance-id type flow-direction traffic-path action "
    "srcaddr pkt-srcaddr srcport dstaddr pkt-dstaddr dstport protocol tcp-flags packets bytes start end log-status "
    "pkt-src-aws-service pkt-dst-aws-service"
)
"""Columns up to version 5 in an order of our own, as the console lets one choose."""

TRANSIT_GATEWAY: Final = (
    "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id "
    "tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id "
    "tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status "
    "type packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags "
    "region flow-direction pkt-src-aws-service pkt-dst-aws-service"
)
"""The columns of a transit gateway's flow log."""

SCANS: Final = 2
"""How often the scanner tries each port."""

_TCP: Final = 6
_UDP: Final = 17
_SYN: Final = 2
_WEB, _APPLICATION, _DATABASE = "10.0.1.20", "10.0.2.31", "10.0.3.42"


class Network:
    """
    Writes the flows of a network.

    Args:
        random: decides what happens
        moment: gives the time at which the next flow ends
    """

    def __init__(self, random: Random, moment: Callable[[], datetime]) -> None:
        self._random = random
        self._moment = moment

    def accepted(self, count: int) -> Iterator[Flow]:
        """Write flows of everyday work."""
        random = self._random
        for kind in random.choices(("web", "application", "database", "names", "time"), (40, 20, 20, 14, 6), k=count):
            if kind == "web":
                yield self._flow(self._stranger(), _WEB, 443) | {"flow-direction": "ingress"}
            elif kind == "application":
                yield self._flow(_WEB, _APPLICATION, 8080)
            elif kind == "database":
                yield self._flow(_APPLICATION, _DATABASE, 5432)
            elif kind == "names":
                yield self._flow(random.choice((_WEB, _APPLICATION)), "10.0.0.2", 53, _UDP)
            else:
                yield self._flow(_DATABASE, "169.254.169.123", 123, _UDP)

    def rejected(self, count: int) -> Iterator[Flow]:
        """Write a port scan, and so many single attempts from all over the internet."""
        for port in SCANNED_PORTS * SCANS:
            yield self._attempt(SCANNER, _WEB, port)
        for port in self._random.choices(tuple(NOISE), tuple(NOISE.values()), k=count):
            yield self._attempt(self._stranger(), self._random.choice((_WEB, _APPLICATION)), port)

    def silent(self, count: int) -> Iterator[Flow]:
        """Write minutes in which an interface saw nothing, or AWS could not record."""
        for status in self._random.choices(("NODATA", "SKIPDATA"), (4, 1), k=count):
            end = int(self._moment().timestamp())
            yield {"interface-id": _interface(_DATABASE), "start": end - 60, "end": end, "log-status": status}

    def transit(self, count: int) -> Iterator[Flow]:
        """Write flows between networks, through a transit gateway."""
        for flow in self.accepted(count):
            yield {
                **flow,
                "resource-type": "TransitGateway",
                "tgw-id": "tgw-0fb8421e2da853bf3",
                "tgw-attachment-id": "tgw-attach-0dba2f9c5a0b1d2e3",
                "tgw-pair-attachment-id": "tgw-attach-04d0f1f2a3b4c5d6e",
                "packets-lost-no-route": self._random.choice((0, 0, 0, 7)),
                "packets-lost-blackhole": 0,
                "packets-lost-mtu-exceeded": 0,
                "packets-lost-ttl-expired": 0,
                "flow-direction": "ingress",
            }

    def _attempt(self, source: str, destination: str, port: int) -> Flow:
        sent = {"action": "REJECT", "packets": 1, "bytes": 44, "tcp-flags": _SYN, "flow-direction": "ingress"}
        return self._flow(source, destination, port) | sent

    def _flow(self, source: str, destination: str, port: int, protocol: int = _TCP) -> Flow:
        random = self._random
        packets, end = random.randrange(4, 400), int(self._moment().timestamp())
        return {
            "interface-id": _interface(destination if destination.startswith("10.") else source),
            "srcaddr": source,
            "dstaddr": destination,
            "srcport": random.randrange(32_768, 60_999),
            "dstport": port,
            "protocol": protocol,
            "packets": packets,
            "bytes": packets * random.randrange(60, 1_400),
            "start": end - random.randrange(1, 60),
            "end": end,
            "action": "ACCEPT",
            "log-status": "OK",
            "vpc-id": "vpc-0a1b2c3d4e5f60718",
            "subnet-id": "subnet-0f9e8d7c6b5a40312",
            "instance-id": "i-0a1b2c3d4e5f60718",
            "tcp-flags": 3 if protocol == _TCP else 0,
            "type": "IPv4",
            "pkt-srcaddr": source,
            "pkt-dstaddr": destination,
            "flow-direction": "egress",
        }

    def _stranger(self) -> str:
        return f"{self._random.choice(('198.51.100', '203.0.113'))}.{self._random.randrange(100, 250)}"


def lines(columns: str, flows: Iterable[Flow]) -> bytes:
    """Write a log: a header with the columns, and a line for each flow."""
    names = columns.split()
    rows = [" ".join(str(flow.get(name, "-")) for name in names) for flow in flows]
    return "\n".join([columns, *rows, ""]).encode()


def rejected_by_port(flows: Iterable[Flow]) -> Counter[int]:
    """Count rejected flows by destination port."""
    return Counter(flow["dstport"] for flow in flows if flow.get("action") == "REJECT")


def _interface(address: str) -> str:
    return f"eni-{address.replace('.', ''):0>17}"
