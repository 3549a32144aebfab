"""What must be seen at the end, as far as the generator knows it."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

WHOLE_OBJECT: Final = -1
"""Position of a dead letter that stands for an object."""


class Fate(StrEnum):
    """What has to become of a record."""

    DOCUMENT = "document"
    """It is a document."""
    DEAD_LETTER = "dead_letter"
    """It is no log record any more: a dead letter."""
    REFUSED = "refused"
    """OpenSearch refuses it as it is: a dead letter, or a document that was made to fit."""
    COVERED = "covered"
    """It lies where its object is damaged: a document if it could be read, else its object's dead letter covers it."""
    COPY = "copy"
    """It stands in another object, too, where it is judged; there must not be a dead letter of it."""


class Expected(Struct, frozen=True):
    """
    One record.

    Attributes:
        id: by which it is found again
        position: in its object, from 0
        fate: what has to become of it
        reasons: what its dead letter may give as its reason
    """

    id: str
    position: int
    fate: Fate = Fate.DOCUMENT
    reasons: frozenset[str] = frozenset()


class ExpectedObject(Struct, frozen=True):
    """
    One object.

    Attributes:
        key: in the bucket
        records: in order
        reasons: what the dead letter that stands for the object may give as its reason; empty if there must be none
    """

    key: str
    records: tuple[Expected, ...] = ()
    reasons: frozenset[str] = frozenset()
