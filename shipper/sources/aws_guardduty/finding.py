"""
What GuardDuty writes: a finding, with one part for each kind of resource, of action and of evidence.

https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html
https://docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Raw, field

from shipper import ecs, mirrored
from shipper.formats import holds

Address = Annotated[ecs.Ip, Meta(pattern=r"^[0-9A-Fa-f:.]*$")]
"""An address, or an empty string."""

Time = Annotated[datetime, Meta(tz=True)]
"""As text or as seconds since 1970; with a zone, where `datetime` alone takes a time without one too."""


class Part(mirrored.Part, rename="camel"):
    """Base of all parts of a finding."""


class Tag(Part):
    key: str | None = None
    value: str | None = None


class AccessKeyDetails(Part):
    access_key_id: str | None = None
    principal_id: str | None = None
    user_name: str | None = None
    user_type: str | None = None


class IamInstanceProfile(Part):
    arn: str | None = None
    id: str | None = None


class ProductCode(Part):
    product_code_id: str | None = None
    product_code_type: str | None = None


class SecurityGroup(Part):
    group_id: str | None = None
    group_name: str | None = None


class PrivateIpAddress(Part):
    private_dns_name: str | None = None
    private_ip_address: Address | None = None


class NetworkInterface(Part):
    ipv6_addresses: list[Address] | None = None
    network_interface_id: str | None = None
    private_dns_name: str | None = None
    private_ip_address: Address | None = None
    private_ip_addresses: list[PrivateIpAddress] | None = None
    public_dns_name: str | None = None
    public_ip: Address | None = None
    security_groups: list[SecurityGroup] | None = None
    subnet_id: str | None = None
    vpc_id: str | None = None


class InstanceDetails(Part):
    availability_zone: str | None = None
    iam_instance_profile: IamInstanceProfile | None = None
    image_description: str | None = None
    image_id: str | None = None
    instance_id: str | None = None
    instance_state: str | None = None
    instance_type: str | None = None
    launch_time: Time | None = None
    network_interfaces: list[NetworkInterface] | None = None
    outpost_arn: str | None = None
    platform: str | None = None
    product_codes: list[ProductCode] | None = None
    tags: list[Tag] | None = None


class Owner(Part):
    id: str | None = None


class ServerSideEncryption(Part):
    encryption_type: str | None = None
    kms_master_key_arn: str | None = None


class PublicAccess(Part):
    effective_permission: str | None = None
    permission_configuration: Raw = Raw()


class S3ObjectDetails(Part):
    e_tag: str | None = None
    hash: str | None = None
    key: str | None = None
    object_arn: str | None = None
    version_id: str | None = None


class S3BucketDetails(Part):
    arn: str | None = None
    created_at: Time | None = None
    default_server_side_encryption: ServerSideEncryption | None = None
    name: str | None = None
    owner: Owner | None = None
    public_access: PublicAccess | None = None
    s3_object_details: list[S3ObjectDetails] | None = None
    tags: list[Tag] | None = None
    type: str | None = None


class EksClusterDetails(Part):
    arn: str | None = None
    created_at: Time | None = None
    name: str | None = None
    status: str | None = None
    tags: list[Tag] | None = None
    vpc_id: str | None = None


class VolumeMount(Part):
    mount_path: str | None = None
    name: str | None = None


class SecurityContext(Part):
    allow_privilege_escalation: bool | None = None
    privileged: bool | None = None


class Container(Part):
    container_runtime: str | None = None
    id: str | None = None
    image: str | None = None
    image_prefix: str | None = None
    name: str | None = None
    security_context: SecurityContext | None = None
    volume_mounts: list[VolumeMount] | None = None


class HostPath(Part):
    path: str | None = None


class Volume(Part):
    host_path: HostPath | None = None
    name: str | None = None


class ImpersonatedUser(Part):
    groups: list[str] | None = None
    username: str | None = None


class KubernetesUserDetails(Part):
    groups: list[str] | None = None
    impersonated_user: ImpersonatedUser | None = None
    session_name: list[str] | None = None
    uid: str | None = None
    username: str | None = None


class KubernetesWorkloadDetails(Part):
    containers: list[Container] | None = None
    host_ipc: bool | None = field(name="hostIPC", default=None)
    host_network: bool | None = None
    host_pid: bool | None = field(name="hostPID", default=None)
    name: str | None = None
    namespace: str | None = None
    service_account_name: str | None = None
    type: str | None = None
    uid: str | None = None
    volumes: list[Volume] | None = None


class KubernetesDetails(Part):
    kubernetes_user_details: KubernetesUserDetails | None = None
    kubernetes_workload_details: KubernetesWorkloadDetails | None = None


class EcsTaskDetails(Part):
    arn: str | None = None
    containers: list[Container] | None = None
    created_at: Time | None = None
    definition_arn: str | None = None
    group: str | None = None
    launch_type: str | None = None
    started_at: Time | None = None
    started_by: str | None = None
    tags: list[Tag] | None = None
    version: str | None = None
    volumes: list[Volume] | None = None


class EcsClusterDetails(Part):
    active_services_count: int | None = None
    arn: str | None = None
    name: str | None = None
    registered_container_instances_count: int | None = None
    running_tasks_count: int | None = None
    status: str | None = None
    tags: list[Tag] | None = None
    task_details: EcsTaskDetails | None = None


class VpcConfig(Part):
    security_groups: list[SecurityGroup] | None = None
    subnet_ids: list[str] | None = None
    vpc_id: str | None = None


class LambdaDetails(Part):
    description: str | None = None
    function_arn: str | None = None
    function_name: str | None = None
    function_version: str | None = None
    last_modified_at: Time | None = None
    revision_id: str | None = None
    role: str | None = None
    tags: list[Tag] | None = None
    vpc_config: VpcConfig | None = None


class RdsDbInstanceDetails(Part):
    db_cluster_identifier: str | None = None
    db_instance_arn: str | None = None
    db_instance_identifier: str | None = None
    dbi_resource_id: str | None = None
    engine: str | None = None
    engine_version: str | None = None
    tags: list[Tag] | None = None


class RdsLimitlessDbDetails(Part):
    db_cluster_identifier: str | None = None
    db_shard_group_arn: str | None = None
    db_shard_group_identifier: str | None = None
    db_shard_group_resource_id: str | None = None
    engine: str | None = None
    engine_version: str | None = None
    tags: list[Tag] | None = None


class RdsDbUserDetails(Part):
    application: str | None = None
    auth_method: str | None = None
    database: str | None = None
    ssl: str | None = None
    user: str | None = None


class VolumeDetail(Part):
    device_name: str | None = None
    encryption_type: str | None = None
    kms_key_arn: str | None = None
    snapshot_arn: str | None = None
    volume_arn: str | None = None
    volume_size_in_gb: int | None = field(name="volumeSizeInGB", default=None)
    volume_type: str | None = None


class EbsVolumeDetails(Part):
    scanned_volume_details: list[VolumeDetail] | None = None
    skipped_volume_details: list[VolumeDetail] | None = None


class EbsSnapshotDetails(Part):
    snapshot_arn: str | None = None


class Ec2ImageDetails(Part):
    image_arn: str | None = None


class ContinuousScanDetails(Part):
    end_time: Time | None = None
    start_time: Time | None = None


class RecoveryPointDetails(Part):
    backup_vault_name: str | None = None
    continuous_scan_details: ContinuousScanDetails | None = None
    recovery_point_arn: str | None = None


class Guardrail(Part):
    arn: str | None = None
    version: str | None = None


class ContentPolicyFilter(Part):
    action: str | None = None
    confidence: str | None = None
    type: str | None = None


class BedrockGuardrailDetails(Part):
    content_policy_filters: list[ContentPolicyFilter] | None = None
    guardrail_action: str | None = None
    guardrail_arn: str | None = None
    guardrail_source: str | None = None
    guardrail_version: str | None = None
    guardrails: list[Guardrail] | None = None


class ModelDetail(Part):
    model_id: str | None = None


class Resource(Part):
    access_key_details: AccessKeyDetails | None = None
    bedrock_guardrail_details: BedrockGuardrailDetails | None = None
    container_details: Container | None = None
    ebs_snapshot_details: EbsSnapshotDetails | None = None
    ebs_volume_details: EbsVolumeDetails | None = None
    ec2_image_details: Ec2ImageDetails | None = None
    ecs_cluster_details: EcsClusterDetails | None = None
    eks_cluster_details: EksClusterDetails | None = None
    instance_details: InstanceDetails | None = None
    kubernetes_details: KubernetesDetails | None = None
    lambda_details: LambdaDetails | None = None
    model_details: list[ModelDetail] | None = None
    rds_db_instance_details: RdsDbInstanceDetails | None = None
    rds_db_user_details: RdsDbUserDetails | None = None
    rds_limitless_db_details: RdsLimitlessDbDetails | None = None
    recovery_point_details: RecoveryPointDetails | None = None
    resource_type: str | None = None
    s3_bucket_details: list[S3BucketDetails] | None = None


class City(Part):
    city_name: str | None = None


class Country(Part):
    country_code: str | None = None
    country_name: str | None = None


class GeoLocation(Part):
    lat: float | None = None
    lon: float | None = None


class Organization(Part):
    asn: str | None = None
    asn_org: str | None = None
    isp: str | None = None
    org: str | None = None


class LocalIpDetails(Part):
    ip_address_v4: str | None = None
    ip_address_v6: str | None = None


class RemoteIpDetails(LocalIpDetails):
    city: City | None = None
    country: Country | None = None
    geo_location: GeoLocation | None = None
    organization: Organization | None = None


class PortDetails(Part):
    port: int | None = None
    port_name: str | None = None


class DomainDetails(Part):
    domain: str | None = None


class RemoteAccountDetails(Part):
    account_id: str | None = None
    affiliated: bool | None = None
    aws_service_name: str | None = None


class AwsApiCallAction(Part):
    affected_resources: Raw = Raw()
    api: str | None = None
    caller_type: str | None = None
    domain_details: DomainDetails | None = None
    error_code: str | None = None
    remote_account_details: RemoteAccountDetails | None = None
    remote_ip_details: RemoteIpDetails | None = None
    service_name: str | None = None
    user_agent: str | None = None


class DnsRequestAction(Part):
    blocked: bool | None = None
    domain: str | None = None
    domain_with_suffix: str | None = None
    protocol: str | None = None
    vpc_owner_account_id: str | None = None


class NetworkConnectionAction(Part):
    blocked: bool | None = None
    connection_direction: str | None = None
    local_ip_details: LocalIpDetails | None = None
    local_network_interface: str | None = None
    local_port_details: PortDetails | None = None
    protocol: str | None = None
    remote_ip_details: RemoteIpDetails | None = None
    remote_port_details: PortDetails | None = None


class ProbedIpDetails(LocalIpDetails):
    """Of which the documents have the addresses below `aws.guardduty` too."""

    ip_address_v4: Address | None = None
    ip_address_v6: Address | None = None


class ProbingIpDetails(RemoteIpDetails):
    """See `ProbedIpDetails`."""

    ip_address_v4: Address | None = None
    ip_address_v6: Address | None = None


class PortProbeDetail(Part):
    local_ip_details: ProbedIpDetails | None = None
    local_port_details: PortDetails | None = None
    remote_ip_details: ProbingIpDetails | None = None


class PortProbeAction(Part):
    blocked: bool | None = None
    port_probe_details: list[PortProbeDetail] | None = None


class KubernetesApiCallAction(Part):
    namespace: str | None = None
    parameters: ecs.LongText | None = None
    remote_ip_details: RemoteIpDetails | None = None
    request_uri: str | None = None
    resource: str | None = None
    resource_name: str | None = None
    source_ips: list[Address] | None = field(name="sourceIPs", default=None)
    source_ips_in_camel_case: list[Address] | None = field(name="sourceIps", default=None)
    status_code: int | None = None
    subresource: str | None = None
    user_agent: str | None = None
    verb: str | None = None


class KubernetesPermissionCheckedDetails(Part):
    allowed: bool | None = None
    namespace: str | None = None
    resource: str | None = None
    verb: str | None = None


class KubernetesRoleBindingDetails(Part):
    kind: str | None = None
    name: str | None = None
    role_ref_kind: str | None = None
    role_ref_name: str | None = None
    uid: str | None = None


class KubernetesRoleDetails(Part):
    kind: str | None = None
    name: str | None = None
    uid: str | None = None


class LoginAttribute(Part):
    application: str | None = None
    failed_login_attempts: int | None = None
    successful_login_attempts: int | None = None
    user: str | None = None


class RdsLoginAttemptAction(Part):
    """The API's model has `LoginAttributes`, against its own habit."""

    login_attributes: list[LoginAttribute] | None = None
    login_attributes_in_pascal_case: list[LoginAttribute] | None = field(name="LoginAttributes", default=None)
    remote_ip_details: RemoteIpDetails | None = None


