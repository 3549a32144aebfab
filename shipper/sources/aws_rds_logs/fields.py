"""What the documents of all database logs have beside ECS, and how their parts are made."""

import re
from datetime import datetime
from functools import lru_cache
from typing import Final

from msgspec import field

from shipper import ecs
from shipper.remembered import LONGEST

# -- what we add to ECS ------------------------------------------------------------------------------------------------


class DbInstance(ecs.FieldSet):
    db_cluster_identifier: str | None = None
    identifier: str | None = None


class Connection(ecs.FieldSet):
    id: str | None = None
    protocol: str | None = None
    type: str | None = None


class DatabaseObject(ecs.FieldSet):
    name: ecs.LongText | None = None
    type: str | None = None


class Server(ecs.FieldSet):
    name: str | None = None
    service: str | None = None
    type: str | None = None
    version: str | None = None


class Session(ecs.FieldSet):
    id: str | None = None
    line: int | None = None
    start: datetime | None = None


class Statement(ecs.FieldSet):
    """A statement of SQL, or the part of it that an audit record is about."""

    id: str | None = None
    name: str | None = None
    parameters: ecs.LongText | None = None
    rows: int | None = None
    substatement_id: str | None = None
    text: ecs.LongText | None = None


class Audit(ecs.FieldSet):
    class_: str | None = field(name="class", default=None)
    type: str | None = None


class Transaction(ecs.FieldSet):
    id: str | None = None
    virtual_id: str | None = None


class SlowQuery(ecs.FieldSet):
    """What the slow query log tells of a statement: `log_slow_extra` of MySQL, `log_slow_verbosity` of MariaDB."""

    bytes_received: int | None = None
    bytes_sent: int | None = None
    created_tmp_disk_tables: int | None = None
    created_tmp_tables: int | None = None
    engine_time: float | None = None
    errno: int | None = None
    explain: ecs.LongText | None = None
    filesort: str | None = None
    filesort_on_disk: str | None = None
    full_join: str | None = None
    full_scan: str | None = None
    killed: int | None = None
    lock_time: float | None = None
    merge_passes: int | None = None
    old_rows_read: int | None = None
    pages_accessed: int | None = None
    pages_prefetched: int | None = None
    pages_read: int | None = None
    pages_read_time: float | None = None
    pages_updated: int | None = None
    priority_queue: str | None = None
    qc_hit: str | None = None
    query_time: float | None = None
    read_first: int | None = None
    read_key: int | None = None
    read_last: int | None = None
    read_next: int | None = None
    read_prev: int | None = None
    read_rnd: int | None = None
    read_rnd_next: int | None = None
    rows_affected: int | None = None
    rows_examined: int | None = None
    rows_sent: int | None = None
    settings: ecs.LongText | None = None
    sort_merge_passes: int | None = None
    sort_range_count: int | None = None
    sort_rows: int | None = None
    sort_scan_count: int | None = None
    tmp_disk_tables: int | None = None
    tmp_table: str | None = None
    tmp_table_on_disk: str | None = None
    tmp_table_sizes: int | None = None
    tmp_tables: int | None = None


class Postgresql(ecs.FieldSet):
    """What only PostgreSQL tells."""

    backend_type: str | None = None
    command_tag: str | None = None
    context: ecs.LongText | None = None
    detail: ecs.LongText | None = None
    hint: ecs.LongText | None = None
    internal_query: ecs.LongText | None = None
    internal_query_position: int | None = None
    leader_pid: int | None = None
    location: str | None = None
    query_position: int | None = None


class Rds(ecs.FieldSet):
    activity_stream_version: str | None = None
    application: str | None = None
    audit: Audit | None = None
    command: str | None = None
    connection: Connection | None = None
    database: str | None = None
    database_id: str | None = None
    db_instance: DbInstance | None = None
    engine: str | None = None
    engine_native_audit_fields: ecs.Flat | None = None
    log_type: str | None = None
    object: DatabaseObject | None = None
    postgresql: Postgresql | None = None
    query_id: str | None = None
    return_code: str | None = None
    server: Server | None = None
    session: Session | None = None
    severity: str | None = None
    slow_query: SlowQuery | None = None
    state: str | None = None
    statement: Statement | None = None
    subsystem: str | None = None
    transaction: Transaction | None = None


