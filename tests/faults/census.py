"""
Judges millions of documents by sums: how many there are of each object, and which positions in it they have.

Where some positions are missing and others are there twice, their number is right, but the sum of the positions and the
sum of their squares are not; up to two of each cannot hide from both.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, Self

from msgspec import Struct

from faults import records
from faults.expectation import Expected, ExpectedObject, Fate
from faults.oracle import Finding, Letter, Verdict
from shipper.opensearch import OpenSearch

STREAMS: Final = "logs-aws.*"

_PAGE: Final = 1000


class Sums(Struct, frozen=True):
    """Some positions: how many, their sum, and the sum of their squares."""

    count: int = 0
    positions: int = 0
    squares: int = 0

    @classmethod
    def of(cls, positions: Iterable[int]) -> Self:
        """Sum up."""
        positions = list(positions)
        return cls(len(positions), sum(positions), sum(position * position for position in positions))

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.count + other.count, self.positions + other.positions, self.squares + other.squares)


class Census(Struct, frozen=True):
    """
    The documents of all data streams of logs, over all backing indices.

    Attributes:
        objects: sums by dataset and key of the object
        totals: documents by dataset
    """

    objects: dict[tuple[str, str], Sums]
    totals: dict[str, int]


async def taken(engine: OpenSearch, namespace: str) -> Census:
    """Count what there is."""
    objects: dict[tuple[str, str], Sums] = {}
    totals: dict[str, int] = {}
    told = await engine.request("GET", f"/_data_stream/{STREAMS}-{namespace}")
    for name in [stream["name"] for stream in told["data_streams"]] if told else ():
        dataset = name.removeprefix("logs-").removesuffix(f"-{namespace}")
        await engine.request("POST", f"/{name}/_refresh")
        totals[dataset] = (await engine.request("GET", f"/{name}/_count"))["count"]
        objects |= {(dataset, key): sums for key, sums in (await _by_object(engine, name)).items()}
    return Census(objects, totals)


async def _by_object(engine: OpenSearch, stream: str) -> dict[str, Sums]:
    found: dict[str, Sums] = {}
    after: dict[str, Any] = {}
    while True:
        pages = {"size": _PAGE, "sources": [{"key": {"terms": {"field": "aws.s3.object.key"}}}], **after}
        positions = {"extended_stats": {"field": "aws.s3.object.offset"}}
        body = {"size": 0, "aggs": {"objects": {"composite": pages, "aggs": {"positions": positions}}}}
        answer = await engine.request("POST", f"/{stream}/_search", body)
        objects = answer["aggregations"]["objects"]
        for bucket in objects["buckets"]:
            stats = bucket["positions"]
            # Whole numbers below 2**53, which the answer writes as floats.
            found[bucket["key"]["key"]] = Sums(
                bucket["doc_count"], round(stats["sum"]), round(stats["sum_of_squares"] or 0)
            )
        if "after_key" not in objects:
            return found
        after = {"after": objects["after_key"]}


def judge(expected: Iterable[ExpectedObject], census: Census, letters: Sequence[Letter]) -> Verdict:
    """
    Judge documents and dead letters against what was announced.

    Args:
        expected: all objects; there is none among them that is broken as a whole
        census: the documents
        letters: the dead letters
    """
    verdict = Verdict(documents=sum(census.totals.values()))
    objects = dict(census.objects)
    buried: defaultdict[str, list[Letter]] = defaultdict(list)
    for letter in letters:
        buried[letter.key].append(letter)
    for one in expected:
        rejected = _judge_letters(verdict, one, buried.pop(one.key, []))
        there = objects.pop((records.dataset(one.key), one.key), Sums()) + Sums.of(rejected)
        _judge_sums(verdict, one.key, _wanted(one.records), there)
    for strangers in buried.values():
        verdict.wrongly += [Finding(f"nobody expects one at record {one.position}", one.key) for one in strangers]
    for (dataset, key), sums in objects.items():
        verdict.other.append(Finding(f"{sums.count} documents that nobody wrote in {dataset}", key))
    if missed := verdict.documents - sum(sums.count for sums in census.objects.values()):
        verdict.other.append(Finding(f"{missed} documents do not say of which object they are"))
    return verdict


def _wanted(expected: tuple[Expected, ...]) -> Sums:
    """Sum up what must be a document; what OpenSearch refuses as it is may be a dead letter instead."""
    return Sums.of(one.position for one in expected if one.fate in (Fate.DOCUMENT, Fate.REFUSED))


def _judge_letters(verdict: Verdict, one: ExpectedObject, letters: Sequence[Letter]) -> list[int]:
    """Judge the dead letters of an object; gives the positions of those that stand for what OpenSearch refused."""
    broken = {record.position: record for record in one.records if record.fate in (Fate.DEAD_LETTER, Fate.REFUSED)}
    right: defaultdict[int, int] = defaultdict(int)
    for letter in letters:
        record = broken.get(letter.position)
        if record and letter.reason in record.reasons:
            right[letter.position] += 1
        else:
            verdict.wrongly.append(Finding(f"record {letter.position}: {letter.reason}", one.key))
    verdict.rightly += len(right)
    for position, record in broken.items():
        if record.fate is Fate.DEAD_LETTER and not right[position]:
            verdict.lost.append(Finding(f"the dead letter of record {position}", one.key))
        verdict.twice += [Finding(f"the dead letter of record {position}", one.key)] * max(0, right[position] - 1)
    return [position for position, record in broken.items() if record.fate is Fate.REFUSED and right[position]]


def _judge_sums(verdict: Verdict, key: str, wanted: Sums, there: Sums) -> None:
    """Find what is lost or twice; where both, only that it is so is known for certain."""
    told = Finding(f"{there.count} documents where {wanted.count} must be", key)
    difference = there.count - wanted.count
    verdict.lost += [told] * max(0, -difference)
    verdict.twice += [told] * max(0, difference)
    if not difference and there != wanted:
        told = Finding(f"some of {wanted.count} documents are missing, as many are there twice", key)
        verdict.lost.append(told)
        verdict.twice.append(told)
