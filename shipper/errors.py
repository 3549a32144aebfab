"""
What can go wrong, as one tree.

    ShipperError
    ├── ConfigError            a setting is wrong; nothing was started
    ├── NotificationError      a queue message we do not understand
    ├── ObjectError            one S3 object, with its bucket and key
    │   ├── ObjectMissing      404, or 403 where s3:ListBucket is not granted
    │   ├── ObjectDenied       S3 refuses the read
    │   ├── KeyDenied          KMS refuses the key that the object is encrypted with
    │   ├── ObjectUnreadable   S3 did not answer, or the body broke off
    │   ├── ObjectCorrupt      the bytes are not what their magic promises
    │   └── ObjectTooLarge     more inflated bytes than the limit
    ├── CompressionError       compressed bytes are damaged; the bucket makes an ObjectCorrupt of it
    │   └── InflatedTooLarge   … an ObjectTooLarge
    ├── QueueError             SQS did not do as asked
    ├── LastResortError        the place for refused dead letters cannot be written or read
    ├── LetterError            a dead letter does not hold what is needed of it
    ├── OpenSearchError
    │   ├── OpenSearchRefused      401, 403, or a missing template: waiting for an operator helps, retrying does not
    │   ├── OpenSearchUnavailable  429, 5xx, time-outs, lost connections
    │   └── BulkRejected           the request as a whole was refused (400, 413)
    ├── HistoryError           CloudTrail's Event history cannot be read: an operator has to act
    │   ├── HistoryTokenRefused    the token of a page is not valid any more
    │   └── HistoryUnavailable     CloudTrail is busy, or does not answer
    ├── DocumentMissing        no document has the id that was asked for
    └── EmbeddedError          a service for the demo or the tests did not start

Every class says `reason`, a bounded label for metrics, and whether trying again may help (`retryable`).
What goes wrong with a single record is not an exception but a `RecordError` value in the stream of records.
"""

from typing import ClassVar

from msgspec import Struct


class ShipperError(Exception):
    """Root of all errors that this package raises on purpose."""

    reason: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False


class ConfigError(ShipperError):
    """A setting is wrong."""

    reason = "config"


class NotificationError(ShipperError):
    """The body of a queue message is none of the known notification forms."""

    reason = "notification_unknown"


class ObjectError(ShipperError):
    """
    Something is wrong with one S3 object.

    An error that is not `retryable` becomes a dead letter at once. One that is `final_when_repeated` becomes one when
    the message was received as often as the queue's settings allow. Any other is tried again for as long as the message
    lives.

    Args:
        bucket: name of the bucket
        key: decoded key of the object
        message: what happened and what to do
    """

    final_when_repeated: ClassVar[bool] = False

    def __init__(self, bucket: str, key: str, message: str) -> None:
        super().__init__(bucket, key, message)
        self.bucket = bucket
        self.key = key
        self.message = message

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}: {self.message}"


class ObjectMissing(ObjectError):
    """The object is not there, or S3 will not say so without s3:ListBucket."""

    reason = "object_missing"
    retryable = True
    final_when_repeated = True


class ObjectDenied(ObjectError):
    """
    S3 refuses the read.

    That is final when repeated, since S3 says the same of an object that is missing where s3:ListBucket is not granted.
    """

    reason = "object_denied"
    retryable = True
    final_when_repeated = True


class KeyDenied(ObjectError):
    """KMS refuses the key that the object is encrypted with: the object is there, and an operator has to act."""

    reason = "key_denied"
    retryable = True


class ObjectUnreadable(ObjectError):
    """S3 did not answer or the body broke off: trying again may help."""

    reason = "object_unreadable"
    retryable = True


class ObjectCorrupt(ObjectError):
    """The body is not what its first bytes promise, or ends half-way."""

    reason = "object_corrupt"
    retryable = True
    final_when_repeated = True


class ObjectTooLarge(ObjectError):
    """The object inflates to more bytes, or has more records, than the limits allow."""

    reason = "object_too_large"


class ObjectUnrecognized(ObjectError):
    """Neither its key nor its content tells which log the object is."""

    reason = "unclaimed"


class CompressionError(ShipperError):
    """Compressed bytes are damaged or end half-way."""

    reason = "object_corrupt"


class InflatedTooLarge(CompressionError):
    """Compressed bytes inflate to more than the limit."""

    reason = "object_too_large"


class QueueError(ShipperError):
    """SQS did not do as asked."""

    reason = "queue"
    retryable = True


class LastResortError(ShipperError):
    """The place for dead letters that OpenSearch refuses cannot be written or read."""

    reason = "last_resort"
    retryable = True


class LetterError(ShipperError):
    """A dead letter does not hold what is needed of it."""

    reason = "letter"


class OpenSearchError(ShipperError):
    """
    OpenSearch did not do as asked.

    Attributes:
        status: of its answer in HTTP; None where it did not answer
    """

    reason = "opensearch"
    status: int | None = None


class OpenSearchRefused(OpenSearchError):
    """Credentials, a role or a template is missing: an operator has to act."""

    reason = "opensearch_refused"


class OpenSearchUnavailable(OpenSearchError):
    """OpenSearch is overloaded, down or out of reach."""

    reason = "opensearch_unavailable"
    retryable = True


class BulkRejected(OpenSearchError):
    """
    A bulk request was refused as a whole.

    Args:
        status: HTTP status, 400 or 413
        message: what OpenSearch answered
    """

    reason = "bulk_rejected"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message

    def __str__(self) -> str:
        return f"HTTP {self.status}: {self.message}"


class HistoryError(ShipperError):
    """CloudTrail's Event history cannot be read: an operator has to act."""

    reason = "history"


class HistoryTokenRefused(HistoryError):
    """CloudTrail does not know the token of a page any more: what is left is to be asked for anew."""

    reason = "history_token"
    retryable = True


class HistoryUnavailable(HistoryError):
    """CloudTrail is busy, or does not answer."""

    reason = "history_unavailable"
    retryable = True


class DocumentMissing(ShipperError):
    """No document has the id that was asked for."""

    reason = "document_missing"


class EmbeddedError(ShipperError):
    """A service for the demo or the tests did not start."""

    reason = "embedded"


class RecordError(Struct, frozen=True):
    """
    One record that did not become a document: a value, so that its neighbours go on.

    Attributes:
        reason: bounded label: `undecodable`, `too_long`, `mapping_failed`, `columns`, `no_timestamp`
        cause: what was wrong, for people
        original: the record's bytes as they stood in the object, possibly cut
        length: bytes of the record before any cut
    """

    reason: str
    cause: str
    original: bytes
    length: int
