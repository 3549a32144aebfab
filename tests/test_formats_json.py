"""Objects become records however they are strung together, cut into blocks or damaged."""

import json
import re
import tracemalloc
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from decoding import Decoded, block_sizes, cut, damaged, decoded, errors, records
from hypothesis import given
from hypothesis import strategies as st
from properties import tried

from shipper.errors import RecordError
from shipper.formats import JsonRecords, Record, backlog, extent, passage, separator
from shipper.formats import json as module
from shipper.formats.record import ORIGINAL_BYTES


class Item(Record):
    """What the tests read: any object, as long as `a` is a number if it is there."""

    a: int | None = None
    b: Any = None


ITEMS = JsonRecords(Item, wrapper="Records")
FIVE = [f'{{"a":{number},"b":[{{"a":1}},{{"a":2}}]}}'.encode() for number in range(5)]
EDGE = 4096
"""Limit of a record in the tests about hostile input."""


@pytest.fixture(autouse=True, scope="module")
def small_batches() -> Iterator[None]:
    """Even a few short records are decoded many at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BATCH_BYTES", 16)
        yield


@pytest.fixture(scope="module", params=[16, module.BATCH_BYTES], ids=["batches", "one by one"])
def either_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """What is promised for whatever bytes holds for records that are decoded many at a time, and one by one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BATCH_BYTES", request.param)
        yield


def read(raw: bytes, sizes: tuple[int, ...] = (), limit: int = 1 << 20) -> list[Decoded]:
    """Decode an object of items."""
    return decoded(ITEMS, cut(raw, sizes), record_bytes=limit)


def numbers(out: list[Decoded]) -> list[int | None]:
    """Give `a` of each record."""
    return [record.a for record in records(out)]


# -- framings ----------------------------------------------------------------------------------------------------------

FRAMINGS = {
    "wrapper": b'{"Records":[%b]}',
    "spaced wrapper": b'\n { "Records" : [ %b ] }\n',
    "members before": b'{"x":{"Records":[1]},"y":"]}","Records":[%b]}',
    "members after": b'{"Records":[%b],"next":null,"more":[{"a":9}]}',
    "two arrays": b'{"Records":[],"Records":[%b]}',
    "glued wrappers": b'{"Records":[]}{"Records":[%b]}{"v":1,"Records":[]}',
    "list": b"[%b]",
    "glued lists": b"[][%b]\n[]",
    "bare": b"%b",
}


@pytest.mark.parametrize("between", [b",", b"\n", b"", b" ,\r\n\t", b"\n\n"])
@pytest.mark.parametrize("framing", FRAMINGS)
def test_framings(framing: str, between: bytes) -> None:
    """One decoder reads all framings, whatever stands between the records and wherever blocks end."""
    for size in (1, 2, 7, 1000):
        out = read(FRAMINGS[framing] % between.join(FIVE), (size,))
        assert numbers(out) == [0, 1, 2, 3, 4]
        assert [one.original for one in out] == FIVE


