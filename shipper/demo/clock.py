"""Progress with the time that has passed, and how long each step took."""

import time
from collections.abc import Callable

Say = Callable[[str], None]


class Clock:
    """
    Says what is going on.

    Args:
        say: takes each line of the output
        now: seconds that only grow
    """

    def __init__(self, say: Say, now: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._now = now
        self._began = self._lapped = now()
        self._laps: list[tuple[str, float]] = []

    def __call__(self, line: str) -> None:
        """Say something with the time that has passed."""
        self._say(f"[{self._now() - self._began:5.1f} s] {line}")

    def plain(self, line: str) -> None:
        """Say something."""
        self._say(line)

    def lap(self, step: str) -> None:
        """Note that a step is done."""
        now = self._now()
        self._laps.append((step, now - self._lapped))
        self._lapped = now

    def summary(self) -> str:
        """Tell how long all steps took."""
        steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in self._laps)
        return f"{sum(seconds for _, seconds in self._laps):.1f} s: {steps}"
