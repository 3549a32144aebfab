"""
Why a service on this machine did not start.

    EmbeddedError
    ├── PlatformError       this machine cannot run it: operating system, shell, account, folder permissions
    ├── ExtraMissingError   the packages of the extra `demo` are not installed
    ├── DiskSpaceError      too little free space to unpack or to run it
    ├── ArtifactError       the server could not be downloaded, or is not what was expected
    ├── PortTakenError      something else listens on the port
    └── StartError          it was started, and ended or did not get ready; carries the end of its log

Every message ends with what to do.
"""

from shipper.errors import EmbeddedError

ELSEWHERE = "or set OPENSEARCH_URL to use an OpenSearch that runs elsewhere"


class PlatformError(EmbeddedError):
    """This machine cannot run the server as it is."""

    reason = "embedded_platform"


class ExtraMissingError(EmbeddedError):
    """
    A package of the extra `demo` is not installed.

    Args:
        package: the distribution that was looked for
    """

    reason = "embedded_extra_missing"

    def __init__(self, package: str) -> None:
        super().__init__(package)
        self.package = package

    def __str__(self) -> str:
        return f"{self.package} is not installed: run `pip install 's3-siem-shipper[demo]'`"


class DiskSpaceError(EmbeddedError):
    """Too little free disk space."""

    reason = "embedded_disk_space"


class ArtifactError(EmbeddedError):
    """A Maven artifact could not be had, or its bytes are not the expected ones."""

    reason = "embedded_artifact"
    retryable = True


class PortTakenError(EmbeddedError):
    """
    Something else listens on the port.

    Args:
        port: TCP port on 127.0.0.1
    """

    reason = "embedded_port_taken"

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.port = port

    def __str__(self) -> str:
        return f"port {self.port} on 127.0.0.1 is taken: stop what listens there, or choose another port"


class StartError(EmbeddedError):
    """
    The server was started but did not get ready.

    Args:
        message: what happened
        log: the last lines of what it wrote, empty if there are none
    """

    reason = "embedded_start"

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message, log)
        self.message = message
        self.log = log

    def __str__(self) -> str:
        return f"{self.message}; the end of its log:\n{self.log}" if self.log else self.message
