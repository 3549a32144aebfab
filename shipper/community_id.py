"""
Community ID, version 1: one text for both directions of a flow, the same in every tool that computes it.

https://github.com/corelight/community-id-spec
"""

import socket
import struct
from base64 import b64encode
from functools import lru_cache
from hashlib import sha1
from typing import Final

from shipper.ecs import Ip

WITH_PORTS: Final = frozenset({6, 17, 132})
"""TCP, UDP and SCTP."""

ICMP: Final = frozenset({1, 58})
"""ICMP and ICMPv6, whose type and code stand in for ports."""

_SEED: Final = b"\0\0"
_tail_with_ports = struct.Struct("!BxHH").pack


@lru_cache(maxsize=16_384)
def _packed(ip: Ip) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)


def community_id(
    source: Ip, destination: Ip, protocol: int, source_port: int | None, destination_port: int | None
) -> str | None:
    """
    Compute the id of a flow.

    Args:
        source: address of one end
        destination: address of the other
        protocol: IANA number
        source_port: for TCP, UDP and SCTP
        destination_port: for TCP, UDP and SCTP

    Returns:
        The id, or None where the flow does not determine one: ICMP without type and code, ports unknown.
    """
    if protocol in ICMP:
        return None
    one, other = _packed(source), _packed(destination)
    if protocol not in WITH_PORTS:
        low, high = (one, other) if one <= other else (other, one)
        tail = bytes((protocol, 0))
    elif source_port is None or destination_port is None:
        return None
    elif (one, source_port) <= (other, destination_port):
        low, high, tail = one, other, _tail_with_ports(protocol, source_port, destination_port)
    else:
        low, high, tail = other, one, _tail_with_ports(protocol, destination_port, source_port)
    return "1:" + b64encode(sha1(_SEED + low + high + tail, usedforsecurity=False).digest()).decode()
