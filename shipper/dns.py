"""
Domain names as logs of DNS have them: what was asked, how it ended, and the address that a reverse name stands for.

https://www.iana.org/assignments/dns-parameters
"""

import socket
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
from msgspec import Raw

from shipper import ecs

NAME_BYTES: Final = 512
"""Names and answers that are longer are not remembered: whoever asks decides about their length and their number."""

ADDRESS_BYTES: Final = 45
"""The longest address."""

RESPONSE_CODES: Final = frozenset(
    {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH"}
) | frozenset({"NOTZONE", "DSOTYPENI", "BADVERS", "BADKEY", "BADTIME", "BADMODE", "BADNAME", "BADALG", "BADTRUNC"})
"""Documentation of AWS writes them in mixed case too."""

_IANA_NUMBERS: Final = {"tcp": "6", "udp": "17"}
_HEXADECIMAL: Final = frozenset("0123456789abcdef")
_IPV6_DIGITS: Final = 32


class Question(NamedTuple):
    """
    What was asked.

    Attributes:
        fields: `dns.question`
        host: the name, if it may be that of a host
        address: what a reverse name stands for
    """

    fields: ecs.DnsQuestion | None
    host: str | None
    address: ecs.Ip | None


@lru_cache(maxsize=64)
def response(written: str | None) -> tuple[str | None, str | None]:
    """Give the response code as DNS spells it, and what it means for the outcome."""
    code = ecs.given(written)
    if code is None:
        return None, None
    code = code.upper() if code.upper() in RESPONSE_CODES else code
    return code, "success" if code == "NOERROR" else "failure"


@lru_cache(maxsize=64)
def network(transport: str | None, is_ipv6: bool | None) -> Raw:  # noqa: FBT001 -- the key of a cache
    """Give the same field set for all queries that came the same way, already encoded."""
    name = (ecs.given(transport) or "").lower() or None
    kind = None if is_ipv6 is None else "ipv6" if is_ipv6 else "ipv4"
    fields = ecs.Network(iana_number=_IANA_NUMBERS.get(name or ""), protocol="dns", transport=name, type=kind)
    return Raw(msgspec.json.encode(fields))


def question(name: str | None, kind: str | None, class_: str | None) -> Question:
    """Read what was asked: name, type and class."""
    is_usual = len(name or "") <= NAME_BYTES
    return (_known_question if is_usual else _read_question)(name, kind, class_)


def _read_question(name: str | None, kind: str | None, class_: str | None) -> Question:
    name, kind = relative(ecs.given(name)), ecs.given(kind)
    fields = ecs.some(ecs.DnsQuestion(class_=ecs.given(class_), name=name, type=kind))
    if not name or name == ".":
        return Question(fields, None, None)
    if name[-5:].lower() == ".arpa":
        return Question(fields, None, reversed_address(name))
    return Question(fields, None if kind == "PTR" else name, None)


_known_question = lru_cache(maxsize=8192)(_read_question)


def relative(name: str | None) -> str | None:
    """Take the dot from the end of a name; that of the root stays."""
    return name[:-1] if name and name[-1] == "." and name[-2:-1] not in ("", " ") else name


def reversed_address(name: str) -> ecs.Ip | None:
    """
    Give the address that a reverse name stands for.

    Args:
        name: without the dot at its end

    Returns:
        The address, e.g. 10.0.0.1 for `1.0.0.10.in-addr.arpa`; None when it is another name, or that of a network.
    """
    labels, four, rest = name.lower().rpartition(".in-addr.arpa")
    if four and not rest and len(labels) <= ADDRESS_BYTES and ":" not in labels:
        return ecs.ip(".".join(labels.split(".")[::-1]))
    labels, six, rest = name.lower().rpartition(".ip6.arpa")
    digits = labels.split(".")[::-1]
    if six and not rest and len(digits) == _IPV6_DIGITS and all(digit in _HEXADECIMAL for digit in digits):
        return ecs.Ip(socket.inet_ntop(socket.AF_INET6, bytes.fromhex("".join(digits))))
    return None
