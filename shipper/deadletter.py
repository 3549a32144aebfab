"""
Dead letters: what could not become a document, kept with the reason, its place and the original.

They are documents of the data stream `logs-shipper.deadletter-<namespace>` and travel in the same bulk requests as all
others. Their ids are made of place and reason, so that reading an object again gives none a second time.
"""

from base64 import b64encode
from codecs import getincrementaldecoder
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from shipper import __version__, ecs
from shipper.digest import digest
from shipper.errors import RecordError
from shipper.notification import ObjectRef

DATASET: Final = "shipper.deadletter"

MOST_BYTES: Final = 2 << 20
"""Bytes of an original that are kept; the place says where the rest is."""

WHOLE_OBJECT: Final = -1
"""Position of a dead letter that stands for all records of an object."""

UNKNOWN: Final = "unknown"
"""Dataset of what neither key nor content tells."""

DOCUMENT_REJECTED: Final = "document_rejected"
"""Reason of the dead letter of a document that OpenSearch refused."""


class Place(Struct, frozen=True, gc=False, kw_only=True):
    """
    Where a dead letter comes from.

    Attributes:
        dataset: of the source, or `UNKNOWN`
        object: the object, None when a message names none
        version: of the object as S3 answered it, empty when it was not read; without an object the name of what it is
    """

    dataset: str
    object: ObjectRef | None = None
    version: str = ""


class LetterObject(ecs.FieldSet):
    """
    `shipper.deadletter.object`: what is needed, beside bucket and key, to read the object again.

    Attributes:
        created: when it was created, as its notification says
        version: of its content, see `Place`; part of the ids of its records' documents
        version_id: that its notification names, in a bucket that keeps versions
    """

    created: datetime | None = None
    version: str | None = None
    version_id: str | None = None


class DeadLetter(ecs.FieldSet):
    """
    `shipper.deadletter`.

    Attributes:
        dataset: of the source, or `unknown`
        document: that OpenSearch refused, as JSON
        document_id: its `_id`
        encoding: of the original: `utf-8` or `base64`
        id: of this letter, its `_id` as well; letters are sorted by it
        length: bytes of original or document before any cut
        object: where the record stood
        original: the record
        position: of the record in its object; None when the letter stands for all records
        reason: bounded label
        version: of the shipper
    """

    dataset: str = ""
    document: ecs.Unindexed | None = None
    document_id: str | None = None
    encoding: str | None = None
    id: str = ""
    length: int | None = None
    object: LetterObject | None = None
    original: ecs.Unindexed | None = None
    position: int | None = None
    reason: str = ""
    version: str = ""


class DeadLetterShipper(ecs.Shipper, kw_only=True):
    """`shipper` of a dead letter."""

    deadletter: DeadLetter


class DeadLetterDocument(ecs.Document, kw_only=True):
    """A dead letter as it is indexed."""

    error: ecs.Error
    shipper: DeadLetterShipper


class DeadLetters:
    """
    Writes dead letters.

    Args:
        namespace: of the data stream
    """

    def __init__(self, namespace: str) -> None:
        self.index = f"logs-{DATASET}-{namespace}"
        self._data_stream = ecs.DataStream(type="logs", dataset=DATASET, namespace=namespace)

    def of_record(self, place: Place, position: int, error: RecordError, now: datetime) -> tuple[str, bytes]:
        """Write the dead letter of a record that did not become a document; give its id and itself."""
        letter = _original(error.original, error.length)
        return self._letter(place, position, error.reason, error.cause, letter=letter, now=now)

    def of_document(
        self, place: Place, position: int, document: bytes, cause: str, now: datetime, *, document_id: str
    ) -> tuple[str, bytes]:
        """Write the dead letter of a document that OpenSearch refused."""
        letter = DeadLetter(document_id=document_id)
        letter.document = ecs.Unindexed(document[:MOST_BYTES].decode(errors="replace"))
        letter.length = len(document)
        return self._letter(place, position, DOCUMENT_REJECTED, cause, letter=letter, now=now)

    def of_object(self, place: Place, reason: str, cause: str, now: datetime) -> tuple[str, bytes]:
        """Write the dead letter that stands for a whole object, or for what is left of it."""
        return self._letter(place, WHOLE_OBJECT, reason, cause, letter=DeadLetter(), now=now)

    def of_message(self, message_id: str, body: str, cause: str, now: datetime) -> tuple[str, bytes]:
        """Write the dead letter of a queue message that is no notification we know."""
        place = Place(dataset=UNKNOWN, version=message_id)
        original = body.encode(errors="replace")
        letter = _original(original, len(original))
        return self._letter(place, WHOLE_OBJECT, "notification_unknown", cause, letter=letter, now=now)

    def _letter(
        self, place: Place, position: int, reason: str, cause: str, *, letter: DeadLetter, now: datetime
    ) -> tuple[str, bytes]:
        ref = place.object
        letter.dataset = place.dataset
        letter.id = letter_id(place, position, reason)
        letter.reason = reason
        letter.version = __version__
        letter.position = None if position == WHOLE_OBJECT else position
        s3 = None
        if ref is None and place.dataset != UNKNOWN:  # a record that comes from no object, under a name of its own
            letter.object = LetterObject(version=place.version)
        if ref is not None:
            letter.object = LetterObject(
                created=ref.event_time, version=place.version or None, version_id=ref.version or None
            )
            s3 = ecs.S3(bucket=ecs.S3Bucket(name=ref.bucket), object=ecs.S3Object(key=ref.key, offset=letter.position))
        document = DeadLetterDocument(
            timestamp=now,
            aws=ecs.Aws(s3=s3) if s3 else None,
            cloud=ecs.Cloud(provider="aws", region=ref.region if ref else None),
            data_stream=self._data_stream,
            ecs=ecs.Ecs(version=ecs.VERSION),
            error=ecs.Error(message=cause, type=reason),
            event=ecs.Event(dataset=DATASET, ingested=now, kind="pipeline_error", module="shipper"),
            shipper=DeadLetterShipper(deadletter=letter),
        )
        return letter.id, msgspec.json.encode(document)


def letter_id(place: Place, position: int, reason: str) -> str:
    """Name a dead letter by place and reason, so that the same failure in the same place has one letter."""
    ref = place.object
    return digest(ref.bucket if ref else "", ref.key if ref else "", place.version, str(position), reason)


def _original(original: bytes, length: int) -> DeadLetter:
    """Keep the original, of which some may be cut off already, as text, or in base64 where it is none."""
    kept = original[:MOST_BYTES]
    letter = DeadLetter(length=length)
    try:
        text = getincrementaldecoder("utf-8")().decode(kept, final=len(kept) == length)  # a cut may halve a character
        letter.original, letter.encoding = ecs.Unindexed(text), "utf-8"
    except UnicodeDecodeError:
        letter.original, letter.encoding = ecs.Unindexed(b64encode(kept).decode()), "base64"
    return letter
