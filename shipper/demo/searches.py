"""
The three searches of the demo, as a user types them in Dashboards and as OpenSearch takes them.

Both forms are written from the same fields and values, so that what is shown is what was asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shipper.demo.cloudtrail import DENIED
from shipper.demo.traffic import CLOUDTRAIL, VPCFLOW

Query = dict[str, Any]
Value = str | bool | tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Search:
    """
    A question.

    Attributes:
        title: the question in words
        dataset: whose documents
        terms: the value of each field, or the values of which it has one
        columns: fields to show of the documents found; for a field without value the next alternative after `|`
        group: field to count the documents by, instead
    """

    title: str
    dataset: str
    terms: Mapping[str, Value]
    columns: tuple[str, ...] = ()
    group: str | None = None

    @property
    def dql(self) -> str:
        """
        Write it as one types it in Dashboards.

        https://docs.opensearch.org/latest/dashboards/dql/
        """
        return " and ".join(f"{name}: {_dql(value)}" for name, value in self.terms.items())

    @property
    def filters(self) -> list[Query]:
        """Write it in the query DSL."""
        return [
            {"terms": {name: list(value)}} if isinstance(value, tuple) else {"term": {name: value}}
            for name, value in self.terms.items()
        ]


SEARCHES: Final = (
    Search(
        title="Console logins without MFA",
        dataset=CLOUDTRAIL,
        terms={
            "event.action": "ConsoleLogin",
            "event.outcome": "success",
            "aws.cloudtrail.console_login.additional_eventdata.mfa_used": False,
        },
        columns=("@timestamp", "user.name|aws.cloudtrail.user_identity.type", "source.ip", "cloud.account.id"),
    ),
    Search(
        title="Denied calls by user",
        dataset=CLOUDTRAIL,
        terms={"aws.cloudtrail.error_code": DENIED},
        group="user.name",
    ),
    Search(
        title="Rejected flows by destination port",
        dataset=VPCFLOW,
        terms={"aws.vpcflow.action": "REJECT"},
        group="destination.port",
    ),
)


@dataclass(frozen=True)
class Found:
    """
    What a search found.

    Attributes:
        search: the question
        hits: documents
        rows: values of the columns, of the newest documents
        groups: documents by value of the field that they are grouped by, most of them first
    """

    search: Search
    hits: int
    rows: tuple[tuple[str, ...], ...] = ()
    groups: Mapping[str, int] = field(default_factory=dict)


def _dql(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"({' or '.join(map(_dql, value))})"
    return f'"{value}"'