class Aws(ecs.Aws, kw_only=True):
    rds: Rds


class RdsDocument(ecs.Document, kw_only=True):
    aws: Aws
    error: ecs.Error | None = None
    log: ecs.Log | None = None
    message: str | None = None
    network: ecs.Network | None = None
    process: ecs.Process | None = None
    source: ecs.Endpoint | None = None
    tls: ecs.Tls | None = None
    user: ecs.User | None = None


# -- what happened -----------------------------------------------------------------------------------------------------

Nature = tuple[tuple[str, ...], tuple[str, ...]]
"""`event.category` and `event.type`."""

LOGIN: Final[Nature] = (("database", "authentication"), ("start",))
LOGOUT: Final[Nature] = (("database", "session"), ("end",))
CONNECTED: Final[Nature] = (("database", "network"), ("connection", "start"))
AUTHENTICATED: Final[Nature] = (("database", "authentication"), ("info",))
ACCESS: Final[Nature] = (("database",), ("access",))
CHANGE: Final[Nature] = (("database",), ("change",))
ERROR: Final[Nature] = (("database",), ("error",))
INFO: Final[Nature] = (("database",), ("info",))
PRIVILEGES: Final[Nature] = (("database", "iam"), ("change",))

_NATURES: Final = (
    dict.fromkeys(("SELECT", "SHOW", "WITH", "FETCH", "READ", "TABLE", "VALUES", "EXPLAIN", "DESC", "DESCRIBE"), ACCESS)
    | dict.fromkeys(("INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "LOAD", "TRUNCATE", "WRITE", "COPY"), CHANGE)
    | dict.fromkeys(("CREATE", "ALTER", "DROP", "RENAME", "COMMENT", "REINDEX", "VACUUM", "DDL", "IMPORT"), CHANGE)
    | dict.fromkeys(("GRANT", "REVOKE", "ROLE"), PRIVILEGES)
)
"""By a statement's first word, or the class that an audit gives it."""

_AHEAD: Final = r"(?:\s|/\*!\d*|/\*.*?\*/|--[^\n]*\n|#[^\n]*\n|\()*+"
"""What may stand ahead of a word: `/*!` begins no comment, for MySQL runs what is in it."""

_IAM: Final = re.compile(
    rf"{_AHEAD}(?:CREATE|ALTER|DROP|RENAME|SET)\b{_AHEAD}(?:OR\s+REPLACE\s+|DEFAULT\s+)?"
    r"(?:USER|ROLE|GROUP|LOGIN|PASSWORD|PRIVILEGES)\b",
    re.DOTALL | re.IGNORECASE,
)
_FIRST_WORD: Final = re.compile(rf"{_AHEAD}([A-Za-z]+)", re.DOTALL)
_FIRST_WORD_CHARACTERS: Final = 16
_FIRST_CHARACTERS: Final = 1_024
"""How far the first word of a statement is looked for, behind comments."""


def command(statement: str) -> str | None:
    """Give the first word of a statement in capitals, behind comments."""
    word, blank, _ = statement[:_FIRST_WORD_CHARACTERS].partition(" ")
    if blank and word.isalpha() and word.isascii():
        return word.upper()
    found = _FIRST_WORD.match(statement, 0, _FIRST_CHARACTERS)
    return found[1].upper() if found else None


def nature(word: str | None, statement: str | None = None) -> Nature:
    """Tell what a statement does, from its first word or its class, and its text where there is one."""
    found = _NATURES.get(word or "", INFO)
    if statement and (found is CHANGE or found is INFO) and _IAM.match(statement, 0, _FIRST_CHARACTERS):
        return PRIVILEGES
    return found


# -- who and where -----------------------------------------------------------------------------------------------------


def peer(
    address: str | None, port: int | None = None, *, name: str | None = None
) -> tuple[ecs.Endpoint | None, ecs.Ip | None, str | None]:
    """
    Give the client.

    Args:
        address: an IP address or a name, or what stands for a connection inside of the server
        port: of the client
        name: of its host, where there is one beside the address

    Returns:
        `source`, its IP address, and its name.
    """
    address, name = ecs.given(address), ecs.given(name)
    ip = ecs.ip(address)
    if ip is None and address and _is_host(address):
        name = address
    elif name and not _is_host(name):
        address, name = address or name, None
    if address is None and name is None and port is None:
        return None, None, None
    return ecs.Endpoint(address=address or name, ip=ip, port=port), ip, name


def _is_host(address: str) -> bool:
    """Tell a name from what stands for a connection without one: `[local]`, `<local machine>`, `local machine`."""
    return address[0] not in "[<" and " " not in address


def user(name: str | None, effective: str | None = None) -> ecs.User | None:
    """
    Give the user that a session is of; `[unknown]` before anybody has said who it is.

    Args:
        name: of the user
        effective: whose rights it has
    """
    is_usual = len(name or "") + len(effective or "") <= LONGEST
    return (_known_user if is_usual else _read_user)(name, effective)


def _read_user(name: str | None, effective: str | None) -> ecs.User | None:
    name, effective = known(name), known(effective)
    other = ecs.UserEffective(name=effective) if effective and effective != name else None
    return ecs.some(ecs.User(effective=other, name=name))


_known_user = lru_cache(maxsize=4096)(_read_user)


def related(ip: ecs.Ip | None, host: str | None, *users: str | None) -> ecs.Related | None:
    """
    Give `related`, the same for all that a client does.

    Args:
        ip: of the client
        host: its name
        users: all names that the user goes by
    """
    is_usual = len(host or "") + sum([len(name) for name in users if name]) <= LONGEST
    return (_known_related if is_usual else _read_related)(ip, host, *users)


def _read_related(ip: ecs.Ip | None, host: str | None, *users: str | None) -> ecs.Related | None:
    return ecs.related(hosts=(host,), ip=(ip,), user=[known(one) for one in users])


_known_related = lru_cache(maxsize=8192)(_read_related)


def known(name: str | None) -> str | None:
    """Take a name unless it stands for none."""
    return None if name in ("", "-", "[unknown]") else name


def connection(number: str | None, kind: str | None = None) -> Connection | None:
    """Give the connection with this number, and how it is made."""
    number, kind = ecs.given(number), ecs.given(kind)
    return Connection(id=number, type=kind) if number or kind else None


def whole(text: str | None) -> int | None:
    """Read a whole number of digits; None where there are none."""
    return int(text) if text else None


def nanoseconds(seconds: str) -> int:
    """Read a time of seconds with a fraction, to the last digit."""
    before, _, fraction = seconds.partition(".")
    return int(before or 0) * 1_000_000_000 + int(fraction[:9].ljust(9, "0"))


CUT: Final = ("cut",)
"""Tags of a document of an entry that was cut on its way, so that its end is missing."""


# -- the document ------------------------------------------------------------------------------------------------------


def document(  # noqa: PLR0917 -- the parts in the order in which they stand in a document
    timestamp: datetime,
    event: ecs.Event,
    rds: Rds,
    source: ecs.Endpoint | None,
    client: ecs.User | None,
    message: str | None,
) -> RdsDocument:
    """Put a document together; `related` and what else there is are for the caller."""
    return RdsDocument(
        timestamp=timestamp,
        cloud=ecs.Cloud(),
        event=event,
        aws=Aws(rds=rds),
        message=message or None,
        source=source,
        user=client,
    )


def happened(action: str | None, what: Nature, outcome: str | None = None) -> ecs.Event:
    """Give `event` with what happened."""
    category, kind = what
    return ecs.Event(action=action or None, category=category, kind="event", outcome=outcome, type=kind)


def borrowed(time: datetime | None) -> datetime:
    """
    Give the time of an entry that has none of its own.

    Args:
        time: when CloudWatch Logs was given it, or when its object was made

    Raises:
        ValueError: nothing tells
    """
    if time is None:
        raise ValueError("the entry has no time, and nothing around it tells")
    return time