def test_wrappers_one_after_another() -> None:
    """Objects glued together give the records of all their arrays."""
    raw = b'{"Records":[%b]}\n{"digest":"x","Records":[%b,%b]}{"Records":[%b,%b]}' % tuple(FIVE)
    assert numbers(read(raw)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("raw", [b"", b" \n\r\n\t", b'{"Records":[]}', b"[]", b'{"Records":[],"x":1}', b"[ ]\n"])
def test_no_records(raw: bytes) -> None:
    """An object without records gives nothing, not even an error."""
    assert read(raw) == []


def test_without_a_wrapper_every_object_is_a_record() -> None:
    """A source that declares no wrapper takes an object with `Records` as a record of its own."""
    assert len(decoded(JsonRecords(Item), [b'{"Records":[{"a":1},{"a":2}]}'])) == 1


@pytest.mark.parametrize("value", [b"null", b"{}", b'"x"', b"7"])
def test_wrapper_without_an_array(value: bytes) -> None:
    """An object whose `Records` is no array is a record itself: nothing is passed over in silence."""
    raw = b'{"Records":%b}' % value
    assert [one.original for one in read(raw, (3,))] == [raw]


def test_records_that_open_differently() -> None:
    """Records need not begin with the same key."""
    lines = [b'{"b":1,"a":0}', b'{"a":1}', b'{"b":2,"a":2}', b'{"a":3}', b"{}", b'{"a":5}', b'{"a":6}', b'{"b":1}']
    assert [one.original for one in read(b"\n".join(lines))] == lines


# -- errors ------------------------------------------------------------------------------------------------------------

BROKEN = {
    "bad literal": b'{"a":2x,"b":[{"a":1},{"a":2}]}',
    "brace lost": b'{"a":2,"b":[{"a":1},{"a":2}]',
    "bracket lost": b'{"a":2,"b":[{"a":1},{"a":2}}',
    "brace too many": b'{"a":2,"b":{{"x":1},{"x":2}]}',
    "quote lost": b'{"a":2,"b":"x}',
    "quote lost before": b'{"a":2,b":"x"}',
    "comma lost": b'{"a":2 "b":"x"}',
    "bad escape": b'{"a":2,"b":"\\x"}',
    "bad UTF-8": b'{"a":2,"b":"\xff"}',
    "half a surrogate": b'{"a":2,"b":"\\ud800"}',
    "control character": b'{"a":2,"b":"\x01"}',
    "opening lost": b'"a":2,"b":[{"x":1},{"x":2}]}',
    "a word": b"oops",
    "a number": b"17",
    "a number with a tail": b"17x",
    "a text with a tail": b'"x"y',
    "brace too early": b'{"a":2x},"b":[{"x":1}]}',
    "bracket too many": b'{"a":2,"b":[{"x":1}]]}',
    "a string": b'"{}, {"',
    "null": b"null",
}
NO_OBJECTS = {"a list": b'[{"x":1},{"x":2}]', "lists": b"[[[]],[]]"}


@pytest.mark.parametrize("kind", NO_OBJECTS)
def test_list_in_the_place_of_a_record(kind: str) -> None:
    """A list among the records of an array is one error."""
    [error] = errors(read(b"[%b]" % b",".join([*FIVE, NO_OBJECTS[kind], *FIVE]), (7,)))
    assert (error.original, error.cause) == (NO_OBJECTS[kind], "Expected `object`, got `array`")


@pytest.mark.parametrize("framing", ["wrapper", "list", "bare", "members after"])
@pytest.mark.parametrize("kind", BROKEN)
def test_neighbours_of_a_broken_record(kind: str, framing: str) -> None:
    """When record 3 of 5 is broken, the other four are records, and its bytes are in errors."""
    between = b"\n" if framing == "bare" else b","
    raw = FRAMINGS[framing] % between.join([*FIVE[:2], BROKEN[kind], *FIVE[3:]])
    for size in (1, 11, 1000):
        out = read(raw, (size,))
        assert [number for number in numbers(out) if number != 2] == [0, 1, 3, 4]
        assert [error.original for error in errors(out)] == [BROKEN[kind]]


@pytest.mark.parametrize("kind", ["bad literal", "comma lost", "bad escape", "a word", "opening lost"])
def test_array_is_closed_behind_a_broken_record(kind: str) -> None:
    """Where its brackets are sound, a broken record ends before the bracket of its array."""
    raw = b'{"Records":[%b]}{"Records":[%b]}' % (b",".join([*FIVE[:2], BROKEN[kind]]), b",".join(FIVE[3:]))
    assert [one.original for one in read(raw)] == [*FIVE[:2], BROKEN[kind], *FIVE[3:]]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"a":0}\n{"a":"x}\n{"b":1,"a":3}\n', [0, 3]),
        (b'[{"a":0},"a":1,"b":2},{"b":1,"a":3}]', [0, 3]),
        (b'[{"a":0},{"a":1x,"b":2},{"b":1,"a":3}]', [0, 3]),
        (b'[{"a":0},{a":1,"b":[{"a":9}]},{"a":2,"b":{"]]":null}}]', [0, 9, 2]),
        (b'[{{a":0,"b":null},{"a":1,"b":{"\\"":null}}]', [1]),
        (b'[{"a":0},{"a":1,"b":[{"a":9},,{"a":2},{"a":3}]', [0, 2, 3]),
    ],
)
def test_what_tells_the_next_record(raw: bytes, expected: list[int]) -> None:
    """Behind a broken record the next one is found by its line, by balanced brackets or by its first key."""
    assert numbers(read(raw)) == expected


