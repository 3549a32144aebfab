"""
What GuardDuty's documents add to ECS.

Below `aws.guardduty` stands what a finding says beyond ECS, as the finding is built, under the names that Elastic's
package has for it: those of AWS in snake case, but for `NAMES`. So each field set is made of the part of the finding
that fills it, without what stands under a name of ECS in every case (`IN_ECS`).
"""

import typing
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union

import msgspec
from msgspec import Raw, Struct, field

from shipper import ecs, freeform
from shipper.ecs import Flat
from shipper.sources.aws_guardduty import finding
from shipper.sources.aws_guardduty.finding import MalwareProtectionEvent, Part, Resource, Service

NAMES: Final[Mapping[type[Part], Mapping[str, str]]] = {
    finding.AccessKeyDetails: {"access_key_id": "accesskey_id", "user_type": "user.type"},
    finding.City: {"city_name": "name"},
    finding.Container: {"image": "image.value", "image_prefix": "image.prefix"},
    finding.Country: {"country_code": "code", "country_name": "name"},
    finding.EbsVolumeScanDetails: {
        "scan_completed_at": "scan.completed_at",
        "scan_detections": "scan.detections",
        "scan_id": "scan.id",
        "scan_started_at": "scan.started_at",
        "scan_type": "scan.type",
    },
    finding.EcsTaskDetails: {"definition_arn": "definitionarn"},
    finding.EksClusterDetails: {"vpc_id": "vpcid"},
    finding.InstanceDetails: {
        "iam_instance_profile": "iaminstance_profile",
        "image_description": "image.description",
        "image_id": "image.id",
        "instance_state": "instance.state",
    },
    finding.KubernetesUserDetails: {"username": "user_name"},
    finding.KubernetesWorkloadDetails: {"namespace": "name_space"},
    finding.NetworkInterface: {
        "private_dns_name": "private.dns_name",
        "private_ip_address": "private.ip_address",
        "private_ip_addresses": "private.ip_addresses",
        "public_dns_name": "public.dns_name",
        "public_ip": "public.ip",
    },
    finding.Organization: {"asn_org": "asnorg"},
    finding.PortDetails: {"port": "port.value", "port_name": "port.name"},
    finding.PrivateIpAddress: {"private_dns_name": "private.dns_name", "private_ip_address": "private.ip_address"},
    finding.ProductCode: {"product_code_id": "product_code.id", "product_code_type": "product_code.type"},
    finding.RdsDbInstanceDetails: {
        "db_cluster_identifier": "cluster_identifier",
        "db_instance_arn": "instance_arn",
        "db_instance_identifier": "instance_identifier",
    },
    finding.Resource: {
        "rds_db_instance_details": "rdsdb_instance_details",
        "rds_db_user_details": "rdsdb_user_details",
        "resource_type": "type",
    },
    finding.ScanFilePath: {"file_name": "file.name", "file_path": "file.path"},
    finding.SecurityGroup: {"group_id": "group.id", "group_name": "group.name"},
    finding.ServerSideEncryption: {"kms_master_key_arn": "kms_masterkey_arn"},
    finding.ThreatIntelligenceDetail: {
        "threat_file_sha256": "threat.file_sha256",
        "threat_list_name": "threat.list_name",
        "threat_names": "threat.names",
    },
    finding.VolumeDetail: {
        "kms_key_arn": "kmskey_arn",
        "volume_arn": "volume.arn",
        "volume_size_in_gb": "volume.size_in_gb",
        "volume_type": "volume.type",
    },
}
"""By part and field: the name below `aws.guardduty` where it is not that of AWS; a dot makes an object of its own."""

_REMOTE: Final = (
    "city",
    "country",
    "geo_location",
    "ip_address_v4",
    "ip_address_v6",
    "organization.asn",
    "organization.asn_org",
)