class Action(Part):
    action_type: str | None = None
    aws_api_call_action: AwsApiCallAction | None = None
    dns_request_action: DnsRequestAction | None = None
    kubernetes_api_call_action: KubernetesApiCallAction | None = None
    kubernetes_permission_checked_details: KubernetesPermissionCheckedDetails | None = None
    kubernetes_role_binding_details: KubernetesRoleBindingDetails | None = None
    kubernetes_role_details: KubernetesRoleDetails | None = None
    network_connection_action: NetworkConnectionAction | None = None
    port_probe_action: PortProbeAction | None = None
    rds_login_attempt_action: RdsLoginAttemptAction | None = None


class ThreatIntelligenceDetail(Part):
    threat_file_sha256: str | None = None
    threat_list_name: str | None = None
    threat_names: list[str] | None = None


class Evidence(Part):
    threat_intelligence_details: list[ThreatIntelligenceDetail] | None = None


class ScannedItemCount(Part):
    files: int | None = None
    total_gb: int | None = None
    volumes: int | None = None


class ThreatsDetectedItemCount(Part):
    files: int | None = None


class HighestSeverityThreatDetails(Part):
    count: int | None = None
    severity: str | None = None
    threat_name: str | None = None


class ScanFilePath(Part):
    file_name: str | None = None
    file_path: str | None = None
    hash: str | None = None
    volume_arn: str | None = None


