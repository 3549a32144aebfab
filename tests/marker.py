"""
Markers: values that stand for those of a sample, each so odd that finding it in the document proves where it came from.

A marker has the form of the value it stands for: a time for a time, an address for an address, as many digits for
digits. So the source treats it alike, and whatever it does to the value (other spelling, other type, other field) it
does to the marker.
"""

import ipaddress
import itertools
import re
import typing
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import UnionType
from typing import Any, Final

import msgspec
from msgspec import Struct

from shipper.formats.held import held
from shipper.formats.messages import AROUND

Path = tuple[str | int, ...]
"""Where a value stands in a record: keys and positions."""

_TIMES: Final = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?P<rest>(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)?)"), "%Y-%m-%dT%H:%M:%S"),
    (re.compile(r"\d{4}-\d\d-\d\d [ \d]\d:\d\d:\d\d(?P<rest>(?:\.\d+)?(?:[+-]\d\d| UTC)?)"), "%Y-%m-%d %H:%M:%S"),
    (re.compile(r"\d{8} \d\d:\d\d:\d\d(?P<rest>)"), "%Y%m%d %H:%M:%S"),
    (re.compile(r"\d{6} [ \d]\d:\d\d:\d\d(?P<rest>)"), "%y%m%d %H:%M:%S"),
    (re.compile(r"\d{8}T\d{6}(?P<rest>Z)"), "%Y%m%dT%H%M%S"),
    (re.compile(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?P<rest> [+-]\d{4})"), "%d/%b/%Y:%H:%M:%S"),
    (re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}(?P<rest> GMT)"), "%b %d %H:%M:%S %Y"),
)
"""Forms of times; what follows the seconds is kept as it is."""

_EPOCH_SECONDS: Final = range(1_000_000_000, 2_000_000_000)
_BEGINNING: Final = datetime(2002, 3, 4, 5, 6, 7, tzinfo=UTC)


class Marker(Struct, frozen=True):
    """
    What stands for a value.

    Attributes:
        value: to put into the record
        seen: patterns, one of which the document must then match; none when it is enough that the document changes
    """

    value: Any
    seen: tuple[re.Pattern[bytes], ...] = ()


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Give each scalar of a record with its path; `null` is no value."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, (*path, name))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from leaves(member, (*path, index))
    elif value is not None:
        yield path, value


def replaced(value: Any, path: Path, leaf: Any) -> Any:
    """Copy a record with another value at one place."""
    if not path:
        return leaf
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], leaf)
    return copy


def spelled(path: Path) -> str:
    """Write a path as sources name it in `dropped`: `resources[].ARN`."""
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def declared(record: Any, path: str = "") -> Iterator[str]:
    """Give the path of each field of a record, as `spelled` would."""
    kind = _value_type(held(record) or record)
    if typing.get_origin(kind) is list:
        yield from declared(typing.get_args(kind)[0], f"{path}[]")
    elif isinstance(kind, type) and issubclass(kind, Struct):
        hints = typing.get_type_hints(kind, include_extras=True)
        for field in [one for one in msgspec.structs.fields(kind) if one.name != AROUND]:
            yield from declared(hints[field.name], f"{path}.{field.encode_name}".removeprefix("."))
    else:
        yield path


def _value_type(kind: Any) -> Any:
    """Give a type without its `None`."""
    if typing.get_origin(kind) not in (UnionType, typing.Union):
        return kind
    return next(one for one in typing.get_args(kind) if one is not type(None))


def marker(value: Any, body: bytes) -> Marker:
    """
    Make a marker.

    Args:
        value: what it is to stand for
        body: the document of the unchanged record; nothing in it matches the marker
    """
    if isinstance(value, bool):
        return Marker(not value)
    if value in ("true", "false"):
        return Marker("false" if value == "true" else "true")
    candidates = map(_candidates(value), itertools.count(1))
    return next(one for one in candidates if not any(pattern.search(body) for pattern in one.seen))


def _candidates(value: Any) -> Callable[[int], Marker]:
    if isinstance(value, int):
        return lambda number: _digits(str(value), number, int)
    if isinstance(value, float):
        return lambda number: _exact(1024.0625 + number)
    if value.isdecimal():
        return lambda number: _digits(value, number, str)
    for pattern, form in _TIMES:
        if found := pattern.fullmatch(value):
            rest = found["rest"]
            return lambda number: _time(form, rest, number)
    return _address(value) or (lambda number: _exact(f"mk{number:04}qz"))


def _exact(value: str | float) -> Marker:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return Marker(value, (re.compile(re.escape(text).encode()),))


def _digits(value: str, number: int, kind: type[int | str]) -> Marker:
    """
    As many digits, standing alone, or as nanoseconds if they are milliseconds, or in a field of fractions.

    Where they can be a time since 1970, also the time that they mean.
    """
    if len(value) in (10, 13, 16) and int(value[:10]) in _EPOCH_SECONDS:
        seconds = int(_BEGINNING.timestamp()) + 3607 * number
        digits = f"{seconds}{'0' * (len(value) - 10)}"
        return Marker(kind(digits), (_alone(digits), _time_pattern(datetime.fromtimestamp(seconds, UTC))))
    least = 10 ** (len(value.lstrip("-")) - 1) if len(value) > 1 else 0
    digits = str(least + number)
    return Marker(kind(digits), (_alone(digits), _alone(f"{digits}000000"), _alone(f"{digits}.0")))


def _time(form: str, rest: str, number: int) -> Marker:
    moment = _BEGINNING + timedelta(seconds=3607 * number)
    text = moment.strftime(form) + rest
    return Marker(text, (_time_pattern(moment), _alone(text)))


def _time_pattern(moment: datetime) -> re.Pattern[bytes]:
    """Match a time as documents have it, whatever its fraction and its zone."""
    return re.compile(f'"{moment:%Y-%m-%dT%H:%M:%S}[^"]*"'.encode())


def _alone(text: str) -> re.Pattern[bytes]:
    """Match a text that is not a part of a longer number or word."""
    return re.compile(rb"(?<![\w.-])" + re.escape(text).encode() + rb"(?![\w.:-])")


def _address(value: str) -> Callable[[int], Marker] | None:
    try:
        version = ipaddress.ip_address(value).version
    except ValueError:
        return None
    if version == 4:
        return lambda number: _exact(f"203.0.{number % 100 + 114}.{number // 100 + 1}")
    return lambda number: _exact(f"2001:db8:beef::{number:x}")
