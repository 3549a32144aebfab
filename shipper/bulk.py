"""
Bodies of bulk requests and the answers to them, without any I/O.

https://docs.opensearch.org/latest/api-reference/document-apis/bulk/
"""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from functools import lru_cache
from http import HTTPStatus
from typing import Final

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from shipper.errors import OpenSearchUnavailable
from shipper.tally import Tally

_encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=256)
def _opening(index: str) -> bytes:
    return b'{"create":{"_index":%b,"_id":' % _encode(index)


class _Target(Struct):
    id: str = field(name="_id")


class _Action(Struct):
    create: _Target


_decode_action = msgspec.json.Decoder(_Action).decode


class Entry(Struct, frozen=True, gc=False):
    """
    One document of a body.

    Attributes:
        start: where its action line begins in the body
        end: where its source line ends, line feed included
        tally: whose record it is
        position: of the record in its object
        dead: whether the document is a dead letter
        index: name of its data stream
        time: when the event happened; None if nobody knows
        original: the document as it was before it was mended; None when it never was
        rounds: how often it was mended
    """

    start: int
    end: int
    tally: Tally
    position: int
    dead: bool
    index: str
    time: datetime | None
    original: bytes | None = None
    rounds: int = 0


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

    def add(
        self,
        index: str,
        id_: str,
        document: bytes,
        tally: Tally,
        position: int,
        *,
        time: datetime | None = None,
        dead: bool = False,
    ) -> None:
        """
        Add a document.

        Args:
            index: name of its data stream
            id_: its `_id`
            document: as JSON, in one line
            tally: account of its object
            position: of its record in the object
            time: when the event happened; None if nobody knows
            dead: whether it is a dead letter
        """
        data = self.data
        start = len(data)
        data += _opening(index)
        data += _encode(id_)
        data += b"}}\n"
        data += document
        data += b"\n"
        self.entries.append(Entry(start, len(data), tally, position, dead, index, time))

    def part(self, entries: Iterable[Entry]) -> "BulkBody":
        """Copy some of the entries into a body of their own."""
        body = BulkBody()
        for entry in entries:
            start = len(body.data)
            body.data += self.data[entry.start : entry.end]
            body.entries.append(replace(entry, start=start, end=len(body.data)))
        return body

    def mend(self, other: "BulkBody", entry: Entry, document: bytes) -> None:
        """Add a document in another form than an entry of another body has it; action and original stay the same."""
        start = len(self.data)
        action, _, refused = bytes(other.data[entry.start : entry.end]).partition(b"\n")
        self.data += b"%b\n%b\n" % (action, document)
        original = refused.rstrip(b"\n") if entry.original is None else entry.original
        self.entries.append(replace(entry, start=start, end=len(self.data), original=original, rounds=entry.rounds + 1))

    def join(self, other: "BulkBody") -> None:
        """Append all entries of another body."""
        shift = len(self.data)
        self.data += other.data
        self.entries += [replace(entry, start=entry.start + shift, end=entry.end + shift) for entry in other.entries]

    def halves(self) -> tuple["BulkBody", "BulkBody"]:
        """Split in two; only a body of more than one entry can be split."""
        middle = len(self.entries) // 2
        return self.part(self.entries[:middle]), self.part(self.entries[middle:])

    def id(self, entry: Entry) -> str:
        """Give the `_id` of an entry's document."""
        action, _, _ = bytes(self.data[entry.start : entry.end]).partition(b"\n")
        return _decode_action(action).create.id

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
    """
    What OpenSearch says of one document.

    Attributes:
        verdict: what it means
        status: of HTTP
        reason: unless it was created
        index: name of the backing index that it was written to, or that refused it
    """

    verdict: Verdict
    status: int
    reason: str = ""
    index: str = ""


class _Error(Struct):
    type: str = ""
    reason: str | None = ""
    caused_by: "_Error | None" = None


class _Item(Struct):
    status: int
    index: str = field(name="_index", default="")
    error: _Error | None = None


class _Create(Struct):
    create: _Item


class _Answer(Struct):
    items: list[_Create] = field(default_factory=list)


_REASON_CHARACTERS: Final = 2000
_BLOCKED: Final = "cluster_block_exception"
"""An index that is read-only, by hand or because the disk is full: with status 403 or, for the disk, 429."""
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
    return [_item(item.create) for item in told.items]


def _item(item: _Item) -> Item:
    if item.status < HTTPStatus.MULTIPLE_CHOICES:
        return _created(item.status, item.index)
    is_blocked = item.error is not None and item.error.type == _BLOCKED
    verdict = Verdict.BLOCKED if is_blocked else _verdict(item.status)
    return Item(verdict, item.status, _reason(item.error), item.index)


@lru_cache(maxsize=256)
def _created(status: int, index: str) -> Item:
    return Item(Verdict.CREATED, status, index=index)


def _verdict(status: int) -> Verdict:
    if status == HTTPStatus.CONFLICT:
        return Verdict.DUPLICATE
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Verdict.BUSY
    return Verdict.BLOCKED if status in _OPERATOR else Verdict.REJECTED


def _reason(error: _Error | None) -> str:
    """Join the reasons, outermost first, in bounded length; the innermost usually names the field."""
    reasons = []
    while error is not None:
        reasons.append(f"{error.type}: {error.reason}" if error.reason else error.type)
        error = error.caused_by
    return "; ".join(reasons)[:_REASON_CHARACTERS]
