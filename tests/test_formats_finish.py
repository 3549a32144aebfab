"""The end of an object, for decoders of every format."""

from typing import Any

import pytest
from parquet_files import written

from shipper.formats import (
    ByMagic,
    Format,
    JsonRecords,
    JsonRows,
    Parquet,
    Record,
    Row,
    Table,
    Template,
    Templated,
    TextLines,
    W3cTable,
)


class Line(Row):
    """A row."""

    name: str | None = None


class Event(Record):
    """An object."""

    name: str | None = None


MANY = written({"name": ["a"] * 2000})
TEXT, EVENTS, FILE = Table(Line), JsonRecords(Event, wrapper="Records"), Parquet(Line)
STEPS = Templated([Template(Event, [("> ", "name")], shapes={})], continued=Event)
EITHER = ByMagic({b"PAR1": FILE}, otherwise=TEXT)
ENDS: dict[str, tuple[Format[Any], bytes, int]] = {
    "empty": (EVENTS, b"", 0),
    "records": (EVENTS, b'{"Records":[{"name":"a"}]}', 0),
    "unclosed array": (EVENTS, b'{"Records":[{"name":"a"}', 1),
    "half an object": (EVENTS, b'{"name":', 1),
    "no JSON": (EVENTS, b"x" * 10, 1),
    "half a line": (TEXT, b"name\na\nb", 1),
    "whole lines": (TEXT, b"name\na\nb\n", 0),
    "foreign lines": (TEXT, b"x y z", 1),
    "long line": (TEXT, b"name\n" + b"x" * 200, 1),
    "several batches": (FILE, MANY, 2000),
    "no Parquet": (FILE, b"x", 1),
    "text": (TextLines(Event), b"a\nb", 1),
    "rows": (JsonRows(Line), b'{"name":"a"}{"name":"b"}', 0),
    "half a row": (JsonRows(Line), b'{"name":', 1),
    "directives": (W3cTable(Line), b"#Version: 1.0\n#Fields: name", 0),
    "directives and a line": (W3cTable(Line), b"#Fields: name\na\nb", 1),
    "foreign directives": (W3cTable(Line), b"#Fields: x\na b", 1),
    "lines that go on": (STEPS, b"> a\nb\n\n", 1),
    "lines that go on for too long": (STEPS, b"> a\n" + b"x\n" * 100, 1),
    "lines of nothing": (STEPS, b"\na\n\nb", 1),
    "short head": (EITHER, b"PAR", 1),
    "empty head": (EITHER, b"", 0),
}


@pytest.mark.parametrize("name", ENDS)
def test_end_is_told_once(name: str) -> None:
    """What is left comes once, in one list or in several; after that every answer is an empty list."""
    layout, raw, left = ENDS[name]
    decoder = layout.decoder(record_bytes=100)
    decoder.feed(raw)
    lists = [decoder.finish() for _ in range(10)]
    assert sum(map(len, lists)) == left
    lengths = [len(one) for one in lists]
    assert lengths == sorted(lengths, reverse=True)
