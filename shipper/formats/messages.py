"""Messages out of envelopes, each of which is one record, whatever lines are in it."""

from datetime import datetime
from typing import Final, Protocol, TypeVar, runtime_checkable

from msgspec import Struct, field

from shipper.errors import RecordError
from shipper.formats.record import Record, Unparsed

R_co = TypeVar("R_co", covariant=True)


class Around(Struct, frozen=True, gc=False):
    """
    What is known of a message from what was around it.

    Attributes:
        log_group: of CloudWatch Logs
        log_stream: of CloudWatch Logs
        time: when CloudWatch Logs was given it
    """

    log_group: str | None = None
    log_stream: str | None = None
    time: datetime | None = None


NOTHING_AROUND: Final = Around()


AROUND: Final = "around"
"""Name of the field for it, which AWS does not write."""


class Entry(Record):
    """Base of the Structs that say what a message holds."""

    # Where a message is JSON, no member of it is for this field.
    around: Around = field(name="$around", default=NOTHING_AROUND)

    @property
    def has_time(self) -> bool:
        """Whether it tells its time itself, so that nobody will ask what was around it."""
        return False


@runtime_checkable
class Messages(Protocol[R_co]):
    """A format that is asked to read messages one by one, because they may have several lines."""

    def message(
        self, text: bytes, around: Around, *, record_bytes: int
    ) -> tuple[R_co | RecordError, tuple[Unparsed, ...]]:
        """Decode one message, and give the values that were set aside from it."""
