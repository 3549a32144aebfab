"""
IAM Access Analyzer: external, internal and unused access, and access previews.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-eventbridge.html
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_FindingSource.html
"""

from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Raw, field

from shipper import arn, ecs, freeform
from shipper.digest import digest
from shipper.formats import JsonRecords, Record
from shipper.marks import Marks
from shipper.source import Origin, Source

SENDER: Final = "aws.access-analyzer"
"""Source of all its events; that of AWS's own examples has something behind it."""

KINDS: Final = {
    "access analyzer finding": "ExternalAccess",
    "internal access finding": "InternalAccess",
    "unused access finding for iam entities": "UnusedAccess",
}
"""
What a finding is of that does not say so, by the detail type in lower case; the first two are names of the API.

https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_FindingSummaryV2.html
"""

EVERYBODY: Final = "*"
"""Principal of what is open to all."""

SERVICE: Final = "Service"
"""Kind of the principals that are services of AWS, and no users."""

ACTIVE: Final = "ACTIVE"
"""Status of a finding that asks for something to be done."""


# -- what AWS writes ---------------------------------------------------------------------------------------------------


class FindingSourceDetail(Record, rename="camel"):
    access_point_account: str | None = None
    access_point_arn: str | None = None


class FindingSource(Record):
    detail: FindingSourceDetail | None = None
    type: str | None = None


class StatusReason(Record):
    code: str | None = None


class Finding(Record, rename="camel"):
    """A finding, or the state of a preview; a finding of unused access calls its id by another name."""

    access_preview_id: str | None = None
    access_type: str | None = None
    account_id: str | None = None
    action: list[str] | None = None
    analyzed_at: datetime | None = None
    condition: Raw = Raw()
    configured_resources: list[str] | None = None
    created_at: datetime | None = None
    error: str | None = None
    finding_id: str | None = None
    finding_type: str | None = None
    id: str | None = None
    is_deleted: bool | None = None
    is_public: bool | None = None
    number_of_unused_actions: int | None = None
    number_of_unused_services: int | None = None
    previous_status: str | None = None
    principal: dict[str, str | list[str]] | None = None
    principal_owner_account: str | None = None
    principal_type: str | None = None
    region: str | None = None
    resource: str | None = None
    resource_control_policy_restriction_type: str | None = None
    resource_type: str | None = None
    service_control_policy_restriction_type: str | None = None
    sources: list[FindingSource] | None = None
    status: str | None = None
    status_reason: StatusReason | None = None
    updated_at: datetime | None = None
    version: str | None = None


class AccessAnalyzerRecord(Finding):
    """An event of EventBridge, or its detail alone, if that is what the target of a rule is given."""

    account: str | None = None
    detail: Finding | None = None
    detail_type: str | None = field(name="detail-type", default=None)
    resources: list[str] | None = None
    source: str | None = None
    time: datetime | None = None


# -- what we add to ECS ------------------------------------------------------------------------------------------------


class Principal(ecs.FieldSet):
    """
    Who has the access.

    Attributes:
        id: ARN, account, canonical id or service; `*` for everybody
        owner_account: that it is of
        type: kind of the id, as in policies: `AWS`, `Federated`, `CanonicalUser`, `Service`, `*`
        entity_type: kind of the principal
    """

    entity_type: str | None = None
    id: tuple[str, ...] = ()
    owner_account: str | None = None
    type: tuple[str, ...] = ()


class Resource(ecs.FieldSet):
    """What the access is to; of unused access the role or user that has it."""

    arn: str | None = None
    type: str | None = None


class AccessSource(ecs.FieldSet):
    """What gives the access."""

    access_point_account: str | None = None
    access_point_arn: str | None = None
    type: str | None = None


class Preview(ecs.FieldSet):
    configured_resources: tuple[str, ...] = ()
    id: str | None = None
    status_reason: str | None = None


class AccessAnalyzer(ecs.FieldSet):
    """`aws.access_analyzer`; when it was updated is the time of a document, but for that of a deletion."""

    access_type: str | None = None
    actions: tuple[str, ...] = ()
    analyzed_at: datetime | None = None
    analyzer_arn: tuple[str, ...] = ()
    condition: ecs.Flat | None = None
    finding_type: str | None = None
    is_deleted: bool | None = None
    is_public: bool | None = None
    number_of_unused_actions: int | None = None
    number_of_unused_services: int | None = None
    preview: Preview | None = None
    previous_status: str | None = None
    principal: Principal | None = None
    resource: Resource | None = None
    resource_control_policy_restriction_type: str | None = None
    service_control_policy_restriction_type: str | None = None
    sources: tuple[AccessSource, ...] = ()
    status: str | None = None
    updated_at: datetime | None = None
    version: str | None = None


