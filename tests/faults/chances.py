"""Decides, request by request, whether a fault strikes."""

from random import Random
from typing import Any

from faults.journal import Journal
from faults.kinds import Fault
from faults.plan import Plan


class Chances:
    """
    The faults of a plan that strike single requests.

    Every kind has a generator of its own, so that a kind more or less in the plan leaves the others as they were.

    Args:
        plan: which faults, how often, how many
        journal: told of each
    """

    def __init__(self, plan: Plan, journal: Journal) -> None:
        self.random = Random(f"details of {plan.seed}")
        self._journal = journal
        self._of = {chance.fault: chance for chance in plan.chances}
        self._left = {chance.fault: chance.most for chance in plan.chances}
        self._draws = {fault: Random(f"{fault} in {plan.seed}") for fault in self._of}

    def request(self) -> None:
        """Count a request, whether a fault strikes it or not."""
        self._journal.requests += 1

    def strikes(self, fault: Fault, **details: Any) -> bool:
        """Tell whether a fault strikes this request; if so it is written down."""
        if not self._left.get(fault) or self._draws[fault].random() >= self._of[fault].rate:
            return False
        self._left[fault] -= 1
        self._journal.fault(fault, **details)
        return True

    def happened(self, fault: Fault, **details: Any) -> None:
        """Write down a fault that others brought about."""
        self._journal.fault(fault, **details)
