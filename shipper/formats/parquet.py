"""
Parquet files: the rows of a table, column by column, with the table of contents at the end.

So nothing can be read before the last byte is there. The bytes wait in a scratch file on disk, and are then read batch
by batch: memory holds one batch and the pages it comes from, however long the file is.

https://parquet.apache.org/docs/file-format/
"""

import importlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

import msgspec

from shipper.errors import RecordError
from shipper.formats.arrow import Arrow, Rows
from shipper.formats.record import Row, Unparsed
from shipper.formats.scratch import Scratch

R = TypeVar("R", bound=Row)

MAGIC: Final = b"PAR1"
"""What a Parquet file begins and ends with."""

SPOOL_BYTES: Final = 2 << 30
"""Most bytes of one object that wait on disk."""

BATCH_ROWS: Final = 512
"""Most rows that are read in one go: some milliseconds."""

BATCH_BYTES: Final = 1 << 20
"""Bytes of rows that are read in one go, as far as the file tells how long its rows are."""

PAGE_BUFFER_BYTES: Final = 1 << 16
"""Bytes of each column that are read from the scratch file in one go."""

_NO_WORD: Final = re.compile(r"[^a-z0-9]+")

INSTALL: Final = "pip install 's3-siem-shipper[parquet]'"
"""How to get what reads Parquet."""


