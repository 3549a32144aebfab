"""What decoders yield, and the protocols they follow."""

from typing import Final, Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from shipper.errors import RecordError

ORIGINAL_BYTES: Final = 1 << 20
"""Bytes of a broken record that are kept for its dead letter."""


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
    """
    Base of the Structs that say what AWS writes, one line of columns a record.

    Every field is optional. The rows of an object have a type of their own, with the fields of this one; methods are
    not carried over.
    """


def record_error(reason: str, cause: str, original: bytes) -> RecordError:
    """Put an error in the place of a record whose bytes are at hand."""
    return RecordError(reason, cause, original[:ORIGINAL_BYTES], len(original))


class PassedOver:
    """Bytes that are passed over, block by block, in bounded memory: their head and their number."""

    def __init__(self) -> None:
        self.head = bytearray()
        self.length = 0

    def add(self, piece: bytes) -> None:
        """Count these bytes too."""
        self.head += piece[: ORIGINAL_BYTES - len(self.head)]
        self.length += len(piece)

    def extend(self, other: "PassedOver") -> None:
        """Count what others passed over too."""
        self.head += other.head[: ORIGINAL_BYTES - len(self.head)]
        self.length += other.length

    def error(self, reason: str, cause: str) -> RecordError:
        """Put an error in the place of what was passed over."""
        return RecordError(reason, cause, bytes(self.head), self.length)


R = TypeVar("R")


class Decoder(Protocol[R]):
    """
    Turns the blocks of one object into records, in order.

    After the last block `finish` is called until it answers with an empty list: a format that can be read only when all
    of it is there, such as Parquet, gives its records then, list by list. The list of one call and what `original` and
    `unparsed` say of it stand until the next call. All lists together do not depend on where one block ends and the
    next begins.
    """

    def feed(self, block: bytes) -> list[R | RecordError]:
        """Decode what this block completes."""

    def finish(self) -> list[R | RecordError]:
        """Decode more of what is left when no more blocks come; an empty list when nothing is left."""

    def original(self, index: int) -> bytes:
        """Give the bytes of one record of the list answered last."""

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one record of the list answered last that were set aside."""


@runtime_checkable
class Tabular(Protocol):
    """A decoder of tables that name their columns."""

    @property
    def undeclared(self) -> tuple[str, ...]:
        """Names of the columns, of the list answered last, that the source does not declare."""


class Format(Protocol[R]):
    """How the bytes of an object become records of one type."""

    @property
    def form(self) -> str:
        """What the objects look like, for people."""

    def decoder(self, *, record_bytes: int) -> Decoder[R]:
        """
        Start on one object.

        Args:
            record_bytes: records longer than this become a `RecordError`
        """
