"""Rows of Parquet files become the records that their text would become, whatever is wrong with the file."""

import gc
import json
import sys
import tracemalloc
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from decoding import Decoded, block_sizes, cut, damaged, decoded, errors, records
from hypothesis import given
from hypothesis import strategies as st
from parquet_files import written
from properties import tried
from reading import documents
from sample_files import CASES, Case

from shipper.formats import Parquet, Row
from shipper.formats.parquet import BATCH_BYTES, BATCH_ROWS
from shipper.formats.record import ORIGINAL_BYTES

MIB = 1 << 20


class Flow(Row, rename="kebab"):
    """Columns of every type that a source uses."""

    name: str | None = None
    src_port: int | None = None
    start: datetime | None = None
    ratio: float | None = None


FLOWS = Parquet(Flow)
SPOOLED = Parquet(Flow, spool_bytes=1000)
BEGIN = datetime(2024, 5, 1, 10, 40, tzinfo=UTC)


def read(raw: bytes, sizes: Any = (), layout: Parquet[Flow] = FLOWS, limit: int = MIB) -> list[Decoded]:
    """Decode one file."""
    return decoded(layout, cut(raw, sizes), record_bytes=limit)


def many(rows: int, **options: Any) -> bytes:
    """Write a file whose rows can be told apart."""
    return written({"name": [f"n{at}" for at in range(rows)], "src_port": pa.array(range(rows), pa.int32())}, **options)


def scratch_files() -> int:
    """Count the open files without a name that something can still reach."""
    gc.collect(1)  # what a test has just dropped is young
    links = Path("/proc/self/fd").iterdir()
    return sum(link.is_symlink() and str(link.readlink()).endswith("(deleted)") for link in links)


# -- values ------------------------------------------------------------------------------------------------------------


def test_columns_as_they_are_declared() -> None:
    """Values have the types that the source declares, and what the file lacks is None."""
    [one] = read(written({"src_port": [443], "name": ["eni-1"], "start": [1714560000]}))
    assert (one.value.name, one.value.src_port, one.value.start, one.value.ratio) == ("eni-1", 443, BEGIN, None)
    assert one.unparsed == ()


@pytest.mark.parametrize("column", ["src_port", "src-port", "Src(Port)", "SRC_PORT"])
def test_spelling_of_columns(column: str) -> None:
    """A column may be spelled as in the text of the log, or as names in tables are."""
    [one] = read(written({column: [443]}))
    assert one.value.src_port == 443


def test_undeclared_columns() -> None:
    """They are set aside where the format is told to keep them, beside what is not as declared; NULL is nothing."""
    raw = written({"src_port": ["1", "x", "3"], "New-Column": ["a", "b", None], "raw": [b"\xff", None, None]})
    kept = read(raw, layout=Parquet(Flow, keep=True))
    assert [one.value.src_port for one in kept] == [1, None, 3]
    assert [[(value.field, value.value) for value in one.unparsed] for one in kept] == [
        [("New-Column", "a"), ("raw", "\\xff")],
        [("src_port", "x"), ("New-Column", "b")],
        [],
    ]
    assert [len(one.unparsed) for one in read(raw)] == [0, 1, 0]


