"""Whether an object holds envelopes, told from its first bytes."""

import re
from enum import Enum
from typing import Final

from shipper.formats.extent import STRING, State, extent
from shipper.formats.wrapper import gap_end

STAMP: Final = rb"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|\d{13}) "
"""
Pattern of what an export task puts before each message: the time with milliseconds, and a blank.

Logs that begin with a time themselves, such as those of load balancers and databases, have microseconds.
"""

STAMP_BYTES: Final = 25
"""Bytes of the longest such stamp."""

_STAMPED: Final = re.compile(STAMP)
_BLANKS: Final = re.compile(rb"\s*+")
_KEY: Final = re.compile(rb"(" + STRING + rb")\s*+:\s*+(?=[^\s])", re.DOTALL)

_LOGS: Final = frozenset(
    {b'"messageType"', b'"owner"', b'"logGroup"', b'"logStream"', b'"subscriptionFilters"', b'"logEvents"'}
) | {b'"policyLevel"'}
_EVENT: Final = frozenset(
    {b'"version"', b'"id"', b'"detail-type"', b'"source"', b'"account"', b'"time"', b'"region"', b'"resources"'}
) | {b'"detail"', b'"replay-name"'}
_LINE: Final = frozenset({b'"message"'})
_ALL: Final = _LOGS | _EVENT | _LINE

_BROKEN_LOGS: Final = frozenset({b'"messageType"', b'"logEvents"'})
_BROKEN_EVENT: Final = frozenset({b'"detail-type"'})
"""Keys that tell an envelope which is broken."""


class Form(Enum):
    """What the envelopes of an object look like."""

    NONE = "none"
    """There are none."""
    JSON = "json"
    """JSON objects: of CloudWatch Logs, EventBridge or Firehose, which may be mixed."""
    EVENTS = "events"
    """The same, and the first is an event of EventBridge."""
    EXPORT = "export"
    """Lines of text that an export task of CloudWatch Logs wrote."""


_TELLING: Final = (
    (frozenset({b'"logEvents"', b'"logGroup"'}), Form.JSON),
    (frozenset({b'"logEvents"', b'"messageType"'}), Form.JSON),
    (frozenset({b'"detail"', b'"detail-type"'}), Form.EVENTS),
)
"""Keys that only an envelope has side by side, and which."""


def recognize(head: bytes, *, limit: int, final: bool) -> Form | None:
    """
    Tell what the envelopes of an object look like.

    Args:
        head: the object's first bytes
        limit: how far to look at most
        final: whether the object ends here

    Returns:
        The form; None when more bytes are needed to tell.
    """
    blanks = _BLANKS.match(head)
    start = blanks.end() if blanks else 0
    final = final or len(head) - start > limit or start > limit
    opening = start
    if head[start : start + 1] == b"[":
        opening = gap_end(head, start + 1)
    if opening == len(head):
        return Form.NONE if final else None
    if head[opening : opening + 1] == b"{":
        return _json(head, opening, opening + limit, final=final)
    if _STAMPED.match(head, start):
        return Form.EXPORT
    is_short = len(head) - start < STAMP_BYTES and not final
    return None if is_short and head[start : start + 1].isdigit() else Form.NONE


def _json(head: bytes, start: int, stop: int, *, final: bool) -> Form | None:
    """Look at the keys of the first object, but no further than needed: nothing else has the first key of one."""
    keys: set[bytes] = set()
    position = gap_end(head, start + 1)
    while key := _KEY.match(head, position, stop):
        if not keys and key[1] not in _ALL:
            return Form.NONE
        keys.add(key[1])
        for telling, form in _TELLING:
            if telling <= keys:
                return form
        if key[1] in _LINE and head[key.end()] != ord('"'):
            return Form.NONE
        value = extent(head, key.end(), stop)
        if value.state is not State.WHOLE:
            return None if value.state is State.CUT and not final else _guess(keys)
        position = gap_end(head, value.end)
    if head[position : position + 1] == b"}":
        return Form.JSON if keys == _LINE else Form.NONE
    is_cut = head[position : position + 1] in (b'"', b"")
    return None if is_cut and not final else _guess(keys)


def _guess(keys: set[bytes]) -> Form:
    """Tell from the keys before the place where the first object is broken, or too long."""
    if keys & _BROKEN_EVENT:
        return Form.EVENTS
    return Form.JSON if keys == _LINE or keys & _BROKEN_LOGS else Form.NONE
