"""
Database logs of a company: one object holds a log of one kind of one database, as a Firehose stream writes them.

Most are audit logs of MySQL and logs of PostgreSQL with its statements; among the rest are slow queries of many lines.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.html
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from random import Random
from typing import Final, NamedTuple

from benchmarks import activity
from benchmarks.inputs import Facts, Framing, Input, glued, over_and_over
from benchmarks.packing import packed, unpacked
from benchmarks.templates import Scene, Template, compiled
from benchmarks.vocabulary import aws_words, moment
from shipper.demo.objects import StoredObject
from shipper.sources import aws_rds_logs

_SELECT: Final = (
    "SELECT {word}, {word} FROM {table} WHERE {word}_id = {count} AND note = {quote}{word}{quote} LIMIT {small}"
)
_WRITE: Final = "UPDATE {table} SET {word} = {quote}{hex8}, {word}{quote}, changed = now() WHERE id = {count}"


class _Log(NamedTuple):
    """
    A kind of log.

    Attributes:
        name: in keys
        share: objects of it among all
        time: how it writes times
        entries: texts, with how often each is met in relation to the others; `TIME` stands for the time
    """

    name: str
    share: int
    time: Callable[[datetime, Random], str]
    entries: tuple[tuple[int, str], ...]


def _micros(at: datetime, random: Random) -> str:
    return f"{int(at.timestamp())}{random.randrange(10**6):06d}"


def _iso(at: datetime, random: Random) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{random.randrange(10**6):06d}Z"


def _zoned(at: datetime, _: Random) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


_AUDIT: Final = "TIME,{cluster},{user},{private_ip},{count},{count},"
_PG: Final = "TIME:{private_ip}(4{small}7):{user}@{word}:[1{small}9]:LOG:  "
_LOGS: Final = (
    _Log(
        "MySQL/audit",
        4,
        _micros,
        (
            (40, _AUDIT + "QUERY,{word},'" + _SELECT.replace("{quote}", "\\'") + "',0"),
            (15, _AUDIT + "QUERY,{word},'" + _WRITE.replace("{quote}", "\\'") + "',0"),
            (15, _AUDIT + "READ,{word},{table},"),
            (10, _AUDIT + "CONNECT,{word},,0,SSL/TLS"),
            (10, _AUDIT + "DISCONNECT,{word},,0,SSL/TLS"),
            (3, _AUDIT + "FAILED_CONNECT,,,1045,TCP/IP"),
        ),
    ),
    _Log(
        "postgresql",
        4,
        _zoned,
        (
            (30, _PG + "statement: " + _SELECT.replace("{quote}", "'").replace(" WHERE", "\n\t WHERE")),
            (15, _PG + "duration: {small}.754 ms  execute <unnamed>: " + _WRITE.replace("{quote}", "'")),
            (
                20,
                _PG
                + 'AUDIT: SESSION,{small},1,READ,SELECT,TABLE,public.{table},"'
                + _SELECT.replace("{quote}", "'")
                + '",<none>',
            ),
            (10, _PG + "connection received: host={private_ip} port=4{small}7"),
            (
                10,
                _PG + "connection authorized: user={user} database={word} application_name={word} SSL enabled "
                "(protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)",
            ),
            (5, _PG.replace("LOG", "FATAL") + 'password authentication failed for user "{user}"'),
            (5, _PG.replace("LOG", "ERROR") + 'relation "{table}" does not exist at character {small}'),
        ),
    ),
    _Log(
        "MySQL/general",
        1,
        _iso,
        (
            (60, "TIME\t   1{small} Query\t" + _SELECT.replace("{quote}", "'")),
            (10, "TIME\t   1{small} Connect\t{user}@{private_ip} on {word} using SSL/TLS"),
            (10, "TIME\t   1{small} Quit\t"),
        ),
    ),
    _Log(
        "MySQL/slowquery",
        1,
        _iso,
        (
            (
                1,
                "# Time: TIME\n# User@Host: {user}[{user}] @  [{private_ip}]  Id:    1{small}\n"
                "# Query_time: {small}.000215  Lock_time: 0.0000{small} Rows_sent: {small}  Rows_examined: {count}\n"
                "use {word};\nSET timestamp=1770112800;\n"
                + _SELECT.replace("{quote}", "'").replace(" WHERE", "\n WHERE")
                + ";",
            ),
        ),
    ),
)


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write logs of one kind each."""
    words = aws_words()
    texts = {log.name: [compiled(text, words) for _, text in log.entries] for log in _LOGS}
    kinds = [log for log in _LOGS for _ in range(log.share)]
    for number in range(objects):
        log = kinds[number % len(kinds)]
        chosen = random.choices(texts[log.name], [share for share, _ in log.entries], k=records // objects)
        body = "".join([_entry(text, log, random) for text in chosen])
        uuid = f"{random.getrandbits(32):08x}-1111-2222-3333-{random.getrandbits(48):012x}"
        yield StoredObject(f"rds/{log.name}/2026/02/03/10/rds-1-2026-02-03-10-00-01-{uuid}.gz", packed([body.encode()]))


def _entry(text: Template, log: _Log, random: Random) -> str:
    written: str = text(Scene(random))
    return written.replace("TIME", log.time(moment(random), random), 1) + "\n"


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes logs varied."""
    entries = written = small = lines = 0
    kinds: Counter[str] = Counter()
    layout = aws_rds_logs.source.format.otherwise
    for stored in objects:
        text = unpacked(stored.body)
        small += len(stored.body)
        written += len(text)
        lines += text.count(b"\n")
        framing = layout.framing(len(text))
        found = len([*framing.feed(text), *framing.finish()])
        entries += found
        kinds[re.sub(r"^rds/(.*?)/\d{4}/.*", r"\1", stored.key)] += found
    return {
        "records": entries,
        "bytes a record": round(written / entries),
        "lines a record": round(lines / entries, 2),
        "gzip ratio": round(written / small, 1),
        **{f"{name} %": round(100 * count / entries, 1) for name, count in kinds.most_common()},
    }


inputs = (
    Input("aws.rds_logs", 100_000, write, facts, {"": Framing(over_and_over)}),
    Input(
        "aws.rds_logs/activity",
        50_000,
        activity.write,
        activity.facts,
        {"": Framing(over_and_over), "firehose": Framing(glued)},
    ),
)
