"""
What a log source is, which ones there are, and which of them an object belongs to.

A source is a value, `source`, in a module of `shipper.sources`: which keys, how bytes become records, how a record
becomes a document, and under which dataset name. There is no list of sources anywhere: the folder is the list, and
`shipper.packages` tells what other packages bring.
"""

import difflib
import importlib
import pkgutil
import re
import sys
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from types import ModuleType
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

import shipper.sources
from shipper import ecs
from shipper.config import Documents, Route
from shipper.declaration import Names, declared
from shipper.errors import ConfigError
from shipper.formats import Format
from shipper.marks import Marks
from shipper.notification import ObjectRef
from shipper.packages import added
from shipper.retain import Retain, retaining

R = TypeVar("R")
D = TypeVar("D", bound=ecs.Document)

USUAL_DOCUMENTS: Final = Documents()
"""What is made of records unless the user sets something else."""

NOT_LOGS: Final = {
    "folder_marker": re.compile(r"/$"),
    "write_test": re.compile(r"(?:^|/)(?:aws-logs-write-test|ConfigWritabilityCheckFile)$"),
}
"""Keys that no source claims because they are no logs, by the reason that is counted."""


class Origin(Struct, frozen=True, gc=False):
    """
    Where the records of one object come from, as far as its key tells.

    Attributes:
        object: the object
        account: account number in the key
        region: region in the key
        time: what the key says of the time, else when the object was created
    """

    object: ObjectRef
    account: str | None = None
    region: str | None = None
    time: datetime | None = None


class SourceSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What can be set of a source: each setting with a default, and with a sentence about it in its `Meta`.

    A setting is a number, a text, a truth value or a tuple of these, bounded by its type; the docstring of the class
    stands above its table in the example file.
    """


class Skip(Struct, frozen=True):
    """An object that holds no logs; `reason` is a bounded label."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Source(Generic[R, D]):
    """
    A log source.

    Attributes:
        dataset: name of the dataset, e.g. `aws.cloudtrail`; its data stream is `logs-<dataset>-<namespace>`
        key: pattern searched in the decoded key; the named groups `account`, `region` and `time` go to `Origin`
        skip: pattern of keys in the same place that are no logs
        format: how bytes become records
        document: a record's document; None when the record is not worth one, which is counted as filtered
        id: the vendor's own unique id of a record, if it has one
        marks: what tells its records by their content, in objects whose keys do not tell
        dropped: path of each value that no document carries, with the reason
        configured: makes this source from what the user sets; its parameter is a `SourceSettings` of its own
        keeps_original: whether documents have their record as it was written, in `event.original`, as the user sets
    """

    dataset: str
    key: str
    format: Format[R]
    document: Callable[[R, Origin], D | None]
    id: Callable[[R], str | None] | None = None
    skip: str | None = None
    marks: Marks = field(default_factory=Marks)
    dropped: Mapping[str, str] = field(default_factory=dict)
    configured: "Callable[[Any], Source[R, D]] | None" = None
    keeps_original: bool = False

    @cached_property
    def document_type(self) -> type[D]:
        """The Struct of the documents, from which the index template is made."""
        returned = typing.get_type_hints(self.document)["return"]
        documents = [kind for kind in typing.get_args(returned) or (returned,) if kind is not type(None)]
        return typing.cast("type[D]", documents[0])

    def keeping(self, retain: Retain, *, original: bool) -> "Source[R, D]":
        """Give the same source, whose documents keep these forms of free-form parts (see `shipper.retain`)."""
        document = retaining(self.document, self.document_type, retain)
        if document is None and original == self.keeps_original:
            return self
        return replace(self, document=document or self.document, keeps_original=original)

    @cached_property
    def settings(self) -> type[SourceSettings] | None:
        """The Struct of what can be set of the source; None if nothing can."""
        if self.configured is None:
            return None
        annotated = typing.get_type_hints(self.configured).items()
        return typing.cast("type[SourceSettings]", next(hint for name, hint in annotated if name != "return"))

    @property
    def table(self) -> str:
        """Name of the table of its settings, e.g. `aws_cloudtrail`: they are in `[sources.aws_cloudtrail]`."""
        return self.dataset.replace(".", "_")

    @cached_property
    def declared(self) -> Names | None:
        """The names of all that AWS writes, as far as the source knows it."""
        return declared(self.format)

    @cached_property
    def module(self) -> ModuleType:
        """The module that declares the source."""
        return sys.modules[self.document.__module__]

    @property
    def name(self) -> str:
        """Name of the module and of the samples' folder, e.g. `aws_cloudtrail`."""
        return self.module.__name__.rpartition(".")[2]

    @property
    def description(self) -> str:
        """What the source is, in one line: the first of the module's docstring."""
        return (self.module.__doc__ or "").strip().partition("\n")[0].rstrip(".")


Claim = tuple[Source[Any, Any], Origin]
"""A source, and what an object's key says of the object's records."""


