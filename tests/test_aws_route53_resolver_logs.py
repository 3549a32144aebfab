"""What Resolver query logs need beside the contract of all sources."""

import ipaddress
import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import tried
from reading import Indexed, read

from shipper import dns
from shipper.sources import aws_route53_resolver_logs as logs

KEY: Final = (
    "AWSLogs/111122223333/vpcdnsquerylogs/vpc-0a1b2c3d/2026/02/03/"
    "vpc-0a1b2c3d_vpcdnsquerylogs_111122223333_20260203T1015Z_0a1b2c3d.log.gz"
)


def body(**members: Any) -> Any:
    """Give the document of a query."""
    (one,) = read(logs.source, KEY, [json.dumps({"query_timestamp": "2026-02-03T10:11:12Z", **members}).encode()])
    assert isinstance(one, Indexed)
    return json.loads(one.body)


@tried
@given(st.ip_addresses())
def test_reverse_names_give_their_addresses(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """Every address is found again in its reverse name, in whatever case that is written."""
    for name in (address.reverse_pointer, address.reverse_pointer.upper()):
        found = dns.reversed_address(name)
        assert found is not None
        assert ipaddress.ip_address(found) == address


@tried
@given(st.text("0123456789abg.:-", max_size=80), st.sampled_from([".in-addr.arpa", ".ip6.arpa", ".arpa", ""]))
def test_other_names_give_no_address(labels: str, zone: str) -> None:
    """What is no reverse name of an address gives none, and nothing raises."""
    found = dns.reversed_address(labels + zone)
    if found is not None:
        assert ipaddress.ip_address(found).reverse_pointer == labels + zone


@pytest.mark.parametrize(
    ("cache", "members"),
    [
        (dns._known_question, {"query_name": "a" * dns.NAME_BYTES + "."}),  # noqa: SLF001 -- seen nowhere else
        (logs._known_answer, {"answers": [{"Rdata": "1" * (dns.NAME_BYTES + 1), "Type": "A"}]}),  # noqa: SLF001
    ],
)
def test_long_texts_are_not_kept(cache: Any, members: dict[str, Any]) -> None:
    """What is remembered is bounded in bytes, not only in number: others decide what is asked for and answered."""
    cache.cache_clear()
    fields = body(**members)["dns"]
    assert fields.get("question", {}).get("name", "a" * dns.NAME_BYTES) == "a" * dns.NAME_BYTES
    assert [one["data"] for one in fields.get("answers", [])] == [one["Rdata"] for one in members.get("answers", [])]
    assert cache.cache_info().currsize == ("answers" in members and cache is dns._known_question)  # noqa: SLF001
