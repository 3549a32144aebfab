"""The demo's verdict and report: nothing that disagrees passes, and everything is aligned."""

from dataclasses import replace

import pytest

from shipper.demo.accounts import OUTCOMES, Account, Books
from shipper.demo.answers import Lag, Letter
from shipper.demo.report import conservation, dead_letters, judgement, lag, report, search, table
from shipper.demo.searches import SEARCHES, Found
from shipper.demo.traffic import CLOUDTRAIL, VPCFLOW, Expected
from shipper.demo.verdict import Check, Seen, verdict

LOGINS, DENIED, REJECTED = SEARCHES


def account(dataset: str, read: int, **outcomes: int) -> Account:
    """An account; outcomes that are not given are 0."""
    return Account(dataset=dataset, read=read, outcomes={name: outcomes.get(name, 0) for name in OUTCOMES})


EXPECTED = Expected(
    documents={CLOUDTRAIL: 7, VPCFLOW: 4}, logins_without_mfa=2, denied={"bob": 3, "eve": 1}, rejected={22: 3, 443: 1}
)
LETTERS = (
    Letter(dataset=CLOUDTRAIL, reason="undecodable", key="AWSLogs/a.json.gz", position="1", cause="no JSON"),
    Letter(dataset="unknown", reason="unclaimed", key="backups/b.sql.gz", position="", cause="no source"),
    Letter(dataset=VPCFLOW, reason="columns", key="samples/short/AWSLogs/c.log.gz", position="2", cause="too few"),
)
BOOKS = Books(
    accounts=(
        account(CLOUDTRAIL, 12, indexed=9, duplicates=2, dead_lettered=1),
        account("unknown", 1, dead_lettered=1),
        account(VPCFLOW, 1_006, indexed=1_005, dead_lettered=1),
    ),
    imbalance=0,
    messages={"delivered": 7},
    objects=5,
    ignored={"not_a_log": 1, "test_event": 1},
    object_lag=1.25,
)
SEEN = Seen(
    books=BOOKS,
    uploaded=5,
    documents={CLOUDTRAIL: 9, VPCFLOW: 1_005, "shipper.deadletter": 3, "shipper.objects": 5},
    generated={CLOUDTRAIL: 7, VPCFLOW: 4, "shipper.deadletter": 2},
    logins=Found(LOGINS, 2, rows=(("2026-02-03T10:15:00.000Z", "Root", "203.0.113.5", "111122223333"),)),
    denied=Found(DENIED, 4, groups={"bob": 3, "eve": 1}),
    rejected=Found(REJECTED, 4, groups={"22": 3, "443": 1}),
    lag=Lag(p50=3.21, p95=9.0, most=12.0, histogram={0: 900, 5: 1_200, 10: 0, 15: 1}, interval=5),
    letters=LETTERS,
)


def objections(seen: Seen) -> list[str]:
    """What is wrong with it."""
    return [check.objection for check in verdict(seen, EXPECTED) if not check.holds]


def with_books(**changes: object) -> Seen:
    """All is well but for what the daemon counted."""
    return replace(SEEN, books=replace(BOOKS, **changes))


def test_all_is_well() -> None:
    """When everything agrees, nothing is objected to."""
    assert objections(SEEN) == []


@pytest.mark.parametrize(
    ("seen", "objection"),
    [
        (
            replace(SEEN, documents=SEEN.documents | {VPCFLOW: 1_004}),
            "aws.vpcflow: 1005 counted, but OpenSearch has 1004",
        ),
        (
            replace(SEEN, documents=SEEN.documents | {"shipper.deadletter": 2}),
            "shipper.deadletter: 3 counted, but OpenSearch has 2",
        ),
        (
            replace(SEEN, documents=SEEN.documents | {"shipper.objects": 6}),
            "shipper.objects: 5 counted, but OpenSearch has 6",
        ),
        (replace(SEEN, documents=SEEN.documents | {"aws.guess": 1}), "aws.guess: 0 counted, but OpenSearch has 1"),
        (replace(SEEN, generated={VPCFLOW: 4}), "aws.cloudtrail: 7 put in, but OpenSearch has 0"),
        (replace(SEEN, uploaded=6), "7 announced, but 5 read and 1 skipped"),
        (with_books(imbalance=1), "shipper_imbalance_records is 1"),
        (with_books(ignored={"not_a_log": 1}), "1 test event sent, but 0 counted"),
        (
            replace(
                with_books(ignored={"not_a_log": 2, "test_event": 1}, objects=4),
                documents=SEEN.documents | {"shipper.objects": 4},
            ),
            "1 digest uploaded, but 2 skipped",
        ),
        (replace(SEEN, logins=Found(LOGINS, 1)), "Console logins without MFA: 2 put in, but 1 found"),
        (
            replace(SEEN, denied=Found(DENIED, 3, groups={"bob": 3})),
            "Denied calls by user: eve: 1 put in, 0 found",
        ),
        (
            replace(SEEN, rejected=Found(REJECTED, 5, groups={"22": 3, "443": 1, "80": 1})),
            "Rejected flows by destination port: 80: 0 put in, 1 found",
        ),
    ],
)
def test_whatever_disagrees_is_objected_to(seen: Seen, objection: str) -> None:
    """One number that is off by one is told, with both numbers."""
    assert objections(seen) == [objection]


