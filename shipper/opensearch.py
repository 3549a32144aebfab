"""
HTTP to OpenSearch or Elasticsearch: the only module that knows opensearch-py.

Its errors become ours here and nowhere else. Nothing is retried here: who sends something knows what may be sent again.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import msgspec
from isal import igzip
from opensearchpy import AsyncOpenSearch, JSONSerializer
from opensearchpy.exceptions import (
    AuthenticationException,
    AuthorizationException,
    ImproperlyConfigured,
    TransportError,
)
from opensearchpy.exceptions import ConnectionError as NotConnected

from shipper.bulk import BulkBody, Item, read_answer
from shipper.config import OpenSearch as Settings
from shipper.errors import BulkRejected, ConfigError, OpenSearchError, OpenSearchRefused, OpenSearchUnavailable

GZIP_LEVEL: Final = 1
"""Of igzip, which at this level takes a tenth of the time of gzip's default for bodies a tenth larger."""

_MESSAGE_CHARACTERS: Final = 1000


class SearchEngine(Protocol):
    """Where documents go; `OpenSearch` is the real one."""

    async def bulk(self, body: BulkBody) -> list[Item]:
        """
        Send a body; give what became of each entry, in order.

        Raises:
            OpenSearchUnavailable: try again; whether the documents were taken is not known
            OpenSearchRefused: an operator has to act
            BulkRejected: the request as a whole is refused
        """


class OpenSearch:
    """
    A client of one cluster, over as many connections as requests are in flight.

    Args:
        settings: addresses, credentials and time-outs
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        headers = {"authorization": f"ApiKey {settings.api_key.reveal()}"} if settings.api_key else {}
        password = settings.password.reveal() if settings.password else ""
        try:
            self._client = AsyncOpenSearch(
                [_host(url) for url in settings.urls],
                serializer=_Verbatim(),
                serializers={_Verbatim.mimetype: _Verbatim(), "text/plain": _Verbatim()},
                max_retries=0,
                headers=headers,
                http_auth=(settings.username, password) if settings.username else None,
                timeout=settings.timeout_seconds,
                **_tls(settings),
            )
        except (ImproperlyConfigured, OSError) as error:
            raise ConfigError(f"opensearch: {error}") from error

    async def bulk(self, body: BulkBody) -> list[Item]:
        """Send a body; see `SearchEngine`."""
        headers = {"content-type": "application/x-ndjson"}
        data = bytes(body.data)
        if self._settings.compress:
            headers["content-encoding"] = "gzip"
            data = await asyncio.to_thread(igzip.compress, data, GZIP_LEVEL)
        parameters = {"filter_path": "errors,items.*.status,items.*.error"}
        with _bulk_rejections(), _mapped():
            answer = await self._client.transport.perform_request("POST", "/_bulk", parameters, data, headers=headers)
        return read_answer(answer, len(body.entries))

    async def request(self, method: str, path: str, body: Any = None, parameters: dict[str, str] | None = None) -> Any:
        """
        Make any request but a bulk one.

        Args:
            method: of HTTP
            path: with a leading slash
            body: to be sent as JSON
            parameters: of the query

        Returns:
            The decoded answer; None where the server has no such thing (404).

        Raises:
            OpenSearchError: or a subclass that says what kind of error it is
        """
        data = None if body is None else msgspec.json.encode(body)
        with _mapped():
            try:
                answer = await self._client.transport.perform_request(method, path, dict(parameters or {}), data)
            except TransportError as error:
                if error.status_code == 404:
                    return None
                raise
        return msgspec.json.decode(answer) if isinstance(answer, str) and answer else answer

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[OpenSearch]:
    """Give a client that is closed at the end."""
    client = OpenSearch(settings)
    try:
        yield client
    finally:
        await client.close()


class _Verbatim(JSONSerializer):
    """Passes bodies and answers through as they are: msgspec reads and writes them faster."""

    def loads(self, s: str) -> Any:
        return s


def _host(url: str) -> dict[str, Any]:
    """Split an address as opensearch-py wants it; without a port it is that of the scheme."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    return {
        "host": parts.hostname,
        "port": parts.port or (443 if secure else 80),
        "use_ssl": secure,
        "url_prefix": parts.path.strip("/"),
    }


def _tls(settings: Settings) -> dict[str, Any]:
    if not any(url.startswith("https:") for url in settings.urls):
        return {}
    return {
        "verify_certs": settings.verify,
        "ssl_show_warn": False,  # `shipper check` says it, once and in our own words
        "ca_certs": str(settings.ca_file) if settings.ca_file else None,
        "client_cert": str(settings.client_cert_file) if settings.client_cert_file else None,
        "client_key": str(settings.client_key_file) if settings.client_key_file else None,
    }


@contextmanager
def _mapped() -> Iterator[None]:
    """Make our errors of those of opensearch-py."""
    try:
        yield
    except NotConnected as error:
        raise OpenSearchUnavailable(f"OpenSearch does not answer: {_said(error)}") from error
    except AuthenticationException as error:
        raise OpenSearchRefused(f"OpenSearch does not accept our credentials (401): {_said(error)}") from error
    except AuthorizationException as error:
        raise OpenSearchRefused(f"our role in OpenSearch lacks a permission (403): {_said(error)}") from error
    except TransportError as error:
        status = error.status_code
        if status == 429 or (isinstance(status, int) and status >= 500):
            raise OpenSearchUnavailable(f"OpenSearch is busy or failing ({status}): {_said(error)}") from error
        raise OpenSearchError(f"OpenSearch answered {status}: {_said(error)}") from error


@contextmanager
def _bulk_rejections() -> Iterator[None]:
    """Tell a bulk request that is refused as a whole from other errors: smaller ones may be taken."""
    try:
        yield
    except OpenSearchError as error:
        cause = error.__cause__
        if isinstance(cause, TransportError) and cause.status_code in (400, 413):
            raise BulkRejected(cause.status_code, _said(cause)) from error
        raise


def _said(error: TransportError) -> str:
    """What the server or the connection said, in bounded length."""
    info = error.info
    if isinstance(info, dict) and isinstance(info.get("error"), dict):
        info = info["error"].get("reason") or info["error"]
    return f"{error.error}: {info}"[:_MESSAGE_CHARACTERS]
