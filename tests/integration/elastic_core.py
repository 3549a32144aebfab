"""
A gateway before the core of Elasticsearch that adds the one module the shipper cannot do without.

The distribution for tests has data streams but not the module with `GET` and `DELETE /_data_stream`. What the former
answers is told by `GET /_resolve/index`, which the core has; nothing is deleted, as the server goes with the tests. All
other requests and answers pass as they are.
"""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

STREAMS = "/_data_stream/"
PASSED_ON = ("content-type", "content-encoding", "accept")


class Gateway(ThreadingHTTPServer):
    """Listens on the loopback address."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target).netloc

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def gateway(target: str) -> Iterator[str]:
    """Give the address of a gateway before a server, for as long as the block lasts."""
    with Gateway(target) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body of an answer are two packets, and the second would wait for 40 ms

    def do_GET(self) -> None:
        if not self.path.startswith(STREAMS):
            self._answer(*self._ask(self.path))
            return
        status, body = self._ask(f"/_resolve/index/{self.path.removeprefix(STREAMS)}")
        if status == http.client.OK:
            found = json.loads(body)["data_streams"]
            streams = [
                {"name": one["name"], "indices": [{"index_name": name} for name in one["backing_indices"]]}
                for one in found
            ]
            body = json.dumps({"data_streams": streams}).encode()
        self._answer(status, body)

    def do_DELETE(self) -> None:
        if self.path.startswith(STREAMS):
            self._answer(http.client.OK, b'{"acknowledged":true}')
        else:
            self._answer(*self._ask(self.path))

    def do_POST(self) -> None:
        self._answer(*self._ask(self.path))

    def do_PUT(self) -> None:
        self._answer(*self._ask(self.path))

    def _ask(self, path: str) -> tuple[int, bytes]:
        """Make the request to the server."""
        assert isinstance(self.server, Gateway)
        connection = http.client.HTTPConnection(self.server.target, timeout=60)
        headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            connection.request(self.command, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""
