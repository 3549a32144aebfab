"""
LookupEvents: pages of events, at the rate that CloudTrail allows. Botocore's errors become ours here.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Protocol

from aiohttp import ClientError as ConnectionFault
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected
from botocore.parsers import ResponseParserError
from msgspec import Struct
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from shipper.aws import refusal, said
from shipper.errors import HistoryError, HistoryTokenRefused, HistoryUnavailable
from shipper.history.entries import Category
from shipper.history.spans import Span

INTERVAL_SECONDS: Final = 0.5
"""Between two requests: CloudTrail answers two a second for each account and region."""

PAGE_EVENTS: Final = 50
"""The most that CloudTrail gives at once."""

ATTEMPTS: Final = 15
"""At one page, with pauses of up to half a minute: some minutes in all."""

NEEDED: Final = "cloudtrail:LookupEvents is needed"

_BUSY: Final = frozenset({"RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"})
_CREDENTIALS: Final = frozenset(
    {
        *("ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidClientTokenId"),
        *("InvalidSignatureException", "RequestExpired", "SignatureDoesNotMatch", "UnrecognizedClientException"),
    }
)


class Event(Struct, frozen=True):
    """
    One event as CloudTrail lists it.

    Attributes:
        id: its `eventID`; empty if it has none
        time: when it happened, in whole seconds
        text: the event as a trail writes it, JSON
    """

    id: str
    time: datetime | None
    text: bytes


class Page(Struct, frozen=True):
    """
    Some events, the newest first.

    Attributes:
        events: up to `PAGE_EVENTS`
        token: asks for the next page; None on the last one
    """

    events: tuple[Event, ...]
    token: str | None


class Client(Protocol):
    """What is used of aiobotocore's client for CloudTrail."""

    async def lookup_events(self, **parameters: Any) -> Any:
        """Ask for a page."""


class Turns:
    """
    Keeps all requests to one account and region apart.

    Args:
        interval: seconds between two requests
    """

    def __init__(self, interval: float = INTERVAL_SECONDS) -> None:
        self._interval = interval
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until the next request may be made; who comes later waits longer."""
        now = asyncio.get_running_loop().time()
        mine = max(now, self._next)
        self._next = mine + self._interval
        await asyncio.sleep(mine - now)


class EventHistory:
    """
    The Event history of one account in one region.

    Args:
        client: that does not try again by itself
        category: of its events
        turns: of all who ask for this account and region
        sleep: waits before a request is made again
    """

    def __init__(
        self,
        client: Client,
        *,
        category: Category,
        turns: Turns,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._asks: dict[str, Any] = {} if category == "management" else {"EventCategory": category}
        self._turns = turns
        self._sleep = sleep

    async def page(self, span: Span, token: str | None) -> Page:
        """
        Ask for a page, again and again if CloudTrail is busy or does not answer.

        Args:
            span: of the events; the same for all pages
            token: of the page before; None for the first one

        Raises:
            HistoryTokenRefused: the token is not valid any more
            HistoryError: an operator has to act, or CloudTrail does not answer for minutes
        """
        parameters = {"StartTime": span.since, "EndTime": span.until, "MaxResults": PAGE_EVENTS, **self._asks}
        if token is not None:
            parameters["NextToken"] = token
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(HistoryUnavailable),
            wait=wait_random_exponential(multiplier=1, max=30),
            stop=stop_after_attempt(ATTEMPTS),
            sleep=self._sleep,
            reraise=True,
        )
        return await retrying(self._asked, parameters)

    async def _asked(self, parameters: dict[str, Any]) -> Page:
        await self._turns.turn()
        with aws_errors():
            return _page(await self._client.lookup_events(**parameters))


async def account_of(client: Any) -> str:
    """
    Ask STS which account the credentials belong to; that needs no permission.

    Raises:
        HistoryError: they are missing or not valid, or STS does not answer
    """
    with aws_errors():
        return str((await client.get_caller_identity())["Account"])


@contextmanager
def aws_errors() -> Iterator[None]:
    """Make our errors of those of botocore."""
    try:
        yield
    except ClientError as error:
        raise _of_answer(error) from error
    except (HTTPClientError, NotConnected, ConnectionFault, TimeoutError, ResponseParserError) as error:
        raise HistoryUnavailable(f"AWS does not answer: {error}") from error
    except BotoCoreError as error:
        raise HistoryError(f"AWS cannot be asked: {error}") from error


def _of_answer(error: ClientError) -> HistoryError:
    code, message = said(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    service = "STS" if error.operation_name == "GetCallerIdentity" else "CloudTrail"
    if code in _BUSY or status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return HistoryUnavailable(f"{service} is busy or failing: {code}: {message}")
    if code == "InvalidNextTokenException":
        return HistoryTokenRefused(refusal(error, service, NEEDED))
    if code in _CREDENTIALS:
        return HistoryError(
            f"the credentials have expired, are not valid, or the account has not enabled the region: "
            f"{service} answered {code}: {message}"
        )
    return HistoryError(refusal(error, service, NEEDED))


def _page(answer: dict[str, Any]) -> Page:
    events = [
        Event(event.get("EventId") or "", event.get("EventTime"), (event.get("CloudTrailEvent") or "").encode())
        for event in answer.get("Events") or ()
    ]
    return Page(tuple(events), answer.get("NextToken") or None)
