"""
Execution logs: what API Gateway does for a request, step by step.

The texts of the steps are no interface, so a document is the message, and has in fields only what these say that are
known. A log group of REST APIs is named after the API and its stage; elsewhere a message is told by its beginning.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
https://repost.aws/knowledge-center/api-gateway-logs
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from shipper import ecs, web
from shipper.source import Origin
from shipper.sources.aws_apigateway_logs.fields import API, SERVICE, AccessDocument, ApiGateway, Aws, Integration
from shipper.sources.aws_apigateway_logs.record import ExecutionRecord
from shipper.sources.aws_apigateway_logs.values import time_of

_GROUP: Final = re.compile(r"API-Gateway-Execution-Logs[_/](?P<api>[^/]+)/(?P<stage>[^/]+)(?P<canary>/Canary)?")
_INFO: Final = ("info",)
_DENIED: Final = ("denied", "info")
_CLIENT_ERROR: Final = 400

_API_STAGE: Final = r"API Stage:? (?P<api_id>[^/\s]+)/(?P<stage>\S+)"
_STEPS: Final = {
    "Extended Request": r"Extended Request Id: (?P<extended_request_id>\S+)",
    "Verifying Usage": rf"Verifying Usage Plan for request: \S+ API Key: [* \w]*{_API_STAGE}",
    "Usage Plan": rf"Usage Plan check succeeded for API Key [* \w]*and {_API_STAGE}",
    "Key throttle": (
        r"Key throttle limit exceeded for RestApi (?P<api_id>\w+), Stage (?P<stage>[^,]+), "
        r"Resource (?P<resource_id>\w+), HttpMethod (?P<http_method>[A-Z]+)"
    ),
    "HTTP Method:": r"HTTP Method: (?P<http_method>[A-Z]+), Resource Path: (?P<path>/.*)",
    "Received response.": (
        r"Received response\. (?:Status: (?P<integration_status>\d{3}), )?"
        r"Integration latency: (?P<integration_latency>\d{1,9}) ms"
    ),
    "Execution failed": r"Execution failed due to [^:]+: (?P<reason>.+)",
    "Method completed": r"Method completed with status: (?P<status>\d{3})",
}
_PATTERNS: Final = {words: re.compile(text, re.DOTALL) for words, text in _STEPS.items()}
"""What messages say, by the two words that they begin with."""

_FAILED: Final = re.compile(
    r"Execution failed|(?P<denied>Unauthorized request|[* \w]{1,99}(?:throttle|quota) limit exceeded)"
)
_SUCCEEDED: Final = "Successfully completed execution"
_NOTHING: Final[Mapping[str, str | None]] = {}


class Stage(NamedTuple):
    """
    Which stage of which API a log group is of.

    Attributes:
        is_canary: whether only of the part of its requests that its canary has; None if not
    """

    api_id: str | None = None
    name: str | None = None
    is_canary: bool | None = None


_NO_STAGE: Final = Stage()


@lru_cache(maxsize=256)
def _stage(log_group: str) -> Stage:
    found = _GROUP.fullmatch(log_group)
    return Stage(found["api"], found["stage"], bool(found["canary"]) or None) if found else _NO_STAGE


def is_group(log_group: str | None) -> bool:
    """Tell whether a log group is one of execution logs."""
    return log_group is not None and _stage(log_group) is not _NO_STAGE


def document(record: ExecutionRecord, origin: Origin) -> AccessDocument:
    """
    Map one message, of which a request has many.

    Raises:
        ValueError: nothing tells the time
    """
    message, group = (record.message or "").strip(), record.around.log_group
    said, stage = _said(message), _stage(group) if group else _NO_STAGE
    timestamp, tags = time_of(None, record, origin)
    method, path, status = said.get("http_method"), said.get("path"), _number(said.get("status"))
    return AccessDocument(
        timestamp=timestamp,
        cloud=ecs.Cloud(service=SERVICE),
        event=_event(message, status, said.get("reason")),
        aws=Aws(apigateway=_gateway(record, said, stage, status)),
        http=ecs.some(
            ecs.Http(
                request=ecs.some(ecs.HttpRequest(id=record.request_id, method=method)),
                response=ecs.some(ecs.HttpResponse(status_code=status)),
            )
        ),
        message=ecs.Text(message) if message else None,
        tags=tags,
        url=ecs.Url(extension=web.extension(path), original=path, path=path) if path else None,
    )


def _said(message: str) -> Mapping[str, str | None]:
    """Give what a message says."""
    pattern = _PATTERNS.get(" ".join(message.split(" ", 2)[:2]))
    found = pattern.match(message) if pattern else None
    return found.groupdict() if found else _NOTHING


def _gateway(record: ExecutionRecord, said: Mapping[str, str | None], stage: Stage, status: int | None) -> ApiGateway:
    integration = Integration(
        latency=_number(said.get("integration_latency")), status=_number(said.get("integration_status"))
    )
    return ApiGateway(
        api_id=stage.api_id or said.get("api_id"),
        extended_request_id=said.get("extended_request_id"),
        http_method=said.get("http_method"),
        integration=ecs.some(integration),
        is_canary_request=stage.is_canary,
        log="execution",
        request_id=record.request_id,
        resource_id=said.get("resource_id"),
        stage=stage.name or said.get("stage"),
        status=status,
    )


def _event(message: str, status: int | None, reason: str | None) -> ecs.Event:
    """Tell what became of the request, where the message does."""
    failed, outcome = _FAILED.match(message), None
    if failed or (status is not None and status >= _CLIENT_ERROR):
        outcome = "failure"
    elif status is not None or message.startswith(_SUCCEEDED):
        outcome = "success"
    kind = _DENIED if failed and failed["denied"] else _INFO
    return ecs.Event(action="execution", category=API, kind="event", outcome=outcome, reason=reason, type=kind)


def _number(digits: str | None) -> int | None:
    return int(digits) if digits else None
