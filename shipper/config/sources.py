"""Settings that log sources declare: each of these sources gets a table of its own, `[sources.<name>]`."""

from collections.abc import Mapping
from functools import cache
from typing import cast

from msgspec import Struct, defstruct

from shipper.config.settings import Settings, SourceTables

Declared = Mapping[str, type[Struct]]
"""What can be set of each source, by the name of its table; every setting has a default."""


def settings_with(sources: Declared) -> type[Settings]:
    """Give the Struct of all settings, those of these sources among them."""
    return _extended(tuple(sorted(sources.items()))) if sources else Settings


@cache  # what is described is remembered by its Struct
def _extended(sources: tuple[tuple[str, type[Struct]], ...]) -> type[Settings]:
    tables = defstruct(
        SourceTables.__name__,
        [(name, cls, cls()) for name, cls in sources],
        bases=(SourceTables,),
        namespace={"__doc__": SourceTables.__doc__},
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
    extended = defstruct(
        Settings.__name__,
        [("sources", tables, tables())],
        bases=(Settings,),
        namespace={"__doc__": Settings.__doc__},
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
    return cast("type[Settings]", extended)
