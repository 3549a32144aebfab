"""
What Security Hub CSPM writes: a finding in the AWS Security Finding Format.

https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html
https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Raw

from shipper import ecs, mirrored
from shipper.formats import holds

Address = Annotated[ecs.Ip, Meta(pattern=r"^[0-9A-Fa-f:.]*$")]
"""An address, or an empty string."""

Time = Annotated[datetime, Meta(tz=True)]
"""As text, with a zone."""


class Part(mirrored.Part, rename="pascal"):
    """Base of all parts of a finding."""


class DomainDetails(Part):
    domain: str | None = None


class City(Part):
    city_name: str | None = None


class Country(Part):
    country_code: str | None = None
    country_name: str | None = None


class GeoLocation(Part):
    lat: float | None = None
    lon: float | None = None


class Organization(Part):
    asn: int | None = None
    asn_org: str | None = None
    isp: str | None = None
    org: str | None = None


class RemoteIpDetails(Part):
    city: City | None = None
    country: Country | None = None
    geo_location: GeoLocation | None = None
    ip_address_v4: Address | None = None
    organization: Organization | None = None


class AwsApiCallAction(Part):
    affected_resources: Raw = Raw()
    api: str | None = None
    caller_type: str | None = None
    domain_details: DomainDetails | None = None
    first_seen: Time | None = None
    last_seen: Time | None = None
    remote_ip_details: RemoteIpDetails | None = None
    service_name: str | None = None


class DnsRequestAction(Part):
    blocked: bool | None = None
    domain: str | None = None
    protocol: str | None = None


class PortDetails(Part):
    port: int | None = None
    port_name: str | None = None


class NetworkConnectionAction(Part):
    blocked: bool | None = None
    connection_direction: str | None = None
    local_port_details: PortDetails | None = None
    protocol: str | None = None
    remote_ip_details: RemoteIpDetails | None = None
    remote_port_details: PortDetails | None = None


class LocalIpDetails(Part):
    ip_address_v4: Address | None = None


class PortProbeDetail(Part):
    local_ip_details: LocalIpDetails | None = None
    local_port_details: PortDetails | None = None
    remote_ip_details: RemoteIpDetails | None = None


class PortProbeAction(Part):
    blocked: bool | None = None
    port_probe_details: list[PortProbeDetail] | None = None


class Action(Part):
    action_type: str | None = None
    aws_api_call_action: AwsApiCallAction | None = None
    dns_request_action: DnsRequestAction | None = None
    network_connection_action: NetworkConnectionAction | None = None
    port_probe_action: PortProbeAction | None = None


class AssociatedStandard(Part):
    standards_id: str | None = None


class SecurityControlParameter(Part):
    name: str | None = None
    value: list[str] | None = None


class StatusReason(Part):
    description: str | None = None
    reason_code: str | None = None


class Compliance(Part):
    associated_standards: list[AssociatedStandard] | None = None
    related_requirements: list[str] | None = None
    security_control_id: str | None = None
    security_control_parameters: list[SecurityControlParameter] | None = None
    status: str | None = None
    status_reasons: list[StatusReason] | None = None


class ActorSession(Part):
    created_time: int | None = None
    issuer: str | None = None
    mfa_status: str | None = None
    uid: str | None = None


class UserAccount(Part):
    name: str | None = None
    uid: str | None = None


class ActorUser(Part):
    account: UserAccount | None = None
    credential_uid: str | None = None
    name: str | None = None
    type: str | None = None
    uid: str | None = None


class Actor(Part):
    id: str | None = None
    session: ActorSession | None = None
    user: ActorUser | None = None


class AutonomousSystem(Part):
    name: str | None = None
    number: int | None = None


class EndpointConnection(Part):
    direction: str | None = None


class EndpointLocation(Part):
    city: str | None = None
    country: str | None = None
    lat: float | None = None
    lon: float | None = None


class SequenceEndpoint(Part):
    autonomous_system: AutonomousSystem | None = None
    connection: EndpointConnection | None = None
    domain: str | None = None
    id: str | None = None
    ip: Address | None = None
    location: EndpointLocation | None = None
    port: int | None = None


class Indicator(Part):
    key: str | None = None
    title: str | None = None
    type: str | None = None
    values: list[str] | None = None


class Signal(Part):
    actor_ids: list[str] | None = None
    count: int | None = None
    created_at: int | None = None
    endpoint_ids: list[str] | None = None
    first_seen_at: int | None = None
    id: str | None = None
    last_seen_at: int | None = None
    name: str | None = None
    product_arn: str | None = None
    resource_ids: list[str] | None = None
    severity: float | None = None
    signal_indicators: list[Indicator] | None = None
    title: str | None = None
    type: str | None = None
    updated_at: int | None = None


class Sequence(Part):
    actors: list[Actor] | None = None
    endpoints: list[SequenceEndpoint] | None = None
    sequence_indicators: list[Indicator] | None = None
    signals: list[Signal] | None = None
    uid: str | None = None


class Detection(Part):
    sequence: Sequence | None = None


class RelatedFinding(Part):
    id: str | None = None
    product_arn: str | None = None


class Severity(Part):
    label: str | None = None
    normalized: int | None = None
    original: str | None = None
    product: float | None = None


class ProviderFields(Part):
    confidence: int | None = None
    criticality: int | None = None
    related_findings: list[RelatedFinding] | None = None
    severity: Severity | None = None
    types: list[str] | None = None


class GeneratorDetails(Part):
    description: str | None = None
    labels: list[str] | None = None
    name: str | None = None


class Malware(Part):
    name: str | None = None
    path: str | None = None
    state: str | None = None
    type: str | None = None


class PortRange(Part):
    begin: int | None = None
    end: int | None = None


class Network(Part):
    destination_domain: str | None = None
    destination_ip_v4: Address | None = None
    destination_ip_v6: Address | None = None
    destination_port: int | None = None
    direction: str | None = None
    open_port_range: PortRange | None = None
    protocol: str | None = None
    source_domain: str | None = None
    source_ip_v4: Address | None = None
    source_ip_v6: Address | None = None
    source_mac: str | None = None
    source_port: int | None = None


class NetworkPathComponentDetails(Part):
    address: list[str] | None = None
    port_ranges: list[PortRange] | None = None


class NetworkHeader(Part):
    destination: NetworkPathComponentDetails | None = None
    protocol: str | None = None
    source: NetworkPathComponentDetails | None = None


class NetworkPathComponent(Part):
    component_id: str | None = None
    component_type: str | None = None
    egress: NetworkHeader | None = None
    ingress: NetworkHeader | None = None


class Note(Part):
    text: str | None = None
    updated_at: Time | None = None
    updated_by: str | None = None


class PatchSummary(Part):
    failed_count: int | None = None
    id: str | None = None
    installed_count: int | None = None
    installed_other_count: int | None = None
    installed_pending_reboot: int | None = None
    installed_rejected_count: int | None = None
    missing_count: int | None = None
    operation: str | None = None
    operation_end_time: Time | None = None
    operation_start_time: Time | None = None
    reboot_option: str | None = None


class ProcessDetails(Part):
    launched_at: Time | None = None
    name: str | None = None
    parent_pid: int | None = None
    path: str | None = None
    pid: int | None = None
    terminated_at: Time | None = None


class Recommendation(Part):
    text: str | None = None
    url: str | None = None


class Remediation(Part):
    recommendation: Recommendation | None = None


class ResourceOwnerAccount(Part):
    id: str | None = None


class ResourceOwnerOrg(Part):
    id: str | None = None


class ResourceOwner(Part):
    account: ResourceOwnerAccount | None = None
    org: ResourceOwnerOrg | None = None


class Resource(Part):
    application_arn: str | None = None
    application_name: str | None = None
    data_classification: Raw = Raw()
    details: Raw = Raw()
    id: str | None = None
    owner: ResourceOwner | None = None
    partition: str | None = None
    provider: str | None = None
    region: str | None = None
    resource_role: str | None = None
    tags: Raw = Raw()
    type: str | None = None


class ThreatIntelIndicator(Part):
    category: str | None = None
    last_observed_at: Time | None = None
    source: str | None = None
    source_url: str | None = None
    type: str | None = None
    value: str | None = None


class FilePaths(Part):
    file_name: str | None = None
    file_path: str | None = None
    hash: str | None = None
    resource_id: str | None = None


class Threat(Part):
    file_paths: list[FilePaths] | None = None
    item_count: int | None = None
    name: str | None = None
    severity: str | None = None


class CodePath(Part):
    end_line: int | None = None
    file_name: str | None = None
    file_path: str | None = None
    start_line: int | None = None


class CodeVulnerability(Part):
    cwes: list[str] | None = None
    file_path: CodePath | None = None
    source_arn: str | None = None


class Adjustment(Part):
    metric: str | None = None
    reason: str | None = None


class Cvss(Part):
    adjustments: list[Adjustment] | None = None
    base_score: float | None = None
    base_vector: str | None = None
    source: str | None = None
    version: str | None = None


class Vendor(Part):
    name: str | None = None
    url: str | None = None
    vendor_created_at: Time | None = None
    vendor_severity: str | None = None
    vendor_updated_at: Time | None = None


class Package(Part):
    architecture: str | None = None
    epoch: str | None = None
    file_path: str | None = None
    fixed_in_version: str | None = None
    name: str | None = None
    package_manager: str | None = None
    release: str | None = None
    remediation: str | None = None
    source_layer_arn: str | None = None
    source_layer_hash: str | None = None
    version: str | None = None


class Vulnerability(Part):
    code_vulnerabilities: list[CodeVulnerability] | None = None
    cvss: list[Cvss] | None = None
    epss_score: float | None = None
    exploit_available: str | None = None
    fix_available: str | None = None
    id: str | None = None
    last_known_exploit_at: Time | None = None
    reference_urls: list[str] | None = None
    related_vulnerabilities: list[str] | None = None
    vendor: Vendor | None = None
    vulnerable_packages: list[Package] | None = None


class Workflow(Part):
    status: str | None = None


class Finding(Part):
    action: Action | None = None
    aws_account_id: str | None = None
    aws_account_name: str | None = None
    company_name: str | None = None
    compliance: Compliance | None = None
    confidence: int | None = None
    created_at: datetime | None = None
    criticality: int | None = None
    description: str | None = None
    detection: Detection | None = None
    finding_provider_fields: ProviderFields | None = None
    first_observed_at: datetime | None = None
    generator_details: GeneratorDetails | None = None
    generator_id: str | None = None
    id: str | None = None
    last_observed_at: datetime | None = None
    malware: list[Malware] | None = None
    network: Network | None = None
    network_path: list[NetworkPathComponent] | None = None
    note: Note | None = None
    patch_summary: PatchSummary | None = None
    process: ProcessDetails | None = None
    processed_at: datetime | None = None
    product_arn: str | None = None
    product_fields: Raw = Raw()
    product_name: str | None = None
    record_state: str | None = None
    region: str | None = None
    related_findings: list[RelatedFinding] | None = None
    remediation: Remediation | None = None
    resources: Annotated[Raw, holds(list[Resource])] = Raw()
    sample: bool | None = None
    schema_version: str | None = None
    severity: Severity | None = None
    source_url: str | None = None
    threat_intel_indicators: list[ThreatIntelIndicator] | None = None
    threats: list[Threat] | None = None
    title: str | None = None
    types: list[str] | None = None
    updated_at: datetime | None = None
    user_defined_fields: Raw = Raw()
    verification_state: str | None = None
    vulnerabilities: list[Vulnerability] | None = None
    workflow: Workflow | None = None
    workflow_state: str | None = None
