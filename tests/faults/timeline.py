"""Takes each step of a plan at its moment."""

from collections import Counter
from collections.abc import Awaitable, Callable

from faults.kinds import Point
from faults.plan import Plan, Step


class Timeline:
    """
    Counts moments, and takes the steps that are due.

    Args:
        plan: with the steps
        take: takes one; it is given the daemon whose request is held meanwhile, and tells whether it could be taken
    """

    def __init__(self, plan: Plan, take: Callable[[Step, str], Awaitable[bool]]) -> None:
        self._steps = list(plan.steps)
        self._take = take
        self._seen: Counter[Point] = Counter()

    async def reach(self, point: Point, daemon: str) -> None:
        """Tell that a daemon's request has come to a point; comes back when the steps that are due are taken."""
        self._seen[point] += 1
        due = [step for step in self._steps if step.point is point and step.nth <= self._seen[point]]
        self._steps = [step for step in self._steps if step not in due]
        for step in due:
            if not await self._take(step, daemon):
                self._steps.append(step)  # at the next moment of its kind
