"""
Objects without end, made so cheaply that they never keep a daemon waiting.

Some bodies are written once. An object is one of them with the ids of its events and their times exchanged, both for
others of the same length. Flow logs have no ids of their own: as parts of another object they are other records.
"""

import gzip
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Final

from msgspec import Struct

from faults import records
from faults.expectation import Expected, ExpectedObject
from faults.generator import Cargo, expectation_of, kinds_of

LATE: Final = 0.25
"""Share of the objects that keep their old times: once there was a rollover each of their documents is looked for."""

_FORMS: Final = ("trail", "flow", "flow_5", "trail_lines", "trail_cloudwatch", "flow_cloudwatch")
_BODIES: Final = 4
"""So many of each form."""

_FEWEST, _MOST = 300, 2500
_PLACEHOLDER: Final = 0xFFFFFFFF
_FLOW_SECONDS: Final = timedelta(seconds=60)


class Template(Struct, frozen=True):
    """A body with what must become of its records; ids are not exchanged there: who uses this goes by positions."""

    form: str
    body: bytes
    expected: tuple[Expected, ...]


class Stock:
    """
    Gives one object after the other.

    Args:
        seed: decides about all but the times
        fewest: records of an object
        most: records of an object
    """

    def __init__(self, seed: int, *, fewest: int = _FEWEST, most: int = _MOST) -> None:
        self._random = Random(f"stock of {seed}")
        self._ordinals = count(1)
        self._templates = [
            _template(self._random, form, self._random.randint(fewest, most)) for form in _FORMS for _ in range(_BODIES)
        ]

    def next(self, now: datetime) -> Cargo:
        """Give an object of events that happen now, or happened long ago."""
        template, ordinal = self._random.choice(self._templates), next(self._ordinals)
        body = template.body.replace(_event_prefix(_PLACEHOLDER), _event_prefix(ordinal))
        if self._random.random() >= LATE:
            body = _renewed(body, now)
        key = records.key(template.form, ordinal)
        return Cargo(gzip.compress(body, compresslevel=1), ExpectedObject(key, template.expected))


def _template(random: Random, form: str, size: int) -> Template:
    written = [
        records.written(form, _PLACEHOLDER, number, kind) for number, kind in enumerate(kinds_of(random, size, form), 1)
    ]
    expected = tuple(expectation_of(one, position) for position, one in enumerate(written))
    return Template(form, records.body(form, [one.text for one in written]), expected)


def _event_prefix(ordinal: int) -> bytes:
    """Give how the ids of the events of one object begin; see `records.written`."""
    return b"%08x-0000-4000-8000-" % ordinal


def _renewed(body: bytes, now: datetime) -> bytes:
    event_time = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    flow_span = f"{(now - _FLOW_SECONDS).timestamp():.0f} {now.timestamp():.0f}"
    return body.replace(records.EVENT_TIME.encode(), event_time.encode()).replace(
        records.FLOW_SPAN.encode(), flow_span.encode()
    )
