"""
AWS Security Hub: findings of both its products, and the results of insights.

Security Hub CSPM writes the AWS Security Finding Format, the new Security Hub OCSF. A package because a finding has
some 300 fields: `finding` and `ocsf` say what AWS writes, `fields` what we add to ECS, `target` and `activity` how the
parts of a finding become a document.

https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cwe-event-formats.html
https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html
https://docs.aws.amazon.com/securityhub/latest/userguide/events-ref-securityhub.html
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw, Struct, field

from shipper import arn, ecs, web
from shipper.digest import digest
from shipper.formats import Held, JsonRecords, Record, holds
from shipper.marks import Marks
from shipper.mirrored import Unfit, drop_empty_groups, empty_within, encoded, filled, flatten
from shipper.source import Origin, Source
from shipper.sources.aws_securityhub_findings.activity import Activity, Names, read_activity, read_direction, traffic
from shipper.sources.aws_securityhub_findings.fields import (
    Aws,
    CustomAction,
    Endpoint,
    Insight,
    InsightResult,
    OcsfFields,
    SecurityHubDocument,
    SecurityHubFindings,
    Workflow,
)
from shipper.sources.aws_securityhub_findings.finding import Finding, Vulnerability
from shipper.sources.aws_securityhub_findings.ocsf import (
    ConnectionInfo,
    Evidence,
    Location,
    OcsfFinding,
    as_asff,
    asff_resources,
    read_evidences,
)
from shipper.sources.aws_securityhub_findings.ocsf import Endpoint as OcsfEndpoint
from shipper.sources.aws_securityhub_findings.target import Target, read_resources, target

SENDER: Final = "aws.securityhub"
"""Source of all its events."""

OURS: Final = ("security hub ", "security findings ", "findings imported ")
"""Beginnings of their detail types, in lower case: AWS is not consistent about it."""

CALL: Final = "via cloudtrail"
"""End of the detail types of what CloudTrail says of calls, those to Security Hub among them."""

CUSTOM_ACTION: Final = "custom action"
"""End of the detail types of what somebody sent from the console: AWS spells what stands before it in two ways."""

SEVERITIES: Final = {"INFORMATIONAL": 0, "LOW": 1, "MEDIUM": 40, "HIGH": 70, "CRITICAL": 90}
"""
The number that Security Hub gives a finding which has a label only.

https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Severity.html
"""

CATEGORIES: Final = {
    "Effects": "intrusion_detection",
    "Software and Configuration Checks": "configuration",
    "TTPs": "intrusion_detection",
    "Unusual Behaviors": "intrusion_detection",
}
"""
By namespace of the finding's types.

https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html
"""

OUTCOMES: Final = {"PASSED": "success", "FAILED": "failure", "WARNING": "unknown", "NOT_AVAILABLE": "unknown"}
"""Of checks, by their status."""

PASSED: Final = "PASSED"
"""Status of a check that found nothing: that is the state of a resource, and no alert."""

DETECTION: Final = 2004
"""Class of OCSF's findings that are about what somebody did."""

_MICROSECOND: Final = timedelta(microseconds=1)

Either: Any = msgspec.defstruct(
    "Either",
    [
        (f"{kind.__name__}_{one.name}", one.type, field(name=one.encode_name, default=None))
        for kind in (Finding, OcsfFinding)
        for one in msgspec.structs.fields(kind)
    ],
    bases=(Record,),
)
"""What an item of `findings` may have: the members of a finding in either format; each is decoded as what it is."""


class Detail(Record, rename="camel"):
    """What an event is about: findings, or the results of an insight."""

    action_description: str | None = None
    action_name: str | None = None
    findings: Annotated[list[Raw], holds(list[Either])] = []  # noqa: RUF012 -- msgspec copies it
    insight_arn: str | None = None
    insight_name: str | None = None
    insight_results: list[dict[str, int]] | None = None
    number_of_results: int | None = field(name="number of results", default=None)
    result_type: str | None = None


