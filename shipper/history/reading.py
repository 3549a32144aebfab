"""What becomes of one event: the same as of the one that a trail writes."""

from datetime import datetime
from typing import Any

from shipper.digest import digest
from shipper.errors import RecordError
from shipper.history.lookup import Event
from shipper.notification import NO_OBJECT
from shipper.shipment import Shipment, Shipped
from shipper.source import Origin, Source


class Reader:
    """
    Makes documents of events.

    Args:
        source: of a trail's events
        account: whose history it is
        region: of the history
        namespace: of the data stream
        record_bytes: longest event
    """

    def __init__(
        self, source: Source[Any, Any], *, account: str, region: str, namespace: str, record_bytes: int
    ) -> None:
        self._source = source
        self._origin = Origin(NO_OBJECT, account, region)
        self._namespace = namespace
        self._record_bytes = record_bytes
        self.dataset = source.dataset
        self.index = self._shipment("").index

    def shipped(self, event: Event, now: datetime) -> Shipped:
        """Read an event; one that cannot be read is a `RecordError`, like a record of an object."""
        shipment = self._shipment(name(event))
        found = [*shipment.feed(event.text, now), *shipment.finish(now)]
        if len(found) == 1:
            return found[0]
        cause = f"there are {len(found)} records in the text of the event"
        return Shipped(0, "", None, RecordError("undecodable", cause, event.text, len(event.text)))

    def _shipment(self, version: str) -> Shipment:
        """Begin anew for each event: whatever is wrong with one does not touch the next."""
        return Shipment(
            self._source,
            self._origin,
            namespace=self._namespace,
            version=version,
            record_bytes=self._record_bytes,
        )


def name(event: Event) -> str:
    """Give what tells an event from all others."""
    return event.id or digest(event.text.decode(errors="replace"))
