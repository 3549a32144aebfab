"""Where a dead letter goes that OpenSearch refuses: on the shelf, or back with its message."""

import asyncio
import logging
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from desk import Desk, outcomes
from fakes import on_fake_time
from lines import BEGINNING

from shipper.config import DeadLetter
from shipper.deadletter import DOCUMENT_REJECTED, letter_id
from shipper.errors import ConfigError, LastResortError, NotificationError, ObjectError
from shipper.lastresort import LastResort, Shelf, own_routes, shelf_at
from shipper.lastresort.directory import Directory
from shipper.lastresort.shelf import is_name, name_of
from shipper.metrics import Metrics

ID = "0123456789abcdef0123456789abcd"
NAME = f"2026/08/03/{ID}.json"


def desk(shelf: Shelf | None) -> Desk:
    """Give an indexer before an OpenSearch that refuses everything."""
    metrics = Metrics()
    desk = Desk(last_resort=LastResort(shelf, metrics))
    desk.metrics = metrics
    desk.engine.answer(lambda _: 400)
    return desk


def refused(desk: Desk, outcome: str) -> Any:
    """Count refused letters."""
    return desk.metrics.registry.get_sample_value("shipper_dead_letters_refused_total", {"outcome": outcome})


async def names(shelf: Shelf) -> list[str]:
    """List a shelf."""
    return [name async for name in shelf.names()]


async def test_a_refused_letter_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A letter that OpenSearch refuses is a file, its record is done with, and all of that is counted and said."""
    caplog.set_level(logging.WARNING)
    shelf = Directory(tmp_path / "dead" / "letters")
    front = desk(shelf)
    tally = await front.deliver("bad")
    assert outcomes(tally) == (0, 0, 1, 0)
    (name,) = await names(shelf)
    assert name == f"{BEGINNING:%Y/%m/%d}/{letter_id(tally.place, 0, 'document_rejected')}.json"
    assert b'"document_id":"bad"' in await shelf.read(name)
    assert (refused(front, "kept"), refused(front, "released")) == (1, None)
    assert "is kept in the last resort" in caplog.text


async def test_what_cannot_be_kept_is_released(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where the file cannot be written, the record goes back with its message."""
    (tmp_path / "file").touch()
    front = desk(Directory(tmp_path / "file"))
    assert outcomes(await front.deliver("bad")) == (0, 0, 0, 1)
    assert (refused(front, "kept"), refused(front, "released")) == (None, 1)
    assert "its message stays on the queue" in caplog.text


class Stuck(Directory):
    """A disk that does not answer."""

    async def write(self, name: str, letter: bytes) -> None:
        """Wait for ever."""
        await asyncio.sleep(1e9)
        raise AssertionError(name, letter)


@on_fake_time
async def test_shutdown_releases_what_is_not_kept_yet(tmp_path: Path) -> None:
    """When the program ends while a letter is being written, its record goes back with its message."""
    front = desk(Stuck(tmp_path))
    tally = front.tally()
    front.add(tally, "bad", "worse")
    await front.indexer.flush()
    await asyncio.sleep(1)
    await front.indexer.stop()
    await tally.settled()
    assert outcomes(tally) == (0, 0, 0, 2)


async def test_writing_is_idempotent_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    """The same letter twice is one file that only its owner can read; a write that fails leaves no other file."""
    shelf = Directory(tmp_path)
    await shelf.write(NAME, b"one")
    await shelf.write(NAME, b"two")
    assert await shelf.read(NAME) == b"two"
    (tmp_path / NAME).with_suffix(".txt").write_text("not ours")
    (tmp_path / NAME.replace("03", "04")).mkdir(parents=True)
    with pytest.raises(LastResortError, match="Is a directory"):
        await shelf.write(NAME.replace("03", "04"), b"three")
    found = (Path(file).suffix for _, _, files in os.walk(tmp_path) for file in files)
    assert sorted(found) == [".json", ".txt"]
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    await shelf.remove(NAME)
    await shelf.remove(NAME)
    assert not (tmp_path / NAME).exists()


async def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Who lists a directory that is not there is told so, and not that there are no letters."""
    with pytest.raises(LastResortError, match="No such file"):
        await names(Directory(tmp_path / "typo"))


def test_names_are_made_of_our_own_digest_alone() -> None:
    """The name says the day in UTC and the id; an id that is no digest of ours never gets into a path."""
    assert name_of(ID, datetime(2026, 8, 4, 1, tzinfo=timezone(timedelta(hours=2)))) == NAME
    for bad in ("", "../../etc/passwd", ID.upper(), f"{ID}\n", f"{ID}0"):
        with pytest.raises(ValueError, match="not the id"):
            name_of(bad, datetime(2026, 8, 3, tzinfo=UTC))
    assert is_name(NAME)
    assert not is_name(f"x/{NAME}")
    assert not is_name(f"{NAME}\n")


def test_our_own_letters_are_no_logs() -> None:
    """A bucket that announces the letters themselves does not make a letter of each."""
    (route,) = own_routes(DeadLetter(s3="s3://dead-letters/shipper/"))
    assert (route.bucket, route.prefix, route.action) == ("dead-letters", "shipper/", "ignore")
    assert own_routes(DeadLetter(directory="/var/dead")) == own_routes(DeadLetter()) == ()


def test_every_reason_is_explained() -> None:
    """The users' page has a row for each reason that the code knows."""
    page = (Path(__file__).parents[1] / "docs/dead-letters.md").read_text()
    objects = {kind.reason for kind in ObjectError.__subclasses__() if kind.final_when_repeated or not kind.retryable}
    records = {"undecodable", "columns", "too_long", "mapping_failed", DOCUMENT_REJECTED}
    for reason in objects | records | {"unclaimed", NotificationError.reason}:
        assert f"\n| `{reason}` |" in page


def test_an_address_that_is_none_is_refused() -> None:
    """A bucket without a prefix, or something that is none, is an error that shows the right form."""
    for bad in ("s3://bucket", "s3://bucket/", "s3://bucket//", "s3://B/x/", "s3://bucket/x"):
        with pytest.raises(ConfigError, match="s3://bucket/prefix/"):
            shelf_at(bad, None)  # type: ignore[arg-type] -- no client is opened
