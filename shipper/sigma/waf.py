"""
WAF by the names of the members of a record.

https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html
"""

from typing import Final

from shipper.sigma.logsource import LogSource, Spelling

_OURS: Final = "aws.waf"

WAF: Final = LogSource(
    name="waf",
    rules=({"product": "aws", "service": "waf"},),
    datasets=("aws.waf",),
    fields={
        "action": "event.action",
        "clientAsn": "source.as.number",
        "formatVersion": f"{_OURS}.format_version",
        "httpRequest.args": "url.query",
        "httpRequest.country": "source.geo.country_iso_code",
        "httpRequest.fragment": "url.fragment",
        "httpRequest.host": "url.domain",
        "httpRequest.httpMethod": "http.request.method",
        "httpRequest.httpVersion": "http.version",
        "httpRequest.requestId": "http.request.id",
        "httpRequest.scheme": "url.scheme",
        "httpRequest.uri": "url.path",
        "httpSourceId": f"{_OURS}.source.id",
        "httpSourceName": f"{_OURS}.source.name",
        "ja3Fingerprint": "tls.client.ja3",
        "ja4Fingerprint": f"{_OURS}.ja4_fingerprint",
        "labels.name": f"{_OURS}.labels.name",
        "oversizeFields": f"{_OURS}.oversize_fields",
        "requestBodySize": "http.request.body.bytes",
        "responseCodeSent": "http.response.status_code",
        "terminatingRuleId": "rule.id",
        "terminatingRuleType": "rule.ruleset",
        "timestamp": "@timestamp",
        "webaclId": [f"{_OURS}.arn", f"{_OURS}.id"],
    },
    members={
        "captchaResponse.": f"{_OURS}.captcha_response.",
        "challengeResponse.": f"{_OURS}.challenge_response.",
        "nonTerminatingMatchingRules.": f"{_OURS}.non_terminating_matching_rules.",
        "rateBasedRuleList.": f"{_OURS}.rate_based_rule_list.",
        "ruleGroupList.": f"{_OURS}.rule_group_list.",
        "terminatingRuleMatchDetails.": f"{_OURS}.terminating_rule_match_details.",
    },
    addresses={"httpRequest.clientIp": "source"},
    spellings=(
        Spelling(
            names=("httpRequest.httpVersion",),
            transformation={"type": "replace_string", "regex": "^HTTP/", "replacement": ""},
        ),
    ),
)
