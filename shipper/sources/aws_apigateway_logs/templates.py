"""
Log formats as they are set up in API Gateway, and how what they make is read.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

import re
from typing import Final

from shipper.formats import Template
from shipper.formats.templated import WORD
from shipper.sources.aws_apigateway_logs.record import VARIABLES, AccessRecord, ExecutionRecord

_VARIABLE: Final = re.compile(r"\$context\.(\w+(?:\.\w+)*)")

_NUMBER: Final = "-?[0-9.]*+"
_TIME: Final = "[0-9]{1,2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8} [+-][0-9]{4}|-"

SHAPES: Final = {
    "httpMethod": WORD,
    "ip": "[0-9A-Za-z.:-]*+",
    "protocol": WORD,
    "requestTime": _TIME,
    "resourcePath": r'(?!\$)[^\s",<>]*+',
    # A method and a path, `$default`, or a word of the API's owner.
    "routeKey": r'[A-Z]+ /[^\s",<>]*+|[^\s",<>]*+',
    **dict.fromkeys(
        [
            name
            for name in AccessRecord.__struct_encode_fields__
            if name in {"connectedAt", "dataProcessed", "responseLength", "requestTimeEpoch"}
            or name.lower().endswith(("latency", "status"))
            or name.startswith("timeTo")
        ],
        _NUMBER,
    ),
    **dict.fromkeys(
        [
            "accountId",
            "apiId",
            "apiKeyId",
            "connectionId",
            "deploymentId",
            "domainName",
            "domainPrefix",
            "errorType",
            "eventType",
            "extendedRequestId",
            "integrationRequestId",
            "messageId",
            "requestId",
            "resourceId",
            "stage",
            "wafResponse",
            "webaclArn",
            "xrayTraceId",
        ],
        WORD,
    ),
}
"""What values look like that nobody but API Gateway and the owner of the API decides about."""


def parsed(text: str) -> tuple[list[tuple[str, str]], str]:
    """
    Part a log format into literals, each with the column of the variable behind it, and the literal at its end.

    Raises:
        ValueError: there is a variable in it that is not known
    """
    parts: list[tuple[str, str]] = []
    start = 0
    for found in _VARIABLE.finditer(text):
        if found[1] not in VARIABLES:
            raise ValueError(f"{found[0]} is no variable of API Gateway that is known")
        parts.append((text[start : found.start()], VARIABLES[found[1]]))
        start = found.end()
    return parts, text[start:]


def template(text: str) -> Template[AccessRecord]:
    """Read a log format for lines of text."""
    parts, tail = parsed(text.strip())
    return Template(AccessRecord, parts, tail, shapes=SHAPES)


def _console(text: str) -> Template[AccessRecord]:
    """Read a log format in which each column stands under its own name between braces."""
    *parts, tail = re.split(r"\{(\w+)\}", text)
    return Template(AccessRecord, list(zip(parts[::2], parts[1::2], strict=True)), tail, shapes=SHAPES)


_CALLER: Final = "{ip} {caller} {user} [{requestTime}] "
_RESOURCE: Final = '"{httpMethod} {resourcePath} {protocol}" {status} {responseLength} {requestId}'
_ROUTE: Final = '"{httpMethod} {routeKey} {protocol}" {status} {responseLength} {requestId}'
_EVENT: Final = '"{eventType} {routeKey} {connectionId}" {status} {requestId}'
_EXTENDED: Final = " {extendedRequestId}"


def _xml(*names: str) -> str:
    elements = " ".join(f"<{name}>{{{name}}}</{name}>" for name in names)
    return f'<request id="{{requestId}}"> {elements} </request>'


def _csv(*names: str) -> str:
    return ",".join(f"{{{name}}}" for name in names)


_BY_CALLER: Final = ("ip", "caller", "user", "requestTime")
_BY_RESOURCE: Final = ("httpMethod", "resourcePath", "protocol", "status", "responseLength", "requestId")
_BY_ROUTE: Final = ("httpMethod", "routeKey", "protocol", "status", "responseLength", "requestId")

_OF_ROUTE: Final = ("ip", "requestTime", "httpMethod", "routeKey", "status", "protocol", "responseLength")

CONSOLE: Final = tuple(
    _console(text)
    for text in (
        _CALLER + _RESOURCE + _EXTENDED,
        _CALLER + _RESOURCE,
        _CALLER + _ROUTE + _EXTENDED,
        _CALLER + _ROUTE,
        _CALLER + _EVENT,
        _csv(*_BY_CALLER, *_BY_RESOURCE, "extendedRequestId"),
        _csv(*_BY_CALLER, *_BY_RESOURCE),
        _csv("ip", "requestTime", *_BY_ROUTE, "extendedRequestId"),
        _csv("ip", "requestTime", *_BY_ROUTE),
        _csv(*_BY_CALLER, "eventType", "routeKey", "connectionId", "status", "requestId"),
        _xml("extendedRequestId", *_BY_CALLER, "httpMethod", "resourcePath", "status", "protocol", "responseLength"),
        _xml(*_BY_CALLER, "httpMethod", "resourcePath", "status", "protocol", "responseLength"),
        _xml(*_OF_ROUTE, "extendedRequestId"),
        _xml(*_OF_ROUTE),
        _xml(*_BY_CALLER, "eventType", "routeKey", "status", "connectionId"),
    )
)
"""What the console offers, with and without the ids that it has added over the years."""

EXECUTION: Final = Template(
    ExecutionRecord,
    [("(", "requestId"), (") ", "message")],
    shapes={"requestId": "[0-9A-Za-z=_+/-]*+"},
)
"""A line of an execution log."""
