"""
Amazon RDS and Aurora database logs: MySQL, MariaDB, PostgreSQL, SQL Server, and activity streams.

MySQL, MariaDB, PostgreSQL and SQL Server each have a module here, and so have activity streams. Logs of text come
through CloudWatch Logs, or as they are; what an entry is of is told by its log group, else by how it begins.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Integrating.CloudWatch.html
"""

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from shipper import ecs
from shipper.formats import NOTHING_AROUND, Around, ByMagic, Entries, Entry, Grouped
from shipper.marks import Marks
from shipper.source import Origin, Source
from shipper.sources.aws_rds_logs import activity, iam_auth, mysql, mysql_audit, mysql_slow, postgresql, sqlserver
from shipper.sources.aws_rds_logs.fields import INFO, DbInstance, Rds, RdsDocument, borrowed, happened
from shipper.sources.aws_rds_logs.fields import document as plain


class OtherEntry(Entry):
    """A message without a beginning that we know, from a log group of RDS."""

    log_type: str | None = None
    message: str | None = None


_GROUP: Final = re.compile(r"/aws/rds/(?P<what>instance|cluster)/(?P<name>[^/]+)/(?:[^/]+/)?(?P<type>[^/]+)")
_KINDS: Final = {
    "agent": frozenset({"sqlserver_agent"}),
    "audit": frozenset({"audit"}),
    "error": frozenset({"error", "sqlserver_error"}),
    "general": frozenset({"banner", "general", "general_same_second"}),
    "iam-db-auth-error": frozenset({iam_auth.KIND.name}),
    "postgresql": frozenset({"postgresql", "postgresql_csv"}),
    "slowquery": frozenset({"banner", "slowquery"}),
}
"""Kinds of entries by the last name of their log group."""

_ALWAYS_BEGIN: Final = frozenset({"audit", "postgresql", "slowquery"})
"""Types of logs whose entries always begin in a known way: anything else in them is an error."""

_NO_KINDS: Final[frozenset[str]] = frozenset()


@lru_cache(maxsize=256)
def _type(log_group: str | None) -> str | None:
    found = _GROUP.fullmatch(log_group or "")
    return found["type"] if found else None


def _told(around: Around) -> frozenset[str] | None:
    """Give the kinds of entries that a log group has; none of ours for a type of log that we do not read."""
    kind = _type(around.log_group)
    return _KINDS.get(kind, _NO_KINDS) if kind else None


def _otherwise(text: str, around: Around) -> Entry | None:
    """Read a message that begins in no known way: a line of a stack trace, or a log that we do not know."""
    kind = _type(around.log_group)
    is_rest = kind == "postgresql" and text.startswith("\t")  # PostgreSQL begins further lines of an entry like that
    if kind is None or (kind in _ALWAYS_BEGIN and not is_rest):
        return None
    if kind == "general" and (entry := mysql.read_general(text)[0]):
        return entry
    return OtherEntry(log_type=kind, message=text)


def _other(entry: OtherEntry, time: datetime | None) -> RdsDocument:
    rds, message = Rds(log_type=entry.log_type), (entry.message or "").strip()
    return plain(borrowed(time), happened(None, INFO), rds, None, None, message)


_MAKERS: Final[dict[type[Any], Callable[[Any, datetime | None], RdsDocument | None]]] = {
    Grouped: activity.event,
    OtherEntry: _other,
    iam_auth.IamAuthEntry: iam_auth.document,
    mysql.Banner: lambda _entry, _time: None,
    mysql.ErrorEntry: mysql.error,
    mysql.GeneralEntry: mysql.general,
    mysql_audit.AuditEntry: mysql_audit.document,
    mysql_slow.SlowEntry: mysql_slow.document,
    postgresql.PostgresEntry: postgresql.entry,
    sqlserver.AgentEntry: sqlserver.agent,
    sqlserver.SqlServerEntry: sqlserver.error,
}


def document(record: Entry | Grouped[activity.Stream, activity.Activity], origin: Origin) -> RdsDocument | None:
    """
    Map one entry or event. What a server writes when it opens a log, and heartbeats, are not worth a document.

    Raises:
        ValueError: nothing tells the time
    """
    around = record.around if isinstance(record, Entry) else NOTHING_AROUND
    time = around.time or origin.time
    made = _MAKERS[type(record)](record, time)
    if made is None:
        return None
    if around.log_group:
        made.aws.rds.db_instance = _instance(around.log_group, around.log_stream)
    if made.timestamp is time:  # the entry has none of its own
        made.tags += ("time_from_envelope",) if around.time else ("time_from_key",)
    return made


@lru_cache(maxsize=1024)
def _instance(log_group: str, log_stream: str | None) -> DbInstance | None:
    """Tell which database a log group is of; a name has no dot in it, but that of a node of SQL Server's does."""
    found = _GROUP.fullmatch(log_group)
    if found is None:
        return None
    if found["what"] == "instance":
        return DbInstance(identifier=found["name"].partition(".")[0])
    instance = (log_stream or "").partition(".")[0]
    return DbInstance(db_cluster_identifier=found["name"], identifier=ecs.given(instance))


_FIREHOSE: Final = r"[^/]+-\d+-\d{4}(?:-\d\d){5}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.\w+)*"

_ENTRIES: Final = (
    mysql_audit.KIND,
    postgresql.PREFIXED,
    mysql.ERROR,
    mysql.GENERAL,
    mysql.GENERAL_SAME_SECOND,
    mysql_slow.KIND,
    postgresql.CSV,
    sqlserver.ERROR,
    sqlserver.AGENT,
    iam_auth.KIND,
)

source = Source(
    dataset="aws.rds_logs",
    key=(
        r"(?:^|/)(?:AWSLogs/(?P<account>\d{12})/)?(?:rds|RDS)/(?!.*(?:AWSLogs|aws-waf-logs-))(?:mysql|MySQL|mariadb|MariaDB"
        r"|postgresql|PostgreSQL|postgres|Postgres|sqlserver|SQLServer|aurora|aurora-mysql|aurora-postgresql"
        r"|activity-stream|activity-streams|instance|cluster|audit|error|general|slowquery|agent|iam-db-auth-error)/"
        rf"(?:.*/)?(?:{_FIREHOSE}|\d{{6}}\.gz|[^/]+\.log(?:[.-][\w-]+)*)$"
    ),
    skip=r"/[a-z][a-z0-9-]*/[^/]+/node[12]_[^/]+\.(?:zip|sqlaudit)$",
    format=ByMagic(
        {b"{": activity.FORMAT, b"[": activity.FORMAT},
        otherwise=Entries(
            (*_ENTRIES, mysql.BANNER),
            told=_told,
            otherwise=_otherwise,
        ),
    ),
    document=document,
    marks=Marks(
        members=(
            ("databaseActivityEventList",),
            ("databaseActivityEvents", "key"),
            ("commandText", "dbUserName", "logTime"),
        ),
        line="|".join(kind.begins for kind in _ENTRIES),
    ),
    dropped={
        **activity.DROPPED,
        "mark": "the level says the same in a word",
        "zone": "the time is written in UTC",
    },
)
