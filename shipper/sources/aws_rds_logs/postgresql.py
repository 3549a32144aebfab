"""
Logs of PostgreSQL and Aurora PostgreSQL, with what pgAudit writes into them.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.PostgreSQL.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.pgaudit.html
https://www.postgresql.org/docs/current/runtime-config-logging.html
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from shipper import ecs
from shipper.formats import Entry, Kind, Unparsed
from shipper.sources.aws_rds_logs import fields
from shipper.sources.aws_rds_logs.fields import Nature, Rds, RdsDocument

# -- what AWS writes ---------------------------------------------------------------------------------------------------


class PostgresEntry(Entry):
    """An entry in either form: behind a `log_line_prefix`, or as CSV, which has all of these."""

    time: str | None = None
    zone: str | None = None
    host: str | None = None
    port: str | None = None
    user: str | None = None
    database: str | None = None
    pid: str | None = None
    line: str | None = None
    sqlstate: str | None = None
    session_start: str | None = None
    virtual_transaction_id: str | None = None
    transaction_id: str | None = None
    session_id: str | None = None
    application: str | None = None
    query_id: str | None = None
    level: str | None = None
    message: str | None = None
    # CSV only
    command_tag: str | None = None
    detail: str | None = None
    hint: str | None = None
    internal_query: str | None = None
    internal_query_pos: str | None = None
    context: str | None = None
    query: str | None = None
    query_pos: str | None = None
    location: str | None = None
    backend_type: str | None = None
    leader_pid: str | None = None


_LEVELS: Final = (
    r"DEBUG[1-5]?|INFO|NOTICE|WARNING|LOG|ERROR|FATAL|PANIC|DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION|BACKTRACE"
)
_STAMP: Final = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
_ZONE: Final = r"(?:[A-Z]{1,6}|[+-]\d\d(?::?\d\d)?)"
_PREFIXED: Final = re.compile(
    rf"(?P<time>{_STAMP}(?:\.\d{{1,6}})?) (?P<zone>{_ZONE}):"
    r"(?:(?P<host>[^\s()]{1,255})\((?P<port>\d{1,5})\)|(?P<name>\[local\]|[^\s():@]{0,255})):"
    r"(?P<user>[^\n]{0,255}?)@(?P<database>[^\n]{0,255}?):\[(?P<pid>\d{1,10})\]:"
    rf"(?:(?P<line>\d{{1,18}}):(?P<sqlstate>[0-9A-Z]{{5}}):(?P<session_start>{_STAMP} {_ZONE}):"
    r"(?P<virtual_transaction_id>[^:\s]*):(?P<transaction_id>\d*):(?P<session_id>[0-9a-f]+\.[0-9a-f]+):"
    r"(?P<application>[^\n]{0,255}?)[: ]??|(?P<query_id>-?\d{1,20}):)?"
    rf"(?P<level>{_LEVELS}): {{1,2}}(?P<message>.*)",
    re.DOTALL,
)
"""
The prefix of RDS, `%t:%r:%u@%d:[%p]:`, and that of Aurora PostgreSQL 16, `%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a`.
Behind this one nothing separates the application's name from the level.
"""

_CSV: Final = re.compile(r'(?:"((?:[^"]|"")*+)"|([^,"]*+))(,|\s*\Z)')
_CSV_TIME: Final = re.compile(rf"(?P<time>{_STAMP}(?:\.\d{{1,6}})?) (?P<zone>{_ZONE})")
_CSV_COLUMNS: Final = (
    "log_time",
    "user",
    "database",
    "pid",
    "connection_from",
    "session_id",
    "line",
    "command_tag",
    "session_start",
    "virtual_transaction_id",
    "transaction_id",
    "level",
    "sqlstate",
    "message",
    "detail",
    "hint",
    "internal_query",
    "internal_query_pos",
    "context",
    "query",
    "query_pos",
    "location",
    "application",
    "backend_type",
    "leader_pid",
    "query_id",
)
_CSV_LEAST: Final = 23
"""Columns that all versions have."""
_NUMBERS: Final = ("internal_query_pos", "leader_pid", "line", "pid", "port", "query_pos")
_NUMBER_DIGITS: Final = 18


def _read_prefixed(text: str) -> tuple[PostgresEntry | None, tuple[Unparsed, ...]]:
    found = _PREFIXED.fullmatch(text)
    if found is None:
        return None, ()
    values: dict[str, Any] = found.groupdict()
    name = values.pop("name")
    values["host"] = values["host"] or name
    return PostgresEntry(**values), ()


def _read_csv(text: str) -> tuple[PostgresEntry | None, tuple[Unparsed, ...]]:
    columns = _csv(text)
    if columns is None or len(columns) < _CSV_LEAST:
        return None, ()
    known, beyond = columns[: len(_CSV_COLUMNS)], columns[len(_CSV_COLUMNS) :]
    values: dict[str, Any] = dict(zip(_CSV_COLUMNS, known, strict=False))
    time = _CSV_TIME.fullmatch(values.pop("log_time"))
    if time is None:
        return None, ()
    host, colon, port = values.pop("connection_from").rpartition(":")
    values |= {**time.groupdict(), "host": host if colon else port, "port": port if colon else ""}
    unparsed = [Unparsed(f"column_{at}", value) for at, value in enumerate(beyond, len(_CSV_COLUMNS) + 1) if value]
    for name in _NUMBERS:
        if (value := values.get(name)) and not (value.isdecimal() and len(value) <= _NUMBER_DIGITS):
            unparsed.append(Unparsed(name, value))
            values[name] = None
    return PostgresEntry(**values), tuple(unparsed)


def _csv(text: str) -> list[str] | None:
    """Split columns, some of them in quotes, which are doubled inside; None where they do not match."""
    values: list[str] = []
    position = 0
    while found := _CSV.match(text, position):
        quoted = found[1]
        values.append(found[2] if quoted is None else quoted.replace('""', '"'))
        position = found.end()
        if found[3] != ",":
            return values
    return None


PREFIXED: Final = Kind(
    name="postgresql",
    record=PostgresEntry,
    begins=rf"{_STAMP}(?:\.\d{{1,6}})? {_ZONE}:",
    read=_read_prefixed,
)
CSV: Final = Kind(
    name="postgresql_csv",
    record=PostgresEntry,
    begins=rf"{_STAMP}(?:\.\d{{1,6}})? {_ZONE},",
    read=_read_csv,
)


# -- how one becomes the other -----------------------------------------------------------------------------------------


class Told(NamedTuple):
    """
    What a message says.

    Attributes:
        action: in a word
        nature: its category and type
        outcome: if it tells
        user: that it is about
        database: that it is about
        address: of the client
        port: of the client
        application: of the client
        duration: in nanoseconds
        statement: of SQL
        parameters: of the statement in the entry before
        tls: of the connection
        audit: columns of pgAudit
    """

    action: str | None = None
    nature: Nature | None = None
    outcome: str | None = None
    user: str | None = None
    database: str | None = None
    address: str | None = None
    port: int | None = None
    application: str | None = None
    duration: int | None = None
    statement: str | None = None
    parameters: str | None = None
    tls: ecs.Tls | None = None
    audit: tuple[str, ...] = ()


_NOTHING: Final = Told()
_ZONES: Final = {"UTC": UTC, "GMT": UTC, "Z": UTC}
_FAILURES: Final = frozenset({"ERROR", "FATAL", "PANIC"})
_RECEIVED: Final = re.compile(r"connection received: host=(?P<host>\S{1,255})(?: port=(?P<port>\d{1,5}))?")
_AUTHENTICATED: Final = re.compile(
    r'connection authenticated: (?:identity="(?P<user>.{0,255}?)" |user="(?P<name>.{0,255}?)" )?.*'
)
_AUTHORIZED: Final = re.compile(
    r"(?:replication )?connection authorized: user=(?P<user>.{0,255}?)(?: database=(?P<database>.{0,255}?))?"
    r"(?: application_name=(?P<application>.{0,255}?))?"
    r"(?: SSL enabled \(protocol=(?P<protocol>[^,)]{1,32})(?:, cipher=(?P<cipher>[^,)]{1,64}))?[^)]{0,255}\))?",
)
_DISCONNECTION: Final = re.compile(
    r"disconnection: session time: (?P<hours>\d{1,6}):(?P<minutes>\d\d):(?P<seconds>\d\d(?:\.\d+)?) "
    r"user=(?P<user>.{0,255}?) database=(?P<database>.{0,255}?) host=(?P<host>\S{1,255})(?: port=(?P<port>\d{1,5}))?"
)
_DURATION: Final = re.compile(
    r"duration: (?P<milliseconds>\d{1,15}(?:\.\d+)?) ms(?:  (?P<how>statement|plan|parse|bind|execute|fetch)\b"
    r"(?P<name>[^:\n]*):\s?(?P<statement>.*))?",
    re.DOTALL,
)
_STATEMENT: Final = re.compile(
    r"(?P<how>statement|execute|fastpath function call)(?P<name>[^:\n]*): (?P<statement>.*)", re.DOTALL
)
_REFUSED: Final = re.compile(
    r'(?:(?:\S+ )?authentication failed for user "(?P<user>.{0,255}?)"'
    r"|(?:no pg_hba\.conf entry|pg_hba\.conf rejects (?:replication )?connection) for (?:replication connection from )?"
    r'host "(?P<host>[^"]{0,255})", user "(?P<entry>.{0,255}?)"(?:, database "(?P<database>.{0,255}?)")?'
    r'|role "(?P<role>.{0,255}?)" (?:does not exist|is not permitted to log in)'
    r'|too many connections for role "(?P<many>.{0,255}?)")'
)
_PARAMETERS: Final = re.compile(r"[Pp]arameters: (.+)", re.DOTALL)
_AUDIT_PREFIX: Final = "AUDIT: "
_AUDIT_COLUMNS: Final = 8
_NO_PARAMETERS: Final = frozenset({"", "<none>", "<not logged>"})


def entry(one: PostgresEntry, _: datetime | None) -> RdsDocument:
    """
    Map an entry.

    Raises:
        ValueError: it has no time, or one in a zone that is not known
    """
    timestamp = _moment(one.time or "", one.zone or "")
    level = one.level or ""
    message = (one.message or "").replace("\n\t", "\n").strip()  # PostgreSQL puts a tab before each further line
    told = _told(message, level)
    failed = level in _FAILURES
    source, ip, name = fields.peer(one.host or told.address, fields.whole(one.port) or told.port)
    name_of_user = fields.known(one.user) or told.user
    client = fields.user(name_of_user)
    rds = _rds(one, told)
    outcome = told.outcome or ("failure" if failed else None)
    what = told.nature or (fields.ERROR if failed else fields.INFO)
    event = fields.happened(told.action, what, outcome)
    event.duration = told.duration
    rest = None if told.audit or told.statement or told.parameters else message
    made = fields.document(timestamp, event, rds, source, client, rest)
    if failed or one.sqlstate not in (None, "", "00000"):
        code = ecs.given(one.sqlstate)
        made.error = ecs.some(ecs.Error(code=code, message=made.message if failed else None))
    made.log = _log(level)
    made.process = ecs.Process(pid=int(one.pid)) if one.pid else None
    made.tls = told.tls
    if ip or name or client:
        made.related = fields.related(ip, name, name_of_user, told.user)
    return made


@lru_cache(maxsize=32)
def _log(level: str) -> ecs.Log | None:
    return ecs.Log(level=level.lower()) if level else None


@lru_cache(maxsize=4096)
def _moment(time: str, zone: str) -> datetime:
    """
    Read a time in the zone that stands behind it, which RDS sets to UTC.

    Raises:
        ValueError: the zone has a name that may mean several
    """
    known = _ZONES.get(zone)
    if known is None and zone[:1] in ("+", "-"):
        return datetime.fromisoformat(f"{time}{zone}")
    if known is None:
        raise ValueError(f"the time zone {zone!r} is not known")
    return datetime.fromisoformat(time).replace(tzinfo=known)


def _rds(one: PostgresEntry, told: Told) -> Rds:
    """Give the own fields of an entry."""
    rds = Rds(
        application=fields.known(one.application) or fields.known(told.application),
        database=fields.known(one.database) or fields.known(told.database),
        engine="postgresql",
        log_type="postgresql",
        query_id=None if one.query_id in ("", "0") else one.query_id,
    )
    if told.audit:
        _audited(rds, told.audit)
    elif told.statement:
        rds.command = one.command_tag or fields.command(told.statement)
        rds.statement = fields.Statement(text=told.statement)
    elif told.parameters:
        rds.statement = fields.Statement(parameters=told.parameters)
    elif one.command_tag:
        rds.command = one.command_tag
    if one.line or one.session_id or one.session_start:
        _in_session(rds, one)
    if one.context is not None or one.backend_type is not None:
        _from_csv(rds, one)
    return rds


def _in_session(rds: Rds, one: PostgresEntry) -> None:
    time, _, zone = (one.session_start or "").rpartition(" ")
    rds.session = ecs.some(
        fields.Session(
            id=ecs.given(one.session_id), line=fields.whole(one.line), start=_moment(time, zone) if time else None
        )
    )
    rds.transaction = ecs.some(
        fields.Transaction(
            id=None if one.transaction_id in ("", "0") else one.transaction_id,
            virtual_id=ecs.given(one.virtual_transaction_id),
        )
    )


def _from_csv(rds: Rds, one: PostgresEntry) -> None:
    """Take over what only the CSV form has."""
    rds.postgresql = ecs.some(
        fields.Postgresql(
            backend_type=ecs.given(one.backend_type),
            context=ecs.given(one.context),
            detail=ecs.given(one.detail),
            hint=ecs.given(one.hint),
            internal_query=ecs.given(one.internal_query),
            internal_query_position=fields.whole(one.internal_query_pos),
            leader_pid=fields.whole(one.leader_pid),
            location=ecs.given(one.location),
            query_position=fields.whole(one.query_pos),
        )
    )
    if one.query and rds.statement is None:
        rds.statement = fields.Statement(text=one.query)
    elif one.query and rds.statement and not rds.statement.text:
        rds.statement.text = one.query


def _audited(rds: Rds, columns: tuple[str, ...]) -> None:
    """Take over the columns of pgAudit."""
    kind, number, substatement, class_, command, object_type, name, *rest = columns
    text, parameters, rows = (*rest, None, None, None)[:3]
    rds.audit = ecs.some(fields.Audit(class_=ecs.given(class_), type=ecs.given(kind)))
    rds.command = ecs.given(command)
    rds.object = ecs.some(fields.DatabaseObject(name=ecs.given(name), type=ecs.given(object_type)))
    rds.statement = ecs.some(
        fields.Statement(
            id=ecs.given(number),
            parameters=None if parameters in _NO_PARAMETERS else parameters,
            rows=int(rows) if rows and rows.isdecimal() else None,
            substatement_id=ecs.given(substatement),
            text=None if text in ("<not logged>", "<previously logged>") else ecs.given(text),
        )
    )


# -- messages ----------------------------------------------------------------------------------------------------------


def _told(message: str, level: str) -> Told:
    """Read a message by its level and how it begins: what a client has logged seldom has the level LOG."""
    if message.startswith(_AUDIT_PREFIX):  # pgAudit's level is a setting
        return _audit(message)
    if level == "LOG":
        return _logged(message)
    if level == "FATAL":
        return _refused(message)
    if level == "STATEMENT":
        return Told(action="statement", statement=message)
    if level == "DETAIL" and (found := _PARAMETERS.fullmatch(message)):
        return Told(action="parameters", parameters=found[1])
    return _NOTHING


def _logged(message: str) -> Told:
    """Read what PostgreSQL says by itself."""
    if message.startswith("duration: "):
        return _timed(message)
    if message.startswith(("statement: ", "execute ", "fastpath ")) and (found := _STATEMENT.fullmatch(message)):
        return _ran(found, None)
    if message.startswith(("connection ", "disconnection", "replication connection")):
        return _connection(message)
    return _NOTHING


def _audit(message: str) -> Told:
    columns = _csv(message[len(_AUDIT_PREFIX) :])
    if columns is None or len(columns) < _AUDIT_COLUMNS:
        return Told(action="audit")
    what = fields.nature(columns[3], columns[7])
    return Told(action=columns[4].lower().replace(" ", "_") or "audit", nature=what, audit=tuple(columns))


def _timed(message: str) -> Told:
    found = _DURATION.fullmatch(message)
    if found is None:
        return _NOTHING
    duration = fields.nanoseconds(found["milliseconds"])
    duration //= 1_000
    if not found["how"]:
        return Told(action="duration", duration=duration)
    return _ran(found, duration)


def _ran(found: re.Match[str], duration: int | None) -> Told:
    statement = found["statement"].strip()
    if found["how"] == "plan":
        return Told(action="plan", statement=statement, duration=duration, nature=fields.INFO)
    what = fields.nature(fields.command(statement), statement)
    return Told(action=found["how"].replace(" ", "_"), nature=what, duration=duration, statement=statement)


def _connection(message: str) -> Told:
    if found := _RECEIVED.fullmatch(message):
        return Told(
            "connection_received", fields.CONNECTED, None, None, None, found["host"], fields.whole(found["port"])
        )
    if found := _AUTHORIZED.fullmatch(message):
        return Told(
            action="connection_authorized",
            nature=fields.LOGIN,
            outcome="success",
            user=found["user"],
            database=found["database"],
            application=found["application"],
            tls=_tls(found["protocol"], found["cipher"]),
        )
    if found := _DISCONNECTION.fullmatch(message):
        return Told(
            action="disconnection",
            nature=fields.LOGOUT,
            user=found["user"],
            database=found["database"],
            address=found["host"],
            port=fields.whole(found["port"]),
            duration=(int(found["hours"]) * 3600 + int(found["minutes"]) * 60) * 1_000_000_000
            + fields.nanoseconds(found["seconds"]),
        )
    if found := _AUTHENTICATED.fullmatch(message):
        return Told("connection_authenticated", fields.AUTHENTICATED, "success", found["user"] or found["name"])
    return _NOTHING


@lru_cache(maxsize=64)
def _tls(protocol: str | None, cipher: str | None) -> ecs.Tls | None:
    if not protocol:
        return None
    name, _, version = protocol.lower().partition("v")
    return ecs.Tls(cipher=cipher, version=version or None, version_protocol=name or None)


def _refused(message: str) -> Told:
    """Tell who was not let in, if that is what a message is about."""
    found = _REFUSED.match(message) if '"' in message else None
    if found is None:
        return _NOTHING
    user = found["user"] or found["entry"] or found["role"] or found["many"]
    return Told("connection_refused", fields.LOGIN, "failure", user, found["database"], found["host"])
