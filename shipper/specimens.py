"""The first records of an object, as they can be seen without knowing which log they are of; without any I/O."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import msgspec
from msgspec import Raw

from shipper.envelopes import Enveloped
from shipper.errors import RecordError
from shipper.formats import ByMagic, Decoder, JsonRecords, Record, TextLines
from shipper.marks import Specimen

WRAPPER: Final = "Records"
"""Name of the array that records may lie in; a source with another one is told by its key alone."""

_EVENT: Final = frozenset({"detail-type", "detail"})
_HEADER: Final = re.compile(r"(?:#Fields:[ \t]*)?([\w()-]+(?:[ \t,]+[\w()-]+)*+)\s*\Z")


_decode_members = msgspec.json.Decoder(dict[str, Raw]).decode


class Line(Record):
    """A line of text."""

    text: str


class Specimens:
    """
    Takes the envelopes off the records of one object, and looks at each.

    Args:
        record_bytes: longest record
    """

    def __init__(self, record_bytes: int) -> None:
        json = JsonRecords(dict[str, Raw], wrapper=WRAPPER)
        bare: ByMagic[Any] = ByMagic({b"{": json, b"[": json}, otherwise=TextLines(Line))
        self._decoder: Decoder[Any] = Enveloped(bare).decoder(record_bytes=record_bytes)

    def feed(self, part: bytes) -> Iterator[Specimen | RecordError]:
        """Give the records that this part of the object completes; an envelope without a log gives none."""
        return _seen(self._decoder.feed(part))

    def finish(self) -> Iterator[Specimen | RecordError]:
        """Give what is left when nothing more comes."""
        while records := self._decoder.finish():
            yield from _seen(records)


def of_columns(names: tuple[str, ...]) -> Specimen:
    """Give the specimen of a table; Parquet has `_` where the text form of a log has `-`."""
    return Specimen(columns=frozenset(names) | {name.replace("_", "-") for name in names})


def _seen(records: list[Any]) -> Iterator[Specimen | RecordError]:
    for record in records:
        if isinstance(record, RecordError):
            yield record
        elif isinstance(record, Line):
            yield _of_line(record.text)
        elif record is not None:
            yield _of_object(record)


def _of_object(record: dict[str, Raw]) -> Specimen:
    """Look at an object, or at the detail of an event that EventBridge wrote to a log group."""
    if record.keys() >= _EVENT:
        with suppress(msgspec.DecodeError):
            record = _decode_members(record["detail"])
    return Specimen(members=frozenset(record))


def _of_line(text: str) -> Specimen:
    """Look at a line, which may be JSON among messages of text."""
    if text.startswith("{"):
        try:
            return _of_object(_decode_members(text))
        except msgspec.DecodeError:
            return Specimen(line=text)
    header = _HEADER.match(text)
    columns = frozenset(re.split(r"[ \t,]+", header[1])) if header else frozenset[str]()
    return Specimen(line=text, columns=columns)
