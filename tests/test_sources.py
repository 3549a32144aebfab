"""The contract of log sources: the same questions to each of them, over all of its samples."""

import re
from collections import Counter
from typing import Any

import ecs_rules
import marker
import msgspec
import pytest
from reading import RECORD_BYTES, Failed, Indexed, blocks, documents, originals, read, results
from sample_files import CASES, OF_PACKAGE, SAMPLES, SOURCES, UPDATE, Case, check_golden, folder, keys, lines, untold
from variants import blank, declared, lost, variants

from shipper.keypattern import readable
from shipper.notification import ObjectRef
from shipper.recognition import Recognizer
from shipper.source import Skip, Source, Sources

ALL = Sources(SOURCES)
SLOW_BYTES = 8_000
"""Objects larger than this are not fed byte by byte: the time for it grows with the square of the record's length."""

each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def cases(source: Source[Any, Any]) -> list[Case]:
    """Give the objects of a source, however it is set."""
    return [case for case in CASES if case.of(source)]


# -- the folder and its samples ----------------------------------------------------------------------------------------


def test_sources_and_sample_folders_pair_up() -> None:
    """Every source has samples, and every folder of samples has its source."""
    assert {path.name for path in SAMPLES.iterdir() if path.is_dir()} == {source.name for source in SOURCES}


def test_no_golden_is_left_over() -> None:
    """Every expected file belongs to an input."""
    inputs = {case.golden for case in CASES} | {folder(source) / "keys.expected.json" for source in SOURCES}
    assert set(SAMPLES.rglob("*.expected.json")) <= inputs


@each_source
def test_source_describes_itself(source: Source[Any, Any]) -> None:
    """A source has a name, a description and a dataset of its own, and cites the documentation it follows."""
    assert source.module.source is source
    assert OF_PACKAGE or source.dataset.startswith("aws.")
    assert source.description
    assert source.format.form
    assert all(re.search(r"[A-Za-z{*]", key) and not re.search(r"[\\?^$]", key) for key in readable(source.key))
    assert OF_PACKAGE or "https://docs.aws.amazon.com/" in (source.module.__doc__ or "")
    assert Counter(one.dataset for one in SOURCES)[source.dataset] == 1


@each_source
def test_source_has_cases(source: Source[Any, Any]) -> None:
    """A source has keys and objects to be judged by."""
    assert keys(source)
    assert cases(source)


# -- keys --------------------------------------------------------------------------------------------------------------


@each_source
def test_keys_are_claimed_by_one_source(source: Source[Any, Any]) -> None:
    """A key of a source is claimed by that source, and by no other."""
    for key in keys(source):
        claimed = [
            one.name for one in SOURCES if isinstance(Sources([one]).route(ObjectRef(bucket="b", key=key)), tuple)
        ]
        assert claimed == [source.name], key


@each_source
def test_keys_tell_the_origin(source: Source[Any, Any], update_goldens: bool) -> None:  # noqa: FBT001 - a fixture
    """Account, region and time are taken from the key."""
    told = {}
    for key in keys(source):
        routed = ALL.route(ObjectRef(bucket="b", key=key))
        assert isinstance(routed, tuple), key
        origin = routed[1]
        assert origin.account is None or re.fullmatch(r"\d{12}", origin.account), key
        assert origin.region is None or origin.region in key
        told[key] = {"account": origin.account, "region": origin.region, "time": origin.time and str(origin.time)}
    check_golden(folder(source) / "keys.expected.json", told, update=update_goldens)


@each_source
def test_keys_that_are_no_logs_are_skipped(source: Source[Any, Any]) -> None:
    """Objects beside the logs are passed over with a reason, not taken for logs nor for unknown."""
    for key in lines(folder(source) / "skip.txt"):
        assert isinstance(ALL.route(ObjectRef(bucket="b", key=key)), Skip), key


@pytest.mark.parametrize("key", lines(SAMPLES / "unclaimed.txt"))
def test_foreign_keys_are_unclaimed(key: str) -> None:
    """A key that is no source's is claimed by nobody."""
    assert ALL.route(ObjectRef(bucket="b", key=key)) is None


def test_empty_objects_are_skipped() -> None:
    """An object of zero bytes is passed over whatever its key."""
    for source in SOURCES:
        assert ALL.route(ObjectRef(bucket="b", key=keys(source)[0], size=0)) == Skip("empty_object")


# -- content -----------------------------------------------------------------------------------------------------------


@each_source
def test_content_tells_the_source(source: Source[Any, Any]) -> None:
    """The records of a source are its own by their content alone, and no other's, but for samples in `untold.txt`."""
    expected, told = {}, {}
    for case in [case for case in cases(source) if not case.is_foreign]:
        recognizer = Recognizer([case.source if case.of(one) else one for one in SOURCES], RECORD_BYTES)
        if not recognizer.feed(case.path.read_bytes()):
            recognizer.finish()
        told[case.path.stem] = recognizer.dataset
        expected[case.path.stem] = None if case.path.stem in untold(source) else source.dataset
    assert told == expected
    assert untold(source).keys() <= told.keys()
    assert all(untold(source).values())


