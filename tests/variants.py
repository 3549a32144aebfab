"""
Variants of the records of a case, each with one value replaced.

They are written as an object of the case's own format and read as one, so what becomes of a value is seen on the whole
way from bytes to document.
"""

import re
from functools import cache
from typing import Any, Final

import entry_texts
import marker
import msgspec
import parquet_files
from reading import Failed, Indexed, Result, documents, originals, read
from sample_files import Case

from shipper.formats import (
    ByLine,
    ByMagic,
    Entries,
    GroupedRecords,
    JsonRecords,
    JsonRows,
    Parquet,
    Quoted,
    Table,
    Template,
    Templated,
)

Fields = dict[str, Any]
"""A record: the values of a line by column, or a JSON object."""


class Variant:
    """
    One value of one record.

    Attributes:
        place: the value's path, as in a source's `dropped`
        is_shown: whether the value stands in the document as it is
        marked: the record with a marker for the value
        blank: the record with nothing for the value
    """

    def __init__(self, base: "Base", record: Fields, path: marker.Path, value: Any) -> None:
        self.path = path
        self.is_shown = msgspec.json.encode(value).strip(b'"').lower() in base.lowered
        self.place = marker.spelled(path)
        self._base = base
        self._mark = marker.marker(value, base.body)
        self.marked = marker.replaced(record, path, self._mark.value)
        self.blank = marker.replaced(record, path, "")

    def survived(self, result: Result) -> bool:
        """Tell whether the marker is in what became of the marked record."""
        if isinstance(result, Failed):
            return False
        body = without_position(result.body)
        if self._mark.seen:
            return any(pattern.search(body) for pattern in self._mark.seen)
        return body != self._base.unplaced


class Base:
    """The document of an unchanged record, in the forms that its variants are compared with."""

    def __init__(self, document: Indexed) -> None:
        self.body = document.body
        self.lowered = document.body.lower()
        self.unplaced = without_position(document.body)


_OFFSET: Final = re.compile(rb'"offset":\d+')


def without_position(body: bytes) -> bytes:
    """Leave out of a document what neither its record nor its object decides."""
    return _OFFSET.sub(b"", body)


@cache
def variants(case: Case) -> tuple[Variant, ...]:
    """
    Give all variants of all records of a case that become documents.

    There are none of a case with envelopes: their own values are judged in `test_envelopes`, and without them the
    records are like those of the other cases.
    """
    if case.is_enveloped:
        return ()
    raw = case.path.read_bytes()
    form = _format(case, raw)
    null = form.null if isinstance(form, JsonRows | Parquet | Quoted | Table | Template) else None
    records = originals(case.source, raw)
    found: list[Variant] = []
    for document in documents(case):
        if isinstance(form, JsonRecords) and not _is_json(records[document.position]):
            continue
        base, record = Base(document), _fields(form, raw, records[document.position])
        leaves = [(path, value) for path, value in marker.leaves(record) if not isinstance(value, entry_texts.Text)]
        found += [Variant(base, record, path, value) for path, value in leaves if value != null]
    return tuple(found)


@cache
def marked(case: Case) -> list[tuple[Variant, Result]]:
    """Read all variants of a case with their markers."""
    return _read(case, [one.marked for one in variants(case)])


def blank(case: Case) -> list[tuple[Variant, Result]]:
    """Read all variants of a case with nothing for the value, where it can be left out."""
    return _read(case, [one.blank for one in variants(case)])


def lost(case: Case) -> set[str]:
    """
    Give the path of each value that does not show in its document.

    A word of a text that takes no other word in its place, such as a level, must show as it is.
    """
    found = marked(case)
    fixed = set(variants(case)) - {variant for variant, _ in found}
    words = {variant.place for variant in fixed if not variant.is_shown}
    return words | {variant.place for variant, result in found if not variant.survived(result)}


