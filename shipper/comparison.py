"""Two documents beside each other, field by field."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

OF_THE_MOMENT: Final = frozenset({"event.ingested", "shipper.lag_seconds"})
"""Fields that tell when the document was made, and so differ each time."""

ABSENT: Final = None
"""Value of a field that is not there; documents have no null."""


class Difference(Struct, frozen=True):
    """
    A field that is not the same in two documents.

    Attributes:
        field: path, with dots
        stored: its value in the document that is indexed; None if it is not there
        fresh: its value in the new document; None if it is not there
    """

    field: str
    stored: Any
    fresh: Any


def differences(stored: Mapping[str, Any], fresh: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Give the fields in which two documents differ, sorted; those that tell of the moment do not count."""
    old, new = dict(_leaves(stored)), dict(_leaves(fresh))
    return tuple(
        Difference(field, old.get(field, ABSENT), new.get(field, ABSENT))
        for field in sorted(old.keys() | new.keys())
        if field not in OF_THE_MOMENT and old.get(field, ABSENT) != new.get(field, ABSENT)
    )


def _leaves(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, member in value.items():
        if isinstance(member, dict) and member:
            yield from _leaves(member, f"{prefix}{name}.")
        else:
            yield prefix + name, member
