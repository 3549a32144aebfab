"""
Every kind of bad input, sent the whole way: what becomes of it is what `docs/bad-input.md` says.

All objects are shipped by one real daemon. The table in the documentation is written from the cases and from what was
found in OpenSearch: `pytest tests/integration/test_bad_input.py --update-goldens`.
"""

import gzip
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from integration.shipping import FLOW_KEY, TRAIL_KEY, Site, running

PAGE = Path(__file__).parents[2] / "docs" / "bad-input.md"
HEADER = (
    b"version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
    b"log-status\n"
)


@dataclass(frozen=True)
class Case:
    """
    One bad input.

    Attributes:
        name: unique, part of the key
        what: for the table
        body: of the object, packed with gzip unless `packed` says that it is already; None where there is no object
        documents: how many are indexed
        letters: reasons of the dead letters
        tags: that the documents have
        key: of the object, if it matters
    """

    name: str
    what: str
    body: bytes | None
    documents: int = 0
    letters: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    key: str = TRAIL_KEY
    packed: bool = False

    @property
    def full_key(self) -> str:
        """Key of the object."""
        return self.key.format(self.name)


def event(case: str, number: int, **fields: Any) -> dict[str, Any]:
    """Give one CloudTrail event with an id of its own."""
    return {
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": "123456789012"},
        "eventTime": "2026-02-03T10:11:12Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.7",
        "requestParameters": {"number": number},
        "eventID": f"{case}-{number}",
        **fields,
    }


def trail(*events: dict[str, Any]) -> bytes:
    """Give a CloudTrail file."""
    return json.dumps({"Records": events}, separators=(",", ":")).encode()


def five(case: str) -> list[dict[str, Any]]:
    """Give five sound events."""
    return [event(case, number) for number in range(1, 6)]


def third(case: str, old: bytes, new: bytes) -> bytes:
    """Give five events, the third of them with other bytes."""
    events = [json.dumps(one, separators=(",", ":")).encode() for one in five(case)]
    assert old in events[2]
    events[2] = events[2].replace(old, new)
    return b'{"Records":[' + b",".join(events) + b"]}"


def flow(port: int) -> bytes:
    """Give one line of a flow log."""
    return b"2 123456789012 eni-0a1b 10.0.0.1 10.0.0.2 %d 443 6 20 4249 1770109500 1770109560 ACCEPT OK" % port


def with_parameters(case: str, parameters: Any) -> bytes:
    """Give a file of two events, one with these request parameters and a sound neighbour."""
    return trail(event(case, 1, requestParameters=parameters), event(case, 2))


def nested(depth: int) -> Any:
    """Give objects around one another."""
    value: Any = "x"
    for _ in range(depth):
        value = {"a": value}
    return value


