"""What envelopes hold."""

from collections.abc import Iterator
from typing import Any, Final, Protocol

from msgspec import Struct, field

from shipper.errors import RecordError
from shipper.formats import Unparsed


class Context(Struct, frozen=True, gc=False):
    """
    What an envelope says of all the records in it.

    Attributes:
        account: number of the account that the log is of
        region: where the event happened
        log_group: of CloudWatch Logs
        log_stream: of CloudWatch Logs
    """

    account: str | None = None
    region: str | None = None
    log_group: str | None = None
    log_stream: str | None = None


NO_CONTEXT: Final = Context()


class Run(Struct, gc=False):
    """
    Messages that have one context, in order.

    Attributes:
        messages: as the service wrote them; usually one record each
        context: what the envelopes say of them
        unparsed: values of the envelopes that have an undeclared type
        times: when CloudWatch Logs was given each, as it says so; none where there are no such times
    """

    messages: list[bytes]
    context: Context | None = None
    unparsed: tuple[Unparsed, ...] = ()
    times: list[Any] = field(default_factory=list)

    def says_the_same(self, other: "Run") -> bool:
        """Tell whether the messages of another run may follow in this one."""
        same = self.context == other.context and self.unparsed == other.unparsed
        return same and bool(self.times) == bool(other.times)


class Control(Struct, frozen=True, gc=False):
    """An envelope without any log in it: CloudWatch Logs asks whether the destination is there."""

    original: bytes


Content = Run | Control | RecordError
"""What comes out of an envelope; an error for an envelope that cannot be opened."""


class Unwrapper(Protocol):
    """Turns the blocks of one object into what its envelopes hold, in order."""

    def feed(self, block: bytes) -> Iterator[Content]:
        """Open the envelopes that this block completes; to be used up before the next call."""

    def finish(self) -> Iterator[Content]:
        """Open what is left when no more blocks come; to be used up."""
