"""
Bodies of bulk requests and the answers to them, without any I/O.

https://docs.opensearch.org/latest/api-reference/document-apis/bulk/
"""

from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from http import HTTPStatus
from typing import Final

import msgspec
from msgspec import Struct, field

from shipper.errors import OpenSearchUnavailable
from shipper.tally import Tally

_encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=256)
def _opening(index: str) -> bytes:
    return b'{"create":{"_index":%b,"_id":' % _encode(index)


class Entry(Struct, frozen=True, gc=False):
    """
    One document of a body.

    Attributes:
        start: where its action line begins in the body
        end: where its source line ends, line feed included
        tally: whose record it is
        position: of the record in its object
        dead: whether the document is a dead letter
    """

    start: int
    end: int
    tally: Tally
    position: int
    dead: bool


class BulkBody:
    """
    A bulk request in the making: pairs of an action line and a document line.

    Every action is `create`, so that a document that is there already is a conflict (409) and never overwritten.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.entries: list[Entry] = []

    def __len__(self) -> int:
        return len(self.data)

    def add(self, index: str, id_: str, document: bytes, tally: Tally, position: int, *, dead: bool = False) -> None:
        """
        Add a document.

        Args:
            index: name of its data stream
            id_: its `_id`
            document: as JSON, in one line
            tally: account of its object
            position: of its record in the object
            dead: whether it is a dead letter
        """
        data = self.data
        start = len(data)
        data += _opening(index)
        data += _encode(id_)
        data += b"}}\n"
        data += document
        data += b"\n"
        self.entries.append(Entry(start, len(data), tally, position, dead))

    def part(self, entries: Iterable[Entry]) -> "BulkBody":
        """Copy some of the entries into a body of their own."""
        body = BulkBody()
        for entry in entries:
            start = len(body.data)
            body.data += self.data[entry.start : entry.end]
            body.entries.append(Entry(start, len(body.data), entry.tally, entry.position, entry.dead))
        return body

    def join(self, other: "BulkBody") -> None:
        """Append all entries of another body."""
        shift = len(self.data)
        self.data += other.data
        self.entries += [
            Entry(entry.start + shift, entry.end + shift, entry.tally, entry.position, entry.dead)
            for entry in other.entries
        ]

    def halves(self) -> tuple["BulkBody", "BulkBody"]:
        """Split in two; only a body of more than one entry can be split."""
        middle = len(self.entries) // 2
        return self.part(self.entries[:middle]), self.part(self.entries[middle:])

    def document(self, entry: Entry) -> bytes:
        """Give the document line of an entry, without its line feed."""
        _, _, document = bytes(self.data[entry.start : entry.end]).partition(b"\n")
        return document.rstrip(b"\n")


class Verdict(Enum):
    """What OpenSearch says of one document."""

    CREATED = "created"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    """The document itself is refused: sending it again cannot help."""
    BUSY = "busy"
    """Try again later."""
    BLOCKED = "blocked"
    """An operator has to act: a permission, a template or disk space is missing."""


class Item(Struct, frozen=True):
    """Status of one document and, unless it was created, the reason OpenSearch gives."""

    verdict: Verdict
    status: int
    reason: str = ""


class _Error(Struct):
    type: str = ""
    reason: str | None = ""
    caused_by: "_Error | None" = None


class _Item(Struct):
    status: int
    error: _Error | None = None


class _Create(Struct):
    create: _Item


class _Answer(Struct):
    errors: bool
    items: list[_Create] = field(default_factory=list)


_CREATED: Final = Item(Verdict.CREATED, HTTPStatus.CREATED)
_REASON_CHARACTERS: Final = 2000
_OPERATOR: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
_decode = msgspec.json.Decoder(_Answer).decode


def read_answer(answer: bytes, count: int) -> list[Item]:
    """
    Read the answer to a body of `count` documents, one `Item` a document, in order.

    Raises:
        OpenSearchUnavailable: it is not the answer to so many documents, so that nobody knows what was done
    """
    try:
        told = _decode(answer)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise OpenSearchUnavailable(f"the answer to a bulk request cannot be read: {error}") from error
    if len(told.items) != count:
        raise OpenSearchUnavailable(f"the answer to a bulk request of {count} documents has {len(told.items)} items")
    if not told.errors:
        return [_CREATED] * count
    return [_item(item.create) for item in told.items]


def _item(item: _Item) -> Item:
    status = item.status
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return Item(Verdict.CREATED, status)
    reason = _reason(item.error)
    if status == HTTPStatus.CONFLICT:
        return Item(Verdict.DUPLICATE, status, reason)
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Item(Verdict.BUSY, status, reason)
    if status in _OPERATOR:
        return Item(Verdict.BLOCKED, status, reason)
    return Item(Verdict.REJECTED, status, reason)


def _reason(error: _Error | None) -> str:
    """Join the reasons, outermost first, in bounded length; the innermost usually names the field."""
    reasons = []
    while error is not None:
        reasons.append(f"{error.type}: {error.reason}" if error.reason else error.type)
        error = error.caused_by
    return "; ".join(reasons)[:_REASON_CHARACTERS]
