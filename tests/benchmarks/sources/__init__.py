"""Log sources that only benchmarks have, for formats that no source of the shipper uses yet."""

import importlib
import pkgutil

from shipper.source import Sources


def discover() -> Sources:
    """Give the shipper's sources and these."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return Sources([*Sources.discover(), *(importlib.import_module(f"{__name__}.{name}").source for name in names)])
