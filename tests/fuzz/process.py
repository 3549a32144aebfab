"""
One target in a process of its own, because libFuzzer ends the process when it finds something.

`python -m fuzz.process <target> <options of libFuzzer>`
"""

import sys
from random import Random
from typing import Final

import atheris

with atheris.instrument_imports(include=["shipper"]):
    from fuzz import harness
    from fuzz.targets import targets

_SWELLING: Final = 1 / 256
"""Share of the inputs in which a piece is repeated: libFuzzer seldom comes upon long inputs by itself."""
_LONGEST_PIECE: Final = 64


def main() -> None:
    """Fuzz until the time is over or something is found."""
    harness.shrink()
    program, name, *options = sys.argv
    atheris.Setup([program, *options], targets()[name].check, custom_mutator=mutated)
    atheris.Fuzz()


def mutated(data: bytes, most: int, seed: int) -> bytes:
    """Change an input as libFuzzer does, or repeat a piece of it until the input is as long as may be."""
    random = Random(seed)
    if not data or random.random() > _SWELLING:
        changed: bytes = atheris.Mutate(data, most)
        return changed
    start = random.randrange(len(data))
    piece = data[start : start + random.randint(1, _LONGEST_PIECE)]
    return data[:start] + piece * ((most - len(data)) // len(piece)) + data[start:]


if __name__ == "__main__":
    main()
