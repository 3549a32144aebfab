"""
Amazon Route 53 query logs of public hosted zones: what resolvers asked the edge locations.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/query-logs.html
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Raw

from shipper import dns, ecs
from shipper.formats import ByLine, Quoted, Row
from shipper.marks import Marks
from shipper.source import Origin, Source

# -- what AWS writes ---------------------------------------------------------------------------------------------------

LAYOUT: Final = (
    "version",
    "query-timestamp",
    "hosted-zone-id",
    "query-name",
    "query-type",
    "response-code",
    "protocol",
    "edge-location",
    "resolver-ip",
    "edns-client-subnet",
)
"""The columns of version 1.0, of which the log knows no names; AWS raises the number when it adds any."""

NAME: Final = LAYOUT.index("query-name")


class QueryRow(Row, rename="kebab"):
    version: str | None = None
    query_timestamp: datetime | None = None
    hosted_zone_id: str | None = None
    query_name: str | None = None
    query_type: str | None = None
    response_code: str | None = None
    protocol: str | None = None
    edge_location: str | None = None
    resolver_ip: str | None = None
    edns_client_subnet: str | None = None


# -- what we add to ECS ------------------------------------------------------------------------------------------------


class Route53(ecs.FieldSet):
    """`aws.route53`; the subnet is that of the resolver's own client, as far as the resolver tells."""

    edge_location: str | None = None
    edns_client_subnet: str | None = None
    hosted_zone_id: str | None = None
    version: str | None = None


class Aws(ecs.Aws, kw_only=True):
    route53: Route53 | Raw | None = None


class QueryDocument(ecs.Document, kw_only=True):
    aws: Aws
    dns: ecs.Dns | None = None
    network: ecs.Network | Raw | None = None
    source: ecs.Endpoint | None = None


# -- how one becomes the other -----------------------------------------------------------------------------------------

_NETWORK: Final = ("network",)
_PROTOCOL: Final = ("protocol",)


def document(query: QueryRow, origin: Origin) -> QueryDocument:
    """
    Map one query.

    Raises:
        ValueError: neither the line nor the object's key tells the time
    """
    timestamp = query.query_timestamp or origin.time
    if timestamp is None:
        raise ValueError("the line has no time that can be read, and the key has none")
    if timestamp.tzinfo is None:  # all times of this log are UTC
        timestamp = timestamp.replace(tzinfo=UTC)
    code, outcome = dns.response(query.response_code)
    ip = ecs.ip(query.resolver_ip)
    question, name, reversed_ip = dns.question(query.query_name, query.query_type, None)
    ips = ecs.once((ip, reversed_ip))
    return QueryDocument(
        timestamp=timestamp,
        cloud=ecs.Cloud(),
        event=ecs.Event(category=_NETWORK, kind="event", outcome=outcome, type=_PROTOCOL),
        aws=Aws(
            route53=_route53(query.edge_location, query.edns_client_subnet, query.hosted_zone_id, query.version),
        ),
        dns=ecs.some(ecs.Dns(question=question, response_code=code, type="answer" if code else "query")),
        network=dns.network(query.protocol, ":" in ip if ip else None),
        related=ecs.Related(hosts=(name,) if name else (), ip=ips) if name or ips else None,
        source=ecs.some(ecs.Endpoint(address=query.resolver_ip, ip=ip)),
        tags=() if query.query_timestamp else ("time_from_key",),
    )


@lru_cache(maxsize=4096)
def _route53(edge: str | None, subnet: str | None, zone: str | None, version: str | None) -> Raw | None:
    """Give `aws.route53`, already encoded: resolvers ask on behalf of the same networks again and again."""
    fields = ecs.some(Route53(edge_location=edge, edns_client_subnet=subnet, hosted_zone_id=zone, version=version))
    return Raw(msgspec.json.encode(fields)) if fields else None


_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"
_ZONE: Final = "Z[A-Z0-9]+"

source = Source(
    dataset="aws.route53_public_logs",
    key=(  # of an export task of CloudWatch Logs: its streams are called <hosted zone>/<edge location>
        r"(?:^|/)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/"
        r"Z[A-Z0-9]+-[A-Z]{3}[A-Z0-9-]*/\d{6}(?:\.gz)?$"
    ),
    format=ByLine(
        {
            rf"(?!1\.0 )\d+\.\d+ {_TIME} {_ZONE} ": Quoted(QueryRow, LAYOUT),
            # Whatever more there is in a line of version 1.0 is in the name, which anybody chooses.
            rf"1\.0 |\S+ (?:{_TIME}|-) (?:{_ZONE}|-) ": Quoted(
                QueryRow, (*LAYOUT[:NAME], f"{LAYOUT[NAME]}*", *LAYOUT[NAME + 1 :])
            ),
        }
    ),
    marks=Marks(line=rf"\d+\.\d+ {_TIME} {_ZONE} "),
    document=document,
)
