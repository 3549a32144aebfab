"""The event log of one seed, and the number of faults of each kind."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from faults.kinds import Fault


class Journal:
    """
    Writes what happens as JSON lines.

    Args:
        path: of the file; None keeps the counts only

    Attributes:
        faults: how many there were of each kind
        requests: that came to the proxies
    """

    def __init__(self, path: Path | None = None) -> None:
        self.faults: Counter[Fault] = Counter()
        self.requests = 0
        self._started = time.monotonic()
        self._file = path.open("w", encoding="utf-8") if path else None

    def note(self, event: str, **details: Any) -> None:
        """Write down that something happened."""
        if self._file:
            line = {"seconds": round(time.monotonic() - self._started, 3), "event": event, **details}
            self._file.write(json.dumps(line, default=str) + "\n")

    def fault(self, fault: Fault, **details: Any) -> None:
        """Write down a fault, and count it."""
        self.faults[fault] += 1
        self.note("fault", fault=fault, **details)

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