class Sources:
    """
    All sources, and the way from an object's key to one of them.

    Args:
        sources: in any order
        routes: the user's word on keys that do not tell, or tell wrong
        own: sources of other packages; a key that one of the others claims is not theirs

    Attributes:
        broken: what is wrong with sources of other packages that were left out

    Raises:
        ConfigError: a route names a dataset that no source has
    """

    def __init__(
        self,
        sources: Iterable[Source[Any, Any]],
        routes: Sequence[Route] = (),
        own: Iterable[Source[Any, Any]] = (),
        broken: Sequence[str] = (),
    ) -> None:
        ranks = [sorted(rank, key=lambda source: source.dataset) for rank in (sources, own)]
        self._sources = tuple(sorted((*ranks[0], *ranks[1]), key=lambda source: source.dataset))
        self._routes = [(route, re.compile(route.pattern or ""), self._routed_to(route)) for route in routes]
        self._keys = [
            [(source, re.compile(source.key), re.compile(source.skip) if source.skip else None) for source in rank]
            for rank in ranks
        ]
        self.broken = tuple(broken)

    @classmethod
    def discover(
        cls,
        routes: Sequence[Route] = (),
        *,
        documents: Documents = USUAL_DOCUMENTS,
        settings: Struct | None = None,
    ) -> "Sources":
        """
        Give all sources: those of `shipper.sources`, and those of other packages.

        Args:
            routes: the user's word on keys that do not tell, or tell wrong
            documents: what they keep
            settings: those of single sources, by their tables

        Raises:
            ConfigError: a route names a dataset that no source has, settings of a source contradict each other, or a
                package brings a source that would stand in the place of another one
        """
        ours = _ours()
        own, broken = added(ours, Source)
        ranks = [
            [_configured(one, settings).keeping(documents.retain, original=documents.original) for one in rank]
            for rank in (ours, own)
        ]
        return cls(ranks[0], routes, ranks[1], broken)

    @classmethod
    def built_in(cls) -> "Sources":
        """Give the sources of `shipper.sources` alone: what the repository's files tell of."""
        return cls(_ours())

    @property
    def settings(self) -> Mapping[str, type[SourceSettings]]:
        """What can be set of each source of which anything can, by the name of its table."""
        return {source.table: source.settings for source in self if source.settings}

    def __iter__(self) -> Iterator[Source[Any, Any]]:
        return iter(self._sources)

    def route(self, ref: ObjectRef) -> Claim | Skip | None:
        """
        Find the source of an object by the user's routes, else by its key.

        Returns:
            The source and what the key says of its records; a `Skip` for an object that holds no logs; None if the key
            does not tell: it is claimed by nobody, or by several.
        """
        if ref.size == 0:
            return Skip("empty_object")
        for reason, pattern in NOT_LOGS.items():
            if pattern.search(ref.key):
                return Skip(reason)
        for route, pattern, source in self._routes:
            if (
                route.bucket in (None, ref.bucket)
                and ref.key.startswith(route.prefix or "")
                and (found := pattern.search(ref.key))
            ):
                return Skip("ignored") if source is None else (source, _origin(ref, found))
        return self._by_key(ref)

    def of(self, ref: ObjectRef, dataset: str) -> Claim | None:
        """Give the source of a dataset, if there is one, and what an object's key says of its records."""
        source = next((one for one in self._sources if one.dataset == dataset), None)
        if source is None:
            return None
        found = re.search(source.key, ref.key)
        return source, _origin(ref, found) if found else Origin(ref, time=ref.event_time)

    def _by_key(self, ref: ObjectRef) -> Claim | Skip | None:
        for rank in self._keys:
            claims = []
            for source, pattern, skip in rank:
                if skip and skip.search(ref.key):
                    return Skip("not_a_log")
                if found := pattern.search(ref.key):
                    claims.append((source, _origin(ref, found)))
            if claims:
                return claims[0] if len(claims) == 1 else None
        return None

    def _routed_to(self, route: Route) -> Source[Any, Any] | None:
        if route.dataset is None:
            return None
        by_name = {source.dataset: source for source in self._sources}
        if route.dataset not in by_name:
            near = difflib.get_close_matches(route.dataset, by_name, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(f"routes: there is no dataset {route.dataset!r}{hint} `shipper sources` lists them")
        return by_name[route.dataset]


def _ours() -> list[Source[Any, Any]]:
    """Import every module of `shipper.sources` and take its `source`."""
    names = [module.name for module in pkgutil.iter_modules(shipper.sources.__path__)]
    return [importlib.import_module(f"shipper.sources.{name}").source for name in names]


def _configured(source: Source[Any, Any], settings: Struct | None) -> Source[Any, Any]:
    """Give the source as it is set."""
    own = getattr(settings, source.table, None)
    if source.configured is None or own is None:
        return source
    try:
        return source.configured(own)
    except ConfigError as error:
        raise ConfigError(f"sources.{source.table}.{error}") from error


def _origin(ref: ObjectRef, found: re.Match[str]) -> Origin:
    """Take what the named groups say of an object's records."""
    groups = found.groupdict()
    time = ecs.time(groups.get("time")) or ref.event_time
    return Origin(ref, groups.get("account"), groups.get("region"), time)
