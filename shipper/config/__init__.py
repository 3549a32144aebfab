"""Settings: declared once, read from TOML and the environment, refused with a remedy.

settings      what there is to set: read this first
sources       what log sources add to that
fieldtypes    what a text must look like, in words and as a pattern
loading       load(): file and environment → Settings
tables        tables → Structs, and every problem met on the way
checks        settings that contradict each other
describe      declarations in words, for messages and documents
documents     the example file and the JSON schema, written from the declarations
"""

from shipper.config.fieldtypes import Secret
from shipper.config.loading import CONFIG_VARIABLE, load, require
from shipper.config.settings import (
    Aws,
    DeadLetter,
    Limits,
    Log,
    Metrics,
    OpenSearch,
    Queue,
    Route,
    Settings,
    SourceTables,
)

__all__ = [
    "CONFIG_VARIABLE",
    "Aws",
    "DeadLetter",
    "Limits",
    "Log",
    "Metrics",
    "OpenSearch",
    "Queue",
    "Route",
    "Secret",
    "Settings",
    "SourceTables",
    "load",
    "require",
]
