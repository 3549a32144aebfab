"""
Every Prometheus metric, named once: the only module that knows prometheus_client.

Labels are bounded: datasets and queues come from the configuration and the code, reasons from the classes in
`shipper.errors`. No label carries anything from an object's key or content, but for the names of unknown fields, which
are escaped, cut and limited in number.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from shipper.drift import OTHER
from shipper.tally import Tally

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_LAG_BUCKETS: Final = (1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
MOST_FIELDS: Final = 100
"""Names of unknown fields that are told apart, of each dataset."""

_REQUEST_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """All metrics of one daemon, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._newest: dict[str, float] = {}
        self._fields: dict[str, set[str]] = {}
        self.messages = Counter(
            "shipper_messages", "Queue messages by outcome.", ["queue", "outcome"], registry=self.registry
        )
        self.messages_in_flight = Gauge(
            "shipper_messages_in_flight", "Queue messages in hand.", ["queue"], registry=self.registry
        )
        self.objects = Counter(
            "shipper_objects", "Attempts at objects by outcome.", ["dataset", "outcome"], registry=self.registry
        )
        self.ignored = Counter(
            "shipper_ignored",
            "Parts of notifications that announce no logs, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self.records = Counter(
            "shipper_records",
            "Records by what became of them; read is the sum of all the others.",
            ["dataset", "outcome"],
            registry=self.registry,
        )
        self.imbalance = Gauge(
            "shipper_imbalance_records",
            "Records read of which nobody knows what became of them; anything but 0 is a bug.",
            registry=self.registry,
        )
        self.dead_letters = Counter(
            "shipper_dead_letters", "Dead letters by reason.", ["dataset", "reason"], registry=self.registry
        )
        self.rescued_documents = Counter(
            "shipper_rescued_documents",
            "Documents indexed without a field that OpenSearch refused.",
            ["dataset"],
            registry=self.registry,
        )
        self.ledger_entries = Counter(
            "shipper_ledger_entries",
            "Ledger entries, one for each attempt at an object, by what became of them.",
            ["outcome"],
            registry=self.registry,
        )
        self.letters_refused = Counter(
            "shipper_dead_letters_refused",
            "Dead letters that OpenSearch refused, by what became of them: kept in the last resort, or released.",
            ["outcome"],
            registry=self.registry,
        )
        self.unknown_fields = Counter(
            "shipper_unknown_fields",
            "Objects in which a field was seen that their source does not declare, by its name.",
            ["dataset", "field"],
            registry=self.registry,
        )
        self.event_lag = Histogram(
            "shipper_event_lag_seconds",
            "From the oldest event of an object to the moment when all its documents were taken.",
            ["dataset"],
            buckets=_LAG_BUCKETS,
            registry=self.registry,
        )
        self.object_lag = Histogram(
            "shipper_object_lag_seconds",
            "From the creation of an object to the moment when all its documents were taken.",
            ["dataset"],
            buckets=_LAG_BUCKETS,
            registry=self.registry,
        )
        self.newest_event = Gauge(
            "shipper_newest_event_timestamp_seconds",
            "Time of the newest event that was taken; a source that fell silent stands still.",
            ["dataset"],
            registry=self.registry,
        )
        self.bulk_seconds = Histogram(
            "shipper_bulk_seconds",
            "Duration of bulk requests by outcome.",
            ["outcome"],
            buckets=_REQUEST_BUCKETS,
            registry=self.registry,
        )
        self.bulk_bytes = Counter(
            "shipper_bulk_bytes", "Bytes of bulk bodies before compression.", registry=self.registry
        )
        self.bulk_concurrency = Gauge(
            "shipper_bulk_concurrency",
            "Bulk requests that may be made at once; fewer than configured when OpenSearch is overloaded.",
            registry=self.registry,
        )
        self.lookups = Counter(
            "shipper_lookups",
            "Documents that were looked for in older backing indices, by outcome; withdrawn are copies found too late.",
            ["outcome"],
            registry=self.registry,
        )
        self.visibility_extensions = Counter(
            "shipper_visibility_extensions",
            "Extensions of messages' visibility by outcome.",
            ["queue", "outcome"],
            registry=self.registry,
        )
        self.tasks = Gauge(
            "shipper_tasks",
            "Tasks of the event loop, counted when this is read; more and more of them are a leak.",
            registry=self.registry,
        )
        self.ready = Gauge("shipper_ready", "1 when nothing stands in the way of delivery.", registry=self.registry)

    def settled(self, tally: Tally, *, delivered: bool, now: datetime, unknown_fields: Iterable[str] = ()) -> None:
        """
        Count what became of an object's records.

        Args:
            tally: the account of the object, with nothing pending
            delivered: whether the object is done with; lag is not measured of one that is tried again
            now: the time
            unknown_fields: those that were seen in its records and are not declared; of what is tried again they are
                counted then
        """
        dataset, ref = tally.place.dataset, tally.place.object
        for outcome in ("read", "indexed", "duplicates", "filtered", "dead_lettered", "released"):
            count = getattr(tally, outcome)
            if count:
                self.records.labels(dataset, outcome).inc(count)
        self.imbalance.inc(tally.pending)
        if not delivered:
            return
        self._count_fields(dataset, unknown_fields)
        if tally.first is not None:
            self.event_lag.labels(dataset).observe(max(0.0, (now - tally.first).total_seconds()))
        if tally.last is not None:
            self._newest[dataset] = max(tally.last.timestamp(), self._newest.get(dataset, 0.0))
            self.newest_event.labels(dataset).set(self._newest[dataset])
        if ref is not None and ref.event_time is not None:
            self.object_lag.labels(dataset).observe(max(0.0, (now - ref.event_time).total_seconds()))

    def exposition(self) -> bytes:
        """Give all metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def _count_fields(self, dataset: str, fields: Iterable[str]) -> None:
        """Count names of fields; new ones beyond the limit are counted as one."""
        known = self._fields.setdefault(dataset, set())
        named = {name if name in known or len(known) < MOST_FIELDS else OTHER for name in fields}
        known |= named
        for name in named:
            self.unknown_fields.labels(dataset, name).inc()
