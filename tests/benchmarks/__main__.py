"""The command line of the benchmarks."""

import argparse
import sys

from benchmarks import endtoend, inputs, large, report, speed
from benchmarks.report import Results
from shipper.source import Sources


def main() -> None:
    """Measure, write the figures down, print them."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument(
        "what", nargs="*", choices=["speed", "end-to-end", "large"], help="speed and end-to-end if not given"
    )
    options = parser.parse_args()
    what = options.what or ["speed", "end-to-end"]
    measured = Results()
    sources = Sources.discover()
    if "speed" in what:
        for source in sources:
            for one in inputs.of(source):
                measured.sources[one.name] = speed.measure(one, sources, tell)
    if "end-to-end" in what:
        measured.end_to_end = endtoend.measure(sources, tell)
    if "large" in what:
        measured.sources.update(large.measure(sources, tell))
    print(report.table(report.merge(measured)))


def tell(line: str) -> None:
    """Say how it goes."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