class SecurityHubRecord(Record):
    """An event of EventBridge, or the findings of one alone, if its detail is what the target of a rule is given."""

    account: str | None = None
    action_description: str | None = field(name="actionDescription", default=None)
    action_name: str | None = field(name="actionName", default=None)
    detail: Detail | None = None
    detail_type: str | None = field(name="detail-type", default=None)
    findings: list[Raw] = []  # noqa: RUF012 -- msgspec copies it
    id: str | None = None
    region: str | None = None
    resources: list[str] | None = None
    source: str | None = None
    time: datetime | None = None


def document(record: SecurityHubRecord, origin: Origin) -> SecurityHubDocument:
    """
    Map one finding, or the results of an insight.

    Raises:
        ValueError: it is neither
        msgspec.DecodeError, UnicodeDecodeError: a free-form part is not JSON
        Undecodable: the finding is not JSON after all
    """
    kind = (record.detail_type or "").lower()
    if kind.endswith(CALL) or (kind and record.source != SENDER and not kind.startswith(OURS)):
        raise ValueError("this is an event, but none of Security Hub's own")
    findings = record.detail.findings if record.detail else record.findings
    if findings:
        return _finding(read_finding(bytes(findings[0]), "detail." if record.detail else ""), record, origin)
    if record.source != SENDER and not kind:
        raise ValueError("this is no event of Security Hub, and has no findings")
    return _event(record, origin)


def document_id(record: SecurityHubRecord) -> str | None:
    """
    Name each update of a finding: it is sent again whenever something in it changes, and keeps its id.

    So no update takes another's place, and the copies that hubs of several Regions send are one document. What somebody
    sends from the console is a document of its own, and so is whatever has no finding in it: these have the event's id.
    """
    findings, event = record.detail.findings if record.detail else record.findings, ecs.given(record.id)
    if not findings:
        return event
    names = _identity(findings[0]).names()
    if not names:
        return None
    action = (record.detail or record).action_name
    is_sent = action is not None or (record.detail_type or "").lower().endswith(CUSTOM_ACTION)
    return digest(*names, event or action or "") if is_sent else digest(*names)


# -- reading -----------------------------------------------------------------------------------------------------------


class OcsfIdentity(Record):
    """`finding_info` and `metadata`, as far as they tell a finding from others."""

    modified_time: Any = None
    modified_time_dt: Any = None
    uid: Any = None


class Identity(Record):
    """What tells an update of a finding from all others."""

    finding_info: OcsfIdentity | None = None
    id: Any = field(name="Id", default=None)
    metadata: OcsfIdentity | None = None
    product_arn: Any = field(name="ProductArn", default=None)
    updated_at: Any = field(name="UpdatedAt", default=None)

    def names(self) -> tuple[str, ...]:
        """Give them in an order; none if one is missing."""
        if self.finding_info and self.metadata:
            hub, number = "", self.metadata.uid
            updated = self.finding_info.modified_time or self.finding_info.modified_time_dt
        else:
            hub, number, updated = self.product_arn or "", self.id, self.updated_at
        return (str(hub), str(number), str(updated)) if number and updated else ()


_identity: Final = msgspec.json.Decoder(Identity).decode
_findings: Final = Held(Finding, "findings[]")
_ocsf_findings: Final = Held(OcsfFinding, "findings[]")


class Read(Struct, kw_only=True, gc=False):
    """
    A finding, whatever its format was.

    Attributes:
        finding: in the format of Security Hub CSPM
        about: what its resources say
        ocsf: as it was, if that was the other one
        evidences: that it is based on
        unread: values in it that were set aside
    """

    finding: Finding
    about: Target
    ocsf: OcsfFinding | None = None
    evidences: list[Evidence] = []
    unread: tuple[ecs.Unparsed, ...] = ()


def read_finding(data: bytes, place: str) -> Read:
    """
    Read a finding in either format.

    Args:
        data: as JSON
        place: its path in the record, with a dot behind it

    Raises:
        ValueError: it is no finding
        Undecodable: it is not JSON after all
    """
    if b'"SchemaVersion"' in data or b'"finding_info"' not in data:  # the former is found soon
        finding, unparsed = _findings.read(data)
        if finding is None or not (finding.id or finding.product_arn or finding.title):
            raise ValueError("what stands among the findings is not one")
        about = read_resources(finding.resources)
        return Read(finding=finding, about=about, unread=_placed(ecs.set_aside(unparsed) + about.unfit.unread, place))
    ocsf, unparsed = _ocsf_findings.read(data)
    if ocsf is None or ocsf.finding_info is None:
        raise ValueError("what stands among the findings is not one")
    finding, unread = as_asff(ocsf)
    resources, undone = asff_resources(ocsf)
    evidences, unfit = read_evidences(ocsf)
    unread = ecs.set_aside(unparsed) + unread + undone + unfit
    about = target(resources, Unfit())
    return Read(finding=finding, about=about, ocsf=ocsf, evidences=evidences, unread=_placed(unread, place))