def test_text_without_an_end() -> None:
    """The brackets of a text that never ends tell nothing: all of it is one error."""
    assert [one.original for one in read(b'[{"a":0},{"a":x,",[}')] == [b'{"a":0}', b'{"a":x,",[}']


def test_border_behind_a_text() -> None:
    """Whether a text stands alone is known only when the byte behind it has come."""
    out = decoded(ITEMS, [b'[{"a":0},"x"', b'y,{"a":1},"x"', b',{"a":2}]'])
    assert [error.original for error in errors(out)] == [b'"x"y', b'"x"']
    assert numbers(out) == [0, 1, 2]


def test_list_among_bare_records() -> None:
    """Outside of arrays a list is no broken record but an array of records."""
    assert numbers(read(b"\n".join([FIVE[0], b'[{"a":7},[]]', FIVE[1]]), (5,))) == [0, 7, 1]


@pytest.mark.parametrize("kind", BROKEN)
def test_first_and_last_may_be_broken(kind: str) -> None:
    """A broken record at either end takes nothing else with it, and the array is closed all the same."""
    broken = BROKEN[kind]
    raw = b'{"Records":[%b]}{"Records":[%b]}' % (b",".join([broken, *FIVE[:2], *FIVE[3:], broken]), FIVE[4])
    assert errors(read(raw))[-1].original.startswith(broken)
    assert [number for number in numbers(read(raw)) if number not in (2, None)] == [0, 1, 3, 4, 4]


@pytest.mark.parametrize("framing", ["wrapper", "list", "bare"])
def test_cut_off_object(framing: str) -> None:
    """An object that ends too early gives an error, wherever it ends, and the records before it."""
    whole = FRAMINGS[framing] % b"\n".join(FIVE)
    for length in range(1, len(whole)):
        out = read(whole[:length])
        ends_well = framing == "bare" and whole[:length].endswith((b"]}", b"\n"))
        assert [error.reason for error in errors(out)] == ["undecodable"] * (not ends_well), whole[:length]
        assert [one.original for one in out][: len(records(out))] == FIVE[: len(records(out))]


def test_foreign_object() -> None:
    """What does not begin like JSON is one error with the length of the whole object."""
    raw = b"<Error>\n" + b'{"a":1}\n' * 50
    for sizes in ((), (1,), (9,)):
        [only] = read(raw, sizes)
        assert only.value == RecordError("undecodable", "the object does not begin like JSON", raw, len(raw))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_is_no_json_may_be_rescued(size: int) -> None:
    """A source may read a broken record in a way of its own; what it cannot read stays an error, and all is kept."""
    pieces = [b'{"a":1}', b'{"a":"broken"x"}', b'{"a":2}', b'{"a":x}', b'{"a":3}']
    rescue = JsonRecords(Item, rescue=lambda piece: Item(b=len(piece)) if b"broken" in piece else None)
    decoder = rescue.decoder(record_bytes=EDGE)
    found: list[tuple[Any, bytes]] = []
    for block in [*cut(b"\n".join(pieces), [size]), b""]:
        answered = decoder.feed(block) if block else decoder.finish()
        found += [(record, decoder.original(index)) for index, record in enumerate(answered)]
    assert [original for _, original in found] == pieces
    one, two, three, four, five = [record for record, _ in found]
    assert [one.a, two.b, three.a, five.a] == [1, len(pieces[1]), 2, 3]
    assert isinstance(four, RecordError)


