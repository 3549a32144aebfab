"""Judges whether a daemon takes more and more of the machine: the first quarter of a soak beside the last."""

from collections.abc import Sequence
from statistics import median
from typing import Final, Self

from msgspec import Struct

from faults.vitals import Sample

WARM_UP_SECONDS: Final = 60.0
"""Left out: caches fill, connections are made."""

MEMORY_SHARE: Final = 0.10
MEMORY_MIB: Final = 8.0
"""The memory of the last quarter may be so much above that of the first, by the medians."""

FILES: Final = 16
TASKS: Final = 64
THREADS: Final = 4
"""The most of the last quarter may be so many above the most of the first: sockets, and messages in hand."""

FEWEST: Final = 3
"""Samples that a quarter needs."""


class Quarter(Struct, frozen=True):
    """What a daemon took in one quarter: the median of its memory, and the most of all else."""

    memory_mib: float
    files: int
    threads: int
    tasks: int

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Self:
        """Sum up some samples."""
        return cls(
            memory_mib=median(sample.memory_mib for sample in samples),
            files=max(sample.files for sample in samples),
            threads=max(sample.threads for sample in samples),
            tasks=max(sample.tasks for sample in samples),
        )


class Growth(Struct, frozen=True):
    """The first and the last quarter."""

    first: Quarter
    last: Quarter

    def lines(self) -> list[str]:
        """Tell what has grown."""
        first, last = self.first, self.last
        lines = []
        if last.memory_mib > first.memory_mib * (1 + MEMORY_SHARE) + MEMORY_MIB:
            lines.append(f"memory grew from {first.memory_mib:.1f} to {last.memory_mib:.1f} MiB")
        for what, before, after, more in (
            ("open files", first.files, last.files, FILES),
            ("threads", first.threads, last.threads, THREADS),
            ("tasks", first.tasks, last.tasks, TASKS),
        ):
            if after > before + more:
                lines.append(f"{what} grew from {before} to {after}")
        return lines


def measured(samples: Sequence[Sample]) -> Growth | None:
    """Compare the quarters of what comes after the warm-up; None if these are too few samples to tell."""
    warm = [sample for sample in samples if sample.seconds >= WARM_UP_SECONDS]
    if not warm:
        return None
    begin, end = warm[0].seconds, warm[-1].seconds
    quarter = (end - begin) / 4
    first = [sample for sample in warm if sample.seconds <= begin + quarter]
    last = [sample for sample in warm if sample.seconds >= end - quarter]
    return Growth(Quarter.of(first), Quarter.of(last)) if min(len(first), len(last)) >= FEWEST else None
