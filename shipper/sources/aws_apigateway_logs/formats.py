"""
Log formats of the user's own, as they are set up in API Gateway: text, or JSON with a variable for each member.

A JSON format is read by its keys, so that its records may lie glued together; any other by what stands between its
variables.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import Meta, Struct, defstruct, field

from shipper.errors import ConfigError
from shipper.formats import Template
from shipper.source import SourceSettings
from shipper.sources.aws_apigateway_logs.record import VARIABLES, AccessRecord
from shipper.sources.aws_apigateway_logs.templates import SHAPES

MOST_CHARACTERS: Final = 3 << 10
"""API Gateway takes no longer format."""

_NAME: Final = r"authorizer\.claims\.[\w:-]*\w|\w+(?:\.\w+)*"
_VARIABLE: Final = re.compile(rf"\$context\.({_NAME})")
_STRING_OR_VARIABLE: Final = re.compile(rf'"(?:[^"\\]|\\.)*+"|\$context\.(?:{_NAME})')
_CONSTANTS: Final = "constants."
_USUAL: Final = {one.name: one for one in msgspec.structs.fields(AccessRecord)}
_USUAL_KEYS: Final = {one.encode_name: one.name for one in _USUAL.values()}
_IDS: Final = frozenset({"request_id", "extended_request_id"})

Value = str | int | float | bool | None
Path = tuple[str, ...]
"""Keys from the outermost object on."""


class ApiGatewaySettings(SourceSettings, frozen=True, kw_only=True):
    """API Gateway's logs (aws.apigateway_logs): formats of your own; those that the console offers are known."""

    formats: Annotated[
        tuple[str, ...],
        Meta(
            description="Access log formats as they are set up in API Gateway, with their $context variables: JSON "
            "with a variable for each member, or text of one line. Formats that share a key must mean the same by it. "
            "Those with commas go into this file, not into the variable.",
            examples=[['{"id":"$context.requestId","time":"$context.requestTime","ip":"$context.identity.sourceIp"}']],
        ),
    ] = ()


class Formats(Struct, frozen=True, kw_only=True):
    """
    Log formats, read.

    Attributes:
        record: the Struct of what they make
        templates: of those that are text
        keys: of each that is JSON, the outermost keys
    """

    record: type[AccessRecord]
    templates: tuple[Template[AccessRecord], ...]
    keys: tuple[tuple[str, ...], ...]


def read(written: Sequence[str]) -> Formats:
    """
    Read log formats.

    Raises:
        ConfigError: one cannot be read, or two contradict each other
    """
    members: dict[Path, str] = {}
    texts: dict[int, tuple[list[tuple[str, str]], str]] = {}
    keys: list[tuple[str, ...]] = []
    for number, text in enumerate(written):
        with _named(number):
            if _is_json(text):
                found = dict(_members(_json(text)))
                _check(found.values())
                _add(members, found)
                keys.append(tuple(dict.fromkeys(path[0] for path in found)))
            else:
                texts[number] = parted(text)
                _check(variable for _, variable in texts[number][0])
    variables = [*members.values(), *(variable for parts, _ in texts.values() for _, variable in parts)]
    record, fields = _record(members, variables)
    templates = []
    for number, (parts, tail) in texts.items():
        with _named(number):
            named = [(literal, fields[variable]) for literal, variable in parts]
            templates.append(Template(record, named, tail, shapes=SHAPES))
    return Formats(record=record, templates=tuple(templates), keys=tuple(keys))


@contextmanager
def _named(number: int) -> Iterator[None]:
    """Name the format in which something is wrong."""
    try:
        yield
    except ValueError as error:
        raise ConfigError(f"formats[{number}]: {error}") from error


def _is_json(text: str) -> bool:
    """
    Tell a format that is JSON.

    Raises:
        ValueError: it is longer than any
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"it has {len(text)} characters; API Gateway takes {MOST_CHARACTERS}")
    return text.strip().startswith("{")


def parted(text: str) -> tuple[list[tuple[str, str]], str]:
    """
    Part a format into literals, each with the variable behind it, and the literal at its end.

    Raises:
        ValueError: it has several lines
    """
    text = text.strip()
    if "\n" in text:
        raise ValueError("it has several lines; API Gateway writes a request into one")
    *pieces, tail = _VARIABLE.split(text)
    return list(zip(pieces[::2], pieces[1::2], strict=True)), tail


def _check(variables: Iterable[str]) -> None:
    """Demand what API Gateway does."""
    if _IDS.isdisjoint(VARIABLES.get(variable, "") for variable in variables):
        raise ValueError("it has neither $context.requestId nor $context.extendedRequestId; API Gateway demands one")


def _json(text: str) -> dict[str, Any]:
    """Read a JSON format, in which variables may stand without quotes."""
    quoted = _STRING_OR_VARIABLE.sub(lambda found: found[0] if found[0][0] == '"' else f'"{found[0]}"', text)
    try:
        value: dict[str, Any] = msgspec.json.decode(quoted, type=dict)
    except msgspec.DecodeError as error:
        raise ValueError(f"it begins like JSON, and is none: {error}") from error
    return value


def _members(value: dict[str, Any], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Give the path of each member with its variable; what all records have alike becomes one, too."""
    for key, member in value.items():
        here = (*path, key)
        match member:
            case dict():
                yield from _members(member, here)
            case list():
                raise ValueError(f"{'.'.join(here)} is a list; give each variable a member with a key of its own")
            case str() if found := _VARIABLE.search(member):
                if found[0] != member:
                    raise ValueError(f"{'.'.join(here)} is more than one variable; give each a member of its own")
                yield here, found[1]
            case _:
                is_usual = not path and key in _USUAL_KEYS
                yield here, "" if is_usual else f"{_CONSTANTS}{'.'.join(here)}"


