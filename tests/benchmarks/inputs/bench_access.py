"""An access log for a source that only benchmarks have."""

from functools import partial

from benchmarks.access import facts, over_and_over, write
from benchmarks.inputs import Framing, Input

inputs = (Input("bench.access", 50_000, partial(write, "bench/access"), facts, {"": Framing(over_and_over)}),)
