"""
HTTP to OpenSearch or Elasticsearch: the only module that knows opensearch-py.

Its errors become ours here and nowhere else. Nothing is retried here: who sends something knows what may be sent again.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import msgspec
from isal import igzip
from opensearchpy import AsyncOpenSearch, JSONSerializer
from opensearchpy.exceptions import (
    AuthenticationException,
    AuthorizationException,
    SerializationError,
    TransportError,
)
from opensearchpy.exceptions import ConnectionError as NotConnected

from shipper.bulk import BulkBody, Item, read_answer
from shipper.config import OpenSearch as Settings
from shipper.errors import BulkRejected, ConfigError, OpenSearchError, OpenSearchRefused, OpenSearchUnavailable

GZIP_LEVEL: Final = 1
"""Of igzip, which at this level takes a tenth of the time of gzip's default for bodies a tenth larger."""

CONNECTIONS: Final = 64
"""To each node. As many as bulk requests may be in flight: none waits for a connection while its time-out runs."""

_MESSAGE_CHARACTERS: Final = 1000
_WRONG_ADDRESS: Final = "see whether opensearch.urls is right"


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

    Raises:
        ConfigError: a file of certificates or keys cannot be used
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        headers = {"authorization": f"ApiKey {settings.api_key.reveal()}"} if settings.api_key else {}
        password = settings.password.reveal() if settings.password else ""
        self._client = AsyncOpenSearch(
            [_host(url) for url in settings.urls],
            serializer=_Verbatim(),
            serializers={_Verbatim.mimetype: _Verbatim(), "text/plain": _Verbatim()},
            max_retries=0,
            headers=headers,
            http_auth=(settings.username, password) if settings.username else None,
            timeout=settings.timeout_seconds,
            pool_maxsize=CONNECTIONS,
            ssl_context=_tls(settings),
        )

    async def bulk(self, body: BulkBody) -> list[Item]:
        """Send a body; see `SearchEngine`."""
        headers = {"content-type": "application/x-ndjson"}
        data = bytes(body.data)
        if self._settings.compress:
            headers["content-encoding"] = "gzip"
            data = await asyncio.to_thread(igzip.compress, data, GZIP_LEVEL)
        parameters = {"filter_path": "items.*._index,items.*.status,items.*.error"}
        with _bulk_errors(), _mapped():
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
                if error.status_code == HTTPStatus.NOT_FOUND:
                    return None
                raise
        try:
            return msgspec.json.decode(answer) if isinstance(answer, str) and answer else answer
        except msgspec.DecodeError as error:
            raise OpenSearchError(f"OpenSearch answered something that is not JSON; {_WRONG_ADDRESS}") from error

    async def close(self) -> None:
        """Close the connections, those to nodes out of reach as well, which opensearch-py forgets."""
        pool = self._client.transport.connection_pool
        await self._client.close()
        for connection in getattr(pool, "orig_connections", ()):
            await connection.close()


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


def _tls(settings: Settings) -> ssl.SSLContext | None:
    """Read all files at once: opensearch-py would do so with the first request, when it is too late to say no."""
    if not any(url.startswith("https:") for url in settings.urls):
        return None
    with _readable("ca_file"):
        context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.client_cert_file:
        with _readable("client_cert_file and client_key_file"):
            context.load_cert_chain(settings.client_cert_file, settings.client_key_file)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _readable(names: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # SSLError is one
        raise ConfigError(f"opensearch: {names} cannot be used: {error.strerror or error}") from error


@contextmanager
def _mapped() -> Iterator[None]:
    """Make our errors of those of opensearch-py."""
    try:
        yield
    except SerializationError as error:
        raise OpenSearchError(f"OpenSearch did not answer with JSON; {_WRONG_ADDRESS}: {error}") from error
    except NotConnected as error:
        raise OpenSearchUnavailable(f"OpenSearch does not answer: {_said(error)}") from error
    except AuthenticationException as error:
        raise OpenSearchRefused(f"OpenSearch does not accept our credentials (401): {_said(error)}") from error
    except AuthorizationException as error:
        raise OpenSearchRefused(f"our role in OpenSearch lacks a permission (403): {_said(error)}") from error
    except TransportError as error:
        status = int(error.status_code)
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise OpenSearchUnavailable(f"OpenSearch is busy or failing ({status}): {_said(error)}") from error
        refused = OpenSearchError(f"OpenSearch answered {status}: {_said(error)}")
        refused.status = status
        raise refused from error


@contextmanager
def _bulk_errors() -> Iterator[None]:
    """Sort what only a bulk request tells apart: whether less of it may be taken, or none of it ever."""
    try:
        yield
    except (OpenSearchUnavailable, OpenSearchRefused):
        raise
    except OpenSearchError as error:
        cause = error.__cause__
        if not isinstance(cause, TransportError):
            raise OpenSearchUnavailable(str(error)) from error
        if cause.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE):
            raise BulkRejected(cause.status_code, _said(cause)) from error
        raise OpenSearchRefused(f"{error}; {_WRONG_ADDRESS}") from error


def _said(error: TransportError) -> str:
    """What the server or the connection said, in bounded length."""
    told = error.info.get("error") if isinstance(error.info, dict) else None
    if isinstance(told, dict):
        text = f"{told.get('type')}: {told.get('reason')}"
    else:
        text = str(told or error.error or type(error.info).__name__)
    return text[:_MESSAGE_CHARACTERS]
