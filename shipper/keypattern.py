"""Key patterns as people read them: `AWSLogs/{account}/vpcflowlogs/{region}/*_{time}_*.log[.gz|.parquet]`."""

import re
from typing import Final

_VARIABLE: Final = re.compile(r"(?:\[[^\]]*\]|\\[dw]|\.)(?:(?:[*+?]|\{[\d,]+\})[?+]?)?")
_ESCAPED: Final = re.compile(r"\\(.)")
_GROUP: Final = re.compile(
    r"\((?:\?:|\?P<(?P<name>\w+)>|\?P=(?P<again>\w+)|(?P<look>\?<?[=!]))?(?P<inside>[^()]*)\)(?P<times>\?|[*+]|\{[\d,]+\})?"
)
_BOUNDARIES: Final = ("(?:^|/)", "^", "$")
_STARS: Final = re.compile("\6[\6\\d-]*\6|\6")
_PLAIN: Final = str.maketrans("\0\1\2\3\4\5\6", ".[]()|*")
"""What stands for signs that mean something in a pattern, until all of it is read."""


def readable(pattern: str) -> tuple[str, ...]:
    """
    Write a key pattern for people.

    Args:
        pattern: regular expression, of the kind that sources declare: literals, classes, groups, alternatives

    Returns:
        For each of its alternatives a text where `{name}` stands for a named group, `*` for what varies, `(a|b)` for
        either of them, and `[x]` for what may be missing.
    """
    text = pattern
    for boundary in _BOUNDARIES:
        text = text.replace(boundary, "")
    text = _VARIABLE.sub("\6", _ESCAPED.sub(_unescaped, text))
    while (shorter := _GROUP.sub(_group, text)) != text:
        text = shorter
    return tuple(_STARS.sub("\6", one).translate(_PLAIN) for one in text.split("|"))


def _unescaped(found: re.Match[str]) -> str:
    """Keep classes for later; a dot that is one must not become what varies."""
    return found[0] if found[1] in "dw" else "\0" if found[1] == "." else found[1]


def _group(found: re.Match[str]) -> str:
    name = found["name"] or found["again"]
    if name:
        return "{" + name + "}"
    if found["look"]:
        return ""
    if found["times"] not in (None, "?"):
        return "\6"
    choices = [choice for choice in found["inside"].split("|") if choice]
    if found["times"] or len(choices) <= found["inside"].count("|"):
        return "\1" + "\5".join(choices) + "\2"
    return "\3" + "\5".join(choices) + "\4" if len(choices) > 1 else found["inside"]