NUMBER = b'"number":3'
CASES = [
    Case(
        "cut",
        "gzip that ends half-way",
        gzip.compress(trail(*(event("cut", number, userAgent=f"{number * 7919:x}" * 9) for number in range(400))))[
            :-900
        ],
        packed=True,
        letters=("object_corrupt", "undecodable"),
        documents=-1,
    ),
    Case(
        "junk-behind",
        "bytes behind the gzip data",
        gzip.compress(trail(*five("junk-behind"))) + b"junk",
        5,
        ("object_corrupt",),
        packed=True,
    ),
    Case(
        "bomb",
        "gzip bomb: 80 MiB of blanks in 80 KiB",
        gzip.compress(b" " * (80 << 20)),
        0,
        ("object_too_large",),
        packed=True,
    ),
    Case("binary", "binary junk", bytes(range(256)) * 40, 0, ("undecodable",)),
    Case("empty", "empty object", b"", packed=True),
    Case("no-records", "an empty list of records", trail()),
    Case("invalid", "invalid JSON in record 3 of 5", third("invalid", NUMBER, b'"number":'), 4, ("undecodable",)),
    Case("quote", "a lost quote in record 3 of 5", third("quote", NUMBER, b'"number:3'), 4, ("undecodable",)),
    Case(
        "bracket",
        "a lost bracket in record 3 of 5",
        third("bracket", b'{"number":3}', b'{"number":3'),
        4,
        ("undecodable",),
    ),
    Case("open", "JSON that ends before its array is closed", trail(*five("open"))[:-2], 5, ("undecodable",)),
    Case(
        "order",
        "records with their keys in another order",
        third("order", b'{"eventVersion":"1.08",', b'{"x":1,"eventVersion":"1.08",'),
        5,
    ),
    Case(
        "type",
        "another type in one field of record 3 of 5",
        third("type", b'"us-east-1"', b'{"name":"us-east-1"}'),
        5,
        tags=("type_drift",),
    ),
    Case(
        "no-time",
        "a record without a time",
        trail(event("no-time", 1), {**event("no-time", 2), "eventTime": None}),
        1,
        ("mapping_failed",),
    ),
    Case("utf8", "invalid UTF-8 in record 3 of 5", third("utf8", b'"alice"', b'"al\xffce"'), 4, ("undecodable",)),
    Case(
        "utf8-free",
        "invalid UTF-8 in a free-form part",
        third("utf8-free", NUMBER, b'"number":"\xff"'),
        4,
        ("mapping_failed",),
    ),
    Case(
        "long",
        "a record of 10 MB",
        trail(event("long", 1), event("long", 2, userAgent="x" * 10_000_000), event("long", 3)),
        2,
        ("too_long",),
    ),
    Case(
        "100k",
        "a value of 100 KB in a free-form part",
        with_parameters("100k", {"policy": "p" * 100_000}),
        2,
        tags=("cut",),
    ),
    Case(
        "40k",
        "a value of 40 KB in a free-form part",
        with_parameters("40k", {"a": [{"b": "v" * 40_000}]}),
        2,
        tags=("cut",),
    ),
    Case("name", "a name of 40 KB in a free-form part", with_parameters("name", {"k" * 40_000: 1}), 2, tags=("cut",)),
    Case("deep", "300 levels of nesting in a free-form part", with_parameters("deep", nested(300)), 2),
    Case(
        "deeper",
        "100,000 levels of nesting",
        trail(event("deeper", 1)).replace(b'"number":1', b'"n":' + b"[" * 100_000 + b"]" * 100_000),
        0,
        ("undecodable",),
    ),
    Case("scalar", "a scalar in the place of an object", with_parameters("scalar", "text"), 2),
    Case("list", "a list in the place of an object", with_parameters("list", [1, "two", None]), 2),
    Case(
        "newline", "line feeds inside a free-form part", json.dumps({"Records": five("newline")}, indent=2).encode(), 5
    ),
    Case("twice", "a free-form part that names a member twice", third("twice", NUMBER, b'"number":3,"number":4'), 5),
    Case("control", "control characters in a value", with_parameters("control", {"a": "\x00\x1b[31m\n"}), 2),
    Case("huge", "a number of 2,000 digits in a free-form part", third("huge", NUMBER, b'"number":' + b"7" * 2000), 5),
    Case(
        "columns",
        "a flow log line with a column too few",
        HEADER + flow(1) + b"\n" + flow(2)[:-3] + b"\n" + flow(3),
        2,
        ("columns",),
        key=FLOW_KEY,
    ),
    Case(
        "port",
        "text in a numeric column of a flow log",
        HEADER + flow(1) + b"\n" + flow(2).replace(b" 2 443 ", b" two 443 "),
        2,
        tags=("type_drift",),
        key=FLOW_KEY,
    ),
    Case(
        "range",
        "a number that is too large for its field",
        HEADER + flow(1) + b"\n" + flow(2).replace(b" 4249 ", b" 9999999999999999999 ") + b"\n" + flow(3),
        3,
        tags=("rescued",),
        key=FLOW_KEY,
    ),
    Case(
        "line",
        "a flow log line of 10 MB",
        HEADER + flow(1) + b"\n" + b"x" * 10_000_000 + b"\n" + flow(3),
        2,
        ("too_long",),
        key=FLOW_KEY,
    ),
    Case(
        "header", "a flow log without a header and of unknown columns", b"a b c\nd e f\n", 0, ("columns",), key=FLOW_KEY
    ),
    Case("unknown", "a key that no source claims", b"text", 0, ("unclaimed",), key="somebody/{}.txt"),
    Case("missing", "an object that is not there any more", None, 0, ("object_missing",)),
]


