"""An access log for a source that only benchmarks have."""

from functools import partial

from benchmarks.access import facts, over_and_over, write
from benchmarks.inputs import Framing, Input
from benchmarks.packing import packed_by_zstd

inputs = (
    Input("bench.text", 50_000, partial(write, "bench/text"), facts, {"": Framing(over_and_over, packed_by_zstd)}),
)