def _add(members: dict[Path, str], found: dict[Path, str]) -> None:
    """Add the members of another format, which must mean the same by the same key."""
    for path, variable in found.items():
        known = members.setdefault(path, variable)
        if VARIABLES.get(known, known) != VARIABLES.get(variable, variable):
            raise ValueError(f"{'.'.join(path)} is {_said(variable)} here and {_said(known)} in another format")
    for path in members:
        if any(path[:length] in members for length in range(1, len(path))):
            raise ValueError(f"{'.'.join(path[:-1])} is an object in one format and a value in another")


def _said(variable: str) -> str:
    """Name a variable for people."""
    return "a constant" if not variable or variable.startswith(_CONSTANTS) else f"$context.{variable}"


# -- the Struct of the records -----------------------------------------------------------------------------------------

_UNREACHABLE: Final = "$context."
"""What no key of a record begins with."""


def _record(members: dict[Path, str], variables: Sequence[str]) -> tuple[type[AccessRecord], dict[str, str]]:
    """
    Make the Struct of the records of some formats, which those of the console fit as well.

    Args:
        members: of JSON formats
        variables: of all formats

    Returns:
        The Struct, and its field for each variable.
    """
    others = [variable for variable in dict.fromkeys(variables) if variable and variable not in VARIABLES]
    fields = {"": "", **VARIABLES, **{variable: f"other_{number}" for number, variable in enumerate(others)}}
    tree = _tree({path: fields[variable] for path, variable in members.items()})
    own = {key: inner for key, inner in tree.items() if not _is_usual(key, inner)}
    numbered = [(f"member_{number}", key, inner) for number, (key, inner) in enumerate(own.items())]
    declared = [
        *((fields[one], Value, field(name=f"{_UNREACHABLE}{one}", default=None)) for one in others),
        *(_displaced(one) for one in _USUAL.values() if one.encode_name in own),
        *((name, _type(inner), field(name=key, default=None)) for name, key, inner in numbered),
    ]
    copied = [((name, *path), target) for name, _, inner in numbered for path, target in _paths(inner) if target]
    record = defstruct(
        AccessRecord.__name__,
        declared,
        bases=(AccessRecord,),
        namespace={"__post_init__": _copying(copied), "others": tuple((one, fields[one]) for one in others)},
        kw_only=True,
        gc=False,
    )
    return cast("type[AccessRecord]", record), fields


def _is_usual(key: str, inner: str | dict[str, Any]) -> bool:
    """Tell whether a key means what it means in the console's formats; what all records have in common does."""
    return isinstance(inner, str) and key in _USUAL_KEYS and inner in {_USUAL_KEYS[key], ""}


def _displaced(usual: Any) -> tuple[str, Any, Any]:
    """Declare a field anew whose key means something else."""
    return usual.name, usual.type, field(name=f"{_UNREACHABLE}{usual.name}", default=None)


def _tree(leaves: dict[Path, str]) -> dict[str, Any]:
    """Nest values by their paths."""
    tree: dict[str, Any] = {}
    for path, leaf in leaves.items():
        inner = tree
        for key in path[:-1]:
            inner = inner.setdefault(key, {})
        inner[path[-1]] = leaf
    return tree


def _type(inner: str | dict[str, Any]) -> Any:
    """Give the type of a member that is for a field, or that is an object; the fields of those are numbered."""
    if isinstance(inner, str):
        return _USUAL[inner].type if inner in _USUAL else Value
    members = [
        (f"member_{number}", _type(member), field(name=key, default=None))
        for number, (key, member) in enumerate(inner.items())
    ]
    return defstruct("Members", members, kw_only=True, gc=False) | None


def _paths(inner: str | dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Give the fields that lead to each value of an object, and the field of the record that the value is for."""
    if isinstance(inner, str):
        yield (), inner
        return
    for number, member in enumerate(inner.values()):
        for path, target in _paths(member):
            yield (f"member_{number}", *path), target


def _copying(copied: Sequence[tuple[Path, str]]) -> Callable[[Any], None]:
    """Give what puts the values of a record where they are looked for."""

    def copy(record: Any) -> None:
        for path, target in copied:
            value = record
            for name in path:
                value = getattr(value, name, None)
            if value is not None:
                setattr(record, target, value)

    return copy
