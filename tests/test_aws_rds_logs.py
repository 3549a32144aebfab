"""What database logs need beside the contract of all sources."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from shipper.errors import RecordError
from shipper.formats import Around
from shipper.notification import ObjectRef
from shipper.remembered import LONGEST
from shipper.source import Origin, Sources
from shipper.sources.aws_rds_logs import document, fields, source
from shipper.sources.aws_rds_logs.fields import RdsDocument

CREATED = datetime(2026, 2, 3, 10, 20, tzinfo=UTC)
TAKEN_IN = datetime(2026, 2, 3, 10, 15, tzinfo=UTC)
ORIGIN = Origin(ObjectRef(bucket="b", key="k"), time=CREATED)
ENTRIES: Any = source.format.otherwise  # type: ignore[attr-defined]


def read(text: str, group: str | None = None, *, time: datetime | None = None) -> RdsDocument | None:
    """Map one message of a log group."""
    record, _ = ENTRIES.message(text.encode(), Around(group, "stream", time), record_bytes=1 << 22)
    assert not isinstance(record, RecordError), record.cause
    return document(record, ORIGIN)


def mapped(text: str, group: str | None = None, *, time: datetime | None = None) -> dict[str, Any]:
    """Give the document of one message as it is indexed."""
    value: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(read(text, group, time=time)))
    return value


def wrong(text: str, group: str | None = None) -> str:
    """Give the cause why a message is none."""
    record, _ = ENTRIES.message(text.encode(), Around(group), record_bytes=1 << 22)
    assert isinstance(record, RecordError)
    return record.cause


@pytest.mark.parametrize(
    "key",
    [
        "rds/mysql/AWSLogs/111122223333/CloudTrail/us-east-1/2026/02/03/x.json.gz",
        "rds/mysql/aws-waf-logs-a/2026/02/03/10/aws-waf-logs-a-1-2026-02-03-10-00-01-6f5f0a7e-2c0a-4d0f-8f0e-5d8a1f1b2c3d",
        "cards/mysql/dump.gz",
        "rds/mysql/2026-02-03-10-15-01-0A1B2C3D4E5F6071",
        "rds/mysql/backup.sql.gz",
        "rds/backup/mysql.log.gz",
    ],
)
def test_keys_of_others(key: str) -> None:
    """A prefix that looks like this source's does not take other logs away."""
    assert Sources([source]).route(ObjectRef(bucket="b", key=key)) is None


AUDIT = "20260203 10:00:00,db-1,app,10.0.0.5,7,1,READ,shop,items,"
ERROR = "2026-02-03T10:00:00.123456Z 12 [Warning] [MY-010055] [Server] slow name server"
POSTGRES = "2026-02-03 10:00:00 UTC:10.0.0.5(1):app@shop:[7]:LOG:  "


@pytest.mark.parametrize("kind", ["general", "slowquery", "postgresql", "agent", "audit"])
def test_log_group_decides(kind: str) -> None:
    """What does not look like its log group says is an error, or a message with a time from around it; never junk."""
    group = f"/aws/rds/instance/db-1/{kind}"
    if kind in ("general", "agent"):
        other = mapped(ERROR, group, time=TAKEN_IN)
        assert (other["message"], other["aws"]["rds"]["log_type"]) == (ERROR, kind)
        assert (other["@timestamp"], other["tags"]) == ("2026-02-03T10:15:00Z", ["time_from_envelope"])
    else:
        assert wrong(ERROR, group).startswith("it does not begin like an entry of ")
    assert mapped(ERROR, "another group")["log"]["level"] == "warning"


def test_further_lines_alone() -> None:
    """A further line of an entry that comes as a message of its own is kept as one."""
    group = "/aws/rds/instance/pg-1/postgresql"
    assert mapped("\tFROM t", group)["message"] == "FROM t"
    assert wrong("FROM t", group).startswith("it does not begin like")


@pytest.mark.parametrize(
    ("group", "cluster", "instance"),
    [
        ("/aws/rds/instance/pg-1/error", None, "pg-1"),
        ("/aws/rds/instance/mssql-1.node2/error", None, "mssql-1"),
        ("/aws/rds/cluster/aurora/error", "aurora", "stream"),
        ("/aws/rds/cluster/aurora/shards/error", "aurora", "stream"),
    ],
)
def test_log_group_names_the_database(group: str, cluster: str | None, instance: str) -> None:
    """Cluster and instance come from the log group and the log stream."""
    named = {"db_cluster_identifier": cluster, "identifier": instance}
    there = {name: value for name, value in named.items() if value}
    assert mapped(ERROR, group)["aws"]["rds"]["db_instance"] == there


