"""The command line of the benchmarks."""

import argparse
import sys
from typing import Final

from benchmarks import endtoend, inputs, large, lookups, report, size, speed
from benchmarks.report import Results
from shipper.source import Sources

_CHOICES: Final = {
    "usual": ("speed", "end-to-end"),
    "speed": ("speed",),
    "end-to-end": ("end-to-end",),
    "large": ("large",),
    "lookups": ("lookups",),
    "size": ("size",),
}


def main() -> None:
    """Measure, write the figures down, print them."""
    what = chosen(sys.argv[1:])
    measured = Results()
    sources = Sources.discover()
    if "speed" in what:
        for source in sources:
            for one in inputs.of(source):
                measured.sources[one.name] = speed.measure(one, sources, tell)
    if "end-to-end" in what:
        measured.end_to_end = endtoend.measure(sources, tell)
    if "large" in what:
        measured.sources.update(large.measure(tell))
    if "lookups" in what:
        measured.lookups = lookups.measure(sources, tell)
    if "size" in what:
        measured.size = size.measure(tell)
    print(report.table(report.merge(measured)))


def chosen(arguments: list[str]) -> tuple[str, ...]:
    """Give what is to be measured."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("what", nargs="?", choices=_CHOICES, default="usual", help="usual: speed and end-to-end")
    return _CHOICES[parser.parse_args(arguments).what]


def tell(line: str) -> None:
    """Say how it goes."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
