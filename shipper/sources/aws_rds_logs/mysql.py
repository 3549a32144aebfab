"""
Logs of MySQL, MariaDB and Aurora MySQL: audit, error and general log.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.MySQL.Options.AuditPlugin.html
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Auditing.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.MySQL.html
https://github.com/aws/audit-plugin-for-mysql
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shipper import ecs
from shipper.formats import Entry, Kind, Unparsed, matching
from shipper.sources.aws_rds_logs import fields
from shipper.sources.aws_rds_logs.fields import Nature, Rds, RdsDocument

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


class ErrorEntry(Entry):
    """An entry of the error log."""

    time: str | None = None
    connection_id: str | None = None
    level: str | None = None
    code: str | None = None
    subsystem: str | None = None
    message: str | None = None


class GeneralEntry(Entry):
    """An entry of the general log."""

    time: str | None = None
    connection_id: str | None = None
    command: str | None = None
    argument: str | None = None


class Banner(Entry):
    """What a server writes into a log that it opens: its program, its port, and names of columns."""


_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)"
_DASHED: Final = r"\d{4}-\d\d-\d\d  ?\d{1,2}:\d\d:\d\d"
_SHORT: Final = r"\d{6}  ?\d{1,2}:\d\d:\d\d"

_SESSION: Final = (
    r"(?P<time>\d{16}|\d{8} \d\d:\d\d:\d\d),(?P<server_host>[^,]{0,255}+),"
    r"(?P<user>[^,]{0,60}+(?:,[^,]{0,60}+){0,3}?),(?P<host>[^,]{0,255}+),"
    r"(?P<connection_id>\d*+),(?P<query_id>\d*+),"
)
_DATABASE: Final = r"(?P<database>[^,]*(?:,[^,]*){0,2}?),"
_AUDIT: Final = re.compile(
    rf"{_SESSION}(?P<operation>[A-Z_]*+),{_DATABASE}(?:'(?P<statement>.*)'|(?!')(?P<object>[^,]*+)), ?(?P<code>-?\d*+)"
    r"(?:,(?P<connection_type>[^,']*+)(?:,([^,']*+))?)?\s*",
    re.DOTALL,
)
"""Quotes inside of a statement are escaped, but the last quote of the line ends it in any case."""

_AUDIT_CUT: Final = re.compile(rf"{_SESSION}(?P<operation>QUERY),{_DATABASE}'(?P<statement>.*)", re.DOTALL)
_CUT_CHARACTERS: Final = 4_096
"""
A shorter line is not one that was cut on its way, which CloudWatch Logs does at 256 KiB or more. So no name, which
anybody chooses who tries to log in, is long enough to pass for a line with a statement that was cut.
"""

_ERROR: Final = re.compile(
    rf"(?P<time>{_TIME}|{_DASHED}|{_SHORT})[ \t]+"
    r"(?:(?P<connection_id>\d{1,20}) )?(?:\[(?P<level>\w*+)\] )?(?:\[(?P<code>MY-\d+)\] )?"
    r"(?:\[(?P<subsystem>[^\]\n]*+)\] )?(?P<message>.*)",
    re.DOTALL,
)
_GENERAL: Final = re.compile(
    rf"(?:(?P<time>{_TIME}|{_SHORT})|\t)?[ \t]+(?P<connection_id>\d{{1,20}}) "
    r"(?P<command>[A-Z][A-Za-z]*(?: [A-Za-z]+){0,2})(?:[\t ]+(?P<argument>.*))?",
    re.DOTALL,
)
_AUDIT_COLUMNS: Final = 11
"""Columns that are known; there may be one more, which has always been empty."""


def _read_audit(text: str) -> tuple[AuditEntry | None, tuple[Unparsed, ...]]:
    found, later = _AUDIT.fullmatch(text), None
    if found:
        later = found[_AUDIT_COLUMNS + 2]
    elif len(text) > _CUT_CHARACTERS:
        found = _AUDIT_CUT.fullmatch(text)
    if found is None:
        return None, ()
    columns: dict[str, Any] = found.groupdict()
    unparsed = (Unparsed(f"column_{_AUDIT_COLUMNS + 1}", later),) if later else ()
    return AuditEntry(**columns), unparsed


read_general: Final = matching(GeneralEntry, _GENERAL)
"""MariaDB's entries have no time when it is the same as that of the entry before."""


