"""From what envelopes hold to records of the source's own format."""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import chain, groupby, repeat
from operator import eq
from typing import Any

from shipper.envelopes.contents import NO_CONTEXT, Content, Context, Control, Run, Unwrapper
from shipper.envelopes.moments import moment
from shipper.errors import RecordError
from shipper.formats import Around, ByMagic, Decoder, Entry, Format, Messages, Unparsed


class UnwrappingDecoder:
    """
    Decodes the messages of one object; see `Decoder`.

    A run of messages is decoded in one go. Where any of it is broken, or it is not clear which message a record comes
    from, it is halved until the message stands alone, with a decoder of its own, so that a broken one cannot take parts
    of its neighbours with it. Where a record may have several lines, each message is one, whatever its lines look like.

    Args:
        unwrapper: takes off the envelopes
        inner: format of the messages
        record_bytes: longest record

    Attributes:
        contexts: of each record of the list answered last
    """

    def __init__(self, unwrapper: Unwrapper, inner: Format[Any], record_bytes: int) -> None:
        self._unwrapper = unwrapper
        self._inner = inner
        text = inner.otherwise if isinstance(inner, ByMagic) else inner
        self._messages = text if isinstance(text, Messages) else None
        self._in_runs = tuple(inner.formats) if isinstance(inner, ByMagic) and inner.mixed else ()
        self._limit = record_bytes
        self._replayed: dict[int, Decoder[Any]] = {}  # by the run's place in the list answered last; at most one
        self._answer([])

    def feed(self, block: bytes) -> list[Any]:
        """Decode the messages that this block completes; None stands for an envelope with no log in it."""
        return self._answer(self._unwrapper.feed(block))

    def finish(self) -> list[Any]:
        """Decode what is left when no more blocks come."""
        return self._answer(self._unwrapper.finish())

    def original(self, index: int) -> bytes:
        """Give the bytes of one record of the list answered last, without its envelope."""
        record = self._out[index]
        if isinstance(record, RecordError):
            return record.original
        if index in self._originals:
            return self._originals[index]
        at = bisect_right(self._starts, index) - 1
        if at not in self._replayed:
            self._replayed = {at: self._inner.decoder(record_bytes=self._limit)}
            self._replayed[at].feed(_joined(self._runs[at]))
        return self._replayed[at].original(index - self._starts[at])

    def message(self, index: int) -> bytes:
        """Give the first of the messages that were decoded together with this record: unlike the original, at once."""
        if index in self._originals:
            return self._originals[index]
        return self._runs[bisect_right(self._starts, index) - 1][0]

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one record of the list answered last, and of its envelope, that were set aside."""
        return self._unparsed.get(index, ())

    def _answer(self, contents: Iterable[Content]) -> list[Any]:
        self._out: list[Any] = []
        self.contexts: list[Context | None] = []
        self._unparsed: dict[int, tuple[Unparsed, ...]] = {}
        self._originals: dict[int, bytes] = {}
        # Originals are seldom asked for, so the messages are kept from which they can be found once more.
        self._starts: list[int] = []
        self._runs: list[list[bytes]] = []
        self._replayed = {}
        for content in contents:
            if isinstance(content, Run) and self._messages:
                self._parted(self._messages, content)
            elif isinstance(content, Run):
                self._run(content)
            elif isinstance(content, Control):
                self._originals[len(self._out)] = content.original
                self._extend([None], [None])
            else:
                self._extend([content], [None])
        return self._out

    def _run(self, run: Run) -> None:
        """Decode messages in one go where none is broken and it is clear which record is whose, else half by half."""
        if len(run.messages) == 1:
            self._alone(run)
            return
        decoder = self._inner.decoder(record_bytes=self._limit)
        records = decoder.feed(_joined(run.messages))
        unparsed = _set_aside(decoder, len(records))
        is_whole = (
            not any(type(record) is RecordError for record in records)
            and (self._is_uniform(run) or _are_of(run.messages, decoder, len(records)))
            and not decoder.finish()  # the last to ask: it forgets the records
        )
        if not is_whole:
            middle = len(run.messages) // 2
            self._run(run.part(0, middle))
            self._run(run.part(middle, len(run.messages)))
            return
        self._starts.append(len(self._out))
        self._runs.append(run.messages)
        self._tell(run, unparsed, len(records))
        self._extend(records, run.contexts if len(records) == len(run.contexts) else run.contexts[:1] * len(records))
        if self._messages:
            _place(records, run.circumstances())

    def _is_uniform(self, run: Run) -> bool:
        """Tell whether the same is said of all messages, as far as that will be asked for."""
        return not (self._messages and run.times) and run.contexts.count(run.contexts[0]) == len(run.contexts)

    def _parted(self, form: Messages[Any], run: Run) -> None:
        """Decode messages one by one, but for those that begin like records of which many are decoded in one go."""
        start = 0
        for in_runs, group in groupby(run.messages, lambda message: message.lstrip().startswith(self._in_runs)):
            stop = start + sum(1 for _ in group)
            part = run.part(start, stop)
            if in_runs:
                self._run(part)
            else:
                self._each(form, part)
            start = stop

    def _each(self, form: Messages[Any], run: Run) -> None:
        """Decode messages one by one."""
        for message, (context, time) in zip(run.messages, run.circumstances(), strict=True):
            if message and not message.isspace():
                record, unparsed = form.message(message, _around(context, time), record_bytes=self._limit)
                self._originals[len(self._out)] = message
                self._tell(run, {0: unparsed} if unparsed else {}, 1)
                self._extend([record], [context])

    def _alone(self, run: Run) -> None:
        """Take whatever one message gives, with its errors."""
        message, [(context, time)] = run.messages[0], run.circumstances()
        decoder = self._inner.decoder(record_bytes=self._limit)
        for records in chain([decoder.feed(message)], iter(decoder.finish, [])):
            start = len(self._out)
            self._originals |= {start + index: decoder.original(index) for index in range(len(records))}
            self._tell(run, _set_aside(decoder, len(records)), len(records))
            self._extend(records, [context] * len(records))
            if self._messages:
                _place(records, repeat((context, time)))

    def _tell(self, run: Run, unparsed: dict[int, tuple[Unparsed, ...]], number: int) -> None:
        """Keep what was set aside from the next records and from their envelopes."""
        start = len(self._out)
        if run.unparsed:
            unparsed = {index: run.unparsed + unparsed.get(index, ()) for index in range(number)}
        self._unparsed |= {start + index: values for index, values in unparsed.items()}

    def _extend(self, records: list[Any], contexts: list[Context | None]) -> None:
        self._out += records
        self.contexts += contexts


def _around(context: Context | None, time: Any) -> Around:
    known = context or NO_CONTEXT
    return Around(known.log_group, known.log_stream, moment(time))


def _place(records: list[Any], circumstances: Iterable[tuple[Context | None, Any]]) -> None:
    """Tell records that have no time themselves what was around their messages."""
    for record, (context, time) in zip(records, circumstances, strict=False):
        if isinstance(record, Entry) and not record.has_time:
            record.around = _around(context, time)


def _are_of(messages: list[bytes], decoder: Decoder[Any], number: int) -> bool:
    """Tell whether each record answered last is one message: their number alone may come about by chance."""
    originals = map(decoder.original, range(number))
    return number == len(messages) and all(map(eq, originals, map(bytes.strip, messages)))


def _joined(messages: list[bytes]) -> bytes:
    return b"\n".join([*messages, b""])


def _set_aside(decoder: Decoder[Any], number: int) -> dict[int, tuple[Unparsed, ...]]:
    """Give what was set aside from the records answered last, by their place."""
    return {index: values for index in range(number) if (values := decoder.unparsed(index))}