def _placed(unread: tuple[ecs.Unparsed, ...], place: str) -> tuple[ecs.Unparsed, ...]:
    return tuple([ecs.Unparsed(field=place + one.field, value=one.value) for one in unread]) if unread else ()


def _in_utc(time: datetime | None) -> datetime | None:
    """Give a time its zone: some products leave it out, and it is UTC."""
    if time is None or time.tzinfo is UTC:
        return time
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


# -- findings ----------------------------------------------------------------------------------------------------------


def _finding(read: Read, record: SecurityHubRecord, origin: Origin) -> SecurityHubDocument:
    """Map a finding."""
    finding, about, unfit = read.finding, read.about, Unfit(unread=read.unread, is_cut=read.about.unfit.is_cut)
    seen = read_activity(finding)
    told = finding.updated_at or record.time or finding.created_at
    message = ecs.given(finding.description) or ecs.given(finding.title)
    document = SecurityHubDocument(
        timestamp=_timestamp(told, origin),
        cloud=_cloud(finding, about, record),
        event=_event_fields(finding, seen, read.ocsf),
        aws=Aws(securityhub_findings=_own(read, record, unfit)),
        container=about.container,
        faas=about.faas,
        host=about.host,
        message=ecs.Text(message) if message else None,
        observer=_observer(finding.product_name, finding.company_name),
        orchestrator=about.orchestrator,
        rule=_rule(finding, read.ocsf),
        tags=() if told else ("time_from_key",),
        url=_url(finding.source_url),
        user=about.user,
    )
    _add_activity(document, seen)
    _add_vulnerability(document, finding.vulnerabilities or [])
    if read.evidences:
        _add_evidences(document, read.evidences, seen.names)
    document.related = _related(seen.names, about.related)
    if unfit.unread:
        document.shipper = ecs.Shipper(unparsed=unfit.unread)
    if unfit.is_cut:
        document.tags += ("cut",)
    return document


def _related(seen: Names, about: ecs.Related | None) -> ecs.Related | None:
    """Gather what the finding can be found by; most saw nobody, and have what their resources are found by."""
    if not (seen.addresses or seen.hashes or seen.hosts or seen.users):
        return about
    about = about or ecs.Related()
    return ecs.some(
        ecs.Related(
            hash=ecs.once(seen.hashes),
            hosts=ecs.once(seen.hosts + about.hosts),
            ip=ecs.once(seen.addresses + about.ip),
            user=ecs.once(seen.users + about.user),
        )
    )


def _timestamp(told: datetime | None, origin: Origin) -> datetime:
    """
    Give the time of a document: an update of a finding happens when it is made.

    Raises:
        ValueError: there is no time at all
    """
    timestamp = _in_utc(told or origin.time)
    if timestamp is None:
        raise ValueError("neither the finding or event nor its object has a time that can be read")
    return timestamp


def _own(read: Read, record: SecurityHubRecord, unfit: Unfit) -> SecurityHubFindings | Raw | None:
    """Give what is below `aws.securityhub_findings`."""
    finding = read.finding
    fields = filled(finding, SecurityHubFindings)
    if state := ecs.given(finding.workflow_state):
        fields.workflow = fields.workflow or Workflow()
        fields.workflow.state = state
    fields.custom_action = _custom_action(record.detail or record)
    fields.detail_type = ecs.given(record.detail_type)
    if read.ocsf:  # has no values for some of the other format's
        drop_empty_groups(fields)
    has_gaps = empty_within(fields)
    if finding.product_fields:
        fields.group_product.flat_product_fields = unfit.flat(finding.product_fields)
    if finding.user_defined_fields:
        fields.flat_user_defined_fields = unfit.flat(finding.user_defined_fields)
    if finding.action and (call := finding.action.aws_api_call_action) and call.affected_resources:
        fields.action.aws_api_call_action.flat_affected_resources = unfit.flat(call.affected_resources)
    fields.ocsf = _ocsf(read.ocsf, unfit) if read.ocsf else None
    fields.read_resources = read.about.fields
    return encoded(fields) if has_gaps else fields


