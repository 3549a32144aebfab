"""
What Security Hub's documents add to ECS.

Below `aws.securityhub_findings` stands what a finding says beyond ECS, under the names that Elastic's package has for
it: those of AWS in snake case, but for `NAMES`. Resources keep the names of AWS, as they do there.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Raw, field

from shipper import ecs
from shipper.mirrored import Mirror, Part
from shipper.sources.aws_securityhub_findings import finding
from shipper.sources.aws_securityhub_findings.ocsf import OcsfFinding

NAMES: Final[Mapping[type[Part], Mapping[str, str]]] = {
    finding.Action: {
        "aws_api_call_action": "aws_api_call",
        "dns_request_action": "dns_request",
        "network_connection_action": "network_connection",
        "port_probe_action": "port_probe",
    },
    finding.AwsApiCallAction: {"caller_type": "caller.type", "remote_ip_details": "remote_ip"},
    finding.City: {"city_name": "name"},
    finding.Country: {"country_code": "code", "country_name": "name"},
    finding.Finding: {
        "company_name": "company.name",
        "finding_provider_fields": "provider_fields",
        "generator_details": "generator.details",
        "generator_id": "generator.id",
        "product_arn": "product.arn",
        "product_fields": "product.fields",
        "product_name": "product.name",
        "schema_version": "schema.version",
    },
    finding.GeoLocation: {"lat": "latitude", "lon": "longitude"},
    finding.LocalIpDetails: {"ip_address_v4": "address_v4"},
    finding.Network: {
        "destination_domain": "destination.domain",
        "destination_ip_v4": "destination.ip.v4",
        "destination_ip_v6": "destination.ip.v6",
        "destination_port": "destination.port",
        "source_domain": "source.domain",
        "source_ip_v4": "source.ip.v4",
        "source_ip_v6": "source.ip.v6",
        "source_mac": "source.mac",
        "source_port": "source.port",
    },
    finding.NetworkConnectionAction: {
        "local_port_details": "local.port",
        "remote_ip_details": "remote_ip",
        "remote_port_details": "remote.port",
    },
    finding.NetworkPathComponent: {"component_id": "component.id", "component_type": "component.type"},
    finding.Organization: {
        "asn_org": "asn_organization",
        "isp": "internet_service_provider",
        "org": "internet_provider",
    },
    finding.PatchSummary: {
        "failed_count": "failed.count",
        "installed_count": "installed.count",
        "installed_other_count": "installed.other.count",
        "installed_pending_reboot": "installed.pending_reboot",
        "installed_rejected_count": "installed.rejected.count",
        "missing_count": "missing.count",
        "operation": "operation.type",
        "operation_end_time": "operation.end_time",
        "operation_start_time": "operation.start_time",
    },
    finding.PortDetails: {"port": "number", "port_name": "name"},
    finding.PortProbeAction: {"port_probe_details": "details"},
    finding.PortProbeDetail: {
        "local_ip_details": "local.ip",
        "local_port_details": "local.port",
        "remote_ip_details": "remote_ip",
    },
    finding.RelatedFinding: {"product_arn": "product.arn"},
    finding.RemoteIpDetails: {"geo_location": "geolocation", "ip_address_v4": "ip.address_v4"},
    finding.Resource: {
        "application_arn": "ApplicationArn",
        "application_name": "ApplicationName",
        "data_classification": "DataClassification",
        "details": "Details",
        "id": "Id",
        "owner": "Owner",
        "partition": "Partition",
        "provider": "Provider",
        "region": "Region",
        "resource_role": "ResourceRole",
        "tags": "Tags",
        "type": "Type",
    },
    finding.ResourceOwner: {"account": "Account", "org": "Org"},
    finding.ResourceOwnerAccount: {"id": "Id"},
    finding.ResourceOwnerOrg: {"id": "Id"},
    finding.Vendor: {
        "vendor_created_at": "created_at",
        "vendor_severity": "severity",
        "vendor_updated_at": "updated_at",
    },
}
"""By part and field: the name below `aws.securityhub_findings` where it is not that of AWS in snake case."""

_REMOTE: Final = ("city", "country", "geo_location", "ip_address_v4", "organization.asn", "organization.asn_org")

IN_ECS: Final = frozenset(
    {
        "action.action_type",
        "action.aws_api_call_action.domain_details",
        "action.aws_api_call_action.service_name",
        "action.dns_request_action.domain",
        "action.dns_request_action.protocol",
        "action.network_connection_action.connection_direction",
        "action.network_connection_action.local_port_details.port",
        "action.network_connection_action.protocol",
        "action.network_connection_action.remote_port_details.port",
        "aws_account_id",
        "aws_account_name",
        "created_at",
        "description",
        "first_observed_at",
        "id",
        "last_observed_at",
        "process",
        "region",
        "resources",
        "source_url",
        "updated_at",
        "workflow",
        "workflow_state",
    }
    | {
        f"action.{action}.remote_ip_details.{name}"
        for action in ("aws_api_call_action", "network_connection_action")
        for name in _REMOTE
    }
)
"""Fields of findings that are under a name of ECS, and those that `SecurityHubFindings` declares itself."""

IN_BOTH: Final = frozenset(
    {
        "cloud.account.name",
        "cloud.account.uid",
        "cloud.region",
        "compliance.control",
        "compliance.control_parameters",
        "compliance.requirements",
        "compliance.standards",
        "compliance.status",
        "finding_info.desc",
        "finding_info.src_url",
        "finding_info.title",
        "finding_info.types",
        "finding_info.uid",
        "metadata.product.name",
        "metadata.product.uid",
        "metadata.product.vendor_name",
        "remediation.desc",
        "severity",
        "status",
        "time",
        "time_dt",
    }
    | {
        f"finding_info.{name}_time{form}"
        for name in ("created", "first_seen", "last_seen", "modified")
        for form in ("", "_dt")
    }
)
"""Fields of OCSF's findings that the other format has too, so that they are where it has them."""

