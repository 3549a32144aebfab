"""What API Gateway's logs need beside the contract of all sources."""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from shipper import ecs, web
from shipper.errors import ConfigError, RecordError
from shipper.marks import Specimen
from shipper.notification import ObjectRef
from shipper.remembered import LONGEST
from shipper.source import Origin
from shipper.sources import aws_apigateway_logs
from shipper.sources.aws_apigateway_logs import AccessDocument, configured, document
from shipper.sources.aws_apigateway_logs.formats import ApiGatewaySettings

USUAL = {"requestId": "r", "extendedRequestId": "x=", "requestTime": "03/Feb/2026:10:00:00 +0000", "status": "200"}
CLF = '203.0.113.9 - - [03/Feb/2026:10:00:00 +0000]"GET /pets HTTP/1.1" 200 314 r x='


def read(line: bytes | str, *formats: str) -> AccessDocument:
    """Make a document of one record."""
    source: Any = configured(ApiGatewaySettings(formats=formats))
    decoder = source.format.decoder(record_bytes=1 << 20)
    data = line if isinstance(line, bytes) else line.encode()
    [record] = decoder.feed(data + b"\n") or decoder.finish()
    assert not isinstance(record, RecordError), record.cause
    return document(record, Origin(ObjectRef(bucket="b", key="k"), time=datetime(2026, 2, 3, 12, tzinfo=UTC)))


def usual(**members: Any) -> AccessDocument:
    """Make a document of a record of JSON."""
    return read(msgspec.json.encode(USUAL | members))


# -- mapping -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "kind", "outcome"),
    [
        ({}, ("access",), "success"),
        ({"status": "404"}, ("access",), "failure"),
        ({"status": "-"}, ("access",), "unknown"),
        ({"principalId": "p"}, ("access", "allowed"), "success"),
        ({"principalId": "p", "status": "403"}, ("access",), "failure"),
        ({"principalId": "p", "status": "403", "errorType": "ACCESS_DENIED"}, ("access", "denied"), "failure"),
        ({"status": "429", "errorType": "THROTTLED"}, ("access", "denied"), "failure"),
        ({"status": "403", "wafResponse": "WAF_BLOCK"}, ("access", "denied"), "failure"),
        ({"status": "504", "errorType": "INTEGRATION_TIMEOUT"}, ("access",), "failure"),
    ],
)
def test_who_refuses_is_told(members: dict[str, str], kind: tuple[str, ...], outcome: str) -> None:
    """Only API Gateway's own refusals are denials; what is behind it answers as it likes."""
    event = usual(**members).event
    assert (event.type, event.outcome) == (kind, outcome)


@pytest.mark.parametrize(
    ("epoch", "moment"),
    [
        ("1770112801", "2026-02-03 10:00:01+00:00"),
        ("1770112801123", "2026-02-03 10:00:01.123000+00:00"),
        (1770112801123, "2026-02-03 10:00:01.123000+00:00"),
        ("-", "2026-02-03 10:00:00+00:00"),
        ("soon", "2026-02-03 10:00:00+00:00"),
    ],
)
def test_the_time_is_as_precise_as_it_is_told(epoch: str | int, moment: str) -> None:
    """Milliseconds and seconds since 1970 are told apart by their size; without them there is the whole second."""
    assert str(usual(requestTimeEpoch=epoch).timestamp) == moment


@pytest.mark.parametrize(
    ("members", "full", "path"),
    [
        ({"domainName": "a.example", "path": "/prod/a"}, "https://a.example/prod/a", "/prod/a"),
        ({"resourcePath": "/pets"}, None, "/pets"),
        ({"resourcePath": "/pets/{id}"}, None, None),
        ({"routeKey": "GET /pets"}, None, "/pets"),
        ({"routeKey": "$default"}, None, None),
        ({"routeKey": "ANY /{proxy+}"}, None, None),
        ({"routeKey": "send/this"}, None, None),
    ],
)
def test_the_path_is_told_where_there_is_one(members: dict[str, str], full: str | None, path: str | None) -> None:
    """The path of a resource or route is that of the request, unless it has variables."""
    url = usual(**members).url
    assert (url and url.full, url and url.path) == (full, path)


