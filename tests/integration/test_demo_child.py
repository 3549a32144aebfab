"""How the demo runs the shipper: configuration, environment, `shipper install` and the daemon."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shipper.config import load
from shipper.demo import child
from shipper.demo.child import Daemon, Endpoint, config_text, environment, install
from shipper.demo.errors import DemoError
from shipper.embedded.ports import free_ports
from shipper.embedded.progress import silent

SECRET = "p@ss/wörd"
ELSEWHERE = "https://us%3Aer:p%40ss%2Fw%C3%B6rd@search.example.com:9200/path/"
QUEUE_URL = "http://127.0.0.1:5000/123456789012/shipper-demo"


@pytest.fixture
def endpoint() -> Endpoint:
    """Somebody's own OpenSearch."""
    return Endpoint.of(ELSEWHERE.replace("us%3Aer", "user"))


def written(endpoint: Endpoint, folder: Path) -> Path:
    """Write the configuration file."""
    path = folder / "shipper.toml"
    text = config_text(queue_url=QUEUE_URL, aws_url="http://127.0.0.1:5000", opensearch=endpoint, metrics_port=9999)
    path.write_text(text)
    return path


def test_an_endpoint_is_taken_apart() -> None:
    """User and password leave the URL, decoded."""
    endpoint = Endpoint.of(ELSEWHERE)
    assert (endpoint.url, endpoint.username, endpoint.password) == (
        "https://search.example.com:9200/path",
        "us:er",
        SECRET,
    )
    assert Endpoint.of("http://127.0.0.1:9200/") == Endpoint("http://127.0.0.1:9200")


def test_the_password_is_not_shown(endpoint: Endpoint, tmp_path: Path) -> None:
    """Neither by the endpoint nor in the configuration file."""
    assert SECRET not in repr(endpoint)
    text = written(endpoint, tmp_path).read_text()
    assert SECRET not in text
    assert "p%40ss" not in text


def test_the_configuration_is_what_the_shipper_reads(endpoint: Endpoint, tmp_path: Path) -> None:
    """File and environment together are complete settings, for the namespace `demo` alone."""
    settings = load(written(endpoint, tmp_path), environment({}, endpoint))
    assert settings.opensearch.urls == ("https://search.example.com:9200/path",)
    assert settings.opensearch.namespace == "demo"
    assert settings.opensearch.username == "user"
    assert settings.opensearch.password is not None
    assert settings.opensearch.password.reveal() == SECRET
    assert [queue.url for queue in settings.queues] == [QUEUE_URL]
    assert settings.metrics.port == 9999
    assert settings.log.format == "text"


def test_an_endpoint_without_user_needs_no_password(tmp_path: Path) -> None:
    """A server of our own has no users."""
    local = Endpoint.of("http://127.0.0.1:9200")
    settings = load(written(local, tmp_path), environment({}, local))
    assert settings.opensearch.username is None
    assert settings.opensearch.password is None


def test_settings_for_something_else_are_dropped(endpoint: Endpoint) -> None:
    """The user's AWS account, their shipper and their proxy are not meant; TLS to their OpenSearch is."""
    users = {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "x",
        "SHIPPER_QUEUES": "https://sqs.example.com/1/q",
        "SHIPPER_CONFIG": "/etc/shipper.toml",
        "https_proxy": "http://proxy:3128",
        "SHIPPER_OPENSEARCH_CA_FILE": "/ca.pem",
        "SHIPPER_OPENSEARCH_VERIFY": "false",
        "PATH": "/bin",
    }
    assert environment(users, endpoint) == {
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "SHIPPER_OPENSEARCH_CA_FILE": "/ca.pem",
        "SHIPPER_OPENSEARCH_VERIFY": "false",
        "SHIPPER_OPENSEARCH_PASSWORD": SECRET,
        "PATH": "/bin",
    }


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something another process or task does."""
    while not condition():
        await asyncio.sleep(0.01)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lines of Python that run in place of the shipper."""
    lines: list[str] = []
    monkeypatch.setattr(child, "_command", lambda *_: [sys.executable, "-c", "\n".join(lines)])
    return lines


async def test_install_counts_what_was_done(program: list[str]) -> None:
    """The first word of each line that `shipper install` writes says what it did."""
    program.append("print('created  index  a\\ncreated  index  b\\nkept  component  c')")
    assert await install(Path("f"), os.environ) == {"created": 2, "kept": 1}


async def test_install_that_fails_is_told(program: list[str]) -> None:
    """With what it wrote on standard error."""
    program.append("import sys; sys.exit('shipper: no such host')")
    with pytest.raises(DemoError, match="exit status 1: shipper: no such host"):
        await install(Path("f"), os.environ)


async def test_install_does_not_outlive_us(program: list[str], tmp_path: Path) -> None:
    """When we are told to end meanwhile, it ends too."""
    started = tmp_path / "pid"
    program += ["import os, time", f"open({str(started)!r}, 'w').write(str(os.getpid()))", "time.sleep(60)"]
    task = asyncio.create_task(install(Path("f"), os.environ))
    await until(lambda: started.exists() and started.read_text() != "")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


def test_a_daemon_that_ends_is_told(program: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With its exit code and its last lines; its log is given line by line, each once."""
    monkeypatch.setattr(Daemon, "_is_ready", lambda daemon: "ready" in daemon.log_text())
    monkeypatch.setattr(Daemon, "log_text", lambda daemon: daemon._log.read_text(), raising=False)  # noqa: SLF001
    program += [
        "import sys",
        "print('ready', flush=True)",
        "sys.stdin.read()",
        "print('no more', end='')",
        "sys.exit(3)",
    ]
    (port,) = free_ports(1)
    with Daemon(Path("f"), os.environ, port=port, progress=silent) as daemon:
        while daemon.running:
            continue
        assert daemon.new_log_lines() == ["ready"]
        assert daemon.new_log_lines() == []
        with pytest.raises(DemoError, match=r"(?s)exit code 3.*no more"):
            daemon.require_running()
        with pytest.raises(DemoError, match="/metrics"):
            daemon.metrics()
