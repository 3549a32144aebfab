"""
Log sources of Sigma, by their datasets of ours, and where the fields of their rules are in our documents.

https://sigmahq.io/docs/basics/log-sources.html
https://github.com/SigmaHQ/sigma-specification/blob/main/specification/sigma-appendix-taxonomy.md

Rules for a log of AWS use the names that AWS gives to the members of a record. Those for a kind of log, such as DNS,
use Sigma's names.
"""

from typing import Any, Final

from msgspec import Struct, field


class Spelling(Struct, frozen=True, kw_only=True):
    """
    Values that are written in another way in our documents.

    Attributes:
        names: the fields that have them, as rules call them
        transformation: of pySigma, with its parameters
    """

    names: tuple[str, ...]
    transformation: dict[str, Any]


class LogSource(Struct, frozen=True, kw_only=True):
    """
    What rules call a log source.

    Attributes:
        name: begins the identifiers of its part of the pipeline
        rules: what the `logsource` of a rule says; one of these has to fit
        datasets: where the documents are
        fields: by name in rules, where it is; with several places one of them has to have the value
        members: the same for all members of an object, by its name and a dot
        addresses: fields that hold an address or, in its place, a name: by name in rules, the endpoint of ECS
        spellings: of values, applied before fields are renamed
    """

    name: str
    rules: tuple[dict[str, str], ...]
    datasets: tuple[str, ...]
    fields: dict[str, str | list[str]]
    members: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    spellings: tuple[Spelling, ...] = ()

    def places(self, name: str) -> tuple[str, ...]:
        """
        Give the paths in our documents of a field as rules call it; the members of an object are `<object>.*`.

        Raises:
            KeyError: there is no such field
        """
        if name in self.addresses:
            return (f"{self.addresses[name]}.address", f"{self.addresses[name]}.ip")
        if name.endswith(".*"):
            return (f"{self.members[name[:-1]]}*",)
        place = self.fields[name]
        return (place,) if isinstance(place, str) else tuple(place)


_IDENTITY: Final = "aws.cloudtrail.user_identity"
_SESSION: Final = f"{_IDENTITY}.session_context"
_FLAT: Final = "aws.cloudtrail.flattened"

