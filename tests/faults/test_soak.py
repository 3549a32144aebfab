"""The judgement of a soak, fed with made-up samples and sums; and what it is fed with in earnest."""

import gzip
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import msgspec
import pytest

from faults import records
from faults.census import Census, Sums, judge
from faults.expectation import Expected, ExpectedObject, Fate
from faults.growth import Growth, measured
from faults.kinds import Fault
from faults.oracle import Letter
from faults.steady import SHARE, steady
from faults.stock import Stock
from faults.vitals import Recorder, Sample

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)
NEVER = {
    *(Fault.SIGTERM, Fault.SIGKILL, Fault.OPENSEARCH_KILLED, Fault.OPENSEARCH_PAUSED),
    *(Fault.READ_ONLY, Fault.ROLLOVER),
}


Changes = dict[str, Callable[[float], float]]


def samples(minutes: float = 30, changes: Changes | None = None) -> list[Sample]:
    """Make up a daemon that is at work and does not grow, but for these; each gives a value by seconds."""
    random = Random(1)
    made = []
    for count in range(int(minutes * 12)):
        noisy = Sample(
            seconds=count * 5.0,
            memory_mib=random.gauss(120.0, 6.0),
            files=random.randint(30, 60),
            threads=random.randint(6, 7),
            tasks=random.randint(90, 160),
            documents=0,
            waiting=80,
        )
        changed = {name: change(noisy.seconds) for name, change in (changes or {}).items()}
        made.append(msgspec.structs.replace(noisy, **changed))
    return made


def grown(made: list[Sample]) -> Growth:
    """Compare the quarters."""
    growth = measured(made)
    assert growth is not None
    return growth


