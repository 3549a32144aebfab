"""A format for each beginning: for logs of one kind that come in several formats under like keys."""

from collections.abc import Mapping
from typing import Final, Generic, TypeVar

from shipper.errors import RecordError
from shipper.formats.record import Decoder, Format, Unparsed

R = TypeVar("R")

HEAD_BYTES: Final = 4096
"""Bytes that decide at most: more blanks than that are no indentation."""


class ByMagic(Generic[R]):
    """
    The first bytes of an object decide about its format, whatever blanks stand ahead of them.

    Args:
        formats: by what their objects begin with
        otherwise: of an object that begins in no such way
        mixed: whether the messages in one envelope may begin differently; if not, all are of the format `otherwise`
            where that reads message by message
    """

    def __init__(self, formats: Mapping[bytes, Format[R]], otherwise: Format[R], *, mixed: bool = False) -> None:
        self.formats = dict(formats)
        self.otherwise = otherwise
        self.mixed = mixed
        self.form = "; ".join(dict.fromkeys(one.form for one in (*self.formats.values(), otherwise)))

    def of(self, head: bytes) -> Format[R]:
        """Give the format of an object that begins like this."""
        head = head[:HEAD_BYTES].lstrip()
        return next((one for magic, one in self.formats.items() if head.startswith(magic)), self.otherwise)

    def is_open(self, head: bytes) -> bool:
        """Tell whether the bytes that follow may decide otherwise."""
        return len(head) < HEAD_BYTES and any(magic.startswith(head.lstrip()) for magic in self.formats)

    def decoder(self, *, record_bytes: int) -> "MagicDecoder[R]":
        """Start on one object; see `Format`."""
        return MagicDecoder(self, record_bytes=record_bytes)


class MagicDecoder(Generic[R]):
    """Decodes one object; see `Decoder`."""

    def __init__(self, layout: ByMagic[R], *, record_bytes: int) -> None:
        self._layout = layout
        self._limit = record_bytes
        self._head: bytes | None = b""  # until it is decided
        self._decoder: Decoder[R] = layout.otherwise.decoder(record_bytes=record_bytes)

    @property
    def chosen(self) -> Decoder[R]:
        """The decoder that knows of the list answered last."""
        return self._decoder

    def feed(self, block: bytes) -> list[R | RecordError]:
        """Decode what this block completes, once the format is known."""
        if self._head is None:
            return self._decoder.feed(block)
        self._head += block
        return [] if self._layout.is_open(self._head) else self._decide(self._head)

    def finish(self) -> list[R | RecordError]:
        """Decode more of what is left."""
        found = self._decide(self._head) if self._head is not None else []
        return found or self._decoder.finish()

    def original(self, index: int) -> bytes:
        """Give the bytes of one record of the list answered last."""
        return self._decoder.original(index)

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one record of the list answered last that were set aside."""
        return self._decoder.unparsed(index)

    def _decide(self, head: bytes) -> list[R | RecordError]:
        self._decoder = self._layout.of(head).decoder(record_bytes=self._limit)
        self._head = None
        return self._decoder.feed(head)