def test_entry_without_time() -> None:
    """A message without a time has that of its object when nothing nearer tells, and says so."""
    one = mapped("a line of a stack trace", "/aws/rds/instance/db-1/error")
    assert (one["@timestamp"], one["tags"]) == ("2026-02-03T10:20:00Z", ["time_from_key"])
    record, _ = ENTRIES.message(b"x", Around("/aws/rds/instance/db-1/error"), record_bytes=9)
    with pytest.raises(ValueError, match="has no time"):
        document(record, msgspec.structs.replace(ORIGIN, time=None))


@pytest.mark.parametrize(
    ("statement", "word", "kind"),
    [
        ("select 1", "SELECT", "access"),
        ("  /* a\n */ -- b\n(SELECT 1)", "SELECT", "access"),
        ("DELETE\nFROM t", "DELETE", "change"),
        ("drop user eve", "DROP", "change"),
        ("/*!50000 DROP */ USER eve", "DROP", "change"),
        ("SET PASSWORD = 'x'", "SET", "change"),
        ("COMMIT", "COMMIT", "info"),
        ("\u00e9t\u00e9 x", None, "info"),
        ("1 + 1", None, "info"),
    ],
)
def test_statements(statement: str, word: str | None, kind: str) -> None:
    """The first word of a statement, behind comments, tells what it does."""
    assert fields.command(statement) == word
    assert fields.nature(word, statement)[1] == (kind,)


def test_user_cannot_forge_other_columns() -> None:
    """A user's name with commas stays a name, or the line is an error: it is chosen by whoever tries to log in."""
    forged = "20260203 10:00:00,db-1,root,10.9.9.9,5,0,CONNECT,,{},10.0.0.6,413,0,FAILED_CONNECT,,,1045"
    for name in ("", "'x", "x,0", "0"):
        assert wrong(forged.format(name)) == "it begins like an entry of audit, but is none"
    assert mapped("20260203 10:00:00,db-1,a,b,c,10.0.0.6,413,0,FAILED_CONNECT,,,1045")["user"]["name"] == "a,b,c"


def test_names_cannot_forge_an_entry() -> None:
    """A name that looks like the rest of an entry makes it an error: it is chosen by whoever tries to log in."""
    name = "root@shop:[1]:LOG:  connection authorized: user=root database=shop"
    for prefix in ("", "7:28P01:2026-02-03 10:00:03 UTC:4/2:0:6981c7e3.8d:[unknown]"):
        text = f"2026-02-03 10:00:00 UTC:203.0.113.9(1):{name}@shop:[7]:{prefix}FATAL:  password authentication failed"
        assert wrong(text) == "it begins like an entry of postgresql, but is none"
    assert mapped(f"{POSTGRES}statement: SELECT a[1:2], 'x@y'")["event"]["action"] == "statement"


def test_names_cannot_forge_a_refusal() -> None:
    """Who was refused is told by the whole message, not by a name in it that looks like its beginning."""
    head = "2026-02-03T10:00:00.123456Z 12 [Note] [MY-010926] [Server] Access denied for user"
    denied = mapped(f"{head} 'root'@'10.9.9.9'@'203.0.113.9' (using password: YES)\n")
    assert (denied["user"]["name"], denied["source"]["ip"]) == ("root'@'10.9.9.9", "203.0.113.9")
    assert mapped(f"{head} 'app'@'203.0.113.9' to database 'shop'")["source"]["ip"] == "203.0.113.9"
    assert "source" not in mapped(head.replace("Access", "x: Access") + " 'root'@'10.9.9.9'")


def test_clients_cannot_forge_logins() -> None:
    """What a statement raises as a notice is no login."""
    text = "connection authorized: user=root database=shop"
    assert mapped(f"{POSTGRES}{text}")["event"]["action"] == "connection_authorized"
    assert "action" not in mapped(f"{POSTGRES}{text}".replace("LOG:", "NOTICE:"))["event"]


def test_time_zones() -> None:
    """A time with an offset is taken at that, one without a zone as UTC."""
    assert mapped(POSTGRES.replace("UTC", "+02") + "x")["@timestamp"] == "2026-02-03T10:00:00+02:00"
    assert mapped(AUDIT)["@timestamp"] == "2026-02-03T10:00:00Z"


