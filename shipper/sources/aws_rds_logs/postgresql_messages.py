"""
Messages of PostgreSQL: what the server says by itself about connections, statements and times, and what pgAudit says.

https://www.postgresql.org/docs/current/runtime-config-logging.html
https://github.com/pgaudit/pgaudit#format
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from shipper import ecs
from shipper.sources.aws_rds_logs import fields
from shipper.sources.aws_rds_logs.fields import Nature


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
        principal: of Kerberos that the client is
        statement: of SQL
        name: under which the statement was prepared
        parameters: of the statement in the entry before
        tls: of the connection
        audit: columns of pgAudit
        is_cut: whether the message was cut on its way
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
    principal: str | None = None
    statement: str | None = None
    name: str | None = None
    parameters: str | None = None
    tls: ecs.Tls | None = None
    audit: tuple[str, ...] = ()
    is_cut: bool = False


_NOTHING: Final = Told()
_CSV: Final = re.compile(r'(?:"((?:[^"]|"")*+)"|([^,"]*+))(,|\s*\Z)')
_RECEIVED: Final = re.compile(r"connection received: host=(?P<host>\S{1,255})(?: port=(?P<port>\d{1,5}))?")
_AUTHENTICATED: Final = re.compile(
    r'connection authenticated: (?:identity="(?P<user>.{0,255}?)" |user="(?P<name>.{0,255}?)" )?.*'
)
_AUTHORIZED: Final = re.compile(
    r"(?:replication )?connection authorized: user=(?P<user>.{0,255}?)(?: database=(?P<database>.{0,255}?))?"
    r"(?: application_name=(?P<application>.{0,255}?))?"
    r"(?: SSL enabled \(protocol=(?P<protocol>[^,)]{1,32})(?:, cipher=(?P<cipher>[^,)]{1,64}))?[^)]{0,255}\))?"
    r"(?: GSS \([^=)]{1,64}=[^)]{0,255}?(?:, principal=(?P<principal>[^)]{0,255}))?\))?",
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
_CUT_CHARACTERS: Final = 4_096
"""A shorter message was not cut, but is torn."""


def read(message: str, level: str) -> Told:
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
    columns, is_cut = split(message[len(_AUDIT_PREFIX) :]), False
    if columns is None and len(message) > _CUT_CHARACTERS:  # its quotes are not closed any more
        columns, is_cut = split(f'{message[len(_AUDIT_PREFIX) :]}"'), True
    if columns is None or len(columns) < _AUDIT_COLUMNS:
        return Told(action="audit")
    what = fields.nature(columns[3], columns[7])
    return Told(
        action=columns[4].lower().replace(" ", "_") or "audit", nature=what, audit=tuple(columns), is_cut=is_cut
    )


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
    name = found["name"].strip() if found["name"] else None
    return Told(
        action=found["how"].replace(" ", "_"),
        nature=what,
        duration=duration,
        statement=statement,
        name=None if name == "<unnamed>" else name or None,
    )


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
            principal=found["principal"],
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


def split(text: str) -> list[str] | None:
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