IN_ECS: Final = frozenset(
    {
        "access_key_details.principal_id",
        "access_key_details.user_name",
        "instance_details.availability_zone",
        "instance_details.instance_id",
        "instance_details.instance_type",
        "instance_details.platform",
        "lambda_details.function_arn",
        "lambda_details.function_name",
        "lambda_details.function_version",
        "action.action_type",
        "action.aws_api_call_action.domain_details",
        "action.aws_api_call_action.service_name",
        "action.aws_api_call_action.user_agent",
        "action.dns_request_action.domain",
        "action.dns_request_action.domain_with_suffix",
        "action.dns_request_action.protocol",
        "action.kubernetes_api_call_action.request_uri",
        "action.kubernetes_api_call_action.source_ips_in_camel_case",
        "action.kubernetes_api_call_action.status_code",
        "action.kubernetes_api_call_action.user_agent",
        "action.network_connection_action.connection_direction",
        "action.network_connection_action.local_ip_details",
        "action.network_connection_action.local_port_details.port",
        "action.network_connection_action.protocol",
        "action.network_connection_action.remote_port_details.port",
        "action.rds_login_attempt_action.login_attributes_in_pascal_case",
        "event_first_seen",
        "event_time",
        "event_last_seen",
        "schema_version",
        "service_name",
    }
    | {
        f"action.{action}.remote_ip_details.{name}"
        for action in (
            "aws_api_call_action",
            "kubernetes_api_call_action",
            "network_connection_action",
            "rds_login_attempt_action",
        )
        for name in _REMOTE
    }
)
"""Fields of resources, services and events that are under a name of ECS, or under their other spelling."""


def _fields_of(part: type[Part], place: str = "") -> Any:
    """
    Make the field set that is filled from a part of a finding.

    Its attributes are those of the part, so that `msgspec.convert` fills it. A free-form member has the attribute
    `flat_<name>` instead, and is filled by hand.

    Args:
        part: of the finding
        place: its path, with a dot behind it
    """
    hints = typing.get_type_hints(part, include_extras=True)
    members: dict[str, list[tuple[str, Any, Any]]] = {"": []}
    for one in msgspec.structs.fields(part):
        path = f"{place}{one.name}"
        if path in IN_ECS:
            continue
        group, _, name = NAMES.get(part, {}).get(one.name, one.name).rpartition(".")
        kind = _written(hints[one.name], path)
        attribute = f"flat_{one.name}" if kind is Flat else one.name
        member = (attribute, kind | None, field(name=name, default=None))
        members.setdefault(group, []).append(member)
    for group, inner in members.items():
        if group:
            kind = _field_set(f"{part.__name__}{group.title()}", inner)
            members[""].append((f"group_{group}", kind | None, field(name=group, default=None)))
    return _field_set(part.__name__, members[""])


def _field_set(name: str, members: list[tuple[str, Any, Any]]) -> Any:
    return msgspec.defstruct(f"GuardDuty{name}", members, bases=(ecs.FieldSet,), module=__name__)


