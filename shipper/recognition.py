"""
Which log an object is, told by its content where its key does not tell.

The blocks that were looked at are held back and given again, so that nothing is read twice from S3: in memory while the
first records are not whole; in a scratch file for Parquet, whose columns are named at its end.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Final, NamedTuple

from shipper.envelopes.json import ENVELOPE_BYTES
from shipper.errors import ObjectError, ObjectUnrecognized, RecordError
from shipper.formats import parquet
from shipper.formats.scratch import Scratch
from shipper.marks import Specimen
from shipper.notification import ObjectRef
from shipper.source import Claim, Origin, Source, Sources
from shipper.specimens import Specimens, of_columns

MOST_RECORDS: Final = 16
"""Records that are looked at: all that are someone's must be the same one's."""

PART_BYTES: Final = 1 << 16
"""Bytes of a block that are looked at in one go; the first records of most objects lie in them."""


class Recognized(NamedTuple):
    """
    An object that is known.

    Attributes:
        source: what it is
        origin: what its key says of its records
        blocks: all of it, from the beginning
    """

    source: Source[Any, Any]
    origin: Origin
    blocks: AsyncIterator[bytes]


async def recognized(
    claim: Claim | None,
    sources: Sources,
    ref: ObjectRef,
    blocks: AsyncIterator[bytes],
    *,
    record_bytes: int,
) -> Recognized | None:
    """
    Look at the first records of an object whose key does not tell.

    Args:
        claim: what its key tells
        sources: the log sources
        ref: the object
        blocks: its inflated bytes
        record_bytes: longest record

    Returns:
        What it is; None if there are no records in it.

    Raises:
        ObjectUnrecognized: its records are no one's, or of several sources
        ObjectError: it cannot be read so far
    """
    if claim is not None:
        return Recognized(*claim, blocks)
    recognizer = Recognizer(sources, record_bytes)
    failure: ObjectError | None = None
    try:
        async for block in blocks:
            if recognizer.feed(block):
                break
        else:
            recognizer.finish()
    except ObjectError as error:  # what was readable is worth having
        recognizer.finish()
        if recognizer.dataset is None:
            raise
        failure = error
    if recognizer.fault:
        raise ObjectUnrecognized(ref.bucket, ref.key, recognizer.fault)
    found = sources.of(ref, recognizer.dataset) if recognizer.dataset else None
    return Recognized(*found, _again(recognizer.held(), blocks, failure)) if found else None


async def _again(
    held: Iterator[bytes], blocks: AsyncIterator[bytes], failure: ObjectError | None
) -> AsyncIterator[bytes]:
    """Give what was held back, and then the rest, which may be that the object breaks off."""
    for block in held:
        yield block
    if failure:
        raise failure
    async for block in blocks:
        yield block


class Recognizer:
    """
    Looks at the first records of one object, without any I/O of its own.

    Args:
        sources: the sources it may be of
        record_bytes: longest record
    """

    def __init__(self, sources: Iterable[Source[Any, Any]], record_bytes: int) -> None:
        self._sources = tuple(sources)
        self._specimens = Specimens(record_bytes)
        self._most_bytes = max(record_bytes, ENVELOPE_BYTES)
        self._held: list[bytes] = []
        self._scratch: Scratch | None = None
        self._head: bytes | None = b""  # until it tells whether this is Parquet
        self._length = 0
        self._looked = 0
        self._found: set[str] = set()
        self._error: RecordError | None = None

    def feed(self, block: bytes) -> bool:
        """Look at what this block completes; tell whether that is enough."""
        self._length += len(block)
        if self._scratch:
            self._scratch.write(block)
            return False
        self._held.append(block)
        if self._head is None:
            return self._look_into(block)
        self._head += block
        if len(self._head) < len(parquet.MAGIC) and parquet.MAGIC.startswith(self._head):
            return False
        head, self._head = self._head, None
        if not head.startswith(parquet.MAGIC):
            return self._look_into(head)
        self._held.clear()
        self._scratch = Scratch(parquet.SPOOL_BYTES)
        self._scratch.write(head)
        return False

    def finish(self) -> None:
        """Look at what is left when no more blocks come."""
        if self._scratch:
            names = parquet.columns(self._scratch)
            self._look(iter([names if isinstance(names, RecordError) else of_columns(names)]))
        else:
            self._look_into(self._head or b"")
            self._look(self._specimens.finish())

    @property
    def dataset(self) -> str | None:
        """The dataset of the one source whose records these are."""
        return next(iter(self._found)) if len(self._found) == 1 else None

    @property
    def fault(self) -> str:
        """Why there is not one such source; empty if there is, or if there are no records."""
        if len(self._found) > 1:
            return (
                f"its key tells no source, and its first records are of several: {', '.join(sorted(self._found))}; "
                "deliver each log under a prefix of its own"
            )
        if self._found or not (self._looked or self._length > self._most_bytes):
            return ""
        why = f" ({self._error.cause})" if self._error else ""
        return (
            f"no source claims its key, and its first records are of no log that we know{why}; "
            "name the log in [[routes]], or have the key ignored there"
        )

    def held(self) -> Iterator[bytes]:
        """Give all blocks again, once."""
        return self._scratch.blocks() if self._scratch else _drained(self._held)

    def _look_into(self, block: bytes) -> bool:
        """Look at the records that these bytes complete; tell whether that is enough."""
        for start in range(0, len(block), PART_BYTES):
            self._look(self._specimens.feed(block[start : start + PART_BYTES]))
            if self._looked == MOST_RECORDS:
                return True
        return self._length > self._most_bytes

    def _look(self, specimens: Iterator[Specimen | RecordError]) -> None:
        """Ask each source whether these are its records."""
        for specimen in specimens:
            if self._looked == MOST_RECORDS:
                return
            self._looked += 1
            if isinstance(specimen, RecordError):
                self._error = self._error or specimen
                continue
            self._found |= {one.dataset for one in self._sources if one.marks.fit(specimen)}


def _drained(blocks: list[bytes]) -> Iterator[bytes]:
    """Give each block and keep none."""
    while blocks:
        yield blocks.pop(0)