class ScanThreatName(Part):
    file_paths: list[ScanFilePath] | None = None
    item_count: int | None = None
    name: str | None = None
    severity: str | None = None


class ThreatDetectedByName(Part):
    item_count: int | None = None
    shortened: bool | None = None
    threat_names: list[ScanThreatName] | None = None
    unique_threat_name_count: int | None = None


class ScanDetections(Part):
    highest_severity_threat_details: HighestSeverityThreatDetails | None = None
    scanned_item_count: ScannedItemCount | None = None
    threat_detected_by_name: ThreatDetectedByName | None = None
    threats_detected_item_count: ThreatsDetectedItemCount | None = None


class EbsVolumeScanDetails(Part):
    scan_completed_at: Time | None = None
    scan_detections: ScanDetections | None = None
    scan_id: str | None = None
    scan_started_at: Time | None = None
    scan_type: str | None = None
    sources: list[str] | None = None
    trigger_finding_id: str | None = None


class ItemPath(Part):
    hash: str | None = None
    nested_item_path: str | None = None


class ItemInfo(Part):
    device_name: str | None = None
    version_id: str | None = None


class ItemDetails(Part):
    additional_info: ItemInfo | None = None
    hash: str | None = None
    item_path: str | None = None
    resource_arn: str | None = None


