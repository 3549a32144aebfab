"""
DNS as Sigma's rules call it, and the query logs of Route 53 by the names of their fields.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/query-logs.html
"""

from typing import Any, Final

from shipper.sigma.logsource import LogSource, Spelling

_LOWER: Final[dict[str, Any]] = {"type": "case", "method": "lower"}
_OURS: Final = "aws.route53"


def _without_dot(*names: str) -> Spelling:
    """Take the dot from the end of names, where ours have none."""
    return Spelling(names=names, transformation={"type": "replace_string", "regex": r"(?<=.)\.$", "replacement": ""})


_ANY: Final = LogSource(
    name="dns",
    rules=({"category": "dns"}, {"category": "network", "service": "dns"}),
    datasets=("aws.route53_resolver_logs", "aws.route53_public_logs"),
    fields={
        "answer": "dns.answers.data",
        "dns.response.code": "dns.response_code",
        "query": "dns.question.name",
        "record_type": "dns.question.type",
        "src_port": "source.port",
    },
    addresses={"src_ip": "source"},
    spellings=(_without_dot("query", "answer", "dns.question.name", "dns.answers.data"),),
)

_RESOLVER: Final = LogSource(
    name="route53_resolver_logs",
    rules=({"product": "aws", "service": "route53_resolver_logs"},),
    datasets=("aws.route53_resolver_logs",),
    fields={
        "account_id": "cloud.account.id",
        "answers.Class": "dns.answers.class",
        "answers.Rdata": "dns.answers.data",
        "answers.Type": "dns.answers.type",
        "firewall_domain_list_id": f"{_OURS}.firewall.domain_list.id",
        "firewall_rule_action": f"{_OURS}.firewall.action",
        "firewall_rule_group_id": f"{_OURS}.firewall.rule_group.id",
        "query_class": "dns.question.class",
        "query_name": "dns.question.name",
        "query_timestamp": "@timestamp",
        "query_type": "dns.question.type",
        "rcode": "dns.response_code",
        "region": "cloud.region",
        "srcids.instance": "aws.instance_id",
        "srcids.resolver_endpoint": f"{_OURS}.resolver_endpoint.id",
        "srcids.resolver_network_interface": f"{_OURS}.resolver_network_interface.id",
        "srcport": "source.port",
        "transport": "network.transport",
        "version": f"{_OURS}.version",
        "vpc_id": "aws.vpc_id",
    },
    addresses={"srcaddr": "source"},
    spellings=(
        _without_dot("query_name", "answers.Rdata"),
        Spelling(names=("transport",), transformation=_LOWER),
    ),
)

_PUBLIC: Final = LogSource(
    name="route53_public_logs",
    rules=({"product": "aws", "service": "route53_public_logs"},),
    datasets=("aws.route53_public_logs",),
    # The lines have no names: these are made of the words that AWS uses for them.
    fields={
        "edge_location": f"{_OURS}.edge_location",
        "edns_client_subnet": f"{_OURS}.edns_client_subnet",
        "hosted_zone_id": f"{_OURS}.hosted_zone_id",
        "protocol": "network.transport",
        "query_name": "dns.question.name",
        "query_timestamp": "@timestamp",
        "query_type": "dns.question.type",
        "response_code": "dns.response_code",
        "version": f"{_OURS}.version",
    },
    addresses={"resolver_ip": "source"},
    spellings=(_without_dot("query_name"), Spelling(names=("protocol",), transformation=_LOWER)),
)

DNS: Final = (_ANY, _RESOLVER, _PUBLIC)
