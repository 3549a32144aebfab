"""A real OpenSearch or Elasticsearch on this machine, without Docker and without an installed Java."""

import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec

from shipper.embedded.cache import require_reachable, require_space
from shipper.embedded.distribution import (
    DEFAULT_VERSION,
    Distribution,
    elasticsearch,
    opensearch,
    server_home,
    usable_jvm_options,
)
from shipper.embedded.errors import ELSEWHERE, PlatformError
from shipper.embedded.java import java_home
from shipper.embedded.ports import LOOPBACK, free_ports
from shipper.embedded.process import unprivileged_account
from shipper.embedded.progress import Progress, silent
from shipper.embedded.security import Access, access
from shipper.embedded.server import HTTP_OK, LocalServer, Program, get

DATA_SPACE = 1 << 30
OWN_FOLDERS = ("config", "data", "logs", "tmp")


class Health(msgspec.Struct):
    """What we read of the answer to `GET /_cluster/health`."""

    cluster_name: str
    status: str


class EmbeddedNode(LocalServer):
    """
    One node, a cluster of its own unless `settings` say otherwise.

    Args:
        distribution: the server
        heap_mb: size of the Java heap in MiB
        lasting: whether it is to work hard for many minutes; otherwise it starts in half of the time
        port: port for HTTP; None for a free one
        transport_port: port for other nodes; None for a free one
        settings: node settings that come on top of ours, or take their place
        progress: receives a line whenever a person would want one
        start_timeout: seconds until it must be ready
    """

    def __init__(
        self,
        distribution: Distribution,
        *,
        heap_mb: int = 512,
        lasting: bool = False,
        port: int | None = None,
        transport_port: int | None = None,
        settings: Mapping[str, str] | None = None,
        progress: Progress = silent,
        start_timeout: float = 180.0,
    ) -> None:
        free_http, free_transport = free_ports(2)
        super().__init__(port=free_http if port is None else port, progress=progress, start_timeout=start_timeout)
        self.version = distribution.server.version
        self._distribution = distribution
        self.transport_port = free_transport if transport_port is None else transport_port
        self._heap_mb = heap_mb
        self._lasting = lasting
        # A name of its own tells its answers from those of any other cluster.
        named = {"cluster.name": f"shipper-{secrets.token_hex(4)}"}
        self._settings = {**named, **dict(distribution.settings), **(settings or {})}

    @property
    def access(self) -> Access | None:
        """How to get into it; None where nobody is asked for anything."""
        return access(self.folder / "config") if self._distribution.security else None

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"{'https' if self._distribution.security else 'http'}://{LOOPBACK}:{self.port}"

    def _ports(self) -> Sequence[int]:
        return [self.port, self.transport_port]

    def _prepare(self) -> Program:
        if shutil.which("bash") is None:
            raise PlatformError(f"{self.name}'s start script needs bash: install it, {ELSEWHERE}")
        require_space(self.folder, DATA_SPACE, f"run {self.name}")
        account = unprivileged_account()
        home = server_home(self._distribution, self._progress)
        java = java_home(self._progress)
        if not (self.folder / "config").exists():
            self._furnish(home)
        settings = self._node_settings()
        return Program(
            argv=[str(home / self._distribution.program), *(f"-E{name}={value}" for name, value in settings.items())],
            env=self._environment(java),
            account=account,
        )

    def _furnish(self, home: Path) -> None:
        """Make the node's own folders, and give them to the account it runs as."""
        for name in OWN_FOLDERS:
            (self.folder / name).mkdir()
        config = self.folder / "config"
        shutil.copytree(home / "config", config, dirs_exist_ok=True)
        (config / "jvm.options").write_text(usable_jvm_options((home / "config" / "jvm.options").read_text()))
        if account := unprivileged_account():
            require_reachable(self.folder.parent, "TMPDIR")
            self.folder.chmod(0o711)
            for path in (
                found for name in OWN_FOLDERS for found in (self.folder / name, *(self.folder / name).rglob("*"))
            ):
                os.chown(path, *account)

    def _node_settings(self) -> dict[str, str]:
        settings = {
            "node.name": "node-1",
            "network.host": LOOPBACK,
            "http.port": str(self.port),
            "transport.port": str(self.transport_port),
            "path.data": str(self.folder / "data"),
            "path.logs": str(self.folder / "logs"),
            # The watermarks are shares of the whole disk: a laptop that is 95 % full with 50 GB to spare would get a
            # server that refuses to write. `require_space` asked for what is needed instead.
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            **self._settings,
        }
        if "discovery.seed_hosts" not in settings:
            settings["discovery.type"] = "single-node"
        return settings

    def _environment(self, java: Path) -> dict[str, str]:
        """All that the start script sees: Java options and paths of the user's own servers must not reach it."""
        folder, prefix = self.folder, self._distribution.prefix
        options = [f"-Xms{self._heap_mb}m", f"-Xmx{self._heap_mb}m", f"-XX:ErrorFile={folder}/logs/java_error.log"]
        if not self._lasting:
            # Java's better compiler costs more in the first minutes than the code that it makes saves by then.
            options.append("-XX:TieredStopAtLevel=1")
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(folder / "tmp"),
            f"{prefix}_JAVA_HOME": str(java),
            f"{prefix}_JAVA_OPTS": " ".join(options),
            f"{prefix}_PATH_CONF": str(folder / "config"),
            f"{prefix}_TMPDIR": str(folder / "tmp"),
        }

    def _is_ready(self) -> bool:
        answer = get(self.port, "/_cluster/health", access=self.access)
        if answer is None or answer[0] != HTTP_OK:
            return False
        try:
            health = msgspec.json.decode(answer[1], type=Health)
        except msgspec.MsgspecError:  # something else got the port in the meantime: our server will end and say so
            return False
        return health.cluster_name == self._settings["cluster.name"] and health.status != "red"


