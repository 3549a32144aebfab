"""
Files of an export task of CloudWatch Logs: a stamp before each message, none before the further lines of a message.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from shipper.envelopes.contents import Content, Run
from shipper.envelopes.recognition import STAMP, STAMP_BYTES
from shipper.errors import RecordError
from shipper.formats.record import PassedOver

_NEXT: Final = re.compile(rb"\r?+\n(" + STAMP + rb")")

_Message = tuple[bytes, bytes]
"""The stamp and the message behind it."""


class ExportedLines:
    """
    Takes the stamps off the messages of one object; see `Unwrapper`.

    Args:
        record_bytes: longest message
    """

    def __init__(self, record_bytes: int) -> None:
        self._limit = record_bytes
        self._waiting: bytes | None = None  # what may be the beginning of a stamp; None ahead of the first
        self._stamp = b""  # of the message that is not whole yet
        self._message: list[bytes] | None = None  # that message
        self._length = 0  # of that message
        self._passed: PassedOver | None = None  # that message, when it is too long

    def feed(self, block: bytes) -> Iterator[Content]:
        """Give the messages that this block completes."""
        text = b"\n" + block.lstrip() if self._waiting is None else self._waiting + block
        undecided = _undecided(text)
        self._waiting = text[undecided:]
        yield from _runs(self._messages(text[:undecided]))

    def finish(self) -> Iterator[Content]:
        """Give the last message, which need not end in a newline."""
        text, self._waiting = self._waiting or b"", b""
        text = text.removesuffix(b"\n").removesuffix(b"\r")
        yield from _runs([*self._messages(text), *self._whole()])

    def _messages(self, text: bytes) -> list[_Message | RecordError]:
        """Cut text at the stamps."""
        rest, *stamped = _NEXT.split(text)
        whole: list[_Message | RecordError] = []
        self._add(rest)
        for stamp, message in zip(stamped[::2], stamped[1::2], strict=True):
            whole += self._whole()
            self._stamp, self._message = stamp, []
            self._add(message)
        return whole

    def _add(self, piece: bytes) -> None:
        """Let a piece of a message wait for the next stamp."""
        if self._passed:
            self._passed.add(piece)
        elif piece and self._message is not None:
            self._message.append(piece)
            self._length += len(piece)
            if self._length > self._limit:
                self._passed = PassedOver()
                self._passed.add(b"".join(self._message))
                self._message = []

    def _whole(self) -> list[_Message | RecordError]:
        """Give the message that is whole now, if one has begun."""
        message, passed = self._message, self._passed
        self._message, self._length, self._passed = None, 0, None
        if passed:
            cause = f"the message has {passed.length} bytes, the limit is {self._limit}"
            return [passed.error("too_long", cause)]
        return [] if message is None else [(self._stamp, b"".join(message))]


def _undecided(text: bytes) -> int:
    """Give the position from which on there may be the beginning of a stamp."""
    newline = text.rfind(b"\n")
    if newline < 0 or len(text) - newline > STAMP_BYTES:
        newline = len(text)
    return newline - text.endswith(b"\r", 0, newline)


def _runs(messages: list[_Message | RecordError]) -> Iterator[Content]:
    """Make runs of the messages between errors."""
    for is_error, group in groupby(messages, lambda message: isinstance(message, RecordError)):
        if is_error:
            yield from (error for error in group if isinstance(error, RecordError))
        else:
            stamped = [message for message in group if not isinstance(message, RecordError)]
            times = [stamp for stamp, _ in stamped]
            yield Run([message for _, message in stamped], [None] * len(stamped), times=times)
