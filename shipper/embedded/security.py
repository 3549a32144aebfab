"""
OpenSearch's security plugin with the configuration that it brings for demonstrations: TLS, users, roles.

Its certificates and their keys are published, so that the server is for this machine only. The administrator's password
is made up when the server is prepared, and kept beside its configuration.

https://docs.opensearch.org/latest/security/configuration/demo-configuration/
"""

import os
import secrets
import ssl
import subprocess
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shipper.embedded.errors import StartError

ADMIN: Final = "admin"
PASSWORD_FILE: Final = "admin-password"  # noqa: S105 - a file's name
AUTHORITY_FILE: Final = "root-ca.pem"
TIMEOUT: Final = 120.0


@dataclass(frozen=True)
class Access:
    """
    How to get into a server that asks for it.

    Attributes:
        username: of the administrator
        password: of the administrator
        ca_file: the authority that its certificate is to be checked with
    """

    username: str
    password: str = field(repr=False)
    ca_file: Path

    @property
    def tls(self) -> ssl.SSLContext:
        """What to check its certificate with."""
        return ssl.create_default_context(cafile=self.ca_file)

    @property
    def headers(self) -> dict[str, str]:
        """What a request has to carry."""
        pair = f"{self.username}:{self.password}".encode()
        return {"Authorization": f"Basic {b64encode(pair).decode()}"}


def install(home: Path, archive: Path, java: Path) -> None:
    """
    Put the plugin and its demo configuration into the folder of a server.

    Args:
        home: of the server
        archive: the plugin's zip file
        java: home of a Java runtime

    Raises:
        StartError: one of the plugin's own programs failed
    """
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "OPENSEARCH_JAVA_HOME": str(java)}
    _run([home / "bin" / "opensearch-plugin", "install", "--batch", archive.as_uri()], environment)
    password = f"Aa1-{secrets.token_urlsafe(18)}"  # one of each kind, as the plugin demands
    (home / "config" / PASSWORD_FILE).write_text(password)
    script = home / "plugins" / "opensearch-security" / "tools" / "install_demo_configuration.sh"
    _run(["bash", script, "-y", "-i", "-s", "-t"], {**environment, "OPENSEARCH_INITIAL_ADMIN_PASSWORD": password})


def access(config: Path) -> Access:
    """Tell how to get into the server with this folder of configuration."""
    return Access(ADMIN, (config / PASSWORD_FILE).read_text(), config / AUTHORITY_FILE)


def _run(command: list[str | Path], environment: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 - programs of the server that was just unpacked
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False
    )
    if done.returncode:
        told = (done.stdout + done.stderr).decode(errors="replace")
        raise StartError(f"{Path(command[-1]).name} ended with exit code {done.returncode}", told[-2000:])