_BANNER: Final = re.compile(
    r"\S{1,200}, Version: \S{1,99} \((?:[^()]|\([^()]{0,99}\)){1,199}\)\. (?:started with:|embedded library)"
    r"|Tcp port: \d{1,5} {1,9}Unix socket: \S{1,200}|Time[ \t]+Id Command[ \t]+Argument"
)


def _read_banner(text: str) -> tuple[Banner | None, tuple[Unparsed, ...]]:
    """Take nothing else for a banner, for it is passed over: a client may write the beginning of one."""
    lines = text.split("\n", 3)
    return (Banner() if all(_BANNER.fullmatch(line.rstrip()) for line in lines if line) else None), ()


AUDIT: Final = Kind(name="audit", record=AuditEntry, begins=r"\d{16},|\d{8} \d\d:\d\d:\d\d,", read=_read_audit)
ERROR: Final = Kind(
    name="error",
    record=ErrorEntry,
    begins=(
        rf"{_TIME} (?:\d{{1,20}} \[|mysqld_safe |server_audit: )|{_DASHED} \d{{1,20}} \["
        rf"|{_SHORT} (?:\d{{1,20}} )?(?:\[|[A-Za-z])"
    ),
    read=matching(ErrorEntry, _ERROR),
)
GENERAL: Final = Kind(
    name="general",
    record=GeneralEntry,
    begins=rf"(?:{_TIME}[ \t]|{_SHORT}\t) *\d{{1,20}} [A-Z]",
    read=read_general,
    left_out="time",
)
GENERAL_SAME_SECOND: Final = Kind(
    name="general_same_second",
    record=GeneralEntry,
    begins=r"\t\t *\d{1,20} [A-Z][a-z]{2,15}(?: [A-Za-z]{2,9}){0,2}\t",
    read=read_general,
    after=frozenset({"general", "general_same_second"}),
    left_out="time",
)
"""MariaDB writes the time only once a second. Statements of PostgreSQL may have lines like these."""

BANNER: Final = Kind(
    name="banner",
    record=Banner,
    begins=r"(?:/[^ ,\n]{1,200}|mysqld|mariadbd), Version: |Tcp port: |Time[ \t]+Id +Command",
    read=_read_banner,
)


# -- how one becomes the other -----------------------------------------------------------------------------------------

_OPERATIONS: Final[dict[str, Nature]] = {
    "CHANGEUSER": fields.LOGIN,
    "CONNECT": fields.LOGIN,
    "DISCONNECT": fields.LOGOUT,
    "FAILED_CONNECT": fields.LOGIN,
    "PROXY_CONNECT": fields.LOGIN,
}
_PORT_DIGITS: Final = 5
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_DENIED: Final = re.compile(
    r"Access denied for user '(?P<user>.{0,255}?)'@'(?P<host>[^']{0,255})'(?: \(using password: (?:YES|NO)\))?"
)
_ABORTED: Final = re.compile(
    r"Aborted connection \d{1,20} to db: '(?:unconnected|(?P<database>.{0,255}?))' "
    r"user: '(?:unauthenticated|(?P<user>.{0,255}?))' host: '(?P<host>[^']{0,255})'"
)
_UNKNOWN_DATABASE: Final = re.compile(r"Unknown database '([^']*)'")
_CONNECT: Final = re.compile(
    r"(?P<user>.{0,255}?)@(?P<host>[^ @]{0,255})(?: as (?P<effective>.{0,255}?))? "
    r"on (?P<database>.{0,255}?) ?(?:using (?P<type>.*))?",
    re.DOTALL,
)
_WITH_STATEMENT: Final = frozenset({"Execute", "Long Data", "Prepare", "Query"})
_GENERAL_NATURES: Final = {
    "Change user": fields.LOGIN,
    "Connect": fields.LOGIN,
    "Create DB": fields.CHANGE,
    "Drop DB": fields.CHANGE,
    "Field List": fields.ACCESS,
    "Quit": fields.LOGOUT,
}


def moment(written: str) -> datetime:
    """
    Read a time of any of these logs; one without a zone is UTC.

    Raises:
        ValueError: it is none
    """
    text = written.strip()
    if len(text) == 16 and text.isdecimal():  # noqa: PLR2004 -- microseconds since 1970
        return EPOCH + timedelta(microseconds=int(text))
    day, blank, clock = text.partition(" ")
    if blank:
        day = f"20{day}" if len(day) == 6 else day  # noqa: PLR2004 -- `YYMMDD`
        clock = clock.strip()
        text = f"{day} {clock if clock[1:2] != ':' else '0' + clock}"
    found = ecs.time(text)
    if found is None:
        raise ValueError(f"{written!r} is no time")
    return found