class Aws(ecs.Aws, kw_only=True):
    access_analyzer: AccessAnalyzer | None = None


class AccessAnalyzerDocument(ecs.Document, kw_only=True):
    aws: Aws
    error: ecs.Error | None = None
    rule: ecs.Rule | None = None
    service: ecs.Service | None = None
    user: ecs.User | None = None


# -- from the one to the other -----------------------------------------------------------------------------------------


def document(record: AccessAnalyzerRecord, origin: Origin) -> AccessAnalyzerDocument:
    """
    Map one finding, or the state of a preview.

    Raises:
        ValueError: it is neither, or has no time
        msgspec.DecodeError, UnicodeDecodeError: the condition is not JSON after all
    """
    finding = record.detail or record
    is_preview = finding.access_preview_id is not None
    if not (is_preview or _is_own(record)):
        raise ValueError("this is neither a finding nor an event of IAM Access Analyzer")
    told = record.time if finding.is_deleted else finding.updated_at
    timestamp = told or finding.updated_at or record.time or finding.analyzed_at or finding.created_at or origin.time
    if timestamp is None:
        raise ValueError("neither the event nor its object has a time that can be read")
    condition, is_cut = freeform.flat(finding.condition)
    code = ecs.given(finding.error)
    user, names = _who(finding)
    return AccessAnalyzerDocument(
        timestamp=_in_utc(timestamp),
        cloud=_cloud(record, finding),
        event=_event(record, finding, is_preview=is_preview),
        aws=Aws(access_analyzer=ecs.some(_own(record, finding, condition))),
        error=ecs.Error(code=code) if code else None,
        related=ecs.Related(user=names) if names else None,
        rule=None if is_preview else ecs.some(ecs.Rule(name=_kind(record, finding))),
        service=_service(finding) if finding.principal else None,
        tags=("cut",) if is_cut else (),
        user=user,
    )


def document_id(record: AccessAnalyzerRecord) -> str | None:
    """
    Name each update of a finding, and its deletion, at which nothing else in it changes.

    Of previews, and where a finding does not tell, the event has an id.
    """
    finding = record.detail or record
    number, updated = finding.id or finding.finding_id, finding.updated_at
    if finding.access_preview_id is None and number and updated:
        deleted = "deleted" if finding.is_deleted else ""
        return digest(number, _in_utc(updated).isoformat(), finding.status or "", deleted)
    return ecs.given(record.id) if record.detail else None


def _is_own(record: AccessAnalyzerRecord) -> bool:
    """Tell by who sent an event, or what it is called; a finding alone by most of what only findings have."""
    if record.detail is None and record.source is None:
        telling = (record.analyzed_at, record.resource_type, record.is_deleted)
        return sum(one is not None for one in telling) >= len(telling) - 1
    return (record.source or "").startswith(SENDER) or (record.detail_type or "").lower() in KINDS


def _in_utc(time: datetime) -> datetime:
    """Give a time its zone: where it is left out, it is UTC."""
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _cloud(record: AccessAnalyzerRecord, finding: Finding) -> ecs.Cloud:
    account = ecs.given(finding.account_id) or ecs.given(record.account)
    return ecs.Cloud(
        account=ecs.CloudAccount(id=account) if account else None,
        region=ecs.given(finding.region) or ecs.given(record.region),
    )


def _event(record: AccessAnalyzerRecord, finding: Finding, *, is_preview: bool) -> ecs.Event:
    is_open = finding.status == ACTIVE and not finding.is_deleted
    number = ecs.given(finding.id) or ecs.given(finding.finding_id)
    return ecs.Event(
        action=ecs.given(record.detail_type),
        category=("iam",),
        created=_in_utc(finding.created_at) if finding.created_at else None,
        id=number or ecs.given(record.id),
        kind="event" if is_preview else "alert" if is_open else "state",
        outcome="failure" if ecs.given(finding.error) else None,
        provider=ecs.given(record.source),
        type=("info",),
    )


def _kind(record: AccessAnalyzerRecord, finding: Finding) -> str | None:
    return ecs.given(finding.finding_type) or KINDS.get((record.detail_type or "").lower())


