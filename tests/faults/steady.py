"""The plan of a soak: the same share of the requests is struck for as long as it lasts; the seed weighs the kinds."""

import sys
from collections.abc import Collection
from random import Random
from typing import Final

from faults.kinds import Fault
from faults.plan import Chance, Plan

SHARE: Final = 0.05
"""Of the requests that can be struck."""

COPIES: Final = 0.02
"""Of the messages are sent twice."""

_REQUESTS: Final = (
    # Each line shares out what strikes one kind of request; bulk requests are struck by two of them.
    (
        Fault.S3_SLOW,
        Fault.S3_CUT,
        Fault.S3_CORRUPT,
        Fault.S3_GARBLED,
        Fault.S3_MISSING,
        Fault.S3_BUSY,
        Fault.S3_RESET,
        Fault.S3_TRICKLE,
    ),
    (Fault.RECEIVE_BUSY, Fault.RECEIVE_LOST),
    (Fault.HEARTBEAT_FAILED, Fault.HEARTBEAT_DELAYED),
    (Fault.RELEASE_FAILED,),
    (Fault.DELETE_FAILED, Fault.DELETE_LOST),
    (Fault.OPENSEARCH_UNAVAILABLE, Fault.OPENSEARCH_RESET),
    (Fault.BULK_BUSY, Fault.ITEM_BUSY, Fault.ANSWER_LOST, Fault.ANSWER_LATE),
    (Fault.VISIBILITY_LAPSED,),
)


def steady(seed: int, *, without: Collection[Fault] = ()) -> Plan:
    """
    Draw the plan of a soak; it has no steps and no end.

    Args:
        seed: any number
        without: kinds that are left out; all else stays as it is
    """
    return Plan(
        seed=seed,
        daemons=1,
        objects=0,
        records=0,
        chances=tuple(
            chance for kinds in _REQUESTS for chance in _shared_out(seed, kinds) if chance.fault not in without
        ),
        steps=(),
        copied_trails=0,
        copies=COPIES,
        shuffled=False,
        spread_seconds=0.0,
    )


def _shared_out(seed: int, kinds: tuple[Fault, ...]) -> list[Chance]:
    """Share out what strikes one kind of request; none of the faults gets more than twice as much as another."""
    weights = {kind: Random(f"weight of {kind} in {seed}").uniform(1.0, 2.0) for kind in kinds}
    whole = sum(weights.values())
    return [Chance(kind, SHARE * weight / whole, sys.maxsize) for kind, weight in weights.items()]