class Parquet(Generic[R]):
    """
    Rows of a Parquet file, whatever types its columns have.

    Args:
        row: the Struct of one row; the names that its fields have when encoded are the columns' names in the file,
            where `cs(User-Agent)` is written as `cs_user_agent`
        null: the token of a column without a value in the text form of the log; NULL and an empty text have none either
        spool_bytes: most bytes of an object that wait on disk; one that is longer becomes a `RecordError`
        keep: whether values of columns that are not declared are set aside, under the names of these
    """

    form: ClassVar = "Parquet"

    def __init__(self, row: type[R], *, null: str = "-", spool_bytes: int = SPOOL_BYTES, keep: bool = False) -> None:
        self.record = row
        self.null = null
        self.spool_bytes = spool_bytes
        self.keep = keep
        self._names = {_plain(field.encode_name): field.name for field in msgspec.structs.fields(row)}

    def decoder(self, *, record_bytes: int) -> "ParquetDecoder[R]":
        """Start on one object; see `Format`."""
        return ParquetDecoder(self, record_bytes=record_bytes)

    def fields(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Give the field of each column; an empty name for a column that is not declared, or was there before."""
        names = [self._names.get(_plain(column), "") for column in columns]
        return tuple("" if name in names[:index] else name for index, name in enumerate(names))

    def undeclared(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Give the names of the columns that the row does not declare."""
        return tuple(column for column in columns if _plain(column) not in self._names)


class ParquetDecoder(Generic[R]):
    """Decodes one object; see `Decoder`. All records come from `finish`."""

    def __init__(self, layout: Parquet[R], *, record_bytes: int) -> None:
        self._layout = layout
        self._limit = record_bytes
        self._scratch = Scratch(layout.spool_bytes)
        self._read: Iterator[RecordError | Rows[R]] | None = None
        self._answer: RecordError | Rows[R] | None = None

    def feed(self, block: bytes) -> list[R | RecordError]:
        """Let this block wait for the last one."""
        self._scratch.write(block)
        return []

    def finish(self) -> list[R | RecordError]:
        """Decode the next batch of rows."""
        if self._read is None:
            self._read = _read(self._layout, self._scratch, self._limit)
        self._answer = next(self._read, None)
        if self._answer is None:
            return []
        return [self._answer] if isinstance(self._answer, RecordError) else self._answer.values

    def original(self, index: int) -> bytes:
        """Give one row of the list answered last, all its columns, as JSON."""
        answer = self._answer
        if isinstance(answer, Rows):
            return answer.original(index)
        return answer.original if answer else b""

    def unparsed(self, index: int) -> tuple[Unparsed, ...]:
        """Give the values of one row of the list answered last that were set aside."""
        return self._answer.unparsed.get(index, ()) if isinstance(self._answer, Rows) else ()

    @property
    def undeclared(self) -> tuple[str, ...]:
        """Names of the columns that the source does not declare; see `Tabular`."""
        return self._layout.undeclared(self._answer.columns) if isinstance(self._answer, Rows) else ()


def columns(scratch: Scratch) -> tuple[str, ...] | RecordError:
    """Give the names of the columns of an object that is all there, or say why it cannot be read."""
    file = _file(scratch)
    return file if isinstance(file, RecordError) else tuple(file.schema_arrow.names)


def _read(layout: Parquet[R], scratch: Scratch, limit: int) -> Iterator[RecordError | Rows[R]]:
    """Read an object that is all there; nothing of it that cannot be read is left out without an error."""
    if scratch.length:
        file = _file(scratch)
        if isinstance(file, RecordError):
            yield file
        else:
            yield from _rows(layout, scratch, file, limit)
    scratch.close()


def _file(scratch: Scratch) -> Arrow | RecordError:
    """Open an object that is all there, or say why that does not work."""
    error = scratch.overrun()
    if error:
        return error
    try:
        return _opened(scratch)
    except ImportError:
        return _error(scratch, f"reading Parquet takes a package that is not installed: {INSTALL}")
    except _faults() as fault:
        return _error(scratch, f"not a whole Parquet file: {_cause(fault)}")


def _opened(scratch: Scratch) -> Arrow:
    """Read the table of contents."""
    parquet = importlib.import_module("pyarrow.parquet")
    return parquet.ParquetFile(
        scratch.file,
        buffer_size=PAGE_BUFFER_BYTES,  # with it, and without `pre_buffer`, pages are read one by one
        pre_buffer=False,
        page_checksum_verification=True,
    )


def _rows(layout: Parquet[R], scratch: Scratch, file: Arrow, limit: int) -> Iterator[RecordError | Rows[R]]:
    """Read the rows, group by group: what is wrong with one group says nothing about the next."""
    fields = layout.fields(file.schema_arrow.names)
    if not any(fields):
        yield _error(scratch, "none of the columns is known", reason="columns")
        return
    missing = file.metadata.num_rows
    for group in range(file.num_row_groups):
        there, read, fault = file.metadata.row_group(group).num_rows, 0, ""
        missing -= there
        batches = _batches(file, group)
        while (batch := _next(batches)) is not None:
            if isinstance(batch, str):
                fault = batch
                break
            read += batch.num_rows
            yield Rows(batch, layout.record, fields, null=layout.null, limit=limit, keep=layout.keep)
        if fault or read < there:
            place = f"row group {group + 1} of {file.num_row_groups}"
            cause = f"{there - read} of {there} rows cannot be read: {fault or 'the group ends before'}"
            yield RecordError("undecodable", f"{place}: {cause}", b"", 0)
    if missing > 0:
        yield _error(scratch, f"{missing} of {file.metadata.num_rows} rows are in no row group")


def _batches(file: Arrow, group: int) -> Iterator[Arrow]:
    about = file.metadata.row_group(group)
    rows = BATCH_BYTES * about.num_rows // max(about.total_byte_size, 1)
    batches: Iterator[Arrow] = file.iter_batches(
        batch_size=min(max(rows, 1), BATCH_ROWS), row_groups=[group], use_threads=False
    )
    return batches


def _next(batches: Iterator[Arrow]) -> Arrow:
    """Give the next batch; None when there is none; what is wrong when it cannot be read."""
    try:
        return next(batches, None)
    except _faults() as fault:
        return _cause(fault)


def _faults() -> tuple[type[Exception], ...]:
    """Give what is raised when the bytes are not as they should be."""
    return (importlib.import_module("pyarrow").ArrowException, OSError, ValueError)


def _cause(fault: Exception) -> str:
    """
    Say what is wrong with the bytes.

    Raises:
        OSError: it is the disk, not they
    """
    if isinstance(fault, OSError) and fault.errno:
        raise fault
    return str(fault).partition("\n")[0]


def _error(scratch: Scratch, cause: str, *, reason: str = "undecodable") -> RecordError:
    """Put an error in the place of the whole object."""
    return RecordError(reason, cause, scratch.head(), scratch.length)


def _plain(name: Any) -> str:
    """Write a name as column names are written: small letters, and `_` for whatever is no letter or digit."""
    return _NO_WORD.sub("_", str(name).lower()).strip("_")