@pytest.mark.parametrize(
    ("cache", "member"),
    [
        (ecs._known_ip, "ip"),  # noqa: SLF001 -- what these hold is seen nowhere else
        (web._known_tls, "cipherSuite"),  # noqa: SLF001
    ],
)
def test_long_texts_of_clients_are_not_kept(cache: Any, member: str) -> None:
    """What is remembered is bounded in bytes, not only in number: with a quote a client can write any member."""
    before = cache.cache_info().currsize
    made = usual(**{member: "x" * (LONGEST + 1)})
    assert "x" * (LONGEST + 1) in {made.source and made.source.address, made.tls and made.tls.cipher}
    assert cache.cache_info().currsize == before


# -- what is not escaped -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ('"a "b" c"', 'a "b" c'),
        ('"a\\d"', "a\\d"),
        ("-", None),
        ('"a", "b"', 'a", "b'),
        ("null", None),
        ("bare", "bare"),
    ],
)
@pytest.mark.parametrize("before", ["", f"{CLF}\n"])
def test_json_that_is_none_is_read_by_its_keys(agent: str, expected: str | None, before: str) -> None:
    """Quotes and backslashes that a client sent stay in their value, in an object of JSON and among lines of text."""
    line = f'{{"new":"", "extendedRequestId":"r", "userAgent":{agent},"newer":1,"status":"20"0"}}'
    decoder = aws_apigateway_logs.source.format.decoder(record_bytes=1 << 20)
    *_, record = [*decoder.feed(f"{before}{line}\n".encode()), *decoder.finish()]
    assert not isinstance(record, RecordError), record.cause
    assert record.user_agent in {expected, "-" if agent == "-" else expected}
    assert record.status == '20"0'


def test_no_member_says_what_is_around_a_record() -> None:
    """What only an envelope tells, no client writes."""
    made = read('{"extendedRequestId":"r","userAgent":"a "b" c","$around":"x"}')
    assert made.tags == ("time_from_key",)


@pytest.mark.parametrize(
    "line",
    [
        '{"requestId":"r","userAgent":"x","status":"200"","status":"403"}',
        '{"requestId":"r","userAgent":"x"y,"status":403"}',
        '{"requestId":"r","userAgent":"x","y":"z"w","status":"403","y":"1"}',
        '{"requestId":"r","userAgent":{"x":"y""},"status":"403"}',
        '{"userAgent":"x"y","status":"403"',
        'x{"requestId":"r","status":"403"}',
    ],
)
def test_what_cannot_be_told_apart_is_an_error(line: str) -> None:
    """A client that writes a member of its own, and so breaks the record, does not decide what is indexed."""
    decoder = aws_apigateway_logs.source.format.decoder(record_bytes=1 << 20)
    found = [*decoder.feed(f"{CLF}\n{line}\n".encode()), *decoder.finish()]
    assert isinstance(found[1], RecordError)


