"""Rows as JSON objects say the same as rows under a header."""

from collections.abc import Sequence

import pytest
from decoding import Decoded, cut, decoded, errors, records

from shipper.formats import JsonRows, Row, Unparsed


class Request(Row, rename="kebab"):
    """Columns of several types."""

    name: str | None = None
    sc_bytes: int | None = None
    ratio: float | None = None


ROWS = JsonRows(Request)


def read(raw: bytes, sizes: Sequence[int] = ()) -> list[Decoded]:
    """Decode an object of JSON."""
    return decoded(ROWS, cut(raw, sizes))


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("between", [b"", b"\n"])
def test_values_are_converted(between: bytes, size: int) -> None:
    """Numbers may be texts; null, an empty text and the null token are no values; members may be missing."""
    raw = between.join([b'{"sc-bytes":"1","name":"a","ratio":"0.5"}', b'{"name":"-","sc-bytes":"-","ratio":""}'] * 3)
    out = read(raw + b'{"ratio":2,"sc-bytes":null}', [size])
    assert [(one.name, one.sc_bytes, one.ratio) for one in records(out)] == [
        *[("a", 1, 0.5), (None, None, None)] * 3,
        (None, None, 2.0),
    ]
    assert not any(one.unparsed for one in out)
    assert out[-1].original == b'{"ratio":2,"sc-bytes":null}'


def test_what_does_not_fit_is_set_aside() -> None:
    """A value that is not as declared goes as text, and so does a member that is not declared."""
    [one] = read(b'{"name":7,"sc-bytes":["x"],"x-new":{"a":"1"},"x-none":"-","ratio":null}')
    assert one.value.name == "7"
    assert one.unparsed == (Unparsed("sc-bytes", '["x"]'), Unparsed("x-new", '{"a":"1"}'))


def test_foreign_objects() -> None:
    """An object most of whose members are unknown, and what is no object, are errors among their neighbours."""
    out = read(b'{"name":"a"}\n{"client":"b","name":"b","x":1}\n{}\n3\n{"name":"c","client":"c"}')
    assert [one.name for one in records(out)] == ["a", "c"]
    assert [error.reason for error in errors(out)] == ["columns", "columns", "undecodable"]
    assert errors(out)[0].original == b'{"client":"b","name":"b","x":1}'
