"""The client of OpenSearch against a server of our own that answers whatever a cluster or a proxy may answer."""

import asyncio
import gc
import json
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shipper.bulk import BulkBody, Verdict
from shipper.config import OpenSearch as Settings
from shipper.config.fieldtypes import Secret
from shipper.deadletter import Place
from shipper.errors import BulkRejected, ConfigError, OpenSearchError, OpenSearchRefused, OpenSearchUnavailable
from shipper.opensearch import OpenSearch, connected
from shipper.tally import Tally

ADDED = {"errors": False, "items": [{"create": {"status": 201}}]}


class Cluster:
    """
    An HTTP server.

    Attributes:
        url: its address
        requests: method, path and query, headers and body of each request
        certificates: what each client presented
        status, body, content_type: of all answers
        gate: opens when so many requests wait before it
    """

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[tuple[str, str, Any, bytes]] = []
        self.status = 200
        self.body: Any = ADDED
        self.content_type = "application/json"
        self.certificates: list[object] = []
        self.gate: asyncio.Barrier | None = None
        self.arrived = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a request."""
        self.requests.append((request.method, request.path_qs, request.headers, await request.read()))
        self.arrived.set()
        self.certificates.append(request.get_extra_info("peercert") or None)
        if self.gate is not None:
            async with asyncio.timeout(5):
                await self.gate.wait()
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return web.Response(text=text, status=self.status, content_type=self.content_type)


@asynccontextmanager
async def serving(context: ssl.SSLContext | None = None) -> AsyncIterator[Cluster]:
    """Run a server."""
    served = Cluster()
    app = web.Application(client_max_size=0)
    app.router.add_route("*", "/{tail:.*}", served.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    served.url = f"{'https' if context else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    """A server for one test."""
    async with serving() as served:
        yield served


@pytest.fixture
async def engine(cluster: Cluster) -> AsyncIterator[OpenSearch]:
    """A client of that server."""
    async with connected(Settings(urls=(cluster.url,))) as client:
        yield client


def body(documents: int = 1) -> BulkBody:
    """Make a bulk body."""
    made = BulkBody()
    for number in range(documents):
        made.add("logs-test", f"{number}", b'{"a":1}', Tally(Place(dataset="test")), number)
    return made


# -- what is sent ------------------------------------------------------------------------------------------------------


async def test_a_bulk_request(cluster: Cluster, engine: OpenSearch) -> None:
    """A body is sent as it is, gzipped, and only what we look at is asked for."""
    (item,) = await engine.bulk(body())
    assert item.verdict is Verdict.CREATED
    ((method, path, headers, sent),) = cluster.requests
    assert (method, unquote(path)) == ("POST", "/_bulk?filter_path=items.*._index,items.*.status,items.*.error")
    assert headers["content-type"] == "application/x-ndjson"
    assert headers["content-encoding"] == "gzip"
    assert sent == bytes(body().data)  # the server has inflated it
    assert int(headers["content-length"]) != len(sent)


async def test_a_bulk_request_without_compression(cluster: Cluster) -> None:
    """Compression can be turned off."""
    async with connected(Settings(urls=(cluster.url,), compress=False)) as engine:
        await engine.bulk(body())
    ((_, _, headers, sent),) = cluster.requests
    assert "content-encoding" not in headers
    assert sent == bytes(body().data)


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({"username": "shipper", "password": Secret("pa:ss")}, "Basic " + b64encode(b"shipper:pa:ss").decode()),
        ({"api_key": Secret("bm90OmtleQ==")}, "ApiKey bm90OmtleQ=="),
        ({}, None),
    ],
    ids=["password", "API key", "nothing"],
)
async def test_credentials(cluster: Cluster, settings: dict[str, Any], header: str | None) -> None:
    """We identify ourselves by password or API key, in every request."""
    async with connected(Settings(urls=(cluster.url,), **settings)) as engine:
        await engine.bulk(body())
        await engine.request("GET", "/")
    assert [headers.get("authorization") for _, _, headers, _ in cluster.requests] == [header, header]


async def test_a_path_in_the_address(cluster: Cluster) -> None:
    """A cluster behind a path of a proxy is reached under that path."""
    async with connected(Settings(urls=(f"{cluster.url}/search/",))) as engine:
        await engine.bulk(body())
    assert cluster.requests[0][1].startswith("/search/_bulk?")


async def test_as_many_connections_as_requests(cluster: Cluster, engine: OpenSearch) -> None:
    """Bulk requests never wait for a connection: their time-out would run meanwhile."""
    cluster.gate = asyncio.Barrier(32)
    await asyncio.gather(*(engine.bulk(body()) for _ in range(32)))
    assert len(cluster.requests) == 32


# -- what is answered --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_busy(cluster: Cluster, engine: OpenSearch, status: int) -> None:
    """A cluster that is busy or failing is to be tried again; we do not try ourselves."""
    cluster.status, cluster.body = status, {"error": {"type": "es_rejected", "reason": "too much"}, "status": status}
    with pytest.raises(OpenSearchUnavailable, match=rf"{status}.*too much"):
        await engine.bulk(body())
    assert len(cluster.requests) == 1


@pytest.mark.parametrize(("status", "what"), [(401, "credentials"), (403, "permission")])
async def test_refused(cluster: Cluster, engine: OpenSearch, status: int, what: str) -> None:
    """Where credentials or a permission are missing, an operator has to act."""
    cluster.status, cluster.body = status, {"error": {"type": "security_exception", "reason": "no way"}}
    with pytest.raises(OpenSearchRefused, match=rf"{what}.*{status}.*no way"):
        await engine.bulk(body())


@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
@pytest.mark.parametrize("status", [400, 413])
async def test_rejected(cluster: Cluster, engine: OpenSearch, status: int, content_type: str) -> None:
    """A request that is refused for what is in it can be made smaller, whoever refuses it."""
    cluster.status, cluster.body, cluster.content_type = status, "<html>too large</html>", content_type
    with pytest.raises(BulkRejected, match="too large") as caught:
        await engine.bulk(body())
    assert caught.value.status == status


@pytest.mark.parametrize("status", [302, 404, 405, 406, 410])
async def test_not_opensearch(cluster: Cluster, engine: OpenSearch, status: int) -> None:
    """Where nobody knows bulk requests, the address is wrong, and an operator has to act."""
    cluster.status, cluster.body, cluster.content_type = status, "nothing here", "text/plain"
    with pytest.raises(OpenSearchRefused, match=rf"{status}.*opensearch\.urls"):
        await engine.bulk(body())


@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
@pytest.mark.parametrize("text", ["", "<html>Welcome</html>", "{}", '{"errors":false,"items":[]}', "null", "[1]"])
async def test_an_answer_that_is_none(cluster: Cluster, engine: OpenSearch, text: str, content_type: str) -> None:
    """An answer that says nothing of our documents leaves them without an outcome, whatever its status."""
    cluster.body, cluster.content_type = text, content_type
    with pytest.raises(OpenSearchUnavailable):
        await engine.bulk(body())


async def test_answers_are_in_order(cluster: Cluster, engine: OpenSearch) -> None:
    """Each document gets the answer that stands in its place."""
    statuses = [201, 409, 400, 429, 403]
    cluster.body = {
        "errors": True,
        "items": [{"create": {"status": status, "error": {"type": "t", "reason": f"{status}"}}} for status in statuses],
    }
    items = await engine.bulk(body(5))
    assert [item.status for item in items] == statuses
    assert [item.verdict for item in items] == [
        Verdict.CREATED,
        Verdict.DUPLICATE,
        Verdict.REJECTED,
        Verdict.BUSY,
        Verdict.BLOCKED,
    ]


async def test_what_a_server_says_is_bounded(cluster: Cluster, engine: OpenSearch) -> None:
    """A page of HTML does not fill the log."""
    cluster.status, cluster.body, cluster.content_type = 502, "x" * 100_000, "text/html"
    with pytest.raises(OpenSearchUnavailable) as caught:
        await engine.bulk(body())
    assert len(str(caught.value)) < 1200


async def test_nobody_listens() -> None:
    """Where nothing listens, the error says so and names the address."""
    async with connected(Settings(urls=("http://127.0.0.1:1",))) as engine:
        with pytest.raises(OpenSearchUnavailable, match=r"does not answer.*127\.0\.0\.1:1\b"):
            await engine.bulk(body())


async def test_one_node_of_several_is_away(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    """With one node out of reach, the next attempt goes to another; the end leaves no connection open."""
    caplog.set_level("ERROR", "opensearch")  # a traceback in a log record would keep the connection
    async with connected(Settings(urls=("http://127.0.0.1:1", cluster.url))) as engine:
        failures = 0
        for _ in range(4):
            try:
                await engine.bulk(body())
            except OpenSearchUnavailable:
                failures += 1
    assert failures <= 1
    assert len(cluster.requests) == 4 - failures
    del engine
    gc.collect()  # a session that is still open complains now, and a warning is an error


async def test_a_request_that_is_cancelled(cluster: Cluster, engine: OpenSearch) -> None:
    """A request can be given up; that is no error of OpenSearch."""
    cluster.gate = asyncio.Barrier(2)
    asking = asyncio.create_task(engine.bulk(body()))
    await cluster.arrived.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await cluster.gate.abort()


# -- other requests ----------------------------------------------------------------------------------------------------


async def test_requests_are_json(cluster: Cluster, engine: OpenSearch) -> None:
    """Any other request sends and receives JSON."""
    cluster.body = {"acknowledged": True}
    assert await engine.request("PUT", "/_index_template/a", {"b": "é"}, {"c": "d"}) == {"acknowledged": True}
    ((method, path, headers, sent),) = cluster.requests
    assert (method, path) == ("PUT", "/_index_template/a?c=d")
    assert headers["content-type"] == "application/json"
    assert json.loads(sent) == {"b": "é"}


async def test_what_is_not_there_is_none(cluster: Cluster, engine: OpenSearch) -> None:
    """Asking for something that is not there is no error."""
    cluster.status, cluster.body = 404, {"error": "not found"}
    assert await engine.request("GET", "/_index_template/a") is None


@pytest.mark.parametrize(
    ("status", "kind"), [(400, OpenSearchError), (401, OpenSearchRefused), (503, OpenSearchUnavailable)]
)
async def test_requests_that_fail(
    cluster: Cluster, engine: OpenSearch, status: int, kind: type[OpenSearchError]
) -> None:
    """Errors of other requests say what kind they are, and what was said."""
    cluster.status, cluster.body = status, {"error": {"type": "t", "reason": "no such thing"}}
    with pytest.raises(OpenSearchError, match="no such thing") as caught:
        await engine.request("PUT", "/_index_template/a", {})
    assert type(caught.value) is kind


@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
async def test_a_page_instead_of_an_answer(cluster: Cluster, engine: OpenSearch, content_type: str) -> None:
    """A web page in the place of an answer is an error that says so."""
    cluster.body, cluster.content_type = "<html>Welcome</html>", content_type
    with pytest.raises(OpenSearchError, match=r"opensearch\.urls"):
        await engine.request("GET", "/")


# -- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that is its own authority, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


@pytest.fixture
async def secure(certificate: Path) -> AsyncIterator[Cluster]:
    """A server that speaks TLS and asks for a client's certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate)
    context.load_cert_chain(certificate)
    context.verify_mode = ssl.CERT_OPTIONAL
    async with serving(context) as served:
        yield served


