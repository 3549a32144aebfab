"""What is said of seeds: a line each, what is wrong, and the sum of all."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from faults.kinds import Fault
from faults.trial import Result

MOST_LINES: Final = 12


class Summary:
    """The sum over all seeds."""

    def __init__(self) -> None:
        self._results: list[Result] = []

    @property
    def status(self) -> int:
        """Exit status: 0 if nothing is wrong."""
        return int(not self._results or any(result.verdict.wrong for result in self._results))

    @property
    def faults(self) -> Counter[Fault]:
        """How many faults of each kind were injected."""
        return sum((result.faults for result in self._results), Counter())

    def add(self, result: Result) -> None:
        """Count a seed."""
        self._results.append(result)

    def line(self, result: Result) -> str:
        """Tell of one seed in a line."""
        verdict = result.verdict
        return (
            f"seed {result.plan.seed}: {'FAILED' if verdict.wrong else 'ok'}, {result.plan.daemons} daemons, "
            f"{verdict.documents} documents, {verdict.rightly} dead letters, "
            f"{result.faults.total()} faults of {len(result.faults)} kinds, {result.seconds:.1f} s"
        )

    def failure(self, result: Result, *, mutant: str | None, without: Sequence[Fault]) -> Iterator[str]:
        """Tell what is wrong with a seed, and how to repeat it."""
        wrong = result.verdict.lines()
        if not wrong:
            return
        yield from (f"  {line}" for line in wrong[:MOST_LINES])
        if len(wrong) > MOST_LINES:
            yield f"  and {len(wrong) - MOST_LINES} more"
        options = (f" --mutant {mutant}" if mutant else "") + (f" --without {' '.join(without)}" if without else "")
        yield f"  repeat with: PYTHONPATH=tests python -m faults --seed {result.plan.seed}{options} --log build/faults"

    def __str__(self) -> str:
        verdicts = [result.verdict for result in self._results]
        seconds = [result.seconds for result in self._results] or [0.0]
        faults = ", ".join(f"{kind} {count}" for kind, count in sorted(self.faults.items()))
        failed = [str(result.plan.seed) for result in self._results if result.verdict.wrong]
        return (
            f"{len(self._results)} seeds, {self.faults.total()} faults ({faults}), "
            f"{sum(verdict.documents for verdict in verdicts)} documents, "
            f"{sum(len(verdict.lost) for verdict in verdicts)} lost, "
            f"{sum(len(verdict.twice) for verdict in verdicts)} twice, "
            f"{sum(verdict.rightly for verdict in verdicts)} dead-lettered rightly, "
            f"{sum(len(verdict.wrongly) for verdict in verdicts)} wrongly, "
            f"{sum(len(verdict.other) for verdict in verdicts)} other findings, "
            f"{sum(seconds) / len(seconds):.1f} s a seed (longest {max(seconds):.1f}), "
            f"failed: {' '.join(failed) or 'none'}"
        )