KINDS: dict[str, tuple[str, Any, Any]] = {
    "number as text": ("src_port", ["443"], 443),
    "text as number": ("name", [2], "2"),
    "unsigned": ("src_port", pa.array([443], pa.uint16()), 443),
    "truth": ("name", [True], "true"),
    "float": ("ratio", [0.5], 0.5),
    "time": ("start", [BEGIN], BEGIN),
    "time without a zone": ("start", [BEGIN.replace(tzinfo=None)], BEGIN),
    "time in nanoseconds": (
        "start",
        pa.array([1714560000_123456789], pa.timestamp("ns", "Europe/Paris")),
        ...,
    ),
    "dictionary": ("name", pa.array(["a"]).dictionary_encode(), "a"),
    "bytes": ("name", [b"a"], "a"),
    "large text": ("name", pa.array(["a"], pa.large_string()), "a"),
    "list": ("name", [["a", "b"]], '["a","b"]'),
    "struct": ("name", [{"a": 1}], '{"a":1}'),
    "decimal": ("ratio", pa.array(["1.50"]).cast(pa.decimal128(9, 2)), 1.5),
    "nothing but NULL": ("name", pa.nulls(1), None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_types_of_the_file_do_not_matter(kind: str) -> None:
    """A value is read as its source declares it, whatever type its column has in the file."""
    column, values, expected = KINDS[kind]
    expected = BEGIN + timedelta(microseconds=123456) if expected is ... else expected
    [one] = read(written({column: values}))
    assert getattr(one.value, column) == expected
    assert one.unparsed == ()


def test_null() -> None:
    """NULL, the null token and an empty text are no value, in a column of any type."""
    out = read(written({"name": [None, "-", "", "a"], "src_port": [None, "-", "", "1"]}))
    assert [(row.name, row.src_port) for row in records(out)] == [(None, None)] * 3 + [("a", 1)]
    assert all(one.unparsed == () for one in out)


def test_every_value_of_a_row_may_drift() -> None:
    """A value of another type is set aside under its column's name; the other values and rows stay."""
    out = read(written({"src_port": ["1", "https", "3"], "name": ["a", "b", "c"], "start": ["5", "soon", None]}))
    assert [(row.name, row.src_port) for row in records(out)] == [("a", 1), ("b", None), ("c", 3)]
    assert [{part.field: part.value for part in one.unparsed} for one in out] == [
        {},
        {"src_port": "https", "start": "soon"},
        {},
    ]


def test_unknown_column() -> None:
    """A column that is not declared is passed over, but stands in the row's original."""
    [one] = read(written({"new": [[1]], "name": ["a"], "src_port": [None]}))
    assert one.value.name == "a"
    assert json.loads(one.original) == {"new": "[1]", "name": "a", "src_port": None}


def test_column_twice() -> None:
    """Of two columns with one name the first counts, also where the name is spelled in two ways."""
    raw = written({"src_port": [1], "name": ["a"], "src-port": [7]})
    assert [row.src_port for row in records(read(raw))] == [1]


@pytest.mark.parametrize("sizes", [(), (1,), (7,)])
def test_borders_of_blocks(sizes: tuple[int, ...]) -> None:
    """The rows are the same however the bytes arrive."""
    out = read(many(20), sizes)
    assert [(row.name, row.src_port) for row in records(out)] == [(f"n{at}", at) for at in range(20)]
    assert json.loads(out[7].original) == {"name": "n7", "src_port": "7"}


def test_no_rows() -> None:
    """A file without rows, and no bytes at all, give no records and no errors."""
    assert read(many(0)) == []
    assert read(b"") == []
    assert read(b"", (1,)) == []


# -- damage ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [4, 5, 60, -9, -4, -1])
def test_cut_file(at: int) -> None:
    """A file without its end is one error, with its length and its first bytes."""
    raw = many(20)[:at]
    [only] = errors(read(raw, (9,)))
    assert (only.reason, only.original, only.length) == ("undecodable", raw, len(raw))
    assert only.cause.startswith("not a whole Parquet file: ")


@pytest.mark.parametrize(
    "raw", [b"PAR1", b"PAR1PAR1", b"PAR1" + b"x" * 40 + b"PAR1", b"x", b"{}" * 100, bytes(3 * MIB)]
)
def test_junk(raw: bytes) -> None:
    """Bytes that are no Parquet file are one error, which keeps as much of them as of any broken record."""
    [only] = errors(read(raw))
    assert (only.reason, only.original, only.length) == ("undecodable", raw[:ORIGINAL_BYTES], len(raw))


def test_foreign_file() -> None:
    """A file none of whose columns is known is one error."""
    [only] = errors(read(written({"a": [1, 2], "b": [3, 4]})))
    assert (only.reason, only.cause) == ("columns", "none of the columns is known")


def test_damaged_group() -> None:
    """Of a group with a damaged page the rest is one error that counts it; the groups beside it are read."""
    raw = many(300, row_group_size=100, compression="none", write_page_checksum=True, use_dictionary=False)
    at = raw.index(b"n150")
    out = read(raw[:at] + b"x" + raw[at + 1 :])
    [error] = errors(out)
    assert [row.src_port for row in records(out)] == [*range(100), *range(200, 300)]
    assert error.cause.startswith("row group 2 of 3: 100 of 100 rows cannot be read: ")
    assert [one.value for one in out].index(error) == 100


def test_pages_before_a_damaged_one_are_read() -> None:
    """What was read of a group before its damage stays."""
    pages: dict[str, Any] = {"data_page_size": 1000, "write_batch_size": 128, "write_page_checksum": True}
    raw = many(4 * BATCH_ROWS, compression="none", use_dictionary=False, **pages)
    at = raw.rindex(b"n%d" % (4 * BATCH_ROWS - 1))
    out = read(raw[:at] + b"x" + raw[at + 1 :])
    [error] = errors(out)
    assert [row.src_port for row in records(out)] == list(range(3 * BATCH_ROWS))
    assert f"{BATCH_ROWS} of {4 * BATCH_ROWS} rows" in error.cause


NUMBER_OF_ROWS = b"\x16\xc8\x01"
"""How the table of contents writes 100."""


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        (b"\x16\xca\x01", "row group 1 of 1: 1 of 101 rows cannot be read: the group ends before"),
        (b"\x16\xc6\x01", "1 of 100 rows are in no row group"),
    ],
)
def test_rows_are_counted(wrong: bytes, cause: str) -> None:
    """Fewer rows than the file says that it has are an error, though nothing else is wrong."""
    raw = many(100, store_schema=False)
    at = raw.rindex(NUMBER_OF_ROWS)
    out = read(raw[:at] + wrong + raw[at + len(wrong) :])
    assert [error.cause for error in errors(out)] == [cause]
    assert len(records(out)) in (99, 100)


