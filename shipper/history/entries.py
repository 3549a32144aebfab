"""
What was imported: for each span of time that is done with a document in `logs-shipper.imports-<namespace>`.

They are no entries of the ledger, whose entries are attempts at objects: here is no object, no message, no attempt that
may be followed by another. What an entry is for is the next import: it reads what no entry covers.
"""

from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct

from shipper import __version__, ecs
from shipper.deadletter import Place
from shipper.digest import digest
from shipper.history.spans import Span
from shipper.tally import Tally

DATASET: Final = "shipper.imports"


Category = Literal["management", "insight"]


class Scope(Struct, frozen=True):
    """Whose history it is: the events of a category, of one account in one region."""

    account: str
    region: str
    category: Category = "management"

    @property
    def label(self) -> str:
        """How people are told of it."""
        return f"{self.region} (Insights)" if self.category == "insight" else self.region


class Totals(Struct):
    """What became of events; see `Tally`."""

    read: int = 0
    indexed: int = 0
    duplicates: int = 0
    filtered: int = 0
    dead_lettered: int = 0
    released: int = 0

    def add(self, other: "Tally | Totals") -> None:
        """Count others too."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def balanced(self) -> bool:
        """Whether every event that was read is accounted for."""
        ended = self.indexed + self.duplicates + self.filtered + self.dead_lettered + self.released
        return self.read == ended


class Entry(ecs.FieldSet, kw_only=True):
    """`shipper.history`."""

    category: str
    dataset: str
    dead_lettered: int
    duplicates: int
    filtered: int
    id: str
    indexed: int
    read: int
    since: datetime
    until: datetime


class EntryShipper(ecs.Shipper, kw_only=True):
    """`shipper` of an entry."""

    history: Entry


class EntryDocument(ecs.Document, kw_only=True):
    """An entry as it is indexed."""

    agent: ecs.Agent
    shipper: EntryShipper


class Entries:
    """
    Writes entries.

    Args:
        namespace: of the data stream
        dataset: of the events
    """

    def __init__(self, namespace: str, dataset: str) -> None:
        self._dataset = dataset
        self.index = f"logs-{DATASET}-{namespace}"
        self._data_stream = ecs.DataStream(type="logs", dataset=DATASET, namespace=namespace)

    def entry(
        self, scope: Scope, span: Span, totals: Totals, begun: datetime, now: datetime
    ) -> tuple[str, bytes, Tally]:
        """
        Write the entry of a span that is done with.

        Args:
            scope: whose history it is
            span: whose events are all delivered
            totals: what became of them
            begun: when CloudTrail was asked for the newest of them
            now: the time

        Returns:
            Its id, itself, and an account of this one document.
        """
        times = (span.since.isoformat(), span.until.isoformat(), begun.isoformat())
        id_ = digest(scope.account, scope.region, scope.category, *times)
        account = Tally(Place(dataset=DATASET, version=id_))
        account.read = 1
        document = EntryDocument(
            timestamp=now,
            agent=ecs.Agent(type="s3-siem-shipper", version=__version__),
            cloud=ecs.Cloud(provider="aws", region=scope.region, account=ecs.CloudAccount(id=scope.account)),
            data_stream=self._data_stream,
            ecs=ecs.Ecs(version=ecs.VERSION),
            event=ecs.Event(
                dataset=DATASET, start=begun, end=now, ingested=now, kind="event", module="shipper", outcome="success"
            ),
            shipper=EntryShipper(
                history=Entry(
                    category=scope.category,
                    dataset=self._dataset,
                    dead_lettered=totals.dead_lettered,
                    duplicates=totals.duplicates,
                    filtered=totals.filtered,
                    id=id_,
                    indexed=totals.indexed,
                    read=totals.read,
                    since=span.since,
                    until=span.until,
                )
            ),
        )
        return id_, msgspec.json.encode(document), account
