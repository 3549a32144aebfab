"""
Amazon GuardDuty: findings, attack sequences, and the events of Malware Protection for S3.

A package because a finding has some 400 fields: `finding` says what AWS writes, `fields` what we add to ECS, `target`
and `activity` how the two halves of a finding become a document.

https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_exportfindings.html
https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html
https://docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from shipper import ecs, freeform
from shipper.formats import Held, JsonRecords, Record
from shipper.source import Origin, Source
from shipper.sources.aws_guardduty.activity import Activity, activity
from shipper.sources.aws_guardduty.fields import (
    Aws,
    GuardDuty,
    GuardDutyDocument,
    MalwareProtectionFields,
    Names,
    Severity,
    encoded,
    file,
    filled,
)
from shipper.sources.aws_guardduty.finding import Finding, GuardDutyRecord, MalwareProtectionEvent, Service
from shipper.sources.aws_guardduty.target import Target, target

FINDING: Final = "guardduty finding"
"""Detail type of the events with a finding in them, in lower case: AWS is not consistent about it."""

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
_NO_SERVICE: Final = Service()


class Identity(Record, rename="camel"):
    """What tells an update of a finding from all others."""

    id: Any = None
    updated_at: Any = None


_identity: Final = msgspec.json.Decoder(Identity).decode


class Times(Struct, frozen=True, gc=False, kw_only=True):
    """When it was; `unread` are the times that cannot be read."""

    timestamp: datetime
    created: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    unread: tuple[ecs.Unparsed, ...] = ()
    tags: tuple[str, ...] = ()


def document(record: GuardDutyRecord, origin: Origin) -> GuardDutyDocument:
    """
    Map one finding, or one event.

    Raises:
        ValueError: it is neither
        msgspec.DecodeError, UnicodeDecodeError: a free-form part is not JSON
        Undecodable: the resource of the finding, or the detail of the event, is not JSON
    """
    if record.detail_type is None:
        if record.type is None and record.service is None and not record.resource:
            raise ValueError("this is neither a finding of GuardDuty nor an event with a detail-type")
        return _finding(record, origin)
    kind = record.detail_type.lower()
    if kind == FINDING:
        finding, unparsed = _findings.read(bytes(record.detail))
        if finding is None:
            raise ValueError("the detail of the event is not a finding")
        aside = ecs.set_aside(unparsed)
        return _finding(finding, origin, sent=record.time, unparsed=aside, place="detail.")
    return _event(record, origin, is_known=kind.startswith(MALWARE_PROTECTION))


def document_id(record: GuardDutyRecord) -> str | None:
    """
    Name each update of a finding: when GuardDuty sees more of the same, `updatedAt` changes and the id does not.

    So no update takes another's place, and the copies of one, exported to S3 and sent by EventBridge, are one document.
    Other events have an id of their own.
    """
    if record.detail_type is None:
        finding: Identity | GuardDutyRecord = record
    elif record.detail_type.lower() == FINDING:
        finding = _identity(record.detail)
    else:
        return ecs.given(record.id)
    updated = finding.updated_at
    moment = ecs.time(updated) if isinstance(updated, str) else None
    return f"{finding.id}-{moment:%Y%m%dT%H%M%S.%f}" if finding.id and moment else None


# -- findings ----------------------------------------------------------------------------------------------------------


def _finding(
    finding: Finding,
    origin: Origin,
    *,
    sent: str | None = None,
    unparsed: tuple[ecs.Unparsed, ...] = (),
    place: str = "",
) -> GuardDutyDocument:
    """
    Map a finding.

    Args:
        finding: as exported, or from an event
        origin: where it comes from
        sent: when the event was
        unparsed: what was set aside from it already
        place: its path in the record, with a dot behind it
    """
    service = finding.service or _NO_SERVICE
    about, seen = target(finding.resource), activity(service)
    times = _times(finding, service, sent, origin)
    names = Names()
    names.add(about.names)
    names.add(seen.names)
    unread = unparsed + tuple(
        [
            ecs.Unparsed(field=place + one.field, value=one.value)
            for one in (*times.unread, *about.unfit.unread, *seen.unfit.unread)
        ]
    )
    message = ecs.given(finding.description)
    document = GuardDutyDocument(
        timestamp=times.timestamp,
        cloud=_cloud(finding, about, service),
        event=_event_fields(finding, service, seen, times),
        aws=Aws(guardduty=_guardduty(finding, about, seen)),
        container=about.container,
        faas=about.faas,
        file=seen.file or about.file,
        host=about.host,
        message=ecs.Text(message) if message else None,
        orchestrator=_orchestrator(about.orchestrator, seen.orchestrator),
        related=_related(names),
        rule=_rule(finding.type),
        shipper=ecs.Shipper(unparsed=unread) if unread else None,
        tags=(*times.tags, "cut") if about.unfit.is_cut or seen.unfit.is_cut else times.tags,
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


def _times(finding: Finding, service: Service, sent: str | None, origin: Origin) -> Times:
    """
    Read the times of a finding: an update happens when it is made.

    Raises:
        ValueError: there is no time at all
    """
    written = {
        "updatedAt": finding.updated_at,
        "createdAt": finding.created_at,
        "service.eventFirstSeen": service.event_first_seen,
        "service.eventLastSeen": service.event_last_seen,
    }
    updated, created, start, end = map(ecs.time, written.values())
    unread = [
        ecs.Unparsed(field=place, value=text)
        for (place, text), read in zip(written.items(), (updated, created, start, end), strict=True)
        if read is None and text is not None and ecs.given(text)
    ]
    told = updated or ecs.time(sent) or end or created
    return Times(
        timestamp=_timestamp(told, origin),
        created=created,
        start=start,
        end=end,
        unread=tuple(unread),
        tags=() if told else ("time_from_key",),
    )


def _timestamp(told: datetime | None, origin: Origin) -> datetime:
    timestamp = told or origin.time
    if timestamp is None:
        raise ValueError("neither the finding or event nor its object has a time that can be read")
    return timestamp


def _cloud(finding: Finding, about: Target, service: Service) -> ecs.Cloud:
    account, name = ecs.given(finding.account_id), ecs.given(service.service_name)
    return ecs.Cloud(
        account=ecs.CloudAccount(id=account) if account else None,
        availability_zone=about.availability_zone,
        instance=about.instance,
        machine=about.machine,
        region=ecs.given(finding.region),
        service=ecs.CloudService(name=name) if name else None,
    )


def _event_fields(finding: Finding, service: Service, seen: Activity, times: Times) -> ecs.Event:
    start, end = times.start, times.end
    event = ecs.Event(
        action=ecs.given(service.action.action_type) if service.action else None,
        category=("intrusion_detection", *seen.category),
        created=times.created,
        end=end,
        id=ecs.given(finding.id),
        kind="alert",
        outcome=seen.outcome,
        provider=seen.provider,
        severity=None if finding.severity is None else int(finding.severity),
        start=start,
        type=seen.type,
    )
    if start and end and end >= start:
        event.duration = (end - start) // _MICROSECOND * 1_000
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


def _related(names: Names) -> ecs.Related | None:
    return ecs.some(
        ecs.Related(
            hash=ecs.once(names.hashes),
            hosts=ecs.once(names.hosts),
            ip=ecs.once(names.addresses),
            user=ecs.once(names.users),
        )
    )


# -- what is no finding ------------------------------------------------------------------------------------------------


def _event(record: GuardDutyRecord, origin: Origin, *, is_known: bool) -> GuardDutyDocument:
    """Map an event of Malware Protection for S3: a scan, or the state of a bucket's protection."""
    read, unparsed = _events.read(bytes(record.detail)) if is_known else (None, ())
    event = read or MalwareProtectionEvent()
    written = ecs.given(event.event_time)
    happened, sent = ecs.time(written), ecs.time(record.time)
    unread = ecs.set_aside(unparsed)
    if written and not happened:
        unread += (ecs.Unparsed(field="detail.eventTime", value=written),)
    told = happened or sent
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
        file=file(scanned.object_key) if scanned else None,
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
    document=document,
    id=document_id,
    dropped={
        "time": "when the event was sent; where it says when it happened, that is its time",
        "version": "of the envelope",
    },
)