def _ocsf(ocsf: OcsfFinding, unfit: Unfit) -> Raw | None:
    fields = filled(ocsf, OcsfFields)
    flatten(ocsf, fields, unfit)
    if ocsf.finding_info:
        flatten(ocsf.finding_info, fields.finding_info, unfit)
    if fields.cloud and fields.cloud.account:  # what both formats have may be all there is
        fields.cloud.account = ecs.some(fields.cloud.account)
    if fields.metadata and fields.metadata.product:
        fields.metadata.product = ecs.some(fields.metadata.product)
    return encoded(fields)


def _custom_action(told: Detail | SecurityHubRecord) -> CustomAction | None:
    if told.action_name is None and told.action_description is None:
        return None
    return ecs.some(CustomAction(description=ecs.given(told.action_description), name=ecs.given(told.action_name)))


def _cloud(finding: Finding, about: Target, record: SecurityHubRecord) -> ecs.Cloud:
    """Tell where a finding is of: the hub that sent it may be that of another account and Region."""
    region = ecs.given(finding.region) or arn.parted(finding.product_arn).region or ecs.given(record.region)
    account = ecs.given(finding.aws_account_id) or ecs.given(record.account)
    return ecs.Cloud(
        account=ecs.some(ecs.CloudAccount(id=account, name=ecs.given(finding.aws_account_name))),
        instance=about.instance,
        machine=about.machine,
        region=region,
    )


def _event_fields(finding: Finding, seen: Activity, ocsf: OcsfFinding | None) -> ecs.Event:
    start, end = _in_utc(finding.first_observed_at), _in_utc(finding.last_observed_at)
    status = finding.compliance.status if finding.compliance else None
    event = ecs.Event(
        action=(ecs.given(finding.action.action_type) or "").lower() or None if finding.action else None,
        category=_categories(finding, seen, ocsf),
        created=_in_utc(finding.created_at),
        end=end,
        id=ecs.given(finding.id),
        kind="state" if status == PASSED else "alert",
        outcome=OUTCOMES.get(status or ""),
        provider=seen.provider,
        severity=_severity(finding),
        start=start,
        type=seen.type,
    )
    if start and end and end >= start:
        event.duration = (end - start) // _MICROSECOND * 1_000
    return event


def _categories(finding: Finding, seen: Activity, ocsf: OcsfFinding | None) -> tuple[str, ...]:
    told: tuple[str, ...] = ()
    if finding.compliance:
        told += ("configuration",)
    if finding.vulnerabilities:
        told += ("vulnerability",)
    if ocsf and ocsf.class_uid == DETECTION:
        told += ("intrusion_detection",)
    return _categories_of(tuple(finding.types or ()), told + seen.category)


@lru_cache(maxsize=1024)
def _categories_of(types: tuple[str, ...], told: tuple[str, ...]) -> tuple[str, ...]:
    """Read `Software and Configuration Checks/Vulnerabilities/CVE` and its like; what else tells stands behind it."""
    parts = [one.split("/", 2) for one in types]
    read = ["vulnerability" if "Vulnerabilities" in part[:2] else CATEGORIES.get(part[0]) for part in parts]
    return ecs.once([*read, *told])


def _severity(finding: Finding) -> int | None:
    if finding.severity is None:
        return None
    if finding.severity.normalized is not None:
        return finding.severity.normalized
    return SEVERITIES.get(finding.severity.label or "")


@lru_cache(maxsize=1024)
def _observer(product: str | None, vendor: str | None) -> ecs.Observer | None:
    return ecs.some(ecs.Observer(product=ecs.given(product), vendor=ecs.given(vendor)))


