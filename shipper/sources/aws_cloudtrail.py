"""
AWS CloudTrail: management, data, network-activity, Insights and aggregated events.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, Final

import msgspec
from msgspec import Raw, Struct, field

from shipper import arn, ecs, freeform, web
from shipper.ecs import Flat
from shipper.formats import Held, JsonRecords, Record, holds
from shipper.freeform import Freeform
from shipper.marks import Marks
from shipper.source import Origin, Source

# -- what AWS writes ---------------------------------------------------------------------------------------------------


class SessionAttributes(Record, rename="camel"):
    creation_date: str | None = None
    mfa_authenticated: bool | None = None


class SessionIssuer(Record, rename="camel"):
    type: str | None = None
    principal_id: str | None = None
    arn: str | None = None
    account_id: str | None = None
    user_name: str | None = None


class WebIdFederationData(Record, rename="camel"):
    federated_provider: str | None = None
    attributes: Raw = Raw()


class SessionContext(Record, rename="camel"):
    attributes: SessionAttributes | None = None
    session_issuer: SessionIssuer | None = None
    web_id_federation_data: WebIdFederationData | None = None
    source_identity: str | None = None
    ec2_role_delivery: str | None = None
    assumed_root: bool | None = None
    sign_in_session_arn: str | None = None


class InvokedByDelegate(Record, rename="camel"):
    account_id: str | None = None


class OnBehalfOf(Record, rename="camel"):
    user_id: str | None = None
    identity_store_arn: str | None = None


class InScopeOf(Record, rename="camel"):
    source_arn: str | None = None
    source_account: str | None = None
    issuer_type: str | None = None
    credentials_issued_to: str | None = None
    credentials_issued_to_version: str | None = None


class UserIdentity(Record, rename="camel"):
    type: str | None = None
    principal_id: str | None = None
    arn: str | None = None
    account_id: str | None = None
    access_key_id: str | None = None
    user_name: str | None = None
    session_context: SessionContext | None = None
    invoked_by: str | None = None
    invoked_by_delegate: InvokedByDelegate | None = None
    on_behalf_of: OnBehalfOf | None = None
    in_scope_of: InScopeOf | None = None
    credential_id: str | None = None
    identity_provider: str | None = None


class Resource(Record, rename="camel"):
    arn: str | None = field(name="ARN", default=None)
    lower_case_arn: str | None = field(name="arn", default=None)
    arn_prefix: str | None = field(name="ARNPrefix", default=None)
    account_id: str | None = None
    type: str | None = None


class Addendum(Record, rename="camel"):
    reason: str | None = None
    updated_fields: str | None = None
    original_request_id: str | None = field(name="originalRequestID", default=None)
    original_event_id: str | None = field(name="originalEventID", default=None)


class TlsDetails(Record, rename="camel"):
    tls_version: str | None = None
    cipher_suite: str | None = None
    client_provided_host_header: str | None = None
    key_exchange: str | None = None


class TimeWindow(Record, rename="camel"):
    window_start: str | None = None
    window_end: str | None = None
    window_size: str | None = None


class CloudTrailRecord(Record, rename="camel"):
    event_version: str
    event_time: datetime | None = None
    user_identity: Annotated[Raw, holds(UserIdentity)] = Raw()
    event_source: str | None = None
    event_name: str | None = None
    aws_region: str | None = None
    source_ip_address: str | None = field(name="sourceIPAddress", default=None)
    user_agent: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    request_parameters: Raw = Raw()
    response_elements: Raw = Raw()
    additional_event_data: Raw = Raw()
    request_id: str | None = field(name="requestID", default=None)
    event_id: str | None = field(name="eventID", default=None)
    event_type: str | None = None
    api_version: str | None = None
    management_event: bool | None = None
    read_only: bool | None = None
    resources: list[Resource] | None = None
    recipient_account_id: str | None = None
    service_event_details: Raw = Raw()
    shared_event_id: str | None = field(name="sharedEventID", default=None)
    mixed_case_shared_event_id: str | None = field(name="sharedEventId", default=None)
    vpc_endpoint_id: str | None = None
    vpc_endpoint_account_id: str | None = None
    event_category: str | None = None
    addendum: Addendum | None = None
    session_credential_from_console: bool | None = None
    event_context: Raw = Raw()
    edge_device_details: Raw = Raw()
    annotation: Raw = Raw()
    tls_details: TlsDetails | None = None
    insight_details: Raw = Raw()
    # Aggregated events have a schema of their own.
    account_id: str | None = None
    aggregated_event_id: str | None = field(name="eventId", default=None)
    time_window: TimeWindow | None = None
    summary: Raw = Raw()


# -- what we add to ECS ------------------------------------------------------------------------------------------------


class CloudTrailSessionIssuer(ecs.FieldSet):
    """`user_name` is there only where `user.name` is another name."""

    user_name: str | None = None
    type: str | None = None
    principal_id: str | None = None
    arn: str | None = None
    account_id: str | None = None


class CloudTrailWebIdFederationData(ecs.FieldSet):
    federated_provider: str | None = None
    attributes: Flat | None = None


class CloudTrailSessionContext(ecs.FieldSet):
    creation_date: datetime | None = None
    mfa_authenticated: bool | None = None
    session_issuer: CloudTrailSessionIssuer | None = None
    web_id_federation_data: CloudTrailWebIdFederationData | None = None
    source_identity: str | None = None
    ec2_role_delivery: str | None = None
    assumed_root: bool | None = None
    sign_in_session_arn: str | None = None


class CloudTrailInvokedByDelegate(ecs.FieldSet):
    account_id: str | None = None


class CloudTrailOnBehalfOf(ecs.FieldSet):
    user_id: str | None = None
    identity_store_arn: str | None = None


class CloudTrailInScopeOf(ecs.FieldSet):
    source_arn: str | None = None
    source_account: str | None = None
    issuer_type: str | None = None
    credentials_issued_to: str | None = None
    credentials_issued_to_version: str | None = None


class CloudTrailUserIdentity(ecs.FieldSet):
    """`principal_id` and `user_name` are there only where `user.id` and `user.name` are others."""

    principal_id: str | None = None
    user_name: str | None = None
    type: str | None = None
    arn: str | None = None
    access_key_id: str | None = None
    invoked_by: str | None = None
    invoked_by_delegate: CloudTrailInvokedByDelegate | None = None
    session_context: CloudTrailSessionContext | None = None
    on_behalf_of: CloudTrailOnBehalfOf | None = None
    in_scope_of: CloudTrailInScopeOf | None = None
    credential_id: str | None = None
    identity_provider: str | None = None


class CloudTrailResource(ecs.FieldSet):
    arn: str | None = None
    arn_prefix: str | None = None
    account_id: str | None = None
    type: str | None = None


class CloudTrailAddendum(ecs.FieldSet):
    reason: str | None = None
    updated_fields: str | None = None
    original_request_id: str | None = None
    original_event_id: str | None = None


class CloudTrailTlsDetails(ecs.FieldSet):
    key_exchange: str | None = None


class CloudTrailConsoleLoginData(ecs.FieldSet):
    login_to: str | None = None
    mobile_version: str | None = None
    mfa_used: bool | None = None


class CloudTrailConsoleLogin(ecs.FieldSet):
    additional_eventdata: CloudTrailConsoleLoginData


class CloudTrailInsight(ecs.FieldSet):
    """What a panel groups Insights by; the whole of it is in `flattened.insight_details`."""

    state: str | None = None
    type: str | None = None
    event_source: str | None = None
    event_name: str | None = None
    error_code: str | None = None


class CloudTrailFlattened(ecs.FieldSet):
    """The free-form parts as flat objects."""

    additional_eventdata: Flat | None = None
    annotation: Flat | None = None
    edge_device_details: Flat | None = None
    event_context: Flat | None = None
    insight_details: Flat | None = None
    request_parameters: Flat | None = None
    response_elements: Flat | None = None
    service_event_details: Flat | None = None
    summary: Flat | None = None


class CloudTrail(ecs.FieldSet):
    additional_eventdata: ecs.LongText | None = None
    addendum: CloudTrailAddendum | None = None
    api_version: str | None = None
    console_login: CloudTrailConsoleLogin | None = None
    error_code: str | None = None
    error_message: str | None = None
    event_category: str | None = None
    event_type: str | None = None
    event_version: str | None = None
    flattened: CloudTrailFlattened | None = None
    insight: CloudTrailInsight | None = None
    management_event: bool | None = None
    read_only: bool | None = None
    recipient_account_id: str | None = None
    request_id: ecs.Identifier | None = None
    request_parameters: ecs.LongText | None = None
    resources: tuple[CloudTrailResource, ...] = ()
    response_elements: ecs.LongText | None = None
    service_event_details: ecs.LongText | None = None
    session_credential_from_console: bool | None = None
    shared_event_id: ecs.Identifier | None = None
    tls_details: CloudTrailTlsDetails | None = None
    user_identity: CloudTrailUserIdentity | Raw | None = None
    vpc_endpoint_account_id: str | None = None
    vpc_endpoint_id: str | None = None
    window_size: str | None = None


class Aws(ecs.Aws, kw_only=True):
    cloudtrail: CloudTrail | None = None


class CloudTrailEvent(ecs.Event, kw_only=True):
    id: ecs.Identifier | None = None


class CloudTrailDocument(ecs.Document, kw_only=True):
    aws: Aws
    event: CloudTrailEvent
    group: ecs.Group | None = None
    service: ecs.Service | None = None
    source: ecs.Endpoint | None = None
    tls: ecs.Tls | None = None
    user: ecs.User | None = None
    user_agent: ecs.UserAgent | None = None


# -- how one becomes the other -----------------------------------------------------------------------------------------


def _kinds(names: dict[tuple[str, str], str]) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    return {
        name: ((category,), tuple(kind.split())) for (category, kind), text in names.items() for name in text.split()
    }


KINDS: Final = _kinds(
    {
        ("api", "info"): "Converse DescribeRegions Publish",
        ("authentication", "info"): """
            AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot CheckMfa ConsoleLogin CredentialChallenge
            CredentialVerification GetCallerIdentity GetFederationToken GetSessionToken GetSigninToken SwitchRole
            UserAuthentication""",
        ("configuration", "info"): "DescribeTrails",
        ("configuration", "creation"): "CreateTopic",
        ("configuration", "change"): """
            DisableKey PutBucketAcl PutBucketPolicy PutBucketPublicAccessBlock PutBucketReplication PutEventSelectors
            StartLogging StopConfigurationRecorder StopLogging Subscribe UpdateDetector UpdateTrail""",
        ("configuration", "deletion"): """
            DeleteBucketPublicAccessBlock DeleteDeliveryChannel DeleteDetector DeleteFlowLogs DeleteLogGroup DeleteTrail
            ScheduleKeyDeletion""",
        ("database", "info"): "DescribeDBInstances ListTables",
        ("file", "info"): "GetObject HeadObject ListBuckets ListObjects",
        ("file", "creation"): "CreateBucket CreateDocument",
        ("file", "change"): "PutObject",
        ("file", "deletion"): "DeleteBucket DeleteObject DeleteObjects",
        ("host", "info"): "DescribeInstances DescribeVolumes ListInstanceAssociations",
        ("iam", "info"): "GetPolicy ListAttachedRolePolicies ListRoles",
        ("iam", "creation"): "CreatePolicy CreatePolicyVersion CreateRole",
        ("iam", "change"): "AttachRolePolicy DetachRolePolicy",
        ("iam", "deletion"): "DeletePolicy DeleteRole DeleteRolePolicy",
        ("iam", "admin creation"): "CreateKeyPair",
        ("iam", "admin change"): """
            PutRolePolicy SetDefaultPolicyVersion SetSecurityTokenServicePreferences UpdateAccountPasswordPolicy
            UpdateAssumeRolePolicy UpdateRole""",
        ("iam", "group info"): """
            GetGroup GetGroupPolicy ListAttachedGroupPolicies ListGroupPolicies ListGroups ListGroupsForUser""",
        ("iam", "group creation"): "CreateGroup",
        ("iam", "group change"): """
            AddUserToGroup AttachGroupPolicy DeleteGroupPolicy DetachGroupPolicy PutGroupPolicy RemoveUserFromGroup
            UpdateGroup""",
        ("iam", "group deletion"): "DeleteGroup",
        ("iam", "user info"): """
            GetUser GetUserPolicy ListAttachedUserPolicies ListUserPolicies ListUsers ListUserTags""",
        ("iam", "user creation"): "CreateUser",
        ("iam", "user change"): """
            AttachUserPolicy ChangePassword CreateAccessKey CreateLoginProfile CreateVirtualMFADevice
            DeactivateMFADevice DeleteAccessKey DeleteLoginProfile DeleteSSHPublicKey DeleteUserPermissionsBoundary
            DeleteUserPolicy DeleteVirtualMFADevice DetachUserPolicy EnableMFADevice PutUserPermissionsBoundary
            PutUserPolicy TagUser UntagUser UpdateAccessKey UpdateLoginProfile UpdateSSHPublicKey UpdateUser""",
        ("iam", "user deletion"): "DeleteUser",
        ("network", "info"): """
            DescribeLoadBalancers DescribeNetworkAcls DescribeNetworkInterfaces DescribeSecurityGroups DescribeVpcs""",
        ("network", "access"): "AuthorizeSecurityGroupIngress",
        ("package", "info"): "ListFunctions",
        ("process", "start"): "SendCommand",
        ("session", "start"): """
            CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel StartSession""",
        ("session", "end"): "TerminateSession",
    }
)
"""`event.category` and `event.type` by event name; events that are not listed have the type `info` and no category."""

SIGN_INS: Final = frozenset({"ConsoleLogin", "CredentialChallenge", "CredentialVerification", "UserAuthentication"})
"""Events whose `additionalEventData` can tell who signs in and how."""

TELLING: Final = frozenset({"iam.amazonaws.com", "signin.amazonaws.com", "sso.amazonaws.com"})
"""Services whose `responseElements` are looked into: they name who was created, and how a sign-in ended."""

_NO_KIND: Final = ((), ("info",))
_SESSION_TOKEN: Final = re.compile(rb'"sessionToken"\s*:\s*"((?:[\w+/=-]++|\\/|\\u00[0-9A-Fa-f]{2})++)"')
TOKEN_CHARACTERS: Final = 64
"""Fewest characters of a session token; shorter texts of that name are placeholders."""
TOKEN_DIGITS: Final = 32
"""Digits that are kept of the SHA-256 digest of a session token."""
IDENTITY_BYTES: Final = 2_048
"""Longest identity that is remembered; most have some 400 bytes."""

_identities = Held(UserIdentity, "userIdentity")
_NOBODY: Final = UserIdentity()
_NAMING: Final = frozenset(
    {
        *("computerName", "groupName", "newUserName", "userName"),
        *("instanceId", "instanceIds", "instancesSet", "resourceId", "target"),
    }
)
"""Members of `requestParameters` that name users, groups and hosts: any of them may have any type."""
_INSTANCE = re.compile(r"\bi-[0-9a-f]{8,17}\b")
_SERVICE_ROLE: Final = ":role/aws-service-role/"
_NOT_A_CALL: Final = frozenset({"Insight", "Aggregated"})


class Parts(Struct, frozen=True, gc=False, kw_only=True):
    """
    The free-form parts of a record in both forms, and the members of them that have a field of their own.

    Attributes:
        rare: those that few records have, by their names in `CloudTrailFlattened`
        parameters: members of `requestParameters`
        elements: members of `responseElements`, if the service is one of `TELLING`
        happened: members of `serviceEventDetails`
        login: members of `additionalEventData`, if the event is one of `SIGN_INS`
        naming: whether one of them may name a user, a group or a host
    """

    requested: Freeform
    answered: Freeform
    additional: Freeform
    details: Freeform
    rare: dict[str, Freeform]
    parameters: dict[str, Any]
    elements: dict[str, Any]
    happened: dict[str, Any]
    login: dict[str, Any]
    naming: bool


class Actor(Struct, frozen=True, gc=False, kw_only=True):
    """Who did it: a user or a service, and the names to find them by."""

    id: str | None = None
    name: str | None = None
    email: str | None = None
    session: str | None = None
    service: str | None = None


class Caller(Struct, frozen=True, gc=False, kw_only=True):
    """
    Who called, as `userIdentity` tells: the same for all calls of a session.

    Attributes:
        account: that they belong to
        actor: who it is
        names: all that they can be found by, each once
        user: as far as the identity tells
        fields: `aws.cloudtrail.user_identity`, already encoded
        unread: values in it that cannot be read
    """

    account: str | None
    actor: Actor
    names: tuple[str, ...]
    user: ecs.User | None
    fields: Raw | None
    unread: tuple[ecs.Unparsed, ...]


class Times(Struct, frozen=True, gc=False, kw_only=True):
    """When it happened; `unread` are the times that cannot be read."""

    timestamp: datetime
    start: datetime | None
    end: datetime | None
    unread: tuple[ecs.Unparsed, ...]


def document(record: CloudTrailRecord, _origin: Origin) -> CloudTrailDocument:
    """
    Map one event.

    Raises:
        ValueError: the record has no time, or one that cannot be read
        msgspec.DecodeError, UnicodeDecodeError: a free-form part is not JSON
        Undecodable: `userIdentity` is not JSON
    """
    times = _times(record)
    category, kind = KINDS.get(record.event_name or "", _NO_KIND)
    address = ecs.given(record.source_ip_address)
    agent = ecs.given(record.user_agent)
    ip = ecs.ip(address)
    parts = _parts(record)
    caller = _caller(record, parts)
    account = caller.account or record.recipient_account_id or record.account_id
    unread = times.unread + caller.unread
    return CloudTrailDocument(
        timestamp=times.timestamp,
        cloud=ecs.Cloud(
            account=ecs.CloudAccount(id=account) if account else None,
            region=record.aws_region or None,
            service=_service(record.event_source) if record.event_source else None,
        ),
        event=CloudTrailEvent(
            action=record.event_name or None,
            category=category,
            end=times.end,
            id=event_id(record),
            kind="event",
            outcome=_outcome(record, parts),
            provider=record.event_source or None,
            start=times.start,
            type=kind,
        ),
        aws=Aws(cloudtrail=_cloudtrail(record, parts, caller)),
        group=_group(parts) if parts.naming else None,
        related=_related(record, parts, caller, ip),
        service=ecs.Service(name=caller.actor.service) if caller.actor.service else None,
        shipper=ecs.Shipper(unparsed=unread) if unread else None,
        source=ecs.Endpoint(address=address, ip=ip) if address else None,
        tags=("cut",) if _is_cut(parts) else (),
        tls=_tls(record.tls_details) if record.tls_details else None,
        user=_user(caller, parts),
        user_agent=ecs.UserAgent(original=agent) if agent else None,
    )


def event_id(record: CloudTrailRecord) -> str | None:
    """
    Give the id by which copies of an event are one: the same event in two trails has the same.

    Events of several accounts about one action have different ids and a common `sharedEventID`.
    """
    return record.event_id or record.aggregated_event_id or None


def _cloudtrail(record: CloudTrailRecord, parts: Parts, caller: Caller) -> CloudTrail | None:
    # What most records have is given here, the rest is set below: of more than 15 arguments CPython makes a dictionary.
    cloudtrail = CloudTrail(
        additional_eventdata=parts.additional.text,
        api_version=record.api_version or None,
        event_category=record.event_category or None,
        event_type=record.event_type or None,
        event_version=record.event_version or None,
        flattened=_flattened(parts),
        management_event=record.management_event,
        read_only=record.read_only,
        recipient_account_id=record.recipient_account_id or None,
        request_id=record.request_id or None,
        request_parameters=parts.requested.text,
        response_elements=parts.answered.text,
        service_event_details=parts.details.text,
        user_identity=caller.fields,
        vpc_endpoint_id=record.vpc_endpoint_id or None,
    )
    _add_rare(cloudtrail, record, parts)
    return ecs.some(cloudtrail)


def _add_rare(cloudtrail: CloudTrail, record: CloudTrailRecord, parts: Parts) -> None:
    """Set what few records have."""
    if record.addendum:
        cloudtrail.addendum = _addendum(record.addendum)
    if parts.login and record.event_name == "ConsoleLogin":
        cloudtrail.console_login = _console_login(parts.login)
    if record.error_code or record.error_message:
        cloudtrail.error_code = record.error_code or None
        cloudtrail.error_message = record.error_message or None
    if insight := parts.rare.get("insight_details", freeform.NOTHING).members:
        cloudtrail.insight = _insight(insight)
    if record.resources:
        cloudtrail.resources = _resources(record.resources)
    if record.session_credential_from_console is not None:
        cloudtrail.session_credential_from_console = record.session_credential_from_console
    if record.shared_event_id or record.mixed_case_shared_event_id:
        cloudtrail.shared_event_id = record.shared_event_id or record.mixed_case_shared_event_id
    if record.time_window:
        cloudtrail.window_size = record.time_window.window_size or None
    if record.tls_details and record.tls_details.key_exchange:
        cloudtrail.tls_details = CloudTrailTlsDetails(key_exchange=record.tls_details.key_exchange)
    cloudtrail.vpc_endpoint_account_id = record.vpc_endpoint_account_id or None


def _times(record: CloudTrailRecord) -> Times:
    window = record.time_window
    unread: tuple[ecs.Unparsed, ...] = ()
    start = end = None
    if window:
        start, end = ecs.time(window.window_start), ecs.time(window.window_end)
        unread += _unread("timeWindow.windowStart", window.window_start, start)
        unread += _unread("timeWindow.windowEnd", window.window_end, end)
    timestamp = record.event_time or end
    if timestamp is None:
        raise ValueError("the record has neither eventTime nor timeWindow.windowEnd")
    if timestamp.tzinfo is None:  # all of CloudTrail's times are UTC
        timestamp = timestamp.replace(tzinfo=UTC)
    return Times(timestamp=timestamp, start=start, end=end, unread=unread)


def _unread(place: str, text: str | None, read: datetime | None) -> tuple[ecs.Unparsed, ...]:
    return (ecs.Unparsed(field=place, value=text),) if text and read is None else ()


def _parts(record: CloudTrailRecord) -> Parts:
    requested = freeform.read(record.request_parameters)
    answered = freeform.read(_without_session_tokens(record.response_elements))
    additional = freeform.read(record.additional_event_data)
    details = freeform.read(record.service_event_details)
    parameters = requested.members or {}
    elements = (answered.members or {}) if record.event_source in TELLING else {}
    happened = details.members or {}
    return Parts(
        requested=requested,
        answered=answered,
        additional=additional,
        details=details,
        rare=_rare(record),
        parameters=parameters,
        elements=elements,
        happened=happened,
        login=(additional.members or {}) if record.event_name in SIGN_INS else {},
        naming=bool(elements or happened) or not _NAMING.isdisjoint(parameters),
    )


def _without_session_tokens(elements: Raw) -> Raw:
    """
    Give response elements in which a digest stands for each session token that they hand out.

    STS writes that of every role that is assumed: some hundred characters that nobody searches for a part of. In full,
    they take a fifth of a trail's index. Equal tokens have equal digests.
    """
    written = bytes(elements)
    if b'"sessionToken"' not in written:
        return elements
    return Raw(_SESSION_TOKEN.sub(_digested, written))


def _digested(token: re.Match[bytes]) -> bytes:
    text: str = msgspec.json.decode(b'"%b"' % token[1])
    if len(text) < TOKEN_CHARACTERS:
        return token[0]
    return b'"sessionToken":"sha256:%b"' % sha256(text.encode()).hexdigest()[:TOKEN_DIGITS].encode()


def _rare(record: CloudTrailRecord) -> dict[str, Freeform]:
    annotation, edge_device, context = record.annotation, record.edge_device_details, record.event_context
    insight, summary = record.insight_details, record.summary
    if not (annotation or edge_device or context or insight or summary):
        return {}
    parts = {
        "annotation": annotation,
        "edge_device_details": edge_device,
        "event_context": context,
        "insight_details": insight,
        "summary": summary,
    }
    return {name: freeform.read(part) for name, part in parts.items() if part}


def _flattened(parts: Parts) -> CloudTrailFlattened | None:
    flattened = CloudTrailFlattened(
        additional_eventdata=parts.additional.flat,
        request_parameters=parts.requested.flat,
        response_elements=parts.answered.flat,
        service_event_details=parts.details.flat,
    )
    for name, part in parts.rare.items():
        setattr(flattened, name, part.flat)
    return ecs.some(flattened)


def _is_cut(parts: Parts) -> bool:
    return (
        parts.requested.cut
        or parts.answered.cut
        or parts.additional.cut
        or parts.details.cut
        or (bool(parts.rare) and any(part.cut for part in parts.rare.values()))
    )


def _outcome(record: CloudTrailRecord, parts: Parts) -> str | None:
    """
    Tell how it ended: every call failed that has an error.

    Sign-ins say so under the event's own name, those of the console in `responseElements`, those of IAM Identity Center
    in `serviceEventDetails`.
    https://docs.aws.amazon.com/singlesignon/latest/userguide/understanding-sign-in-events.html
    """
    if record.event_category in _NOT_A_CALL:
        return None
    name = record.event_name or ""
    told = parts.elements.get(name) or parts.happened.get(name)
    if told in ("Success", "Failure"):
        return str(told).lower()
    return "failure" if record.error_code or record.error_message else "success"


def _service(event_source: str) -> ecs.CloudService:
    return ecs.CloudService(name=event_source.removesuffix(".amazonaws.com"))


def _caller(record: CloudTrailRecord, parts: Parts) -> Caller:
    """Tell who called: a session makes many calls, each of which repeats its identity to the byte."""
    identity = bytes(record.user_identity)
    signing_in = _text(parts.login.get("UserName"))
    is_usual = len(identity) + len(signing_in or "") <= IDENTITY_BYTES
    return (_known_caller if is_usual else _read_caller)(identity, signing_in)


def _read_caller(data: bytes, signing_in: str | None) -> Caller:
    """
    Read an identity.

    Args:
        data: `userIdentity` as JSON; empty if there is none
        signing_in: the name that is used to sign in
    """
    read, unparsed = _identities.read(data)
    identity = read or _NOBODY
    actor = _actor(identity, signing_in)
    context = identity.session_context
    created = context.attributes.creation_date if context and context.attributes else None
    session = ecs.time(created)
    names = (
        actor.id,
        actor.name,
        actor.session,
        actor.session.partition("@")[0] if actor.session and "@" in actor.session else None,
        identity.on_behalf_of.user_id if identity.on_behalf_of else None,
    )
    fields = _user_identity(identity, actor, session)
    return Caller(
        account=identity.account_id,
        actor=actor,
        names=ecs.once(names),
        user=ecs.some(ecs.User(email=actor.email, id=actor.id, name=actor.name)),
        fields=Raw(msgspec.json.encode(fields)) if fields else None,
        unread=(
            *_unread("userIdentity.sessionContext.attributes.creationDate", created, session),
            *ecs.set_aside(unparsed),
        ),
    )


_known_caller = lru_cache(maxsize=1024)(_read_caller)


def _actor(identity: UserIdentity, signing_in: str | None) -> Actor:
    """
    Tell who acted.

    A role is named, not the person in it, as published rules expect; the session's name is in `related.user`. What AWS
    does by itself has a service and no user. `invokedBy` alone does not make a service the actor: console sign-ins have
    it too.
    """
    issuer = identity.session_context.session_issuer if identity.session_context else None
    if identity.type == "AWSService":
        return Actor(service=identity.invoked_by or None)
    if identity.type == "AssumedRole" and issuer and issuer.arn and _SERVICE_ROLE in issuer.arn:
        return Actor(service=identity.invoked_by or issuer.arn.partition(_SERVICE_ROLE)[2].partition("/")[0] or None)
    name = identity.user_name
    if identity.type in ("AssumedRole", "FederatedUser") and issuer and issuer.user_name:
        name = issuer.user_name
    name = name or signing_in
    user_id = identity.principal_id
    if identity.type == "IdentityCenterUser" and identity.on_behalf_of:
        user_id = identity.on_behalf_of.user_id or user_id
    session = identity.arn.rpartition("/")[2] if identity.arn and ":sts:" in identity.arn else None
    return Actor(id=user_id or None, name=name or None, email=arn.address(name, session), session=session or None)


def _text(value: Any) -> str | None:
    """Take a member of a free-form part that is expected to be a string."""
    return value if isinstance(value, str) and value else None


def _member(value: Any, name: str) -> str | None:
    return _text(value.get(name)) if isinstance(value, dict) else None


def _user(caller: Caller, parts: Parts) -> ecs.User | None:
    if not parts.naming:
        return caller.user
    new_name = _text(parts.parameters.get("newUserName"))
    target_id = _member(parts.elements.get("user"), "userId")
    target_name = _text(parts.parameters.get("userName"))
    return ecs.some(
        ecs.User(
            changes=ecs.UserChanges(name=new_name) if new_name else None,
            email=caller.actor.email,
            id=caller.actor.id,
            name=caller.actor.name,
            target=ecs.UserTarget(id=target_id, name=target_name) if target_id or target_name else None,
        )
    )


def _group(parts: Parts) -> ecs.Group | None:
    group_id = _member(parts.elements.get("group"), "groupId")
    name = _text(parts.parameters.get("groupName"))
    return ecs.Group(id=group_id, name=name) if group_id or name else None


def _related(record: CloudTrailRecord, parts: Parts, caller: Caller, ip: ecs.Ip | None) -> ecs.Related | None:
    host = record.tls_details.client_provided_host_header if record.tls_details else None
    address = ecs.given(record.source_ip_address)
    if ip or (address and (address.startswith("AWS Internal") or address.endswith(".amazonaws.com"))):
        address = None
    if not parts.naming and not record.resources and not host and not address:
        return ecs.Related(ip=(ip,) if ip else (), user=caller.names) if ip or caller.names else None
    parameters = parts.parameters
    users = (
        *caller.names,
        _text(parameters.get("userName")),
        _text(parameters.get("newUserName")),
        _member(parts.elements.get("user"), "userId"),
    )
    hosts = (host, address, _text(parameters.get("computerName")), *_instances(record, parameters))
    return ecs.related(hosts=hosts, ip=(ip, ecs.ip(_text(parts.happened.get("sourceIpAddress")))), user=users)


def _instances(record: CloudTrailRecord, parameters: dict[str, Any]) -> list[str]:
    """Ids of the EC2 instances that an event names."""
    found: list[str] = []
    for resource in record.resources or ():
        if resource.arn and "/i-" in resource.arn:
            found += _INSTANCE.findall(resource.arn)
    for name in ("instanceId", "target", "resourceId"):
        one = parameters.get(name)
        if isinstance(one, str) and one.startswith("i-"):
            found += _INSTANCE.findall(one)
    for name in ("instanceIds", "instancesSet"):
        many = parameters.get(name)
        if many and '"i-' in (text := msgspec.json.encode(many).decode()):
            found += _INSTANCE.findall(text)
    return found


def _console_login(login: dict[str, Any]) -> CloudTrailConsoleLogin | None:
    used = _text(login.get("MFAUsed"))
    data = ecs.some(
        CloudTrailConsoleLoginData(
            login_to=_text(login.get("LoginTo")),
            mobile_version=_text(login.get("MobileVersion")),
            mfa_used=None if used is None else used != "No",
        )
    )
    return CloudTrailConsoleLogin(additional_eventdata=data) if data else None


def _insight(insight: dict[str, Any]) -> CloudTrailInsight | None:
    return ecs.some(
        CloudTrailInsight(
            state=_text(insight.get("state")),
            type=_text(insight.get("insightType")),
            event_source=_text(insight.get("eventSource")),
            event_name=_text(insight.get("eventName")),
            error_code=_text(insight.get("errorCode")),
        )
    )


def _resources(resources: list[Resource]) -> tuple[CloudTrailResource, ...]:
    """Each resource once: AWS repeats some."""
    keys = dict.fromkeys(
        [(one.arn or one.lower_case_arn, one.arn_prefix, one.account_id, one.type) for one in resources]
    )
    return tuple(
        [
            CloudTrailResource(
                arn=arn or None, arn_prefix=prefix or None, account_id=account or None, type=kind or None
            )
            for arn, prefix, account, kind in keys
            if arn or prefix or account or kind
        ]
    )


def _addendum(addendum: Addendum) -> CloudTrailAddendum | None:
    return ecs.some(
        CloudTrailAddendum(
            reason=addendum.reason or None,
            updated_fields=addendum.updated_fields or None,
            original_request_id=addendum.original_request_id or None,
            original_event_id=addendum.original_event_id or None,
        )
    )


def _tls(details: TlsDetails) -> ecs.Tls | None:
    version, protocol = web.tls_version(None if details.tls_version == "tlsVersion" else details.tls_version)
    host = details.client_provided_host_header
    return ecs.some(
        ecs.Tls(
            cipher=details.cipher_suite or None,
            client=ecs.TlsClient(server_name=host) if host else None,
            version=version,
            version_protocol=protocol,
        )
    )


def _user_identity(identity: UserIdentity, actor: Actor, session: datetime | None) -> CloudTrailUserIdentity | None:
    delegate, behalf, scope = identity.invoked_by_delegate, identity.on_behalf_of, identity.in_scope_of
    context = identity.session_context
    return ecs.some(
        CloudTrailUserIdentity(
            type=identity.type or None,
            arn=identity.arn or None,
            access_key_id=identity.access_key_id or None,
            invoked_by=identity.invoked_by or None,
            invoked_by_delegate=CloudTrailInvokedByDelegate(account_id=delegate.account_id)
            if delegate and delegate.account_id
            else None,
            principal_id=(identity.principal_id or None) if identity.principal_id != actor.id else None,
            session_context=_session_context(context, actor, session) if context else None,
            on_behalf_of=_on_behalf_of(behalf) if behalf else None,
            in_scope_of=_in_scope_of(scope) if scope else None,
            credential_id=identity.credential_id or None,
            identity_provider=identity.identity_provider or None,
            user_name=(identity.user_name or None) if identity.user_name != actor.name else None,
        )
    )


def _on_behalf_of(behalf: OnBehalfOf) -> CloudTrailOnBehalfOf | None:
    return ecs.some(
        CloudTrailOnBehalfOf(
            user_id=behalf.user_id or None,
            identity_store_arn=behalf.identity_store_arn or None,
        )
    )


def _in_scope_of(scope: InScopeOf) -> CloudTrailInScopeOf | None:
    return ecs.some(
        CloudTrailInScopeOf(
            source_arn=scope.source_arn or None,
            source_account=scope.source_account or None,
            issuer_type=scope.issuer_type or None,
            credentials_issued_to=scope.credentials_issued_to or None,
            credentials_issued_to_version=scope.credentials_issued_to_version or None,
        )
    )


def _session_context(
    context: SessionContext, actor: Actor, created: datetime | None
) -> CloudTrailSessionContext | None:
    issuer, federation = context.session_issuer, context.web_id_federation_data
    return ecs.some(
        CloudTrailSessionContext(
            creation_date=created,
            mfa_authenticated=context.attributes.mfa_authenticated if context.attributes else None,
            session_issuer=_session_issuer(issuer, actor) if issuer else None,
            web_id_federation_data=_federation(federation) if federation else None,
            source_identity=context.source_identity or None,
            ec2_role_delivery=context.ec2_role_delivery or None,
            assumed_root=context.assumed_root,
            sign_in_session_arn=context.sign_in_session_arn or None,
        )
    )


def _session_issuer(issuer: SessionIssuer, actor: Actor) -> CloudTrailSessionIssuer | None:
    return ecs.some(
        CloudTrailSessionIssuer(
            type=issuer.type or None,
            principal_id=issuer.principal_id or None,
            arn=issuer.arn or None,
            account_id=issuer.account_id or None,
            user_name=(issuer.user_name or None) if issuer.user_name != actor.name else None,
        )
    )


def _federation(federation: WebIdFederationData) -> CloudTrailWebIdFederationData | None:
    return ecs.some(
        CloudTrailWebIdFederationData(
            federated_provider=federation.federated_provider or None,
            attributes=freeform.read(federation.attributes).flat,
        )
    )


source = Source(
    dataset="aws.cloudtrail",
    key=(
        r"(?:^|/)AWSLogs/(?:o-[a-z0-9]{10,32}/)?(?P<account>\d{12})/CloudTrail(?:-Insight|-NetworkActivity|-Aggregated)?/"
        r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)/\d{4}/\d{2}/\d{2}/"
        r"\d{12}_CloudTrail[^/]*_(?P<time>\d{8}T\d{4}Z)[^/]*\.json(?:\.gz)?$"
    ),
    skip=r"(?:^|/)CloudTrail-Digest/",
    format=JsonRecords(CloudTrailRecord, wrapper="Records"),
    marks=Marks(
        members=(
            ("eventVersion", "eventTime", "eventName", "sourceIPAddress"),  # an S3 event notification has no address
            ("eventVersion", "eventTime", "eventType", "insightDetails"),
            ("eventVersion", "eventCategory", "eventSource", "timeWindow", "summary"),
        )
    ),
    document=document,
    id=event_id,
)
