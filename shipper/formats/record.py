"""What decoders yield, and the protocols they follow."""

from typing import Protocol, TypeVar

from msgspec import Struct

from shipper.errors import RecordError


class Unparsed(Struct, frozen=True, gc=False):
    """
    One value of a record that has another type than its source declares.

    Attributes:
        field: path of the value inside the record, e.g. `userIdentity.type`
        value: the value as text (strings as they are, everything else as JSON)
    """

    field: str
    value: str


class Record(Struct, gc=False, kw_only=True):
    """Base of the Structs that say what AWS writes, one object a record."""


class Row(Struct, gc=False, kw_only=True):
    """Base of the Structs that say what AWS writes, one line of columns a record: every field is optional."""


R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Decoder(Protocol[R_co]):
    """
    Turns the blocks of one object into records, in order.

    The list of one call and what `original` and `unparsed` say of it stand until the next call.
    """

    def feed(self, block: bytes) -> "list[R_co | RecordError]":
        """Decode what this block completes."""

    def finish(self) -> "list[R_co | RecordError]":
        """Decode what is left when no more blocks come."""

    def original(self, index: int) -> bytes:
        """Give the bytes of one record of the list answered last."""

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one record of the list answered last that were set aside."""


class Format(Protocol[R_co]):
    """How the bytes of an object become records of one type."""

    def decoder(self, *, record_bytes: int) -> Decoder[R_co]:
        """
        Start on one object.

        Args:
            record_bytes: records longer than this become a `RecordError`
        """