class MalwareThreat(Part):
    count: int | None = None
    hash: str | None = None
    item_details: list[ItemDetails] | None = None
    item_paths: list[ItemPath] | None = None
    name: str | None = None
    source: str | None = None


class IncrementalScanDetails(Part):
    baseline_resource_arn: str | None = None


class ScanConfiguration(Part):
    incremental_scan_details: IncrementalScanDetails | None = None
    trigger_type: str | None = None


class MalwareScanDetails(Part):
    scan_category: str | None = None
    scan_configuration: ScanConfiguration | None = None
    scan_id: str | None = None
    scan_type: str | None = None
    threats: list[MalwareThreat] | None = None
    unique_threat_count: int | None = None


class LineageProcess(Part):
    euid: int | None = None
    executable_path: str | None = None
    name: str | None = None
    namespace_pid: int | None = None
    parent_uuid: str | None = None
    pid: int | None = None
    start_time: Time | None = None
    user_id: int | None = None
    uuid: str | None = None


class Process(LineageProcess):
    executable_sha256: str | None = None
    lineage: list[LineageProcess] | None = None
    pwd: str | None = None
    user: str | None = None


class RuntimeContext(Part):
    address_family: str | None = None
    command_line_example: str | None = None
    file_operation: str | None = None
    file_path: str | None = None
    file_system_type: str | None = None
    flags: list[str] | None = None
    iana_protocol_number: int | None = None
    ld_preload_value: str | None = None
    library_path: str | None = None
    memory_regions: list[str] | None = None
    modified_at: Time | None = None
    modifying_process: Process | None = None
    module_file_path: str | None = None
    module_name: str | None = None
    module_sha256: str | None = None
    mount_source: str | None = None
    mount_target: str | None = None
    related_file_paths: list[str] | None = None
    release_agent_path: str | None = None
    runc_binary_path: str | None = None
    script_path: str | None = None
    service_name: str | None = None
    shell_history_file_path: str | None = None
    socket_path: str | None = None
    target_process: Process | None = None
    threat_file_path: str | None = None
    tool_category: str | None = None
    tool_name: str | None = None


class RuntimeDetails(Part):
    context: RuntimeContext | None = None
    process: Process | None = None


class Unusual(Part):
    behavior: Raw = Raw()


class Anomaly(Part):
    profiles: Raw = Raw()
    unusual: Unusual | None = None


class ActorAccount(Part):
    account: str | None = None
    name: str | None = None
    uid: str | None = None


class ActorUser(Part):
    account: ActorAccount | None = None
    credential_uid: str | None = None
    name: str | None = None
    type: str | None = None
    uid: str | None = None


class ActorSession(Part):
    created_time: Time | None = None
    issuer: str | None = None
    mfa_status: str | None = None
    uid: str | None = None


