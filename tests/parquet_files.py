"""Parquet files for tests, written as AWS writes them: by columns, in groups of rows."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

INT32 = frozenset({"version", "srcport", "dstport", "protocol", "tcp_flags", "traffic_path", "encryption_status"})
INT64 = frozenset({"packets", "bytes", "start", "end"})
"""Columns of flow logs that are no text, by the type that AWS gives them."""


def written(columns: Mapping[str, Any], **options: Any) -> bytes:
    """
    Write a Parquet file.

    Args:
        columns: values or an array for each column
        options: see `pyarrow.parquet.write_table`
    """
    table = pa.Table.from_arrays(
        [one if hasattr(one, "type") else pa.array(one) for one in columns.values()], names=list(columns)
    )
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def flow_log(lines: Sequence[str], null: str | None = None) -> bytes:
    """
    Write a flow log as a Parquet file.

    Args:
        lines: of the same log as text, the first of them its header
        null: what stands for no value in a column of text
    """
    header, *rows = [line.split() for line in lines]
    names = [name.replace("-", "_") for name in header]
    columns = {name: _column(name, [row[at] for row in rows], null) for at, name in enumerate(names)}
    return written(columns, compression="gzip", store_schema=False)


def _column(name: str, values: list[str], null: str | None) -> Any:
    if name not in INT32 | INT64:
        return pa.array([null if value == "-" else value for value in values], pa.string())
    kind = pa.int32() if name in INT32 else pa.int64()
    return pa.array([None if value == "-" else int(value) for value in values], kind)
