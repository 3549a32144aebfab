"""
Show the main job with real services on this machine: OpenSearch, S3 and SQS.

Logs of several AWS accounts are put into a bucket, shipped and searched, and every record is accounted for. OpenSearch
is the one that $OPENSEARCH_URL names, else a container if Docker runs, else a process; the first time it is downloaded.
"""

import argparse
import signal
from types import FrameType
from typing import Final

from shipper.demo import play

SEED: Final = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--once", action="store_true", help="end after the report; exit status 0 if everything agrees")
    parser.add_argument("--seed", type=int, default=SEED, help="other logs, other numbers (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Play the demo."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are started without it
    signal.signal(signal.SIGTERM, _interrupt)
    return play(once=options.once, seed=options.seed, say=_say)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End in order, as at Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


def _say(line: str) -> None:
    print(line, flush=True)
