"""
One pattern for a whole line in which clients' texts stand in quotes, and may have quotes themselves.

The quote that ends such a text cannot be told from the others by itself. What tells it is what follows: the columns
behind it must look as they always do, numbers among them, up to the next text in quotes. Behind the last one there are
no quotes any more, so the last quote of the line ends it, whatever a client wrote to look like the columns behind it.

Where other columns in quotes stand behind the last text, those are known to have no quote beside a blank in them. Then
the text ends where all columns behind it fit up to the end of the line, but for a few that are not known yet: fewer
than there are true columns, which so cannot pass for them should a client have written all that stands behind its text.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

SPELLINGS: Final = re.compile(
    r'"(?P<quoted>[^"]+)"|'
    r"'(?P<closed>[^']+)'|"
    r"\[(?P<bracketed>[^\]]+)\]|(?P<blanks>[^*]+)\*|(?P<bare>.+)"
)
"""
How a column is named in a layout: `"x"` a text in quotes, `'x'` in quotes and without any beside a blank, `[x]` in
brackets, `x*` bare but with blanks, `x` bare.
"""

MOST_LATER: Final = 8
"""Columns that are not known yet behind those in closed quotes; always fewer than stand between them and the text."""

_CLOSED: Final = r'(?! )[^"]*+(?:(?<! )"(?! |\Z)[^"]*+)*+'
"""Neither does it begin with a blank: what is between two columns in quotes looks like that."""

_OPEN: Final = frozenset({"blanks", "quoted"})
"""Columns whose end only the columns behind them tell."""


def anchored(
    layout: Sequence[str], numbers: Collection[str], null: str, *, later: int = MOST_LATER
) -> re.Pattern[str] | None:
    """
    Make the pattern of the lines of a layout; None where no column is a text in quotes.

    A line is looked through once for each column that is in quotes or has blanks: what was found for one is not
    reconsidered when a later one does not fit.

    Args:
        layout: the columns in order, named as in `SPELLINGS`
        numbers: names of those that are whole numbers, or have no value
        null: the token of a column without a value, which has no quotes
        later: columns that may follow behind those in closed quotes

    Returns:
        A pattern with a group for each column up to the last text in quotes, and for those behind it if some of them
        are in closed quotes; and one for all that follows.
    """
    columns = [_spelling(column) for column in layout]
    kinds = ["number" if name in numbers else kind for kind, name in columns]
    texts = [at for at, (kind, _) in enumerate(columns) if kind == "quoted"]
    if not texts:
        return None
    nothing = re.escape(null)
    one_of = _patterns(nothing)
    parts = [""]
    for kind in kinds[: texts[-1]]:
        if kind in _OPEN:
            parts.append("")
        is_first = len(parts) == 1  # no client's text stands before it
        parts[-1] += f"{one_of['number or less' if is_first and kind == 'number' else kind]} "
    text, rest, last = _ending(kinds[texts[-1] + 1 :], one_of, nothing, later)
    # A part ends where the next text begins, or has no value.
    closed = [f'(?>{part}(?="|{nothing} ))' for part in parts[1:-1]]
    closed += [f'(?>{part}(?="|{last}))' for part in parts[1:][-1:]]
    return re.compile(rf'{parts[0]}{"".join(closed)}(?:"{text}"|{nothing}){rest}\Z', re.DOTALL)


def _patterns(nothing: str) -> dict[str, str]:
    """Give the pattern of a column of each kind; `nothing` is that of one without a value."""
    return {
        "blanks": '([^"]+?)',
        "closed": f'(?:"({_CLOSED})"|{nothing})',
        "bracketed": r'\[([^\]"]*+)\]',
        "bare": '([^" ]++)',
        "bare or quoted": f'(?:([^" ]++)|"{nothing}")',
        "number": f"([0-9]++|{nothing})",
        "number or less": f"([0-9]*+|{nothing})",  # nothing at all between two blanks
        "quoted": f'(?:"(.*?)"|{nothing})',
    }


def _ending(kinds: Sequence[str], one_of: Mapping[str, str], nothing: str, later: int) -> tuple[str, str, str]:
    """
    Give what stands behind the last text's first quote.

    Args:
        kinds: of the columns behind the last text
        one_of: the pattern of a column of each kind
        nothing: the pattern of one without a value
        later: columns that may follow those in closed quotes

    Returns:
        Patterns of the text itself, of what is behind it, and of what there is in its place if it has no value.
    """
    if "closed" not in kinds:
        return "(.*)", '((?: [^" ]++)*+)', rf'{nothing}(?: [^"]*+)?\Z'
    behind = "".join([f" {one_of['bare or quoted' if kind == 'bare' else kind]}" for kind in kinds])
    most = min(later, len(kinds) - 1)
    return "(.*?)", rf'{behind}((?: (?:"{_CLOSED}"|[^" ]++)){{0,{most}}}+)', f"{nothing} "


def _spelling(column: str) -> tuple[str, str]:
    """Give how a column stands in a line, and its name."""
    found = SPELLINGS.fullmatch(column)
    if found is None or found.lastgroup is None:
        raise ValueError("a column has no name")
    return found.lastgroup, found[found.lastgroup]


def names(layout: Sequence[str]) -> tuple[str, ...]:
    """Give the names of the columns of a layout."""
    return tuple(_spelling(column)[1] for column in layout)