# -- formats of the user's own -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formats", "cause"),
    [
        (["$context.status"], "formats[0]: it has neither $context.requestId nor $context.extendedRequestId"),
        (["requestId"], "formats[0]: it has neither"),
        ([""], "formats[0]: it has neither"),
        (["$context.requestId" + " " * 4000], "formats[0]: it has 4018 characters; API Gateway takes 3072"),
        (["$context.requestId$context.status"], "formats[0]: nothing stands between request_id and status"),
        (["$context.requestId\n$context.status"], "formats[0]: it has several lines"),
        (['{"id":"$context.requestId"'], "formats[0]: it begins like JSON, and is none"),
        (['{"id":["$context.requestId"]}'], "formats[0]: id is a list"),
        (['{"id":"$context.requestId","a":{"b":"$context.path?"}}'], "formats[0]: a.b is more than one variable"),
        (
            ['{"id":"$context.requestId"}', '{"id":"$context.extendedRequestId"}'],
            "formats[1]: id is $context.extendedRequestId here and $context.requestId in another format",
        ),
        (
            ['{"id":"$context.requestId","a":"x"}', '{"id":"$context.requestId","a":"$context.path"}'],
            "formats[1]: a is $context.path here and a constant in another format",
        ),
        (
            ['{"id":"$context.requestId","a":{"b":1}}', '{"id":"$context.requestId","a":"$context.path"}'],
            "formats[1]: a is an object in one format and a value in another",
        ),
    ],
)
def test_a_format_that_cannot_be_read_is_refused(formats: list[str], cause: str) -> None:
    """The error names the format and what is wrong with it."""
    with pytest.raises(ConfigError, match=re.escape(cause)):
        configured(ApiGatewaySettings(formats=tuple(formats)))


def test_keys_mean_what_the_format_says() -> None:
    """A key of the console's formats may stand for something else, and one variable may have several keys."""
    formats = (
        '{"user":"$context.authorizer.principalId","id":"$context.requestId","ip":"$context.identity.sourceIp"}',
        '{"requestId":"$context.requestId","src":"$context.identity.sourceIp","who":{"sub":"$context.identity.user"}}',
    )
    first = read('{"user":"ada","id":"r1","ip":"192.0.2.1","httpMethod":"GET"}', *formats)
    second = read('{"requestId":"r2","src":"192.0.2.2","who":{"sub":"AIDA"},"httpMethod":"GET"}', *formats)
    for one, ip, user, request in ((first, "192.0.2.1", "ada", "r1"), (second, "192.0.2.2", "AIDA", "r2")):
        assert one.source
        assert one.source.ip == ip
        assert one.user
        assert one.user.id == user
        assert one.aws.apigateway.request_id == request
    assert first.aws.apigateway.user is None


def test_the_console_is_still_understood() -> None:
    """Formats of one's own, which need not say much, are known beside those of the console."""
    text = "$context.requestId;$context.status"
    assert read(CLF, text).aws.apigateway.status == 200
    assert read("r;403", text).aws.apigateway.status == 403
    with pytest.raises(ValueError, match="nothing that tells a request"):
        read('{"requestId":"r","status":"403"}')


def test_claims_tell_the_user() -> None:
    """The claims of a token are kept by their names, and tell who asked."""
    text = (
        "$context.requestId $context.httpMethod [$context.authorizer.claims.cognito:username] $context.authorizer.plan"
    )
    one = read("r GET [ada] gold", text)
    assert one.user
    assert one.user.name == "ada"
    assert one.related
    assert one.related.user == ("ada",)
    assert msgspec.json.decode(one.aws.apigateway.context or b"null") == {
        "authorizer.claims.cognito:username": "ada",
        "authorizer.plan": "gold",
    }


def test_content_tells_a_format_with_a_time() -> None:
    """Records of a format of one's own are recognized by its keys if it has many, and lines by the time in them."""
    marks = configured(
        ApiGatewaySettings(
            formats=(
                '{"rid":"$context.requestId","m":"$context.httpMethod","s":"$context.status"}',
                '{"rid":"$context.requestId","p":"$context.path"}',
                "$context.requestId $context.requestTime",
                "$context.requestId $context.path",
            )
        )
    ).marks
    assert marks.fit(Specimen(members=frozenset({"rid", "m", "s", "more"})))
    assert not marks.fit(Specimen(members=frozenset({"rid", "m", "p"})))
    assert marks.fit(Specimen(line="r 03/Feb/2026:10:00:00 +0000"))
    assert not marks.fit(Specimen(line="r /path"))
    assert marks.fit(Specimen(line=CLF))
