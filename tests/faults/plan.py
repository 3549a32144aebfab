"""What will go wrong under a seed, drawn in advance as plain data."""

from collections.abc import Collection, Iterator
from random import Random
from typing import Final

from msgspec import Struct

from faults.kinds import Fault, Point


class Chance(Struct, frozen=True):
    """
    A fault of single requests.

    Attributes:
        fault: the kind
        rate: share of the requests that it strikes
        most: times that it strikes at all, so that everything comes to an end
    """

    fault: Fault
    rate: float
    most: int


class Step(Struct, frozen=True):
    """
    Something that happens once.

    Attributes:
        fault: what happens
        point: the kind of moment at which it does
        nth: which of the moments of this kind, counted from 1 over all daemons
        seconds: how long it lasts, where it lasts
    """

    fault: Fault
    point: Point
    nth: int
    seconds: float = 0.0


class Plan(Struct, frozen=True):
    """
    Everything that is decided by the seed.

    Attributes:
        seed: that it was drawn from
        daemons: on the one queue
        objects: in the bucket
        records: most records of one object
        chances: faults of single requests, by kind
        steps: what happens once each
        copied_trails: objects whose events a second trail has written as well
        copies: share of the objects that are announced again by another message
        shuffled: whether messages are sent in another order than their objects were written
        spread_seconds: time over which messages are sent
    """

    seed: int
    daemons: int
    objects: int
    records: int
    chances: tuple[Chance, ...]
    steps: tuple[Step, ...]
    copied_trails: int
    copies: float
    shuffled: bool
    spread_seconds: float

    @property
    def rolls_over(self) -> bool:
        """Whether a data stream gets a new backing index."""
        return any(step.fault is Fault.ROLLOVER for step in self.steps)


_RATES: Final = {
    # fault: how often it is part of a plan, highest rate, most times
    Fault.S3_SLOW: (0.5, 0.4, 8),
    Fault.S3_CUT: (0.5, 0.3, 6),
    Fault.S3_CORRUPT: (0.4, 0.3, 4),
    Fault.S3_GARBLED: (0.3, 0.3, 2),
    Fault.S3_MISSING: (0.5, 0.3, 6),
    Fault.S3_BUSY: (0.4, 0.3, 6),
    Fault.S3_RESET: (0.4, 0.3, 6),
    Fault.S3_TRICKLE: (0.3, 0.2, 1),
    Fault.RECEIVE_BUSY: (0.3, 0.2, 2),
    Fault.RECEIVE_LOST: (0.4, 0.2, 2),
    Fault.VISIBILITY_LAPSED: (0.6, 0.5, 12),
    Fault.HEARTBEAT_FAILED: (0.5, 0.9, 1),
    Fault.HEARTBEAT_DELAYED: (0.5, 0.9, 1),
    Fault.RELEASE_FAILED: (0.4, 0.4, 3),
    Fault.DELETE_FAILED: (0.5, 0.3, 6),
    Fault.DELETE_LOST: (0.5, 0.3, 4),
    Fault.BULK_BUSY: (0.5, 0.3, 4),
    Fault.ITEM_BUSY: (0.6, 0.5, 6),
    Fault.OPENSEARCH_UNAVAILABLE: (0.5, 0.3, 4),
    Fault.OPENSEARCH_RESET: (0.5, 0.3, 4),
    Fault.ANSWER_LOST: (0.6, 0.4, 4),
    Fault.ANSWER_LATE: (0.3, 0.3, 1),
}
_STEPS: Final = {
    # fault: how often it is part of a plan, most times, points, latest moment, longest duration in seconds
    Fault.ROLLOVER: (0.6, 3, (Point.BULK_WANTED, Point.BULK_APPLIED, Point.OBJECT_WANTED), 14, 0.0),
    Fault.SIGTERM: (0.5, 2, (Point.MESSAGES_RECEIVED, Point.OBJECT_WANTED, Point.BULK_APPLIED), 10, 0.0),
    Fault.SIGKILL: (
        0.7,
        2,
        (Point.OBJECT_WANTED, Point.BULK_WANTED, Point.BULK_APPLIED, Point.DELETION_WANTED),
        8,
        0.0,
    ),
    Fault.READ_ONLY: (0.3, 1, (Point.BULK_WANTED,), 8, 2.0),
    Fault.OPENSEARCH_PAUSED: (0.15, 1, (Point.BULK_WANTED, Point.BULK_APPLIED), 8, 5.5),
    Fault.OPENSEARCH_KILLED: (0.06, 1, (Point.BULK_WANTED, Point.BULK_APPLIED), 8, 0.0),
}


def draw(seed: int, *, without: Collection[Fault] = (), only: Collection[Fault] | None = None) -> Plan:
    """
    Draw the plan of a seed.

    Args:
        seed: any number
        without: kinds that are left out; all else stays as it is
        only: kinds that are part of the plan for certain, as often as may be, and no others
    """
    kinds = _Kinds(seed, without, only)
    random = Random(f"plan of {seed}")
    return Plan(
        seed=seed,
        daemons=random.choice((1, 2, 2, 3)),
        objects=random.randint(24, 40),
        records=random.choice((60, 120, 240)),
        chances=tuple(_chances(kinds)),
        steps=tuple(sorted(_steps(kinds), key=lambda step: (step.point, step.nth))),
        copied_trails=_copied_trails(kinds),
        copies=random.choice((0.0, 0.2, 0.5)),
        shuffled=random.random() < 0.7,
        spread_seconds=round(random.uniform(0.5, 4.0), 2),
    )


class _Kinds:
    """Decides which kinds are part of a plan; see `draw`."""

    def __init__(self, seed: int, without: Collection[Fault], only: Collection[Fault] | None) -> None:
        self._seed = seed
        self._without = without
        self.only = only

    def drawn(self, fault: Fault, share: float) -> Random | None:
        """
        Tell whether a kind is part of the plan; if so give what draws the rest of it.

        Every kind is drawn by itself, so that a kind more or less leaves the others as they were.
        """
        random = Random(f"{fault} of {self._seed}")
        chosen = random.random() < share if self.only is None else fault in self.only
        return random if chosen and fault not in self._without else None


def _copied_trails(kinds: _Kinds) -> int:
    random = kinds.drawn(Fault.TRAIL_COPIED, 0.3)
    return random.randint(1, 3) if random else 0


def _chances(kinds: _Kinds) -> Iterator[Chance]:
    for fault, (share, rate, most) in _RATES.items():
        if random := kinds.drawn(fault, share):
            lowest = rate / 3 if kinds.only is None else rate
            yield Chance(fault, round(random.uniform(lowest, rate), 3), random.randint(1, most))


def _steps(kinds: _Kinds) -> Iterator[Step]:
    for fault, (share, most, points, latest, seconds) in _STEPS.items():
        if not (random := kinds.drawn(fault, share)):
            continue
        for _ in range(random.randint(1, most)):
            lasting = round(random.uniform(seconds / 2, seconds), 1)
            yield Step(fault, random.choice(points), random.randint(2, latest), lasting)
