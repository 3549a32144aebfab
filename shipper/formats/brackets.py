"""Finding where a JSON value ends without decoding it: the slow but patient part of reading JSON in pieces."""

import re

STRING = rb'"(?:[^"\\]|\\.)*+"'
"""Pattern of one JSON string."""

_BRACKET = re.compile(STRING + rb'|["{}\[\]]', re.DOTALL)
_SCALAR = re.compile(STRING + rb'|[^\s,"{}\[\]]+(?=[\s,}\]])', re.DOTALL)


def object_end(buffer: bytes, start: int, stop: int) -> int:
    """
    Find the bracket that closes the one at `start`, aware of strings.

    Returns:
        The position behind the closing bracket, or -1 when it does not stand before `stop`.
    """
    depth = 0
    for token in _BRACKET.finditer(buffer, start, stop):
        found = token.group()
        if found in (b"{", b"["):
            depth += 1
        elif found in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return token.end()
        elif found == b'"':  # a string that does not end before `stop`
            return -1
    return -1


def value_end(buffer: bytes, start: int, stop: int) -> int:
    """Find the end of the JSON value of any kind that begins at `start`; -1 when it does not stand before `stop`."""
    if buffer[start : start + 1] in (b"{", b"["):
        return object_end(buffer, start, stop)
    scalar = _SCALAR.match(buffer, start, stop)
    return scalar.end() if scalar else -1
