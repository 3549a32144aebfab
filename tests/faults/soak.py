"""One daemon that works without a pause while everything around it goes wrong: does it grow, and does it stay right?"""

import asyncio
import time
import uuid
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import aiohttp

from faults import census, evidence
from faults.daemon import Daemon
from faults.feeder import Feeder
from faults.growth import Growth, measured
from faults.holds import Holds
from faults.journal import Journal
from faults.kinds import Fault, Point
from faults.oracle import Entry, Finding, Letter, Seen, Verdict, judge_around, judge_ledger
from faults.plan import Plan, Step
from faults.services import Services
from faults.site import Site
from faults.soaked import Soaked
from faults.steady import steady
from faults.steps import Steps
from faults.stock import Stock
from faults.trial import MEMORY_MIB, PACKAGE, at_rest, between
from faults.vitals import Recorder, Sample

MOST_STORE_GIB: Final = 20.0
"""
Most that the documents may take of the disk; where they take more, the soak ends early and has failed.

Nothing is deleted, so that everything can be counted at the end, over all backing indices.
"""

_SAMPLE_SECONDS: Final = 5.0
_ROLLOVER_SECONDS: Final = 180.0
_FEWEST_ROLLOVERS: Final = 4
"""A short soak has them sooner."""

_DRAIN_SECONDS: Final = 600.0
_POLL_SECONDS: Final = 0.25
_GIB: Final = 1 << 30
_ROLLOVER: Final = Step(Fault.ROLLOVER, Point.BULK_WANTED, 0)


async def run(
    seed: int,
    minutes: float,
    services: Services,
    *,
    log: Path,
    without: Collection[Fault] = (),
    tell: Callable[[str], None],
    package: Path = PACKAGE,
) -> Soaked:
    """
    Run a soak.

    Args:
        seed: of the faults and the objects
        minutes: for which objects are announced
        services: where it runs
        log: folder for `vitals.csv`, the event log and the log of the daemon
        without: kinds of faults to be left out
        tell: told how it goes, a line a minute
        package: folder that holds the package `shipper` that the daemon runs
    """
    journal, plan = _journal(log), steady(seed, without=without)
    site = Site(services, plan, f"soak-{seed}-{uuid.uuid4().hex[:8]}", log)
    try:
        await site.build([])
        return await _Soak(plan, minutes, services, site, journal, tell).run(package)
    finally:
        journal.close()
        await services.engine.request("DELETE", f"/_data_stream/logs-*-{site.namespace}")


def _journal(folder: Path) -> Journal:
    """Begin the event log, in a folder that may have to be made."""
    folder.mkdir(parents=True, exist_ok=True)
    return Journal(folder / "events.jsonl")


