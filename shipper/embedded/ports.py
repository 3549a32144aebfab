"""Which TCP ports our servers listen on."""

import errno
import secrets
import socket
from pathlib import Path

from shipper.embedded.errors import PortTakenError, StartError

LOOPBACK = "127.0.0.1"
SPAN = 10_000
LOWEST = 10_000
ATTEMPTS = 200
IANA_DYNAMIC = 49_152
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def require_free(port: int) -> None:
    """
    Make sure that a server can listen on a port of the loopback address.

    Raises:
        PortTakenError: something else does
    """
    with socket.socket() as probe:
        # As servers do: a connection that a former server closed a moment ago does not block its port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTakenError(port) from error


def free_ports(count: int) -> list[int]:
    """
    Choose ports at random, just below those the kernel gives to outgoing connections.

    A port from that range could be lost to any connection in the seconds before a server listens, or while it is
    stopped between two starts (`ip_local_port_range` in https://docs.kernel.org/networking/ip-sysctl.html).

    Returns:
        `count` different ports that were free a moment ago.

    Raises:
        StartError: there are too few
    """
    highest = int(EPHEMERAL.read_text().split()[0]) if EPHEMERAL.exists() else IANA_DYNAMIC
    candidates = range(max(LOWEST, highest - SPAN), highest) or range(highest, highest + SPAN)
    chosen: list[int] = []
    for _ in range(ATTEMPTS):
        port = secrets.choice(candidates)
        if port not in chosen and _is_free(port):
            chosen.append(port)
        if len(chosen) == count:
            return chosen
    raise StartError(f"{ATTEMPTS} ports between {candidates.start} and {candidates.stop} were tried, too few are free")


def _is_free(port: int) -> bool:
    try:
        require_free(port)
    except PortTakenError:
        return False
    return True
