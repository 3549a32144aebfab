"""The demo from start to end."""

import asyncio
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from shipper import deadletter, ledger
from shipper.config import load
from shipper.demo.accounts import Books
from shipper.demo.answers import PATTERN, Answers
from shipper.demo.child import NAMESPACE, Daemon, Endpoint, config_text, environment, install
from shipper.demo.clock import Clock, Say
from shipper.demo.cloud import DEAD_QUEUE, QUEUE, Cloud, cloud
from shipper.demo.report import report
from shipper.demo.samples import sample_objects
from shipper.demo.searches import SEARCHES
from shipper.demo.traffic import Traffic, traffic
from shipper.demo.verdict import ANNOUNCED_TWICE, TEST_EVENTS, Seen, verdict
from shipper.demo.waiting import stay, until_shipped
from shipper.embedded import aws, opensearch
from shipper.embedded.choice import Elsewhere
from shipper.embedded.ports import free_ports
from shipper.opensearch import OpenSearch, connected
from shipper.source import Sources


def play(*, once: bool, seed: int, say: Say) -> int:
    """
    Play the demo.

    Args:
        once: end when the report is written; else when told to, by Ctrl-C or SIGTERM
        seed: decides what happens in the accounts whose logs are shipped
        say: takes each line of the output

    Returns:
        Exit status: 0 when everything agrees, 1 when not.

    Raises:
        EmbeddedError: a service could not be started
        DemoError: the daemon could not do its work
    """
    clock = Clock(say)
    clock.plain(
        "Real services on this machine: half a minute, or a few minutes if OpenSearch has to be downloaded first."
    )
    with ExitStack() as stack:
        services = stack.enter_context(aws(progress=clock))
        clock.lap("S3 and SQS")
        search = stack.enter_context(opensearch(progress=clock))
        clock.lap("OpenSearch")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shipper-demo-")))
        endpoint = Endpoint.of(search.url)
        is_ours = not isinstance(search, Elsewhere)
        if not is_ours:
            clock(f"there, only data streams {PATTERN} are written, and the index templates of `shipper install`")
        stage = _Stage(clock, services.url, endpoint, folder / "shipper.toml", is_ours=is_ours)
        return asyncio.run(stage.play(once=once, seed=seed))


class _Stage:
    """
    Everything between the services and the report.

    Args:
        clock: takes each line of the output
        aws_url: address of S3 and SQS
        endpoint: of OpenSearch
        config: where to write the configuration file
        is_ours: whether this OpenSearch goes away with the demo
    """

    def __init__(self, clock: Clock, aws_url: str, endpoint: Endpoint, config: Path, *, is_ours: bool) -> None:
        self._clock = clock
        self._aws_url = aws_url
        self._endpoint = endpoint
        self._config = config
        self._env = environment(os.environ, endpoint)
        self._is_ours = is_ours

    async def play(self, *, once: bool, seed: int) -> int:
        clock, bucket = self._clock, f"shipper-demo-{secrets.token_hex(3)}"
        async with cloud(self._aws_url, bucket) as there:
            clock(f"bucket {bucket} notifies queue {QUEUE}; what nobody can handle goes to {DEAD_QUEUE}")
            (port,) = free_ports(1)
            self._config.write_text(
                config_text(
                    queue_url=there.queue_url, aws_url=self._aws_url, opensearch=self._endpoint, metrics_port=port
                )
            )
            changes = await install(self._config, self._env)
            clock(f"shipper install: {', '.join(f'{count} templates {change}' for change, count in changes.items())}")
            clock.lap("templates")
            # Starting and stopping it blocks for a second, when nothing else is under way.
            with Daemon(self._config, self._env, port=port, progress=clock) as daemon:
                clock.lap("daemon")
                agrees = await self._ship(there, daemon, seed)
                if not once:
                    await stay(self._addresses(there, daemon), daemon, clock)
                    clock("ending")
        return 0 if agrees else 1

    async def _ship(self, there: Cloud, daemon: Daemon, seed: int) -> bool:
        """Put everything into the bucket, wait until it is shipped, and report; tell whether everything agrees."""
        clock, made = self._clock, traffic(seed, datetime.now(UTC).replace(microsecond=0))
        samples = list(sample_objects(Sources.built_in()))
        objects = [*made.logs, *samples, made.digest, made.unclaimed]
        clock(
            f"uploading {len(objects)} objects: {len(made.logs)} logs made up (seed {seed}), {len(samples)} samples, "
            "a digest, and a file that is no log"
        )
        await there.upload(objects)
        await there.announce_again(made.logs[-1])
        clock.lap("upload")
        messages = len(objects) + ANNOUNCED_TWICE + TEST_EVENTS
        books = await until_shipped(there, daemon, messages, clock)
        clock.lap("shipping")
        async with connected(load(self._config, self._env).opensearch) as engine:
            seen = await _seen(engine, there.bucket, made, books, len(objects))
        checks = verdict(seen, made.expected)
        clock.lap("searches")
        clock.plain("")
        for line in report(seen, checks):
            clock.plain(line)
        clock.plain(f"  {clock.summary()}")
        return all(check.holds for check in checks)

    def _addresses(self, there: Cloud, daemon: Daemon) -> Iterator[str]:
        user = f"-u {self._endpoint.username} " if self._endpoint.username else ""
        url = self._endpoint.url
        yield ""
        yield f"OpenSearch  {url}"
        yield f"  curl -s {user}'{url}/logs-aws.cloudtrail-{NAMESPACE}/_search?q=event.action:StopLogging&pretty'"
        yield f"Metrics     {daemon.url}/metrics"
        yield f"  curl -s {daemon.url}/metrics | grep shipper_records"
        yield f"S3 and SQS  {self._aws_url}, any credentials, bucket {there.bucket}"
        yield f"Settings    {self._config}"
        if not self._is_ours:
            names = (*[source.dataset for source in Sources.built_in()], deadletter.DATASET, ledger.DATASET)
            streams = ",".join(f"logs-{name}-{NAMESPACE}" for name in names)
            yield f"The documents stay. To remove them: curl -X DELETE {user}'{url}/_data_stream/{streams}'"
        yield "Ctrl-C ends it."


async def _seen(engine: OpenSearch, bucket: str, made: Traffic, books: Books, uploaded: int) -> Seen:
    """Ask OpenSearch everything that the report tells."""
    answers = Answers(engine, bucket, made.since)
    await answers.refresh()
    logins, denied, rejected = [await answers.found(search) for search in SEARCHES]
    return Seen(
        books=books,
        uploaded=uploaded,
        documents=await answers.documents(),
        generated=await answers.documents(generated=True),
        logins=logins,
        denied=denied,
        rejected=rejected,
        lag=await answers.lag(),
        letters=await answers.letters(),
    )
