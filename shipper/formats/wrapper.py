"""The array of records inside the object around it, which may have other members too."""

import re
from typing import Final

from shipper.formats.extent import STRING, Extent, State, extent

_GAP: Final = re.compile(rb"[\s,]*+")
_KEY: Final = re.compile(rb"(" + STRING + rb")\s*+:\s*+", re.DOTALL)


def gap_end(buffer: bytes, start: int) -> int:
    """Give the position of the next byte that is neither blank nor a comma."""
    gap = _GAP.match(buffer, start)
    return gap.end() if gap else start


def member(buffer: bytes, start: int, stop: int, name: bytes) -> tuple[bool, Extent]:
    """
    Look at one member of an object.

    Args:
        buffer: the bytes at hand
        start: where its key begins
        stop: how far to look
        name: the key of the array of records, with its quotes

    Returns:
        Whether it is the array of records, and its extent: up to behind the array's bracket, or the whole member.
    """
    key = _KEY.match(buffer, start, stop)
    if key is None:
        return False, Extent(State.BROKEN if buffer[start : start + 1] not in (b'"', b"") else State.CUT, start)
    if key[1] == name and buffer[key.end() : key.end() + 1] == b"[":
        return True, Extent(State.WHOLE, key.end() + 1)
    return False, extent(buffer, key.end(), stop)


def array_start(buffer: bytes, start: int, stop: int, name: bytes) -> Extent:
    """
    Look for the array of records in the object that begins at `start`.

    Returns:
        The position behind the array's bracket if the object is whole up to there; `CUT` when the bytes at hand do not
        tell yet; `BROKEN` when the object holds no such array.
    """
    position = gap_end(buffer, start + 1)
    while buffer[position : position + 1] != b"}":
        found, reach = member(buffer, position, stop, name)
        if found or reach.state is not State.WHOLE:
            return reach
        position = gap_end(buffer, reach.end)
    return Extent(State.BROKEN, position)