def test_error_says_what_is_wrong() -> None:
    """The cause is msgspec's, without the bytes; originals are those of the object."""
    [error] = errors(read(b'{"a":"\\x"}'))
    assert "invalid escaped character" in error.cause
    assert read(b'{"b":"\xff"}\n')[0].value.cause == "invalid UTF-8"
    assert read(b"{}\n7")[1].value.cause == "expected a JSON object"
    assert read(b"{} 7 {}")[1].value.cause == "Expected `object`, got `int`"


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 50, 4000])
@pytest.mark.parametrize(
    "middle",
    [
        b'{"a":2,"b":"%b"}' % (b'x{[\\"\\\\' * 100),
        b'{"a":2,"b":[%b]}' % b",".join([b'{"a":1}'] * 200),
        b'{"a":2%b,"b":1}' % (b" " * 500),
        b'["%b"]' % (b"},{" * 300),
        b'"%b"' % (b'\\"},{' * 300),
    ],
    ids=["string", "objects", "blanks", "list", "text"],
)
def test_record_longer_than_the_limit(middle: bytes, size: int) -> None:
    """A record that is too long becomes one error with its length; its neighbours are records."""
    raw = b'{"Records":[%b]}' % b",".join([*FIVE[:2], middle, *FIVE[3:]])
    out = read(raw, (size,), limit=200)
    assert numbers(out) == [0, 1, 3, 4]
    cause = f"the record has {len(middle)} bytes, the limit is 200"
    assert errors(out) == [RecordError("too_long", cause, middle, len(middle))]


def test_limit_is_the_longest_record() -> None:
    """A record of as many bytes as the limit is read, one of a byte more is not."""
    for framing in ("wrapper", "bare"):
        raw = FRAMINGS[framing] % b"\n".join(FIVE)
        for sizes in ((), (1,)):
            assert len(records(read(raw, sizes, limit=len(FIVE[0])))) == 5
            assert [error.reason for error in errors(read(raw, sizes, limit=len(FIVE[0]) - 1))] == ["too_long"] * 5


def test_original_of_a_long_record_is_cut() -> None:
    """An error keeps the beginning of a long record and tells its whole length."""
    raw = b'{"b":"%b"}' % (b"x" * 2 * ORIGINAL_BYTES)
    [only] = read(raw, (1 << 18,), limit=1 << 16)
    assert (only.value.original, only.value.length) == (raw[:ORIGINAL_BYTES], len(raw))


def test_long_record_that_is_broken() -> None:
    """A broken record within the limit is kept in part too; one that never ends is one error, with all that follows."""
    raw = b'{"b":"%b",x}' % (b"x" * ORIGINAL_BYTES)
    [only] = read(raw, limit=2 * ORIGINAL_BYTES)
    assert (only.value.reason, only.value.original, only.value.length) == (
        "undecodable",
        raw[:ORIGINAL_BYTES],
        len(raw),
    )
    raw = b'{"Records":[%b,{"b":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' % FIVE[0]
    assert [error.reason for error in errors(read(raw, (9,), limit=len(FIVE[0])))] == ["too_long"]


def test_record_nested_too_deeply() -> None:
    """A record deeper than the decoder can follow becomes one error; its neighbours are records."""
    deep = b'{"b":' + b'[{"a":' * 5000 + b"}]" * 5000 + b"}"
    for limit in (1 << 20, 1000):
        for sizes in ((), (777,)):
            out = read(b",".join([FIVE[0], deep, FIVE[1]]), sizes, limit=limit)
            assert numbers(out) == [0, 1]
            assert [error.length for error in errors(out)] == [len(deep)]


