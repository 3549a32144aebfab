"""
OpenSearch in a container, where a Docker engine answers.

testcontainers is in the extra `dev` only; its reaper removes the container even when this process is killed.
"""

import importlib.util
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shipper.embedded.errors import StartError
from shipper.embedded.ports import LOOPBACK
from shipper.embedded.progress import Progress
from shipper.embedded.server import HTTP_OK, get

IMAGE = "opensearchproject/opensearch"
HTTP_PORT = 9200
LOCAL = ("localhost", LOOPBACK)
ENGINE_TIMEOUT = 10.0
START_TIMEOUT = 180.0
POLL = 0.5


@dataclass(frozen=True)
class Container:
    """
    A running container.

    Attributes:
        url: its address, without a slash at the end
    """

    url: str


def engine_answers() -> bool:
    """Whether there are testcontainers, a `docker` command and an engine behind it."""
    docker = shutil.which("docker")
    if docker is None or importlib.util.find_spec("testcontainers") is None:
        return False
    try:
        # The command rather than docker-py, which leaks a socket when there is no engine.
        asked = subprocess.run(  # noqa: S603 - the arguments are constant
            [docker, "version"], capture_output=True, timeout=ENGINE_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


@contextmanager
def container(version: str, heap_mb: int, progress: Progress) -> Iterator[Container]:
    """
    Run the official image with its security plugin switched off.

    Args:
        version: tag of the image
        heap_mb: size of the Java heap in MiB
        progress: receives a line whenever a person would want one

    Raises:
        StartError: it was not ready in time
    """
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - in the extra `dev`

    progress(f"starting {IMAGE}:{version} in Docker")
    node = DockerContainer(
        f"{IMAGE}:{version}",
        env={
            "discovery.type": "single-node",
            "DISABLE_SECURITY_PLUGIN": "true",
            "DISABLE_INSTALL_DEMO_CONFIG": "true",
            "OPENSEARCH_JAVA_OPTS": f"-Xms{heap_mb}m -Xmx{heap_mb}m",
        },
    )
    host = node.get_container_host_ip()
    # A server without passwords is for this machine only, where the engine is on this machine too. testcontainers
    # declares a bare port, yet hands the pair through to docker-py, which takes it.
    node.ports[f"{HTTP_PORT}/tcp"] = (LOOPBACK, None) if host in LOCAL else None  # type: ignore[assignment]
    with node:
        port = node.get_exposed_port(HTTP_PORT)
        deadline = time.monotonic() + START_TIMEOUT
        while (answer := get(port, "/_cluster/health", host=host)) is None or answer[0] != HTTP_OK:
            if time.monotonic() > deadline:
                output, errors = node.get_logs()
                raise StartError(f"{IMAGE}:{version} was not ready in time", (output + errors).decode(errors="replace"))
            time.sleep(POLL)
        yield Container(f"http://{host}:{port}")
