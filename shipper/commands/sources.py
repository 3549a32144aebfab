"""
List the log sources: dataset, what it is, the keys it claims, the forms of its objects, its settings, number of fields.

With --drift: the fields that AWS writes and no source declares, as the daemons saw them and entered them into the
ledger. `*` in a key stands for what varies, `{name}` for what is taken from it.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

import shipper.sources
from shipper import commands
from shipper.config import Settings, describe
from shipper.keypattern import readable
from shipper.log import printable
from shipper.mappings.fields import fields
from shipper.opensearch import connected
from shipper.sightings import Sighting, sightings
from shipper.source import Source, Sources


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    commands.add_config(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for programs")
    parser.add_argument("--drift", action="store_true", help="list fields that no source declares; asks OpenSearch")


def run(options: argparse.Namespace) -> int:
    """Print the list; the status is 1 if a source of another package cannot be used."""
    if options.drift:
        seen = asyncio.run(_sightings(commands.settings(options, "opensearch.urls")))
        _print(seen, _drift(seen), as_json=options.json)
    else:
        sources = Sources.discover()
        _print(list(map(_row, sources)), (line for one in sources for line in _lines(one)), as_json=options.json)
        return 1 if commands.tell_broken(sources) else 0
    return 0


def _print(rows: list[Any], lines: Iterator[str], *, as_json: bool) -> None:
    for line in (msgspec.json.encode(row).decode() for row in rows) if as_json else lines:
        sys.stdout.write(line + "\n")


def _row(source: Source[Any, Any]) -> dict[str, Any]:
    return {
        "dataset": source.dataset,
        "description": source.description,
        "keys": readable(source.key),
        "key": source.key,
        "skip": source.skip,
        "forms": source.format.form,
        "fields": len(fields(source.document_type, source.dataset)),
        "module": source.module.__name__,
        "settings": list(_settings(source)),
    }


def _lines(source: Source[Any, Any]) -> Iterator[str]:
    yield f"{source.dataset}  ({len(fields(source.document_type, source.dataset))} fields)"
    yield f"    {source.description}"
    for key in readable(source.key):
        yield f"    key:   {key}"
    yield f"    forms: {source.format.form}"
    if not source.module.__name__.startswith(f"{shipper.sources.__name__}."):
        yield f"    from:  {source.module.__name__}"
    for setting in _settings(source):
        yield f"    set:   {setting}"


def _settings(source: Source[Any, Any]) -> Iterator[str]:
    """Give the dotted names of what can be set."""
    if source.settings:
        yield from describe.settings(source.settings, f"sources.{source.table}.")


async def _sightings(settings: Settings) -> list[Sighting]:
    async with connected(settings.opensearch) as engine:
        return await sightings(engine, settings.opensearch.namespace)


def _drift(seen: list[Sighting]) -> Iterator[str]:
    """Write what was seen for people; names come from the logs and are escaped."""
    if not seen:
        yield "the ledger names no field that is not declared"
        return
    rows = [("dataset", "field", "objects", "first seen", "last seen", "last in")]
    rows += [
        (
            one.dataset,
            printable(one.field),
            f"{one.objects:,}",
            one.first,
            one.last,
            f"s3://{one.bucket}/{printable(one.key)}",
        )
        for one in seen
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
