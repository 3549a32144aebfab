"""
Log sources that other packages bring, through the entry point `s3_siem_shipper.sources`.

https://packaging.python.org/en/latest/specifications/entry-points/

What is wrong with one package does not touch the others: it is told, and its source is left out. Only a source that
would stand in the place of another one is refused altogether, since nobody can know which of them was meant.
"""

import re
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shipper import ecs
from shipper.errors import ConfigError
from shipper.mappings.ecs_list import ecs_fields
from shipper.mappings.fields import fields

if TYPE_CHECKING:
    from shipper.source import Source

GROUP: Final = "s3_siem_shipper.sources"

DATASET: Final = re.compile(r"(?P<vendor>[a-z][a-z0-9_]*)\.[a-z0-9_.]{1,80}")
"""The vendor is the name below which a source's own fields stand."""

RESERVED: Final = "shipper."


class Added(NamedTuple):
    """
    What other packages bring.

    Attributes:
        sources: those that can be used
        broken: what is wrong with the others, each with its package
    """

    sources: "tuple[Source[Any, Any], ...]"
    broken: tuple[str, ...]


def added(ours: "Iterable[Source[Any, Any]]", kind: "type[Source[Any, Any]]") -> Added:
    """
    Load what the installed packages bring.

    Args:
        ours: the sources of the shipper itself
        kind: what an entry point has to name

    Raises:
        ConfigError: a source would stand in the place of another one
    """
    holders = {name: "the shipper itself" for one in ours for name in _names(one)}
    sources: list[Source[Any, Any]] = []
    broken: list[str] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda one: (_package(one), one.name)):
        package = _package(entry)
        try:
            source = _loaded(entry, kind)
            names = _names(source)
            if not (shadowed := [name for name in names if name in holders]):
                _check(source)
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- whatever a package does, the others are not touched
            said = " ".join(f"{type(error).__name__}: {error}".split())
            broken.append(f"the source {entry.name!r} of the package {package} ({entry.value}) is left out: {said}")
            continue
        if shadowed:
            raise ConfigError(
                f"the package {package} brings a source with the {shadowed[0]}, which {holders[shadowed[0]]} has "
                "already: the source needs another name, or the package must not be installed"
            )
        holders |= dict.fromkeys(_own_names(source), f"the package {package}")
        sources.append(source)
    return Added(tuple(sources), tuple(broken))


def _loaded(entry: EntryPoint, kind: "type[Source[Any, Any]]") -> "Source[Any, Any]":
    source = entry.load()
    if not isinstance(source, kind):
        raise TypeError(f"it names a {type(source).__name__}, and no {kind.__name__}")
    return source


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "without a name"


def _own_names(source: "Source[Any, Any]") -> tuple[str, ...]:
    """Give what no other source may have: data stream and settings go by it."""
    return f"dataset {source.dataset}", f"table sources.{source.table}"


def _names(source: "Source[Any, Any]") -> tuple[str, ...]:
    """Give what no source of ours may have: their samples go by the name of the module."""
    return *_own_names(source), f"module name {source.name}"


def _check(source: "Source[Any, Any]") -> None:
    """
    Ask a source for all that is asked of it later.

    Raises:
        Exception: whatever is wrong with it
    """
    found = DATASET.fullmatch(source.dataset)
    if found is None or source.dataset.startswith(RESERVED):
        raise ValueError(
            f"dataset {source.dataset!r}: write <vendor>.<log>, in lower-case letters, digits and '_'; "
            f"{RESERVED}* is the shipper's own"
        )
    if any(path == found["vendor"] or path.startswith(f"{found['vendor']}.") for path in ecs_fields()):
        raise ValueError(f"dataset {source.dataset!r}: {found['vendor']!r} is a name of ECS; begin with another one")
    for pattern in (source.key, source.skip, source.marks.line):
        re.compile(pattern or "")
    if not issubclass(source.document_type, ecs.Document):
        raise TypeError(f"document() gives a {source.document_type.__name__}, and no ecs.Document")
    fields(source.document_type, source.dataset)
    if source.configured and source.settings:
        source.configured(source.settings())  # every setting has a default
    if not (source.description and source.format.form):
        raise ValueError("its module has no docstring")