@pytest.mark.parametrize("minutes", [3, 30])
def test_noise_is_no_growth(minutes: float) -> None:
    """A daemon whose needs go up and down passes, however long the soak is."""
    assert grown(samples(minutes)).lines() == []


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("memory", {"memory_mib": lambda seconds: 120 + seconds * 0.02}),
        ("open files", {"files": lambda seconds: 40 + seconds // 60}),
        ("threads", {"threads": lambda seconds: 6 + seconds // 200}),
        ("tasks", {"tasks": lambda seconds: 100 + seconds // 15}),
    ],
)
def test_leak_is_found(what: str, change: Changes) -> None:
    """Whatever grows slowly over half an hour is named, and nothing else."""
    (line,) = grown(samples(30, change)).lines()
    assert line.startswith(f"{what} grew from ")


def test_warm_up_is_left_out() -> None:
    """A daemon that needs little in its first minute is not taken for one that grows."""
    assert grown(samples(30, {"memory_mib": lambda seconds: 120 if seconds >= 60 else 20})).lines() == []


def test_peaks_of_memory_are_no_growth() -> None:
    """Memory is compared by the median: a peak in the last quarter is none."""
    assert (
        grown(samples(30, {"memory_mib": lambda seconds: 400 if seconds > 1400 and seconds % 60 == 0 else 120})).lines()
        == []
    )


def test_too_short_to_tell() -> None:
    """A soak of which little is left behind the warm-up proves nothing, and says so."""
    assert measured(samples(1)) is None
    assert measured(samples(1.5)) is None


class Ourselves:
    """Stands for a daemon: our own process, with made-up metrics."""

    pid = os.getpid()

    async def metrics(self) -> dict[str, float]:
        """Give what counts here, and what does not."""
        indexed = {f'shipper_records_total{{dataset="{name}",outcome="indexed"}}': 20.0 for name in ("one", "other")}
        return {**indexed, 'shipper_records_total{dataset="one",outcome="read"}': 90.0, "shipper_tasks": 7.0}


async def test_vitals(tmp_path: Path) -> None:
    """A sample is what the kernel and the metrics say, and is in the file as soon as it is taken."""
    path = tmp_path / "vitals.csv"
    with Recorder(path) as recorder:
        await recorder.take(Ourselves(), 80)
        with path.open():
            await recorder.take(Ourselves(), 81)
        rows = path.read_text().splitlines()
    first, second = recorder.samples
    assert (first.tasks, first.documents, first.waiting) == (7, 40, 80)
    assert first.memory_mib > 10
    assert first.threads >= 1
    assert second.files == first.files + 1
    assert rows[0] == "seconds,memory_mib,files,threads,tasks,documents,waiting"
    assert rows[2].split(",")[-1] == "81"


KEY = records.key("flow", 1)
OBJECT = ExpectedObject(
    KEY,
    (
        *(Expected(f"id-{position}", position) for position in range(6)),
        Expected("id-6", 6, Fate.DEAD_LETTER, frozenset({"columns"})),
        Expected("id-7", 7, Fate.REFUSED, frozenset({"document_rejected"})),
    ),
)
GOOD = (0, 1, 2, 3, 4, 5)
BURIED = Letter(KEY, 6, "columns", "dead-1")
REJECTED = Letter(KEY, 7, "document_rejected", "dead-1")


def found(positions: tuple[int, ...], *letters: Letter, dataset: str = "aws.vpcflow") -> list[str]:
    """Judge documents of these positions."""
    census = Census({(dataset, KEY): Sums.of(positions)}, {dataset: len(positions)})
    return [line.partition(":")[0] for line in judge([OBJECT], census, letters).lines()]


def test_all_is_there() -> None:
    """Every record has one outcome; what OpenSearch refuses may be a document or a dead letter."""
    assert found((*GOOD, 7), BURIED) == []
    assert found(GOOD, BURIED, REJECTED) == []


@pytest.mark.parametrize(
    ("positions", "letters", "wrong"),
    [
        ((1, 2, 3, 4, 5, 7), [BURIED], ["lost"]),
        (GOOD, [BURIED], ["lost"]),
        ((), [BURIED, REJECTED], ["lost"]),
        ((*GOOD, 7, 7), [BURIED], ["twice"]),
        ((*GOOD, 7), [BURIED, REJECTED], ["twice"]),
        ((*GOOD, 7), [BURIED, BURIED], ["twice"]),
        ((*GOOD, 7), [], ["lost"]),
        ((*GOOD, 7), [msgspec.structs.replace(BURIED, reason="undecodable")], ["lost", "wrong dead letter"]),
        ((*GOOD, 7), [BURIED, msgspec.structs.replace(BURIED, position=2)], ["wrong dead letter"]),
        ((*GOOD, 7), [BURIED, msgspec.structs.replace(BURIED, key="other")], ["wrong dead letter"]),
        # As many as there must be, and even of the same sum.
        ((0, 0, 2, 3, 4, 5, 7), [BURIED], ["lost", "twice"]),
        ((0, 0, 2, 3, 5, 5, 7), [BURIED], ["lost", "twice"]),
    ],
)
def test_what_is_lost_or_twice(positions: tuple[int, ...], letters: list[Letter], wrong: list[str]) -> None:
    """What is missing or too much is found, also where one makes up for the other."""
    assert found(positions, *letters) == wrong


def test_strangers_are_found() -> None:
    """Documents of another dataset, and those that do not say where they come from, are nobody's."""
    assert found((*GOOD, 7), BURIED, dataset="aws.cloudtrail") == ["lost", "wrong"]
    census = Census({("aws.vpcflow", KEY): Sums.of((*GOOD, 7))}, {"aws.vpcflow": 8})
    assert judge([OBJECT], census, [BURIED]).lines() == ["wrong: 1 documents do not say of which object they are"]


def test_share_of_faults() -> None:
    """Every kind of request is struck as often as it should be, and by nothing that ends daemon or OpenSearch."""
    plan = steady(3)
    rates = {chance.fault: chance.rate for chance in plan.chances}
    assert not set(rates) & NEVER
    assert not plan.steps
    every_bulk = ("bulk_", "item_", "answer_")
    for prefixes in ("s3_", "receive_", "heartbeat_", "release_", "delete_", "opensearch_", every_bulk):
        assert sum(rate for fault, rate in rates.items() if fault.startswith(prefixes)) == pytest.approx(SHARE)
    assert steady(3) == plan
    assert {chance.fault for chance in steady(3, without=[Fault.S3_CUT]).chances} == set(rates) - {Fault.S3_CUT}
    assert {chance.rate for chance in steady(4).chances} != set(rates.values())


def test_stock_has_no_id_twice() -> None:
    """Objects share bodies, not the ids of their events, and the sizes are those that are expected."""
    stock = Stock(1, fewest=4, most=9)
    ids: list[str] = []
    late = 0
    for _ in range(80):
        cargo = stock.next(NOW)
        text = gzip.decompress(cargo.body or b"").decode()
        if "/CloudTrail/" in cargo.expected.key:
            own = records.ID.findall(text)
            assert len(own) == len(cargo.expected.records)
            ids += own
        fresh = "2026-08-03T12:00:00Z" in text or f"{NOW.timestamp() - 60:.0f} {NOW.timestamp():.0f}" in text
        late += not fresh
    assert len(set(ids)) == len(ids) > 100
    assert 0 < late < 40


def test_stock_repeats_itself() -> None:
    """The seed decides about the objects."""
    first, again, other = (Stock(seed, fewest=4, most=9) for seed in (1, 1, 2))
    made = [[msgspec.json.encode(stock.next(NOW)) for _ in range(9)] for stock in (first, again, other)]
    assert made[0] == made[1] != made[2]
    assert json.loads(made[0][0])["expected"]["records"]