class ActorProcess(Part):
    name: str | None = None
    path: str | None = None
    sha256: str | None = None


class Actor(Part):
    id: str | None = None
    process: ActorProcess | None = None
    session: ActorSession | None = None
    user: ActorUser | None = None


class SequenceResource(Part):
    """`data` has other members for each type of resource."""

    account_id: str | None = None
    cloud_partition: str | None = None
    data: Raw = Raw()
    name: str | None = None
    region: str | None = None
    resource_type: str | None = None
    service: str | None = None
    tags: list[Tag] | None = None
    uid: str | None = None


class EndpointLocation(Part):
    city: str | None = None
    country: str | None = None
    lat: float | None = None
    lon: float | None = None


class AutonomousSystem(Part):
    name: str | None = None
    number: int | None = None


class EndpointConnection(Part):
    direction: str | None = None


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
    values: list[str] | None = None


class ActivityApi(Part):
    error: str | None = None
    operation: str | None = None
    service: str | None = None
    user_agent: str | None = None


class Activity(Part):
    api: ActivityApi | None = None
    type: str | None = None


class Signal(Part):
    activities: list[Activity] | None = None
    actor_ids: list[str] | None = None
    count: int | None = None
    created_at: Time | None = None
    description: str | None = None
    endpoint_ids: list[str] | None = None
    first_seen_at: Time | None = None
    last_seen_at: Time | None = None
    name: str | None = None
    resource_uids: list[str] | None = None
    severity: float | None = None
    signal_indicators: list[Indicator] | None = None
    type: str | None = None
    uid: str | None = None
    updated_at: Time | None = None


class Sequence(Part):
    actors: list[Actor] | None = None
    additional_sequence_types: list[str] | None = None
    description: str | None = None
    endpoints: list[SequenceEndpoint] | None = None
    resources: list[SequenceResource] | None = None
    sequence_indicators: list[Indicator] | None = None
    signals: list[Signal] | None = None
    uid: str | None = None


class Detection(Part):
    anomaly: Anomaly | None = None
    sequence: Sequence | None = None


class Service(Part):
    action: Action | None = None
    additional_info: Raw = Raw()
    archived: bool | None = None
    count: int | None = None
    detection: Detection | None = None
    detector_id: str | None = None
    ebs_volume_scan_details: EbsVolumeScanDetails | None = None
    event_first_seen: datetime | None = None
    event_last_seen: datetime | None = None
    evidence: Evidence | None = None
    feature_name: str | None = None
    malware_scan_details: MalwareScanDetails | None = None
    resource_role: str | None = None
    runtime_details: RuntimeDetails | None = None
    service_name: str | None = None
    user_feedback: str | None = None


class Finding(Part):
    account_id: str | None = None
    arn: str | None = None
    associated_attack_sequence_arn: str | None = None
    confidence: float | None = None
    created_at: datetime | None = None
    custom_detection_rule_name: str | None = None
    description: str | None = None
    id: str | None = None
    partition: str | None = None
    region: str | None = None
    resource: Annotated[Raw, holds(Resource)] = Raw()
    schema_version: str | None = None
    service: Service | None = None
    severity: float | None = None
    title: str | None = None
    type: str | None = None
    updated_at: datetime | None = None


class GuardDutyRecord(Finding):
    """A finding as exported to S3, or an event of EventBridge: which has either a finding in it, or something else."""

    account: str | None = None
    detail: Raw = Raw()
    detail_type: str | None = field(name="detail-type", default=None)
    resources: list[str] | None = None
    source: str | None = None
    time: datetime | None = None


class ScannedObject(Part):
    bucket_name: str | None = None
    e_tag: str | None = None
    object_key: str | None = None
    s3_throttled: bool | None = None
    version_id: str | None = None


class ScanThreat(Part):
    name: str | None = None


class ScanResultDetails(Part):
    scan_result_status: str | None = None
    threats: list[ScanThreat] | None = None


class ProtectedBucket(Part):
    bucket_name: str | None = None


class StatusReason(Part):
    code: str | None = None


class PostScanAction(Part):
    action_type: str | None = None
    failure_reason: str | None = None


class MalwareProtectionEvent(Part):
    event_time: datetime | None = None
    post_scan_actions: list[PostScanAction] | None = None
    resource_status: str | None = None
    resource_type: str | None = None
    s3_bucket_details: ProtectedBucket | None = None
    s3_object_details: ScannedObject | None = None
    scan_result_details: ScanResultDetails | None = None
    scan_status: str | None = None
    schema_version: str | None = None
    status_reasons: list[StatusReason] | None = None