def test_neighbours_of_a_bad_value() -> None:
    """A value that is not UTF-8 takes its own row and no other, and the error shows the row."""
    names = [b"n%d" % at for at in range(3 * BATCH_ROWS)]
    bad = [0, 5, BATCH_ROWS, 3 * BATCH_ROWS - 1]
    for at in bad:
        names[at] = b"\xff%d" % at
    raw = written({"name": pa.array(names, pa.binary()), "src_port": list(range(len(names)))})
    out = read(raw)
    assert [row.src_port for row in records(out)] == [at for at in range(len(names)) if at not in bad]
    assert [out[at].value for at in bad] == errors(out)
    assert json.loads(out[5].original) == {"name": "\\xff5", "src_port": "5"}
    assert {error.reason for error in errors(out)} == {"undecodable"}


def test_text_that_is_no_text() -> None:
    """A file may say of bytes that they are text: that is found out too."""
    names = pa.array([b"a", b"\xff", b"c"], pa.binary())
    lying = pa.StringArray.from_buffers(3, names.buffers()[1], names.buffers()[2])
    out = read(written({"name": lying}))
    assert [type(one.value).__name__ for one in out] == ["Flow", "RecordError", "Flow"]


@pytest.mark.parametrize("dictionary", [True, False])
def test_row_longer_than_the_limit(dictionary: bool) -> None:  # noqa: FBT001 - a parameter
    """A row that is longer than the limit is one error; its neighbours are read."""
    names: Any = pa.array(["a", "b" * 500, "c"])
    out = read(written({"name": names.dictionary_encode() if dictionary else names}), limit=100)
    assert [row.name for row in records(out)] == ["a", "c"]
    [error] = errors(out)
    assert error.reason == "too_long"
    assert json.loads(error.original) == json.loads(out[1].original) == {"name": "b" * 500}


@tried
@given(st.data(), block_sizes)
def test_no_damage_does_harm(data: st.DataObject, sizes: list[int]) -> None:
    """Whatever byte is damaged, every row is a record or is counted by an error, and nothing is raised."""
    raw = many(30, row_group_size=10, compression=data.draw(st.sampled_from(["none", "gzip"])))
    for _ in range(data.draw(st.integers(0, 2))):
        raw = data.draw(damaged(raw)) or raw
    assert read(raw, sizes) == read(raw)
    assert read(raw)


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 400, 10**6])
def test_object_longer_than_the_scratch_file_may_be(size: int) -> None:
    """An object over the budget is one error with its whole length and its first bytes, and takes no room."""
    raw = bytes(range(256)) * 5
    before = scratch_files()
    decoder = SPOOLED.decoder(record_bytes=MIB)
    for block in cut(raw, (size,)):
        assert decoder.feed(block) == []
    assert scratch_files() == before
    [only] = decoder.finish()
    cause = "the object has 1280 bytes, the limit for reading such an object is 1000"
    assert (only.reason, only.cause, only.original, only.length) == ("too_long", cause, raw, 1280)  # type: ignore[union-attr]
    assert decoder.finish() == []


