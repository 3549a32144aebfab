"""All that was seen, as text: short and aligned, for a terminal of 100 columns."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from shipper import deadletter, ledger
from shipper.demo.accounts import OUTCOMES, Account, Books
from shipper.demo.answers import Lag, Letter
from shipper.demo.searches import Found
from shipper.demo.traffic import SPAN
from shipper.demo.verdict import Check, Seen

GROUPS: Final = 8
"""Groups that are shown of those that a search finds."""

_CAUSE_WIDTH: Final = 46
_OBJECT_WIDTH: Final = 34


def report(seen: Seen, checks: Iterable[Check]) -> Iterator[str]:
    """
    Write the report, line by line.

    Args:
        seen: what was observed
        checks: what it proves
    """
    yield from conservation(seen)
    yield ""
    yield from lag(seen.lag, seen.books)
    for found in (seen.logins, seen.denied, seen.rejected):
        yield ""
        yield from search(found)
    yield ""
    yield from dead_letters(seen.letters)
    yield ""
    yield from judgement(checks)


def conservation(seen: Seen) -> Iterator[str]:
    """Write what became of every record, and beside it what OpenSearch holds."""
    books = seen.books
    yield "Conservation: read = indexed + duplicates + filtered + dead letters + released"
    rows = [_account(account, seen.documents.get(account.dataset)) for account in books.accounts]
    rows += [
        (dataset, *[""] * (len(OUTCOMES) + 1), f"{seen.documents.get(dataset, 0):,}", "")
        for dataset in (deadletter.DATASET, ledger.DATASET)
    ]
    header = ("dataset", "read", *[name.replace("dead_lettered", "dead letters") for name in OUTCOMES])
    yield from table((*header, "in OpenSearch", "sum"), rows, left=(0, 8))
    skipped = ", ".join(f"{count} {reason}" for reason, count in sorted(books.ignored.items()))
    yield f"  {seen.uploaded:,} objects, one announced twice (duplicates); skipped, by reason: {skipped}"


def _account(account: Account, documents: int | None) -> tuple[str, ...]:
    counts = [f"{count:,}" for count in (account.read, *[account.outcomes[name] for name in OUTCOMES])]
    held = "" if documents is None else f"{documents:,}"
    return (account.dataset, *counts, held, "holds" if account.holds else "DOES NOT HOLD")


def lag(lag: Lag, books: Books) -> Iterator[str]:
    """Write how late documents are, and how much of it is our doing."""
    yield f"Ingestion lag, from event to document: p50 {lag.p50:.1f} s, p95 {lag.p95:.1f} s, max {lag.most:.1f} s"
    bars = sorted((bar, count) for bar, count in lag.histogram.items() if count)
    spans = [f"{bar}-{bar + lag.interval} s" for bar, _ in bars]
    yield from table(("lag", *spans), [("documents", *[f"{count:,}" for _, count in bars])])
    yield (
        f"  events were up to {SPAN.total_seconds():.0f} s old when their object was uploaded; "
        f"from there until OpenSearch had all of it: {books.object_lag:.1f} s on average"
    )


def search(found: Found) -> Iterator[str]:
    """Write a search and what it found."""
    yield f"{found.search.title}: {found.hits:,} hits"
    yield f"  {found.search.dql}"
    if found.search.group:
        shown = sorted(found.groups.items(), key=lambda group: -group[1])[:GROUPS]
        yield from table((found.search.group, "hits"), [(key, f"{count:,}") for key, count in shown], left=(0,))
        more = len(found.groups) - len(shown)
    else:
        header = tuple(column.partition("|")[0] for column in found.search.columns)
        yield from table(header, found.rows, left=range(len(header)))
        more = found.hits - len(found.rows)
    if more > 0:
        yield f"  and {more:,} more"


def dead_letters(letters: Sequence[Letter]) -> Iterator[str]:
    """Write the dead letters that no sample is the origin of, and count the others by reason."""
    own = [letter for letter in letters if not letter.is_of_sample]
    of_samples = len(letters) - len(own)
    yield f"Dead letters: {len(letters)}, each kept with its original; {of_samples} of them from broken samples"
    rows = [
        (letter.reason, letter.dataset, letter.position or "all", _end(letter.key), _begin(letter.cause))
        for letter in own
    ]
    yield from table(("reason", "dataset", "record", "object", "cause"), rows, left=(0, 1, 3, 4))


def judgement(checks: Iterable[Check]) -> Iterator[str]:
    """Write what all of it proves."""
    for check in checks:
        yield f"  ok      {check.claim}" if check.holds else f"  FAILED  {check.claim}: {check.objection}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], left: Iterable[int] = (0,)) -> Iterator[str]:
    """
    Write rows with aligned columns, indented by two.

    Args:
        header: names of the columns
        rows: their values
        left: numbers of the columns that are aligned to the left; the others hold numbers
    """
    lines = [tuple(header), *map(tuple, rows)]
    to_left = set(left)
    widths = [max(len(line[index]) for line in lines) for index in range(len(header))]
    for line in lines:
        cells = [
            cell.ljust(width) if index in to_left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        yield ("  " + "  ".join(cells)).rstrip()


def _begin(text: str) -> str:
    return text if len(text) <= _CAUSE_WIDTH else f"{text[: _CAUSE_WIDTH - 3]}..."


def _end(text: str) -> str:
    return text if len(text) <= _OBJECT_WIDTH else f"...{text[3 - _OBJECT_WIDTH :]}"
