"""
The ledger: for each attempt at an object a document that says what was read and what became of it.

Entries are documents of the data stream `logs-shipper.objects-<namespace>` and travel in the same bulk requests as all
others. An entry is no record of its object, so it has an account of its own and never shows in the object's. Its id is
made of object, version, message and receive: an attempt has one entry, however often that is sent.
"""

import socket
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final

import msgspec

from shipper import __version__, ecs
from shipper.deadletter import Place
from shipper.digest import digest
from shipper.notification import ObjectRef
from shipper.queue import Message
from shipper.tally import Tally

DATASET: Final = "shipper.objects"


class Attempt:
    """
    One attempt at an object.

    Args:
        tally: its account
        begun: when it began

    Attributes:
        errored: whether something has to be tried again
        size: bytes of the object as stored, if known
        error: what went wrong with the object itself
        unknown_fields: names that were seen in its records and that its source does not declare
        delivered: whether it is done with; known when it has ended
        ended: when the last of its records had an outcome
    """

    def __init__(self, tally: Tally, begun: datetime) -> None:
        ref = tally.place.object
        self.tally = tally
        self.begun = begun
        self.errored = False
        self.size = ref.size if ref else None
        self.error: ecs.Error | None = None
        self.unknown_fields: AbstractSet[str] = frozenset()
        self.delivered = False
        self.ended = begun

    def note(self, reason: str, cause: str) -> None:
        """Note what is wrong with the object itself."""
        self.error = ecs.Error(message=cause, type=reason)

    def end(self, now: datetime) -> None:
        """Note that every record has an outcome."""
        self.ended = now
        self.delivered = not self.errored and not self.tally.released and self.tally.balanced


class Entry(ecs.FieldSet, kw_only=True):
    """`shipper.object`; lags end when the last document was taken."""

    attempt: int
    dataset: str
    dead_lettered: int
    duplicates: int
    event_lag_seconds: float | None = None
    filtered: int
    first_event: datetime | None = None
    indexed: int
    last_event: datetime | None = None
    message_id: str
    object_lag_seconds: float | None = None
    outcome: str
    read: int
    released: int
    size: int | None = None
    unknown_fields: tuple[str, ...] = ()
    version: str | None = None
    version_id: str | None = None


class EntryShipper(ecs.Shipper, kw_only=True):
    """`shipper` of a ledger entry."""

    object: Entry


class EntryDocument(ecs.Document, kw_only=True):
    """A ledger entry as it is indexed."""

    agent: ecs.Agent
    error: ecs.Error | None = None
    host: ecs.Host
    shipper: EntryShipper


class Ledger:
    """
    Writes ledger entries.

    Args:
        namespace: of the data stream
        host: name of this machine
    """

    def __init__(self, namespace: str, host: str | None = None) -> None:
        self.index = f"logs-{DATASET}-{namespace}"
        self._data_stream = ecs.DataStream(type="logs", dataset=DATASET, namespace=namespace)
        self._ecs = ecs.Ecs(version=ecs.VERSION)
        self._agent = ecs.Agent(type="s3-siem-shipper", version=__version__)
        self._host = ecs.Host(name=host or socket.gethostname())

    def entry(self, ref: ObjectRef, attempt: Attempt, message: Message, number: int) -> tuple[str, bytes, Tally]:
        """
        Write the entry of an attempt that has ended.

        Args:
            ref: the object
            attempt: at this object
            message: that announced it
            number: of the object in its message, which may name one twice

        Returns:
            Its id, itself, and an account of this one document.
        """
        place = attempt.tally.place
        id_ = digest(ref.bucket, ref.key, place.version, message.id, str(message.receive_count), str(number))
        # Should it be refused, its dead letter is that of this attempt, not of the object.
        account = Tally(Place(dataset=DATASET, object=ref, version=id_))
        account.read = 1
        return id_, msgspec.json.encode(self._document(ref, attempt, message)), account

    def _document(self, ref: ObjectRef, attempt: Attempt, message: Message) -> EntryDocument:
        return EntryDocument(
            timestamp=attempt.ended,
            agent=self._agent,
            aws=ecs.Aws(s3=ecs.S3(bucket=ecs.S3Bucket(name=ref.bucket), object=ecs.S3Object(key=ref.key))),
            cloud=ecs.Cloud(provider="aws", region=ref.region),
            data_stream=self._data_stream,
            ecs=self._ecs,
            error=attempt.error,
            event=ecs.Event(
                dataset=DATASET,
                duration=(attempt.ended - attempt.begun) // timedelta(microseconds=1) * 1000,
                end=attempt.ended,
                ingested=attempt.ended,
                kind="event",
                module="shipper",
                outcome="success" if attempt.delivered else "failure",
                start=attempt.begun,
            ),
            host=self._host,
            shipper=EntryShipper(object=_entry(ref, attempt, message)),
        )


def _entry(ref: ObjectRef, attempt: Attempt, message: Message) -> Entry:
    tally, place = attempt.tally, attempt.tally.place
    return Entry(
        attempt=message.receive_count,
        dataset=place.dataset,
        dead_lettered=tally.dead_lettered,
        duplicates=tally.duplicates,
        event_lag_seconds=_lag(attempt, tally.first),
        filtered=tally.filtered,
        first_event=tally.first,
        indexed=tally.indexed,
        last_event=tally.last,
        message_id=message.id,
        object_lag_seconds=_lag(attempt, ref.event_time),
        outcome="delivered" if attempt.delivered else "errored",
        read=tally.read,
        released=tally.released,
        size=attempt.size,
        unknown_fields=tuple(sorted(attempt.unknown_fields)),
        version=place.version or None,
        version_id=ref.version,
    )


def _lag(attempt: Attempt, since: datetime | None) -> float | None:
    """Give the seconds since then of what is delivered; what is tried again comes later still."""
    return (attempt.ended - since).total_seconds() if attempt.delivered and since else None
