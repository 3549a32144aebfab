"""The account of an object."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from fakes import on_fake_time

from shipper.deadletter import Place
from shipper.tally import Tally

MOMENT = datetime(2026, 8, 3, 12, tzinfo=UTC)


def tally(read: int = 0) -> Tally:
    """Open an account."""
    made = Tally(Place(dataset="test"))
    made.read = read
    return made


@pytest.mark.parametrize("outcome", ["indexed", "duplicates", "filtered", "dead_lettered", "released"])
def test_every_outcome_counts(outcome: str) -> None:
    """A record is pending until it has one of the outcomes, whichever."""
    account = tally(read=2)
    assert (account.pending, account.balanced) == (2, False)
    setattr(account, outcome, 2)
    assert (account.pending, account.balanced) == (0, True)


def test_counting_twice_is_seen() -> None:
    """An account on which more was done than read is not in balance."""
    account = tally(read=1)
    account.indexed = 2
    assert not account.balanced


@on_fake_time
async def test_settled_waits_for_the_last_record() -> None:
    """Who waits is told when the last record has its outcome, not before."""
    account = tally(read=2)
    waiting = asyncio.create_task(account.settled())
    await asyncio.sleep(1)
    account.indexed += 1
    account.settle()
    await asyncio.sleep(1)
    assert not waiting.done()
    account.released += 1
    account.settle()
    await asyncio.wait_for(waiting, 1)


@on_fake_time
async def test_an_account_still_open_is_not_settled() -> None:
    """While an object is read, an account in balance means nothing."""
    account = tally(read=1)
    account.indexed = 1
    account.settle()
    account.read = 2
    waiting = asyncio.create_task(account.settled())
    await asyncio.sleep(1)
    assert not waiting.done()
    account.filtered = 1
    account.settle()
    await waiting


@on_fake_time
async def test_nothing_read_is_settled() -> None:
    """An object without records needs no waiting."""
    await asyncio.wait_for(tally().settled(), 1)


def test_first_and_last() -> None:
    """The earliest and the latest event are known, in whatever order they come."""
    account = tally()
    assert (account.first, account.last) == (None, None)
    for minutes in (3, 1, 2):
        account.saw(MOMENT + timedelta(minutes=minutes))
    assert (account.first, account.last) == (MOMENT + timedelta(minutes=1), MOMENT + timedelta(minutes=3))
