"""A member that a record holds as bytes is read as if it had been decoded in its record."""

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Raw

from shipper.formats import Held, Record, Undecodable, Unparsed, holds
from shipper.formats.held import held


class Session(Record):
    """Part of a caller."""

    mfa: bool | None = None


class Caller(Record):
    """What the member holds."""

    name: str | None = None
    number: int | None = None
    session: Session | None = None


CALLER = Held(Caller, "caller")
SESSIONS = Held(list[Session], "sessions")


@pytest.mark.parametrize(
    ("data", "read", "unparsed"),
    [
        (b"", None, {}),
        (b"null", None, {}),
        (b'{"name":"a","number":"7","other":[1]}', Caller(name="a", number=7), {}),
        (b'{"name":"a","number":{"b":1}}', Caller(name="a"), {"caller.number": '{"b":1}'}),
        (
            b'{"name":1,"session":{"mfa":"maybe"}}',
            Caller(session=Session()),
            {"caller.name": "1", "caller.session.mfa": "maybe"},
        ),
        (b'"a"', None, {"caller": "a"}),
        (b'{"name":"a","name":"b"}', Caller(name="b"), {}),
    ],
)
def test_reading(data: bytes, read: Caller | None, unparsed: dict[str, str]) -> None:
    """Values of other types are set aside under their whole path, and the rest is read as declared."""
    assert CALLER.read(data) == (read, tuple(Unparsed(field, value) for field, value in unparsed.items()))


@pytest.mark.parametrize(
    ("data", "read", "unparsed"),
    [
        (b"[]", [], {}),
        (b'[{"mfa":true},{}]', [Session(mfa=True), Session()], {}),
        (b'[{"mfa":true},{"mfa":"maybe"}]', [Session(mfa=True), Session()], {"sessions[1].mfa": "maybe"}),
        (b'[{"mfa":true},7]', None, {"sessions": '[{"mfa":true},7]'}),
        (b'{"mfa":true}', None, {"sessions": '{"mfa":true}'}),
    ],
)
def test_reading_a_list(data: bytes, read: list[Session] | None, unparsed: dict[str, str]) -> None:
    """A list is read as one Struct is; what is no list, or has something else in it, is set aside whole."""
    assert SESSIONS.read(data) == (read, tuple(Unparsed(field, value) for field, value in unparsed.items()))


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b'{"name":"\xff"}', "caller: invalid UTF-8"),
        (b'{"name":1,"other":"\xff"}', "caller: invalid UTF-8"),
        (b'{"name":"\\q"}', "caller: JSON is malformed"),
        (b'{"name":}', "caller: JSON is malformed"),
        (b'{"name":1,"other":"\n"}', "caller: JSON is malformed"),
    ],
)
def test_what_is_no_json(data: bytes, cause: str) -> None:
    """Bytes that the record's decoder passed over unseen are refused here, and it is told where."""
    with pytest.raises(Undecodable, match=cause):
        CALLER.read(data)


def test_declaration() -> None:
    """What a member holds is declared beside it, and msgspec still takes it over as bytes."""
    kind: Any = Annotated[Raw, holds(Caller)]
    record = msgspec.defstruct("Event", [("caller", kind, Raw())])
    assert bytes(msgspec.json.decode(b'{"caller": {"name":1} }', type=record).caller) == b'{"name":1}'  # type: ignore[attr-defined]
    assert [held(one) for one in (kind, Raw, Annotated[Raw, msgspec.Meta(title="x")], Caller)] == [
        Caller,
        None,
        None,
        None,
    ]
