"""
Show the documents of a log file, one a line, as they would be indexed; needs no network.

The file is read as if it lay in S3 under the given key. What would become a dead letter is told on standard error, and
the exit status is then 1.
"""

import argparse
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from shipper import commands
from shipper.compression import Inflater
from shipper.errors import ConfigError, RecordError
from shipper.notification import ObjectRef
from shipper.pipeline import utc_now
from shipper.recognition import Recognizer
from shipper.shipment import Shipment, Shipped
from shipper.source import Claim, Skip, Sources

READ_BYTES = 256 << 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    commands.add_config(parser)
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="the log file as it lies in S3, or - for standard input"
    )
    parser.add_argument(
        "--key", required=True, help="the key it has in S3; if it does not tell what log the file is, the content does"
    )
    parser.add_argument("--bucket", default="bucket", help="name of its bucket (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Print documents to standard output and errors to standard error."""
    settings = commands.settings(options)
    ref = ObjectRef(bucket=options.bucket, key=options.key)
    sources = Sources.discover(
        settings.routes,
        documents=settings.documents,
        settings=settings.sources,
    )
    commands.tell_broken(sources)
    claim = sources.route(ref)
    if isinstance(claim, Skip):
        raise ConfigError(f"the key {options.key!r} is that of an object without logs ({claim.reason})")
    limits = settings.limits
    blocks = _blocks(Inflater(limit=limits.inflated_mib << 20, ratio=limits.inflated_ratio), options.file)
    if claim is None:
        claim, blocks = _recognized(sources, ref, blocks, limits.record_kib << 10)
    shipment = Shipment(
        *claim,
        namespace=settings.opensearch.namespace,
        version="",
        record_bytes=limits.record_kib << 10,
    )
    failed = 0
    for shipped in _shipped(shipment, blocks):
        if isinstance(shipped.result, RecordError):
            failed += 1
            print(f"record {shipped.position}: {shipped.result.reason}: {shipped.result.cause}", file=sys.stderr)
        elif shipped.result is not None:
            sys.stdout.buffer.write(shipped.result + b"\n")
    return 1 if failed else 0


def _recognized(
    sources: Sources, ref: ObjectRef, blocks: Iterator[bytes], record_bytes: int
) -> tuple[Claim, Iterator[bytes]]:
    """
    Look at what the file holds, since its key does not tell; give all of its blocks again.

    Raises:
        ConfigError: that does not tell either
    """
    recognizer = Recognizer(sources, record_bytes)
    if not any(recognizer.feed(block) for block in blocks):
        recognizer.finish()
    claim = sources.of(ref, recognizer.dataset) if recognizer.dataset else None
    if claim is None:
        raise ConfigError(recognizer.fault or f"no source claims the key {ref.key!r}, and the file has no records")
    return claim, chain(recognizer.held(), blocks)


def _shipped(shipment: Shipment, blocks: Iterator[bytes]) -> Iterator[Shipped]:
    for block in blocks:
        yield from shipment.feed(block, utc_now())
    yield from shipment.finish(utc_now())


def _blocks(inflater: Inflater, path: Path) -> Iterator[bytes]:
    for data in _pieces(path):
        yield from inflater.feed(data)
    yield from inflater.finish()


def _pieces(path: Path) -> Iterator[bytes]:
    """
    Read a file piece by piece.

    Raises:
        ConfigError: it cannot be read
    """
    if str(path) == "-":
        yield from _read(sys.stdin.buffer)
        return
    try:
        with path.open("rb") as file:
            yield from _read(file)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error


def _read(file: BinaryIO) -> Iterator[bytes]:
    while data := file.read(READ_BYTES):
        yield data
