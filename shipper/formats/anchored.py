"""
One pattern for a whole line in which clients' texts stand in quotes, and may have quotes themselves.

The quote that ends such a text cannot be told from the others by itself. What tells it is what follows: the columns
behind it must look as they always do, numbers among them, up to the next text in quotes. Behind the last one there are
no quotes any more, so the last quote of the line ends it, whatever a client wrote to look like the columns behind it.
"""

import re
from collections.abc import Collection, Sequence
from typing import Final

SPELLINGS: Final = re.compile(r'"(?P<quoted>[^"]+)"|\[(?P<bracketed>[^\]]+)\]|(?P<blanks>[^*]+)\*|(?P<bare>.+)')
"""How a column is named in a layout: `"x"` in quotes, `[x]` in brackets, `x*` bare but with blanks, `x` bare."""

_OPEN: Final = frozenset({"blanks", "quoted"})
"""Columns whose end only the columns behind them tell."""


def anchored(layout: Sequence[str], numbers: Collection[str], null: str) -> re.Pattern[str] | None:
    """
    Make the pattern of the lines of a layout; None where no column is in quotes.

    A line is looked through once for each column that is in quotes or has blanks: what was found for one is not
    reconsidered when a later one does not fit.

    Args:
        layout: the columns in order, named as in `SPELLINGS`
        numbers: names of those that are whole numbers, or have no value
        null: the token of a column without a value, which has no quotes

    Returns:
        A pattern with a group for each column up to the last one in quotes, and one for all that follows.
    """
    columns = [_spelling(column) for column in layout]
    quoted = [at for at, (kind, _) in enumerate(columns) if kind == "quoted"]
    if not quoted:
        return None
    nothing = re.escape(null)
    one_of = {
        "blanks": '([^"]+?)',
        "bracketed": r'\[([^\]"]*+)\]',
        "bare": '([^" ]++)',
        "number": f"([0-9]++|{nothing})",
        "quoted": f'(?:"(.*?)"|{nothing})',
    }
    parts = [""]
    for kind, name in columns[: quoted[-1]]:
        if kind in _OPEN:
            parts.append("")
        parts[-1] += f"{one_of['number' if name in numbers else kind]} "
    # A part ends where the next column in quotes begins, or has no value. Behind the last one there are no quotes.
    closed = [f'(?>{part}(?="|{nothing} ))' for part in parts[1:-1]]
    closed += [rf'(?>{part}(?="|{nothing}(?: [^"]*+)?\Z))' for part in parts[1:][-1:]]
    return re.compile(rf'{parts[0]}{"".join(closed)}(?:"(.*)"|{nothing})((?: [^" ]++)*+)\Z', re.DOTALL)


def _spelling(column: str) -> tuple[str, str]:
    """Give how a column stands in a line, and its name."""
    found = SPELLINGS.fullmatch(column)
    if found is None or found.lastgroup is None:
        raise ValueError("a column has no name")
    return found.lastgroup, found[found.lastgroup]


def names(layout: Sequence[str]) -> tuple[str, ...]:
    """Give the names of the columns of a layout."""
    return tuple(_spelling(column)[1] for column in layout)
