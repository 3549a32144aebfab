"""
AWS WAF: web requests that a web ACL inspected.

https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html
https://docs.aws.amazon.com/waf/latest/developerguide/logging-examples.html
https://docs.aws.amazon.com/waf/latest/developerguide/logging-s3.html
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import Raw, Struct, field

from shipper import ecs, freeform, web
from shipper.ecs import Flat
from shipper.formats import Held, JsonRecords, Record, holds
from shipper.marks import Marks
from shipper.remembered import LONGEST, remembered
from shipper.source import Origin, Source

# -- what AWS writes ---------------------------------------------------------------------------------------------------


class MatchDetail(Record, rename="camel"):
    condition_type: str | None = None
    sensitivity_level: str | None = None
    location: str | None = None
    matched_data: list[str] | str | None = None
    matched_field_name: str | None = None


class TokenResponse(Record, rename="camel"):
    response_code: int | None = None
    solve_timestamp: int | None = None
    failure_reason: str | None = None


class MatchedRule(Record, rename="camel"):
    rule_id: str | None = None
    action: str | None = None
    overridden_action: str | None = None
    rule_match_details: list[MatchDetail] | None = None
    captcha_response: TokenResponse | None = None
    challenge_response: TokenResponse | None = None


class ExcludedRule(Record, rename="camel"):
    exclusion_type: str | None = None
    rule_id: str | None = None


class RuleGroup(Record, rename="camel"):
    rule_group_id: str | None = None
    terminating_rule: MatchedRule | None = None
    non_terminating_matching_rules: list[MatchedRule] | None = None
    excluded_rules: list[ExcludedRule] | None = None
    customer_config: Raw = Raw()


class CustomValue(Record, rename="camel"):
    key: str | None = None
    name: str | None = None
    value: str | None = None


class RateBasedRule(Record, rename="camel"):
    rate_based_rule_id: str | None = None
    rate_based_rule_name: str | None = None
    limit_key: str | None = None
    limit_value: str | None = None
    max_rate_allowed: int | None = None
    evaluation_window_sec: int | None = None
    custom_values: list[CustomValue] | None = None


class Header(Record, rename="camel"):
    """In some of AWS's examples the value has the name `myValue`."""

    name: str | None = None
    value: str | None = None
    my_value: str | None = None


class Label(Record):
    name: str | None = None


class HttpRequest(Record, rename="camel"):
    client_ip: str | None = None
    country: str | None = None
    headers: list[Header] | None = None
    uri: str | None = None
    args: str | None = None
    http_version: str | None = None
    http_method: str | None = None
    request_id: str | None = None
    fragment: str | None = None
    scheme: str | None = None
    host: str | None = None
    client_asn: int | None = None
    forwarded_asn: int | None = None


class WafRecord(Record, rename="camel", kw_only=True):
    timestamp: int | None = None
    format_version: int | None = None
    webacl_id: str
    terminating_rule_id: str | None = None
    terminating_rule_type: str | None = None
    action: str | None = None
    terminating_rule_match_details: Annotated[Raw, holds(list[MatchDetail])] = Raw()
    http_source_name: str | None = None
    http_source_id: str | None = None
    rule_group_list: Annotated[Raw, holds(list[RuleGroup])] = Raw()
    rate_based_rule_list: Annotated[Raw, holds(list[RateBasedRule])] = Raw()
    non_terminating_matching_rules: Annotated[Raw, holds(list[MatchedRule])] = Raw()
    request_headers_inserted: list[Header] | None = None
    response_code_sent: int | None = None
    http_request: HttpRequest | None = None
    labels: Annotated[Raw, holds(list[Label])] = Raw()
    captcha_response: TokenResponse | None = None
    challenge_response: TokenResponse | None = None
    oversize_fields: list[str] | None = None
    request_body_size: int | None = None
    request_body_size_inspected_by_waf: int | None = field(name="requestBodySizeInspectedByWAF", default=None)
    ja3_fingerprint: str | None = None
    ja4_fingerprint: str | None = None
    client_asn: int | None = None
    forwarded_asn: int | None = None
    cf_distribution_tenant_id: str | None = None
    monetize_verify_response: Raw = Raw()


# -- what we add to ECS ------------------------------------------------------------------------------------------------
# Below the fields of `aws.waf`, the names are those that AWS writes, as in Elastic's package.


class WafMatchDetail(ecs.FieldSet, rename="camel"):
    condition_type: str | None = None
    sensitivity_level: str | None = None
    location: str | None = None
    matched_data: tuple[str, ...] = ()
    matched_field_name: str | None = None


