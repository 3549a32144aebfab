"""Community IDs are those of the published test vectors, whatever the direction of the flow."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import tried

from shipper.community_id import community_id
from shipper.ecs import Ip

# The baseline that https://github.com/corelight/community-id-spec publishes, seed 0.
VECTORS = [
    ("128.232.110.120", "66.35.250.204", 6, 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    ("192.168.1.52", "8.8.8.8", 17, 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
    ("192.168.170.8", "192.168.170.56", 132, 7, 80, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ="),
    ("192.168.170.8", "192.168.170.56", 132, 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="),
    (
        "2001:470:e5bf:dead:4957:2174:e82c:4887",
        "2607:f8b0:400c:c03::1a",
        6,
        63943,
        25,
        "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=",
    ),
]


@pytest.mark.parametrize("vector", VECTORS)
def test_vectors(vector: tuple[str, str, int, int, int, str]) -> None:
    """A flow has the published id in both directions."""
    source, destination, protocol, source_port, destination_port, expected = vector
    assert community_id(Ip(source), Ip(destination), protocol, source_port, destination_port) == expected
    assert community_id(Ip(destination), Ip(source), protocol, destination_port, source_port) == expected


def test_protocols_without_ports_need_none() -> None:
    """A flow of a protocol without ports has an id of its addresses alone."""
    one, other = Ip("10.1.24.4"), Ip("10.1.12.1")
    assert community_id(one, other, 47, None, None) == community_id(other, one, 47, 1, 2) is not None
    assert community_id(one, other, 47, None, None) != community_id(one, other, 50, None, None)


@pytest.mark.parametrize(
    ("protocol", "source_port", "destination_port"),
    [(1, 0, 0), (58, 0, 0), (6, None, 80), (17, 53, None), (6, 70_000, 80), (6, 1, -1), (300, 1, 2), (-1, 1, 2)],
)
def test_flows_that_determine_no_id(protocol: int, source_port: int | None, destination_port: int | None) -> None:
    """A flow that cannot be told apart has no id, and numbers that no packet can hold raise nothing."""
    assert community_id(Ip("10.0.0.1"), Ip("10.0.0.2"), protocol, source_port, destination_port) is None


addresses = st.ip_addresses(v=4) | st.ip_addresses(v=6)
ports = st.integers(-1, 1 << 16) | st.none()


@tried
@given(addresses, addresses, st.integers(-1, 256), ports, ports)
def test_both_directions_of_any_flow(source: object, destination: object, protocol: int, one: int, other: int) -> None:
    """Whatever the flow, both directions have the same id, which is a digest of 20 bytes, or none."""
    there = community_id(Ip(str(source)), Ip(str(destination)), protocol, one, other)
    assert there == community_id(Ip(str(destination)), Ip(str(source)), protocol, other, one)
    assert there is None or re.fullmatch(r"1:[A-Za-z0-9+/]{27}=", there)


def test_every_part_of_a_flow_counts() -> None:
    """Flows that differ in one address, one port, or the protocol have different ids."""
    ids = [
        community_id(Ip(f"10.0.0.{source}"), Ip(f"10.0.1.{destination}"), protocol, one, other)
        for source in (1, 2)
        for destination in (1, 2)
        for protocol in (6, 17)
        for one in (1000, 1001)
        for other in (80, 81)
    ]
    assert len(set(ids)) == len(ids)