_CLOUDTRAIL: Final = LogSource(
    name="cloudtrail",
    rules=({"product": "aws", "service": "cloudtrail"},),
    datasets=("aws.cloudtrail",),
    fields={
        "additionalEventData": "aws.cloudtrail.additional_eventdata",
        "additionalEventData.LoginTo": "aws.cloudtrail.console_login.additional_eventdata.login_to",
        "additionalEventData.MFAUsed": "aws.cloudtrail.console_login.additional_eventdata.mfa_used",
        "additionalEventData.MobileVersion": "aws.cloudtrail.console_login.additional_eventdata.mobile_version",
        "apiVersion": "aws.cloudtrail.api_version",
        "awsRegion": "cloud.region",
        "errorCode": "aws.cloudtrail.error_code",
        "errorMessage": "aws.cloudtrail.error_message",
        "eventCategory": "aws.cloudtrail.event_category",
        "eventID": "event.id",
        "eventName": "event.action",
        "eventSource": "event.provider",
        "eventTime": "@timestamp",
        "eventType": "aws.cloudtrail.event_type",
        "eventVersion": "aws.cloudtrail.event_version",
        "managementEvent": "aws.cloudtrail.management_event",
        "readOnly": "aws.cloudtrail.read_only",
        "recipientAccountId": "aws.cloudtrail.recipient_account_id",
        "requestID": "aws.cloudtrail.request_id",
        "requestParameters": "aws.cloudtrail.request_parameters",
        "resources.ARN": "aws.cloudtrail.resources.arn",
        "resources.accountId": "aws.cloudtrail.resources.account_id",
        "resources.type": "aws.cloudtrail.resources.type",
        "responseElements": "aws.cloudtrail.response_elements",
        "serviceEventDetails": "aws.cloudtrail.service_event_details",
        "sessionCredentialFromConsole": "aws.cloudtrail.session_credential_from_console",
        "sharedEventID": "aws.cloudtrail.shared_event_id",
        "tlsDetails.cipherSuite": "tls.cipher",
        "tlsDetails.clientProvidedHostHeader": "tls.client.server_name",
        "tlsDetails.tlsVersion": "tls.version",
        "userAgent": "user_agent.original",
        "userIdentity.accessKeyId": f"{_IDENTITY}.access_key_id",
        "userIdentity.accountId": "cloud.account.id",
        "userIdentity.arn": f"{_IDENTITY}.arn",
        "userIdentity.credentialId": f"{_IDENTITY}.credential_id",
        "userIdentity.identityProvider": f"{_IDENTITY}.identity_provider",
        "userIdentity.invokedBy": f"{_IDENTITY}.invoked_by",
        # A name or an id is kept beside the user's only where it is another.
        "userIdentity.principalId": ["user.id", f"{_IDENTITY}.principal_id"],
        "userIdentity.sessionContext.assumedRoot": f"{_SESSION}.assumed_root",
        "userIdentity.sessionContext.attributes.creationDate": f"{_SESSION}.creation_date",
        "userIdentity.sessionContext.attributes.mfaAuthenticated": f"{_SESSION}.mfa_authenticated",
        "userIdentity.sessionContext.ec2RoleDelivery": f"{_SESSION}.ec2_role_delivery",
        "userIdentity.sessionContext.sessionIssuer.accountId": f"{_SESSION}.session_issuer.account_id",
        "userIdentity.sessionContext.sessionIssuer.arn": f"{_SESSION}.session_issuer.arn",
        "userIdentity.sessionContext.sessionIssuer.principalId": f"{_SESSION}.session_issuer.principal_id",
        "userIdentity.sessionContext.sessionIssuer.type": f"{_SESSION}.session_issuer.type",
        "userIdentity.sessionContext.sessionIssuer.userName": ["user.name", f"{_SESSION}.session_issuer.user_name"],
        "userIdentity.sessionContext.sourceIdentity": f"{_SESSION}.source_identity",
        "userIdentity.sessionContext.webIdFederationData.federatedProvider": (
            f"{_SESSION}.web_id_federation_data.federated_provider"
        ),
        "userIdentity.type": f"{_IDENTITY}.type",
        "userIdentity.userName": "user.name",
        "vpcEndpointAccountId": "aws.cloudtrail.vpc_endpoint_account_id",
        "vpcEndpointId": "aws.cloudtrail.vpc_endpoint_id",
    },
    members={
        "additionalEventData.": f"{_FLAT}.additional_eventdata.",
        "insightDetails.": f"{_FLAT}.insight_details.",
        "requestParameters.": f"{_FLAT}.request_parameters.",
        "responseElements.": f"{_FLAT}.response_elements.",
        "serviceEventDetails.": f"{_FLAT}.service_event_details.",
    },
    addresses={"sourceIPAddress": "source"},
    spellings=(
        Spelling(
            names=("additionalEventData.MFAUsed",),
            transformation={"type": "map_string", "mapping": {"No": "false", "Yes": "true"}},
        ),
        Spelling(
            names=("tlsDetails.tlsVersion",),
            transformation={"type": "replace_string", "regex": "^TLSv", "replacement": ""},
        ),
    ),
)

_DNS: Final = LogSource(
    name="dns",
    rules=({"category": "dns"}, {"product": "aws", "service": "route53_resolver_logs"}),
    datasets=("aws.route53_resolver_logs",),
    fields={
        "account_id": "cloud.account.id",
        "answer": "dns.answers.data",
        "answers.Class": "dns.answers.class",
        "answers.Rdata": "dns.answers.data",
        "answers.Type": "dns.answers.type",
        "firewall_domain_list_id": "aws.route53.firewall.domain_list.id",
        "firewall_rule_action": "aws.route53.firewall.action",
        "firewall_rule_group_id": "aws.route53.firewall.rule_group.id",
        "query": "dns.question.name",
        "query_class": "dns.question.class",
        "query_name": "dns.question.name",
        "query_timestamp": "@timestamp",
        "query_type": "dns.question.type",
        "rcode": "dns.response_code",
        "record_type": "dns.question.type",
        "region": "cloud.region",
        "src_port": "source.port",
        "srcids.instance": "aws.instance_id",
        "srcids.resolver_endpoint": "aws.route53.resolver_endpoint.id",
        "srcids.resolver_network_interface": "aws.route53.resolver_network_interface.id",
        "srcport": "source.port",
        "transport": "network.transport",
        "version": "aws.route53.version",
        "vpc_id": "aws.vpc_id",
    },
    addresses={"src_ip": "source", "srcaddr": "source"},
    spellings=(
        # Names have no dot at their end.
        Spelling(
            names=("query", "query_name", "answer", "answers.Rdata"),
            transformation={"type": "replace_string", "regex": r"(?<=.)\.$", "replacement": ""},
        ),
        Spelling(names=("transport",), transformation={"type": "case", "method": "lower"}),
    ),
)

_FLOW: Final = "aws.vpcflow"