class WafTokenResponse(ecs.FieldSet, rename="camel"):
    response_code: int | None = None
    solve_timestamp: datetime | None = None
    failure_reason: str | None = None


class WafMatchedRule(ecs.FieldSet, rename="camel"):
    rule_id: str | None = None
    action: str | None = None
    overridden_action: str | None = None
    rule_match_details: tuple[WafMatchDetail, ...] = ()
    captcha_response: WafTokenResponse | None = None
    challenge_response: WafTokenResponse | None = None


class WafExcludedRule(ecs.FieldSet, rename="camel"):
    exclusion_type: str | None = None
    rule_id: str | None = None


class WafRuleGroup(ecs.FieldSet, rename="camel"):
    rule_group_id: str | None = None
    terminating_rule: WafMatchedRule | None = None
    non_terminating_matching_rules: tuple[WafMatchedRule, ...] = ()
    excluded_rules: tuple[WafExcludedRule, ...] = ()
    customer_config: Flat | None = None


class WafCustomValue(ecs.FieldSet):
    key: str | None = None
    name: str | None = None
    value: str | None = None


class WafRateBasedRule(ecs.FieldSet, rename="camel"):
    rate_based_rule_id: str | None = None
    rate_based_rule_name: str | None = None
    limit_key: str | None = None
    limit_value: str | None = None
    max_rate_allowed: int | None = None
    evaluation_window_sec: int | None = None
    custom_values: tuple[WafCustomValue, ...] = ()


class WafLabel(ecs.FieldSet):
    name: str


class WafSource(ecs.FieldSet):
    id: str | None = None
    name: str | None = None


class WafRequest(ecs.FieldSet):
    """Headers by name, as written; one that is there several times, in any case, is a list under its first spelling."""

    headers: Flat | None = None


class Waf(ecs.FieldSet):
    """
    `aws.waf`.

    `counted_rules` names all rules that matched without an effect on the request, those in groups with their group
    before them, so that a panel can group by them. `name` and `scope` are parts of the ARN.
    """

    arn: str | None = None
    captcha_response: WafTokenResponse | None = None
    cf_distribution_tenant_id: str | None = None
    challenge_response: WafTokenResponse | None = None
    counted_rules: tuple[str, ...] = ()
    format_version: str | None = None
    forwarded_asn: int | None = None
    id: str | None = None
    ja4_fingerprint: str | None = None
    labels: tuple[WafLabel, ...] | Raw | None = None
    monetize_verify_response: Flat | None = None
    name: str | None = None
    non_terminating_matching_rules: tuple[WafMatchedRule, ...] | Raw | None = None
    oversize_fields: tuple[str, ...] = ()
    rate_based_rule_list: tuple[WafRateBasedRule, ...] | Raw | None = None
    request: WafRequest | None = None
    request_body_size_inspected_by_waf: int | None = None
    request_headers_inserted: Flat | None = None
    rule_group_list: tuple[WafRuleGroup, ...] | Raw | None = None
    scope: str | None = None
    source: WafSource | None = None
    terminating_rule_match_details: tuple[WafMatchDetail, ...] | Raw | None = None


class Aws(ecs.Aws, kw_only=True):
    waf: Waf | None = None


class Client(ecs.Endpoint, kw_only=True):
    """`source`."""

    autonomous_system: ecs.As | None = field(name="as", default=None)
    geo: ecs.Geo | None = None


class WafDocument(ecs.Document, kw_only=True):
    aws: Aws
    http: ecs.Http | None = None
    network: ecs.Network | None = None
    rule: ecs.Rule | None = None
    source: Client | None = None
    tls: ecs.Tls | None = None
    url: ecs.Url | None = None
    user_agent: ecs.UserAgent | None = None


# -- how one becomes the other -----------------------------------------------------------------------------------------

_ALLOWED: Final = ("success", ("access", "allowed"))
_DENIED: Final = ("failure", ("access", "denied"))
_OUTCOMES: Final = {"ALLOW": _ALLOWED, "BLOCK": _DENIED, "CAPTCHA": _DENIED, "CHALLENGE": _DENIED}
"""A request that ends with a puzzle or a challenge did not get through: it had no valid token."""
_NO_OUTCOME: Final = (None, ("access",))
_CHALLENGES: Final = frozenset({"CAPTCHA", "CHALLENGE"})
_GROUPS: Final = frozenset({"GROUP", "MANAGED_RULE_GROUP"})
_DEFAULT: Final = "Default_Action"
"""What stands in the place of a rule when none terminated the inspection."""
_REDACTED: Final = "REDACTED"
LIST_BYTES: Final = 4_096
"""Longest list of rules or labels that is remembered."""
ADDRESS_CHARACTERS: Final = 53
"""The longest address, with brackets and a port."""
_MILLISECONDS: Final = 1_000
_ARN: Final = re.compile(
    r"arn:[^:]*:(?P<service>[^:]*):(?P<region>[^:]*):(?P<account>[^:]*):"
    r"(?P<id>(?:(?P<scope>[^/]*)/webacl/(?P<name>[^/]*))?.*)",
    re.DOTALL,
)

