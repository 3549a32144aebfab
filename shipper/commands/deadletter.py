"""
List, show and re-drive dead letters.

What a letter stands for is driven once more through the current code: its object is read again, or where that is gone,
the record that the letter holds. What succeeds is removed from the dead letters; it is safe to run this again.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from shipper import commands
from shipper.aws import Session
from shipper.config import Settings
from shipper.deadletter import DeadLetters
from shipper.errors import ConfigError, LetterError
from shipper.lastresort import shelf_at
from shipper.moments import moment
from shipper.opensearch import connected
from shipper.pipeline import utc_now
from shipper.redrive import table
from shipper.redrive.cases import Fate
from shipper.redrive.letterbox import Letterbox
from shipper.redrive.opening import opened
from shipper.redrive.queues import Moved, Requeue
from shipper.redrive.selection import Selection
from shipper.redrive.shelf import ShelfBox
from shipper.redrive.stream import Stream

CONNECTIONS: Final = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list letters, and count them by reason")
    listing.add_argument("--json", action="store_true", help="one JSON object a line, for programs")
    listing.set_defaults(act=_list)
    showing = actions.add_parser("show", help="show one letter with its original")
    showing.add_argument("id", metavar="ID", help="of the letter, as `list` gives it")
    showing.add_argument("--original", action="store_true", help="only the original, byte by byte")
    showing.set_defaults(act=_show)
    driving = actions.add_parser("redrive", help="drive letters, or the messages of a dead-letter queue, once more")
    driving.add_argument("--dry-run", action="store_true", help="read and decode everything, write and remove nothing")
    driving.add_argument("--queue", metavar="URL", help="move the messages of this dead-letter queue instead")
    driving.add_argument("--to", metavar="URL", help="with --queue: where to (default: the only configured queue)")
    driving.set_defaults(act=_redrive)
    for action in (listing, showing, driving):
        commands.add_config(action)
        action.add_argument(
            "--from",
            dest="place",
            metavar="PLACE",
            help="letters in the last resort: s3://bucket/prefix/ or a directory (default: those in OpenSearch)",
        )
    for action in (listing, driving):
        _add_selection(action)


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--id", help="of the letter")
    parser.add_argument("--reason", action="append", default=[], help="may be repeated")
    parser.add_argument("--dataset", action="append", default=[], help="the log, e.g. aws.vpcflow; may be repeated")
    parser.add_argument("--since", metavar="TIME", help="written then or later: ISO 8601, or 2h for two hours ago")
    parser.add_argument("--until", metavar="TIME", help="written before")
    parser.add_argument("--bucket", help="of the object")
    parser.add_argument("--key", help="of the object")
    parser.add_argument("--prefix", help="what the key begins with")
    parser.add_argument("--limit", type=_positive, metavar="N", help="most letters (or messages)")


def run(options: argparse.Namespace) -> int:
    """List, show or re-drive; the status of the latter is 1 if a letter remained."""
    status: int = asyncio.run(options.act(options))
    return status


async def _list(options: argparse.Namespace) -> int:
    """Print a line for each letter, and in the end how many there are of each reason."""
    reasons: Counter[str] = Counter()
    async with _opened(options) as (_, box):
        async for page in box.pages(_selection(options)):
            for letter in page:
                if reasons.total() == options.limit:
                    break
                reasons[letter.content.reason] += 1
                print(msgspec.json.encode(table.row(letter)).decode() if options.json else table.line(letter))
            if reasons.total() == options.limit:
                break
    print(table.counts(reasons), file=sys.stderr if options.json else sys.stdout)
    return 0


async def _show(options: argparse.Namespace) -> int:
    """Print one letter."""
    async with _opened(options) as (_, box):
        async for page in box.pages(Selection(id=options.id), originals=True):
            for letter in page:
                if options.original:
                    sys.stdout.buffer.write(letter.original)
                else:
                    print(msgspec.json.format(msgspec.json.encode(letter.document)).decode())
                return 0
    raise LetterError(f"there is no dead letter {options.id!r}")


async def _redrive(options: argparse.Namespace) -> int:
    """Drive letters once more; tell of each that remains, and how far it is."""
    if options.queue:
        return await _requeue(options)
    fates: Counter[Fate] = Counter()
    documents = 0
    progress = commands.Progress()
    async with _opened(options) as (settings, box), opened(settings, box, dry_run=options.dry_run) as driving:
        async for outcome in driving.run(_selection(options), options.limit):
            fates[outcome.fate] += 1
            documents += outcome.documents
            if outcome.fate is not Fate.DONE or options.dry_run:
                print(table.told(outcome))
            progress.tell(f"{fates.total():,} letters, {fates[Fate.DONE]:,} of them done")
    remain = fates[Fate.STAYS] + fates[Fate.REPLACED]
    would = "dry run: " if options.dry_run else ""
    print(
        f"{would}{fates[Fate.DONE]:,} done, {fates[Fate.REPLACED]:,} replaced, {fates[Fate.STAYS]:,} stay; "
        f"{documents:,} documents are there"
    )
    return 1 if remain else 0


async def _requeue(options: argparse.Namespace) -> int:
    """Move messages; tell how far it is."""
    settings = commands.settings(options)
    target = _target(options, settings)
    region = next((queue.region for queue in settings.queues if queue.url == target), None)
    progress = commands.Progress()
    moved = Moved()
    async with Session(settings.aws, connections=CONNECTIONS) as session:
        requeue = Requeue(await session.client("sqs", region), options.queue, target, utc_now())
        waiting = await requeue.waiting()
        if options.dry_run:
            print(f"dry run: about {waiting:,} messages would be moved")
            return 0
        async for moved in requeue.run(options.limit):
            progress.tell(f"{moved.sent:,} of about {waiting:,} messages")
    print(f"{moved.sent:,} messages moved, {moved.twice:,} of them in both queues, {moved.left:,} left")
    return 1 if moved.left or moved.twice else 0


def _target(options: argparse.Namespace, settings: Settings) -> str:
    urls = [options.to] if options.to else [queue.url for queue in settings.queues]
    if len(urls) != 1:
        raise ConfigError("say with --to which queue the messages go to")
    target: str = urls[0]
    if target == options.queue:
        raise ConfigError("--queue and --to are the same queue")
    return target


@asynccontextmanager
async def _opened(options: argparse.Namespace) -> AsyncIterator[tuple[Settings, Letterbox]]:
    """Open the place where the letters lie."""
    if options.place:
        settings = commands.settings(options)
        async with Session(settings.aws, connections=CONNECTIONS) as session:
            yield settings, ShelfBox(shelf_at(options.place, session))
        return
    settings = commands.settings(options, "opensearch.urls")
    async with connected(settings.opensearch) as engine:
        yield settings, Stream(engine, DeadLetters(settings.opensearch.namespace).index)


def _selection(options: argparse.Namespace) -> Selection:
    now = utc_now()
    return Selection(
        id=options.id,
        reasons=tuple(options.reason),
        datasets=tuple(options.dataset),
        since=moment(options.since, now) if options.since else None,
        until=moment(options.until, now) if options.until else None,
        bucket=options.bucket,
        key=options.key,
        prefix=options.prefix,
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
