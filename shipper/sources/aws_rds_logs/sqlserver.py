"""
Error log and agent log of SQL Server.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.SQLServer.html
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from shipper import ecs
from shipper.formats import Entry, Kind, matching
from shipper.sources.aws_rds_logs import fields
from shipper.sources.aws_rds_logs.fields import Rds, RdsDocument

# -- what AWS writes ---------------------------------------------------------------------------------------------------


class SqlServerEntry(Entry):
    """An entry of the error log."""

    time: str | None = None
    process: str | None = None
    message: str | None = None


class AgentEntry(Entry):
    """An entry of the agent log."""

    time: str | None = None
    mark: str | None = None
    code: str | None = None
    message: str | None = None


_STAMP: Final = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
_ERROR: Final = re.compile(rf"(?P<time>{_STAMP}\.\d\d) (?P<process>\S{{1,64}}) +(?P<message>.*)", re.DOTALL)
_AGENT: Final = re.compile(
    rf"(?P<time>{_STAMP}) - (?P<mark>[!?+]) (?:\[(?P<code>\d{{1,10}})\] )?(?P<message>.*)", re.DOTALL
)


ERROR: Final = Kind(
    name="sqlserver_error",
    record=SqlServerEntry,
    begins=rf"{_STAMP}\.\d\d [A-Za-z]",
    read=matching(SqlServerEntry, _ERROR),
)
AGENT: Final = Kind(
    name="sqlserver_agent", record=AgentEntry, begins=rf"{_STAMP} - [!?+] ", read=matching(AgentEntry, _AGENT)
)


# -- how one becomes the other -----------------------------------------------------------------------------------------

_FAULT: Final = re.compile(r"Error: (?P<code>\d+), Severity: (?P<severity>\d+), State: (?P<state>\d+)\.")
_LOGIN: Final = re.compile(
    r"Login (?P<how>failed|succeeded) for user '(?P<user>[^']{0,255})'\.?(?:.*\[CLIENT: (?P<client>[^\]]{0,255})\])?",
    re.DOTALL,
)
_DATABASE: Final = re.compile(r"database '([^']+)'")
_SPID: Final = re.compile(r"spid(\d+)s?")
_LEVELS: Final = {"!": "error", "+": "warning", "?": "information"}


@lru_cache(maxsize=1024)
def moment(written: str) -> datetime:
    """
    Read a time, which has no zone: RDS runs SQL Server in UTC unless it is told otherwise.

    Raises:
        ValueError: it is none
    """
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def error(entry: SqlServerEntry, _: datetime | None) -> RdsDocument:
    """Map an entry of the error log."""
    message = (entry.message or "").strip()
    process = _SPID.fullmatch(entry.process or "")
    rds = Rds(engine="sqlserver", log_type="error", subsystem=ecs.given(entry.process))
    if process:
        rds.connection = fields.Connection(id=process[1])
    made = fields.document(moment(entry.time or ""), fields.happened(None, fields.INFO), rds, None, None, message)
    if found := _LOGIN.match(message):
        _login(found, made)
        database = _DATABASE.search(message)
        rds.database = database[1] if database else None
    elif found := _FAULT.match(message):
        made.event.category, made.event.type = fields.ERROR
        made.event.outcome = "failure"
        made.event.code = found["code"]
        made.error = ecs.Error(code=found["code"], message=message)
        rds.severity, rds.state = found["severity"], found["state"]
    return made


def _login(found: re.Match[str], made: RdsDocument) -> None:
    """Tell who was let in, or not."""
    failed = found["how"] == "failed"
    made.event.action = "login_failed" if failed else "login_succeeded"
    made.event.category, made.event.type = fields.LOGIN
    made.event.outcome = "failure" if failed else "success"
    made.source, ip, name = fields.peer(found["client"])
    made.user = fields.user(found["user"])
    made.related = fields.related(ip, name, found["user"])
    if failed:
        made.error = ecs.Error(message=made.message)


def agent(entry: AgentEntry, _: datetime | None) -> RdsDocument:
    """Map an entry of the agent log."""
    message = (entry.message or "").strip()
    rds = Rds(engine="sqlserver", log_type="agent")
    failed = entry.mark == "!"
    event = fields.happened(None, fields.ERROR if failed else fields.INFO, "failure" if failed else None)
    event.code = ecs.given(entry.code)
    made = fields.document(moment(entry.time or ""), event, rds, None, None, message)
    made.log = ecs.Log(level=_LEVELS.get(entry.mark or ""))
    if failed:
        made.error = ecs.some(ecs.Error(code=event.code, message=made.message))
    return made