def _own(record: AccessAnalyzerRecord, finding: Finding, condition: ecs.Flat | None) -> AccessAnalyzer:
    """Give what is below `aws.access_analyzer`."""
    own = AccessAnalyzer(
        access_type=ecs.given(finding.access_type),
        actions=tuple(filter(ecs.given, finding.action or ())),
        analyzed_at=_in_utc(finding.analyzed_at) if finding.analyzed_at else None,
        analyzer_arn=tuple(filter(ecs.given, record.resources or ())),
        condition=condition,
        finding_type=_kind(record, finding),
        is_deleted=finding.is_deleted,
        is_public=finding.is_public,
        previous_status=ecs.given(finding.previous_status),
        principal=_principal(finding) if finding.principal or finding.principal_type else None,
        resource=ecs.some(Resource(arn=ecs.given(finding.resource), type=ecs.given(finding.resource_type))),
        status=ecs.given(finding.status),
        version=ecs.given(finding.version),
    )
    if finding.is_deleted and finding.updated_at:
        own.updated_at = _in_utc(finding.updated_at)
    own.number_of_unused_actions = finding.number_of_unused_actions
    own.number_of_unused_services = finding.number_of_unused_services
    own.resource_control_policy_restriction_type = ecs.given(finding.resource_control_policy_restriction_type)
    own.service_control_policy_restriction_type = ecs.given(finding.service_control_policy_restriction_type)
    if finding.sources:
        own.sources = tuple(filter(None, map(_source, finding.sources)))
    if finding.access_preview_id is not None:
        own.preview = _preview(finding)
    return own


def _principal(finding: Finding) -> Principal | None:
    principal = finding.principal or {}
    return ecs.some(
        Principal(
            entity_type=ecs.given(finding.principal_type),
            id=_ids(principal),
            owner_account=ecs.given(finding.principal_owner_account),
            type=tuple(principal),
        )
    )


def _ids(principal: dict[str, Any]) -> tuple[str, ...]:
    """Give all that a principal is called; most are one thing."""
    found: list[str | None] = []
    for value in principal.values():
        found += value if isinstance(value, list) else [value]
    return ecs.once(map(ecs.given, found))


def _source(source: FindingSource) -> AccessSource | None:
    detail = source.detail or FindingSourceDetail()
    return ecs.some(
        AccessSource(
            access_point_account=ecs.given(detail.access_point_account),
            access_point_arn=ecs.given(detail.access_point_arn),
            type=ecs.given(source.type),
        )
    )


def _preview(finding: Finding) -> Preview | None:
    return ecs.some(
        Preview(
            configured_resources=tuple(filter(ecs.given, finding.configured_resources or ())),
            id=ecs.given(finding.access_preview_id),
            status_reason=ecs.given(finding.status_reason.code) if finding.status_reason else None,
        )
    )


def _service(finding: Finding) -> ecs.Service | None:
    """Name the service that has the access, the first if there are several."""
    names = _ids({SERVICE: (finding.principal or {}).get(SERVICE)})
    return ecs.Service(name=names[0]) if names else None


def _who(finding: Finding) -> tuple[ecs.User | None, tuple[str, ...]]:
    """Name who has the access, and all that they can be found by: the principal; of unused access the resource."""
    if finding.principal:
        ids = _ids({kind: value for kind, value in finding.principal.items() if kind != SERVICE})
    elif (finding.resource_type or "").startswith("AWS::IAM::"):
        ids = (finding.resource,) if finding.resource else ()
    else:
        return None, ()
    ids = tuple([one for one in ids if one != EVERYBODY])
    known = [arn.principal(one) for one in ids]
    names = ecs.once([name for one, found in zip(ids, known, strict=True) for name in (*found.names, one)])
    return ecs.User(email=known[0].email, id=ids[0], name=known[0].name) if ids else None, names


source = Source(
    dataset="aws.access_analyzer",
    key=(
        r"(?:^|/)(?:AccessAnalyzer|accessanalyzer|Access-Analyzer|access-analyzer)(?:/(?:[^/]+/)*[\w.-]+|[\w.-]*)"
        r"-\d+-\d{4}(?:-\d\d){5}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.[a-z0-9]+)*$"
    ),
    format=JsonRecords(AccessAnalyzerRecord, whole_events=True),
    marks=Marks(members=(("analyzedAt", "resourceType", "isDeleted"), ("accessPreviewId", "status"))),
    document=document,
    id=document_id,
    dropped={
        "account": "of the analyzer; a finding names that of its resource",
        "id": "of the event: another one for each copy of a finding",
        "region": "of the analyzer; a finding of external access names that of its resource",
        "time": "when the event was sent; where a finding says when it was updated, that is its time",
        "version": "of the envelope",
    },
)
