"""
Slow query log of MySQL, MariaDB and Aurora MySQL.

https://dev.mysql.com/doc/refman/8.0/en/slow-query-log.html
https://mariadb.com/docs/server/server-management/server-monitoring-logs/slow-query-log
"""

import re
import typing
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from shipper import ecs
from shipper.formats import Entry, Kind, Unparsed
from shipper.sources.aws_rds_logs import fields
from shipper.sources.aws_rds_logs.fields import Rds, RdsDocument
from shipper.sources.aws_rds_logs.mysql import EPOCH, moment

# -- what AWS writes ---------------------------------------------------------------------------------------------------


class SlowEntry(Entry):
    """An entry of the slow query log: what all have, and what `log_slow_extra` or MariaDB's verbosity adds."""

    time: str | None = None
    user: str | None = None
    effective_user: str | None = None
    host: str | None = None
    address: str | None = None
    connection_id: str | None = None
    database: str | None = None
    settings: str | None = None
    statement: str | None = None
    explain: str | None = None
    start: str | None = None
    end: str | None = None
    query_time: float | None = None
    lock_time: float | None = None
    rows_sent: int | None = None
    rows_examined: int | None = None
    rows_affected: int | None = None
    bytes_received: int | None = None
    bytes_sent: int | None = None
    errno: int | None = None
    killed: int | None = None
    read_first: int | None = None
    read_last: int | None = None
    read_key: int | None = None
    read_next: int | None = None
    read_prev: int | None = None
    read_rnd: int | None = None
    read_rnd_next: int | None = None
    sort_merge_passes: int | None = None
    sort_range_count: int | None = None
    sort_rows: int | None = None
    sort_scan_count: int | None = None
    created_tmp_disk_tables: int | None = None
    created_tmp_tables: int | None = None
    qc_hit: str | None = None
    full_scan: str | None = None
    full_join: str | None = None
    tmp_table: str | None = None
    tmp_table_on_disk: str | None = None
    tmp_tables: int | None = None
    tmp_disk_tables: int | None = None
    tmp_table_sizes: int | None = None
    filesort: str | None = None
    filesort_on_disk: str | None = None
    merge_passes: int | None = None
    priority_queue: str | None = None
    pages_accessed: int | None = None
    pages_read: int | None = None
    pages_prefetched: int | None = None
    pages_updated: int | None = None
    old_rows_read: int | None = None
    pages_read_time: float | None = None
    engine_time: float | None = None


_ENTRY: Final = re.compile(
    r"(?:# Time: (?P<time>[^\n]*)\n)?# User@Host: (?P<user>[^\n]{0,255}?)\[(?P<effective_user>[^\n]{0,255}?)\] @ +"
    r"(?P<host>[^ \[\n]{0,255}) *\[(?P<address>[^\]\n]{0,255})\](?:[ \t]+Id: *(?P<connection_id>\d*))?[ \t]*\n"
    r"(?P<statistics>(?:#(?! administrator command)[^\n]*\n)*)"
    r"(?:use (?P<database>[^\n]*);\n)?"
    r"(?:SET (?P<settings>[^\n;]{0,255}?timestamp=\d{1,11}[^\n;]{0,255});\n)?(?P<statement>.*)",
    re.DOTALL,
)
_STATISTIC: Final = re.compile(r"(?<!\w)([A-Za-z_]++): (\S*(?: (?! |[A-Za-z_]++: )\S+)*)")
_EXPLAIN: Final = re.compile(r"^# explain: ?(.*)$", re.MULTILINE)
_NUMBER: Final = re.compile(r"\d{1,9}(?:\.\d+)?")
_INT_DIGITS: Final = re.compile(r"-?\d{1,18}")

_ELSEWHERE: Final = {"Thread_id": "connection_id", "Schema": "database"}
"""What MariaDB, and MySQL with `log_slow_extra`, say in a line of statistics."""

