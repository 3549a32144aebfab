"""
Flow logs by columns: Parquet files whose values take as much room, when inflated, as the text that they are made from.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
"""

import io
from collections.abc import Iterable
from typing import Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from parquet_files import INT32, INT64

GROUP_BYTES: Final = 128 << 20
"""Text of one group of rows: what the writers of the Hadoop world, AWS's among them, hold in memory at most."""


def row_groups(pieces: Iterable[bytes]) -> bytes:
    """
    Write a flow log as a Parquet file, in groups of rows.

    Args:
        pieces: of its text: the header, then lines
    """
    header, *rows = pieces
    names = [name.replace("-", "_") for name in header.decode().split()]
    size = max(1, GROUP_BYTES // len(rows[0]))
    table = _table(rows[0], names)
    file = io.BytesIO()
    with pq.ParquetWriter(
        file, table.schema, compression="gzip", compression_level=1, use_dictionary=False, store_schema=False
    ) as writer:
        for start in range(0, len(rows), size):
            times = len(rows[start : start + size])
            writer.write_table(pa.concat_tables([table] * times), row_group_size=table.num_rows * times)
    return file.getvalue()


def _table(rows: bytes, names: list[str]) -> pa.Table:
    kinds = {name: pa.int32() if name in INT32 else pa.int64() if name in INT64 else pa.string() for name in names}
    return pyarrow.csv.read_csv(
        io.BytesIO(rows),
        read_options=pyarrow.csv.ReadOptions(column_names=names),
        parse_options=pyarrow.csv.ParseOptions(delimiter=" "),
        convert_options=pyarrow.csv.ConvertOptions(column_types=kinds, null_values=["-"], strings_can_be_null=True),
    )
