"""
Web requests to a few shops, half through CloudFront, half through load balancers: people, apps, crawlers and scanners.

What a client sends along (its headers, in its own order) stays the same from request to request, but for the page it
comes from; cookies differ between clients. Most requests match nothing; a tenth is counted, some are blocked.

https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any, Final, NamedTuple

import msgspec

from benchmarks.inputs import Facts, Framing, Input, glued, in_payloads, over_and_over
from benchmarks.packing import packed_one_by_one, unpacked
from benchmarks.vocabulary import public_ip, uuid, word
from shipper.demo.objects import StoredObject, zipped

_FIRST: Final = 1_770_109_200_000
_SPAN: Final = 300_000
_ACCOUNT: Final = "111122223333"
_COUNTRIES: Final = ("US", "FR", "DE", "GB", "JP", "BR", "IN", "NL", "CN", "RU", "-")
_AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{n}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.{n} Safari",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{n}.0) Gecko/20100101 Firefox/{n}.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_{n} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile",
    "ShopApp/4.{n} (Android 15; Pixel 9)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "python-requests/2.32.{n}",
    "curl/8.{n}.0",
)
_AGENT_WEIGHTS: Final = (30, 14, 8, 20, 14, 5, 5, 4)
_BROWSERS: Final = 4
"""How many of the agents are browsers, which send many headers."""
_CLIENTS: Final = 6_000
_ENDINGS: Final = ("", "", "", "/", ".html", ".json", ".js", ".css", ".png", ".webp", ".php")
_ATTACKS: Final = (
    ("q=%27%20OR%201%3D1--", "SQL_INJECTION", ["'", "OR", "1", "=", "1"]),
    ("id=10+AND+1%3D1", "SQL_INJECTION", ["10", "AND", "1"]),
    ("s=%3Cscript%3Ealert(1)%3C/script%3E", "XSS", ["<", "script"]),
    ("file=../../../../etc/passwd", None, []),
)
_GROUPS: Final = (
    ("AWSManagedRulesAmazonIpReputationList", ("AWSManagedIPReputationList", "AWSManagedIPDDoSList")),
    ("AWSManagedRulesCommonRuleSet", ("NoUserAgent_HEADER", "CrossSiteScripting_QUERYARGUMENTS", "GenericLFI_URIPATH")),
    ("AWSManagedRulesKnownBadInputsRuleSet", ("Log4JRCE_HEADER", "ExploitablePaths_URIPATH")),
    ("AWSManagedRulesSQLiRuleSet", ("SQLi_QUERYARGUMENTS", "SQLi_BODY")),
    ("AWSManagedRulesBotControlRuleSet", ("CategoryHttpLibrary", "SignalNonBrowserUserAgent", "TGT_TokenAbsent")),
)
_BLOCKED: Final = 0.08
_COUNTED: Final = 0.1
_REPEATED: Final = 0.01
_SKEW: Final = 2.5

Fields = dict[str, Any]


class _Acl(NamedTuple):
    """A web ACL, and what it protects."""

    name: str
    arn: str
    source: str
    source_id: str
    host: str
    groups: tuple[tuple[str, tuple[str, ...]], ...]


class _Client(NamedTuple):
    """Somebody who sends requests."""

    address: str
    country: str
    version: str
    headers: tuple[tuple[str, str], ...]
    is_browser: bool
    ja3: str
    ja4: str


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write log files, each of one web ACL."""
    acls = [_acl(random, number) for number in range(4)]
    for number in range(objects):
        acl = acls[number % len(acls)]
        clients = [_client(random, acl) for _ in range(_CLIENTS)]
        lines = [msgspec.json.encode(_record(random, acl, clients)) + b"\n" for _ in range(records // objects)]
        yield _stored(random, acl, b"".join(lines))


def _stored(random: Random, acl: _Acl, lines: bytes) -> StoredObject:
    region = "cloudfront" if acl.source == "CF" else "eu-west-3"
    time = datetime(2026, 2, 3, 9, 5, tzinfo=UTC)
    name = f"{_ACCOUNT}_waflogs_{region}_{acl.name}_{time:%Y%m%dT%H%MZ}_{random.getrandbits(32):08x}.log.gz"
    return StoredObject(f"AWSLogs/{_ACCOUNT}/WAFLogs/{region}/{acl.name}/{time:%Y/%m/%d/%H/%M}/{name}", zipped(lines))


def _acl(random: Random, number: int) -> _Acl:
    name = f"{word(random)}-acl-{number}"
    is_global = number % 2 == 0
    place = "us-east-1:{}:global" if is_global else "eu-west-3:{}:regional"
    return _Acl(
        name=name,
        arn=f"arn:aws:wafv2:{place.format(_ACCOUNT)}/webacl/{name}/{uuid(random)}",
        source="CF" if is_global else "ALB",
        source_id="E2DX1SLDPK0123" if is_global else f"{_ACCOUNT}-app/{name}/{random.getrandbits(64):016x}",
        host=f"www.{word(random)}.example.com",
        groups=_GROUPS[: 3 + number % 3],
    )


def _client(random: Random, acl: _Acl) -> _Client:
    (kind,) = random.choices(range(len(_AGENTS)), _AGENT_WEIGHTS)
    is_browser = kind < _BROWSERS
    agent = _AGENTS[kind].format(n=random.randrange(100, 145) if is_browser else random.randrange(40))
    headers = [("host", acl.host), ("user-agent", agent), ("accept", "*/*"), ("accept-encoding", "gzip, deflate, br")]
    if is_browser:
        headers += [
            ("accept-language", random.choice(("en-US,en;q=0.9", "fr-FR,fr;q=0.8", "de", "ja"))),
            ("sec-fetch-dest", random.choice(("document", "empty", "image"))),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-site", "same-origin"),
            ("cookie", f"session={random.getrandbits(160):040x}; consent=all; aws-waf-token={uuid(random)}:AAoA"),
        ]
    if kind == 0:
        headers += [("sec-ch-ua-platform", '"Windows"'), ("sec-ch-ua-mobile", "?0"), ("upgrade-insecure-requests", "1")]
    if acl.source == "ALB":
        headers = [(name.title(), value) for name, value in headers]
        headers.append(("X-Forwarded-For", public_ip(random)))
    return _Client(
        address=public_ip(random),
        country=random.choice(_COUNTRIES),
        version="HTTP/2.0" if is_browser else "HTTP/1.1",
        headers=tuple(headers),
        is_browser=is_browser,
        ja3=f"{random.getrandbits(128):032x}",
        ja4=f"t13d1516h2_{random.getrandbits(48):012x}_{random.getrandbits(48):012x}",
    )


def _record(random: Random, acl: _Acl, clients: list[_Client]) -> Fields:
    client = clients[int(len(clients) * random.random() ** _SKEW)]
    attack = random.choice(_ATTACKS) if random.random() < _BLOCKED else None
    record: Fields = {
        "timestamp": _FIRST + random.randrange(_SPAN),
        "formatVersion": 1,
        "webaclId": acl.arn,
        "terminatingRuleId": "Default_Action",
        "terminatingRuleType": "REGULAR",
        "action": "ALLOW",
        "terminatingRuleMatchDetails": [],
        "httpSourceName": acl.source,
        "httpSourceId": acl.source_id,
        "ruleGroupList": [_group(name) for name, _ in acl.groups],
        "rateBasedRuleList": [],
        "nonTerminatingMatchingRules": [],
        "requestHeadersInserted": None,
        "responseCodeSent": None,
        "httpRequest": _request(random, client, acl, attack[0] if attack else None),
        "labels": [{"name": f"awswaf:clientip:geo:country:{client.country}"}],
        "ja3Fingerprint": client.ja3,
        "ja4Fingerprint": client.ja4,
        "requestBodySize": random.choice((0, 0, 0, random.randrange(40_000))),
        "requestBodySizeInspectedByWAF": 0,
    }
    if attack:
        _end(random, record, acl, client, attack)
    elif random.random() < _COUNTED:
        _count(random, record, acl)
    return record


def _request(random: Random, client: _Client, acl: _Acl, attack: str | None) -> Fields:
    headers = [{"name": name, "value": value} for name, value in client.headers]
    if client.is_browser:
        headers.append({"name": "referer", "value": f"https://{acl.host}/{word(random)}/{random.randrange(10_000)}"})
    if random.random() < _REPEATED:
        headers.append({"name": "ACCEPT", "value": "text/html"})
    path = f"/{word(random)}/{word(random)}-{random.randrange(4_000)}{random.choice(_ENDINGS)}"
    arguments = "" if random.random() < 0.5 else f"{word(random)}={random.randrange(10**6)}&page={random.randrange(9)}"
    return {
        "clientIp": client.address,
        "country": client.country,
        "headers": headers,
        "uri": path,
        "args": attack or arguments,
        "httpVersion": client.version,
        "httpMethod": random.choices(("GET", "POST", "HEAD", "PUT"), (80, 15, 3, 2))[0],
        "requestId": f"1-{random.getrandbits(32):08x}-{random.getrandbits(96):024x}",
        "fragment": "",
        "scheme": "https",
        "host": acl.host,
    }


def _group(name: str) -> Fields:
    return {
        "ruleGroupId": f"AWS#{name}",
        "terminatingRule": None,
        "nonTerminatingMatchingRules": [],
        "excludedRules": None,
        "customerConfig": None,
    }


def _end(random: Random, record: Fields, acl: _Acl, client: _Client, attack: tuple[str, str | None, list[str]]) -> None:
    """Let a rule end the inspection."""
    _, condition, matched = attack
    record["action"] = random.choices(("BLOCK", "CAPTCHA", "CHALLENGE"), (90, 5, 5))[0]
    details = (
        [{"conditionType": condition, "sensitivityLevel": "HIGH", "location": "ALL_QUERY_ARGS"}] if condition else []
    )
    for detail in details:
        detail |= {"matchedData": matched, "matchedFieldName": word(random)}
    match random.randrange(4):
        case 0:
            record |= {"terminatingRuleId": "own-injection", "terminatingRuleMatchDetails": details}
        case 1:
            record |= {"terminatingRuleId": "limit-all", "terminatingRuleType": "RATE_BASED", "responseCodeSent": 429}
            record["rateBasedRuleList"] = [
                {
                    "rateBasedRuleId": f"{acl.arn}-limit",
                    "rateBasedRuleName": "limit-all",
                    "limitKey": "IP",
                    "maxRateAllowed": 1_000,
                    "evaluationWindowSec": "300",
                    "limitValue": client.address,
                }
            ]
        case _:
            at = random.randrange(len(acl.groups))
            name, rules = acl.groups[at]
            del record["ruleGroupList"][at + 1 :]
            rule = {"ruleId": random.choice(rules), "action": "BLOCK", "ruleMatchDetails": details or None}
            record["ruleGroupList"][at]["terminatingRule"] = rule
            record |= {"terminatingRuleId": f"AWS-{name}", "terminatingRuleType": "MANAGED_RULE_GROUP"}
            record["labels"].append({"name": f"awswaf:managed:aws:{name}:{rule['ruleId']}"})
    if record["action"] != "BLOCK":
        code, name = (405, "captchaResponse") if record["action"] == "CAPTCHA" else (202, "challengeResponse")
        record |= {"responseCodeSent": code, name: {"responseCode": code, "failureReason": "TOKEN_MISSING"}}


def _count(random: Random, record: Fields, acl: _Acl) -> None:
    """Let a rule count, in a group or by itself."""
    at = random.randrange(len(acl.groups) + 1)
    if at == len(acl.groups):
        own = {"ruleId": f"count-{random.choice(('scanners', 'admin', 'old-clients'))}", "action": "COUNT"}
        record["nonTerminatingMatchingRules"] = [{**own, "ruleMatchDetails": []}]
        return
    _, rules = acl.groups[at]
    counted = {"ruleId": random.choice(rules), "action": "COUNT", "overriddenAction": "BLOCK", "ruleMatchDetails": []}
    record["ruleGroupList"][at]["nonTerminatingMatchingRules"] = [counted]
    record["labels"].append({"name": f"awswaf:managed:aws:core-rule-set:{counted['ruleId']}"})


# -- what it is like ---------------------------------------------------------------------------------------------------


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes logs varied."""
    records = written = packed = headers = 0
    actions: Counter[str] = Counter()
    clients: set[str] = set()
    paths: set[str] = set()
    rules: set[bytes] = set()
    for stored in objects:
        text = unpacked(stored.body)
        packed += len(stored.body)
        written += len(text)
        for line in text.splitlines():
            record = msgspec.json.decode(line)
            request = record["httpRequest"]
            records += 1
            headers += len(request["headers"])
            actions[record["action"]] += 1
            clients.add(request["clientIp"])
            paths.add(request["uri"])
            rules.add(msgspec.json.encode(record["ruleGroupList"]))
    return {
        "records": records,
        "bytes a record": round(written / records),
        "gzip ratio": round(written / packed, 1),
        "headers a record": round(headers / records, 1),
        "clients": len(clients),
        "paths": len(paths),
        "lists of groups": len(rules),
        **{f"{action} %": round(100 * count / records, 1) for action, count in actions.most_common()},
    }


inputs = (
    Input(
        "aws.waf",
        50_000,
        write,
        facts,
        {
            "": Framing(over_and_over),
            "cloudwatch": Framing(in_payloads, packed_one_by_one),
            "firehose": Framing(glued),
        },
    ),
)
