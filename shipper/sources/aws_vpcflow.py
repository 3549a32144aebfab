"""
Amazon VPC flow logs and transit gateway flow logs.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from shipper import ecs
from shipper.community_id import community_id
from shipper.formats import ByMagic, Parquet, Row, Table
from shipper.marks import Marks
from shipper.source import Origin, Source, SourceSettings

# -- what AWS writes ---------------------------------------------------------------------------------------------------


class FlowRow(Row, rename="kebab"):
    """Every column of versions 2 to 10; a log has any of them in any order, as its header says."""

    version: str | None = None
    account_id: str | None = None
    interface_id: str | None = None
    srcaddr: str | None = None
    dstaddr: str | None = None
    srcport: int | None = None
    dstport: int | None = None
    protocol: int | None = None
    packets: int | None = None
    bytes: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    action: str | None = None
    log_status: str | None = None
    # version 3
    vpc_id: str | None = None
    subnet_id: str | None = None
    instance_id: str | None = None
    tcp_flags: int | None = None
    type: str | None = None
    pkt_srcaddr: str | None = None
    pkt_dstaddr: str | None = None
    # version 4
    region: str | None = None
    az_id: str | None = None
    sublocation_type: str | None = None
    sublocation_id: str | None = None
    # version 5
    pkt_src_aws_service: str | None = None
    pkt_dst_aws_service: str | None = None
    flow_direction: str | None = None
    traffic_path: str | None = None
    # version 6: transit gateways
    resource_type: str | None = None
    tgw_id: str | None = None
    tgw_attachment_id: str | None = None
    tgw_src_vpc_account_id: str | None = None
    tgw_dst_vpc_account_id: str | None = None
    tgw_src_vpc_id: str | None = None
    tgw_dst_vpc_id: str | None = None
    tgw_src_subnet_id: str | None = None
    tgw_dst_subnet_id: str | None = None
    tgw_src_eni: str | None = None
    tgw_dst_eni: str | None = None
    tgw_src_az_id: str | None = None
    tgw_dst_az_id: str | None = None
    tgw_pair_attachment_id: str | None = None
    packets_lost_no_route: int | None = None
    packets_lost_blackhole: int | None = None
    packets_lost_mtu_exceeded: int | None = None
    packets_lost_ttl_expired: int | None = None
    # version 7
    ecs_cluster_arn: str | None = None
    ecs_cluster_name: str | None = None
    ecs_container_instance_arn: str | None = None
    ecs_container_instance_id: str | None = None
    ecs_container_id: str | None = None
    ecs_second_container_id: str | None = None
    ecs_service_name: str | None = None
    ecs_task_definition_arn: str | None = None
    ecs_task_arn: str | None = None
    ecs_task_id: str | None = None
    # versions 8, 9 and 10
    reject_reason: str | None = None
    resource_id: str | None = None
    encryption_status: str | None = None


DEFAULT: Final = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
)
"""Columns of the default VPC format."""

TRANSIT_GATEWAY: Final = (
    "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id "
    "tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id "
    "tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status "
    "type packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags "
    "region flow-direction pkt-src-aws-service pkt-dst-aws-service"
)
"""Columns of the default transit gateway format."""


# -- what the user sets ------------------------------------------------------------------------------------------------


class FlowSettings(SourceSettings, frozen=True, kw_only=True):
    """VPC and transit gateway flow logs (aws.vpcflow)."""

    community_id: Annotated[
        bool,
        Meta(
            description="Whether documents have `network.community_id`, by which flows are found again in the logs of "
            "Zeek and Suricata. It takes a quarter of the index."
        ),
    ] = True


# -- what we add to ECS ------------------------------------------------------------------------------------------------


class Sublocation(ecs.FieldSet):
    type: str | None = None
    id: str | None = None


class VpcFlow(ecs.FieldSet):
    account_id: str | None = None
    action: str | None = None
    ecs_container_id: str | None = None
    ecs_second_container_id: str | None = None
    ecs_task_arn: str | None = None
    ecs_task_definition_arn: str | None = None
    ecs_task_id: str | None = None
    encryption_status: str | None = None
    instance_id: str | None = None
    interface_id: str | None = None
    log_status: str | None = None
    packets_lost_blackhole: int | None = None
    packets_lost_mtu_exceeded: int | None = None
    packets_lost_no_route: int | None = None
    packets_lost_ttl_expired: int | None = None
    pkt_dst_service: str | None = None
    pkt_dstaddr: ecs.Ip | None = None
    pkt_src_service: str | None = None
    pkt_srcaddr: ecs.Ip | None = None
    resource_id: str | None = None
    resource_type: str | None = None
    sublocation: Sublocation | None = None
    subnet_id: str | None = None
    tcp_flags: str | None = None
    tcp_flags_array: tuple[str, ...] = ()
    tgw_attachment_id: str | None = None
    tgw_dst_az_id: str | None = None
    tgw_dst_eni: str | None = None
    tgw_dst_subnet_id: str | None = None
    tgw_dst_vpc_account_id: str | None = None
    tgw_dst_vpc_id: str | None = None
    tgw_id: str | None = None
    tgw_pair_attachment_id: str | None = None
    tgw_src_az_id: str | None = None
    tgw_src_eni: str | None = None
    tgw_src_subnet_id: str | None = None
    tgw_src_vpc_account_id: str | None = None
    tgw_src_vpc_id: str | None = None
    traffic_path: str | None = None
    type: str | None = None
    version: str | None = None
    vpc_id: str | None = None


class Aws(ecs.Aws, kw_only=True):
    vpcflow: VpcFlow | None = None


class FlowDocument(ecs.Document, kw_only=True):
    aws: Aws
    destination: ecs.Endpoint | None = None
    network: ecs.Network | None = None
    orchestrator: ecs.Orchestrator | None = None
    service: ecs.Service | None = None
    source: ecs.Endpoint | None = None


# -- how one becomes the other -----------------------------------------------------------------------------------------

TRANSPORTS: Final = {
    0: "hopopt",
    1: "icmp",
    2: "igmp",
    6: "tcp",
    8: "egp",
    17: "udp",
    41: "ipv6",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "ipv6-icmp",
    89: "ospf",
    112: "vrrp",
    132: "sctp",
}
"""Keywords of https://www.iana.org/assignments/protocol-numbers, in lower case."""

