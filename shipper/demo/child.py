"""The shipper as a user runs it: a configuration file, `shipper install`, and the daemon as a process of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from shipper.demo.cloud import CREDENTIALS, REGION
from shipper.demo.errors import DemoError
from shipper.embedded.ports import LOOPBACK
from shipper.embedded.progress import Progress
from shipper.embedded.server import HTTP_OK, LocalServer, Program, get

NAMESPACE: Final = "demo"
"""Of the data streams, so that nobody's own are touched on an OpenSearch that is not ours."""

PASSWORD: Final = "SHIPPER_OPENSEARCH_PASSWORD"  # noqa: S105 -- the name of a variable

_CONFIG: Final = """\
[[queues]]
url = {queue_url}
wait_seconds = 5
visibility_seconds = 60

[aws]
region = {region}
endpoint_url = {aws_url}

[opensearch]
urls = [{opensearch_url}]
{username}namespace = {namespace}
timeout_seconds = 30

[limits]
grace_seconds = 10

[metrics]
listen = {metrics}

[log]
format = "text"
"""


@dataclass(frozen=True)
class Endpoint:
    """
    An address whose user and password were taken out of it.

    Attributes:
        url: without them, and without a slash at the end
        username: None if there is none
        password: empty if there is none
    """

    url: str
    username: str | None = None
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> "Endpoint":
        """Split a URL that may hold user and password, in percent-encoding."""
        parts = urlsplit(url)
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
        return cls(bare, unquote(parts.username) if parts.username else None, unquote(parts.password or ""))


def config_text(*, queue_url: str, aws_url: str, opensearch: Endpoint, metrics_port: int) -> str:
    """Write the configuration file; it holds no secret."""
    values = {
        "queue_url": queue_url,
        "region": REGION,
        "aws_url": aws_url,
        "opensearch_url": opensearch.url,
        "namespace": NAMESPACE,
        "metrics": f"{LOOPBACK}:{metrics_port}",
    }
    username = f"username = {_quoted(opensearch.username)}\n" if opensearch.username else ""
    return _CONFIG.format(username=username, **{name: _quoted(value) for name, value in values.items()})


def environment(environ: Mapping[str, str], opensearch: Endpoint) -> dict[str, str]:
    """
    Give the environment of the shipper: that of the user, without settings of theirs that are meant for something else.

    What they set about TLS to their OpenSearch stays.
    """
    kept = ("SHIPPER_OPENSEARCH_CA_FILE", "SHIPPER_OPENSEARCH_CLIENT_", "SHIPPER_OPENSEARCH_VERIFY")
    dropped = ("AWS_", "SHIPPER_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    own = {
        name: value for name, value in environ.items() if name.startswith(kept) or not name.upper().startswith(dropped)
    }
    files = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    password = {PASSWORD: opensearch.password} if opensearch.password else {}
    return {**own, **CREDENTIALS, **files, **password}


async def install(config: Path, env: Mapping[str, str]) -> Counter[str]:
    """
    Run `shipper install`.

    Returns:
        How many templates were created, updated, unchanged and kept.

    Raises:
        DemoError: it failed
    """
    child = await asyncio.create_subprocess_exec(
        *_command("install", config), env=env, stdout=PIPE, stderr=PIPE, start_new_session=True
    )
    try:
        output, errors = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise DemoError(f"`shipper install` ended with exit status {child.returncode}: {errors.decode().strip()}")
    return Counter(line.split()[0] for line in output.decode().splitlines())


class Daemon(LocalServer):
    """
    `shipper run`, for as long as a `with` block lasts.

    Args:
        config: its configuration file
        env: its environment
        port: of its metrics, as the configuration says
        progress: receives a line whenever a person would want one
    """

    name = "shipper run"

    def __init__(self, config: Path, env: Mapping[str, str], *, port: int, progress: Progress) -> None:
        super().__init__(port=port, progress=progress, start_timeout=60.0)
        self._config = config
        self._env = env
        self._seen = 0

    def require_running(self) -> None:
        """
        Make sure that it has not ended.

        Raises:
            DemoError: it has
        """
        process = self._started()
        if not process.running:
            raise DemoError(
                f"{self.name} ended with exit code {process.exit_code}; its last lines:\n{process.log_tail()}"
            )

    def new_log_lines(self) -> list[str]:
        """Give the lines it has written since the last call."""
        with self._log.open("rb") as log:
            log.seek(self._seen)
            written = log.read()
        complete = written[: written.rfind(b"\n") + 1]
        self._seen += len(complete)
        return complete.decode(errors="replace").splitlines()

    def metrics(self) -> str:
        """
        Give its metrics in Prometheus' text format.

        Raises:
            DemoError: it does not answer
        """
        answer = get(self.port, "/metrics")
        if answer is None or answer[0] != HTTP_OK:
            raise DemoError(f"{self.name} does not give its metrics on {self.url}/metrics")
        return answer[1].decode()

    def _prepare(self) -> Program:
        return Program(argv=_command("run", self._config), env=self._env)

    def _is_ready(self) -> bool:
        answer = get(self.port, "/readyz")
        return answer is not None and answer[0] == HTTP_OK


def _command(name: str, config: Path) -> list[str]:
    return [sys.executable, "-m", "shipper", name, "--config", str(config)]


def _quoted(text: str) -> str:
    """Write a TOML string; JSON's are among them."""
    return msgspec.json.encode(text).decode()