class _Soak:
    """What the tasks of one soak share."""

    def __init__(
        self,
        plan: Plan,
        minutes: float,
        services: Services,
        site: Site,
        journal: Journal,
        tell: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._minutes = minutes
        self._services = services
        self._site = site
        self._journal = journal
        self._tell = tell
        self._feeder = Feeder(site, Stock(plan.seed), plan, journal)
        self._problems: list[str] = []
        self._until = 0.0

    async def run(self, package: Path) -> Soaked:
        """Keep the daemon at work, let it finish, and judge."""
        site, journal, engine = self._site, self._journal, self._services.engine
        holds = Holds(site.show, journal)
        async with between(self._plan, self._services, site, journal, holds, package) as (fleet, steps, search):
            name = await fleet.start()
            daemon = fleet.of(name)
            while not await daemon.metrics() and daemon.running:
                await asyncio.sleep(_POLL_SECONDS)
            began = time.monotonic()
            self._until = began + self._minutes * 60
            with Recorder(site.folder / "vitals.csv") as recorder:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._feeder.run(lambda: self._over(daemon)))
                    group.create_task(self._roll_over(daemon, steps))
                    group.create_task(self._watch(daemon, recorder))
            self._tell("the rest of the queue, then the judgement")
            await at_rest(site, fleet, steps, search, lambda: True, time.monotonic() + _DRAIN_SECONDS)
            seconds = time.monotonic() - began
            fallen = fleet.fallen()
            _, letters, entries = await evidence.collect(engine, site.namespace, streams="logs-shipper.*")
            counted = await census.taken(engine, site.namespace)
            waiting, dead_queue = await site.left(site.queue_url), await site.left(site.dead_queue_url)
            daemons = await fleet.seen()
        seen = Seen(daemons=daemons, fallen=fallen, waiting=waiting, dead_queue=dead_queue, unextended=holds.unextended)
        growth = measured(recorder.samples)
        verdict = self._verdict(counted, letters, entries, seen, growth)
        for line in verdict.lines():
            journal.note("wrong", what=line)
        return Soaked(
            minutes=self._minutes,
            objects=len(self._feeder.announced),
            seconds=seconds,
            verdict=verdict,
            documents=counted.totals,
            growth=growth,
            faults=journal.faults,
            requests=journal.requests,
        )

    def _over(self, daemon: Daemon) -> bool:
        return time.monotonic() >= self._until or not daemon.running or bool(self._problems)

    async def _pause(self, seconds: float, daemon: Daemon) -> None:
        """Wait, but no longer than the soak lasts."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._over(daemon):
            await asyncio.sleep(min(_POLL_SECONDS, max(0.0, end - time.monotonic())))

    async def _roll_over(self, daemon: Daemon, steps: Steps) -> None:
        seconds = min(_ROLLOVER_SECONDS, self._minutes * 60 / (_FEWEST_ROLLOVERS + 1))
        while not self._over(daemon):
            await self._pause(seconds, daemon)
            if not self._over(daemon):
                await steps.take(_ROLLOVER, daemon.name)

    async def _watch(self, daemon: Daemon, recorder: Recorder) -> None:
        """Take samples; once a minute say how it goes."""
        minute = 1
        while not self._over(daemon):
            try:
                await recorder.take(daemon, self._feeder.waiting)
            except (aiohttp.ClientError, OSError):
                if daemon.running:
                    raise
                return  # it fell meanwhile, which is judged
            last = recorder.samples[-1]
            if last.seconds >= minute * 60:
                minute += 1
                await self._say(last)
            await self._pause(_SAMPLE_SECONDS, daemon)

    async def _say(self, sample: Sample) -> None:
        """Say how it goes; end early where the documents take too much of the disk."""
        stored = await self._stored_gib()
        self._tell(self._line(sample, stored))
        if stored > MOST_STORE_GIB:
            self._problems.append(f"ended early: the documents take {stored:.1f} GiB of the disk")

    async def _stored_gib(self) -> float:
        told = await self._services.engine.request("GET", f"/logs-*-{self._site.namespace}/_stats/store")
        return int(told["_all"]["total"].get("store", {}).get("size_in_bytes", 0)) / _GIB

    def _line(self, sample: Sample, stored_gib: float) -> str:
        speed = sample.documents / sample.seconds if sample.seconds else 0.0
        return (
            f"{sample.seconds / 60:.0f} min: {len(self._feeder.announced)} objects, {sample.documents} documents "
            f"({speed:.0f}/s, {stored_gib:.1f} GiB), {self._journal.faults.total()} faults, "
            f"memory {sample.memory_mib:.0f} MiB, {sample.files} files, {sample.threads} threads, "
            f"{sample.tasks} tasks, {sample.waiting} messages wait"
        )

    def _verdict(
        self, counted: census.Census, letters: list[Letter], entries: list[Entry], seen: Seen, growth: Growth | None
    ) -> Verdict:
        announced = self._feeder.announced
        verdict = census.judge(announced, counted, letters)
        verdict.other += judge_ledger(announced, entries)
        verdict.other += map(Finding, judge_around(seen, MEMORY_MIB))
        verdict.other += map(Finding, self._problems)
        verdict.other += map(Finding, growth.lines() if growth else ["too few samples to tell whether it grows"])
        return verdict