_EMPTY: Final = frozenset({b"", b"null", b"[]", b'""'})
_NO_REQUEST: Final = HttpRequest()
_encode: Final = msgspec.json.Encoder().encode
_flat: Final = cast("Callable[[bytes], Flat]", Raw)
_label_list = Held(list[Label], "labels")
_match_details = Held(list[MatchDetail], "terminatingRuleMatchDetails")
_rule_groups = Held(list[RuleGroup], "ruleGroupList")
_rate_based_rules = Held(list[RateBasedRule], "rateBasedRuleList")
_matching_rules = Held(list[MatchedRule], "nonTerminatingMatchingRules")


class Listed(Struct, frozen=True, gc=False, kw_only=True):
    """
    What a list of rules, matches or labels says.

    Attributes:
        fields: of `aws.waf`, already encoded
        ended: rules in groups that ended the group, as (name, name with the group's before it)
        counted: rules that matched and only count, those in groups with the group's name before them
        addresses: that are limited
        unread: values that cannot be read
        cut: whether a value was too long for a flat object
    """

    fields: Raw | None = None
    ended: tuple[tuple[str, str], ...] = ()
    counted: tuple[str, ...] = ()
    addresses: tuple[ecs.Ip, ...] = ()
    unread: tuple[ecs.Unparsed, ...] = ()
    cut: bool = False


class Acl(Struct, frozen=True, gc=False, kw_only=True):
    """What the id of a web ACL tells; that of WAF Classic is no ARN."""

    arn: str | None = None
    id: str | None = None
    name: str | None = None
    scope: str | None = None
    account: ecs.CloudAccount | None = None
    region: str | None = None
    service: ecs.CloudService | None = None


class Layout(Struct, frozen=True, gc=False, kw_only=True):
    """
    Where in a list of headers is what has a field of its own; the headers of a kind of client always have one layout.

    Attributes:
        names: under which the values go into a flat object, each once; None if some header is there several times
        spelled: of each header, the name under which its value goes
        forwarded: places of the addresses that proxies passed on
    """

    names: tuple[str, ...] | None
    spelled: tuple[str, ...]
    host: int | None
    agent: int | None
    referrer: int | None
    forwarded: tuple[int, ...]


class Headers(Struct, frozen=True, gc=False, kw_only=True):
    """The headers in a flat object, and those that have a field of their own."""

    flat: Flat | None = None
    cut: bool = False
    host: str | None = None
    agent: str | None = None
    referrer: str | None = None
    forwarded: tuple[ecs.Ip, ...] = ()


_NOTHING_LISTED: Final = Listed()
_NO_HEADERS: Final = Headers()


class Rules(Struct, frozen=True, gc=False, kw_only=True):
    """
    What all lists of rules and matches of a record say; most requests to a web ACL have the same.

    Attributes:
        deciding: the rule in a group that decided, if a group did
        counted: rules that matched and only count
        addresses: that are limited
        unread: values that cannot be read
        cut: whether a value was too long for a flat object
    """

    details: Raw | None
    groups: Raw | None
    rates: Raw | None
    matching: Raw | None
    deciding: str | None
    counted: tuple[str, ...]
    addresses: tuple[ecs.Ip, ...]
    unread: tuple[ecs.Unparsed, ...]
    cut: bool


class Parts(Struct, frozen=True, gc=False, kw_only=True):
    """The parts of a record that take some reading."""

    headers: Headers
    inserted: Headers
    rules: Rules
    labels: Listed
    monetized: freeform.Freeform