async def test_a_trusted_certificate(secure: Cluster, certificate: Path) -> None:
    """A server whose authority is in `ca_file` is trusted."""
    async with connected(Settings(urls=(secure.url,), ca_file=certificate)) as engine:
        await engine.bulk(body())
    assert secure.certificates == [None]


async def test_a_certificate_of_our_own(secure: Cluster, certificate: Path) -> None:
    """A client certificate is presented."""
    settings = Settings(
        urls=(secure.url,), ca_file=certificate, client_cert_file=certificate, client_key_file=certificate
    )
    async with connected(settings) as engine:
        await engine.bulk(body())
    assert secure.certificates != [None]


async def test_a_certificate_nobody_vouches_for(secure: Cluster) -> None:
    """A server of an unknown authority gets nothing from us, and the error says why."""
    async with connected(Settings(urls=(secure.url,))) as engine:
        with pytest.raises(OpenSearchUnavailable, match="certificate verify failed"):
            await engine.bulk(body())
    assert secure.requests == []


async def test_no_verification(secure: Cluster) -> None:
    """For tests, any certificate can be accepted."""
    async with connected(Settings(urls=(secure.url,), verify=False)) as engine:
        await engine.bulk(body())


@pytest.mark.parametrize("content", [None, "hello"], ids=["missing", "no certificate"])
@pytest.mark.parametrize("setting", ["ca_file", "client_cert_file"])
def test_files_that_cannot_be_used(tmp_path: Path, setting: str, content: str | None) -> None:
    """A file of certificates that is missing or holds something else is a wrong setting, named in the error."""
    path = tmp_path / "file.pem"
    if content:
        path.write_text(content)
    with pytest.raises(ConfigError, match=rf"opensearch.*{setting}"):
        OpenSearch(msgspec.structs.replace(Settings(urls=("https://localhost",)), **{setting: path}))
