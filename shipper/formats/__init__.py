"""
From blocks of bytes to records: framing and decoding, without any I/O.

A source names a `Format`; per object the format gives a `Decoder`, which is fed blocks of inflated bytes and answers
with records, and with a `RecordError` value in the place of every record that could not be read. One thing is kept
outside of memory: a Parquet file, which is read from its end, waits in a scratch file.
"""

from shipper.formats.byline import ByLine
from shipper.formats.entries import Entries, Kind, matching
from shipper.formats.grouped import Grouped, GroupedRecords
from shipper.formats.held import Held, Undecodable, holds
from shipper.formats.json import JsonRecords
from shipper.formats.json_rows import JsonRows
from shipper.formats.listed import ListedTable
from shipper.formats.magic import ByMagic
from shipper.formats.messages import NOTHING_AROUND, Around, Entry, Messages
from shipper.formats.parquet import Parquet
from shipper.formats.quoted import Quoted
from shipper.formats.record import Decoder, Format, Record, Row, Unparsed
from shipper.formats.table import Table
from shipper.formats.templated import Template, Templated
from shipper.formats.text import TextLines
from shipper.formats.w3c import W3cTable

__all__ = [
    "NOTHING_AROUND",
    "Around",
    "ByLine",
    "ByMagic",
    "Decoder",
    "Entries",
    "Entry",
    "Format",
    "Grouped",
    "GroupedRecords",
    "Held",
    "JsonRecords",
    "JsonRows",
    "Kind",
    "ListedTable",
    "Messages",
    "Parquet",
    "Quoted",
    "Record",
    "Row",
    "Table",
    "Template",
    "Templated",
    "TextLines",
    "Undecodable",
    "Unparsed",
    "W3cTable",
    "holds",
    "matching",
]