_mirror: Final = Mirror(module=__name__, prefix="SecurityHub", names=NAMES, in_ecs=IN_ECS)
_FindingFields: Final = _mirror.of(finding.Finding)
ResourceFields: Final = _mirror.of(finding.Resource, "resources.")
OcsfFields: Final = Mirror(module=__name__, prefix="Ocsf", names={}, in_ecs=IN_BOTH).of(OcsfFinding)


class Workflow(ecs.FieldSet):
    """What people made of it; the state is what older findings have in the place of the status."""

    state: str | None = None
    status: str | None = None


class CustomAction(ecs.FieldSet):
    """What somebody sent it with from the console."""

    description: str | None = None
    name: str | None = None


class InsightResult(ecs.FieldSet):
    """How many findings there are with one value of that by which the insight groups them."""

    count: int | None = None
    name: str | None = None


class Insight(ecs.FieldSet):
    """What somebody sent with a custom action, in the place of findings."""

    arn: str | None = None
    name: str | None = None
    number_of_results: int | None = None
    result_type: str | None = None
    results: tuple[InsightResult, ...] = ()


class SecurityHubFindings(_FindingFields):  # type: ignore[misc, valid-type] # made above
    """`aws.securityhub_findings`; the detail type is that of the event the finding came in."""

    custom_action: CustomAction | None = None
    detail_type: str | None = None
    insight: Insight | None = None
    ocsf: OcsfFields | Raw | None = None  # type: ignore[valid-type] # made above
    read_resources: tuple[ResourceFields, ...] | Raw | None = field(name="resources", default=None)  # type: ignore[valid-type] # made above
    workflow: Workflow | None = None


for _name in ("custom_action", "detail_type", "insight", "ocsf", "read_resources"):
    setattr(finding.Finding, _name, None)  # what a part does not have is dear to look for


class Aws(ecs.Aws, kw_only=True):
    securityhub_findings: SecurityHubFindings | Raw | None = None


class Endpoint(ecs.Endpoint, kw_only=True):
    """One side of a connection, as the finding knows it."""

    autonomous_system: ecs.As | None = field(name="as", default=None)
    geo: ecs.Geo | None = None
    mac: str | None = None


class SecurityHubDocument(ecs.Document, kw_only=True):
    aws: Aws
    container: ecs.Container | None = None
    destination: Endpoint | None = None
    dns: ecs.Dns | None = None
    faas: ecs.Faas | None = None
    file: ecs.File | None = None
    host: ecs.Host | None = None
    message: ecs.Text | None = None
    network: ecs.Network | None = None
    observer: ecs.Observer | None = None
    orchestrator: ecs.Orchestrator | None = None
    package: ecs.Package | None = None
    process: ecs.Process | None = None
    rule: ecs.Rule | None = None
    source: Endpoint | None = None
    threat: ecs.Threat | None = None
    url: ecs.Url | None = None
    user: ecs.User | None = None
    vulnerability: ecs.Vulnerability | None = None
