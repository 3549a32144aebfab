"""Whether everything agrees: what was put in, what the daemon counted, and what OpenSearch holds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from shipper import deadletter, ledger
from shipper.demo.accounts import Books
from shipper.demo.answers import Lag, Letter
from shipper.demo.searches import Found
from shipper.demo.traffic import Expected

ANNOUNCED_TWICE: Final = 1
TEST_EVENTS: Final = 1
"""S3 sends one when a bucket is told to notify a queue."""

DIGESTS: Final = 1


@dataclass(frozen=True, kw_only=True)
class Seen:
    """
    All that was observed.

    Attributes:
        books: what the daemon counted
        uploaded: objects put into the bucket
        documents: in OpenSearch, by dataset, dead letters included
        generated: those of them that no sample is the origin of
        logins: answer to the search for console logins without MFA
        denied: answer to the search for denied calls
        rejected: answer to the search for rejected flows
        lag: of the generated documents
        letters: the dead letters
    """

    books: Books
    uploaded: int
    documents: Mapping[str, int]
    generated: Mapping[str, int]
    logins: Found
    denied: Found
    rejected: Found
    lag: Lag
    letters: tuple[Letter, ...]


@dataclass(frozen=True)
class Check:
    """
    One question and its answer.

    Attributes:
        claim: what ought to be so
        objection: why it is not; empty when it is
    """

    claim: str
    objection: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is so."""
        return not self.objection


def verdict(seen: Seen, expected: Expected) -> tuple[Check, ...]:
    """
    Compare.

    Args:
        seen: what was observed
        expected: what the generated traffic promises
    """
    return tuple(
        Check(claim, "; ".join(objections))
        for claim, objections in (
            ("every object announced was read or skipped with a reason", _objects(seen)),
            ("every record read is accounted for, in every dataset", _sums(seen.books)),
            ("OpenSearch holds as many documents and dead letters as were counted", _counts(seen)),
            ("every generated record is a document", _generated(seen, expected)),
            ("the three searches find what was put in", _searches(seen, expected)),
        )
    )


def _objects(seen: Seen) -> Iterator[str]:
    ignored = seen.books.ignored
    announced, skipped = seen.uploaded + ANNOUNCED_TWICE, ignored.get("not_a_log", 0)
    if seen.books.objects + skipped != announced:
        yield f"{announced} announced, but {seen.books.objects} read and {skipped} skipped"
    if skipped != DIGESTS:
        yield f"{DIGESTS} digest uploaded, but {skipped} skipped"
    if ignored.get("test_event", 0) != TEST_EVENTS:
        yield f"{TEST_EVENTS} test event sent, but {ignored.get('test_event', 0)} counted"


def _sums(books: Books) -> Iterator[str]:
    for account in books.accounts:
        if not account.holds:
            yield f"{account.dataset}: {account.read} read, but {sum(account.outcomes.values())} accounted for"
    if books.imbalance:
        yield f"shipper_imbalance_records is {books.imbalance}"


def _counts(seen: Seen) -> Iterator[str]:
    counted = {account.dataset: account.outcomes["indexed"] for account in seen.books.accounts}
    counted[deadletter.DATASET] = seen.books.total("dead_lettered")
    counted[ledger.DATASET] = seen.books.objects
    for dataset in sorted(counted.keys() | seen.documents.keys()):
        told, held = counted.get(dataset, 0), seen.documents.get(dataset, 0)
        if told != held:
            yield f"{dataset}: {told} counted, but OpenSearch has {held}"


def _generated(seen: Seen, expected: Expected) -> Iterator[str]:
    for dataset, count in sorted(expected.documents.items()):
        held = seen.generated.get(dataset, 0)
        if held != count:
            yield f"{dataset}: {count} put in, but OpenSearch has {held}"


def _searches(seen: Seen, expected: Expected) -> Iterator[str]:
    if seen.logins.hits != expected.logins_without_mfa:
        yield f"{seen.logins.search.title}: {expected.logins_without_mfa} put in, but {seen.logins.hits} found"
    denied = dict(expected.denied)
    rejected = {str(port): count for port, count in expected.rejected.items()}
    for found, wanted in ((seen.denied, denied), (seen.rejected, rejected)):
        if dict(found.groups) != wanted:
            wrong = sorted(key for key in found.groups.keys() | wanted if found.groups.get(key) != wanted.get(key))
            differences = ", ".join(
                f"{key}: {wanted.get(key, 0)} put in, {found.groups.get(key, 0)} found" for key in wrong
            )
            yield f"{found.search.title}: {differences}"