def document(record: WafRecord, origin: Origin) -> WafDocument:
    """
    Map one request.

    Raises:
        ValueError: neither the record nor the object's key tells the time
        msgspec.DecodeError, UnicodeDecodeError: a free-form part is not JSON
        Undecodable: a list of rules is not JSON
    """
    moment = _moment(record.timestamp, _MILLISECONDS)
    timestamp = moment or origin.time
    if timestamp is None:
        raise ValueError("the record has no timestamp that can be read, and the key has no time")
    parts = _parts(record)
    request, headers = record.http_request or _NO_REQUEST, parts.headers
    acl = _acl(record.webacl_id)
    outcome, kind = _OUTCOMES.get(record.action or "", _NO_OUTCOME)
    client = _client(request, record.client_asn)
    ip = client.ip if client else None
    url = _url(request, headers, is_tls=bool(record.ja3_fingerprint or record.ja4_fingerprint))
    unread = _unread(record, parts, is_timed=moment is not None)
    return WafDocument(
        timestamp=timestamp,
        cloud=ecs.Cloud(account=acl.account, region=acl.region, service=acl.service),
        event=ecs.Event(
            action=record.action or None, category=("web", "network"), kind="event", outcome=outcome, type=kind
        ),
        aws=Aws(waf=_waf(record, acl, parts)),
        http=_http(record, request, headers),
        network=_network(request.http_version, ip, headers.forwarded),
        related=_related(record, ip, url, headers.forwarded + parts.rules.addresses),
        rule=_rule(record.terminating_rule_id, record.terminating_rule_type, parts.rules.deciding),
        shipper=ecs.Shipper(unparsed=unread) if unread else None,
        source=client,
        tags=_tags(parts, is_timed=moment is not None),
        tls=ecs.Tls(client=ecs.TlsClient(ja3=record.ja3_fingerprint)) if record.ja3_fingerprint else None,
        url=url,
        user_agent=ecs.UserAgent(original=headers.agent) if headers.agent else None,
    )


def _parts(record: WafRecord) -> Parts:
    headers = record.http_request.headers if record.http_request else None
    inserted, monetized = record.request_headers_inserted, record.monetize_verify_response
    return Parts(
        headers=_headers(headers) if headers else _NO_HEADERS,
        inserted=_headers(inserted) if inserted else _NO_HEADERS,
        rules=_rules(record),
        labels=_list(_labels, bytes(record.labels)),
        monetized=freeform.read(monetized) if monetized else freeform.NOTHING,
    )


def _waf(record: WafRecord, acl: Acl, parts: Parts) -> Waf | None:
    waf = Waf(
        arn=acl.arn,
        counted_rules=parts.rules.counted,
        format_version=str(record.format_version) if record.format_version is not None else None,
        id=acl.id,
        ja4_fingerprint=record.ja4_fingerprint or None,
        labels=parts.labels.fields,
        name=acl.name,
        non_terminating_matching_rules=parts.rules.matching,
        rate_based_rule_list=parts.rules.rates,
        request=WafRequest(headers=parts.headers.flat) if parts.headers.flat else None,
        rule_group_list=parts.rules.groups,
        scope=acl.scope,
        source=_source(record.http_source_name, record.http_source_id),
        terminating_rule_match_details=parts.rules.details,
    )
    _add_rare(waf, record, parts)
    return ecs.some(waf)


def _add_rare(waf: Waf, record: WafRecord, parts: Parts) -> None:
    """Set what few records have."""
    request = record.http_request or _NO_REQUEST
    if record.captcha_response:
        waf.captcha_response = _token(record.captcha_response)
    if record.cf_distribution_tenant_id:
        waf.cf_distribution_tenant_id = record.cf_distribution_tenant_id
    if record.challenge_response:
        waf.challenge_response = _token(record.challenge_response)
    waf.forwarded_asn = request.forwarded_asn if record.forwarded_asn is None else record.forwarded_asn
    if parts.monetized.flat:
        waf.monetize_verify_response = parts.monetized.flat
    if record.oversize_fields:
        waf.oversize_fields = tuple(filter(ecs.given, record.oversize_fields))
    waf.request_body_size_inspected_by_waf = record.request_body_size_inspected_by_waf
    if parts.inserted.flat:
        waf.request_headers_inserted = parts.inserted.flat


def _unread(record: WafRecord, parts: Parts, *, is_timed: bool) -> tuple[ecs.Unparsed, ...]:
    """Gather the values that have the declared type and still cannot be read."""
    found = parts.rules.unread + parts.labels.unread
    if record.captcha_response:
        found += _unsolved("captchaResponse", record.captcha_response)
    if record.challenge_response:
        found += _unsolved("challengeResponse", record.challenge_response)
    if record.timestamp is not None and not is_timed:
        found += (ecs.Unparsed(field="timestamp", value=str(record.timestamp)),)
    return found