def test_a_lost_record_is_objected_to() -> None:
    """A record that was read and became nothing breaks the sum of its dataset, whatever the others are."""
    lost = with_books(accounts=(account(CLOUDTRAIL, 13, indexed=9, duplicates=2, dead_lettered=1), *BOOKS.accounts[1:]))
    assert objections(lost) == ["aws.cloudtrail: 13 read, but 12 accounted for"]
    assert "DOES NOT HOLD" in "\n".join(conservation(lost))


def test_released_records_are_accounted_for() -> None:
    """Records given back with their message and read again later are no loss."""
    busy = with_books(accounts=(account(CLOUDTRAIL, 22, indexed=9, duplicates=2, dead_lettered=1, released=10),))
    assert BOOKS.accounts[0].holds
    assert busy.books.accounts[0].holds


def test_conservation_is_a_table() -> None:
    """One line for each dataset, what OpenSearch holds beside it, and what was skipped below."""
    assert list(conservation(SEEN)) == [
        "Conservation: read = indexed + duplicates + filtered + dead letters + released",
        "  dataset              read  indexed  duplicates  filtered  dead letters  released  in OpenSearch  sum",
        "  aws.cloudtrail         12        9           2         0             1         0              9  holds",
        "  unknown                 1        0           0         0             1         0                 holds",
        "  aws.vpcflow         1,006    1,005           0         0             1         0          1,005  holds",
        "  shipper.deadletter                                                                            3",
        "  shipper.objects                                                                               5",
        "  5 objects, one announced twice (duplicates); skipped, by reason: 1 not_a_log, 1 test_event",
    ]


def test_lag_is_told_in_percentiles_and_as_a_histogram() -> None:
    """Empty bars are left out."""
    assert list(lag(SEEN.lag, BOOKS)) == [
        "Ingestion lag, from event to document: p50 3.2 s, p95 9.0 s, max 12.0 s",
        "  lag        0-5 s  5-10 s  15-20 s",
        "  documents    900   1,200        1",
        (
            "  events were up to 60 s old when their object was uploaded; "
            "from there until OpenSearch had all of it: 1.2 s on average"
        ),
    ]


def test_a_search_is_shown_as_one_types_it() -> None:
    """The query, the number of hits, some rows, and how many are not shown."""
    assert list(search(SEEN.logins)) == [
        "Console logins without MFA: 2 hits",
        f"  {LOGINS.dql}",
        "  @timestamp                user.name  source.ip    cloud.account.id",
        "  2026-02-03T10:15:00.000Z  Root       203.0.113.5  111122223333",
        "  and 1 more",
    ]


def test_groups_are_shown_with_the_largest_first() -> None:
    """Only some of them, and how many more there are."""
    groups = {str(port): port for port in range(1, 11)}
    lines = list(search(Found(REJECTED, 55, groups=groups)))
    assert lines[2:4] == ["  destination.port  hits", "  10                  10"]
    assert lines[-2:] == ["  3                    3", "  and 2 more"]


def test_dead_letters_of_samples_are_counted_only() -> None:
    """Those that the demo put in are shown with reason, place and cause; of broken samples there are many."""
    assert list(dead_letters(LETTERS)) == [
        "Dead letters: 3, each kept with its original; 1 of them from broken samples",
        "  reason       dataset         record  object             cause",
        "  undecodable  aws.cloudtrail       1  AWSLogs/a.json.gz  no JSON",
        "  unclaimed    unknown            all  backups/b.sql.gz   no source",
    ]


def test_long_texts_are_cut() -> None:
    """An object is told by the end of its key, a cause by its beginning."""
    long = Letter(dataset=VPCFLOW, reason="columns", key="a" * 90 + ".log.gz", position="1", cause="b" * 90)
    row = list(dead_letters([long]))[-1]
    assert "aaa.log.gz" in row
    assert row.endswith("bbb...")
    assert len(row) < 120


def test_the_judgement_names_what_failed() -> None:
    """A line for each check, with the objection."""
    assert list(judgement([Check("this holds"), Check("that holds", "1 is not 2")])) == [
        "  ok      this holds",
        "  FAILED  that holds: 1 is not 2",
    ]


def test_the_report_has_all_parts() -> None:
    """In order: sums, lag, searches, dead letters, verdict."""
    text = "\n".join(report(SEEN, verdict(SEEN, EXPECTED)))
    parts = (
        "Conservation",
        "Ingestion lag",
        *[one.title for one in SEARCHES],
        "Dead letters",
        "  ok      every object",
    )
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "FAILED" not in text


def test_a_table_without_rows_is_its_header() -> None:
    """Nothing found is shown as nothing."""
    assert list(table(("a", "b"), [])) == ["  a  b"]
