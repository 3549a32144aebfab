"""
What must hold whatever the bytes are.

The first bytes of an input are knobs: the longest record, and where the blocks end. The rest is the object.
"""

import gc
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec
from decoding import MOST_LISTS, cut
from reading import ETAG, NOW

from shipper import freeform
from shipper.compression import BLOCK_BYTES, Inflater
from shipper.envelopes import json as envelopes
from shipper.errors import CompressionError, NotificationError, RecordError
from shipper.formats import Format, Record, Row, record, scratch
from shipper.notification import parse
from shipper.shipment import Shipment, Shipped
from shipper.source import Origin, Source, Sources

Check = Callable[[bytes], None]
"""Raises an error when a promise is broken."""

KNOBS: Final = 4
LARGEST_INPUT: Final = 1 << 16
CPU_SECONDS: Final = 2.0
ONE_BY_ONE: Final = 200
"""Bytes of an object up to which it is also read byte by byte."""

FEW_BYTES: Final = 512
SHRUNK: Final = ((record, "ORIGINAL_BYTES"), (scratch, "ORIGINAL_BYTES"), (envelopes, "ENVELOPE_BYTES"))
"""Limits that are as low as `FEW_BYTES` while decoders are fuzzed, so that an input can be much longer."""

MOST_LEVELS: Final = freeform.FLAT_DEPTH + 16
"""Levels of nesting of a document: a free-form part stands some levels below the top."""

_RECORD_BYTES: Final = (64, 1 << 10, 1 << 20)
_INFLATED_BYTES: Final = 4 << 20
_IGNORED: Final = {"test_event", "not_created", "no_records"}


class BrokenPromiseError(AssertionError):
    """What must hold does not."""


def promise(kept: object, text: str, *seen: Any) -> None:
    """
    Demand that something holds.

    Raises:
        BrokenPromiseError: it does not
    """
    if not kept:
        raise BrokenPromiseError("\n".join([text, *(repr(one)[:2000] for one in seen)]))


def shrink() -> None:
    """Lower the limits for this process."""
    for module, name in SHRUNK:
        setattr(module, name, FEW_BYTES)


class _Deadline:
    """Demands that what happens inside is quick."""

    def __enter__(self) -> None:
        self._begun = time.process_time()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        seconds = time.process_time() - self._begun
        promise(kind or seconds <= CPU_SECONDS, f"it takes {seconds:.1f} s of CPU time")


def _turned(data: bytes) -> tuple[int, bytes, list[list[bytes]]]:
    """Give the longest record, the object, and the object in blocks, cut in several ways."""
    knobs, raw = data[:KNOBS], data[KNOBS:LARGEST_INPUT]
    sizes = [1 + 4 * knob for knob in knobs[1:]]
    ways = [[raw], cut(raw, sizes)]
    if len(raw) <= ONE_BY_ONE:
        ways.append(cut(raw, [1]))
    return _RECORD_BYTES[knobs[0] % len(_RECORD_BYTES)], raw, ways


def _same(ways: Sequence[Any]) -> None:
    """Demand that an object gives the same however it is cut."""
    for other in ways[1:]:
        for at, (one, two) in enumerate(itertools.zip_longest(ways[0], other)):
            promise(one == two, f"it depends on the blocks what comes at {at}:", one, two)


# -- decoders ----------------------------------------------------------------------------------------------------------


def decoder(layout: Format[Any]) -> Check:
    """Check the decoders of a format."""

    def check(data: bytes) -> None:
        if len(data) >= KNOBS:
            limit, _, ways = _turned(data)
            _same([list(_decoded(layout, blocks, limit)) for blocks in ways])

    return check


def _decoded(layout: Format[Any], blocks: Sequence[bytes], limit: int) -> Iterator[tuple[Any, ...]]:
    """Decode an object; gives what can be compared of each record."""
    one = layout.decoder(record_bytes=limit)
    largest = max(map(len, blocks), default=0)
    most = 4 * (max(limit, FEW_BYTES) + largest) + FEW_BYTES
    with _Deadline():
        for block in [*blocks, b""]:  # behind an empty block, only what waits for more of them is kept
            yield from _listed(one, one.feed(block))
        kept = _kept(one)
        promise(kept <= most, f"{kept} bytes are kept, with records of {limit} and blocks of {largest} bytes")
        for lists in itertools.count():
            promise(lists < MOST_LISTS, "the end does not come to an end")
            if not (values := one.finish()):
                break
            yield from _listed(one, values)


def _listed(one: Any, values: list[Any]) -> Iterator[tuple[Any, ...]]:
    for at, value in enumerate(values):
        promise(value is None or isinstance(value, Record | Row | RecordError), "neither record nor error:", value)
        if isinstance(value, RecordError):
            promise(len(value.original) <= FEW_BYTES, "too much is kept of an error:", value.cause)
        yield type(value).__name__, msgspec.json.encode(value), one.original(at), one.unparsed(at)