class EmbeddedOpenSearch(EmbeddedNode):
    """
    One OpenSearch node, a cluster of its own unless `settings` say otherwise.

    It has all core modules but analysis-common. Index state management, alerting and security analytics cannot be had.

    Args:
        version: version of OpenSearch
        secured: with the security plugin, for versions that it can be had for (2.19.4)
        heap_mb: size of the Java heap in MiB
        lasting: whether it is to work hard for many minutes; otherwise it starts in half of the time
        port: port for HTTP; None for a free one
        transport_port: port for other nodes; None for a free one
        settings: node settings that come on top of ours, or take their place
        progress: receives a line whenever a person would want one
        start_timeout: seconds until it must be ready
    """

    name: ClassVar[str] = "OpenSearch"

    def __init__(
        self,
        version: str = DEFAULT_VERSION,
        *,
        secured: bool = False,
        heap_mb: int = 512,
        lasting: bool = False,
        port: int | None = None,
        transport_port: int | None = None,
        settings: Mapping[str, str] | None = None,
        progress: Progress = silent,
        start_timeout: float = 180.0,
    ) -> None:
        super().__init__(
            opensearch(version, secured=secured),
            heap_mb=heap_mb,
            lasting=lasting,
            port=port,
            transport_port=transport_port,
            settings=settings,
            progress=progress,
            start_timeout=start_timeout,
        )


class EmbeddedElasticsearch(EmbeddedNode):
    """
    One Elasticsearch node with the core alone: bulk requests, data streams, templates, errors.

    Args:
        version: version of Elasticsearch, 8.17 at most
        heap_mb: size of the Java heap in MiB
        progress: receives a line whenever a person would want one
    """

    name: ClassVar[str] = "Elasticsearch"

    def __init__(self, version: str = "8.17.4", *, heap_mb: int = 512, progress: Progress = silent) -> None:
        super().__init__(elasticsearch(version), heap_mb=heap_mb, progress=progress)
