"""
Error log and general log of MySQL, MariaDB and Aurora MySQL.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.MySQL.html
https://dev.mysql.com/doc/refman/8.0/en/query-log.html
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from shipper import ecs
from shipper.formats import Entry, Kind, Unparsed, matching
from shipper.sources.aws_rds_logs import fields
from shipper.sources.aws_rds_logs.fields import Rds, RdsDocument

# -- what AWS writes ---------------------------------------------------------------------------------------------------


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

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
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
    _who(made, found["host"], found["user"])
    made.event.action = "failed_connect"
    made.event.category, made.event.type = fields.LOGIN
    made.event.outcome = "failure"
    made.error = ecs.Error(code=made.event.code, message=made.message)


def _who(made: RdsDocument, host: str, user: str | None, effective: str | None = None) -> None:
    made.source, ip, name = fields.peer(host)
    made.user = fields.user(user, effective)
    made.related = fields.related(ip, name, user, effective)


def _aborted(message: str, made: RdsDocument) -> None:
    """Tell whose connection has ended, if that is what a message is about."""
    found = _ABORTED.match(message)
    if found is None:
        return
    _who(made, found["host"], found["user"])
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
    _who(made, found["host"], found["user"], found["effective"])
    made.event.outcome = "unknown"
    made.aws.rds.database = ecs.given(found["database"])
    if found["type"]:
        connection = made.aws.rds.connection or fields.Connection()
        connection.type = found["type"]
        made.aws.rds.connection = connection
