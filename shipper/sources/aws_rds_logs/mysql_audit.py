"""
Audit log of MySQL, MariaDB and Aurora MySQL.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.MySQL.Options.AuditPlugin.html
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Auditing.html
https://github.com/aws/audit-plugin-for-mysql
"""

import re
from datetime import datetime
from typing import Any, Final

from shipper import ecs
from shipper.formats import Entry, Kind, Unparsed
from shipper.sources.aws_rds_logs import fields
from shipper.sources.aws_rds_logs.fields import Nature, Rds, RdsDocument
from shipper.sources.aws_rds_logs.mysql import moment

# -- what AWS writes ---------------------------------------------------------------------------------------------------


class AuditEntry(Entry):
    """A line of the audit log, which has no header."""

    time: str | None = None
    server_host: str | None = None
    user: str | None = None
    host: str | None = None
    connection_id: str | None = None
    query_id: str | None = None
    operation: str | None = None
    database: str | None = None
    statement: str | None = None
    object: str | None = None
    code: str | None = None
    connection_type: str | None = None


_SESSION: Final = (
    r"(?P<time>\d{16}|\d{8} \d\d:\d\d:\d\d),(?P<server_host>[^,]{0,255}+),"
    r"(?P<user>[^,]{0,60}+(?:,[^,]{0,60}+){0,3}?),(?P<host>[^,]{0,255}+),"
    r"(?P<connection_id>\d*+),(?P<query_id>\d*+),"
)
_DATABASE: Final = r"(?P<database>[^,]*(?:,[^,]*){0,2}?),"
_WHOLE: Final = re.compile(
    rf"{_SESSION}(?P<operation>[A-Z_]*+),{_DATABASE}(?:'(?P<statement>.*)'|(?!')(?P<object>[^,]*+)), ?(?P<code>-?\d*+)"
    r"(?:,(?P<connection_type>[^,']*+)(?:,([^,']*+))?)?\s*",
    re.DOTALL,
)
"""Quotes inside of a statement are escaped, but the last quote of the line ends it in any case."""

_CUT: Final = re.compile(rf"{_SESSION}(?P<operation>QUERY),{_DATABASE}'(?P<statement>.*)", re.DOTALL)
_CUT_CHARACTERS: Final = 4_096
"""
A shorter line is not one that was cut on its way, which CloudWatch Logs does at 256 KiB or more. So no name, which
anybody chooses who tries to log in, is long enough to pass for a line with a statement that was cut.
"""
_COLUMNS: Final = 11
"""Columns that are known; there may be one more, which has always been empty."""


def _read(text: str) -> tuple[AuditEntry | None, tuple[Unparsed, ...]]:
    found, later = _WHOLE.fullmatch(text), None
    if found:
        later = found[_COLUMNS + 2]
    elif len(text) > _CUT_CHARACTERS:
        found = _CUT.fullmatch(text)
    if found is None:
        return None, ()
    columns: dict[str, Any] = found.groupdict()
    unparsed = (Unparsed(f"column_{_COLUMNS + 1}", later),) if later else ()
    return AuditEntry(**columns), unparsed


KIND: Final = Kind(name="audit", record=AuditEntry, begins=r"\d{16},|\d{8} \d\d:\d\d:\d\d,", read=_read)


# -- how one becomes the other -----------------------------------------------------------------------------------------

_OPERATIONS: Final[dict[str, Nature]] = {
    "CHANGEUSER": fields.LOGIN,
    "CONNECT": fields.LOGIN,
    "DISCONNECT": fields.LOGOUT,
    "FAILED_CONNECT": fields.LOGIN,
    "PROXY_CONNECT": fields.LOGIN,
}
_PORT_DIGITS: Final = 5
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "0": "\0"}


def _unescaped(text: str) -> str:
    """Undo what the audit plugin does to a statement."""
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), text) if "\\" in text else text


def document(entry: AuditEntry, time: datetime | None) -> RdsDocument:
    """Map a line of the audit log."""
    timestamp = moment(entry.time) if entry.time else fields.borrowed(time)
    operation, statement, code = entry.operation or "", entry.statement, entry.code
    text = _unescaped(statement) if statement else None
    word = fields.command(text) if text else None
    host, port = _host(entry.host or "")
    source, ip, name = fields.peer(host, port)
    client = fields.user(entry.user)
    what = _OPERATIONS.get(operation) or fields.nature(word or operation, text)
    outcome = None if not code else "success" if code == "0" else "failure"
    target = ecs.given(entry.object)
    rds = Rds(
        command=word,
        connection=fields.connection(entry.connection_id, entry.connection_type),
        database=ecs.given(entry.database),
        engine="mysql",
        log_type="audit",
        object=fields.DatabaseObject(name=target) if target else None,
        query_id=ecs.given(entry.query_id),
        return_code=code or None,
        server=fields.Server(name=entry.server_host) if ecs.given(entry.server_host) else None,
        statement=fields.Statement(text=text) if text else None,
    )
    made = fields.document(timestamp, fields.happened(operation.lower(), what, outcome), rds, source, client, None)
    if outcome == "failure":
        made.error = ecs.Error(code=code)
    made.related = fields.related(ip, name, entry.user)
    made.tags = fields.CUT if code is None else ()  # a whole line has it, if only as an empty column
    return made


def _host(written: str) -> tuple[str, int | None]:
    """Give a client's host and port; only later versions of MariaDB have one."""
    host, colon, port = written.rpartition(":")
    if colon and port.isdecimal() and len(port) <= _PORT_DIGITS and (":" not in host or host[-1] == "]"):
        return host.strip("[]"), int(port)
    return written, None
