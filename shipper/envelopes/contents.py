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
    Messages that can be decoded in one go, in order.

    Attributes:
        messages: as the service wrote them; usually one record each
        contexts: what the envelope of each says of it
        unparsed: values of the envelopes that have an undeclared type
        times: when CloudWatch Logs was given each, as it says so; none where there are no such times
        is_events: whether each message is the detail of an event: an object, and so usually one record
    """

    messages: list[bytes]
    contexts: list[Context | None]
    unparsed: tuple[Unparsed, ...] = ()
    times: list[Any] = field(default_factory=list)
    is_events: bool = False

    def goes_with(self, other: "Run") -> bool:
        """Tell whether the messages of another run may follow in this one: it must stay clear what is said of each."""
        same = self.unparsed == other.unparsed and bool(self.times) == bool(other.times)
        return same and self.is_events == other.is_events and (self.is_events or self.contexts[0] == other.contexts[0])

    def add(self, other: "Run") -> None:
        """Let the messages of another run follow."""
        self.messages += other.messages
        self.contexts += other.contexts
        self.times += other.times

    def part(self, start: int, stop: int) -> "Run":
        """Give some of the messages."""
        at = slice(start, stop)
        return Run(self.messages[at], self.contexts[at], self.unparsed, self.times[at], self.is_events)

    def circumstances(self) -> Iterator[tuple[Context | None, Any]]:
        """Give the context and the time of each message."""
        return zip(self.contexts, self.times or [None] * len(self.contexts), strict=True)


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
