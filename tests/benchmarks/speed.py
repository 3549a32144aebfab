"""Documents per second of CPU time, from packed objects to bulk bodies, side by side with the floor."""

import gc
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

from benchmarks.floor import floor
from benchmarks.inputs import Input
from benchmarks.packing import packed
from benchmarks.report import Row
from benchmarks.shipping import Cargo, bodies, cargo
from benchmarks.store import load
from shipper.source import Sources

ROUNDS: Final = 5
"""How often both are measured, in turns: what else the machine does then hits both alike."""

_BUCKET: Final = "acme-logs"
_NAMESPACE: Final = "default"


def measure(wanted: Input, sources: Sources, tell: Callable[[str], None]) -> Row:
    """
    Measure one input.

    Args:
        wanted: the input
        sources: the log sources
        tell: is told what the input is like

    Raises:
        ValueError: shipper and floor do not read the same number of records
    """
    stored = load(wanted)
    tell(f"{wanted.name}: " + ", ".join([f"{value} {name}" for name, value in stored.facts.items()]))
    cargoes = cargo(stored.objects, sources, _BUCKET)
    records, plain, compressed = _sizes(cargoes)
    decode = floor(cargoes[0].source)

    def ship() -> int:
        return sum([len(body.entries) for body in bodies(cargoes, _NAMESPACE)])

    def only_decode() -> int:
        return sum([decode(one.body) for one in cargoes])

    shipping, decoding = _in_turns(ship, only_decode, records)
    return Row(
        docs_per_cpu_s=round(records / shipping),
        floor_docs_per_cpu_s=round(records / decoding),
        ratio=round(decoding / shipping, 3),
        wire_bytes=round(plain / records),
        wire_bytes_gzip=round(compressed / records),
    )


def _in_turns(ship: Callable[[], int], only_decode: Callable[[], int], records: int) -> tuple[float, float]:
    """Give the median of the seconds of both."""
    shipping, decoding = [], []
    for _ in range(ROUNDS):
        shipping.append(_seconds(ship, records))
        decoding.append(_seconds(only_decode, records))
    return median(shipping), median(decoding)


def _seconds(work: Callable[[], int], records: int) -> float:
    gc.collect()
    gc.freeze()  # what else this process holds is not looked through again and again
    begun = time.process_time()
    done = work()
    seconds = time.process_time() - begun
    if done != records:
        raise ValueError(f"{done} records were read, not {records}")
    return seconds


def _sizes(cargoes: Sequence[Cargo]) -> tuple[int, int, int]:
    """Give the number of documents, and the bytes of their bodies before and after compression."""
    documents = plain = compressed = 0
    for body in bodies(cargoes, _NAMESPACE):
        documents += len(body.entries)
        plain += len(body)
        compressed += len(packed([body.data]))
    return documents, plain, compressed
