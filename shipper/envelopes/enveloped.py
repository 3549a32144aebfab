"""A format inside of whatever wraps it, or bare."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from shipper.envelopes.contents import Context
from shipper.envelopes.export import ExportedLines
from shipper.envelopes.json import JsonEnvelopes
from shipper.envelopes.recognition import Form, recognize
from shipper.envelopes.unwrapping import UnwrappingDecoder
from shipper.formats import Decoder, Format, JsonRecords, Unparsed
from shipper.formats.backlog import Backlog

PART_BYTES: Final = 1 << 16
"""
Bytes of envelopes that are opened in one go.

A broken message costs a hundred times as much as a good one, and an object may hold nothing else.
"""


class Enveloped:
    """
    The records of a format, with or without envelopes around them; itself a `Format`.

    Args:
        inner: the source's own format
    """

    def __init__(self, inner: Format[Any]) -> None:
        self._inner = inner

    def decoder(self, *, record_bytes: int) -> "EnvelopedDecoder":
        """Start on one object; see `Format`."""
        return EnvelopedDecoder(self._inner, record_bytes)


class EnvelopedDecoder:
    """
    Decodes one object; see `Decoder`.

    The first bytes are held back until they tell. From then on all calls go straight to the decoder that was chosen.

    Args:
        inner: the source's own format
        record_bytes: longest record
    """

    def __init__(self, inner: Format[Any], record_bytes: int) -> None:
        self._inner = inner
        self._limit = record_bytes
        self._backlog = Backlog()
        self._chosen: Decoder[Any] | None = None

    @property
    def chosen(self) -> Decoder[Any]:
        """
        The decoder that knows of the list answered last, for code that asks it once a record.

        Raises:
            LookupError: nothing was answered yet
        """
        if self._chosen is None:
            raise LookupError("the object has not been recognized yet: there are no records to ask about")
        return self._chosen

    @property
    def contexts(self) -> Sequence[Context | None]:
        """What the envelope of each record of the list answered last says of it; empty when there are no envelopes."""
        return self._chosen.contexts if isinstance(self._chosen, UnwrappingDecoder) else ()

    def parts(self, block: bytes) -> Iterator[bytes]:
        """Cut a block into those to feed one by one, lest one call takes long: not at all once it is known as bare."""
        start = 0
        while start < len(block):
            is_bare = self._chosen is not None and not isinstance(self._chosen, UnwrappingDecoder)
            stop = len(block) if is_bare else start + PART_BYTES
            yield block[start:stop]
            start = stop

    def feed(self, block: bytes) -> list[Any]:
        """Decode what this block completes; None stands for an envelope with no log in it."""
        if self._chosen is not None:
            return self._chosen.feed(block)
        head = self._backlog.add(block)
        return [] if head is None else self._begin(head, final=False)

    def finish(self) -> list[Any]:
        """Decode more of what is left when no more blocks come; an empty list when nothing is left."""
        if self._chosen is None and (records := self._begin(self._backlog.take(), final=True)):
            return records
        return self.chosen.finish()

    def original(self, index: int) -> bytes:
        """Give the bytes of one record of the list answered last, without its envelope."""
        return self.chosen.original(index)

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one record of the list answered last, and of its envelope, that were set aside."""
        return self.chosen.unparsed(index)

    def _begin(self, head: bytes, *, final: bool) -> list[Any]:
        """Choose how to decode the object, unless that needs more bytes."""
        form = recognize(head, limit=self._limit, final=final)
        whole_events = isinstance(self._inner, JsonRecords) and self._inner.whole_events
        if form is Form.EVENTS and whole_events:
            form = Form.NONE  # to this source they are records
        match form:
            case None:
                self._backlog.keep(head)
                return []
            case Form.NONE:
                self._chosen = self._inner.decoder(record_bytes=self._limit)
            case Form.JSON | Form.EVENTS:
                unwrapper = JsonEnvelopes(self._limit, whole_events=whole_events)
                self._chosen = UnwrappingDecoder(unwrapper, self._inner, self._limit)
            case Form.EXPORT:
                self._chosen = UnwrappingDecoder(ExportedLines(self._limit), self._inner, self._limit)
        return self._chosen.feed(head)
