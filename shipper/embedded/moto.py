"""S3, SQS, SNS and EventBridge on this machine: moto's server."""

import importlib.util
import os
import sys
from typing import Final

from shipper.embedded.errors import ExtraMissingError
from shipper.embedded.ports import LOOPBACK
from shipper.embedded.progress import Progress, silent
from shipper.embedded.server import HTTP_OK, LocalServer, Program, get

# moto alone installs without the packages that make it a server.
REQUIRED: Final = {"moto": "moto[server]", "flask": "moto[server]", "flask_cors": "moto[server]"}
PING = "/moto-api/data.json"


class EmbeddedAws(LocalServer):
    """
    AWS services that keep everything in memory, for all accounts and regions, with any credentials.

    Args:
        port: port for HTTP; None for a free one
        progress: receives a line whenever a person would want one
        start_timeout: seconds until it must be ready
    """

    name = "moto"

    def _prepare(self) -> Program:
        for module, package in REQUIRED.items():
            if importlib.util.find_spec(module) is None:
                raise ExtraMissingError(package)
        # -P: a folder `moto` where the user stands is not ours. The address is said because moto's default may change.
        # moto asks botocore, which would look for the user's profile: it is to know nothing of the user's AWS.
        return Program(
            argv=[sys.executable, "-P", "-m", "moto.server", "-H", LOOPBACK, "-p", str(self.port)],
            env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        )

    def _is_ready(self) -> bool:
        answer = get(self.port, PING)
        return answer is not None and answer[0] == HTTP_OK


def aws(*, port: int | None = None, progress: Progress = silent) -> EmbeddedAws:
    """S3, SQS, SNS and EventBridge for as long as a `with` block lasts; the arguments are those of `EmbeddedAws`."""
    return EmbeddedAws(port=port, progress=progress)
