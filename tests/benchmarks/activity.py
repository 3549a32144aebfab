"""
Database activity streams of a company: what its applications and people ask a few dozen databases, decrypted.

A record of the stream holds the events of a moment, of one database: usually a handful, sometimes a hundred. Statements
of applications repeat with other parameters, those of people do not. Heartbeats, which make no documents, are left out.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/DBActivityStreams.AuditLog.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from random import Random
from typing import Any, Final, NamedTuple

import msgspec

from benchmarks.inputs import Facts
from benchmarks.packing import unpacked
from benchmarks.vocabulary import moment, private_ip, uuid, word
from shipper.demo.objects import StoredObject, zipped

_DATABASES: Final = 40
_CLIENTS: Final = 800
_STATEMENTS: Final = 60
_SKEW: Final = 2.0
_PEOPLE: Final = 0.05
_FAILED: Final = 0.01
_MOST_EVENTS: Final = 120

_TEXTS: Final = (
    ("READ", "SELECT [column], note\n  FROM [table]\n WHERE [column]_id = $1 AND note <> '{}'"),
    ("READ", "select count(*) from [table] where [column] > $1 -- {}"),
    ("WRITE", "UPDATE [table] SET [column] = $1, note = '{}' WHERE id = $2"),
    ("WRITE", 'INSERT INTO [table] ([column], note) VALUES ($1, "{}")'),
    ("DDL", "CREATE INDEX {} ON [table] ([column])"),
)
"""Statements by their class; `{}` is what people write each time anew."""

Fields = dict[str, Any]


class _Engine(NamedTuple):
    """
    What databases of one engine say of themselves.

    Attributes:
        share: databases of it among ten
        version: of the stream
        names: members that are the same in all events
        succeeded: exit codes
    """

    share: int
    version: str
    names: dict[str, str]
    succeeded: tuple[str | int | None, ...]
    failed: str | int


_ENGINES: Final = (
    _Engine(
        5,
        "1.1",
        {
            "serverType": "PostgreSQL",
            "serviceName": "Amazon Aurora PostgreSQL-Compatible edition",
            "serverVersion": "2.3.1",
            "dbProtocol": "Postgres 3.0",
        },
        (None,),
        "42P01",
    ),
    _Engine(
        4,
        "1.2",
        {
            "serverType": "MySQL",
            "serviceName": "Amazon Aurora MySQL",
            "serverVersion": "MySQL 5.7.12",
            "dbProtocol": "MySQL",
        },
        ("0",),
        "1045",
    ),
    _Engine(
        1,
        "1.4",
        {
            "serverType": "SQLSERVER",
            "serviceName": "sqlserver-ee",
            "serverVersion": "15.00.4073.23.v1.R1",
            "dbProtocol": "SQLSERVER",
        },
        (1,),
        0,
    ),
)


class _Client(NamedTuple):
    """Who asks."""

    ip: str
    user: str
    application: str | None


class _Database(NamedTuple):
    """A database and what it is asked."""

    engine: _Engine
    cluster: str
    instance: str
    address: str
    name: str
    statements: list[tuple[str, str, str]]


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write objects as Firehose does, with line feeds between the records of the stream."""
    kinds = [engine for engine in _ENGINES for _ in range(engine.share)]
    databases = [_database(random, kinds[number % len(kinds)]) for number in range(_DATABASES)]
    clients = [_client(random) for _ in range(_CLIENTS)]
    for number in range(objects):
        left, lines = records // objects, []
        while left:
            size = min(left, 1 + int(_MOST_EVENTS * random.random() ** 6))
            database = databases[int(_DATABASES * random.random() ** _SKEW)]
            lines.append(msgspec.json.encode(_moment(random, database, clients, size)) + b"\n")
            left -= size
        name = f"rds-activity-1-2026-02-03-10-{number:02}-00-{uuid(random)}.gz"
        yield StoredObject(f"rds/activity-stream/2026/02/03/10/{name}", zipped(b"".join(lines)))


