"""What all logs of the web have: whom a request is for, what it asks for, and which TLS it came over."""

from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from shipper import ecs
from shipper.remembered import LONGEST, remembered

EXTENSION_CHARACTERS: Final = 15
"""Longest end of a path that is taken for an extension."""

_MONTHS: Final = {
    name: f"{number:02}"
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_DIGITS: Final = 5
_PORTS: Final = 1 << 16


class Authority(NamedTuple):
    """
    Whom a request is for.

    Attributes:
        domain: a name or an address
        port: if it is told
    """

    domain: str
    port: int | None = None


@remembered(4096)
def authority(written: str) -> Authority:
    """Part `www.example.com:443`, `[2001:db8::7]:443`; clients write anything there, which then is the domain."""
    name, _, digits = written.rpartition(":")
    number = port(digits) if name and (":" not in name or name[-1] == "]") else None
    return Authority(written) if number is None else Authority(name, number)


def port(digits: str) -> int | None:
    """Read the number of a port."""
    is_number = len(digits) <= _DIGITS and digits.isascii() and digits.isdecimal()
    return number if is_number and (number := int(digits)) < _PORTS else None


def extension(path: str) -> str | None:
    """Give what follows the last dot in the last part of a path, unless it is too long for an extension."""
    name = path[path.rfind("/") + 1 :]
    dot = name.rfind(".")
    return name[dot + 1 :] if dot >= 0 and 1 < len(name) - dot <= 1 + EXTENSION_CHARACTERS else None


def tls_version(written: str | None) -> tuple[str | None, str | None]:
    """Give number and protocol of `TLSv1.2`, `tlsv12`; what is neither is a number without a protocol."""
    return _tls_version(written) if written else (None, None)


@remembered(64)
def _tls_version(written: str) -> tuple[str | None, str | None]:
    protocol, _, number = written.lower().partition("v")
    if not number:
        return written, None
    is_run_together = len(number) == len("12") and number.isdecimal()
    return f"{number[0]}.{number[1]}" if is_run_together else number, protocol or None


def tls(cipher: str | None, version: str | None) -> ecs.Tls | None:
    """Describe the TLS of a request; in logs that escape nothing, clients may write anything there."""
    is_usual = len(cipher or "") + len(version or "") <= LONGEST
    return (_known_tls if is_usual else _read_tls)(cipher, version)


def _read_tls(cipher: str | None, version: str | None) -> ecs.Tls | None:
    number, protocol = tls_version(version)
    return ecs.some(ecs.Tls(cipher=cipher, version=number, version_protocol=protocol))


_known_tls = lru_cache(maxsize=256)(_read_tls)


@remembered(1024)
def clf_time(text: str) -> datetime | None:
    """Read a time of the Common Log Format, `06/Feb/2019:00:00:38 +0000`; None if it is none."""
    day, month, rest = text[:2], _MONTHS.get(text[3:6], ""), text[7:]
    return ecs.time(f"{rest[:4]}-{month}-{day}T{rest[5:13]}{rest[14:]}")