def _written(kind: Any, path: str) -> Any:
    """Give the type of a field of documents, from the type that AWS writes."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, UnionType):
        return _written(next(one for one in arguments if one is not NoneType), path)
    if kind is Raw:
        return Flat
    if origin is Annotated:
        return kind if kind == ecs.LongText else arguments[0]
    if origin is list:
        return tuple[_written(arguments[0], path), ...]  # type: ignore[misc] # a value
    return _fields_of(kind, f"{path}.") if isinstance(kind, type) and issubclass(kind, Part) else kind


ResourceFields: Final = _fields_of(Resource)
ServiceFields: Final = _fields_of(Service)
MalwareProtectionFields: Final = _fields_of(MalwareProtectionEvent)


class Severity(ecs.FieldSet):
    """Of which `event.severity` is the whole part."""

    code: float | None = None
    value: str | None = None


class GuardDuty(ecs.FieldSet):
    """
    `aws.guardduty`.

    `resources` are ARNs that an event is about: of the plans of Malware Protection. `detail` is what an event of a kind
    has that we do not know.
    """

    arn: str | None = None
    associated_attack_sequence_arn: str | None = None
    confidence: float | None = None
    custom_detection_rule_name: str | None = None
    detail: Flat | None = None
    malware_protection: MalwareProtectionFields | Raw | None = None  # type: ignore[valid-type] # made above
    partition: str | None = None
    resource: ResourceFields | Raw | None = None  # type: ignore[valid-type] # made above
    resources: tuple[str, ...] = ()
    schema_version: str | None = None
    service: ServiceFields | Raw | None = None  # type: ignore[valid-type] # made above
    severity: Severity | None = None
    title: str | None = None


class Aws(ecs.Aws, kw_only=True):
    guardduty: GuardDuty | None = None


class Endpoint(ecs.Endpoint, kw_only=True):
    """One side of a connection, as the finding knows it."""

    autonomous_system: ecs.As | None = field(name="as", default=None)
    domain: str | None = None
    geo: ecs.Geo | None = None


class GuardDutyDocument(ecs.Document, kw_only=True):
    aws: Aws
    container: ecs.Container | None = None
    destination: Endpoint | None = None
    dns: ecs.Dns | None = None
    faas: ecs.Faas | None = None
    file: ecs.File | None = None
    host: ecs.Host | None = None
    http: ecs.Http | None = None
    message: ecs.Text | None = None
    network: ecs.Network | None = None
    orchestrator: ecs.Orchestrator | None = None
    process: ecs.Process | None = None
    rule: ecs.Rule | None = None
    source: Endpoint | None = None
    threat: ecs.Threat | None = None
    url: ecs.Url | None = None
    user: ecs.User | None = None
    user_agent: ecs.UserAgent | None = None


_NOTHING: Final = (b"", b"{}", b"null")


class Names(Struct, kw_only=True, gc=False):
    """All that a document can be found by, whatever its role is; with gaps."""

    addresses: tuple[ecs.Ip | None, ...] = ()
    hashes: tuple[str | None, ...] = ()
    hosts: tuple[str | None, ...] = ()
    users: tuple[str | None, ...] = ()


class Unfit(Struct, kw_only=True, gc=False):
    """Values that do not fit: what cannot be read, and whether something free-form was cut."""

    unread: tuple[ecs.Unparsed, ...] = ()
    is_cut: bool = False

    def flat(self, part: Raw) -> Flat | None:
        """Give a free-form member as a flat object; most are empty."""
        if bytes(part) in _NOTHING:
            return None
        read = freeform.read(part)
        self.is_cut |= read.cut
        return read.flat


# -- filling them ------------------------------------------------------------------------------------------------------

_EMPTY: Final[tuple[Any, ...]] = (None, "", "-", {}, [])
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(float_hook=Raw).decode


def filled(part: Part, kind: type[ecs.FieldSet]) -> Any:
    """Fill a field set from the part that it was made of, but for what is free-form."""
    return msgspec.convert(part, kind, from_attributes=True)


def encoded(fields: ecs.FieldSet) -> Raw | None:
    """
    Encode a field set without whatever has no value; None if nothing is left.

    Most have no empty member, and that is told from the bytes.
    """
    body = _encode(fields)
    if b'""' in body or b"{}" in body or b"[]" in body or b'"-"' in body:
        body = _encode(_without_empty(_decode(body)))
    return None if body == b"{}" else Raw(body)


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        members = [(name, _without_empty(member)) for name, member in value.items()]
        return {name: member for name, member in members if member not in _EMPTY}
    if isinstance(value, list):
        return [item for item in map(_without_empty, value) if item not in _EMPTY]
    return value


def hashed(value: str | None) -> ecs.Hash | None:
    """Tell the kind of a hash by its length."""
    match len(value or ""):
        case 32:
            return ecs.Hash(md5=value)
        case 40:
            return ecs.Hash(sha1=value)
        case 64:
            return ecs.Hash(sha256=value)
    return None


def file(path: str | None, name: str | None = None, value: str | None = None) -> ecs.File | None:
    """Describe a file; without a name of its own, the last part of its path is one."""
    path = ecs.given(path)
    name = ecs.given(name) or (path.rpartition("/")[2] or None if path else None)
    return ecs.some(ecs.File(hash=hashed(value), name=name, path=path))