_VPCFLOW: Final = LogSource(
    name="vpcflow",
    rules=({"category": "firewall"}, {"product": "aws", "service": "vpcflow"}),
    datasets=("aws.vpcflow",),
    fields={
        "account-id": "cloud.account.id",
        "action": "event.action",
        "az-id": "cloud.availability_zone",
        "bytes": "network.bytes",
        "dst_port": "destination.port",
        "dstport": "destination.port",
        "end": "event.end",
        "flow-direction": "network.direction",
        "instance-id": f"{_FLOW}.instance_id",
        "interface-id": f"{_FLOW}.interface_id",
        "log-status": f"{_FLOW}.log_status",
        "packets": "network.packets",
        "pkt-dst-aws-service": f"{_FLOW}.pkt_dst_service",
        "pkt-dstaddr": f"{_FLOW}.pkt_dstaddr",
        "pkt-src-aws-service": f"{_FLOW}.pkt_src_service",
        "pkt-srcaddr": f"{_FLOW}.pkt_srcaddr",
        "protocol": "network.iana_number",
        "region": "cloud.region",
        "reject-reason": "event.reason",
        "src_port": "source.port",
        "srcport": "source.port",
        "start": "event.start",
        "sublocation-id": f"{_FLOW}.sublocation.id",
        "sublocation-type": f"{_FLOW}.sublocation.type",
        "subnet-id": f"{_FLOW}.subnet_id",
        "tcp-flags": f"{_FLOW}.tcp_flags",
        "traffic-path": f"{_FLOW}.traffic_path",
        "type": f"{_FLOW}.type",
        "version": f"{_FLOW}.version",
        "vpc-id": f"{_FLOW}.vpc_id",
    },
    addresses={"dst_ip": "destination", "dstaddr": "destination", "src_ip": "source", "srcaddr": "source"},
)

_WAF_NAME: Final = "aws.waf"

_WAF: Final = LogSource(
    name="waf",
    rules=({"product": "aws", "service": "waf"},),
    datasets=("aws.waf",),
    fields={
        "action": "event.action",
        "clientAsn": "source.as.number",
        "formatVersion": f"{_WAF_NAME}.format_version",
        "httpRequest.args": "url.query",
        "httpRequest.country": "source.geo.country_iso_code",
        "httpRequest.fragment": "url.fragment",
        "httpRequest.host": "url.domain",
        "httpRequest.httpMethod": "http.request.method",
        "httpRequest.httpVersion": "http.version",
        "httpRequest.requestId": "http.request.id",
        "httpRequest.scheme": "url.scheme",
        "httpRequest.uri": "url.path",
        "httpSourceId": f"{_WAF_NAME}.source.id",
        "httpSourceName": f"{_WAF_NAME}.source.name",
        "ja3Fingerprint": "tls.client.ja3",
        "ja4Fingerprint": f"{_WAF_NAME}.ja4_fingerprint",
        "labels.name": f"{_WAF_NAME}.labels.name",
        "oversizeFields": f"{_WAF_NAME}.oversize_fields",
        "requestBodySize": "http.request.body.bytes",
        "responseCodeSent": "http.response.status_code",
        "terminatingRuleId": "rule.id",
        "terminatingRuleType": "rule.ruleset",
        "timestamp": "@timestamp",
        "webaclId": [f"{_WAF_NAME}.arn", f"{_WAF_NAME}.id"],
    },
    members={
        "captchaResponse.": f"{_WAF_NAME}.captcha_response.",
        "challengeResponse.": f"{_WAF_NAME}.challenge_response.",
        "nonTerminatingMatchingRules.": f"{_WAF_NAME}.non_terminating_matching_rules.",
        "rateBasedRuleList.": f"{_WAF_NAME}.rate_based_rule_list.",
        "ruleGroupList.": f"{_WAF_NAME}.rule_group_list.",
        "terminatingRuleMatchDetails.": f"{_WAF_NAME}.terminating_rule_match_details.",
    },
    addresses={"httpRequest.clientIp": "source"},
    spellings=(
        Spelling(
            names=("httpRequest.httpVersion",),
            transformation={"type": "replace_string", "regex": "^HTTP/", "replacement": ""},
        ),
    ),
)

_WEB: Final = LogSource(
    name="web",
    rules=({"category": "webserver"},),
    datasets=("aws.s3access", "aws.waf"),
    fields={
        "cs-host": "url.domain",
        "cs-method": "http.request.method",
        "cs-referer": "http.request.referrer",
        "cs-uri": ["url.original", "url.full"],
        "cs-uri-query": "url.query",
        "cs-uri-stem": "url.path",
        "cs-user-agent": "user_agent.original",
        "cs-version": "http.version",
        "sc-bytes": "http.response.body.bytes",
        "sc-status": "http.response.status_code",
    },
    addresses={"c-ip": "source", "src_ip": "source"},
)

LOG_SOURCES: Final = (_CLOUDTRAIL, _DNS, _VPCFLOW, _WAF, _WEB)
"""What rules can be converted for."""