def test_memory_is_bounded() -> None:
    """What is too long or has no end is passed over, not gathered."""
    for beginning in (b'{"b":"', b"x", b'{"Records":[{"a":'):
        decoder = ITEMS.decoder(record_bytes=EDGE)
        decoder.feed(beginning)
        tracemalloc.start()
        for _ in range(80):
            decoder.feed(b"x" * (1 << 16))
        assert tracemalloc.get_traced_memory()[1] < 3 * ORIGINAL_BYTES
        tracemalloc.stop()
        assert sum(error.length for error in decoder.finish() if isinstance(error, RecordError)) < 81 << 16


HOSTILE = {
    "open braces": b"{",
    "open lists": b"[",
    "closed braces": b"}",
    "braces": b"{}",
    "quotes": b'"',
    "backslashes": b'{"b":"' + b"\\" * 50,
    "records without an end": b'{"a":[{"b":1},',
    "nested alike": b'{"a":1,"b":[{"a":1},{"a":2},',
    "cut records": b'{"a":1,"b":',
    "broken records": b"{x}",
    "broken like the others": b'{"a":x},',
    "separators only": b'},{"a"',
    "keys without values": b'{"a":1},{"b":1},{"c":{"a":',
    "scalars": b"1,",
    "blanks": b"}  \n\n  ,",
    "half escapes": b'{"a":"\\u12',
    "deep records": b'{"b":' + b"[" * 2000 + b"]" * 2000 + b"}",
}


def test_records_that_open_alike_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a record is looked for only where the separator does not find it: at the ends of blocks and arrays."""
    calls = 0

    def count(*args: Any) -> extent.Extent:
        nonlocal calls
        calls += 1
        return extent.extent(*args)

    monkeypatch.setattr(module, "extent", count)
    pieces = [b'{ "a":%d,"b":[{"c":1},{"c":2}]}' % number for number in range(1000)]
    for framing in ("wrapper", "list", "bare"):
        calls = 0
        assert numbers(read(FRAMINGS[framing] % b" ,\n ".join(pieces), (10_000,))) == list(range(1000))
        assert calls < 20


@pytest.mark.parametrize(("every", "alone"), [(10_000, 100), (700, 350), (3, 2_000)])
@pytest.mark.parametrize("broken", [b'{"a":x,"b":[]}', b'{"a":"many","b":[{"c":1},{"c":2}]}'])
def test_sound_records_are_decoded_in_batches(
    broken: bytes, every: int, alone: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the neighbours of a broken record are decoded one by one, and hardly a byte is tried in two batches."""
    pieces = [b'{"a":%d,"b":[{"c":1},{"c":2}]}' % number for number in range(2000)]
    pieces[every::every] = [broken] * len(pieces[every::every])
    raw = b'{"Records":[%b]}' % b",".join(pieces)
    tried: list[int] = []
    in_batches: list[Item] = []

    class Counting(module.JsonDecoder[Item]):
        """Notes what is decoded in batches."""

        def __init__(self, *args: Any, **limits: Any) -> None:
            super().__init__(*args, **limits)
            decode_all = self._decode_all

            def count(data: bytes) -> list[Item]:
                tried.append(len(data))
                in_batches.extend(decode_all(data))
                return in_batches[-len(decode_all(data)) :]

            self._decode_all = count

    monkeypatch.setattr(module, "BATCH_BYTES", 1 << 12)
    monkeypatch.setattr(module, "JsonDecoder", Counting)
    assert [one.original for one in read(raw)] == pieces
    assert len(pieces) - len(in_batches) <= alone
    assert sum(tried) <= 1.1 * len(raw)