def _tags(parts: Parts, *, is_timed: bool) -> tuple[str, ...]:
    tags = () if is_timed else ("time_from_key",)
    is_cut = parts.headers.cut or parts.rules.cut or parts.inserted.cut or parts.monetized.cut
    return (*tags, "cut") if is_cut else tags


def _moment(number: int | None, a_second: int) -> datetime | None:
    """Give the time of so many parts of a second since 1970."""
    if number is None:
        return None
    try:
        return datetime.fromtimestamp(number / a_second, UTC)
    except (ValueError, OverflowError, OSError):  # beyond the years that there are
        return None


# -- the web ACL and its rules -----------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _acl(webacl: str) -> Acl:
    """
    Read `arn:aws:wafv2:eu-west-3:111122223333:regional/webacl/<name>/<id>`; WAF Classic has a GUID.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html
    """
    found = _ARN.fullmatch(webacl)
    if not found:
        return Acl(id=ecs.given(webacl))
    account, service = found["account"], found["service"]
    return Acl(
        arn=webacl,
        id=found["id"] or None,
        name=found["name"] or None,
        scope=found["scope"] or None,
        account=ecs.CloudAccount(id=account) if account else None,
        region=found["region"] or None,
        service=ecs.CloudService(name=service) if service else None,
    )


@lru_cache(maxsize=4096)
def _rule(rule: str | None, kind: str | None, ended: str | None) -> ecs.Rule | None:
    """Name the rule that decided: of a group, the one in it."""
    name = None if rule == _DEFAULT else ended or rule
    return ecs.some(ecs.Rule(id=rule or None, name=name or None, ruleset=kind or None))


@lru_cache(maxsize=1024)
def _source(name: str | None, source: str | None) -> WafSource | None:
    return ecs.some(WafSource(id=ecs.given(source), name=ecs.given(name)))


def _rules(record: WafRecord) -> Rules:
    """Read all lists of rules, from memory if their length allows."""
    details, groups = bytes(record.terminating_rule_match_details), bytes(record.rule_group_list)
    rates, matching = bytes(record.rate_based_rule_list), bytes(record.non_terminating_matching_rules)
    is_usual = len(details) + len(groups) + len(rates) + len(matching) <= LIST_BYTES
    is_group = record.terminating_rule_type in _GROUPS
    return (_known_rules if is_usual else _read_rules)(details, groups, rates, matching, is_group)


def _read_rules(details: bytes, groups: bytes, rates: bytes, matching: bytes, is_group: bool) -> Rules:  # noqa: FBT001 -- a key of the cache
    listed = _list(_details, details), _list(_groups, groups), _list(_rates, rates), _list(_matching, matching)
    by_match, by_group, by_rate, by_rule = listed
    ended = by_group.ended
    # A group that is told to count may have a rule that ended it, though not the inspection.
    counting = ended[:-1] if is_group else ended
    return Rules(
        details=by_match.fields,
        groups=by_group.fields,
        rates=by_rate.fields,
        matching=by_rule.fields,
        deciding=ended[-1][0] if ended and is_group else None,
        counted=(*by_rule.counted, *by_group.counted, *[path for _, path in counting]),
        addresses=by_rate.addresses,
        unread=sum([one.unread for one in listed], ()),
        cut=by_group.cut,
    )


_known_rules = lru_cache(maxsize=1024)(_read_rules)


def _list(read: Callable[[bytes], Listed], data: bytes) -> Listed:
    """Read a list of rules or labels, from memory if its length allows."""
    if data in _EMPTY:
        return _NOTHING_LISTED
    return _known_list(read, data) if len(data) <= LIST_BYTES else read(data)


@lru_cache(maxsize=1024)
def _known_list(read: Callable[[bytes], Listed], data: bytes) -> Listed:
    return read(data)


def _labels(data: bytes) -> Listed:
    labels, unparsed = _label_list.read(data)
    return Listed(
        fields=_encoded([WafLabel(name=one.name) for one in labels or () if one.name]), unread=ecs.set_aside(unparsed)
    )


def _details(data: bytes) -> Listed:
    details, unparsed = _match_details.read(data)
    return Listed(fields=_encoded(_match_fields(details)), unread=ecs.set_aside(unparsed))