def test_of_a_long_object_the_beginning_is_kept() -> None:
    """Of an object over the budget as much is kept as of any broken record, and all of it is counted."""
    raw = array("I", range(MIB)).tobytes()
    layout = Parquet(Flow, spool_bytes=2 * MIB)
    [only] = errors(read(raw, (MIB + 7,), layout))
    assert (only.original, only.length) == (raw[:ORIGINAL_BYTES], 4 * MIB)


def test_object_as_long_as_the_scratch_file_may_be() -> None:
    """An object of exactly as many bytes as the budget is read."""
    raw = many(20)
    layout = Parquet(Flow, spool_bytes=len(raw))
    assert len(records(read(raw, (100,), layout))) == 20


def test_rows_come_in_batches() -> None:
    """No list is longer than a batch, so that memory and the time between two lists are bounded."""
    lengths = [len(values) for values in lists(many(3 * BATCH_ROWS + 1))]
    assert lengths == [BATCH_ROWS, BATCH_ROWS, BATCH_ROWS, 1]


def test_batches_of_long_rows_are_short() -> None:
    """A batch of long rows has as few as fit into its bytes."""
    raw = written({"name": [f"{at}" * 10_000 for at in range(200, 300)]}, compression="none", use_dictionary=False)
    assert max(len(values) for values in lists(raw)) <= BATCH_BYTES // 30_000


def lists(raw: bytes) -> Iterator[list[Any]]:
    """Give what `finish` answers, call by call."""
    decoder = FLOWS.decoder(record_bytes=MIB)
    decoder.feed(raw)
    return iter(decoder.finish, [])


def test_memory_is_bounded() -> None:
    """Reading a file of many rows in one group holds a batch and the pages it comes from, not the group."""
    rows = 10_000
    names = [f"{at:0200}" for at in range(rows)]
    options = {"compression": "none", "use_dictionary": False, "data_page_size": 1 << 16}
    raw = written({"name": names, "src_port": range(rows)}, **options)
    assert len(raw) > 2 * MIB
    gc.collect()
    pool = pa.default_memory_pool()
    batches = lists(raw)
    before, columns, read_rows = pool.bytes_allocated(), 0, 0
    tracemalloc.start()
    for values in batches:
        read_rows += len(values)
        columns = max(columns, pool.bytes_allocated() - before)
    others = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read_rows == rows
    assert columns + others < 2 * MIB


# -- scratch files -----------------------------------------------------------------------------------------------------


def test_scratch_file_is_closed_at_the_end() -> None:
    """After the last list nothing is left on disk."""
    before = scratch_files()
    decoder = FLOWS.decoder(record_bytes=MIB)
    decoder.feed(many(3))
    assert scratch_files() == before + 1
    assert len(decoder.finish()) == 3
    assert decoder.finish() == decoder.finish() == []
    assert scratch_files() == before


@pytest.mark.parametrize("begun", [False, True])
def test_scratch_file_is_closed_with_its_decoder(begun: bool) -> None:  # noqa: FBT001 - a parameter
    """A decoder that is dropped, at whatever point, leaves nothing on disk, and nothing warns of it."""
    before = scratch_files()
    decoder = FLOWS.decoder(record_bytes=MIB)
    decoder.feed(many(3 * BATCH_ROWS))
    assert not begun or decoder.finish()
    assert scratch_files() == before + 1
    del decoder
    assert scratch_files() == before


def test_disk_that_fails_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the disk is raised, so that the object is tried again, and not taken for one of the file."""

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("pyarrow.parquet.ParquetFile", fail)
    with pytest.raises(OSError, match="Input/output error"):
        read(many(1))


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package that reads Parquet the object is one error, which says how to install it."""
    for name in ("pyarrow", "pyarrow.compute", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    raw = b"PAR1" + bytes(50)
    [only] = errors(read(raw))
    assert only.cause.endswith("pip install 's3-siem-shipper[parquet]'")
    assert (only.original, only.length) == (raw, len(raw))


# -- the same log in two formats ---------------------------------------------------------------------------------------

PARQUET = [case for case in CASES if case.path.suffix == ".parquet"]


@pytest.mark.parametrize("case", PARQUET, ids=lambda case: case.name)
def test_text_and_parquet_say_the_same(case: Case) -> None:
    """A log as Parquet gives the documents, ids included, that the same log gives as text."""
    text = Case(case.path.with_name(case.path.stem.removeprefix("parquet_") + ".log"), case.source)
    assert documents(case)
    assert documents(case) == documents(text)
