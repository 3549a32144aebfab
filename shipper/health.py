"""Whether the daemon is ready: nothing it needs is known to be missing."""

from shipper.log import Log
from shipper.metrics import Metrics

_log = Log(__name__)


class Health:
    """
    The problems that stand in the way of delivery, by the part that has them.

    Args:
        metrics: where readiness is shown
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._problems: dict[str, str] = {}
        metrics.ready.set(1)

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong, by part; empty when ready."""
        return dict(self._problems)

    def trouble(self, part: str, problem: str) -> None:
        """Note that a part cannot do its work; said once, until it is over."""
        if part not in self._problems:
            _log.warning("not ready", part=part, problem=problem)
        self._problems[part] = problem
        self._metrics.ready.set(0)

    def well(self, part: str) -> None:
        """Note that a part does its work."""
        if self._problems.pop(part, None) is not None:
            _log.info("ready again", part=part)
            self._metrics.ready.set(0 if self._problems else 1)
