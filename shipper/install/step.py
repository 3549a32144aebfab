"""What was done, or would be done, to one thing in the cluster."""

import difflib
import json
from enum import Enum
from typing import Any

from msgspec import Struct

from shipper import __version__
from shipper.product import numbers


class Change(Enum):
    """What installing does to a thing."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    """It belongs to the user and is never overwritten."""

    NEWER = "newer"
    """A newer shipper is at work in this cluster: what it has written, and what goes with that, stays as it is."""

    ROLLED = "rolled"
    """A data stream got a new backing index; the documents in the older ones stay."""


class Step(Struct, frozen=True):
    """
    One thing and what was done to it.

    Attributes:
        change: what was done
        kind: of thing: `component`, `index`, `policy` or `stream`
        name: of the thing
        detail: the difference as a unified diff, or what it was done for
    """

    change: Change
    kind: str
    name: str
    detail: str = ""


def difference(present: Any, wanted: Any) -> str:
    """Write what changes as a unified diff of sorted JSON."""
    before, after = (_lines(one) for one in (present, wanted))
    return "\n".join(difflib.unified_diff(before, after, "installed", "this version", lineterm=""))


def is_newer(version: str | None) -> bool:
    """Whether a shipper of this version is newer than we are."""
    return version is not None and numbers(version) > numbers(__version__)


def _lines(body: Any) -> list[str]:
    return [] if body is None else json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False).splitlines()
