"""
Amazon GuardDuty: findings, attack sequences, and the events of Malware Protection for S3.

A package because a finding has some 400 fields: `finding` says what AWS writes, `fields` what we add to ECS, `target`
and `activity` how the two halves of a finding become a document.

https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_exportfindings.html
https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html
https://docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec

from shipper import ecs, freeform
from shipper.formats import Held, JsonRecords, Record
from shipper.marks import Marks
from shipper.mirrored import encoded, filled
from shipper.source import Origin, Source
from shipper.sources.aws_guardduty.activity import Activity, read_activity
from shipper.sources.aws_guardduty.fields import (
    Aws,
    GuardDuty,
    GuardDutyDocument,
    MalwareProtectionFields,
    Names,
    Severity,
)
from shipper.sources.aws_guardduty.finding import Finding, GuardDutyRecord, MalwareProtectionEvent, Service
from shipper.sources.aws_guardduty.target import Target, read_target

SENDER: Final = "aws.guardduty"
"""Source of all its events."""

OURS: Final = "guardduty "
"""Beginning of their detail types, in lower case: AWS is not consistent about it."""

CALL: Final = "via cloudtrail"
"""End of the detail types of what CloudTrail says of calls, those to GuardDuty among them."""

FINDING: Final = "guardduty finding"
"""Detail type of the events with a finding in them."""

MALWARE_PROTECTION: Final = "guardduty malware protection "
"""Beginning of the detail types of Malware Protection for S3."""

LABELS: Final = ((9.0, "Critical"), (7.0, "High"), (4.0, "Medium"), (0.0, "Low"))
"""
The least severity with each label.