def declared(case_format: Any) -> set[str]:
    """Give the paths of all values that a format's records have, as in `Variant.place`."""
    if isinstance(case_format, ByMagic):
        others = [one for one in case_format.formats.values() if isinstance(one, GroupedRecords)]
        return declared(case_format.otherwise).union(*map(declared, others))
    if isinstance(case_format, Entries):
        return entry_texts.declared(case_format)
    assert isinstance(case_format, ByLine | GroupedRecords | JsonRecords | Quoted | Table | Templated)
    return set(marker.declared(case_format.record))


def _read(case: Case, records: list[Fields]) -> list[tuple[Variant, Result]]:
    if not records:
        return []
    form = _format(case, case.path.read_bytes())
    there = list(zip(variants(case), records, strict=True))
    if isinstance(form, Entries):
        there = [(variant, record) for variant, record in there if entry_texts.written(form, record) is not None]
    results = read(case.source, case.key, [_written(case, [record for _, record in there])])
    return [(variant, result) for (variant, _), result in zip(there, results, strict=True)]


Form = (
    Entries[Any]
    | GroupedRecords[Any, Any]
    | JsonRecords[Any]
    | JsonRows[Any]
    | Parquet[Any]
    | Quoted[Any]
    | Table[Any]
    | Template[Any]
)


def _format(case: Case, raw: bytes) -> Form:
    """Give the format of one case of a source; where each line has its own, those of one case are of one kind."""
    form = case.source.format
    form = form.of(raw) if isinstance(form, ByMagic) else form
    if isinstance(form, ByLine | Templated):
        form = next(filter(None, map(form.of, raw.decode(errors="replace").splitlines())))
    assert isinstance(form, Entries | GroupedRecords | JsonRecords | JsonRows | Parquet | Quoted | Table | Template)
    return form


def _is_json(record: bytes) -> bool:
    """Tell whether a record is JSON; from some that are not, a document can be made all the same."""
    try:
        msgspec.json.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _fields(form: Any, raw: bytes, record: bytes) -> Fields:
    if isinstance(form, Table):
        return dict(zip(_columns(form, raw), form.split(record.decode()), strict=True))
    if isinstance(form, Quoted | Template):
        return dict(zip(form.columns, form.split(record.decode()) or (), strict=False))
    if isinstance(form, Entries):
        return entry_texts.fields(form, record)
    assert isinstance(form, GroupedRecords | JsonRecords | JsonRows | Parquet)
    fields: Fields = msgspec.json.decode(record)
    return fields


def _written(case: Case, records: list[Fields]) -> bytes:
    """Write records as an object of the case's format."""
    if not records:
        return b""
    raw = case.path.read_bytes()
    form = _format(case, raw)
    if isinstance(form, Parquet):
        return parquet_files.written({name: [record[name] for record in records] for name in records[0]})
    if not isinstance(form, Table):
        return b"\n".join(_record(form, record) for record in records)
    header = _columns(form, raw)
    rows = [[str(record[name]) or form.null for name in header] for record in records]
    return "".join(form.separator.join(row) + "\n" for row in [list(header), *rows]).encode()


def _record(form: Any, record: Fields) -> bytes:
    if isinstance(form, Quoted):
        return _line(form, record).encode()
    if isinstance(form, Template):
        return _filled(form, record).encode()
    if isinstance(form, Entries):
        return entry_texts.written(form, record) or b""
    return msgspec.json.encode(record)


_AS_WRITTEN: Final = str.maketrans("'", '"', "*")
"""How a column stands in a line, made of how it stands in a layout."""


def _line(form: Quoted[Any], record: Fields) -> str:
    """Write a line the way its layout says; a record of an older line has fewer columns."""
    spelled = zip(form.layout, form.columns, strict=True)
    return " ".join(
        column.translate(_AS_WRITTEN).replace(name, str(record[name]) or form.null)
        for column, name in spelled
        if name in record
    )


def _filled(form: Template[Any], record: Fields) -> str:
    """Write a line of a template."""
    values = [f"{literal}{record[name] or form.null}" for literal, name in form.parts]
    return "".join(values) + form.tail


def _columns(form: Table[Any], raw: bytes) -> tuple[str, ...]:
    lines = raw.decode(errors="replace").splitlines()
    named = next(filter(None, map(form.named, lines)), None)
    return named or form.layout(form.split(lines[0])) or ()
