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