def _groups(data: bytes) -> Listed:
    groups, unparsed = _rule_groups.read(data)
    fields: list[WafRuleGroup] = []
    ended: list[tuple[str, str]] = []
    counted: list[str] = []
    unread = list(ecs.set_aside(unparsed))
    is_cut = False
    for at, group in enumerate(groups or ()):
        place = f"ruleGroupList[{at}]"
        config = freeform.read(group.customer_config)
        is_cut |= config.cut
        terminating, matching = group.terminating_rule, group.non_terminating_matching_rules or []
        excluded = group.excluded_rules or []
        unread += _unsolved_rules(f"{place}.terminatingRule", [terminating] if terminating else [])
        unread += _unsolved_rules(f"{place}.nonTerminatingMatchingRules", matching)
        name = _group_name(group.rule_group_id)
        before = f"{name}/" if name else ""
        if terminating and terminating.rule_id:
            ended.append((terminating.rule_id, before + terminating.rule_id))
        counted += [before + rule for rule in _counted(matching)]
        counted += [before + one.rule_id for one in excluded if one.rule_id]
        some = ecs.some(
            WafRuleGroup(
                rule_group_id=group.rule_group_id or None,
                terminating_rule=ecs.some(_rule_fields(terminating)) if terminating else None,
                non_terminating_matching_rules=_filled(map(_rule_fields, matching)),
                excluded_rules=_filled(
                    WafExcludedRule(exclusion_type=one.exclusion_type or None, rule_id=one.rule_id or None)
                    for one in excluded
                ),
                customer_config=config.flat,
            )
        )
        fields += [some] if some else []
    return Listed(fields=_encoded(fields), ended=tuple(ended), counted=tuple(counted), unread=tuple(unread), cut=is_cut)


def _group_name(group: str | None) -> str:
    """Take the name out of `arn:aws:wafv2:…:global/rulegroup/<name>/<id>`; managed groups have no ARN."""
    return (group or "").partition("/rulegroup/")[2].partition("/")[0] or group or ""


def _rates(data: bytes) -> Listed:
    rates, unparsed = _rate_based_rules.read(data)
    fields = _filled(
        WafRateBasedRule(
            rate_based_rule_id=ecs.given(one.rate_based_rule_id),
            rate_based_rule_name=ecs.given(one.rate_based_rule_name),
            limit_key=ecs.given(one.limit_key),
            limit_value=ecs.given(one.limit_value),
            max_rate_allowed=one.max_rate_allowed,
            evaluation_window_sec=one.evaluation_window_sec,
            custom_values=_filled(
                WafCustomValue(key=ecs.given(value.key), name=ecs.given(value.name), value=ecs.given(value.value))
                for value in one.custom_values or ()
            ),
        )
        for one in rates or ()
    )
    addresses = [ip for one in rates or () if (ip := ecs.ip(one.limit_value))]
    return Listed(fields=_encoded(fields), addresses=tuple(addresses), unread=ecs.set_aside(unparsed))


def _matching(data: bytes) -> Listed:
    rules, unparsed = _matching_rules.read(data)
    unread = (*ecs.set_aside(unparsed), *_unsolved_rules("nonTerminatingMatchingRules", rules or []))
    return Listed(
        fields=_encoded(_filled(map(_rule_fields, rules or ()))), counted=tuple(_counted(rules or [])), unread=unread
    )


def _encoded(fields: Any) -> Raw | None:
    return Raw(_encode(fields)) if fields else None


def _filled(fields: Iterable[ecs.F]) -> tuple[ecs.F, ...]:
    """Give those that have a value."""
    return tuple([one for one in fields if ecs.some(one)])


def _counted(rules: Iterable[MatchedRule]) -> list[str]:
    return [one.rule_id for one in rules if one.rule_id and one.action == "COUNT"]


def _rule_fields(rule: MatchedRule) -> WafMatchedRule:
    return WafMatchedRule(
        rule_id=rule.rule_id or None,
        action=rule.action or None,
        overridden_action=rule.overridden_action or None,
        rule_match_details=_match_fields(rule.rule_match_details),
        captcha_response=_token(rule.captcha_response) if rule.captcha_response else None,
        challenge_response=_token(rule.challenge_response) if rule.challenge_response else None,
    )


def _match_fields(details: Iterable[MatchDetail] | None) -> tuple[WafMatchDetail, ...]:
    return _filled(
        WafMatchDetail(
            condition_type=ecs.given(one.condition_type),
            sensitivity_level=ecs.given(one.sensitivity_level),
            location=ecs.given(one.location),
            matched_data=_matched(one.matched_data),
            matched_field_name=ecs.given(one.matched_field_name),
        )
        for one in details or ()
    )


def _matched(data: list[str] | str | None) -> tuple[str, ...]:
    return tuple(filter(ecs.given, [data] if isinstance(data, str) else data or ()))


