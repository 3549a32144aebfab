"""
Database activity streams of Aurora and RDS, decrypted on their way.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/DBActivityStreams.AuditLog.html
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Raw

from shipper import ecs, freeform
from shipper.formats import Grouped, GroupedRecords, Record
from shipper.sources.aws_rds_logs import fields
from shipper.sources.aws_rds_logs.fields import Nature, Rds, RdsDocument

# -- what AWS writes ---------------------------------------------------------------------------------------------------


class Activity(Record, rename="camel"):
    """One event."""

    type: str | None = None
    class_: str | None = msgspec.field(name="class", default=None)
    command: str | None = None
    command_text: str | None = None
    param_list: Raw = Raw()
    client_application: str | None = None
    database_name: str | None = None
    dbid: str | int | None = None
    db_user_name: str | None = None
    object_name: str | None = None
    object_type: str | None = None
    db_protocol: str | None = None
    net_protocol: str | None = None
    remote_host: str | None = None
    remote_port: int | str | None = None
    server_host: str | None = None
    server_type: str | None = None
    server_version: str | None = None
    service_name: str | None = None
    session_id: str | int | None = None
    statement_id: str | int | None = None
    substatement_id: str | int | None = None
    pid: int | None = None
    row_count: int | None = None
    exit_code: str | int | None = None
    error_message: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    log_time: str | None = None
    transaction_id: str | int | None = None
    engine_native_audit_fields: Raw = Raw()


class Stream(Record, rename="camel"):
    """What a record of the stream says of the events in it."""

    type: str | None = None
    version: str | None = None
    cluster_id: str | None = None
    instance_id: str | None = None
    database_activity_event_list: list[Activity] = msgspec.field(default_factory=list)
    database_activity_events: Raw = Raw()
    key: str | None = None


_HEARTBEAT: Final = "heartbeat"


def _is_event(members: Mapping[str, Raw]) -> bool:
    """Tell an event that whoever decrypts a stream has taken out of its list, as AWS's own example of that does."""
    return members.keys() >= {"dbUserName", "logTime"} or members.get("type") == Raw(f'"{_HEARTBEAT}"'.encode())


FORMAT: Final = GroupedRecords(
    Stream,
    Activity,
    items="databaseActivityEventList",
    within="databaseActivityEvents",
    sealed="the events are encrypted: let the Firehose stream decrypt them with the key of the activity stream",
    alone=_is_event,
)

_LIST: Final = "databaseActivityEventList[].type"
DROPPED: Final = {
    "type": "the same for all",
    "key": "of the events, which are decrypted",
    _LIST: "tells an event from a heartbeat, which is none",
    "databaseActivityEvents.type": "the same for all",
    f"databaseActivityEvents.{_LIST}": "tells an event from a heartbeat, which is none",
}


# -- how one becomes the other -----------------------------------------------------------------------------------------

_COMMANDS: Final[dict[str, Nature]] = {
    "CHANGEUSER": fields.LOGIN,
    "CONNECT": fields.LOGIN,
    "DISCONNECT": fields.LOGOUT,
    "FAILED_CONNECT": fields.LOGIN,
    "LOGIN": fields.LOGIN,
    "LOGIN FAILED": fields.LOGIN,
    "LOGIN SUCCEEDED": fields.LOGIN,
    "LOGOFF": fields.LOGOUT,
    "LOGON": fields.LOGIN,
    "LOGOUT": fields.LOGOUT,
}
_PORT_DIGITS: Final = 5
_SQL_SERVER: Final = "sqlserver"
_SUCCESS: Final = frozenset({"0", "00000"})


def event(one: Grouped[Stream, Activity], time: datetime | None) -> RdsDocument | None:
    """
    Map an event; a heartbeat is none.

    Raises:
        ValueError: nothing tells the time of it
    """
    item = one.item
    if item.type == _HEARTBEAT:
        return None
    logged, start, end = ecs.time(item.log_time), ecs.time(item.start_time), ecs.time(item.end_time)
    timestamp = logged or end or start or fields.borrowed(time)
    outcome = _outcome(item)
    text = ecs.given(item.command_text)
    happened = fields.happened((item.command or "").lower().replace(" ", "_"), _nature(item, text), outcome)
    happened.start, happened.end = start, end
    if start and end:
        happened.duration = round((end - start).total_seconds() * 1_000_000) * 1_000
    port = _port(item.remote_port)
    source, ip, name = fields.peer(item.remote_host, port)
    user = fields.known(item.db_user_name)
    client = ecs.User(name=user) if user else None
    made = fields.document(timestamp, happened, _rds(one.group, item, text), source, client, None)
    if outcome == "failure":
        code = None if made.aws.rds.engine == _SQL_SERVER else _text(item.exit_code)
        made.error = ecs.some(ecs.Error(code=code, message=ecs.given(item.error_message)))
    elif ecs.given(item.error_message):
        made.error = ecs.Error(message=item.error_message)
    transport = ecs.given(item.net_protocol)
    made.network = ecs.Network(transport=transport.lower()) if transport else None
    made.process = ecs.Process(pid=item.pid) if item.pid is not None else None
    server = ecs.ip(item.server_host)
    made.related = ecs.related(
        hosts=(name, None if server else ecs.given(item.server_host)),
        ip=(ip, server),
        user=(user,),
    )
    read = {"logTime": logged, "startTime": start, "endTime": end, "remotePort": port}
    made.shipper = _unread(item, read)
    return made


