"""
Explain a document by its _id: which object and record it comes from, and whether it would be made the same again.

Works for documents of logs, for dead letters and for entries of the ledger. The ledger tells what became of the object
at each attempt. The object is read again, if it is still there; the exit status is 1 if the record cannot be.
"""

import argparse
import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from shipper import commands
from shipper.aws import Session
from shipper.bucket import Bucket
from shipper.config import Settings
from shipper.explain import Again, Explainer, Explanation
from shipper.log import printable
from shipper.opensearch import connected
from shipper.pipeline import utc_now
from shipper.rereading import Rereader
from shipper.source import Sources

COUNTS: Final = ("read", "indexed", "duplicates", "filtered", "dead_lettered", "released")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    commands.add_config(parser)
    parser.add_argument("id", metavar="ID", help="the document's _id")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for programs")


def run(options: argparse.Namespace) -> int:
    """Print what is known of each document with this id."""
    settings = commands.settings(options, "opensearch.urls")
    status = 0
    for number, explanation in enumerate(asyncio.run(_explained(settings, options.id))):
        if options.json:
            print(msgspec.json.encode(explanation).decode())
        else:
            print(*([""] if number else []), *_lines(explanation), sep="\n")
        if explanation.again and explanation.again.outcome == "unreadable":
            status = 1
    return status


async def _explained(settings: Settings, id_: str) -> list[Explanation]:
    limits, namespace = settings.limits, settings.opensearch.namespace
    async with Session(settings.aws, connections=1) as session, connected(settings.opensearch) as engine:
        store = Bucket(session, inflated_bytes=limits.inflated_mib << 20, inflated_ratio=limits.inflated_ratio)
        rereader = Rereader(store, namespace=namespace, record_bytes=limits.record_kib << 10, now=utc_now())
        sources = Sources.discover(
            settings.routes,
            documents=settings.documents,
            settings=settings.sources,
        )
        explainer = Explainer(engine, namespace, sources, rereader)
        return [explanation async for explanation in explainer.explain(id_)]


def _lines(told: Explanation) -> Iterator[str]:
    """Write an explanation for people; whatever comes from outside is escaped."""
    yield f"document   {printable(told.id)}"
    yield f"index      {told.index}"
    yield f"dataset    {told.dataset} (source module: {told.source or 'none'})"
    if told.key is None:
        yield "object     none: it comes from CloudTrail's Event history, or stands for a queue message or an import"
    else:
        yield f"object     s3://{printable(f'{told.bucket}/{told.key}')}"
        yield f"version    {printable(told.version or 'not known: the ledger does not tell')}"
        yield f"record     {'all of them' if told.position is None else told.position}"
    for entry in told.ledger:
        yield f"attempt    {_attempt(entry)}"
    yield "as it is indexed"
    yield from _indented(json.dumps(told.document, indent=2, ensure_ascii=False))
    if told.again is not None:
        yield from _again(told.again)


def _attempt(entry: Mapping[str, Any]) -> str:
    about = entry["shipper"]["object"]
    counts = ", ".join(f"{about[name]} {name.replace('_', '-')}" for name in COUNTS if about[name] or name == "read")
    error = f"; {printable(entry['error']['message'])}" if "error" in entry else ""
    return (
        f"{entry['@timestamp']} {about['outcome']}: {counts}; receive {about['attempt']} of message "
        f"{printable(about['message_id'])}, host {printable(entry['host']['name'])}{error}"
    )


def _again(again: Again) -> Iterator[str]:
    if again.original is not None:
        yield "the record in the object"
        yield from _indented(again.original)
    yield f"read again {printable(again.text)}"
    for one in again.differences:
        yield f"  {printable(one.field)}: {_value(one.stored)} is indexed, {_value(one.fresh)} now"


def _indented(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        yield f"  {printable(line)}"


def _value(value: Any) -> str:
    return "nothing" if value is None else printable(json.dumps(value, ensure_ascii=False))