def _token(response: TokenResponse) -> WafTokenResponse | None:
    solved = response.solve_timestamp
    return ecs.some(
        WafTokenResponse(
            response_code=response.response_code,
            solve_timestamp=_moment(solved, 1) if solved else None,
            failure_reason=response.failure_reason or None,
        )
    )


def _unsolved_rules(place: str, rules: Iterable[MatchedRule]) -> list[ecs.Unparsed]:
    found: list[ecs.Unparsed] = []
    for at, rule in enumerate(rules):
        for name, response in (("captcha", rule.captcha_response), ("challenge", rule.challenge_response)):
            if response:
                found += _unsolved(f"{place}[{at}].{name}Response", response)
    return found


def _unsolved(place: str, response: TokenResponse) -> tuple[ecs.Unparsed, ...]:
    """Tell of a time that is none."""
    solved = response.solve_timestamp
    if not solved or _moment(solved, 1):
        return ()
    return (ecs.Unparsed(field=f"{place}.solveTimestamp", value=str(solved)),)


# -- the request -------------------------------------------------------------------------------------------------------


def _headers(headers: list[Header]) -> Headers:
    values = [one.value for one in headers]
    if None in values:
        values = [one.my_value or "" if one.value is None else one.value for one in headers]
    names = tuple([one.name or "" for one in headers])
    layout = (_known_layout if sum(map(len, names)) <= LONGEST else _layout)(names)
    flat = _encode(dict(zip(layout.names, values, strict=True)) if layout.names else _merged(layout.spelled, values))
    fitted, is_cut = _flat(flat), False
    if len(flat) > freeform.LEAF_BYTES:
        read = freeform.read(Raw(flat))
        fitted, is_cut = cast("Flat", read.flat), read.cut
    host, agent, referrer = layout.host, layout.agent, layout.referrer
    forwarded: tuple[ecs.Ip, ...] = ()
    for at in layout.forwarded:
        forwarded += _forwarded(values[at] or "")
    return Headers(
        flat=fitted,
        cut=is_cut,
        host=None if host is None else _shown(values[host]),
        agent=None if agent is None else _shown(values[agent]),
        referrer=None if referrer is None else _shown(values[referrer]),
        forwarded=forwarded,
    )


def _layout(names: tuple[str, ...]) -> Layout:
    places: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        places.setdefault(name.lower(), []).append(at)
    first = {name: found[0] for name, found in places.items()}
    spelled = tuple([names[first[name.lower()]] or "-" for name in names])
    return Layout(
        names=spelled if len(first) == len(names) else None,
        spelled=spelled,
        host=first.get("host"),
        agent=first.get("user-agent"),
        referrer=first.get("referer"),
        forwarded=tuple(places.get("x-forwarded-for", ())),
    )


_known_layout = lru_cache(maxsize=1024)(_layout)


def _merged(names: Iterable[str], values: Iterable[str | None]) -> dict[str, Any]:
    """Gather the values of headers that are there several times."""
    merged: dict[str, Any] = {}
    for name, value in zip(names, values, strict=True):
        merged.setdefault(name, []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in merged.items()}


def _shown(value: str | None) -> str | None:
    """Take a header's value, or the host, unless the web ACL's settings hide it."""
    return None if value == _REDACTED else ecs.given(value)


@remembered(4096)
def _forwarded(forwarded: str) -> tuple[ecs.Ip, ...]:
    """
    Give the addresses in `X-Forwarded-For`, behind commas, where anybody may have written anything.

    Some proxies give the port too.
    """
    found = []
    for one in forwarded.split(","):
        address = one.strip()
        if len(address) > ADDRESS_CHARACTERS:
            continue
        ip = ecs.ip(address) or ecs.ip(address.rpartition(":")[0].strip("[]"))
        if ip:
            found.append(ip)
    return tuple(found)


def _http(record: WafRecord, request: HttpRequest, headers: Headers) -> ecs.Http | None:
    size, status = record.request_body_size, record.response_code_sent
    if status is None and record.action in _CHALLENGES:
        response = record.captcha_response if record.action == "CAPTCHA" else record.challenge_response
        status = response.response_code if response else None
    asked = ecs.HttpRequest(
        id=ecs.given(request.request_id), method=ecs.given(request.http_method), referrer=headers.referrer
    )
    if size is not None:
        asked.body = ecs.HttpBody(bytes=size)
    found = ecs.Http(request=ecs.some(asked), version=_version(request.http_version)[0])
    if status is not None:
        found.response = ecs.HttpResponse(status_code=status)
    return ecs.some(found)


