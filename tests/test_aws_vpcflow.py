"""What flow logs need beside the contract of all sources."""

import json
from typing import Final

import pytest
from reading import Indexed, read

from shipper.sources import aws_vpcflow

PLACE: Final = "AWSLogs/111122223333/vpcflowlogs/eu-west-3/2026/02/03"
KEY: Final = f"{PLACE}/111122223333_vpcflowlogs_eu-west-3_fl-1_20260203T1005Z_a.log.gz"


@pytest.mark.parametrize(
    ("header", "line", "fields"),
    [
        ("start end", "1770109500 1770109560", None),
        ("start vpc-id", "1770109500 vpc-1", {"vpc_id": "vpc-1"}),
        ("pkt-dst-aws-service start action", "S3 1770109500 ACCEPT", {"pkt_dst_service": "S3", "action": "ACCEPT"}),
        ("action start pkt-srcaddr", "ACCEPT 1770109500 10.0.0.1", {"action": "ACCEPT", "pkt_srcaddr": "10.0.0.1"}),
        ("sublocation-id start type", "s-1 1770109500 IPv4", {"sublocation": {"id": "s-1"}, "type": "IPv4"}),
        ("tcp-flags start", "3 1770109500", {"tcp_flags": "3", "tcp_flags_array": ["fin", "syn"]}),
        ("vpc-id start type", "- 1770109500 -", None),
    ],
)
def test_any_layout_fills_its_own_fields(header: str, line: str, fields: dict[str, object] | None) -> None:
    """What is compiled for a layout takes each column over under its own name, however few there are."""
    (one,) = read(aws_vpcflow.source, KEY, [f"{header}\n{line}\n".encode()])
    assert isinstance(one, Indexed)
    assert json.loads(one.body)["aws"].get("vpcflow") == fields


def test_community_id_is_left_out_if_so_set() -> None:
    """A quarter of a flow's index is for those who look for it; all else of the document stays."""
    body = b"2 111122223333 eni-1 10.0.0.1 10.0.0.2 1024 443 6 10 840 1770109500 1770109560 ACCEPT OK\n"
    documents = []
    for wanted in (True, False):
        (one,) = read(aws_vpcflow.configured(aws_vpcflow.FlowSettings(community_id=wanted)), KEY, [body])
        assert isinstance(one, Indexed)
        documents.append(json.loads(one.body))
    with_it, without = documents
    assert with_it["network"].pop("community_id").startswith("1:")
    assert without == with_it
