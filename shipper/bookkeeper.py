"""Sees to it that every attempt at an object has its entry in the ledger before its message is acknowledged."""

from collections.abc import Sequence

from shipper.deadletter import WHOLE_OBJECT
from shipper.indexer import Indexer
from shipper.ledger import Attempt, Ledger
from shipper.log import Log
from shipper.metrics import Metrics
from shipper.notification import ObjectRef
from shipper.queue import Message
from shipper.tally import Tally

_log = Log(__name__)


class Bookkeeper:
    """
    Enters attempts into the ledger.

    Args:
        ledger: writes the entries
        indexer: where they go
        metrics: where they are counted
    """

    def __init__(self, ledger: Ledger, indexer: Indexer, metrics: Metrics) -> None:
        self._ledger = ledger
        self._indexer = indexer
        self._metrics = metrics

    async def enter(self, message: Message, attempts: Sequence[tuple[ObjectRef, Attempt]]) -> bool:
        """
        Write the entries of a message's attempts, which have ended, and wait until something became of each.

        An entry that is refused is kept as a dead letter, like any document. Only where OpenSearch took not even all
        records of an object, its entry is not waited for: the message goes back at once, and the entry may follow.

        Returns:
            Whether none of those waited for was released.
        """
        waiting = []
        for number, (ref, attempt) in enumerate(attempts):
            id_, entry, account = self._ledger.entry(ref, attempt, message, number)
            if attempt.tally.released:
                self._count("not_awaited")
            else:
                await self._indexer.room()
                waiting.append(account)
            self._indexer.add(self._ledger.index, id_, entry, account, WHOLE_OBJECT, time=attempt.ended)
        outcomes = [await _outcome(account) for account in waiting]
        for outcome in outcomes:
            self._count(outcome)
            if outcome in {"dead_lettered", "released"}:
                _log.warning("ledger entry not indexed", outcome=outcome, message_id=message.id)
        return "released" not in outcomes

    def _count(self, outcome: str) -> None:
        self._metrics.ledger_entries.labels(outcome).inc()


async def _outcome(account: Tally) -> str:
    """Wait until something became of the one document of an account; tell what."""
    await account.settled()
    return next(name for name in ("indexed", "duplicates", "dead_lettered", "released") if getattr(account, name))
