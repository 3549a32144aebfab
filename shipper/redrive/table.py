"""Letters as lines: for people and for programs."""

import json
import re
from collections import Counter
from typing import Any, Final

from shipper.deadletter import UNKNOWN
from shipper.redrive.cases import Outcome
from shipper.redrive.letters import Letter

CAUSE_CHARACTERS: Final = 100
"""Of a cause in a table; `show` has all of it."""

_BLANKS: Final = re.compile(r"\s+")


def row(letter: Letter) -> dict[str, Any]:
    """Give what a list says of a letter."""
    content, ref = letter.content, letter.ref
    return {
        "id": content.id,
        "@timestamp": letter.document.timestamp.isoformat(),
        "reason": content.reason,
        "dataset": content.dataset,
        "bucket": ref.bucket if ref else None,
        "key": ref.key if ref else None,
        "position": content.position,
        "length": content.length,
        "cause": letter.document.error.message,
        "version": content.version,
    }


def line(letter: Letter) -> str:
    """Write a letter in columns."""
    content = letter.content
    time = letter.document.timestamp.isoformat(timespec="seconds").replace("+00:00", "Z")
    cause = printable(letter.document.error.message or "")
    if len(cause) > CAUSE_CHARACTERS:
        cause = cause[: CAUSE_CHARACTERS - 3] + "..."
    return f"{time}  {content.id:<30}  {content.reason:<20}  {content.dataset:<20}  {place(letter)}  {cause}".rstrip()


def place(letter: Letter) -> str:
    """Say what a letter stands for."""
    ref, position = letter.ref, letter.content.position
    if ref is None:
        return "a message" if letter.content.dataset == UNKNOWN else "an event of the Event history"
    what = f"s3://{ref.bucket}/{ref.key}"
    return printable(what if position is None else f"{what} record {position}")


def told(outcome: Outcome) -> str:
    """Write what became of a letter."""
    letter = outcome.letter
    documents = f"  {outcome.documents:,} documents" if outcome.documents else ""
    why = f"  {printable(outcome.why)[:CAUSE_CHARACTERS]}" if outcome.why else ""
    return f"{outcome.fate.value:<8}  {letter.content.reason:<20}  {place(letter)}{documents}{why}"


def counts(reasons: Counter[str]) -> str:
    """Write how many letters there are of each reason, the most frequent first."""
    rows = [f"  {reason:<20}  {count:>9,}" for reason, count in reasons.most_common()]
    return "\n".join([f"{reasons.total():,} dead letters", *rows])


def printable(text: str) -> str:
    """Escape what could forge a line or drive the terminal."""
    text = _BLANKS.sub(" ", text)
    return text if text.isprintable() else json.dumps(text)[1:-1]
