"""
Community ID, version 1: one text for both directions of a flow, the same in every tool that computes it.

https://github.com/corelight/community-id-spec
"""

import socket
import struct
from binascii import b2a_base64
from functools import lru_cache
from hashlib import sha1
from typing import Final

from shipper.ecs import Ip

WITH_PORTS: Final = frozenset({6, 17, 132})
"""TCP, UDP and SCTP."""

ICMP: Final = frozenset({1, 58})
"""ICMP and ICMPv6, whose type and code stand in for ports."""

_WITHOUT_PORTS: Final = frozenset(range(256)) - WITH_PORTS - ICMP
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
        The id, or None where the flow does not determine one: ICMP without type and code, ports unknown, numbers that
        no packet can hold.
    """
    one, other = _packed(source), _packed(destination)
    if protocol in WITH_PORTS:
        if source_port is None or destination_port is None:
            return None
        if one > other or (one == other and source_port > destination_port):
            one, other, source_port, destination_port = other, one, destination_port, source_port
        try:
            tail = _tail_with_ports(protocol, source_port, destination_port)
        except struct.error:
            return None
    elif protocol in _WITHOUT_PORTS:
        if one > other:
            one, other = other, one
        tail = bytes((protocol, 0))
    else:
        return None
    digest = sha1(_SEED + one + other + tail, usedforsecurity=False).digest()
    return "1:" + b2a_base64(digest, newline=False).decode()
