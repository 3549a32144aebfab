"""What became of the records of one object: the sum that must always be right."""

import asyncio
from datetime import datetime

from shipper.deadletter import Place


class Tally:
    """
    The account of one attempt at one object.

    Args:
        place: the object, for its dead letters

    Every record that is read ends as one of indexed, duplicate, filtered, dead-lettered or released. Released are those
    that OpenSearch did not take; the message is then not acknowledged, and a later attempt reads them again.

    Attributes:
        read: records met in the object, broken ones included
        indexed: documents created
        duplicates: documents that were there already
        filtered: records that are not worth a document
        dead_lettered: records, or whole objects, kept as a dead letter
        released: records given back with the message
        first: time of the earliest event
        last: time of the latest event
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.read = 0
        self.indexed = 0
        self.duplicates = 0
        self.filtered = 0
        self.dead_lettered = 0
        self.released = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._settled = asyncio.Event()
        self._closed = False

    @property
    def pending(self) -> int:
        """Records of which nobody knows yet what becomes of them."""
        return self.read - self.indexed - self.duplicates - self.filtered - self.dead_lettered - self.released

    @property
    def balanced(self) -> bool:
        """Whether every record read is accounted for."""
        return self.pending == 0

    def saw(self, moment: datetime) -> None:
        """Note the time of an event."""
        if self.first is None or moment < self.first:
            self.first = moment
        if self.last is None or moment > self.last:
            self.last = moment

    def settle(self) -> None:
        """Tell that something became of some records."""
        if self._closed and self.pending <= 0:
            self._settled.set()

    async def settled(self) -> None:
        """Wait, after the last record was read, until something became of each."""
        self._closed = True
        self.settle()
        await self._settled.wait()
