"""Judges what is to be seen at the end against what must be: nothing lost, nothing twice, no wrong dead letter."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from faults.expectation import WHOLE_OBJECT, Expected, ExpectedObject, Fate


class Document(Struct, frozen=True):
    """A document by the id that its record carries, the backing index that it lies in, and whether it was mended."""

    id: str
    index: str
    rescued: bool = False


class Letter(Struct, frozen=True):
    """A dead letter; the position is `WHOLE_OBJECT` where it stands for an object."""

    key: str
    position: int
    reason: str
    index: str


class Entry(Struct, frozen=True):
    """
    A ledger entry.

    Attributes:
        key: of the object
        id: of the entry
        index: that it lies in
        delivered: whether the attempt was the last one that was needed
        read: records
        indexed: of these
        others: of these, with any other outcome
    """

    key: str
    id: str
    index: str
    delivered: bool
    read: int
    indexed: int
    others: int


class DaemonSeen(Struct, frozen=True):
    """
    What is known of one daemon.

    Attributes:
        name: of it
        imbalance: its `shipper_imbalance_records`; None if it had ended
        base_mib: peak memory when it had started
        peak_mib: peak memory at the end
        exit_status: None if it was killed
        complaints: lines of its log that must not be there
    """

    name: str
    imbalance: float | None = 0.0
    base_mib: float = 0.0
    peak_mib: float = 0.0
    exit_status: int | None = 0
    complaints: tuple[str, ...] = ()


class Seen(Struct, frozen=True):
    """
    Everything that is to be seen at the end.

    Attributes:
        documents: of all data streams of logs, over all backing indices
        letters: the dead letters
        entries: the ledger
        daemons: all that ever ran
        fallen: names of those that ended without being told to
        waiting: messages left in the queue, in hand or not
        dead_queue: messages in the queue's dead-letter queue
        unextended: messages that were held for too long without asking for more time
    """

    documents: Sequence[Document] = ()
    letters: Sequence[Letter] = ()
    entries: Sequence[Entry] = ()
    daemons: Sequence[DaemonSeen] = ()
    fallen: Sequence[str] = ()
    waiting: int = 0
    dead_queue: int = 0
    unextended: Sequence[str] = ()


class Finding(Struct, frozen=True):
    """Something that is wrong, with the object that it is about, if it is about one."""

    text: str
    key: str = ""


class Verdict(Struct):
    """What is wrong, and the counts of the summary."""

    documents: int = 0
    rightly: int = 0
    lost: list[Finding] = field(default_factory=list)
    twice: list[Finding] = field(default_factory=list)
    wrongly: list[Finding] = field(default_factory=list)
    other: list[Finding] = field(default_factory=list)

    @property
    def wrong(self) -> bool:
        """Whether anything is."""
        return bool(self.lost or self.twice or self.wrongly or self.other)

    def lines(self) -> list[str]:
        """Tell what is wrong, a line for all findings of a kind about one object."""
        lines = []
        kinds = {"lost": self.lost, "twice": self.twice, "wrong dead letter": self.wrongly, "wrong": self.other}
        for kind, findings in kinds.items():
            by_key: defaultdict[str, list[Finding]] = defaultdict(list)
            for finding in findings:
                by_key[finding.key or finding.text].append(finding)
            for some in by_key.values():
                about = f" (object {some[0].key})" if some[0].key else ""
                more = f" and {len(some) - 1} more" if len(some) > 1 else ""
                lines.append(f"{kind}: {some[0].text}{more}{about}")
        return lines


def judge(expected: Iterable[ExpectedObject], seen: Seen, *, memory_mib: float) -> Verdict:
    """
    Judge one run.

    Args:
        expected: all objects
        seen: what became of them
        memory_mib: what a daemon may take beyond what it has when it starts
    """
    expected = list(expected)
    verdict = Verdict(documents=len(seen.documents))
    documents: defaultdict[str, list[Document]] = defaultdict(list)
    letters: defaultdict[tuple[str, int], list[Letter]] = defaultdict(list)
    for document in seen.documents:
        documents[document.id].append(document)
    for letter in seen.letters:
        letters[letter.key, letter.position].append(letter)
    for one in expected:
        for record in one.records:
            found = [] if record.fate is Fate.COPY else documents.pop(record.id, [])
            _judge_record(verdict, one, record, found, letters.pop((one.key, record.position), []))
        _judge_object(verdict, one, letters.pop((one.key, WHOLE_OBJECT), []))
    for strangers in documents.values():
        verdict.other += [Finding(f"a document that nobody wrote: {one.id} in {one.index}") for one in strangers]
    for unexpected in letters.values():
        verdict.wrongly += [Finding(f"nobody expects one at record {one.position}", one.key) for one in unexpected]
    verdict.other += judge_ledger(expected, _without_copies(seen))
    verdict.other += map(Finding, judge_around(seen, memory_mib))
    return verdict


def _judge_record(
    verdict: Verdict, one: ExpectedObject, record: Expected, found: list[Document], buried: list[Letter]
) -> None:
    place = f"{record.id}, record {record.position}"
    right = [letter for letter in buried if letter.reason in record.reasons]
    verdict.rightly += bool(right)
    verdict.wrongly += [
        Finding(f"{place}: {letter.reason}", one.key) for letter in buried if letter.reason not in record.reasons
    ]
    if len(found) > 1:
        verdict.twice.append(Finding(f"{place} in {', '.join(document.index for document in found)}", one.key))
    if len(right) > 1:
        verdict.twice.append(
            Finding(f"dead letter of {place} in {', '.join(letter.index for letter in right)}", one.key)
        )
    if found and right:
        verdict.wrongly.append(Finding(f"{place}: {right[0].reason}, and it is a document as well", one.key))
    if found and record.fate is Fate.DEAD_LETTER:
        verdict.other.append(Finding(f"indexed though it is broken: {place}", one.key))
    if not found and not right and record.fate not in (Fate.COVERED, Fate.COPY):
        verdict.lost.append(Finding(place, one.key))


def _judge_object(verdict: Verdict, one: ExpectedObject, buried: list[Letter]) -> None:
    """Judge the dead letters that stand for an object; there must be just one where one is expected."""
    right = [letter for letter in buried if letter.reason in one.reasons]
    verdict.rightly += bool(right)
    verdict.wrongly += [
        Finding(f"the whole object: {letter.reason}", one.key) for letter in buried if letter not in right
    ]
    if len(right) > 1:
        verdict.twice.append(Finding(f"its dead letter, in {', '.join(letter.index for letter in right)}", one.key))
    if one.reasons and not right:
        verdict.lost.append(Finding("no dead letter stands for it", one.key))


def _without_copies(seen: Seen) -> list[Entry]:
    """
    Take one of the copies of an entry whose daemon may have been killed before it could withdraw the others.

    A document is sent again by the next daemon, which finds the copies; an entry is not (docs/delivery.md).
    """
    if all(daemon.exit_status is not None for daemon in seen.daemons):
        return list(seen.entries)
    by_id: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in seen.entries:
        by_id[entry.id].append(entry)
    left = []
    for copies in by_id.values():
        each_elsewhere = len({copy.index for copy in copies}) == len(copies)
        left += copies[:1] if each_elsewhere else copies
    return left


def judge_ledger(expected: Iterable[ExpectedObject], entries: Iterable[Entry]) -> list[Finding]:
    """Judge the entries of each object: they balance, the last attempt has one, and together they claim no more."""
    findings = []
    by_key: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_key[entry.key].append(entry)
        if entry.read != entry.indexed + entry.others:
            findings.append(Finding(f"ledger entry {entry.id} does not balance", entry.key))
    for one in expected:
        found = by_key.pop(one.key, [])
        if len({entry.id for entry in found}) < len(found):
            findings.append(Finding("a ledger entry is there twice", one.key))
        delivered = [entry for entry in found if entry.delivered]
        if (one.records or one.reasons) and not delivered:
            findings.append(Finding("no ledger entry says that it is done with", one.key))
        if not one.reasons and any(entry.read != len(one.records) for entry in delivered):
            findings.append(Finding(f"the ledger counts another number than {len(one.records)} records", one.key))
        if any(entry.indexed > len(one.records) for entry in found):
            findings.append(Finding("a ledger entry counts more documents than there are records", one.key))
    return findings + [Finding("a ledger entry of an object that nobody wrote", key) for key in by_key]


def judge_around(seen: Seen, memory_mib: float) -> list[str]:
    """Judge what is around the records."""
    lines = []
    if seen.waiting:
        lines.append(f"{seen.waiting} messages are left in the queue")
    if seen.dead_queue:
        lines.append(f"{seen.dead_queue} messages are in the dead-letter queue")
    lines += [f"{name} ended by itself" for name in seen.fallen]
    lines += [f"heartbeat: {line}" for line in seen.unextended]
    for daemon in seen.daemons:
        if daemon.imbalance:
            lines.append(f"{daemon.name}: shipper_imbalance_records is {daemon.imbalance:g}")
        if daemon.peak_mib > daemon.base_mib + memory_mib:
            lines.append(f"{daemon.name}: memory of {daemon.peak_mib:.0f} MiB, {daemon.base_mib:.0f} at its start")
        if daemon.exit_status:
            lines.append(f"{daemon.name}: exit status {daemon.exit_status}")
        lines += [f"{daemon.name} logged {line}" for line in daemon.complaints]
    return lines
