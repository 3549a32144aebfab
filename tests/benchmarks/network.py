"""What happens on a network: who talks to whom, over which ports, how much; and what a transit gateway sees of it."""

from collections.abc import Iterable, Iterator
from random import Random
from typing import Final, NamedTuple

from shipper.demo.vpcflow import Flow

_START: Final = 1_770_109_200
_SECONDS: Final = 600
_INTERFACES: Final = 300
POPULAR: Final = 4_000
"""Addresses of the internet that are met often."""
_SERVICE_PORTS: Final = (443, 8080, 5432, 3306, 6379, 9092, 80, 8443, 50051, 9200, 22, 389)
_SERVICE_WEIGHTS: Final = (40, 12, 10, 6, 8, 8, 5, 4, 3, 2, 1, 1)
_SCANNED_PORTS: Final = (22, 23, 80, 443, 445, 1433, 2375, 3306, 3389, 5060, 5432, 5900, 6379, 8080, 8443, 9200, 27017)
_KINDS: Final = ("internal", "service", "customer", "names", "scan", "ping", "tunnel", "time", "nodata", "skipdata")
_KIND_WEIGHTS: Final = (460, 230, 120, 70, 75, 12, 4, 9, 15, 5)
_IPV6_SHARE: Final = 0.04
_AWS_SERVICES: Final = ("S3", "DYNAMODB", "EC2", "AMAZON", "CLOUDFRONT")
_TCP, _UDP, _ICMP, _ESP = 6, 17, 1, 50
_FLAGS: Final = (2, 3, 18, 19, 0, 1, 4, 6)


class _Interface(NamedTuple):
    """A network interface and what it belongs to."""

    id: str
    address: str
    address6: str
    vpc: str
    subnet: str
    instance: str
    zone: str


