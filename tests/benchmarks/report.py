"""What was measured, as `build/bench.json` and as a table."""

from pathlib import Path
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from benchmarks.store import BUILD

FILE: Final = BUILD / "bench.json"


class Row(Struct, kw_only=True):
    """
    Figures of one input; those that were not measured are not written.

    Attributes:
        docs_per_cpu_s: documents per second of CPU time, user and system, from packed object to bulk body
        floor_docs_per_cpu_s: the same of inflating and decoding alone
        ratio: the first by the second
        wire_bytes: of bulk body, per document
        wire_bytes_gzip: the same as sent
        peak_mib: largest resident set of a daemon that ships an object of 1 GB
        daemon_docs_per_cpu_s: documents per second of CPU time of that daemon, with S3, queue and HTTP
    """

    docs_per_cpu_s: int | UnsetType = UNSET
    floor_docs_per_cpu_s: int | UnsetType = UNSET
    ratio: float | UnsetType = UNSET
    wire_bytes: int | UnsetType = UNSET
    wire_bytes_gzip: int | UnsetType = UNSET
    peak_mib: int | UnsetType = UNSET
    daemon_docs_per_cpu_s: int | UnsetType = UNSET


class EndToEnd(Struct, kw_only=True):
    """
    Daemon and raw replay of the same bodies, into the same OpenSearch.

    Attributes:
        ratio: documents per second of the one by those of the other
        docs_per_s: of the daemon
        replay_docs_per_s: of the replay
        daemon_docs_per_cpu_s: documents per second of CPU time of the daemon
    """

    ratio: float
    docs_per_s: int
    replay_docs_per_s: int
    daemon_docs_per_cpu_s: int


class Lookups(Struct, kw_only=True):
    """
    Looking for documents in older backing indices before they are sent, beside sending them at once.

    Attributes:
        ratio: documents per second with looks by those without
        docs_per_s: with looks
        docs_per_s_without: without
        backing_indices: older ones that are looked into
    """

    ratio: float
    docs_per_s: int
    docs_per_s_without: int
    backing_indices: int


class Size(Struct, kw_only=True):
    """
    Room that events take in the index, merged to one segment.

    Attributes:
        bytes: of an event
        ratio: by those of the same record as raw JSON, with the mapping that OpenSearch guesses
        refused: events that are not there
    """

    bytes: int
    ratio: float
    refused: int = 0


class Results(Struct, omit_defaults=True):
    """All figures; `sources` by input, that is by dataset, `size` by dataset and what is kept."""

    sources: dict[str, Row] = {}
    end_to_end: EndToEnd | UnsetType = UNSET
    lookups: Lookups | UnsetType = UNSET
    size: dict[str, Size] = {}


def read(path: Path = FILE) -> Results:
    """Give what earlier runs have measured."""
    return msgspec.json.decode(path.read_bytes(), type=Results) if path.exists() else Results()


def merge(measured: Results, path: Path = FILE) -> Results:
    """Put new figures into the file; those that were not measured this time stay."""
    results = read(path)
    for name, row in measured.sources.items():
        known = results.sources.setdefault(name, Row())
        for field in Row.__struct_fields__:
            if (value := getattr(row, field)) is not UNSET:
                setattr(known, field, value)
    for name in ("end_to_end", "lookups"):
        if (value := getattr(measured, name)) is not UNSET:
            setattr(results, name, value)
    results.size |= measured.size
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
    return results


def table(results: Results) -> str:
    """Write all figures as aligned columns."""
    rows = [("", *Row.__struct_fields__)]
    for name, row in sorted(results.sources.items()):
        rows.append((name, *(_written(getattr(row, field)) for field in Row.__struct_fields__)))
    text = _aligned(rows)
    for name in ("end_to_end", "lookups"):
        if (told := getattr(results, name)) is not UNSET:
            names = told.__struct_fields__
            text += "\n\n" + _aligned([("", *names), (name, *(_written(getattr(told, one)) for one in names))])
    if results.size:
        names = Size.__struct_fields__
        sizes = [(name, *(_written(getattr(one, field)) for field in names)) for name, one in results.size.items()]
        text += "\n\n" + _aligned([("", *names), *sizes])
    return text


def _written(value: float | UnsetType) -> str:
    if isinstance(value, UnsetType):
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _aligned(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    return "\n".join(lines)
