"""What a soak gave, and the line that says it."""

from collections import Counter
from typing import Final

from msgspec import Struct

from faults.growth import Growth
from faults.kinds import Fault
from faults.oracle import Verdict

_NO_REQUEST: Final = (Fault.MESSAGE_DUPLICATED, Fault.RECEIPT_STALE, Fault.ROLLOVER)
"""Faults that strike no request: we do them ourselves, or they come of others."""


class Soaked(Struct, frozen=True):
    """
    The result of a soak.

    Attributes:
        minutes: for which objects were announced
        objects: that were
        seconds: until the queue was empty
        documents: that are there, by dataset
        verdict: what is wrong
        growth: the daemon's first quarter beside its last; None if it did not live long enough
        faults: by kind
        requests: that the proxies saw
    """

    minutes: float
    objects: int
    seconds: float
    documents: dict[str, int]
    verdict: Verdict
    growth: Growth | None
    faults: Counter[Fault]
    requests: int

    @property
    def status(self) -> int:
        """Exit status: 0 if nothing is wrong."""
        return int(self.verdict.wrong)

    def __str__(self) -> str:
        verdict, documents = self.verdict, sum(self.documents.values())
        datasets = ", ".join(f"{dataset} {count}" for dataset, count in sorted(self.documents.items()))
        struck = sum(count for kind, count in self.faults.items() if kind not in _NO_REQUEST)
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.faults.items()))
        return (
            f"{self.minutes:g} minutes, {self.objects} objects, {documents} documents ({datasets}), "
            f"{documents / max(self.seconds, 1):.0f} documents a second, "
            f"{self.requests} requests, {struck / max(self.requests, 1):.1%} of them struck, "
            f"{self.faults.total()} faults ({kinds}), {self._grown()}"
            f"{len(verdict.lost)} lost, {len(verdict.twice)} twice, {verdict.rightly} dead-lettered rightly, "
            f"{len(verdict.wrongly)} wrongly, {len(verdict.other)} other findings: {'FAILED' if self.status else 'ok'}"
        )

    def _grown(self) -> str:
        if self.growth is None:
            return "too short to see growth, "
        first, last = self.growth.first, self.growth.last
        return (
            f"first and last quarter: memory {first.memory_mib:.1f} and {last.memory_mib:.1f} MiB, "
            f"open files {first.files} and {last.files}, threads {first.threads} and {last.threads}, "
            f"tasks {first.tasks} and {last.tasks}, "
        )
