"""
Further names of fields, under which OpenSearch Security Analytics looks for them.

Its log types `cloudtrail`, `vpcflow`, `waf` and `dns` translate the fields of their rules into these names, and want to
find them in the index: as fields of their own, or as aliases. With them a detector needs no mapping step.
https://docs.opensearch.org/latest/security-analytics/log-types-reference/cloudtrail/

Not every name can be had: `docs/templates.md` lists those that would lie under a field that is no object.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from shipper.mappings.fields import Field

ALIASES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "aws.cloudtrail": MappingProxyType(
            {
                "aws.cloudtrail.additional_event_data.loginTo": (
                    "aws.cloudtrail.console_login.additional_eventdata.login_to"
                ),
                "aws.cloudtrail.additional_event_data.mfaUsed": (
                    "aws.cloudtrail.console_login.additional_eventdata.mfa_used"
                ),
                "aws.cloudtrail.aws_region": "cloud.region",
                "aws.cloudtrail.event_id": "event.id",
                "aws.cloudtrail.event_name": "event.action",
                "aws.cloudtrail.event_source": "event.provider",
                "aws.cloudtrail.resources.ARN": "aws.cloudtrail.resources.arn",
                "aws.cloudtrail.resources.account_uid": "aws.cloudtrail.resources.account_id",
                "aws.cloudtrail.source_ip_address": "source.address",
                "aws.cloudtrail.user_agent": "user_agent.original",
                "aws.cloudtrail.user_identity.accessKeyId": "aws.cloudtrail.user_identity.access_key_id",
                "aws.cloudtrail.user_identity.accountId": "cloud.account.id",
                "aws.cloudtrail.user_identity.identityProvider": "aws.cloudtrail.user_identity.identity_provider",
                "aws.cloudtrail.user_identity.invokedBy": "aws.cloudtrail.user_identity.invoked_by",
                "aws.cloudtrail.user_identity.principalId": "aws.cloudtrail.user_identity.principal_id",
                "aws.cloudtrail.user_identity.session_context.attributes.creationDate": (
                    "aws.cloudtrail.user_identity.session_context.creation_date"
                ),
                "aws.cloudtrail.user_identity.session_context.attributes.mfaAuthenticated": (
                    "aws.cloudtrail.user_identity.session_context.mfa_authenticated"
                ),
                "aws.cloudtrail.user_identity.userName": "aws.cloudtrail.user_identity.user_name",
                "aws.cloudtrail.user_identity.web_id_federation_data.federatedProvider": (
                    "aws.cloudtrail.user_identity.session_context.web_id_federation_data.federated_provider"
                ),
                "timestamp": "@timestamp",
            }
        ),
        "aws.route53_resolver_logs": MappingProxyType(
            {
                "aws.route53.account_id": "cloud.account.id",
                "aws.route53.answers.Class": "dns.answers.class",
                "aws.route53.answers.Rdata": "dns.answers.data",
                "aws.route53.answers.Type": "dns.answers.type",
                "aws.route53.query_class": "dns.question.class",
                "aws.route53.query_name": "dns.question.name",
                "aws.route53.query_timestamp": "@timestamp",
                "aws.route53.query_type": "dns.question.type",
                "aws.route53.rcode": "dns.response_code",
                "aws.route53.region": "cloud.region",
                "aws.route53.srcaddr": "source.ip",
                "aws.route53.srcids.firewall_rule_action": "aws.route53.firewall.action",
                "aws.route53.srcids.firewall_rule_group_id": "aws.route53.firewall.rule_group.id",
                "aws.route53.srcids.instance": "aws.instance_id",
                "aws.route53.srcids.resolver_endpoint": "aws.route53.resolver_endpoint.id",
                "aws.route53.srcids.resolver_network_interface": "aws.route53.resolver_network_interface.id",
                "aws.route53.srcport": "source.port",
                "aws.route53.transport": "network.transport",
                "aws.route53.vpc_id": "aws.vpc_id",
                "timestamp": "@timestamp",
            }
        ),
        "aws.vpcflow": MappingProxyType(
            {
                "netflow.account_id": "aws.vpcflow.account_id",
                "netflow.action": "aws.vpcflow.action",
                "netflow.az_id": "cloud.availability_zone",
                "netflow.bytes": "network.bytes",
                "netflow.dstaddr": "destination.ip",
                "netflow.dstport": "destination.port",
                "netflow.end": "event.end",
                "netflow.flow_direction": "network.direction",
                "netflow.instance_id": "aws.vpcflow.instance_id",
                "netflow.interface_id": "aws.vpcflow.interface_id",
                "netflow.log_status": "aws.vpcflow.log_status",
                "netflow.packets": "network.packets",
                "netflow.pkt_dst_aws_service": "aws.vpcflow.pkt_dst_service",
                "netflow.pkt_src_aws_service": "aws.vpcflow.pkt_src_service",
                "netflow.protocol": "network.iana_number",
                "netflow.protocol_ver": "network.type",
                "netflow.region": "cloud.region",
                "netflow.srcaddr": "source.ip",
                "netflow.srcport": "source.port",
                "netflow.subnet_id": "aws.vpcflow.subnet_id",
                "netflow.tcp_flags": "aws.vpcflow.tcp_flags",
                "netflow.traffic_path": "aws.vpcflow.traffic_path",
                "netflow.version": "aws.vpcflow.version",
                "netflow.vpc_id": "aws.vpcflow.vpc_id",
                "timestamp": "@timestamp",
            }
        ),
        "aws.waf": MappingProxyType(
            {
                "timestamp": "@timestamp",
                "waf.request.headers.user_agent": "user_agent.original",
                "waf.request.method": "http.request.method",
                "waf.request.uri_query": "url.query",
                "waf.response.code": "http.response.status_code",
            }
        ),
    }
)
"""The field that each name stands for, by dataset."""


def aliases(dataset: str, declared: Mapping[str, Field]) -> dict[str, str]:
    """
    Give the aliases of a dataset: the field that each stands for, by its own name.

    Raises:
        TypeError: one stands for a field that is not declared, or takes the place of one that is
    """
    found = dict(ALIASES.get(dataset, {}))
    for name, path in found.items():
        if path not in declared:
            raise TypeError(f"{name} is an alias of {path}, which {dataset} does not declare: see mappings/aliases.py")
        for taken in (name, *_parents(name)):
            if taken in declared:
                raise TypeError(f"{name} is an alias of {dataset}, but {taken} is a field: see mappings/aliases.py")
    return found


def _parents(path: str) -> Iterator[str]:
    while "." in path:
        path = path.rpartition(".")[0]
        yield path
