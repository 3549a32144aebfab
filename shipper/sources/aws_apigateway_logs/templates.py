"""
Log formats that the console offers, and what values look like in them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

import re
from typing import Final

import msgspec

from shipper.formats import Template
from shipper.formats.templated import WORD
from shipper.sources.aws_apigateway_logs.record import AccessRecord, ExecutionRecord, Number

_FIELDS: Final = {field.encode_name: field.name for field in msgspec.structs.fields(AccessRecord)}
"""Fields by the keys of the console's JSON formats."""

_WORDS: Final = (
    "account_id",
    "api_id",
    "api_key_id",
    "connection_id",
    "deployment_id",
    "domain_name",
    "domain_prefix",
    "error_type",
    "event_type",
    "extended_request_id",
    "http_method",
    "integration_request_id",
    "message_id",
    "protocol",
    "request_id",
    "resource_id",
    "stage",
    "waf_response",
    "webacl_arn",
    "xray_trace_id",
)

SHAPES: Final = {
    **{field.name: "-?[0-9.]*+" for field in msgspec.structs.fields(AccessRecord) if field.type == Number},
    **dict.fromkeys(_WORDS, WORD),
    "ip": "[0-9A-Za-z.:-]*+",
    "request_time": "(?:[0-9]{1,2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8} [+-][0-9]{4}|-)",
    "resource_path": r'(?!\$)[^\s",<>]*+',
    # A method and a path, `$default`, or a word of the API's owner.
    "route_key": r'(?:[A-Z]+ /[^\s",<>]*+|[^\s",<>]*+)',
}
"""What values look like that only API Gateway and the owner of the API decide about."""


def _console(text: str) -> Template[AccessRecord]:
    """Read a format in which `{key}` stands for the variable that has this key in the console's JSON formats."""
    *literals, tail = re.split(r"\{(\w+)\}", text)
    parts = [(literal, _FIELDS[key]) for literal, key in zip(literals[::2], literals[1::2], strict=True)]
    return Template(AccessRecord, parts, tail, shapes=SHAPES)


def _csv(*keys: str) -> str:
    return ",".join(f"{{{key}}}" for key in keys)


def _xml(*keys: str) -> str:
    elements = " ".join(f"<{key}>{{{key}}}</{key}>" for key in keys)
    return f'<request id="{{requestId}}"> {elements} </request>'


_CALLER: Final = "{ip} {caller} {user} [{requestTime}] "
_RESOURCE: Final = '"{httpMethod} {resourcePath} {protocol}" {status} {responseLength} {requestId}'
_ROUTE: Final = '"{httpMethod} {routeKey} {protocol}" {status} {responseLength} {requestId}'
_EVENT: Final = '"{eventType} {routeKey} {connectionId}" {status} {requestId}'
_EXTENDED: Final = " {extendedRequestId}"

_BY_CALLER: Final = ("ip", "caller", "user", "requestTime")
_BY_RESOURCE: Final = ("httpMethod", "resourcePath", "protocol", "status", "responseLength", "requestId")
_BY_ROUTE: Final = ("ip", "requestTime", "httpMethod", "routeKey", "protocol", "status", "responseLength", "requestId")
_OF_RESOURCE: Final = (*_BY_CALLER, "httpMethod", "resourcePath", "status", "protocol", "responseLength")
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
        _csv(*_BY_ROUTE, "extendedRequestId"),
        _csv(*_BY_ROUTE),
        _csv(*_BY_CALLER, "eventType", "routeKey", "connectionId", "status", "requestId"),
        _xml("extendedRequestId", *_OF_RESOURCE),
        _xml(*_OF_RESOURCE),
        _xml(*_OF_ROUTE, "extendedRequestId"),
        _xml(*_OF_ROUTE),
        _xml(*_BY_CALLER, "eventType", "routeKey", "status", "connectionId"),
    )
)
"""Formats of text, with and without the ids that were added to them over the years."""

EXECUTION: Final = Template(
    ExecutionRecord,
    [("(", "request_id"), (") ", "message")],
    shapes={"request_id": "[0-9A-Za-z=_+/-]*+"},
)
"""A message of an execution log."""

ANYTHING: Final = Template(ExecutionRecord, [("", "message")], shapes={})
"""A message of which it is known that it is of an execution log, however it begins."""