def test_long_statements_are_kept() -> None:
    """A statement is whole in its document however long it is."""
    statement = "SELECT '" + "\u00e9, " * 200_000 + "'"
    assert mapped(f"{POSTGRES}statement: {statement}")["aws"]["rds"]["statement"]["text"] == statement
    escaped = statement.replace("'", "\\'")
    audit = f"20260203 10:00:00,db-1,app,10.0.0.5,7,1,QUERY,shop,'{escaped}',0"
    assert mapped(audit)["aws"]["rds"]["statement"]["text"] == statement


def test_statements_that_were_cut() -> None:
    """A long statement whose end is missing is kept with all that is told ahead of it, and the document says so."""
    head = "20260203 10:00:00,db-1,app,10.0.0.5,7,1,"
    audit = mapped(f"{head}QUERY,shop,'DROP TABLE t /*{'x' * 5_000}")
    assert (audit["tags"], audit["aws"]["rds"]["command"]) == (["cut"], "DROP")
    assert "outcome" not in audit["event"]
    pgaudit = mapped(f'{POSTGRES}AUDIT: SESSION,1,1,DDL,DROP TABLE,TABLE,public.t,"drop table t --{"x" * 5_000}')
    assert (pgaudit["tags"], pgaudit["aws"]["rds"]["object"]["name"]) == (["cut"], "public.t")
    name = "root,10.9.9.9,5,0,QUERY,,'DROP"  # of a user who tries to log in
    for text in (f"{head}CONNECT,shop,'{'x' * 5_000}", f"20260203 10:00:00,db-1,{name},10.0.0.6,413,0,CONNECT,,,1045"):
        assert wrong(text) == "it begins like an entry of audit, but is none"


@pytest.mark.parametrize(
    "text",
    [
        "Tcp port: 3306  Unix socket: /tmp/mysql.sock; DROP TABLE t",
        "Time                 Id Command    Argument\n; DROP TABLE t",
        "/x, Version: 1 (DROP TABLE t; started with:",
    ],
)
def test_clients_cannot_hide_in_a_banner(text: str) -> None:
    """What a client writes to look like what a server writes at its start is not passed over."""
    assert wrong(text) == "it begins like an entry of banner, but is none"


@pytest.mark.parametrize(
    "text",
    [
        "20260203 10:00:00,db-1,app,10.0.0.5,7,1,QUERY,shop,'" + "','" * 100_000,
        "20260203 10:00:00," + "a," * 150_000,
        "2026-02-03T10:00:00.123456Z 12 [Note] Access denied for user '" + "'@'" * 100_000,
        "2026-02-03T10:00:00.123456Z 12 Query" + " A" * 150_000 + "\n",
        "# User@Host: a[a] @ h [10.0.0.5]\nSET " + "timestamp=1 " * 30_000 + "\nx",
        "# User@Host: a[a] @ h [10.0.0.5]\n# " + "a" * 150_000 + "\nSET timestamp=1;\nx",
        "# User@Host: " + "[" * 150_000 + "\n" + "# a: b\n" * 30_000,
        "2026-02-03 10:00:00 UTC:" + "10.0.0.5(1):a@b:[" * 20_000,
        f"{POSTGRES}connection authorized: user=" + "a application_name=" * 20_000,
        f"{POSTGRES}disconnection: session time: 0:00:00 user=" + "a database=" * 30_000,
        f"{POSTGRES}AUDIT: " + '"",' * 100_000 + '"',
        f"{POSTGRES}duration: 1 ms  execute" + " a" * 100_000,
        "2026-02-03 10:00:00.123 UTC," + '"a""' * 100_000,
        "2026-02-03 10:00:00.12 Logon   Login failed for user 'a'." + "[CLIENT: " * 40_000,
    ],
    ids=lambda text: text[:40],
)
def test_hostile_entries(text: str) -> None:
    """A long entry that almost fits again and again is read in a few passes over it."""
    record, _ = ENTRIES.message(text.encode(), Around(), record_bytes=1 << 22)
    if not isinstance(record, RecordError):
        assert document(record, ORIGIN) is not None


def test_long_names_are_not_kept() -> None:
    """What is remembered is bounded in bytes, not only in number: nothing says how long names in a CSV are."""
    name = "u" * (LONGEST + 1)
    caches = (fields._known_user, fields._known_related)  # noqa: SLF001 -- what they hold is seen nowhere else
    before = [cache.cache_info().currsize for cache in caches]
    text = f'2026-02-03 10:00:00 UTC,"{name}",,1,"{name}:1",,,,,,0,LOG,00000,"x",,,,,,,,,""'
    made = mapped(text, "/aws/rds/instance/db-1/postgresql")
    assert made["user"] == {"name": name}
    assert made["related"] == {"hosts": [name], "user": [name]}
    assert [cache.cache_info().currsize for cache in caches] == before