_OUTCOMES: Final = {
    "ACCEPT": ("success", ("connection", "allowed")),
    "REJECT": ("failure", ("connection", "denied")),
}
_RENAMED: Final = {"pkt_dst_service": "pkt_dst_aws_service", "pkt_src_service": "pkt_src_aws_service"}
_READ: Final = frozenset({"pkt_dstaddr", "pkt_srcaddr", "sublocation", "tcp_flags", "tcp_flags_array"})
"""Fields of `VpcFlow` that take more than a copy."""
_NO_OUTCOME: Final = (None, ("connection",))
_FLAGS: Final = ((1, "fin"), (2, "syn"), (4, "rst"), (8, "psh"), (16, "ack"), (32, "urg"))


@lru_cache(maxsize=256)
def _protocol(number: int) -> tuple[str, str | None]:
    return str(number), TRANSPORTS.get(number)


@lru_cache(maxsize=256)
def _tcp_flags(flags: int) -> tuple[str, tuple[str, ...]]:
    return str(flags), tuple(name for bit, name in _FLAGS if flags & bit)


def document(row: FlowRow, origin: Origin, *, with_community_id: bool = True) -> FlowDocument:
    """
    Map one line. Lines without data (NODATA, SKIPDATA) are documents too: they tell of gaps.

    Args:
        row: the line
        origin: of its object
        with_community_id: see `FlowSettings`

    Raises:
        ValueError: neither the line nor the object's key tells the time
    """
    start, end = row.start, row.end
    timestamp = end or start or origin.time
    if timestamp is None:
        raise ValueError("the log has neither start nor end, and the key has no time")
    source_ip, destination_ip = ecs.ip(row.srcaddr), ecs.ip(row.dstaddr)
    packet_source = ecs.ip(row.pkt_srcaddr) if row.pkt_srcaddr else None
    packet_destination = ecs.ip(row.pkt_dstaddr) if row.pkt_dstaddr else None
    outcome, kind = _OUTCOMES.get(row.action or "", _NO_OUTCOME)
    account = row.account_id
    return FlowDocument(
        timestamp=timestamp,
        cloud=ecs.Cloud(
            account=ecs.CloudAccount(id=account) if account and account != "unknown" else None,
            availability_zone=row.az_id,
            instance=ecs.CloudInstance(id=row.instance_id) if row.instance_id else None,
            region=row.region,
        ),
        event=ecs.Event(
            action=row.action,
            category=("network",),
            duration=int((end - start).total_seconds()) * 1_000_000_000 if start and end else None,
            end=end,
            kind="event",
            outcome=outcome,
            reason=row.reject_reason,
            start=start,
            type=kind,
        ),
        aws=Aws(vpcflow=_flow(row, packet_source, packet_destination)),
        destination=ecs.some(ecs.Endpoint(address=row.dstaddr, ip=destination_ip, port=row.dstport)),
        network=_network(row, source_ip, destination_ip, with_community_id=with_community_id),
        orchestrator=_orchestrator(row),
        related=ecs.related(ip=(source_ip, destination_ip, packet_source, packet_destination)),
        service=ecs.Service(name=row.ecs_service_name) if row.ecs_service_name else None,
        source=ecs.some(
            ecs.Endpoint(address=row.srcaddr, bytes=row.bytes, ip=source_ip, packets=row.packets, port=row.srcport)
        ),
        tags=() if start or end else ("time_from_key",),
    )


