"""What CloudTrail's records need beside the contract of all sources."""

import hashlib
import json
from typing import Any, Final

import pytest
from reading import Failed, Indexed, Result, read

from shipper.sources import aws_cloudtrail

KEY: Final = (
    "AWSLogs/111122223333/CloudTrail/eu-west-3/2026/02/03/111122223333_CloudTrail_eu-west-3_20260203T1005Z_a.json.gz"
)
SOUND: Final = b'{"type":"IAMUser","userName":"alice","principalId":"AIDAEXAMPLE"}'


def record(number: int, identity: bytes, **members: Any) -> bytes:
    """Write a record with this identity."""
    told = {"eventTime": "2026-02-03T10:02:41Z", "eventName": "ConsoleLogin", "eventID": f"id-{number}", **members}
    return b'{"eventVersion":"1.11","userIdentity":%b,%b' % (identity, json.dumps(told).encode()[1:])


def results(*records: bytes) -> list[Result]:
    """Read an object with these records."""
    return read(aws_cloudtrail.source, KEY, [b'{"Records":[' + b",".join(records) + b"]}"])


def body(result: Result) -> Any:
    """Give a document."""
    assert isinstance(result, Indexed)
    return json.loads(result.body)


@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        (SOUND.replace(b"alice", b"al\xffce"), "userIdentity: invalid UTF-8"),
        (SOUND.replace(b"alice", b"al\nce"), "JSON is malformed"),
        (SOUND.replace(b"alice", b"al\\qce"), "JSON is malformed"),
    ],
)
def test_broken_identity_costs_its_record_only(broken: bytes, cause: str) -> None:
    """Whoever finds it, the record's decoder or that of the identity: the record is undecodable, and kept as it is."""
    pieces = [record(number, broken if number == 2 else SOUND) for number in range(5)]
    first, second, third, *others = results(*pieces)
    assert isinstance(third, Failed)
    assert (third.error.reason, third.error.original) == ("undecodable", pieces[2])
    assert cause in third.error.cause
    for one in (first, second, *others):
        assert body(one)["user"] == {"name": "alice", "id": "AIDAEXAMPLE"}


@pytest.mark.parametrize("times", [1, 2])
def test_wrong_type_in_an_identity_is_set_aside(times: int) -> None:
    """The record goes on with the rest of the identity, also when that identity is known already."""
    identity = SOUND.replace(b'"IAMUser"', b'{"name":"IAMUser"}')
    document = body(results(*[record(number, identity) for number in range(times)])[-1])
    assert document["shipper"]["unparsed"] == [{"field": "userIdentity.type", "value": '{"name":"IAMUser"}'}]
    assert document["tags"] == ["type_drift"]
    assert "user_identity" not in document["aws"]["cloudtrail"]  # its name and id are those of the user
    assert document["user"]["name"] == "alice"


def test_identity_of_another_type_is_set_aside() -> None:
    """A scalar in the place of the identity leaves a record without one."""
    (one,) = results(record(1, b'"root"'))
    assert body(one)["shipper"]["unparsed"] == [{"field": "userIdentity", "value": "root"}]
    assert "user" not in body(one)


def test_same_identity_under_another_name() -> None:
    """Who signs in is told beside the identity, so that one identity can stand for several users."""
    identity = b'{"type":"AWSAccount","principalId":"AIDAEXAMPLE"}'
    signed = [record(number, identity, additionalEventData={"UserName": name}) for number, name in enumerate("aba")]
    assert [body(one)["user"]["name"] for one in results(*signed)] == ["a", "b", "a"]


def test_long_identities_are_not_kept() -> None:
    """What is remembered is bounded in bytes, not only in number."""
    long = SOUND.replace(b"alice", b"a" * aws_cloudtrail.IDENTITY_BYTES)
    before = aws_cloudtrail._known_caller.cache_info().currsize  # noqa: SLF001 -- what it holds is seen nowhere else
    (one,) = results(record(1, long))
    assert body(one)["user"]["name"].startswith("aaa")
    assert aws_cloudtrail._known_caller.cache_info().currsize == before  # noqa: SLF001


@pytest.mark.parametrize("between", ['":"', '" : "'])
def test_session_tokens_become_digests(between: str) -> None:
    """In both forms, however the token is written; what is too short to be one, or of other letters, stays."""
    token = "IQoJb3JpZ2luX2VjEFs/" * 20 + "+-_="
    digest = "sha256:" + hashlib.sha256(token.encode()).hexdigest()[:32]
    elements = json.dumps({"credentials": {"sessionToken": token, "accessKeyId": "ASIAEXAMPLE"}})
    for written in (elements, elements.replace("/", "\\/").replace("=", "\\u003d")):
        part = written.replace('": "', between).encode()
        (trail,) = [
            body(one)["aws"]["cloudtrail"] for one in results(record(1, SOUND)[:-1] + b',"responseElements":%b}' % part)
        ]
        answered = trail["flattened"]["response_elements"]
        assert answered == {"credentials": {"sessionToken": digest, "accessKeyId": "ASIAEXAMPLE"}}
        assert trail["response_elements"] == f"{{credentials={{sessionToken={digest}, accessKeyId=ASIAEXAMPLE}}}}"


@pytest.mark.parametrize("value", ["<encoded session token blob>", "a" * 63, "a" * 80 + '"', "a" * 80 + " b", 7, None])
def test_other_values_of_that_name_stay(value: object) -> None:
    """Only what can be a token is replaced."""
    trail = body(results(record(1, SOUND, responseElements={"sessionToken": value, "n": 1}))[0])["aws"]["cloudtrail"]
    assert trail["flattened"]["response_elements"].get("sessionToken") == value
