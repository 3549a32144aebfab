"""
VPC flow logs as rules for firewalls call them, and by the names in their header.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
"""

from typing import Final

from shipper.sigma.logsource import LogSource, Spelling

_OURS: Final = "aws.vpcflow"

_ACTIONS: Final = {
    **dict.fromkeys(("ALLOW", "ALLOWED", "FORWARD", "PASS", "PERMIT"), "ACCEPT"),
    **dict.fromkeys(("BLOCK", "BLOCKED", "DENIED", "DENY", "DROP"), "REJECT"),
}
"""What other firewalls call the two."""

_PARTS: Final = 4
"""Of an address of version 4."""


def _network(parts: int) -> Spelling:
    """Make a network of the first parts of an address: a field of type `ip` cannot be asked for a beginning."""
    zeros = ".0" * (_PARTS - parts)
    return Spelling(
        names=("pkt-dstaddr", "pkt-srcaddr"),
        transformation={
            "type": "replace_string",
            "regex": rf"^(\d+(?:\.\d+){{{parts - 1}}})\.\*$",
            "replacement": rf"\g<1>{zeros}/{8 * parts}",
        },
    )


VPCFLOW: Final = LogSource(
    name="vpcflow",
    # Rules are published under either name.
    rules=(
        {"category": "firewall"},
        {"product": "aws", "service": "vpcflow"},
        {"product": "aws", "service": "vpcflowlogs"},
    ),
    datasets=("aws.vpcflow",),
    fields={
        "account-id": "cloud.account.id",
        "action": "event.action",
        "az-id": "cloud.availability_zone",
        "bytes": "network.bytes",
        "dst_port": "destination.port",
        "dstport": "destination.port",
        "end": "event.end",
        "flow-direction": "network.direction",
        "instance-id": f"{_OURS}.instance_id",
        "interface-id": f"{_OURS}.interface_id",
        "log-status": f"{_OURS}.log_status",
        "packets": "network.packets",
        "pkt-dst-aws-service": f"{_OURS}.pkt_dst_service",
        "pkt-dstaddr": f"{_OURS}.pkt_dstaddr",
        "pkt-src-aws-service": f"{_OURS}.pkt_src_service",
        "pkt-srcaddr": f"{_OURS}.pkt_srcaddr",
        "protocol": "network.iana_number",
        "region": "cloud.region",
        "reject-reason": "event.reason",
        "src_port": "source.port",
        "srcport": "source.port",
        "start": "event.start",
        "sublocation-id": f"{_OURS}.sublocation.id",
        "sublocation-type": f"{_OURS}.sublocation.type",
        "subnet-id": f"{_OURS}.subnet_id",
        "tcp-flags": f"{_OURS}.tcp_flags",
        "traffic-path": f"{_OURS}.traffic_path",
        "type": f"{_OURS}.type",
        "version": f"{_OURS}.version",
        "vpc-id": f"{_OURS}.vpc_id",
    },
    spellings=(
        # Other firewalls write it in small letters, and have words of their own.
        Spelling(names=("action",), transformation={"type": "case", "method": "upper"}),
        Spelling(names=("action",), transformation={"type": "map_string", "mapping": _ACTIONS}),
        *map(_network, range(1, _PARTS)),
    ),
    addresses={"dst_ip": "destination", "dstaddr": "destination", "src_ip": "source", "srcaddr": "source"},
)
