"""
Envelopes that are JSON objects: a line each, or glued together as Firehose does it.

Which kind an object is, is told one by one: a rule with an input transformer may strip some of them, and what is no
envelope is a bare record.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import msgspec
from msgspec import Raw, field

from shipper.envelopes.contents import Content, Context, Control, Run
from shipper.errors import RecordError
from shipper.formats import JsonRecords, Record, Unparsed
from shipper.formats.record import record_error

ENVELOPE_BYTES: Final = 1 << 24
"""
Longest envelope, where the longest record is not longer: a subscription packs as many messages into one as give a
megabyte when compressed.
"""

_decode_members = msgspec.json.Decoder(dict[str, Raw]).decode


class LogEvent(Record):
    """One member of `logEvents`."""

    message: Any = None
    timestamp: Any = None


class Envelope(Record, rename="camel"):
    """Any of the kinds of envelopes; what is not declared is dropped, see `DROPPED`."""

    # CloudWatch Logs
    message_type: Any = None
    owner: str | None = None
    log_group: str | None = None
    log_stream: str | None = None
    log_events: list[LogEvent] | None = None
    # EventBridge
    detail_type: Any = field(name="detail-type", default=None)
    account: str | None = None
    region: str | None = None
    detail: Raw = Raw()
    # Firehose
    message: Any = None


DROPPED: Final = {
    "messageType": "tells an envelope from a control message",
    "subscriptionFilters[]": "names of filters: how the log came here, not what happened",
    "policyLevel": "how the log came here, not what happened",
    "logEvents[].id": "of the copy in CloudWatch Logs; the record has its own id, or its place in the object",
    "logEvents[].timestamp": "when CloudWatch Logs took it in; only for a record without a time of its own",
    "logEvents[].extractedFields": "parts of the message once more",
    "version": "of the envelope",
    "id": "of the envelope; another one for each copy of the record",
    "detail-type": "the record's own event type says the same",
    "source": "the record's own event source says the same",
    "time": "the record's own time, without the fraction of the second",
    "resources[]": "usually empty; the record has its own resources",
    "replay-name": "how the event came here, not what happened",
}
"""Path of each value of an envelope that no document carries, with the reason."""


class JsonEnvelopes:
    """
    Opens the envelopes of one object; see `Unwrapper`.

    Args:
        record_bytes: longest record
        whole_events: whether events of EventBridge are left in their envelopes
    """

    def __init__(self, record_bytes: int, *, whole_events: bool = False) -> None:
        self._whole_events = whole_events
        self._decoder = JsonRecords(Envelope).decoder(record_bytes=max(record_bytes, ENVELOPE_BYTES))

    def feed(self, block: bytes) -> Iterator[Content]:
        """Open the envelopes that this block completes."""
        return self._joined(self._decoder.feed(block))

    def finish(self) -> Iterator[Content]:
        """Put errors in the place of what is left."""
        return self._joined(self._decoder.finish())

    def _joined(self, envelopes: list[Envelope | RecordError]) -> Iterator[Content]:
        """Open envelopes, and make one run of neighbours that go together."""
        run: Run | None = None
        for index, envelope in enumerate(envelopes):
            for content in self._contents(index, envelope):
                if not isinstance(content, Run):
                    if run:
                        yield run
                    run = None
                    yield content
                elif run and run.goes_with(content):
                    run.add(content)
                else:
                    if run:
                        yield run
                    run = content
        if run:
            yield run

    def _contents(self, index: int, envelope: Envelope | RecordError) -> Iterator[Content]:
        """Open one envelope."""
        if isinstance(envelope, RecordError):
            yield envelope
            return
        original, unparsed = self._decoder.original(index), self._decoder.unparsed(index)
        if envelope.log_events is not None and envelope.message_type == "CONTROL_MESSAGE":
            yield Control(original)
        elif envelope.log_events is not None:
            yield from _log_events(envelope, envelope.log_events, original, unparsed)
        elif envelope.detail_type is not None and (detail := bytes(envelope.detail)):
            context = Context(envelope.account, envelope.region)
            if self._whole_events:
                yield Run([original], [context], is_events=True)
            else:
                yield Run([detail], [context], unparsed, is_events=detail.startswith(b"{"))
        elif envelope.message is not None and _is_alone(original):
            yield Run([_message(envelope.message)], [None])
        else:
            yield Run([original], [None])


def _log_events(
    envelope: Envelope, events: list[LogEvent], original: bytes, unparsed: tuple[Unparsed, ...]
) -> Iterator[Content]:
    """Take the messages out of a payload of CloudWatch Logs."""
    context = Context(envelope.owner, None, envelope.log_group, envelope.log_stream)
    for has_message, group in groupby(events, lambda event: event.message is not None):
        if has_message:
            told = list(group)
            times = [event.timestamp for event in told]
            yield Run([_message(event.message) for event in told], [context] * len(told), unparsed, times)
        else:
            error = record_error("undecodable", "a log event without a message", original)
            yield from (error for _ in group)


def _is_alone(original: bytes) -> bool:
    """Tell whether the message of an object is its only member."""
    try:
        return len(_decode_members(original)) == 1
    except UnicodeDecodeError:  # the decoder of envelopes does not look into names that it does not know
        return False


def _message(value: Any) -> bytes:
    """Give a message, which somebody may have parsed on the way."""
    return value.encode() if isinstance(value, str) else msgspec.json.encode(value)
