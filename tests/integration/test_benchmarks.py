"""The inputs of the benchmarks are as varied as real logs, and what is measured is all of them."""

import itertools
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from benchmarks import floor, inputs, report, shipping
from benchmarks.__main__ import chosen
from benchmarks.inputs import Facts, Input
from benchmarks.packing import packed, unpacked
from benchmarks.report import EndToEnd, Results, Row
from benchmarks.sources import discover
from benchmarks.templates import Scene, Vocabulary, compiled

from shipper.demo.objects import StoredObject
from shipper.source import Source, Sources

RECORDS = 5_000
SOURCES = discover()
INPUTS = {one.name: (source, one) for source in SOURCES for one in inputs.of(source)}
FRAMINGS = [(name, framing) for name, (_, one) in INPUTS.items() for framing in one.framings]


@cache
def written(name: str, records: int = RECORDS) -> tuple[StoredObject, ...]:
    """Write a small input."""
    return tuple(INPUTS[name][1].write(Random(1), records, 2))


def documents(objects: Iterable[StoredObject]) -> int:
    """Ship objects and count what comes out."""
    return sum(len(body.entries) for body in shipping.bodies(shipping.cargo(list(objects), SOURCES, "b"), "n"))


def facts(name: str) -> Facts:
    """Tell what a small input is like."""
    return INPUTS[name][1].facts(written(name))


def test_names_are_those_of_sources() -> None:
    """A module of inputs belongs to the source of the same name, and its inputs are named after the dataset."""
    assert inputs.names() <= {source.name for source in SOURCES}
    for source, one in INPUTS.values():
        assert one.name.partition("/")[0] == source.dataset


def test_cloudtrail_is_varied() -> None:
    """CloudTrail has many events, parameters of many shapes, of realistic size, and no record twice."""
    told = facts("aws.cloudtrail")
    assert 1_400 <= float(told["bytes a record"]) <= 1_600
    assert float(told["parameter bytes a record"]) >= 500
    assert float(told["event names"]) >= 150
    assert float(told["parameter shapes"]) >= 60
    assert float(told["gzip ratio"]) <= 12
    assert told["unique ids"] == told["records"] == RECORDS
    assert float(told["sessions"]) > RECORDS / 20
    assert 60 < float(told["AssumedRole %"]) < 80
    kinds = (
        "AWSService IAMUser AWSAccount WebIdentityUser IdentityCenterUser FederatedUser Root SAMLUser Unknown Directory"
    )
    assert {f"{kind} %" for kind in kinds.split()} < told.keys()


def test_cloudtrail_has_what_is_slow() -> None:
    """Empty strings, nulls, escaped quotes, booleans, numbers and long values are all there."""
    text = b"".join([unpacked(body) for _, body in written("aws.cloudtrail")])
    for piece in (b':""', b":null", b":{}", b":[]", rb"{\"Version\":", b":true", b":1,", rb"\n"):
        assert piece in text, piece
    assert not text.isascii()
    assert max(map(len, text.split(b'"'))) > 500


@pytest.mark.parametrize("name", ["aws.vpcflow", "aws.vpcflow/v5", "aws.vpcflow/tgw"])
def test_flows_are_varied(name: str) -> None:
    """Flow logs have addresses that are met often and addresses that are met once, gaps, and several protocols."""
    told = facts(name)
    assert told["records"] == RECORDS
    assert RECORDS / 10 < float(told["source addresses"]) < RECORDS / 2
    assert float(told["pairs of addresses"]) > RECORDS / 2
    assert float(told["gzip ratio"]) <= 12
    assert 0 < float(told["NODATA %"]) < 3
    assert 80 < float(told["protocol 6 %"]) < 95


def test_columns_of_flows() -> None:
    """The three layouts have 14, 29 and 36 columns."""
    headers = [unpacked(written(name)[0].body).partition(b"\n")[0] for name in sorted(INPUTS) if "vpcflow" in name]
    assert [len(header.split()) for header in headers] == [14, 36, 29]