def _database(random: Random, engine: _Engine) -> _Database:
    def identifier() -> str:
        return f"{random.getrandbits(130):026X}"

    return _Database(
        engine=engine,
        cluster=f"cluster-{identifier()}",
        instance=f"db-{identifier()}",
        address=private_ip(random),
        name=word(random),
        statements=[_statement(random) for _ in range(_STATEMENTS)],
    )


def _client(random: Random) -> _Client:
    application = random.choice((None, "psql", "workbench", "PostgreSQL JDBC Driver", word(random)))
    return _Client(ip=private_ip(random), user=word(random), application=application)


def _statement(random: Random) -> tuple[str, str, str]:
    """Give a statement with its class and the table that it is about."""
    kind, text = random.choice(_TEXTS)
    table = word(random)
    return kind, text.replace("[table]", table).replace("[column]", word(random)), table


def _moment(random: Random, database: _Database, clients: list[_Client], size: int) -> Fields:
    """Write a record of a stream."""
    return {
        "type": "DatabaseActivityMonitoringRecord",
        "clusterId": database.cluster,
        "instanceId": database.instance,
        "databaseActivityEventList": [_event(random, database, clients) for _ in range(size)],
    }


def _event(random: Random, database: _Database, clients: list[_Client]) -> Fields:
    engine, client = database.engine, clients[int(_CLIENTS * random.random() ** _SKEW)]
    begun = moment(random)
    ended = begun + timedelta(microseconds=int(random.lognormvariate(7, 2)))
    kind, text, table = random.choice(database.statements)
    is_person, has_failed = random.random() < _PEOPLE, random.random() < _FAILED
    code = engine.failed if has_failed else random.choice(engine.succeeded)
    event = {
        "logTime": f"{ended:%Y-%m-%d %H:%M:%S.%f}+00",
        "startTime": f"{begun:%Y-%m-%d %H:%M:%S.%f}+00",
        "type": "record",
        "class": "MAIN" if engine.version == "1.2" else kind,
        "clientApplication": client.application,
        "command": "QUERY" if engine.version == "1.2" else text.split(maxsplit=1)[0].upper(),
        "commandText": text.format(f"{random.getrandbits(32):08x}" if is_person else "app"),
        "paramList": [str(random.randrange(10**6)), word(random)] if "$1" in text else [],
        "databaseName": database.name,
        "dbUserName": client.user,
        "objectName": f"public.{table}",
        "objectType": "TABLE",
        "netProtocol": "TCP",
        "remoteHost": client.ip,
        "remotePort": str(random.randrange(1024, 65536)),
        "serverHost": database.address,
        **engine.names,
        "sessionId": f"{random.getrandbits(32):08x}.{random.getrandbits(16):04x}",
        "statementId": random.randrange(10**8),
        "substatementId": 1,
        "pid": random.randrange(1, 32_768),
        "rowCount": random.choice((None, 0, 1, random.randrange(10**4))),
        "exitCode": code,
        "errorMessage": f'relation "{table}" does not exist' if has_failed else None,
    }
    if engine.version != "1.1":
        event |= {"endTime": event["logTime"], "transactionId": str(random.choice((0, random.randrange(10**9))))}
    if engine.version == "1.4":
        event["engineNativeAuditFields"] = {"schema_name": "dbo", "affected_rows": random.randrange(100)}
    return event


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes logs varied."""
    records = written = packed = groups = 0
    seen: dict[str, set[str]] = {"commandText": set(), "remoteHost": set(), "dbUserName": set(), "sessionId": set()}
    kinds: Counter[str] = Counter()
    for stored in objects:
        text = unpacked(stored.body)
        packed += len(stored.body)
        written += len(text)
        for group in msgspec.json.Decoder(Fields).decode_lines(text):
            events = group["databaseActivityEventList"]
            groups += 1
            records += len(events)
            for event in events:
                kinds[event["serverType"]] += 1
                for name, values in seen.items():
                    values.add(event[name])
    return {
        "records": records,
        "bytes a record": round(written / records),
        "events a record of the stream": round(records / groups, 1),
        "gzip ratio": round(written / packed, 1),
        **{f"values of {name}": len(values) for name, values in seen.items()},
        **{f"{name} %": round(100 * count / records, 1) for name, count in kinds.most_common()},
    }