@lru_cache(maxsize=64)
def _copying(row: type[FlowRow]) -> tuple[Callable[..., VpcFlow], Callable[[FlowRow], tuple[Any, ...]]]:
    """
    Compile, for the rows of one layout, how the columns are taken over that need nothing but another name.

    Of the four dozen fields a layout has a few. A call with more than 15 keywords makes a dictionary of them first, so
    those of the layout are given by position.

    Returns:
        What makes the field set, the same as `VpcFlow` in another order, and what gives the values of a row for it.
    """
    copied = {name: _RENAMED.get(name, name) for name in VpcFlow.__struct_fields__ if name not in _READ}
    there = {name: column for name, column in copied.items() if column in row.__struct_fields__}
    columns = there if len(there) > 1 else copied  # of a single name `attrgetter` gives no tuple; rows have all names
    first = [(name, Any, None) for name in columns]
    others = [(one.name, Any, one.default) for one in msgspec.structs.fields(VpcFlow) if one.name not in columns]
    make: Any = msgspec.defstruct("VpcFlow", [*first, *others], bases=(ecs.FieldSet,), kw_only=False)
    return make, attrgetter(*columns.values())


def _flow(row: FlowRow, packet_source: ecs.Ip | None, packet_destination: ecs.Ip | None) -> VpcFlow | None:
    make, values = _copying(type(row))
    flow = make(*values(row))
    if row.tcp_flags is not None:
        flow.tcp_flags, flow.tcp_flags_array = _tcp_flags(row.tcp_flags)
    if packet_source:
        flow.pkt_srcaddr = packet_source
    if packet_destination:
        flow.pkt_dstaddr = packet_destination
    if row.sublocation_type or row.sublocation_id:
        flow.sublocation = Sublocation(type=row.sublocation_type, id=row.sublocation_id)
    return ecs.some(flow)


def _network(
    row: FlowRow, source_ip: ecs.Ip | None, destination_ip: ecs.Ip | None, *, with_community_id: bool
) -> ecs.Network | None:
    number, transport = _protocol(row.protocol) if row.protocol is not None else (None, None)
    flow = None
    if with_community_id and source_ip and destination_ip and row.protocol is not None:
        flow = community_id(source_ip, destination_ip, row.protocol, row.srcport, row.dstport)
    address = source_ip or destination_ip
    return ecs.some(
        ecs.Network(
            bytes=row.bytes,
            community_id=flow,
            direction=row.flow_direction,
            iana_number=number,
            packets=row.packets,
            transport=transport,
            type=ecs.ip_version(address),
        )
    )


def _orchestrator(row: FlowRow) -> ecs.Orchestrator | None:
    if not (
        row.ecs_cluster_name or row.ecs_cluster_arn or row.ecs_container_instance_id or row.ecs_container_instance_arn
    ):
        return None
    cluster = resource = None
    if row.ecs_cluster_name or row.ecs_cluster_arn:
        cluster = ecs.OrchestratorCluster(id=row.ecs_cluster_arn, name=row.ecs_cluster_name)
    if row.ecs_container_instance_id or row.ecs_container_instance_arn:
        resource = ecs.OrchestratorResource(id=row.ecs_container_instance_id, name=row.ecs_container_instance_arn)
    return ecs.Orchestrator(cluster=cluster, resource=resource) if cluster or resource else None


def configured(settings: FlowSettings) -> Source[FlowRow, FlowDocument]:
    """Make the source as it is set."""
    if settings.community_id:
        return source

    def lean(row: FlowRow, origin: Origin) -> FlowDocument:
        return document(row, origin, with_community_id=False)

    return replace(source, document=lean)


source = Source(
    dataset="aws.vpcflow",
    key=(
        r"(?:^|/)AWSLogs/(?:aws-account-id=)?(?P<account>\d{12})/(?:(?:aws-)?service=)?vpcflowlogs/"
        r"(?:aws-region=)?(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)/.*_vpcflowlogs_[^/]*_(?P<time>\d{8}T\d{4}Z)_[^/]*\.log"
        r"(?:\.gz|\.parquet)?$"
    ),
    format=ByMagic(
        {b"PAR1": Parquet(FlowRow)}, otherwise=Table(FlowRow, headerless=(DEFAULT.split(), TRANSIT_GATEWAY.split()))
    ),
    marks=Marks(
        columns=("srcaddr", "dstaddr", "interface-id", "log-status", "pkt-srcaddr", "pkt-dstaddr", "tgw-id"),
        line=r"\d+ (?:(?:\d{12}|unknown) eni-[0-9a-f]+|TransitGateway \d{12}) ",
    ),
    document=document,
    configured=configured,
)