def _kept(one: object) -> int:
    """Count the bytes that can be reached from a decoder."""
    seen: set[int] = set()
    waiting = [one]
    total = 0
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type) or callable(thing):
            continue
        seen.add(id(thing))
        if isinstance(thing, bytes | bytearray | str):
            total += len(thing)
        elif isinstance(thing, msgspec.Struct):
            waiting += [getattr(thing, name) for name in thing.__struct_fields__]
        elif thing is one or isinstance(thing, list | tuple | dict) or type(thing).__module__.startswith("shipper."):
            waiting += gc.get_referents(thing)
    return total


# -- shipments ---------------------------------------------------------------------------------------------------------


def shipment(source: Source[Any, Any], origin: Origin) -> Check:
    """Check the whole way of the objects of a source to documents."""

    def shipped(blocks: Sequence[bytes], limit: int, *, whole: bool = True) -> list[Shipped]:
        one = Shipment(source, origin, namespace="default", version=ETAG, record_bytes=limit)
        with _Deadline():
            out = [result for block in blocks for result in one.feed(block, NOW)]
            return [*out, *(one.finish(NOW) if whole else one.break_off(NOW))]

    def check(data: bytes) -> None:
        if len(data) >= KNOBS:
            limit, _, ways = _turned(data)
            results = [shipped(blocks, limit) for blocks in ways]
            _same(results)
            _numbered(results[0], own=source.id is not None)
            for one in results[0]:
                if isinstance(one.result, bytes):
                    document(one.result)
            _broken_off(shipped(ways[1], limit, whole=False), results[0])

    return check


def _numbered(results: list[Shipped], *, own: bool) -> None:
    positions = [one.position for one in results]
    promise(positions == list(range(len(results))), "a position is missing or there twice:", positions)
    ids = [one.id for one in results if isinstance(one.result, bytes)]
    promise(all(ids), "a document has no id")
    promise(own or len(set(ids)) == len(ids), "an id is there twice:", ids)
    for one in results:
        if isinstance(one.result, bytes):
            promise(one.time is not None, "a document has no time:", one)


def _broken_off(results: list[Shipped], whole: list[Shipped]) -> None:
    """An object that breaks off gives what it would give otherwise, but for the last record."""
    promise(len(results) == len(whole), "a record is lost where an object breaks off")
    promise(results[:-1] == whole[:-1], "a record changes although the object breaks off behind it")
    promise(not any(isinstance(one.result, bytes) for one in results[-1:]) or results == whole, "half a record")


def document(text: bytes) -> None:
    """A document is one line of JSON that any parser takes."""
    promise(b"\n" not in text, "a document of several lines:", text)
    value = json.loads(text.decode(), parse_constant=_refuse, object_pairs_hook=_once)
    levels = _levels(value)
    promise(levels <= MOST_LEVELS, f"a document of {levels} levels:", text)


def _refuse(constant: str) -> None:
    raise BrokenPromiseError(f"{constant} is not JSON")


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    promise(len(value) == len(members), "a member is there twice:", members)
    return value


def _levels(value: Any) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_levels, members), default=0)


# -- what is not framed ------------------------------------------------------------------------------------------------


def inflater(data: bytes) -> None:
    """Check what inflates objects."""
    if len(data) < KNOBS:
        return
    _, _, ways = _turned(data)
    (text, fault), *others = [_inflated(blocks) for blocks in ways]
    for other, its_fault in others:
        # How much comes out ahead of a damaged place, and so whether that is too much, does depend on the blocks.
        promise((fault is None) == (its_fault is None), "it depends on the blocks what is wrong:", fault, its_fault)
        same = other == text if fault is None else text.startswith(other) or other.startswith(text)
        promise(same, "it depends on the blocks what comes out:", text, other)


def _inflated(blocks: Sequence[bytes]) -> tuple[bytes, type[Exception] | None]:
    one = Inflater(limit=_INFLATED_BYTES, ratio=1000)
    out = bytearray()
    with _Deadline():
        try:
            for piece in itertools.chain(itertools.chain.from_iterable(map(one.feed, blocks)), one.finish()):
                promise(len(piece) <= BLOCK_BYTES, f"a block of {len(piece)} bytes")
                out += piece
                promise(len(out) <= _INFLATED_BYTES, f"{len(out)} inflated bytes")
        except CompressionError as error:
            return bytes(out), type(error)
    return bytes(out), None


def notification(sources: Sources) -> Check:
    """Check what reads the bodies of messages, and finds the sources of the objects in them."""

    def check(data: bytes) -> None:
        body = data[:LARGEST_INPUT].decode(errors="surrogateescape")
        with _Deadline():
            try:
                told = parse(body)
            except NotificationError as error:
                str(error).encode()
                return
            promise(set(told.ignored) <= _IGNORED, "a reason that nobody counts:", told.ignored)
            for ref in told.objects:
                promise(ref.bucket and ref.key, "an object without a name:", ref)
                f"{ref.bucket}/{ref.key}".encode()
                sources.route(ref)

    return check