@each_source
def test_a_wrong_guess_gives_no_documents(source: Source[Any, Any]) -> None:
    """What another source makes of the records are errors, not documents of the wrong dataset."""
    for case in CASES:
        if not case.of(source) and case.path.suffix == ".log" and not case.is_foreign:
            results = read(source, keys(source)[0], [case.path.read_bytes()])
            assert [one for one in results if isinstance(one, Indexed)] == [], case.name


# -- documents ---------------------------------------------------------------------------------------------------------


@each_case
def test_documents_are_as_expected(case: Case, update_goldens: bool) -> None:  # noqa: FBT001 - a fixture
    """An object becomes exactly the documents in its golden file; a golden that breaks a rule is never written."""
    wrong = [fault for one in documents(case) for fault in ecs_rules.faults(one.body, case.source.document_type)]
    assert wrong == []
    check_golden(case.golden, [result.entry() for result in results(case)], update=update_goldens)


@each_source
def test_ids_are_short_and_unique(source: Source[Any, Any]) -> None:
    """Two records of an object have two ids unless they are the same record, and OpenSearch takes the ids."""
    for case in cases(source):
        records = originals(case.source, case.path.read_bytes())
        named: dict[str, bytes] = {}
        for one in documents(case):
            assert 0 < len(one.id.encode()) <= 512, case.name
            record = records[one.position]
            assert named.setdefault(one.id, record) == record, f"{case.name}: two records have the id {one.id}"


@each_source
def test_originals_are_kept_if_so_set(source: Source[Any, Any]) -> None:
    """Then a document has its record as it was written, without any envelope, and is else the same."""
    for case in cases(source):
        raw = case.path.read_bytes()
        written = originals(case.source, raw)
        keeping = case.source.keeping("both", original=True)
        kept = [one for one in read(keeping, case.key, [raw]) if isinstance(one, Indexed)]
        for one, usual in zip(kept, documents(case), strict=True):
            document = msgspec.json.decode(one.body)
            assert document["event"].pop("original") == written[one.position].decode(errors="replace"), case.name
            assert document == msgspec.json.decode(usual.body), case.name


@each_source
def test_block_size_does_not_matter(source: Source[Any, Any]) -> None:
    """An object gives the same documents, ids and errors however its bytes arrive."""
    for case in cases(source):
        raw = case.path.read_bytes()
        for size in (1, 7, 64, 1000):
            step = size * 64 if len(raw) > SLOW_BYTES else size
            found = tuple(read(case.source, case.key, blocks(raw, step)))
            assert found == results(case), f"{case.name} in blocks of {step} bytes"


@each_source
def test_positions_count_raw_records(source: Source[Any, Any]) -> None:
    """A record's position counts everything before it, broken and filtered records too."""
    for case in cases(source):
        positions = [result.position for result in results(case)]
        assert positions == sorted(set(positions)), case.name
        told = [msgspec.json.decode(one.body)["aws"]["s3"]["object"]["offset"] for one in documents(case)]
        assert told == [one.position for one in documents(case)], case.name


# -- nothing is lost ---------------------------------------------------------------------------------------------------


@each_source
def test_no_value_is_lost_but_what_is_dropped(source: Source[Any, Any]) -> None:
    """Every value of a record is found in its document, but for those that the source says it drops, and why."""
    dropped: set[str] = set()
    for case in cases(source):
        found = lost(case)
        dropped |= found
        assert case.has_undeclared_fields or found <= set(case.source.dropped), case.name
    assert set(source.dropped) <= dropped, "a value is named as dropped that is not"
    assert all(source.dropped.values())


@each_source
def test_every_declared_field_is_in_a_sample(source: Source[Any, Any]) -> None:
    """Whatever a source declares that AWS writes, some sample has it, so that it is judged too."""
    variants_of_all = [variant for case in cases(source) for variant in variants(case)]
    places = {
        marker.spelled(variant.path[:depth]) for variant in variants_of_all for depth in range(1, len(variant.path) + 1)
    }
    assert declared(source.format) <= places


@each_source
def test_blank_values_leave_no_trace(source: Source[Any, Any]) -> None:
    """A value that is there but empty gives neither an empty field nor, unless it is the record's time, an error."""
    for case in cases(source):
        for variant, result in blank(case):
            place = f"{case.name}: {variant.place}"
            if isinstance(result, Failed):
                assert "time" in variant.place.lower(), f"{place}: {result.error.cause}"
            else:
                assert ecs_rules.faults(result.body, case.source.document_type) == [], place


def test_update_command_is_told() -> None:
    """The message of a failing golden names the command that rewrites it."""
    with pytest.raises(AssertionError, match=re.escape(UPDATE)):
        check_golden(SAMPLES / "none.expected.json", [], update=False)
