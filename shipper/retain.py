"""
Which forms of free-form parts documents keep.

A part such as CloudTrail's `requestParameters` stands in its document twice: as a flat object below `flattened`, and
beside that as one string of the same name (`shipper.freeform`). Whoever searches only one of them can do without the
other, which is much of a document's size. What sources take out of a part into fields of their own stays in any case.
"""

from collections.abc import Callable, Iterator
from functools import cache, wraps
from typing import Any, Final, Literal, NamedTuple, TypeVar, get_args

from msgspec import Struct, structs

from shipper import ecs

R = TypeVar("R")
D = TypeVar("D", bound=ecs.Document)

Retain = Literal["both", "string", "flattened", "none"]

FLATTENED: Final = "flattened"
"""Name of the field set that holds the flat forms."""


class Place(NamedTuple):
    """
    Where a document has free-form parts.

    Attributes:
        path: attributes that lead from the document to the field set with the strings and with `flattened`
        twins: attributes that are in both
    """

    path: tuple[str, ...]
    twins: tuple[str, ...]


def retaining(
    write: Callable[[R, Any], D | None], document: type[D], retain: Retain
) -> Callable[[R, Any], D | None] | None:
    """
    Give what writes documents without the forms that are not to be kept; None where there is nothing to leave out.

    Args:
        write: writes a record's document
        document: Struct of these documents
        retain: forms to be kept. `string` and `flattened` keep parts that have only one form in the form they have.
    """
    if retain == "both" or not (found := places(document)):
        return None

    @wraps(write)
    def written(record: R, origin: Any) -> D | None:
        made = write(record, origin)
        if made is not None:
            for place in found:
                _leave_out(made, place, retain)
        return made

    return written


@cache
def places(document: type[Struct]) -> tuple[Place, ...]:
    """Find where a document has free-form parts in both forms."""
    found = twins(document)
    below = (
        Place((member.name, *place.path), place.twins)
        for member in structs.fields(document)
        if member.name != FLATTENED
        for kind in _structs(member.type)
        for place in places(kind)
    )
    return (*([Place((), found)] if found else ()), *below)


@cache
def twins(field_set: type[Struct]) -> tuple[str, ...]:
    """Give the attributes of a field set that hold the string form of what is below `flattened` too."""
    members = {member.name: member.type for member in structs.fields(field_set)}
    return tuple(
        twin for kind in _structs(members.get(FLATTENED)) for twin in kind.__struct_fields__ if twin in members
    )


def _structs(hint: Any) -> Iterator[type[Struct]]:
    """Give the Struct of a single value; lists hold no free-form parts."""
    for one in get_args(hint) or (hint,):
        if isinstance(one, type) and issubclass(one, Struct):
            yield one


def _leave_out(document: ecs.Document, place: Place, retain: Retain) -> None:
    holder: Any = document
    parent, name = holder, ""
    for name in place.path:
        parent, holder = holder, getattr(holder, name)
        if not isinstance(holder, ecs.FieldSet):
            return
    if retain != "string":
        for twin in place.twins:
            setattr(holder, twin, None)
    flat = getattr(holder, FLATTENED)
    if retain != "flattened" and flat is not None:
        for twin in place.twins if retain == "string" else flat.__struct_fields__:
            setattr(flat, twin, None)
        setattr(holder, FLATTENED, ecs.some(flat))
        if getattr(holder, FLATTENED) is None:  # nothing is left that could be cut
            document.tags = tuple(tag for tag in document.tags if tag != "cut")
    if place.path:
        setattr(parent, name, ecs.some(holder))