def _port(written: str | int | None) -> int | None:
    text = _text(written)
    return int(text) if text and text.isdecimal() and len(text) <= _PORT_DIGITS else None


def _unread(item: Activity, read: Mapping[str, Any]) -> ecs.Shipper | None:
    """Keep what was written in the place of a time or a number and is none."""
    if None not in read.values():
        return None
    written = (item.log_time, item.start_time, item.end_time, _text(item.remote_port))
    found = [
        ecs.Unparsed(field=name, value=text)
        for (name, value), text in zip(read.items(), written, strict=True)
        if text and value is None
    ]
    return ecs.Shipper(unparsed=tuple(found)) if found else None


def _outcome(item: Activity) -> str | None:
    """Tell whether it succeeded: SQL Server says 1 for yes and 0 for no, the others 0 or SQLSTATE 00000 for yes."""
    code = _text(item.exit_code)
    if code is None:
        return "failure" if ecs.given(item.error_message) else None
    if _engine(item.server_type) == _SQL_SERVER:
        return {"0": "failure", "1": "success"}.get(code)
    return "success" if code in _SUCCESS else "failure"


def _nature(item: Activity, text: str | None) -> Nature:
    known = _COMMANDS.get((item.command or "").upper())
    if known:
        return known
    found = fields.nature(item.class_, text)
    if found is fields.INFO and item.command:
        found = fields.nature(fields.command(item.command), text or item.command)
    return fields.nature(fields.command(text), text) if found is fields.INFO and text else found


def _text(value: str | int | None) -> str | None:
    return None if value is None else ecs.given(str(value))


def _rds(group: Stream, item: Activity, text: str | None) -> Rds:
    rds = Rds(
        activity_stream_version=ecs.given(group.version),
        application=ecs.given(item.client_application),
        audit=_class(item.class_),
        command=ecs.given(item.command),
        connection=_protocol(item.db_protocol),
        database=ecs.given(item.database_name),
        database_id=_text(item.dbid),
        db_instance=_instance(group.cluster_id, group.instance_id),
        log_type="activity_stream",
        server=_server(item.server_host, item.service_name, item.server_type, item.server_version),
    )
    rds.return_code = _text(item.exit_code)
    rds.engine = _engine(item.server_type)
    if item.object_name or item.object_type:
        rds.object = ecs.some(fields.DatabaseObject(name=ecs.given(item.object_name), type=ecs.given(item.object_type)))
    session = _text(item.session_id)
    rds.session = fields.Session(id=session) if session else None
    rds.statement = ecs.some(
        fields.Statement(
            id=_text(item.statement_id),
            parameters=_parameters(item.param_list),
            rows=item.row_count,
            substatement_id=_text(item.substatement_id),
            text=text,
        )
    )
    transaction = _text(item.transaction_id)
    rds.transaction = fields.Transaction(id=transaction) if transaction and transaction != "0" else None
    rds.engine_native_audit_fields = freeform.read(item.engine_native_audit_fields).flat
    return rds


@lru_cache(maxsize=64)
def _class(written: str | None) -> fields.Audit | None:
    return fields.Audit(class_=written) if ecs.given(written) else None


@lru_cache(maxsize=64)
def _protocol(written: str | None) -> fields.Connection | None:
    return fields.Connection(protocol=written) if ecs.given(written) else None


@lru_cache(maxsize=256)
def _instance(cluster: str | None, instance: str | None) -> fields.DbInstance | None:
    return ecs.some(fields.DbInstance(db_cluster_identifier=ecs.given(cluster), identifier=ecs.given(instance)))


@lru_cache(maxsize=256)
def _server(name: str | None, service: str | None, kind: str | None, version: str | None) -> fields.Server | None:
    return ecs.some(
        fields.Server(
            name=ecs.given(name), service=ecs.given(service), type=ecs.given(kind), version=ecs.given(version)
        )
    )


@lru_cache(maxsize=64)
def _engine(kind: str | None) -> str | None:
    """Give the engine by the name that the logs of text go under too."""
    name = (kind or "").lower().replace(" ", "").replace("_", "")
    return name or None


def _parameters(written: Raw) -> str | None:
    """Give the list of parameters as JSON."""
    if not written:
        return None
    value: Any = msgspec.json.decode(written)
    return msgspec.json.encode(value).decode() if value else None
