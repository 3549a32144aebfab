"""A fixed set of seeds with real services: together they inject every kind of fault, and nothing is lost or twice."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from faults import trial
from faults.kinds import Fault
from faults.plan import draw
from faults.services import Services, services
from faults.summary import Summary

SEEDS: Final = (1, 2, 3)
"""Few, and quick ones; the last assertion tells when another one is needed."""

EXPECTED_TO_FAIL: Final = frozenset({Fault.ROLLOVER, Fault.S3_GARBLED})
"""Kinds that the shipper does not withstand yet; see docs/faults.md."""


@pytest.fixture
async def real() -> AsyncIterator[Services]:
    """OpenSearch, S3 and SQS of our own: they are stopped and killed."""
    async with services(print) as everything:
        yield everything


async def test_nothing_is_lost_and_nothing_twice(real: Services, tmp_path: Path) -> None:
    """Whatever is injected, every record is visible once or a dead letter with a right reason."""
    summary = Summary()
    for seed in SEEDS:
        plan = draw(seed, without=[*EXPECTED_TO_FAIL, *real.beyond])
        result = await trial.run(plan, real, log=tmp_path / f"seed-{seed}")
        summary.add(result)
        print(summary.line(result), *summary.failure(result, mutant=None, without=sorted(EXPECTED_TO_FAIL)), sep="\n")
    print(summary)
    assert not summary.status, str(summary)
    assert set(Fault) - set(summary.faults) == EXPECTED_TO_FAIL | real.beyond, "choose other seeds"