@pytest.mark.parametrize("name", INPUTS)
def test_same_seed_same_bytes(name: str) -> None:
    """What is written depends on the seed alone."""
    one: Input = INPUTS[name][1]
    first, again, other = (list(one.write(Random(seed), 200, 2)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", [one.name for source in Sources.discover() for one in inputs.of(source)])
def test_every_record_is_shipped_and_in_the_floor(name: str) -> None:
    """Shipper and floor read each record, so that their speeds can be compared."""
    source: Source[Any, Any] = INPUTS[name][0]
    assert documents(written(name)) == RECORDS
    decode = floor.floor(source)
    assert sum(decode(body) for _, body in written(name)) == RECORDS


def test_floor_decodes_what_the_shipper_passes_over() -> None:
    """The floor is an honest one: a free-form part that is not as it should be does not go unseen."""
    decode = floor.floor(INPUTS["aws.cloudtrail"][0])
    good = b'{"Records":[{"eventVersion":"1.11","requestParameters":{"a":"b"}}]}'
    assert decode(packed([good])) == 1
    with pytest.raises(Exception, match="malformed"):
        decode(packed([good.replace(b'"b"', b'"\x01"')]))


@pytest.mark.parametrize(("name", "framing"), FRAMINGS)
def test_large_objects_have_the_records_of_small_ones(name: str, framing: str) -> None:
    """An object that is made three times as large gives three times as many documents."""
    key, body = written(name, 400)[0]
    enlarge, pack = INPUTS[name][1].framings[framing]
    large = pack(enlarge(unpacked(body), 3))
    assert documents([StoredObject(key, large)]) == 3 * 200


def test_template() -> None:
    """A template keeps literals, fills in words, and says a lasting word alike throughout a record."""
    numbers = itertools.count()
    words = Vocabulary(lasting={"who": lambda _: f"w{next(numbers)}"}, passing={"what": lambda _: f"x{next(numbers)}"})
    fill = compiled(
        {"a": "{who}-{what}", "b": ["{who}", "${who}", {}, None, 1], "c": {"$json": {"d": "{what}"}}}, words
    )
    assert fill(Scene(Random(1))) == {"a": "w0-x1", "b": ["w0", "${who}", {}, None, 1], "c": '{"d":"x2"}'}
    assert fill(Scene(Random(1)))["a"] == "w3-x4"


def test_template_rules() -> None:
    """Rules choose, repeat and count; a member with a question mark is there every other time."""
    words = Vocabulary(lasting={}, passing={})
    fill = compiled({"one": {"$any": [1, 2]}, "many": {"$many": [2, 4, "x"]}, "n": {"$number": [5, 7]}, "o?": 1}, words)
    scene = Scene(Random(1))
    filled = [fill(scene) for _ in range(200)]
    assert {one["one"] for one in filled} == {1, 2}
    assert {len(one["many"]) for one in filled} == {2, 3, 4}
    assert {one["n"] for one in filled} == {5, 6, 7}
    assert 50 < sum("o" in one for one in filled) < 150


@pytest.mark.parametrize("template", ["{unknown}", {"$unknown": 1}])
def test_template_with_a_mistake(template: Any) -> None:
    """A word or a rule that is not known is refused when the template is compiled."""
    with pytest.raises(KeyError, match="unknown"):
        compiled(template, Vocabulary(lasting={}, passing={}))


def test_what_is_measured() -> None:
    """Without an argument it is speed and end to end; memory takes long and has to be asked for."""
    assert chosen([]) == ("speed", "end-to-end")
    assert chosen(["large"]) == ("large",)


def test_figures_are_merged(tmp_path: Path) -> None:
    """A run replaces the figures it has measured and leaves the others as they are."""
    path = tmp_path / "build" / "bench.json"
    report.merge(Results({"a": Row(docs_per_cpu_s=1, ratio=0.5), "b": Row(ratio=0.1)}), path)
    report.merge(Results({"a": Row(peak_mib=9, ratio=0.25)}), path)
    end = EndToEnd(ratio=0.7, docs_per_s=7, replay_docs_per_s=10, daemon_docs_per_cpu_s=20)
    report.merge(Results(end_to_end=end), path)
    assert json.loads(path.read_text()) == {
        "sources": {"a": {"docs_per_cpu_s": 1, "ratio": 0.25, "peak_mib": 9}, "b": {"ratio": 0.1}},
        "end_to_end": {"ratio": 0.7, "docs_per_s": 7, "replay_docs_per_s": 10, "daemon_docs_per_cpu_s": 20},
    }


def test_table_is_aligned() -> None:
    """Every line of a table is as long as the others, and what was not measured is a dash."""
    lines = report.table(Results({"aws.cloudtrail": Row(docs_per_cpu_s=72_000), "b": Row(ratio=0.4)})).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "72,000" in lines[1]
    assert lines[2].split()[:4] == ["b", "-", "-", "0.400"]


def test_floor_passes_over_nothing() -> None:
    """What a record holds as bytes for the shipper's sake is decoded into its Struct by the floor, else to its end."""
    (source,) = [one for one in SOURCES if one.dataset == "aws.cloudtrail"]
    decode = floor.floor(source)
    assert (
        decode(packed([b'{"Records":[{"eventVersion":"1","userIdentity":{"sessionContext":{"assumedRoot":"true"}}}]}']))
        == 1
    )
    for wrong in (b'{"sessionContext":{"assumedRoot":7}}', b'{"userName":"\xff"}'):
        with pytest.raises((msgspec.ValidationError, UnicodeDecodeError)):
            decode(packed([b'{"Records":[{"eventVersion":"1","userIdentity":%b}]}' % wrong]))
    with pytest.raises(UnicodeDecodeError):
        decode(packed([b'{"Records":[{"eventVersion":"1","requestParameters":["\xff"]}]}']))