def _rule(finding: Finding, ocsf: OcsfFinding | None) -> ecs.Rule | None:
    """Name what found it: a control by its number and title, all else by what generated it and its kind."""
    check = finding.compliance
    kind = _kind(finding.types[0]) if finding.types else (None, None)
    if check and (number := ecs.given(check.security_control_id)):
        standards = check.associated_standards
        return ecs.Rule(
            category=kind[0],
            id=number,
            name=ecs.given(finding.title),
            ruleset=ecs.given(standards[0].standards_id) if standards else None,
        )
    analytic = ocsf.finding_info.analytic if ocsf and ocsf.finding_info else None
    number = analytic.uid if analytic else finding.generator_id
    return ecs.some(ecs.Rule(category=kind[0], id=ecs.given(number), name=kind[1]))


@lru_cache(maxsize=1024)
def _kind(written: str) -> tuple[str | None, str | None]:
    """Part a type into its namespace and its classifier; one of GuardDuty's own is a classifier, and has a purpose."""
    namespace, slash, below = written.partition("/")
    purpose, colon, _ = namespace.partition(":")
    if colon or not slash:
        return (purpose or None) if colon else None, written or None
    return namespace or None, below.rpartition("/")[2] or None


def _url(text: str | None) -> ecs.Url | None:
    """Part an address; whatever cannot be parted is kept whole."""
    text = ecs.given(text)
    if not text:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return ecs.Url(original=text)
    host = web.authority(parts.netloc) if parts.netloc else None
    return ecs.Url(
        domain=host.domain if host else None,
        extension=web.extension(parts.path),
        fragment=parts.fragment or None,
        full=text if host else None,
        original=text,
        path=parts.path or None,
        port=host.port if host else None,
        query=parts.query or None,
        scheme=parts.scheme or None,
    )


def _add_activity(document: SecurityHubDocument, seen: Activity) -> None:
    """Set what depends on what the finding saw."""
    document.destination = seen.destination
    document.dns = seen.dns
    document.file = seen.file
    document.network = seen.network
    document.process = seen.process
    document.source = seen.source
    document.threat = seen.threat


def _add_vulnerability(document: SecurityHubDocument, vulnerabilities: list[Vulnerability]) -> None:
    """Describe the first of them, with the first of its packages and scores; all are below `aws`."""
    if not vulnerabilities:
        return
    one = vulnerabilities[0]
    score, vendor = (one.cvss[0] if one.cvss else None), one.vendor
    number, package = ecs.given(one.id), one.vulnerable_packages[0] if one.vulnerable_packages else None
    name = ecs.given(vendor.name) if vendor else None
    document.vulnerability = ecs.some(
        ecs.Vulnerability(
            classification="CVSS" if score else None,
            enumeration="CVE" if number and number.startswith("CVE-") else None,
            id=number,
            reference=ecs.given(one.reference_urls[0]) if one.reference_urls else None,
            scanner=ecs.VulnerabilityScanner(vendor=name) if name else None,
            score=ecs.some(ecs.VulnerabilityScore(base=score.base_score, version=ecs.given(score.version)))
            if score
            else None,
            severity=ecs.given(vendor.vendor_severity) if vendor else None,
        )
    )
    if package:
        document.package = ecs.some(
            ecs.Package(
                architecture=ecs.given(package.architecture),
                name=ecs.given(package.name),
                path=ecs.given(package.file_path),
                type=ecs.given(package.package_manager),
                version=ecs.given(package.version),
            )
        )


def _add_evidences(document: SecurityHubDocument, evidences: list[Evidence], names: Names) -> None:
    """Describe what somebody did by the first of the evidences that tells; who took part in any is in `related`."""
    for one in evidences:
        source, destination = _end(one.src_endpoint, names), _end(one.dst_endpoint, names)
        document.source, document.destination = document.source or source, document.destination or destination
        if one.connection_info and not document.network:
            _connect(document, one.connection_info, source or destination)
        if one.api:
            event = document.event
            event.action = event.action or ecs.given(one.api.operation)
            event.provider = event.provider or (ecs.given(one.api.service.name) if one.api.service else None)
        user = one.actor.user if one.actor else None
        if user:
            names.users += (ecs.given(user.name), ecs.given(user.uid))
            document.user = document.user or ecs.some(ecs.User(id=ecs.given(user.uid), name=ecs.given(user.name)))
        process = one.process or (one.actor.process if one.actor else None)
        if process and not document.process:
            document.process = ecs.some(
                ecs.Process(executable=ecs.given(process.path), name=ecs.given(process.name), pid=process.pid)
            )


