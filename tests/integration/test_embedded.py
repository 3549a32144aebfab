"""The real servers of `shipper.embedded`: they work, keep their data, and never outlive us."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote_plus

import pytest
from opensearchpy import OpenSearch
from types_aiobotocore_s3 import S3Client
from types_aiobotocore_sqs import SQSClient

from shipper.embedded import EmbeddedAws, EmbeddedOpenSearch, StartError

PATIENCE = 30.0
REGION: Literal["eu-central-1"] = "eu-central-1"
TOO_LARGE = 1 << 40
ADDRESS = "192.0.2.7"
LISTENING = "0A"
LOOPBACKS = {"0100007F", "0000000000000000FFFF00000100007F"}  # 127.0.0.1, and the same in IPv6's clothes
FLOW = {"@timestamp": "2026-01-02T03:04:05Z", "source": {"ip": ADDRESS}, "network": {"transport": "tcp"}}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedOpenSearch]:
    """An OpenSearch that these tests may end; each leaves it running."""
    with EmbeddedOpenSearch(progress=print) as running:
        yield running


@pytest.fixture
def client(server: EmbeddedOpenSearch) -> Iterator[OpenSearch]:
    """A client for it."""
    with OpenSearch(server.url, timeout=30) as connected:
        yield connected


def index_a_flow(client: OpenSearch, name: str) -> None:
    """Index one document in a data stream of its own, for good."""
    template = {"index_patterns": [name], "data_stream": {}, "template": {"settings": {"number_of_replicas": 0}}}
    client.indices.put_index_template(name=name, body=template)
    client.index(index=name, body=FLOW, params={"op_type": "create", "refresh": "true"})


def flows(client: OpenSearch, name: str) -> list[dict[str, object]]:
    """The documents of a data stream that have the address of ours."""
    answer = client.search(index=name, body={"query": {"match": {"source.ip": ADDRESS}}})
    return [hit["_source"] for hit in answer["hits"]["hits"]]


def is_running(pid: int) -> bool:
    """Whether a process is there and not just waiting for its parent to notice its end."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something another process does; the time only bounds a failure."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def test_a_document_is_indexed_and_found(opensearch_url: str, unique: str) -> None:
    """The OpenSearch that the tests share has data streams, whatever started it."""
    with OpenSearch(opensearch_url, timeout=30) as client:
        index_a_flow(client, unique)
        assert flows(client, unique) == [FLOW]
        assert client.indices.get_data_stream(name=unique)["data_streams"][0]["generation"] == 1


@pytest.mark.parametrize("end", [EmbeddedOpenSearch.stop, EmbeddedOpenSearch.kill])
def test_data_outlives_the_process(
    end: Callable[[EmbeddedOpenSearch], None], server: EmbeddedOpenSearch, client: OpenSearch, unique: str
) -> None:
    """After stop, and after kill, the process is gone; started again on the same port it has what it was given."""
    index_a_flow(client, unique)
    url, pid = server.url, server.pid
    assert Path(f"/proc/{pid}/exe").resolve().name == "java"
    end(server)
    assert not is_running(pid)
    server.start()
    assert server.url == url
    assert flows(client, unique) == [FLOW]


def test_it_listens_on_the_loopback_address_only(server: EmbeddedOpenSearch, aws_url: str) -> None:
    """Neither server can be reached from another machine."""
    ports = {server.port, server.transport_port, int(aws_url.rpartition(":")[2])}
    sockets = [
        line.split()[1].split(":")
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == LISTENING
    ]
    ours = {(address, int(port, 16)) for address, port in sockets if int(port, 16) in ports}
    assert {port for _, port in ours} == ports
    assert {address for address, _ in ours} <= LOOPBACKS


@pytest.mark.usefixtures("server")
def test_the_next_start_downloads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once one server has run, another starts without network."""

    def no_network(*_arguments: object) -> None:
        pytest.fail("it must not download")

    monkeypatch.setattr("shipper.embedded.distribution.fetch", no_network)
    lines: list[str] = []
    # Java gives up on such a heap at once, and by then the server was found in the cache.
    with pytest.raises(StartError), EmbeddedOpenSearch(heap_mb=TOO_LARGE, progress=lines.append):
        pytest.fail("it must not start")
    assert lines[0].startswith("starting OpenSearch on ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param({"settings": {"no.such": "setting"}}, "unknown setting [no.such]", id="OpenSearch refuses"),
        pytest.param({"heap_mb": TOO_LARGE}, "Could not reserve enough space", id="Java refuses"),
    ],
)
def test_a_crash_tells_why(arguments: dict[str, object], words: str) -> None:
    """When the server ends during its start, the error holds the reason out of its log."""
    with pytest.raises(StartError, match="OpenSearch ended with exit code") as caught:
        EmbeddedOpenSearch(**arguments).__enter__()  # type: ignore[arg-type]
    assert words in caught.value.log


OWNER = """
import json, sys, threading, time
from shipper.embedded import EmbeddedAws, EmbeddedOpenSearch

servers = [EmbeddedOpenSearch(), EmbeddedAws()]
for server in servers:
    thread = threading.Thread(target=server.__enter__)
    thread.start()
    thread.join()
print(json.dumps([[server.pid, str(server.folder)] for server in servers]), flush=True)
time.sleep(600)
"""


def test_sigkill_of_the_parent_ends_everything() -> None:
    """When we are killed without notice, Java and moto end, though the threads that started them ended long before."""
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE) as owner:
        try:
            assert owner.stdout is not None
            started = json.loads(owner.stdout.readline())
            pids = [pid for pid, _ in started]
            folders = [Path(folder) for _, folder in started]
            assert all(is_running(pid) for pid in pids)
            assert all(folder.exists() for folder in folders)
        finally:
            owner.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(is_running(pid) for pid in pids))
    wait_until(lambda: not any(folder.exists() for folder in folders))


async def test_an_object_is_notified(s3: S3Client, sqs: SQSClient, unique: str) -> None:
    """S3 tells a queue about a new object, over HTTP, after the test event that a new notification brings."""
    queue = (await sqs.create_queue(QueueName=unique))["QueueUrl"]
    arn = (await sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"]))["Attributes"]["QueueArn"]
    await s3.create_bucket(Bucket=unique, CreateBucketConfiguration={"LocationConstraint": REGION})
    await s3.put_bucket_notification_configuration(
        Bucket=unique,
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]},
    )
    await s3.put_object(Bucket=unique, Key="AWSLogs/a b.log", Body=b"hello")
    bodies: list[dict[str, Any]] = []
    while not any("Records" in body for body in bodies):
        answer = await sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        for message in answer["Messages"]:
            bodies.append(json.loads(message["Body"]))
            await sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert bodies[0]["Event"] == "s3:TestEvent"
    assert unquote_plus(bodies[1]["Records"][0]["s3"]["object"]["key"]) == "AWSLogs/a b.log"
    got = await s3.get_object(Bucket=unique, Key="AWSLogs/a b.log")
    assert await got["Body"].read() == b"hello"


def test_moto_ends_and_starts_again() -> None:
    """The process of moto is gone after a stop, and a new one answers on the same port."""
    with EmbeddedAws() as services:
        first, url = services.pid, services.url
        services.stop()
        assert not is_running(first)
        services.start()
        assert services.url == url
        second = services.pid
        assert is_running(second)
    assert not is_running(second)
