"""List the log sources: dataset, what it is, and the S3 keys it claims."""

import argparse
import sys
from typing import Any

import msgspec

from shipper.mappings.fields import fields
from shipper.source import Source, Sources


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for programs")


def run(options: argparse.Namespace) -> int:
    """Print the list."""
    rows = [_row(source) for source in Sources.discover()]
    if options.json:
        for row in rows:
            sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
        return 0
    for row in rows:
        print(f"{row['dataset']}  ({row['fields']} fields)\n    {row['description']}\n    key: {row['key']}")
    return 0


def _row(source: Source[Any, Any]) -> dict[str, Any]:
    return {
        "dataset": source.dataset,
        "description": source.description,
        "key": source.key,
        "skip": source.skip,
        "fields": len(fields(source.document_type)),
    }
