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

SEEDS: Final = {
    1: (
        Fault.HEARTBEAT_DELAYED,
        Fault.HEARTBEAT_FAILED,
        Fault.RELEASE_FAILED,
        Fault.S3_BUSY,
        Fault.S3_CORRUPT,
        Fault.S3_CUT,
        Fault.S3_GARBLED,
        Fault.S3_MISSING,
        Fault.S3_RESET,
        Fault.S3_SLOW,
        Fault.S3_TRICKLE,
        Fault.SIGTERM,
        Fault.VISIBILITY_LAPSED,
    ),
    2: (
        Fault.ANSWER_LOST,
        Fault.BULK_BUSY,
        Fault.DELETE_FAILED,
        Fault.DELETE_LOST,
        Fault.ITEM_BUSY,
        Fault.READ_ONLY,
        Fault.RECEIVE_BUSY,
        Fault.RECEIVE_LOST,
        Fault.ROLLOVER,
        Fault.SIGKILL,
        Fault.TRAIL_COPIED,
        Fault.VISIBILITY_LAPSED,
    ),
    3: (
        Fault.ANSWER_LATE,
        Fault.OPENSEARCH_PAUSED,
        Fault.OPENSEARCH_RESET,
        Fault.OPENSEARCH_UNAVAILABLE,
        Fault.SIGKILL,
        Fault.SIGTERM,
        Fault.VISIBILITY_LAPSED,
    ),
    4: (Fault.OPENSEARCH_KILLED, Fault.SIGTERM, Fault.S3_SLOW, Fault.VISIBILITY_LAPSED),
}
"""Kinds that each has for certain; those that are not drawn, like stale receipts, come with them."""


@pytest.fixture
async def real() -> AsyncIterator[Services]:
    """OpenSearch, S3 and SQS of our own: they are stopped and killed."""
    async with services(print) as everything:
        yield everything


async def test_nothing_is_lost_and_nothing_twice(real: Services, tmp_path: Path) -> None:
    """Whatever is injected, every record is visible once or a dead letter with a right reason."""
    summary = Summary()
    for seed, only in SEEDS.items():
        plan = draw(seed, only=only, without=real.beyond)
        result = await trial.run(plan, real, log=tmp_path / f"seed-{seed}")
        summary.add(result)
        print(summary.line(result), *result.verdict.lines(), sep="\n")
    print(summary)
    assert not summary.status, str(summary)
    assert set(Fault) - set(summary.faults) == set(real.beyond), "choose other seeds"