@pytest.mark.parametrize("gap", [b"\n", b"\r\n", b" \n\n"])
def test_records_on_lines_need_not_open_alike(gap: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no order in its members, and what holds lists of objects, is looked at once too."""
    calls = 0

    def count(*args: Any) -> extent.Extent:
        nonlocal calls
        calls += 1
        return extent.extent(*args)

    monkeypatch.setattr(module, "extent", count)
    pieces = [b'{"a":%d,"b":[{"c":1},{"c":2}]}', b'{"b":[{"a":1} , {"a":2}],"a":%d}', b'{"c":{"d":{}},"a":%d}']
    raw = gap.join(pieces[number % 3] % number for number in range(1000))
    out = decoded(JsonRecords(Item), cut(raw, (10_000,)), record_bytes=1 << 20)
    assert numbers(out) == list(range(1000))
    assert gap.join(one.original for one in out) == raw
    assert calls < 20


@pytest.mark.parametrize("gap", [b"\n", b""])
def test_wrapper_among_lines_is_opened(gap: bytes) -> None:
    """Where records come in wrappers too, an object between bare records is not taken for one of them."""
    lines = [*FIVE, b'{"Records":[%b]}' % b",".join(FIVE), *FIVE]
    assert numbers(read(gap.join(lines * 40))) == [*range(5)] * 120


def test_first_keys_are_few() -> None:
    """Of records that all open differently only so many first keys are remembered."""
    known = separator.Separator()
    for number in range(separator.MOST_KEYS * 2):
        piece = b'{"%d":1}' % number
        known.learn(piece, 0, len(piece))
    assert len(known.keys) == separator.MOST_KEYS


def test_backlog_gathers_small_blocks() -> None:
    """Blocks wait until they are as many bytes as what waits already, and never more than a MiB."""
    waiting = backlog.Backlog()
    assert waiting.add(b"abc") == b"abc"
    waiting.keep(b"abc")
    assert waiting.add(b"de") is None
    assert waiting.add(b"f") == b"abcdef"
    waiting.keep(b"x" * 3 * backlog.ENOUGH)
    assert waiting.add(b"y" * backlog.ENOUGH) == b"x" * 3 * backlog.ENOUGH + b"y" * backlog.ENOUGH
    assert waiting.take() == b""


@pytest.mark.parametrize("kind", HOSTILE)
def test_work_grows_with_the_length(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However hostile the input, every byte is looked at a bounded number of times."""
    looked = 0

    def count_extent(buffer: bytes, start: int, stop: int) -> extent.Extent:
        nonlocal looked
        reach = extent.extent(buffer, start, stop)
        looked += reach.end - start
        return reach

    def count_broken(buffer: bytes, start: int, fault: int, stop: int, **context: Any) -> int:
        nonlocal looked
        end = extent.broken_end(buffer, start, fault, stop, **context)
        looked += max(end, fault) - start
        return end

    def count_copied(self: backlog.Backlog) -> bytes:
        nonlocal looked
        taken = take(self)
        looked += len(taken)
        return taken

    class Counting:
        """A pattern that counts what it has looked at."""

        @staticmethod
        def finditer(*args: Any) -> Iterator[re.Match[bytes]]:
            nonlocal looked
            for found in brackets.finditer(*args):
                looked += found.end() - found.start()
                yield found

    brackets, take = extent.BRACKET, backlog.Backlog.take
    monkeypatch.setattr(extent, "BRACKET", Counting)
    monkeypatch.setattr(module, "extent", count_extent)
    monkeypatch.setattr(module, "broken_end", count_broken)
    monkeypatch.setattr(backlog.Backlog, "take", count_copied)
    beginning = b'{"Records":[{"a":1},{"a":1},{"a":1},'
    raw = beginning + HOSTILE[kind] * (12 * EDGE // len(HOSTILE[kind]))
    out = read(raw, (EDGE // 64,), limit=EDGE)
    assert numbers(out)[:3] == [1, 1, 1]
    assert looked < 40 * len(raw)


# -- values of other types ---------------------------------------------------------------------------------------------


def test_type_drift_is_set_aside() -> None:
    """A value of another type goes aside, at the right index, and the record stays."""
    out = read(b'{"a":1}\n{"a":{"x":[1, 2]}}\n{"a":"three"}\n{"a":"4"}\n{"a":5}')
    assert numbers(out) == [1, None, None, 4, 5]
    assert [[(one.field, one.value) for one in item.unparsed] for item in out] == [
        [],
        [("a", '{"x":[1,2]}')],
        [("a", "three")],
        [],
        [],
    ]


# -- properties --------------------------------------------------------------------------------------------------------

texts = st.one_of(st.text(max_size=8), st.text(alphabet='a"\\{}[],: \n\u00e9\U0001f600', max_size=12))
numeric = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False))


def nested(strings: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Give JSON values with these strings, some of whose objects open like a record."""
    return st.recursive(
        st.one_of(st.none(), st.booleans(), numeric, strings),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(strings, inner, max_size=3),
            st.lists(st.fixed_dictionaries({"a": inner}), max_size=3),
        ),
        max_leaves=6,
    )


values = nested(texts)
objects = st.one_of(
    st.dictionaries(texts, values, max_size=4),
    st.fixed_dictionaries({"a": st.integers(0, 999), "b": values}),
    st.fixed_dictionaries({"a": st.one_of(st.integers(), values)}),
)


@st.composite
def spelled(draw: st.DrawFn) -> list[bytes]:
    """Give records as JSON text, all in the same style."""
    things = draw(st.lists(objects, max_size=6))
    indent, plain = draw(st.sampled_from([None, None, 1])), draw(st.booleans())
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    style: dict[str, Any] = {"indent": indent, "ensure_ascii": plain, "separators": separators}
    return [json.dumps(thing, **style).encode() for thing in things]


framings = st.sampled_from(sorted(FRAMINGS))
separators = st.sampled_from([b",", b"\n", b"", b" , ", b"\r\n"])


@tried
@pytest.mark.usefixtures("either_way")
@given(spelled(), framings, separators, block_sizes, st.sampled_from([ITEMS, JsonRecords(Item)]))
def test_any_records_in_any_framing(
    pieces: list[bytes], framing: str, between: bytes, sizes: list[int], layout: JsonRecords[Item]
) -> None:
    """Whatever the records are and however they are framed and cut, they come out as they were."""
    if layout is not ITEMS and "list" not in framing:
        framing = "bare"
    out = decoded(layout, cut(FRAMINGS[framing] % between.join(pieces), sizes))
    wrapped = re.compile(rb'\{\s*"Records"\s*:\s*\[')
    if not any(wrapped.match(piece) for piece in pieces):
        assert [one.original for one in out] == pieces


@tried
@pytest.mark.usefixtures("either_way")
@given(st.data(), spelled(), framings, separators)
def test_borders_of_blocks_do_not_matter(
    data: st.DataObject, pieces: list[bytes], framing: str, between: bytes
) -> None:
    """Records, errors and what is set aside are the same in whatever blocks an object comes, even a damaged one."""
    raw = FRAMINGS[framing] % between.join(pieces)
    for _ in range(data.draw(st.integers(0, 3))):
        raw = data.draw(damaged(raw))
    limit = data.draw(st.sampled_from([8, 40, 200, 1 << 20]))
    whole = decoded(ITEMS, [raw], record_bytes=limit)
    assert decoded(ITEMS, cut(raw, data.draw(block_sizes)), record_bytes=limit) == whole
    assert decoded(ITEMS, cut(raw, [1]), record_bytes=limit) == whole


_STRUCTURE = re.compile(rb'[\s,\[\]{}]|\{\s*(?="Records")')
_KEY = re.compile(extent.STRING + rb"\s*:\s*", re.DOTALL)


def structure_end(raw: bytes, at: int) -> int | None:
    """Give where a bracket, a comma, a blank or a member beside the array of records ends."""
    key = _KEY.match(raw, at)
    if key:
        inside = key[0].startswith(b'"Records"') and raw.startswith(b"[", key.end())
        return key.end() if inside else extent.extent(raw, key.end(), len(raw)).end
    passed = _STRUCTURE.match(raw, at)
    return passed.end() if passed else None


def conserved(raw: bytes, originals: list[bytes]) -> bool:
    """Tell whether these are the bytes of an object, in order, with nothing but structure between them."""
    ends = {0}
    for original in [*originals, b""]:
        starts: set[int] = set()
        for at in ends:
            following: int | None = at
            while following is not None and following not in starts:
                starts.add(following)
                following = structure_end(raw, following)
        ends = {at + len(original) for at in starts if raw.startswith(original, at)}
    return len(raw) in ends


@tried
@pytest.mark.usefixtures("either_way")
@given(st.data(), spelled(), st.sampled_from(["wrapper", "spaced wrapper", "list", "bare"]), separators)
def test_no_byte_is_lost(data: st.DataObject, pieces: list[bytes], framing: str, between: bytes) -> None:
    """Whatever the damage, every byte is in a record, in an error, or in what stands around the records."""
    raw = FRAMINGS[framing] % between.join(pieces)
    for _ in range(data.draw(st.integers(1, 3))):
        raw = data.draw(damaged(raw))
    out = decoded(ITEMS, [raw], record_bytes=data.draw(st.sampled_from([8, 40, 1 << 20])))
    assert conserved(raw, [one.original for one in out])


@tried
@pytest.mark.usefixtures("either_way")
@given(st.data(), st.sampled_from(["wrapper", "list", "bare", "members after"]), separators)
def test_damage_stays_where_it_is(data: st.DataObject, framing: str, between: bytes) -> None:
    """Damage inside one record leaves the others as they are, unless it makes one longer record of them."""
    # Where a quote is lost, the next escaped quote makes the rest look sound again: then nobody can tell.
    things = data.draw(st.lists(nested(st.text("a{}[],: \n", max_size=9)), min_size=2, max_size=5))
    pieces = [json.dumps({"a": at, "b": thing}).encode() for at, thing in enumerate(things)]
    # Without a separator, or without anything around it, damage to the first record may change what the object is.
    which = data.draw(st.integers(0 if between and framing != "bare" else 1, len(pieces) - 1))
    before, after = between.join(pieces[:which]) + between, between + between.join(pieces[which + 1 :])
    broken = data.draw(damaged(pieces[which]))
    raw = FRAMINGS[framing] % (before + broken + after)
    start = (FRAMINGS[framing] % (before + b"\0")).index(b"\0")
    if extent.extent(raw, start, len(raw)).end > start + len(broken) + len(between) + 2:
        return
    kept = [one.original for one in decoded(ITEMS, [raw])]
    for place, piece in enumerate(pieces):
        assert place == which or piece in kept


@tried
@pytest.mark.usefixtures("either_way")
@given(st.binary(max_size=60), block_sizes)
def test_any_bytes(tail: bytes, sizes: list[int]) -> None:
    """No bytes raise an exception or get lost."""
    raw = b"[" + tail
    out = decoded(ITEMS, cut(raw, sizes), record_bytes=16)
    assert conserved(raw, [one.original for one in out])


@tried
@pytest.mark.usefixtures("either_way")
@given(values, st.binary(max_size=5))
def test_extent_of_a_value(value: Any, following: bytes) -> None:
    """The end of a value is found whatever follows, and each beginning of it is known to be cut off."""
    raw = msgspec.json.encode(value)
    if raw[:1] in b'{["':
        reach = extent.extent(raw + following, 0, len(raw) + len(following))
        assert (reach.state, reach.end) == (extent.State.WHOLE, len(raw))
        assert all(extent.extent(raw, 0, length).state is extent.State.CUT for length in range(len(raw)))


@tried
@pytest.mark.usefixtures("either_way")
@given(values, st.integers(1, 9))
def test_passage_over_a_value(value: Any, size: int) -> None:
    """A value is passed over up to its end, in blocks of any size."""
    raw = json.dumps([value], ensure_ascii=False).encode()
    over = passage.Passage("too_long", "{length} bytes")
    whole, held, at = raw + b",[]", b"", 0
    for block in cut(whole, [size]):
        held += block
        at += (end := over.advance(held, 0, final=False))
        held = held[end:]
        if over.closed:
            break
    assert over.closed
    assert over.error() == RecordError("too_long", f"{len(raw)} bytes", raw, len(raw))
    assert at == len(raw)
