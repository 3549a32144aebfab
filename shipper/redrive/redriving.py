"""
Letters driven once more: read this first.

    letters ─ by object ─▶ cases ─ object read again ─▶ courier ─▶ documents, new letters
                             │ object gone ─ original ─▶    │
    events of no object ─────┴───────────── original ─▶    │
    removed ◀─ done, replaced ─ outcomes ◀──────────────────┘ stays

Documents have the ids that they would have had, and a letter is removed when its documents are there: whoever
interrupts this and begins again finds what was done as done.
"""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from itertools import islice

from msgspec import structs

from shipper.deadletter import UNKNOWN
from shipper.errors import LetterError, NotificationError
from shipper.notification import parse
from shipper.redrive.cases import Case, Cases, Fate, Outcome, by_object
from shipper.redrive.courier import Courier
from shipper.redrive.letterbox import Letterbox
from shipper.redrive.letters import Letter
from shipper.redrive.objects import Objects
from shipper.redrive.selection import Selection


class Redriving:
    """
    Drives letters once more.

    Args:
        box: where they lie
        objects: reads objects again
        courier: delivers what objects gives it
        now: the time
        dry_run: whether letters are left where they are
    """

    def __init__(
        self, box: Letterbox, objects: Objects, courier: Courier, now: Callable[[], datetime], *, dry_run: bool = False
    ) -> None:
        self._box = box
        self._objects = objects
        self._courier = courier
        self._now = now
        self._dry_run = dry_run

    async def run(self, selection: Selection, limit: int | None = None) -> AsyncIterator[Outcome]:
        """
        Drive letters that were written up to now; gives what became of each.

        Args:
            selection: which letters
            limit: most letters

        Raises:
            ShipperError: OpenSearch, or the place of the letters, cannot be reached; what was not told yet stays
        """
        now = self._now()
        until = min(selection.until or now, now)  # new letters are not driven again at once
        left = limit
        async for page in self._box.pages(structs.replace(selection, until=until)):
            letters = list(islice(page, left))
            for group in by_object(letters):
                for outcome in await self._group(group):
                    if outcome.fate is not Fate.STAYS and not self._dry_run:
                        await self._box.remove(outcome.letter)
                    yield outcome
            if left is not None:
                left -= len(letters)
                if not left:
                    return

    async def _group(self, letters: list[Letter]) -> list[Outcome]:
        """Drive the letters of one object, or that of a message."""
        ref = letters[0].ref
        if ref is None and letters[0].content.dataset == UNKNOWN:
            return [await self._message(letters[0])]
        if ref is None:
            return await self._event(letters[0])
        cases = Cases(ref, letters)
        await self._objects.drive(cases)
        await self._courier.flush()
        return [outcome for case in cases for outcome in case.outcomes(takes_new=self._box.takes_new)]

    async def _event(self, letter: Letter) -> list[Outcome]:
        """Drive an event that comes from no object."""
        case = Case(None, letter.content.position or 0, [letter])
        await self._objects.restore(case)
        await self._courier.flush()
        return list(case.outcomes(takes_new=self._box.takes_new))

    async def _message(self, letter: Letter) -> Outcome:
        """Drive all objects of a message that was not understood."""
        try:
            notification = parse((await self._box.whole(letter)).original.decode())
        except (LetterError, NotificationError, UnicodeDecodeError) as error:
            return Outcome(letter, Fate.STAYS, why=str(error))
        outcomes = []
        for ref in notification.objects:
            cases = Cases(ref, [letter])
            await self._objects.drive(cases)
            await self._courier.flush()
            outcomes += [outcome for case in cases for outcome in case.outcomes(takes_new=False)]
        fates = [outcome.fate for outcome in outcomes]
        fate = next((fate for fate in (Fate.STAYS, Fate.REPLACED) if fate in fates), Fate.DONE)
        why = "; ".join(filter(None, (outcome.why for outcome in outcomes))) or ", ".join(notification.ignored)
        return Outcome(letter, fate, sum(outcome.documents for outcome in outcomes), why)
