"""A dead letter as it is read back, and where it lies."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from shipper.deadletter import DeadLetter, DeadLetterDocument
from shipper.errors import LetterError
from shipper.notification import ObjectRef


class Letter(Struct, frozen=True):
    """
    A letter.

    Attributes:
        document: as it is indexed; without original and document where only a list is asked for
        name: its `_id`, or its name on the shelf
        index: the backing index it lies in; empty on the shelf
    """

    document: DeadLetterDocument
    name: str
    index: str = ""

    @property
    def content(self) -> DeadLetter:
        """What the letter says of itself."""
        return self.document.shipper.deadletter

    @property
    def ref(self) -> ObjectRef | None:
        """The object, as its notification named it; None when the letter is that of a message."""
        s3 = self.document.aws.s3 if self.document.aws else None
        if s3 is None:
            return None
        told = self.content.object
        return ObjectRef(
            bucket=s3.bucket.name,
            key=s3.object.key,
            region=self.document.cloud.region,
            version=told.version_id if told else None,
            event_time=told.created if told else None,
        )

    @property
    def version(self) -> str:
        """The content of the object as it was read; empty when it was not read."""
        return (self.content.object.version if self.content.object else None) or ""

    @property
    def original(self) -> bytes:
        """
        The bytes of the record, or of the message.

        Raises:
            LetterError: there are none, or not all of them
        """
        content = self.content
        if content.original is None and content.length != 0:
            raise LetterError("the letter holds no original")
        text = content.original or ""
        original = b64decode(text) if content.encoding == "base64" else text.encode()
        return _all(original, content.length, "original")

    @property
    def rejected(self) -> tuple[str, bytes]:
        """
        The document that OpenSearch refused: its `_id` and itself.

        Raises:
            LetterError: there is none, or not all of it
        """
        content = self.content
        if content.document is None or not content.document_id:
            raise LetterError("the letter holds no document")
        return content.document_id, _all(content.document.encode(), content.length, "document")


def read_letter(source: Any, name: str, index: str = "") -> Letter:
    """
    Make a letter of what a search answers or a file holds.

    Raises:
        LetterError: it is no dead letter
    """
    try:
        if isinstance(source, Mapping):
            return Letter(msgspec.convert(source, DeadLetterDocument), name, index)
        return Letter(msgspec.json.decode(source, type=DeadLetterDocument), name, index)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise LetterError(f"{name} is no dead letter: {error}") from error


def _all(kept: bytes, length: int | None, what: str) -> bytes:
    if len(kept) != length:
        raise LetterError(f"the letter holds {len(kept)} of {length} bytes of the {what}")
    return kept
