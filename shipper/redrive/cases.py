"""What is to be read again for the letters of one object, and what becomes of these letters."""

from collections.abc import Iterable, Iterator
from enum import Enum

from msgspec import Struct

from shipper.deadletter import DOCUMENT_REJECTED, WHOLE_OBJECT, Place, letter_id
from shipper.notification import ObjectRef
from shipper.redrive.letters import Letter
from shipper.tally import Tally


class Fate(Enum):
    """What becomes of a letter."""

    DONE = "done"
    """Nothing of what it stands for is left to do: it is removed."""
    REPLACED = "replaced"
    """There is something left, which other letters tell: it is removed."""
    STAYS = "stays"
    """It is as true as before."""


class Outcome(Struct, frozen=True):
    """
    What became of a letter.

    Attributes:
        letter: the letter
        fate: whether it was removed
        documents: that were indexed for it, or were there already
        why: it was not done with, or was without a document
    """

    letter: Letter
    fate: Fate
    documents: int = 0
    why: str = ""


class Case:
    """
    A record, or a whole object, with its letters.

    Args:
        ref: the object; None for what comes from none
        position: of the record, or `WHOLE_OBJECT`
        letters: that stand for it; several if it failed for several reasons

    Attributes:
        tally: what became of its records
        written: ids of the letters that were written of it
        failed: nothing can be said of it now, because of `why`
        gone: the object is not there
        ignored: its object holds no logs, because of `why`
        why: for people
    """

    def __init__(self, ref: ObjectRef | None, position: int, letters: list[Letter]) -> None:
        self.position = position
        self.letters = letters
        self.tally = Tally(Place(dataset=letters[0].content.dataset, object=ref))
        self.written: set[str] = set()
        self.failed = self.gone = self.ignored = False
        self.why = ""

    @property
    def is_open(self) -> bool:
        """Whether it is a record that was not met yet."""
        return self.position != WHOLE_OBJECT and not self.tally.read and not self.ignored

    def fail(self, why: str) -> None:
        """Leave everything as it is."""
        self.failed, self.why = True, why

    def ignore(self, why: str) -> None:
        """Leave nothing to do."""
        self.ignored, self.why = True, why

    def outcomes(self, *, takes_new: bool) -> Iterator[Outcome]:
        """
        Say what becomes of each letter, once every record has an outcome.

        Args:
            takes_new: see `Letterbox`
        """
        tally = self.tally
        documents = tally.indexed + tally.duplicates
        if tally.dead_lettered and self.position != WHOLE_OBJECT:
            self.written.add(self._rejected)
        for letter in self.letters:
            if self.failed or self.is_open or tally.released:
                default = (
                    "its object holds no such record any more" if self.is_open else "OpenSearch refused its new letter"
                )
                yield Outcome(letter, Fate.STAYS, documents, self.why or default)
            elif tally.dead_lettered or self.written:
                same = takes_new and letter.content.id in self.written
                yield Outcome(letter, Fate.STAYS if same else Fate.REPLACED, documents, self.why)
            else:
                yield Outcome(letter, Fate.DONE, documents, self.why or ("filtered" if tally.filtered else ""))

    @property
    def _rejected(self) -> str:
        """Id of the letter that delivery writes when OpenSearch refuses the record's document."""
        return letter_id(self.tally.place, self.position, DOCUMENT_REJECTED)


class Cases:
    """
    All letters of one object, by what is to be read again for them.

    Args:
        ref: the object
        letters: all of this object

    Attributes:
        whole: the case of the whole object, if there is one
        records: the cases of records by position
    """

    def __init__(self, ref: ObjectRef, letters: Iterable[Letter]) -> None:
        self.ref = ref
        by_position: dict[int, list[Letter]] = {}
        for letter in letters:
            position = letter.content.position
            by_position.setdefault(WHOLE_OBJECT if position is None else position, []).append(letter)
        self.records = {position: Case(ref, position, found) for position, found in by_position.items()}
        self.whole = self.records.pop(WHOLE_OBJECT, None)

    def __iter__(self) -> Iterator[Case]:
        if self.whole:
            yield self.whole
        yield from self.records.values()

    def at(self, position: int) -> Case | None:
        """Give the case that a record counts for."""
        return self.records.get(position, self.whole)

    @property
    def is_met(self) -> bool:
        """Whether nothing that follows in the object is of interest."""
        return self.whole is None and not any(case.is_open for case in self.records.values())

    def opened(self, place: Place) -> None:
        """Note where what is read now stands."""
        for case in self:
            case.tally.place = place


def by_object(letters: Iterable[Letter]) -> list[list[Letter]]:
    """Put the letters of each object together, so that it is read once; a message is alone."""
    groups: dict[object, list[Letter]] = {}
    for letter in letters:
        ref = letter.ref
        groups.setdefault((ref.bucket, ref.key, ref.version) if ref else letter.name, []).append(letter)
    return list(groups.values())