@lru_cache(maxsize=64)
def _version(written: str | None) -> tuple[str | None, str | None, str | None]:
    """Give the version, the protocol and the transport of `HTTP/1.1`; version 3 goes over QUIC."""
    protocol, slash, version = (ecs.given(written) or "").partition("/")
    if not slash:
        return protocol or None, None, None
    return version or None, protocol.lower() or None, "udp" if version.startswith("3") else "tcp"


def _is_binary(written: str | None) -> bool:
    return written is not None and written.startswith(("HTTP/2", "HTTP/3"))


def _network(written: str | None, ip: ecs.Ip | None, forwarded: tuple[ecs.Ip, ...]) -> ecs.Network | None:
    kind = ecs.ip_version(ip)
    _, protocol, transport = _version(written)
    if not (forwarded or protocol or kind):
        return None
    return ecs.Network(
        forwarded_ip=forwarded[0] if forwarded else None, protocol=protocol, transport=transport, type=kind
    )


def _client(request: HttpRequest, asn: int | None) -> Client | None:
    address, geo = ecs.given(request.client_ip), _geo(request.country)
    number = request.client_asn if asn is None else asn
    if not (address or geo) and number is None:
        return None
    client = Client(address=address, geo=geo, ip=ecs.ip(address))
    if number is not None:
        client.autonomous_system = ecs.As(number=number)
    return client


@lru_cache(maxsize=512)
def _geo(country: str | None) -> ecs.Geo | None:
    country = ecs.given(country)
    return ecs.Geo(country_iso_code=country) if country else None


def _url(request: HttpRequest, headers: Headers, *, is_tls: bool) -> ecs.Url | None:
    """
    Put the URL together. Without a known scheme it begins with two slashes, which is a relative reference.

    AWS takes HTTP/2 and HTTP/3 over TLS only, and only a request over TLS has a fingerprint. A URL of which a part is
    hidden is never whole.
    """
    path, query = ecs.given(request.uri), ecs.given(request.args)
    scheme = ecs.given(request.scheme) or ("https" if is_tls or _is_binary(request.http_version) else None)
    host = _shown(request.host) or headers.host
    domain, port = web.authority(host) if host else (None, None)
    full = extension = None
    if path:
        extension = web.extension(path)
        if host and path[0] == "/" and query != _REDACTED:
            full = f"{scheme}://{host}{path}" if scheme else f"//{host}{path}"
            if query:
                full = f"{full}?{query}"
            if request.fragment:
                full = f"{full}#{request.fragment}"
    url = ecs.Url(domain=domain, full=full, path=path, query=query, scheme=scheme)
    if extension:
        url.extension = ecs.given(extension)
    if request.fragment:
        url.fragment = ecs.given(request.fragment)
    if port is not None:
        url.port = port
    return url if domain or path else ecs.some(url)


def _related(
    record: WafRecord, ip: ecs.Ip | None, url: ecs.Url | None, others: tuple[ecs.Ip, ...]
) -> ecs.Related | None:
    ja3, ja4, domain = record.ja3_fingerprint, record.ja4_fingerprint, url.domain if url else None
    if not (ip or domain or ja3 or ja4 or others):
        return None
    found = ecs.Related(
        hash=(ja3, ja4) if ja3 and ja4 else (ja3,) if ja3 else (ja4,) if ja4 else (),
        hosts=(domain,) if domain else (),
        ip=(ip,) if ip else (),
    )
    if others:
        found.ip = tuple(dict.fromkeys(found.ip + others))
    return found


source = Source(
    dataset="aws.waf",
    key=(
        r"(?:^|/)AWSLogs/(?:o-[a-z0-9]{10,32}/)?(?P<account>\d{12})/WAFLogs/"
        r"(?:cloudfront|(?P<region>[a-z]{2}(?:-[a-z]+)+-\d))/[^/]+/\d{4}/\d{2}/\d{2}/\d{2}/\d{2}/"
        r"\d{12}_waflogs_[^/]+_(?P<time>\d{8}T\d{4}Z)_[0-9a-f]+\.log(?:\.gz)?$"
        # Of Firehose, whose streams for WAF must have such a name.
        r"|(?:^|/)aws-waf-logs-[\w.-]+-\d+-\d{4}(?:-\d\d){5}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
        r"(?:\.[a-z0-9]+)*$"
    ),
    format=JsonRecords(WafRecord),
    marks=Marks(members=(("webaclId", "httpRequest", "action"),)),
    document=document,
)
