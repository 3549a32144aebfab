"""What delivery does with a dead letter that OpenSearch refuses: keep it elsewhere, or let its message come again."""

from datetime import datetime

from msgspec import Struct

from shipper.errors import LastResortError
from shipper.lastresort.shelf import Shelf, name_of
from shipper.log import Log
from shipper.metrics import Metrics
from shipper.tally import Tally

_log = Log(__name__)


class Refused(Struct, frozen=True, gc=False):
    """
    A dead letter that OpenSearch refused.

    Attributes:
        id: of the letter
        letter: as JSON
        reason: that OpenSearch gives
        tally: whose record it is of
    """

    id: str
    letter: bytes
    reason: str
    tally: Tally


class LastResort:
    """
    Keeps refused letters.

    Args:
        shelf: where; without one their messages come again
        metrics: where they are counted
    """

    def __init__(self, shelf: Shelf | None, metrics: Metrics) -> None:
        self._shelf = shelf
        self._metrics = metrics

    async def keep(self, refused: Refused, now: datetime) -> None:
        """Give a letter its outcome: dead-lettered once it is safe, else released."""
        tally = refused.tally
        if await self._kept(refused, now):
            self._metrics.letters_refused.labels("kept").inc()
            tally.dead_lettered += 1
        else:
            self._metrics.letters_refused.labels("released").inc()
            tally.released += 1
        tally.settle()

    async def _kept(self, refused: Refused, now: datetime) -> bool:
        if self._shelf is None:
            _log.error("a dead letter was refused; its message stays on the queue", reason=refused.reason)
            return False
        name = name_of(refused.id, now)
        try:
            await self._shelf.write(name, refused.letter)
        except LastResortError as error:
            _log.error(
                "a dead letter was refused, and so it was by the last resort; its message stays on the queue",
                reason=refused.reason,
                cause=str(error),
            )
            return False
        _log.warning(
            "a dead letter was refused and is kept in the last resort",
            reason=refused.reason,
            place=self._shelf.place,
            name=name,
        )
        return True