def _connect(document: SecurityHubDocument, connection: ConnectionInfo, end: Endpoint | None) -> None:
    """Describe a connection, by one of its ends."""
    told = traffic(connection.protocol_name, read_direction(connection.direction), end.ip if end else None)
    document.network = ecs.some(told)
    if document.network:
        document.event.category = ecs.once((*document.event.category, "network"))
        document.event.type = ("connection",)


def _end(end: OcsfEndpoint | None, names: Names) -> Endpoint | None:
    if end is None:
        return None
    domain, ip = ecs.given(end.hostname) or ecs.given(end.domain), ecs.ip(end.ip)
    names.addresses += (ip,)
    names.hosts += (domain,)
    place, owner = end.location or Location(), end.autonomous_system
    return ecs.some(
        Endpoint(
            address=ip or domain,
            autonomous_system=ecs.autonomous_system(owner.number, ecs.given(owner.name)) if owner else None,
            domain=domain,
            geo=ecs.geo(ecs.given(place.city), ecs.given(place.country), None, place.lat, place.long),
            ip=ip,
            port=end.port,
        )
    )


# -- what is no finding ------------------------------------------------------------------------------------------------


def _event(record: SecurityHubRecord, origin: Origin) -> SecurityHubDocument:
    """Map the results of an insight, or an event that has nothing in it that we know."""
    account, detail = ecs.given(record.account), record.detail or Detail()
    results = [
        InsightResult(count=count, name=ecs.given(name))
        for one in detail.insight_results or ()
        for name, count in one.items()
    ]
    own = SecurityHubFindings(
        custom_action=_custom_action(detail),
        detail_type=ecs.given(record.detail_type),
        insight=ecs.some(
            Insight(
                arn=ecs.given(detail.insight_arn),
                name=ecs.given(detail.insight_name),
                number_of_results=detail.number_of_results,
                result_type=ecs.given(detail.result_type),
                results=tuple(results),
            )
        ),
    )
    return SecurityHubDocument(
        timestamp=_timestamp(record.time, origin),
        cloud=ecs.Cloud(account=ecs.CloudAccount(id=account) if account else None, region=ecs.given(record.region)),
        event=ecs.Event(
            action=ecs.given(record.detail_type),
            id=ecs.given(record.id),
            kind="event",
            provider=ecs.given(record.source),
            type=("info",),
        ),
        aws=Aws(securityhub_findings=ecs.some(own)),
        tags=() if record.time else ("time_from_key",),
    )


source = Source(
    dataset="aws.securityhub_findings",
    key=(
        r"(?:^|/)(?:SecurityHub|securityhub|Security-Hub|security-hub)(?:/(?:[^/]+/)*[\w.-]+|[\w.-]*)"
        r"-\d+-\d{4}(?:-\d\d){5}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.[a-z0-9]+)*$"
    ),
    format=JsonRecords(SecurityHubRecord, whole_events=True, each=("detail.findings", "findings")),
    marks=Marks(members=(("findings",), ("insightArn", "insightResults"))),
    document=document,
    id=document_id,
    dropped={
        "account": "of the hub that sent the event; a finding names its own account",
        "detail.findings[].finding_info.created_time_dt": "once more as text",
        "detail.findings[].finding_info.first_seen_time_dt": "once more as text",
        "detail.findings[].finding_info.last_seen_time_dt": "once more as text",
        "detail.findings[].finding_info.modified_time_dt": "once more as text",
        "detail.findings[].time": "when the finding was modified, which it says too",
        "detail.findings[].time_dt": "once more as text",
        "id": "of the event: another one for each copy of a finding",
        "region": "of the hub that sent the event; a finding names its own Region",
        "resources[]": "ids of the findings in the event",
        "source": "the same for all of Security Hub's events",
        "time": "when the event was sent; where a finding says when it was updated, that is its time",
        "version": "of the envelope",
    },
)
