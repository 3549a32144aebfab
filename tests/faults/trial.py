"""One seed, from its plan to its verdict."""

import asyncio
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

import shipper
from faults import evidence, forwarding
from faults.aws_proxy import AwsProxy
from faults.chances import Chances
from faults.fleet import Fleet
from faults.forwarding import Upstream
from faults.generator import Cargo, cargoes
from faults.holds import Holds
from faults.journal import Journal
from faults.kinds import Fault
from faults.opensearch_proxy import OpenSearchProxy
from faults.oracle import Seen, Verdict, judge
from faults.plan import Plan
from faults.services import Services
from faults.site import FINAL_RECEIVE, Site
from faults.steps import Steps
from faults.timeline import Timeline

PACKAGE: Final = Path(shipper.__file__).parent.parent
"""Folder that holds the package that is tested, unless a mutant takes its place."""

MEMORY_MIB: Final = 256.0
DEADLINE_SECONDS: Final = 120.0
RESTART_SECONDS: Final = 120.0
"""More time where OpenSearch is started anew: a busy machine takes a minute for that, and the daemons wait longer."""

_POLL_SECONDS: Final = 0.25
_QUIET_POLLS: Final = 3
"""So often in a row must everything be at rest: a message may be between two places when it is looked for."""


class Result(Struct, frozen=True):
    """
    What one seed gave.

    Attributes:
        plan: as it was drawn
        verdict: what is wrong, if anything
        faults: how many of each kind were injected
        seconds: that it took
    """

    plan: Plan
    verdict: Verdict
    faults: Counter[Fault]
    seconds: float


async def run(plan: Plan, services: Services, *, log: Path | None = None, package: Path = PACKAGE) -> Result:
    """
    Run a plan.

    Args:
        plan: what goes wrong
        services: where it runs
        log: folder for the plan, the event log and the logs of the daemons
        package: folder that holds the package `shipper` that the daemons run
    """
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        folder = log or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plan.json").write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=1))
        journal = Journal(folder / "events.jsonl")
        stack.callback(journal.close)
        cargo = cargoes(plan)
        site = Site(services, plan, f"faults-{plan.seed}-{uuid.uuid4().hex[:8]}", folder)
        await site.build(cargo)
        for _ in range(plan.copied_trails):
            journal.fault(Fault.TRAIL_COPIED)
        stack.push_async_callback(services.engine.request, "DELETE", f"/_data_stream/logs-*-{site.namespace}")
        try:
            seen = await _seen(plan, services, site, cargo, journal, package)
        except Exception as error:
            error.add_note(f"in seed {plan.seed}; its log is in {folder}")
            raise
        verdict = judge((one.expected for one in cargo), seen, memory_mib=MEMORY_MIB)
        rejected = sum("document_rejected" in letter.reason for letter in seen.letters)
        if refused := rejected + sum(document.rescued for document in seen.documents):
            journal.faults[Fault.MAPPING_REJECT] += refused
        for line in verdict.lines():
            journal.note("wrong", what=line)
    return Result(plan, verdict, journal.faults, time.monotonic() - began)


async def _seen(
    plan: Plan, services: Services, site: Site, cargo: list[Cargo], journal: Journal, package: Path
) -> Seen:
    holds = Holds(site.show, journal)
    async with between(plan, services, site, journal, holds, package) as (fleet, steps, search):
        for _ in range(plan.daemons):
            journal.note("started", daemon=await fleet.start())
        announcing = asyncio.create_task(site.announce(cargo, journal))
        await at_rest(site, fleet, steps, search, announcing.done, _deadline(plan))
        await announcing
        await steps.finish()
        fallen = fleet.fallen()
        documents, letters, entries = await evidence.collect(services.engine, site.namespace)
        waiting, dead_queue = await site.left(site.queue_url), await site.left(site.dead_queue_url)
        daemons = await fleet.seen()
    return Seen(
        documents=documents,
        letters=letters,
        entries=entries,
        daemons=daemons,
        fallen=fallen,
        waiting=waiting,
        dead_queue=dead_queue,
        unextended=holds.unextended,
    )


@asynccontextmanager
async def between(
    plan: Plan, services: Services, site: Site, journal: Journal, holds: Holds, package: Path
) -> AsyncIterator[tuple[Fleet, Steps, Upstream]]:
    """Put the proxies between the services and daemons that are yet to be started."""
    failures: list[Exception] = []
    async with AsyncExitStack() as stack:
        addresses: dict[str, str] = {}
        stack.callback(holds.close)

        def environment(daemon: str) -> dict[str, str]:
            aws_url, opensearch_url = addresses["aws"], addresses["opensearch"]
            return site.environment(daemon, aws_url=aws_url, opensearch_url=opensearch_url, package=package)

        fleet = Fleet(environment, site.folder, holds.died)
        stack.callback(fleet.abandon)
        steps = Steps(services, fleet, journal, site.namespace)
        timeline, chances = Timeline(plan, steps.take), Chances(plan, journal)
        aws = await stack.enter_async_context(forwarding.upstream(services.aws_url))
        search = await stack.enter_async_context(forwarding.upstream(services.opensearch_url))
        cloud = AwsProxy(aws, chances, timeline, holds, bucket=site.name, final_receive=FINAL_RECEIVE)
        engine = OpenSearchProxy(search, chances, timeline)
        addresses["aws"] = await stack.enter_async_context(forwarding.serving(cloud.handle, failures))
        addresses["opensearch"] = await stack.enter_async_context(forwarding.serving(engine.handle, failures))
        yield fleet, steps, search
    if failures:
        raise ExceptionGroup("the proxies failed", failures)


def _deadline(plan: Plan) -> float:
    restarts = sum(step.fault is Fault.OPENSEARCH_KILLED for step in plan.steps)
    return time.monotonic() + DEADLINE_SECONDS + restarts * RESTART_SECONDS


async def at_rest(
    site: Site, fleet: Fleet, steps: Steps, search: Upstream, announced: Callable[[], bool], deadline: float
) -> None:
    """Wait until everything is done with, or for as long as that may take at most."""
    quiet = 0
    while quiet < _QUIET_POLLS and time.monotonic() < deadline and not fleet.fallen():
        await asyncio.sleep(_POLL_SECONDS)
        resting = announced() and not steps.pending and not search.asking
        resting = resting and not await site.left(site.queue_url) and await fleet.idle()
        quiet = quiet + 1 if resting else 0