_MOMENTS: Final = frozenset({"end", "start"})
_STATISTICS: Final = fields.SlowQuery.__struct_fields__
_TYPES: Final = {
    field.name: next(kind for kind in (int, float, str) if kind in typing.get_args(field.type))
    for field in msgspec.structs.fields(SlowEntry)
    if field.name in {*_STATISTICS, *_ELSEWHERE.values(), *_MOMENTS}
}
"""Of what may stand in a line of statistics."""


def _read(text: str) -> tuple[SlowEntry | None, tuple[Unparsed, ...]]:
    if text[: text.find("\n")].endswith("\r"):  # the file was made on another system: no statement has these
        text = text.replace("\r\n", "\n")
    found = _ENTRY.fullmatch(text)
    if found is None:
        return None, ()
    values: dict[str, Any] = found.groupdict()
    statistics = values.pop("statistics")
    explained = _EXPLAIN.findall(statistics)
    if explained:
        values["explain"] = "\n".join(explained)
    unparsed = []
    for written, value in _STATISTIC.findall(_EXPLAIN.sub("", statistics)):
        name = _ELSEWHERE.get(written, written.lower())
        if not value:
            continue
        if not _fits(value, _TYPES.get(name)) or (name in _MOMENTS and ecs.time(value) is None):
            unparsed.append(Unparsed(written, value))
        elif values.get(name) is None:
            values[name] = _TYPES[name](value)
    return SlowEntry(**values), tuple(unparsed)


def _fits(value: str, kind: type | None) -> bool:
    if kind is int:
        return _INT_DIGITS.fullmatch(value) is not None
    return kind is str or (kind is float and _NUMBER.fullmatch(value) is not None)


KIND: Final = Kind(
    name="slowquery",
    record=SlowEntry,
    begins=r"# Time: |# User@Host: ",
    read=_read,
    opening=r"# Time: [^\n]*",
)


# -- how one becomes the other -----------------------------------------------------------------------------------------

_SET_TIMESTAMP: Final = re.compile(r"timestamp=(\d{1,11})")


def document(entry: SlowEntry, time: datetime | None) -> RdsDocument:
    """Map an entry."""
    text = ecs.given((entry.statement or "").strip())
    source, ip, name = fields.peer(entry.address, name=entry.host)
    client = fields.user(entry.user, entry.effective_user)
    word = fields.command(text) if text else None
    rds = Rds(
        command=word,
        connection=fields.connection(entry.connection_id),
        database=ecs.given((entry.database or "").strip("`")),
        engine="mysql",
        log_type="slowquery",
        slow_query=_statistics(entry),
        statement=fields.Statement(text=text) if text else None,
    )
    event = fields.happened("slow_query", fields.nature(word, text))
    _timed(entry, event)
    if entry.errno is not None:
        event.outcome = "failure" if entry.errno else "success"
    written = _SET_TIMESTAMP.search(entry.settings or "")
    if entry.time:
        timestamp = moment(entry.time)
    else:  # MariaDB leaves it out when it is the same as that of the entry before
        timestamp = EPOCH + timedelta(seconds=int(written[1])) if written else fields.borrowed(time)
    made = fields.document(timestamp, event, rds, source, client, None)
    if entry.errno:
        made.error = ecs.Error(code=str(entry.errno))
    made.related = fields.related(ip, name, entry.user, entry.effective_user)
    return made


def _timed(entry: SlowEntry, event: ecs.Event) -> None:
    if entry.query_time is not None:
        event.duration = round(entry.query_time * 1_000_000) * 1_000
    if entry.start:
        event.start = moment(entry.start)
    if entry.end:
        event.end = moment(entry.end)


def _statistics(entry: SlowEntry) -> fields.SlowQuery | None:
    found = fields.SlowQuery()
    for name in _STATISTICS:
        value = getattr(entry, name)
        if value is not None and value != "":
            setattr(found, name, value)
    return ecs.some(found)
