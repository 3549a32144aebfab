"""
What a log source is, which ones there are, and which of them an object belongs to.

A source is a value, `source`, in a module of `shipper.sources`: which keys, how bytes become records, how a record
becomes a document, and under which dataset name. There is no list of sources anywhere: the folder is the list.
"""

import importlib
import pkgutil
import re
import sys
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import ModuleType
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

import shipper.sources
from shipper import ecs
from shipper.formats import Format
from shipper.notification import ObjectRef

R = TypeVar("R")
D = TypeVar("D", bound=ecs.Document)

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
        dropped: path of each value that no document carries, with the reason
    """

    dataset: str
    key: str
    format: Format[R]
    document: Callable[[R, Origin], D | None]
    id: Callable[[R], str | None] | None = None
    skip: str | None = None
    dropped: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def document_type(self) -> type[D]:
        """The Struct of the documents, from which the index template is made."""
        returned = typing.get_type_hints(self.document)["return"]
        documents = [kind for kind in typing.get_args(returned) or (returned,) if kind is not type(None)]
        return typing.cast("type[D]", documents[0])

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


class Sources:
    """
    All sources, and the way from an object's key to one of them.

    Args:
        sources: in any order: no two may claim the same key
    """

    def __init__(self, sources: Iterable[Source[Any, Any]]) -> None:
        self._sources = tuple(sorted(sources, key=lambda source: source.dataset))
        self._keys = [
            (source, re.compile(source.key), re.compile(source.skip) if source.skip else None)
            for source in self._sources
        ]

    @classmethod
    def discover(cls) -> "Sources":
        """Import every module of `shipper.sources` and take its `source`."""
        names = [module.name for module in pkgutil.iter_modules(shipper.sources.__path__)]
        return cls(importlib.import_module(f"shipper.sources.{name}").source for name in names)

    def __iter__(self) -> Iterator[Source[Any, Any]]:
        return iter(self._sources)

    def route(self, ref: ObjectRef) -> tuple[Source[Any, Any], Origin] | Skip | None:
        """
        Find the source of an object by its key.

        Returns:
            The source and what the key says of its records; a `Skip` for an object that holds no logs; None if nobody
            claims it.
        """
        if ref.size == 0:
            return Skip("empty_object")
        for reason, pattern in NOT_LOGS.items():
            if pattern.search(ref.key):
                return Skip(reason)
        for source, pattern, skip in self._keys:
            if skip and skip.search(ref.key):
                return Skip("not_a_log")
            found = pattern.search(ref.key)
            if found:
                groups = found.groupdict()
                time = ecs.time(groups.get("time")) or ref.event_time
                return source, Origin(ref, groups.get("account"), groups.get("region"), time)
        return None
