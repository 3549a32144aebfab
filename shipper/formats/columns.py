"""The columns of one table, compiled into a Struct of their own."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from shipper.formats.record import Row, Unparsed

_FILLED: Final = Annotated[str, Meta(min_length=1)]
_COLUMN: Final = re.compile(r" - at `\$\[(\d+)\]`$")


@lru_cache(maxsize=64)
def compiled(record: type[Row], names: tuple[str, ...]) -> tuple[type[Any], Callable[[bytes], list[Any]]]:
    """
    Make the Struct of the lines of a table, and the decoder of many of them.

    Columns that the table lacks are class attributes, so that reading them costs nothing and gives None. The last
    element must be an empty list, which no text can be: it stands at the end of every line.

    Args:
        record: the Struct that declares all columns
        names: the field of each column; an empty name for a column that is not declared
    """
    types = get_type_hints(record, include_extras=True)
    columns = [(name or f"_undeclared_{at}", _filled(types.get(name, str))) for at, name in enumerate(names)]
    row = msgspec.defstruct(
        record.__name__,
        [*columns, ("_end_of_line", list[None])],
        bases=(Row,),
        namespace={field: None for field in record.__struct_fields__ if field not in names},
        array_like=True,
        gc=False,
        kw_only=False,
    )
    return row, msgspec.json.Decoder(list[row], strict=False).decode  # type: ignore[valid-type]


def converted(values: list[str | None], row: type[Any], names: Sequence[str]) -> tuple[Any, tuple[Unparsed, ...]]:
    """
    Decode the values of one row, setting aside those that are not as declared.

    Args:
        values: of each column; those that are set aside become None
        row: made by `compiled`
        names: of each column, for what is set aside
    """
    unparsed: list[Unparsed] = []
    while True:
        try:
            return msgspec.convert([*values, []], row, strict=False), tuple(unparsed)
        except msgspec.ValidationError as error:
            column = _COLUMN.search(str(error))
            at = int(column[1]) if column else -1
            if column is None or (value := values[at]) is None:
                raise  # every column may be None, so this cannot happen
            unparsed.append(Unparsed(names[at], value))
            values[at] = None


def _filled(kind: Any) -> Any:
    """Give the type of a column that has a value or None, but is never an empty text."""
    members = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return Union[*[_FILLED if member is str else member for member in members], NoneType]
