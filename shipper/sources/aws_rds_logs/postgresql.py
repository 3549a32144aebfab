"""
Logs of PostgreSQL and Aurora PostgreSQL, with what pgAudit writes into them.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.PostgreSQL.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.pgaudit.html
https://www.postgresql.org/docs/current/runtime-config-logging.html
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from shipper import ecs
from shipper.formats import Entry, Kind, Unparsed
from shipper.sources.aws_rds_logs import fields, postgresql_messages
from shipper.sources.aws_rds_logs.fields import Rds, RdsDocument
from shipper.sources.aws_rds_logs.postgresql_messages import Told

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
    r"(?P<user>[^\n]{0,255}?)@(?P<database>[^@\n]{0,255}?):\[(?P<pid>\d{1,10})\]:"
    rf"(?:(?P<line>\d{{1,18}}):(?P<sqlstate>[0-9A-Z]{{5}}):(?P<session_start>{_STAMP} {_ZONE}):"
    r"(?P<virtual_transaction_id>[^:\s]*):(?P<transaction_id>\d*):(?P<session_id>[0-9a-f]+\.[0-9a-f]+):"
    r"(?P<application>[^\n]{0,255}?)[: ]??|(?P<query_id>-?\d{1,20}):)?"
    rf"(?P<level>{_LEVELS}): {{1,2}}(?:(?P<verbose>(?=[A-Z]*\d)[0-9A-Z]{{5}}): )?(?P<message>.*)",
    re.DOTALL,
)
"""
The two prefixes that RDS allows, `%t:%r:%u@%d:[%p]:` and `%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a`, with a colon at its
end or without. With `log_error_verbosity` the SQLSTATE stands ahead of the message too.
Behind this one nothing separates the application's name from the level. It is the last `@` that stands behind the user:
the name of one that Active Directory knows has one itself.
"""

_SESSION: Final = re.compile(r"@[^@\n]{0,255}:\[\d{1,10}\]:")
_SESSION_CHARACTERS: Final = 2 * 255 + len("@:[]:") + 10
"""How far behind the beginning of a user's name the process may be told, at most."""

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
    if found is None or _SESSION.search(text, found.end("pid"), found.start("user") + _SESSION_CHARACTERS):
        # Somebody may have tried to log in with a name that looks like the rest of an entry.
        return None, ()
    values: dict[str, Any] = found.groupdict()
    name, state = values.pop("name"), values.pop("verbose")
    values["host"] = values["host"] or name
    values["sqlstate"] = values["sqlstate"] or state
    return PostgresEntry(**values), ()


def _read_csv(text: str) -> tuple[PostgresEntry | None, tuple[Unparsed, ...]]:
    columns = postgresql_messages.split(text)
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


_ZONES: Final = {"UTC": UTC, "GMT": UTC, "Z": UTC}
_FAILURES: Final = frozenset({"ERROR", "FATAL", "PANIC"})
_NO_PARAMETERS: Final = frozenset({"", "<none>", "<not logged>"})


def entry(one: PostgresEntry, _: datetime | None) -> RdsDocument:
    """
    Map an entry.

    Raises:
        ValueError: it has no time, or one in a zone that is not known
    """
    timestamp = _moment(one.time or "", one.zone or "")
    level = one.level or ""
    message = _message(one)
    told = postgresql_messages.read(message, level)
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
    made.tags = fields.CUT if told.is_cut else ()
    if ip or name or client:
        made.related = fields.related(ip, name, name_of_user, told.principal or told.user)
    return made


def _is_csv(one: PostgresEntry) -> bool:
    return one.context is not None


def _message(one: PostgresEntry) -> str:
    """Take off the tab that PostgreSQL puts before each further line where there are no quotes around them."""
    text = one.message or ""
    return (text if _is_csv(one) else text.replace("\n\t", "\n")).strip()


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
        raise ValueError(f"the time zone {zone!r} is not known: set log_timezone to UTC")
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
        rds.command = _tagged(one) or fields.command(told.statement)
        rds.statement = fields.Statement(name=told.name, text=told.statement)
    elif told.parameters:
        rds.statement = fields.Statement(parameters=told.parameters)
    else:
        rds.command = _tagged(one)
    if one.line or one.session_id or one.session_start:
        _in_session(rds, one)
    if _is_csv(one):
        _from_csv(rds, one)
    return rds


def _tagged(one: PostgresEntry) -> str | None:
    """Give the command's tag, unless a session's state stands in its place: `idle`, `authentication`."""
    return one.command_tag if one.command_tag and one.command_tag.isupper() else None


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
    tag = ecs.given(one.command_tag)
    rds.postgresql = ecs.some(
        fields.Postgresql(
            backend_type=ecs.given(one.backend_type),
            command_tag=None if tag == rds.command else tag,
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
