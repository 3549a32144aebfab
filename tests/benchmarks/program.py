"""`python -m benchmarks.program`: the shipper's command line, with the sources that only benchmarks have."""

import sys

import benchmarks.sources
import shipper.sources
from shipper.cli import main

if __name__ == "__main__":
    shipper.sources.__path__.extend(benchmarks.sources.__path__)
    sys.exit(main())
