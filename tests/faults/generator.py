"""Objects whose every record carries an id of its own, with what must become of each of them."""

import gzip
import zlib
from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Final

from msgspec import Struct

from faults import records
from faults.expectation import Expected, ExpectedObject, Fate
from faults.plan import Plan
from faults.records import Kind, Written

_FORMS: Final = ("trail", "trail", "flow", "flow", "flow_5", "trail_lines", "trail_cloudwatch", "flow_cloudwatch")
_SIZES: Final = (1, 1, 2, 0)
"""Numbers of records at which programs go wrong; most objects have more."""

_ODD: Final = ("no_bytes", "unclaimed", "missing", "broken_off", "digest")
"""Objects that are not what they should be; every plan has one of each."""


class Cargo(Struct, frozen=True):
    """
    An object to be stored and announced.

    Attributes:
        body: as it is stored; None if it never is
        expected: what must become of it
    """

    body: bytes | None
    expected: ExpectedObject


def cargoes(plan: Plan) -> list[Cargo]:
    """Make all objects of a plan, in the order in which they are written."""
    random = Random(f"objects of {plan.seed}")
    numbers = count(1)
    made = [_cargo(random, plan, numbers, ordinal) for ordinal in range(plan.objects - len(_ODD))]
    made += [_odd(kind, random, plan.seed, numbers, plan.objects + index) for index, kind in enumerate(_ODD)]
    made += [_copied(one, plan.objects * 2 + index) for index, one in enumerate(_copyable(made, plan.copied_trails))]
    random.shuffle(made)
    return made


def _cargo(random: Random, plan: Plan, numbers: Iterator[int], ordinal: int) -> Cargo:
    form = random.choice(_FORMS)
    size = random.choice(_SIZES) if random.random() < 0.2 else random.randint(3, plan.records)
    kinds = kinds_of(random, size, form)
    written = [records.written(form, plan.seed, next(numbers), kind) for kind in kinds]
    expected = tuple(expectation_of(one, position) for position, one in enumerate(written))
    body = records.body(form, [one.text for one in written])
    return Cargo(_packed(random, body), ExpectedObject(records.key(form, ordinal), expected))


def kinds_of(random: Random, size: int, form: str) -> list[Kind]:
    """Most records are good; a bad one has good neighbours."""
    kinds: list[Kind] = ["good"] * size
    if size > 2 and random.random() < 0.3:
        bad = records.BAD_KINDS[form.partition("_")[0]]
        for _ in range(random.randint(1, 3)):
            kinds[random.randrange(1, size - 1)] = random.choice(bad)
    return kinds


def expectation_of(one: Written, position: int) -> Expected:
    """Tell what must become of a record at this position of its object."""
    fate = {"good": Fate.DOCUMENT, "refused": Fate.REFUSED}.get(one.kind, Fate.DEAD_LETTER)
    return Expected(one.id, position, fate, records.REASONS.get(one.kind, frozenset()))


def _packed(random: Random, body: bytes) -> bytes:
    """Pack as AWS does: one member, or several behind one another."""
    if random.random() < 0.2:
        middle = len(body) // 2
        return gzip.compress(body[:middle], mtime=0) + gzip.compress(body[middle:], mtime=0)
    return gzip.compress(body, mtime=0)


def _copyable(made: list[Cargo], most: int) -> list[Cargo]:
    """Give some objects of CloudTrail that are whole: their records are known by ids of their own."""
    return [one for one in made if one.expected.key.rpartition("_")[2].startswith("trail") and _all_good(one)][:most]


def _all_good(cargo: Cargo) -> bool:
    return bool(cargo.expected.records) and all(one.fate is Fate.DOCUMENT for one in cargo.expected.records)


def _copied(cargo: Cargo, ordinal: int) -> Cargo:
    """Make the object of a second trail, with the same events."""
    expected = tuple(Expected(one.id, one.position, Fate.COPY) for one in cargo.expected.records)
    return Cargo(cargo.body, ExpectedObject(records.key("trail", ordinal), expected))


def _odd(kind: str, random: Random, seed: int, numbers: Iterator[int], ordinal: int) -> Cargo:
    if kind == "no_bytes":
        return Cargo(b"", ExpectedObject(records.key("trail", ordinal)))
    if kind == "digest":
        return Cargo(gzip.compress(b"{}", mtime=0), ExpectedObject(records.digest_key(ordinal)))
    if kind == "unclaimed":
        return Cargo(b"text", ExpectedObject(f"somebody/else/{ordinal}.txt", (), frozenset({"unclaimed"})))
    if kind == "missing":
        return Cargo(None, ExpectedObject(records.key("flow", ordinal), (), frozenset({"object_missing"})))
    return _broken_off(random, seed, numbers, ordinal)


def _broken_off(random: Random, seed: int, numbers: Iterator[int], ordinal: int) -> Cargo:
    """Make an object that ends half-way; what surely lies before the break must be indexed."""
    form = random.choice(("trail", "flow"))
    written = [records.written(form, seed, next(numbers), "good") for _ in range(random.randint(40, 200))]
    body = records.body(form, [one.text for one in written])
    packed = gzip.compress(body, mtime=0)
    kept = packed[: random.randint(len(packed) // 3, len(packed) - 9)]
    readable = len(zlib.decompressobj(wbits=31).decompress(kept))
    expected = []
    for position, one in enumerate(written):
        # A record's end is known when something follows it.
        whole = body.find(one.text) + len(one.text) < readable - 2
        reasons = frozenset({"undecodable", "columns"})
        fate = Fate.DOCUMENT if whole else Fate.COVERED
        expected.append(Expected(one.id, position, fate, frozenset() if whole else reasons))
    return Cargo(kept, ExpectedObject(records.key(form, ordinal), tuple(expected), frozenset({"object_corrupt"})))