def _unescaped(text: str) -> str:
    """Undo what the audit plugin does to a statement."""
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), text) if "\\" in text else text


def audit(entry: AuditEntry, time: datetime | None) -> RdsDocument:
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


def error(entry: ErrorEntry, time: datetime | None) -> RdsDocument:
    """Map an entry of the error log."""
    timestamp = moment(entry.time) if entry.time else fields.borrowed(time)
    level, message = (entry.level or "").lower() or None, entry.message or ""
    is_error = level == "error"
    rds = Rds(
        connection=fields.connection(entry.connection_id),
        engine="mysql",
        log_type="error",
        subsystem=ecs.given(entry.subsystem),
    )
    event = fields.happened(None, fields.ERROR if is_error else fields.INFO)
    event.code = ecs.given(entry.code)
    made = fields.document(timestamp, event, rds, None, None, message.strip())
    made.log = ecs.Log(level=level) if level else None
    if is_error:
        event.outcome = "failure"
        made.error = ecs.some(ecs.Error(code=event.code, message=made.message))
    _denied(message, made)
    _aborted(message, made)
    if unknown := _UNKNOWN_DATABASE.search(message):
        rds.database = ecs.given(unknown[1])
    return made


def _denied(message: str, made: RdsDocument) -> None:
    """Tell who was not let in, if that is what a message is about."""
    # A name may look like the rest of a message, so all of one counts more than its beginning.
    found = _DENIED.fullmatch(message.rstrip()) or _DENIED.match(message)
    if found is None:
        return
    made.source, ip, name = fields.peer(found["host"])
    made.user = fields.user(found["user"])
    made.related = fields.related(ip, name, found["user"])
    made.event.action = "failed_connect"
    made.event.category, made.event.type = fields.LOGIN
    made.event.outcome = "failure"
    made.error = ecs.Error(code=made.event.code, message=made.message)


def _aborted(message: str, made: RdsDocument) -> None:
    """Tell whose connection has ended, if that is what a message is about."""
    found = _ABORTED.match(message)
    if found is None:
        return
    made.source, ip, name = fields.peer(found["host"])
    made.user = fields.user(found["user"])
    made.related = fields.related(ip, name, found["user"])
    made.event.action = "aborted_connection"
    made.event.category, made.event.type = fields.LOGOUT
    made.aws.rds.database = ecs.given(found["database"])


def general(entry: GeneralEntry, time: datetime | None) -> RdsDocument:
    """Map an entry of the general log."""
    timestamp = moment(entry.time) if entry.time else fields.borrowed(time)
    command, argument = entry.command or "", ecs.given((entry.argument or "").strip())
    rds = Rds(connection=fields.connection(entry.connection_id), engine="mysql", log_type="general")
    event = fields.happened(command.lower().replace(" ", "_"), _GENERAL_NATURES.get(command, fields.INFO))
    made = fields.document(timestamp, event, rds, None, None, None)
    rds.command = ecs.given(command)
    if argument and command in _WITH_STATEMENT:
        rds.command = fields.command(argument)
        rds.statement = fields.Statement(text=argument)
        event.category, event.type = fields.nature(rds.command, argument)
    elif argument and command == "Init DB":
        rds.database = argument
    elif argument:
        made.message = argument
        if command in ("Change user", "Connect"):
            _connecting(argument, made)
    return made


def _connecting(argument: str, made: RdsDocument) -> None:
    """Tell who tries to connect: the server writes that before it looks at the password, and again if it is wrong."""
    _denied(argument, made)
    found = _CONNECT.fullmatch(argument)
    if found is None or made.event.outcome:
        return
    made.message = None
    made.source, ip, name = fields.peer(found["host"])
    made.user = fields.user(found["user"], found["effective"])
    made.related = fields.related(ip, name, found["user"], found["effective"])
    made.event.outcome = "unknown"
    made.aws.rds.database = ecs.given(found["database"])
    if found["type"]:
        connection = made.aws.rds.connection or fields.Connection()
        connection.type = found["type"]
        made.aws.rds.connection = connection