@pytest.fixture
async def here(bare: Site) -> Site:
    """A site whose daemon takes every receive for the last one, with a small limit for inflated objects."""
    config = bare.config.read_text()
    config = config.replace("visibility_seconds", "max_receives = 1\nvisibility_seconds", 1)
    bare.config.write_text(config.replace("[limits]", "[limits]\ninflated_mib = 64", 1))
    await bare.install()
    return bare


async def test_bad_input(here: Site, *, update_goldens: bool) -> None:
    """Each bad input has the outcome that is promised, and its neighbours are indexed."""
    assert len({case.name for case in CASES}) == len(CASES)
    for case in CASES:
        if case.body is not None:
            await here.put(case.full_key, case.body, packed=not case.packed)
    await here.announce(*[case.full_key for case in CASES if case.body is None])
    async with running(here) as daemon:
        await here.emptied()
        metrics = await daemon.metrics()
    hits = [hit for dataset in ("aws.cloudtrail", "aws.vpcflow") for hit in await here.search(dataset, size=5000)]
    letters = await here.search("shipper.deadletter")
    wrong = [told for case in CASES if (told := _difference(case, hits, letters))]
    assert not wrong, "\n".join(wrong)
    assert metrics["shipper_imbalance_records"] == 0
    page = _page(hits, letters)
    if update_goldens:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page)
    assert PAGE.read_text() == page, "docs/bad-input.md is stale; run this test with --update-goldens"


def _of(case: Case, hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [hit["_source"] for hit in hits if hit["_source"]["aws"]["s3"]["object"]["key"] == case.full_key]


def _difference(case: Case, hits: list[dict[str, Any]], letters: list[dict[str, Any]]) -> str:
    """Say in what a case has another outcome than promised; an empty text if in nothing."""
    found = _of(case, hits)
    reasons = sorted(letter["shipper"]["deadletter"]["reason"] for letter in _of(case, letters))
    tags = {tag for document in found for tag in document.get("tags", ())}
    documents = case.documents if case.documents >= 0 else len(found) if 0 < len(found) < 400 else "some"
    promised = (documents, sorted(case.letters), set(case.tags))
    causes = [letter["error"]["message"][:200] for letter in _of(case, letters)]
    seen = (len(found), reasons, tags)
    return "" if seen == promised else f"{case.name}: promised {promised}, found {seen} {causes}"


def _page(hits: list[dict[str, Any]], letters: list[dict[str, Any]]) -> str:
    """Write the documentation."""
    rows = []
    for case in CASES:
        found = _of(case, hits)
        reasons = Counter(letter["shipper"]["deadletter"]["reason"] for letter in _of(case, letters))
        parts = []
        if case.documents < 0:
            parts.append("all that is readable is indexed")
        elif found:
            parts.append(f"{len(found)} documents indexed" + "".join(f", tagged `{tag}`" for tag in case.tags))
        parts += [f"dead letter `{reason}`" for reason in sorted(reasons)]
        rows.append(f"| {case.what} | {'; '.join(parts) or 'acknowledged and counted'} |")
    return INTRODUCTION + "\n".join(rows) + "\n" + UNIT_TESTED


INTRODUCTION = """# Bad input

What becomes of damaged, hostile and odd input. This table is written by a test that ships each of these objects to a
real OpenSearch (`tests/integration/test_bad_input.py`). Objects that are missing or damaged are shown at the last
receive of their message; before that they are tried again. Nothing is cut or dropped without a tag or a dead letter,
and the neighbours of a bad record are always indexed.

| input | what becomes of it |
|---|---|
"""

UNIT_TESTED = """
What S3 and SQS on a test machine cannot show is tested with stand-ins for them (`tests/test_pipeline.py`,
`tests/test_bucket.py`):

| input | what becomes of it |
|---|---|
| an object that S3 refuses to read | tried again, the log names the missing permission; at the last receive a dead letter `object_denied` |
| an object whose key KMS refuses | tried again for as long as the message lives; the log names the missing permission |
| S3 silent, or our credentials expired | tried again for as long as the message lives |
| a message that is no notification, redrive policy on the queue | left for the redrive policy |
| a message that is no notification, no redrive policy | tried again; at the last receive a dead letter `notification_unknown` with its body |
"""  # noqa: E501 -- a row of the table is one line
