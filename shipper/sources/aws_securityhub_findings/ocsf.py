"""
What the new Security Hub writes: a finding of the Open Cybersecurity Schema Framework, read as one of the other format.

So a finding has the same fields in documents whichever Security Hub sends it. What only this format has is in
`aws.securityhub_findings.ocsf`, and free-form where the schema is open: it has thousands of attributes.

https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-v2-ocsf-findings.html
https://schema.ocsf.io/1.6.0/categories/findings
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Raw

from shipper import ecs, mirrored
from shipper.formats import Held
from shipper.sources.aws_securityhub_findings import finding as asff

SEVERITIES: Final = {
    "Informational": "INFORMATIONAL",
    "Low": "LOW",
    "Medium": "MEDIUM",
    "High": "HIGH",
    "Critical": "CRITICAL",
    "Fatal": "CRITICAL",
}
WORKFLOWS: Final = {"New": "NEW", "In Progress": "IN_PROGRESS", "Suppressed": "SUPPRESSED", "Resolved": "RESOLVED"}
COMPLIANCES: Final = {"Pass": "PASSED", "Fail": "FAILED", "Warning": "WARNING", "Unknown": "NOT_AVAILABLE"}

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_MILLISECONDS: Final = 253_402_300_800_000
"""When the year 10000 begins."""


class Part(mirrored.Part):
    """Base of all parts of a finding."""


class Account(Part):
    name: str | None = None
    type: str | None = None
    type_id: int | None = None
    uid: str | None = None


class Organization(Part):
    name: str | None = None
    ou_name: str | None = None
    ou_uid: str | None = None
    uid: str | None = None


class Cloud(Part):
    account: Account | None = None
    cloud_partition: str | None = None
    org: Organization | None = None
    provider: str | None = None
    region: str | None = None
    zone: str | None = None


class Analytic(Part):
    category: str | None = None
    desc: str | None = None
    name: str | None = None
    type: str | None = None
    type_id: int | None = None
    uid: str | None = None
    version: str | None = None


class Product(Part):
    name: str | None = None
    uid: str | None = None
    vendor_name: str | None = None
    version: str | None = None


class FindingInfo(Part):
    analytic: Analytic | None = None
    attacks: list[Raw] | None = None
    created_time: int | None = None
    created_time_dt: datetime | None = None
    data_sources: list[str] | None = None
    desc: str | None = None
    first_seen_time: int | None = None
    first_seen_time_dt: datetime | None = None
    kill_chain: list[Raw] | None = None
    last_seen_time: int | None = None
    last_seen_time_dt: datetime | None = None
    modified_time: int | None = None
    modified_time_dt: datetime | None = None
    product: Product | None = None
    related_analytics: list[Raw] | None = None
    related_events: list[Raw] | None = None
    related_events_count: int | None = None
    src_url: str | None = None
    tags: list[Raw] | None = None
    title: str | None = None
    traits: list[Raw] | None = None
    types: list[str] | None = None
    uid: str | None = None
    uid_alt: str | None = None


class Metadata(Part):
    correlation_uid: str | None = None
    event_code: str | None = None
    labels: list[str] | None = None
    original_time: str | None = None
    product: Product | None = None
    profiles: list[str] | None = None
    uid: str | None = None
    version: str | None = None


class Remediation(Part):
    desc: str | None = None
    kb_articles: list[str] | None = None
    references: list[str] | None = None


class Assessment(Part):
    category: str | None = None
    desc: str | None = None
    meets_criteria: bool | None = None
    name: str | None = None
    uid: str | None = None


class ControlParameter(Part):
    name: str | None = None
    value: str | None = None


class Compliance(Part):
    assessments: list[Assessment] | None = None
    category: str | None = None
    control: str | None = None
    control_parameters: list[ControlParameter] | None = None
    desc: str | None = None
    requirements: list[str] | None = None
    standards: list[str] | None = None
    status: str | None = None
    status_code: str | None = None
    status_detail: str | None = None
    status_details: list[str] | None = None
    status_id: int | None = None


class VendorAttributes(Part):
    severity: str | None = None
    severity_id: int | None = None


class Unit(Part):
    uid: str | None = None


class Owner(Part):
    account: Unit | None = None
    org: Unit | None = None


class Tag(Part):
    name: str | None = None
    value: str | None = None
    values: list[str] | None = None


class Resource(Part):
    """What the other format has too; all of it is in `ocsf.resources`."""

    cloud_partition: str | None = None
    data: Raw = Raw()
    owner: Owner | None = None
    provider: str | None = None
    region: str | None = None
    role: str | None = None
    tags: list[Tag] | None = None
    type: str | None = None
    uid: str | None = None


class Service(Part):
    name: str | None = None


class Api(Part):
    operation: str | None = None
    service: Service | None = None


class User(Part):
    name: str | None = None
    uid: str | None = None


class Process(Part):
    name: str | None = None
    path: str | None = None
    pid: int | None = None


class Actor(Part):
    process: Process | None = None
    user: User | None = None


class AutonomousSystem(Part):
    name: str | None = None
    number: int | None = None


class Location(Part):
    city: str | None = None
    country: str | None = None
    lat: float | None = None
    long: float | None = None


class Endpoint(Part):
    autonomous_system: AutonomousSystem | None = None
    domain: str | None = None
    hostname: str | None = None
    ip: str | None = None
    location: Location | None = None
    port: int | None = None


class ConnectionInfo(Part):
    direction: str | None = None
    protocol_name: str | None = None


class Evidence(Part):
    """What ECS has too; all of it is in `ocsf.evidences`."""

    actor: Actor | None = None
    api: Api | None = None
    connection_info: ConnectionInfo | None = None
    dst_endpoint: Endpoint | None = None
    process: Process | None = None
    src_endpoint: Endpoint | None = None


class Cvss(Part):
    base_score: float | None = None
    vector_string: str | None = None
    vendor_name: str | None = None
    version: str | None = None


class Epss(Part):
    score: float | None = None


class Cve(Part):
    cvss: list[Cvss] | None = None
    epss: Epss | None = None
    uid: str | None = None


class Package(Part):
    architecture: str | None = None
    fixed_in_version: str | None = None
    name: str | None = None
    package_manager: str | None = None
    path: str | None = None
    release: str | None = None
    version: str | None = None


class Vulnerability(Part):
    """What the other format has too; all of it is in `ocsf.vulnerabilities`."""

    affected_packages: list[Package] | None = None
    cve: Cve | None = None
    is_exploit_available: bool | None = None
    is_fix_available: bool | None = None
    references: list[str] | None = None
    related_vulnerabilities: list[str] | None = None
    severity: str | None = None
    vendor_name: str | None = None


class OcsfFinding(Part):
    action: str | None = None
    action_id: int | None = None
    activity_id: int | None = None
    activity_name: str | None = None
    actor: Raw = Raw()
    anomaly_analyses: list[Raw] | None = None
    api: Raw = Raw()
    assignee: Raw = Raw()
    attacks: list[Raw] | None = None
    category_name: str | None = None
    category_uid: int | None = None
    class_name: str | None = None
    class_uid: int | None = None
    cloud: Cloud | None = None
    comment: str | None = None
    compliance: Compliance | None = None
    confidence: str | None = None
    confidence_id: int | None = None
    confidence_score: int | None = None
    count: int | None = None
    databucket: Raw = Raw()
    device: Raw = Raw()
    disposition: str | None = None
    disposition_id: int | None = None
    end_time: int | None = None
    end_time_dt: datetime | None = None
    enrichments: list[Raw] | None = None
    evidences: list[Raw] = []  # noqa: RUF012 -- msgspec copies it
    finding_info: FindingInfo | None = None
    impact: str | None = None
    impact_id: int | None = None
    impact_score: int | None = None
    is_alert: bool | None = None
    likelihood: str | None = None
    malware: list[Raw] | None = None
    malware_scan_info: Raw = Raw()
    message: str | None = None
    metadata: Metadata | None = None
    observables: list[Raw] | None = None
    osint: list[Raw] | None = None
    policy: Raw = Raw()
    priority: str | None = None
    priority_id: int | None = None
    remediation: Remediation | None = None
    resources: list[Raw] = []  # noqa: RUF012 -- msgspec copies it
    risk_details: str | None = None
    risk_level: str | None = None
    risk_level_id: int | None = None
    risk_score: int | None = None
    severity: str | None = None
    severity_id: int | None = None
    src_url: str | None = None
    start_time: int | None = None
    start_time_dt: datetime | None = None
    status: str | None = None
    status_code: str | None = None
    status_detail: str | None = None
    status_id: int | None = None
    time: int | None = None
    time_dt: datetime | None = None
    timezone_offset: int | None = None
    type_name: str | None = None
    type_uid: int | None = None
    unmapped: Raw = Raw()
    vendor_attributes: VendorAttributes | None = None
    verdict: str | None = None
    verdict_id: int | None = None
    vulnerabilities: list[Raw] = []  # noqa: RUF012 -- msgspec copies it


_resource: Final = Held(Resource, "findings[].resources[]")
_evidence: Final = Held(Evidence, "findings[].evidences[]")
_vulnerability: Final = Held(Vulnerability, "findings[].vulnerabilities[]")
_NO_CLOUD: Final = Cloud()
_NO_ACCOUNT: Final = Account()
_NO_INFO: Final = FindingInfo()
_NO_PRODUCT: Final = Product()


def as_asff(ocsf: OcsfFinding) -> tuple[asff.Finding, tuple[ecs.Unparsed, ...]]:
    """
    Read a finding as one of the other format, but for its resources.

    Returns:
        The finding, and values in it that were set aside.

    Raises:
        Undecodable: a part of it is not JSON after all
    """
    info, cloud = ocsf.finding_info or _NO_INFO, ocsf.cloud or _NO_CLOUD
    account = cloud.account or _NO_ACCOUNT
    product = (ocsf.metadata.product if ocsf.metadata else None) or _NO_PRODUCT
    vulnerabilities, unread = _all(_vulnerability, ocsf.vulnerabilities)
    severity, status = ocsf.severity, ocsf.status
    finding = asff.Finding(
        aws_account_id=account.uid,
        aws_account_name=account.name,
        company_name=product.vendor_name,
        compliance=_compliance(ocsf.compliance) if ocsf.compliance else None,
        description=info.desc,
        id=info.uid,
        product_arn=product.uid,
        product_name=product.name,
        region=cloud.region,
        source_url=info.src_url,
        title=info.title,
        types=info.types,
        vulnerabilities=[_asff_vulnerability(one) for one in vulnerabilities] or None,
    )
    finding.remediation = _remediation(ocsf.remediation) if ocsf.remediation else None
    finding.severity = asff.Severity(label=SEVERITIES.get(severity, severity)) if severity else None
    finding.workflow = asff.Workflow(status=WORKFLOWS.get(status, status)) if status else None
    finding.created_at = _time(info.created_time, info.created_time_dt)
    finding.first_observed_at = _time(info.first_seen_time, info.first_seen_time_dt)
    finding.last_observed_at = _time(info.last_seen_time, info.last_seen_time_dt)
    finding.updated_at = _time(info.modified_time, info.modified_time_dt) or _time(ocsf.time, ocsf.time_dt)
    return finding, ecs.set_aside(unread) + _no_times(ocsf, info)


def asff_resources(ocsf: OcsfFinding) -> tuple[list[asff.Resource], tuple[ecs.Unparsed, ...]]:
    """
    Read the resources of a finding as those of the other format, and give the values that were set aside.

    Raises:
        Undecodable: a part of it is not JSON after all
    """
    resources, unread = _all(_resource, ocsf.resources)
    return [_asff_resource(one) for one in resources], ecs.set_aside(unread)


def read_evidences(ocsf: OcsfFinding) -> tuple[list[Evidence], tuple[ecs.Unparsed, ...]]:
    """
    Read what a finding is based on, and give the values that were set aside.

    Raises:
        Undecodable: a part of it is not JSON after all
    """
    evidences, unread = _all(_evidence, ocsf.evidences)
    return evidences, ecs.set_aside(unread)


def _all(held: Held[Any], items: list[Raw]) -> tuple[list[Any], tuple[Any, ...]]:
    found: list[Any] = []
    unread: tuple[Any, ...] = ()
    for item in items:
        one, unfit = held.read(bytes(item))
        unread += unfit
        if one:
            found.append(one)
    return found, unread


def _time(milliseconds: int | None, text: datetime | None) -> datetime | None:
    """Read a time, which stands there twice."""
    return text if milliseconds is None or not _is_time(milliseconds) else _EPOCH + timedelta(milliseconds=milliseconds)


def _is_time(milliseconds: int) -> bool:
    return 0 <= milliseconds < _MOST_MILLISECONDS


def _no_times(ocsf: OcsfFinding, info: FindingInfo) -> tuple[ecs.Unparsed, ...]:
    """Set aside the numbers that stand for times and are none."""
    times = {
        "time": ocsf.time,
        "finding_info.created_time": info.created_time,
        "finding_info.first_seen_time": info.first_seen_time,
        "finding_info.last_seen_time": info.last_seen_time,
        "finding_info.modified_time": info.modified_time,
    }
    return tuple(
        [
            ecs.Unparsed(field=f"findings[].{name}", value=str(value))
            for name, value in times.items()
            if value is not None and not _is_time(value)
        ]
    )


def _compliance(compliance: Compliance) -> asff.Compliance:
    status = compliance.status
    return asff.Compliance(
        associated_standards=[asff.AssociatedStandard(standards_id=one) for one in compliance.standards or ()] or None,
        related_requirements=compliance.requirements,
        security_control_id=compliance.control,
        security_control_parameters=[
            asff.SecurityControlParameter(name=one.name, value=[one.value] if one.value else None)
            for one in compliance.control_parameters or ()
        ]
        or None,
        status=COMPLIANCES.get(status, status) if status else None,
    )


def _remediation(remediation: Remediation) -> asff.Remediation:
    url = remediation.references[0] if remediation.references else None
    return asff.Remediation(recommendation=asff.Recommendation(text=remediation.desc, url=url))


def _asff_resource(resource: Resource) -> asff.Resource:
    account = resource.owner.account if resource.owner else None
    organization = resource.owner.org if resource.owner else None
    tags = {one.name: one.value if one.value is not None else one.values for one in resource.tags or () if one.name}
    return asff.Resource(
        details=resource.data,
        id=resource.uid,
        owner=asff.ResourceOwner(
            account=asff.ResourceOwnerAccount(id=account.uid) if account else None,
            org=asff.ResourceOwnerOrg(id=organization.uid) if organization else None,
        )
        if account or organization
        else None,
        partition=resource.cloud_partition,
        provider=resource.provider,
        region=resource.region,
        resource_role=resource.role,
        tags=Raw(msgspec.json.encode(tags)) if tags else Raw(),
        type=resource.type,
    )


def _asff_vulnerability(vulnerability: Vulnerability) -> asff.Vulnerability:
    cve = vulnerability.cve or Cve()
    scores = [
        asff.Cvss(base_score=one.base_score, base_vector=one.vector_string, source=one.vendor_name, version=one.version)
        for one in cve.cvss or ()
    ]
    packages = [
        asff.Package(
            architecture=one.architecture,
            file_path=one.path,
            fixed_in_version=one.fixed_in_version,
            name=one.name,
            package_manager=one.package_manager,
            release=one.release,
            version=one.version,
        )
        for one in vulnerability.affected_packages or ()
    ]
    return asff.Vulnerability(
        cvss=scores,
        epss_score=cve.epss.score if cve.epss else None,
        exploit_available=_yes_or_no(vulnerability.is_exploit_available),
        fix_available=_yes_or_no(vulnerability.is_fix_available),
        id=cve.uid,
        reference_urls=vulnerability.references,
        related_vulnerabilities=vulnerability.related_vulnerabilities,
        vendor=asff.Vendor(name=vulnerability.vendor_name, vendor_severity=vulnerability.severity),
        vulnerable_packages=packages,
    )


def _yes_or_no(value: bool | None) -> str | None:  # noqa: FBT001 -- as AWS writes it
    return None if value is None else "YES" if value else "NO"