class Network:
    """
    The interfaces of one account, and whom they talk to.

    Args:
        random: decides everything
        popular: addresses of the internet that are met often
    """

    def __init__(self, random: Random, popular: list[str]) -> None:
        self._random = random
        self._popular = popular
        subnets = [(_id(random, "vpc"), _id(random, "subnet")) for _ in range(12)]
        self._interfaces = [self._interface(*random.choice(subnets)) for _ in range(_INTERFACES)]

    def flows(self, count: int) -> Iterator[Flow]:
        """Give so many flows in the order of time, roughly as AWS does."""
        random = self._random
        left = count
        for at, kind in enumerate(random.choices(_KINDS, _KIND_WEIGHTS, k=count)):
            start = _START + at * _SECONDS // count + random.randrange(60)
            for flow in self._conversation(kind, start):
                yield flow
                left -= 1
                if not left:
                    return

    def _conversation(self, kind: str, start: int) -> Iterator[Flow]:
        random = self._random
        here = self._interfaces[int(_INTERFACES * random.random() ** 1.5)]
        times: Flow = {"start": start, "end": start + random.randrange(1, 60), "interface-id": here.id}
        if kind in ("nodata", "skipdata"):
            yield {**times, "log-status": kind.upper()}
            return
        six = random.random() < _IPV6_SHARE
        there = self._there(kind, six=six)
        yield from self._both_ways(times, here, here.address6 if six else here.address, there, kind)

    def _both_ways(self, times: Flow, here: _Interface, own: str, there: str, kind: str) -> Iterator[Flow]:
        """Give what is sent and, unless it is refused, what is answered."""
        random = self._random
        protocol, port = self._service(kind)
        other = 0 if protocol in (_ICMP, _ESP) else random.randrange(1_024, 65_536)
        packets = int(random.lognormvariate(2.2, 1.4)) + 1
        outgoing = kind in ("internal", "service", "names", "time") and random.random() < 0.6
        place = self._place(here, six=":" in own)
        said = {
            **times,
            **place,
            "protocol": protocol,
            "log-status": "OK",
            "tcp-flags": random.choice(_FLAGS) if protocol == _TCP else 0,
            "action": "REJECT" if kind == "scan" else "ACCEPT",
            **self._ends(own, there, outgoing=outgoing),
            "srcport": other,
            "dstport": port,
            "packets": packets,
            "bytes": packets * random.randrange(40, 1_500),
        }
        if kind == "service":
            service = random.choice(_AWS_SERVICES)
            said["pkt-dst-aws-service" if outgoing else "pkt-src-aws-service"] = service
        yield said
        if kind == "scan" or random.random() < 0.3:
            return
        yield {
            **said,
            **self._ends(own, there, outgoing=not outgoing),
            "srcport": port,
            "dstport": other,
            "packets": packets + random.randrange(20),
            "bytes": packets * random.randrange(40, 1_500),
        }

    def _ends(self, own: str, there: str, *, outgoing: bool) -> Flow:
        source, destination = (own, there) if outgoing else (there, own)
        return {
            "srcaddr": source,
            "dstaddr": destination,
            "pkt-srcaddr": source,
            "pkt-dstaddr": destination,
            "flow-direction": "egress" if outgoing else "ingress",
            **({"traffic-path": self._random.choice((1, 2, 4, 7, 8))} if outgoing else {}),
        }

    def _place(self, here: _Interface, *, six: bool) -> Flow:
        return {
            "vpc-id": here.vpc,
            "subnet-id": here.subnet,
            "instance-id": here.instance,
            "type": "IPv6" if six else "IPv4",
            "region": "us-east-1",
            "az-id": here.zone,
        }

    def _there(self, kind: str, *, six: bool) -> str:
        random = self._random
        if kind in ("internal", "ping"):
            one = random.choice(self._interfaces)
            return one.address6 if six else one.address
        if kind in ("names", "time"):
            return "10.0.0.2" if kind == "names" else "169.254.169.123"
        if six:
            return f"2a05:d014:{random.getrandbits(12):x}:{random.getrandbits(16):x}::{random.getrandbits(16):x}"
        if kind in ("service", "tunnel"):
            return self._popular[int(POPULAR * random.random() ** 2)]
        return random.choice(self._popular) if random.random() < 0.4 else address(random)

    def _service(self, kind: str) -> tuple[int, int]:
        random = self._random
        if kind == "names":
            return _UDP, 53
        if kind == "time":
            return _UDP, 123
        if kind == "ping":
            return _ICMP, 0
        if kind == "tunnel":
            return _ESP, 0
        if kind == "scan":
            return _TCP, random.choice(_SCANNED_PORTS)
        return _TCP, random.choices(_SERVICE_PORTS, _SERVICE_WEIGHTS)[0]

    def _interface(self, vpc: str, subnet: str) -> _Interface:
        random = self._random
        return _Interface(
            id=_id(random, "eni"),
            address=f"10.{random.randrange(8)}.{random.randrange(256)}.{random.randrange(4, 255)}",
            address6=f"2600:1f18:{random.getrandbits(16):x}:{random.getrandbits(16):x}::{random.getrandbits(16):x}",
            vpc=vpc,
            subnet=subnet,
            instance=_id(random, "i") if random.random() < 0.7 else "-",
            zone=f"use1-az{random.randrange(1, 7)}",
        )


class Gateway:
    """
    What a transit gateway sees of a network.

    Args:
        random: decides everything
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._id = _id(random, "tgw")
        self._attachments = [self._attachment() for _ in range(20)]

    def flows(self, flows: Iterable[Flow]) -> Iterator[Flow]:
        """Add what is known of both ends and of packets that were lost."""
        random = self._random
        for flow in flows:
            if flow["log-status"] != "OK":
                yield flow
                continue
            here, there = random.choices(self._attachments, k=2)
            yield {
                **flow,
                "resource-type": "TransitGateway",
                "tgw-id": self._id,
                **{f"tgw-src-{name}": value for name, value in here.items()},
                **{f"tgw-dst-{name}": value for name, value in there.items()},
                "tgw-attachment-id": here["attachment"],
                "tgw-pair-attachment-id": there["attachment"],
                "packets-lost-no-route": random.choice((0, 0, 0, 0, 0, 3)),
                "packets-lost-blackhole": 0,
                "packets-lost-mtu-exceeded": 0,
                "packets-lost-ttl-expired": 0,
            }

    def _attachment(self) -> dict[str, str]:
        random = self._random
        return {
            "attachment": _id(random, "tgw-attach"),
            "vpc-account-id": f"{random.randrange(10**11, 10**12)}",
            "vpc-id": _id(random, "vpc"),
            "subnet-id": _id(random, "subnet"),
            "eni": _id(random, "eni"),
            "az-id": f"use1-az{random.randrange(1, 7)}",
        }


def _id(random: Random, kind: str) -> str:
    return f"{kind}-0{random.getrandbits(64):016x}"


def address(random: Random) -> str:
    """Give an address of the internet."""
    return f"{random.randrange(11, 223)}.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"