https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html
"""

OUTCOMES: Final = {"COMPLETED": "success", "FAILED": "failure", "SKIPPED": "unknown"}
"""Of scans, by their status."""

_MICROSECOND: Final = timedelta(microseconds=1)
_findings: Final = Held(Finding, "detail")
_events: Final = Held(MalwareProtectionEvent, "detail")
_ZONE: Final = "+00:00"
_NO_SERVICE: Final = Service()


class Identity(Record, rename="camel"):
    """What tells an update of a finding from all others."""

    id: Any = None
    updated_at: Any = None


_identity: Final = msgspec.json.Decoder(Identity).decode


def document(record: GuardDutyRecord, origin: Origin) -> GuardDutyDocument:
    """
    Map one finding, or one event.

    Raises:
        ValueError: it is neither
        msgspec.DecodeError, UnicodeDecodeError: a free-form part is not JSON
        Undecodable: the resource of the finding, or the detail of the event, is not JSON
    """
    if record.detail_type is None:
        if record.type is None and record.service is None and not bytes(record.resource).startswith(b"{"):
            raise ValueError("this is neither a finding of GuardDuty nor an event with a detail-type")
        return _finding(record, record, origin)
    kind = record.detail_type.lower()
    if kind.endswith(CALL) or (record.source != SENDER and not kind.startswith(OURS)):
        raise ValueError("this is an event, but none of GuardDuty's own")
    if kind == FINDING:
        finding, unparsed = _findings.read(bytes(record.detail))
        if finding is None:
            raise ValueError("the detail of the event is not a finding")
        aside = ecs.set_aside(unparsed)
        return _finding(finding, record, origin, unparsed=aside, place="detail.")
    return _event(record, origin, is_known=kind.startswith(MALWARE_PROTECTION))


def document_id(record: GuardDutyRecord) -> str | None:
    """
    Name each update of a finding: when GuardDuty sees more of the same, `updatedAt` changes and the id does not.

    So no update takes another's place, and the copies of one, exported to S3 and sent by EventBridge, are one document.
    Other events have an id of their own.
    """
    if record.detail_type is None:
        return _update_id(record.id, record.updated_at)
    if record.detail_type.lower() != FINDING:
        return ecs.given(record.id)
    identity = _identity(record.detail)
    updated = identity.updated_at
    return _update_id(identity.id, ecs.time(updated) if isinstance(updated, str) else None)


def _update_id(finding: Any, updated: datetime | None) -> str | None:
    return f"{finding}-{_in_utc(updated).isoformat().removesuffix(_ZONE)}" if finding and updated else None


def _in_utc(time: datetime) -> datetime:
    """Give a time its zone: some exports leave it out, and it is UTC."""
    if time.tzinfo is UTC:
        return time
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


# -- findings ----------------------------------------------------------------------------------------------------------


def _finding(
    finding: Finding,
    record: GuardDutyRecord,
    origin: Origin,
    *,
    unparsed: tuple[ecs.Unparsed, ...] = (),
    place: str = "",
) -> GuardDutyDocument:
    """
    Map a finding.

    Args:
        finding: as exported, or from an event
        record: the event; of an exported finding the finding itself
        origin: where it comes from
        unparsed: what was set aside from it already
        place: its path in the record, with a dot behind it
    """
    service = finding.service or _NO_SERVICE
    about, seen = read_target(finding.resource), read_activity(service)
    told = finding.updated_at or record.time or service.event_last_seen or finding.created_at
    if about.unfit.unread or seen.unfit.unread:
        unfit = (*about.unfit.unread, *seen.unfit.unread)
        unparsed += tuple([ecs.Unparsed(field=place + one.field, value=one.value) for one in unfit])
    tags = () if told else ("time_from_key",)
    message = ecs.given(finding.description)
    document = GuardDutyDocument(
        timestamp=_timestamp(told, origin),
        cloud=_cloud(finding, record, about, service),
        event=_event_fields(finding, service, seen),
        aws=Aws(guardduty=_guardduty(finding, about, seen)),
        container=about.container,
        faas=about.faas,
        file=seen.file or about.file,
        host=about.host,
        message=ecs.Text(message) if message else None,
        orchestrator=_orchestrator(about.orchestrator, seen.orchestrator),
        related=_related(about.related, seen.names),
        rule=_rule(finding.type),
        shipper=ecs.Shipper(unparsed=unparsed) if unparsed else None,
        tags=(*tags, "cut") if about.unfit.is_cut or seen.unfit.is_cut else tags,
        user=about.user or seen.user,
    )
    _add_activity(document, seen)
    return document


def _add_activity(document: GuardDutyDocument, seen: Activity) -> None:
    """Set what depends on the kind of the action."""
    document.destination = seen.destination
    document.dns = seen.dns
    document.http = seen.http
    document.network = seen.network
    document.process = seen.process
    document.source = seen.source
    document.threat = seen.threat
    document.url = seen.url
    document.user_agent = seen.user_agent


def _timestamp(told: datetime | None, origin: Origin) -> datetime:
    """
    Give the time of a document: an update of a finding happens when it is made.

    Raises:
        ValueError: there is no time at all
    """
    timestamp = told or origin.time
    if timestamp is None:
        raise ValueError("neither the finding or event nor its object has a time that can be read")
    return _in_utc(timestamp)


def _cloud(finding: Finding, record: GuardDutyRecord, about: Target, service: Service) -> ecs.Cloud:
    account, name = ecs.given(finding.account_id) or ecs.given(record.account), ecs.given(service.service_name)
    return ecs.Cloud(
        account=ecs.CloudAccount(id=account) if account else None,
        availability_zone=about.availability_zone,
        instance=about.instance,
        machine=about.machine,
        region=ecs.given(finding.region) or ecs.given(record.region),
        service=ecs.CloudService(name=name) if name else None,
    )


def _event_fields(finding: Finding, service: Service, seen: Activity) -> ecs.Event:
    start, end = service.event_first_seen, service.event_last_seen
    event = ecs.Event(
        action=ecs.given(service.action.action_type) if service.action else None,
        category=("intrusion_detection", *seen.category),
        created=_in_utc(finding.created_at) if finding.created_at else None,
        end=_in_utc(end) if end else None,
        id=ecs.given(finding.id),
        kind="alert",
        outcome=seen.outcome,
        provider=seen.provider,
        severity=None if finding.severity is None else int(finding.severity),
        start=_in_utc(start) if start else None,
        type=seen.type,
    )
    if event.start and event.end and event.end >= event.start:
        event.duration = (event.end - event.start) // _MICROSECOND * 1_000
    return event


def _guardduty(finding: Finding, about: Target, seen: Activity) -> GuardDuty | None:
    return ecs.some(
        GuardDuty(
            arn=ecs.given(finding.arn),
            associated_attack_sequence_arn=ecs.given(finding.associated_attack_sequence_arn),
            confidence=finding.confidence,
            custom_detection_rule_name=ecs.given(finding.custom_detection_rule_name),
            partition=ecs.given(finding.partition),
            resource=about.fields,
            schema_version=ecs.given(finding.schema_version),
            service=seen.fields,
            severity=_severity(finding.severity),
            title=ecs.given(finding.title),
        )
    )


@lru_cache(maxsize=256)
def _severity(severity: float | None) -> Severity | None:
    if severity is None:
        return None
    return Severity(code=severity, value=next((label for least, label in LABELS if severity >= least), None))


@lru_cache(maxsize=1024)
def _rule(kind: str | None) -> ecs.Rule | None:
    """
    Take apart `ThreatPurpose:Resource/Family.Mechanism!Artifact`.

    https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-format.html
    """
    kind = ecs.given(kind)
    if not kind:
        return None
    purpose, colon, _ = kind.partition(":")
    if not colon:
        return ecs.Rule(name=kind)
    return ecs.Rule(category=purpose or None, name=kind, ruleset=kind.partition("/")[0])


def _orchestrator(about: ecs.Orchestrator | None, seen: ecs.Orchestrator | None) -> ecs.Orchestrator | None:
    """Where a call is known, it tells what was called upon; the workload that it came from is in `aws.guardduty`."""
    if not about or not seen:
        return about or seen
    return ecs.Orchestrator(
        cluster=about.cluster,
        namespace=seen.namespace or about.namespace,
        resource=seen.resource or about.resource,
        type=about.type,
    )


def _related(about: ecs.Related, seen: Names) -> ecs.Related | None:
    """Gather what the finding can be found by."""
    return ecs.some(
        ecs.Related(
            hash=ecs.once(about.hash + seen.hashes) if seen.hashes else about.hash,
            hosts=ecs.once(about.hosts + seen.hosts) if seen.hosts else about.hosts,
            ip=ecs.once(about.ip + seen.addresses) if seen.addresses else about.ip,
            user=ecs.once(about.user + seen.users) if seen.users else about.user,
        )
    )


# -- what is no finding ------------------------------------------------------------------------------------------------


def _event(record: GuardDutyRecord, origin: Origin, *, is_known: bool) -> GuardDutyDocument:
    """Map an event of Malware Protection for S3: a scan, or the state of a bucket's protection."""
    read, unparsed = _events.read(bytes(record.detail)) if is_known else (None, ())
    event = read or MalwareProtectionEvent()
    unread = ecs.set_aside(unparsed)
    told = event.event_time or record.time
    account, scanned = ecs.given(record.account), event.s3_object_details
    detail = freeform.NOTHING if is_known else freeform.read(record.detail)
    tags = () if told else ("time_from_key",)
    return GuardDutyDocument(
        timestamp=_timestamp(told, origin),
        cloud=ecs.Cloud(
            account=ecs.CloudAccount(id=account) if account else None,
            region=ecs.given(record.region),
            service=ecs.CloudService(name="guardduty"),
        ),
        event=ecs.Event(
            action=ecs.given(record.detail_type),
            category=("malware",) if scanned else ("configuration",) if is_known else (),
            id=ecs.given(record.id),
            kind="event",
            outcome="failure" if event.post_scan_actions else OUTCOMES.get(event.scan_status or ""),
            provider=ecs.given(record.source),
            type=("info",),
        ),
        aws=Aws(
            guardduty=ecs.some(
                GuardDuty(
                    detail=detail.flat,
                    malware_protection=encoded(filled(event, MalwareProtectionFields)),
                    resources=tuple(filter(ecs.given, record.resources or ())),
                    schema_version=ecs.given(event.schema_version),
                )
            )
        ),
        file=ecs.file(scanned.object_key) if scanned else None,
        shipper=ecs.Shipper(unparsed=unread) if unread else None,
        tags=(*tags, "cut") if detail.cut else tags,
    )


source = Source(
    dataset="aws.guardduty",
    key=(
        r"(?:^|/)AWSLogs/(?P<account>\d{12})/GuardDuty/(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)/\d{4}/\d{2}/\d{2}/"
        r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl(?:\.gz)?$"
    ),
    format=JsonRecords(GuardDutyRecord, whole_events=True),
    marks=Marks(
        members=(
            ("schemaVersion", "accountId", "type", "severity", "service"),
            ("schemaVersion", "scanStatus", "scanResultDetails"),
        )
    ),
    document=document,
    id=document_id,
    dropped={
        "time": "when the event was sent; where it says when it happened, that is its time",
        "version": "of the envelope",
    },
)
