"""
What GuardDuty's documents add to ECS.

Below `aws.guardduty` stands what a finding says beyond ECS, as the finding is built, under the names that Elastic's
package has for it: those of AWS in snake case, but for `NAMES`. So each field set is mirrored from the part of the
finding that fills it, without what stands under a name of ECS in every case (`IN_ECS`).
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Raw, Struct, field

from shipper import ecs
from shipper.ecs import Flat
from shipper.mirrored import Mirror, Part
from shipper.sources.aws_guardduty import finding
from shipper.sources.aws_guardduty.finding import MalwareProtectionEvent, Resource, Service

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


_mirror: Final = Mirror(module=__name__, prefix="GuardDuty", names=NAMES, in_ecs=IN_ECS)
ResourceFields: Final = _mirror.of(Resource)
ServiceFields: Final = _mirror.of(Service)
MalwareProtectionFields: Final = _mirror.of(MalwareProtectionEvent)


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


class Names(Struct, kw_only=True, gc=False):
    """All that a document can be found by, whatever its role is; with gaps."""

    addresses: tuple[ecs.Ip | None, ...] = ()
    hashes: tuple[str | None, ...] = ()
    hosts: tuple[str | None, ...] = ()
    users: tuple[str | None, ...] = ()
