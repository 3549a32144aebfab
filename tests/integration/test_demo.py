"""`shipper demo` as a user runs it: a process that shows the main job, judges it, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from opensearchpy import OpenSearch

from shipper import deadletter, ledger
from shipper.embedded.ports import free_ports
from shipper.embedded.server import get
from shipper.source import Sources

PATIENCE_SECONDS = 120.0
DATASETS = (*[source.dataset for source in Sources.discover()], deadletter.DATASET, ledger.DATASET)


@pytest.fixture
def environment(opensearch_url: str, unique: str) -> Iterator[dict[str, str]]:
    """An OpenSearch that others started, and a variable that all processes of a demo inherit."""
    yield {**os.environ, "OPENSEARCH_URL": opensearch_url, "MARK": unique}
    with OpenSearch(opensearch_url) as client:
        client.transport.perform_request(
            "DELETE", f"/_data_stream/{','.join(f'logs-{name}-demo' for name in DATASETS)}", params={"ignore": 404}
        )


def started(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start a demo."""
    command = [sys.executable, "-m", "shipper", "demo", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def played_once(environment: dict[str, str]) -> tuple[int, str, str]:
    """Let a demo end by itself; gives its exit status and what it wrote to its two outputs."""
    process = started(environment, "--once")
    output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, output, errors


def survivors(mark: str) -> list[str]:
    """Processes that inherited a mark, by command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # it has ended, or is not ours
            continue
    return found


class Demo:
    """A demo that runs until told to end."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = started(environment)
        self.lines: list[str] = []

    def said(self, text: str) -> str:
        """Read on until it says something; gives that line."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"{text!r} is not in {''.join(self.lines)}")

    def end(self, number: signal.Signals) -> int:
        """Send a signal; gives the exit status."""
        self._process.send_signal(number)
        output, _ = self._process.communicate(timeout=PATIENCE_SECONDS)
        self.lines += output.splitlines()
        return self._process.returncode


def test_it_shows_the_main_job_and_agrees(environment: dict[str, str]) -> None:
    """With --once it ends by itself with 0: all sums hold, OpenSearch has it all, and the searches find it."""
    status, text, errors = played_once(environment)
    assert (status, errors) == (0, ""), text
    assert "only data streams logs-*-demo are written" in text
    counts = dict(re.findall(r"^  (aws\.\w+) +([\d,]+) .* holds$", text, re.MULTILINE))
    assert set(counts) == {source.dataset for source in Sources.discover()}
    assert sum(int(count.replace(",", "")) for count in counts.values()) > 5_000
    assert re.search(
        r"^Ingestion lag, from event to document: p50 [\d.]+ s, p95 [\d.]+ s, max [\d.]+ s$", text, re.MULTILINE
    )
    assert re.search(r"^Console logins without MFA: [1-9]\d* hits$", text, re.MULTILINE)
    assert re.search(r"^  .* Root +203\.0\.113\.5 ", text, re.MULTILINE)
    assert re.search(r"^Denied calls by user: [1-9]\d* hits$", text, re.MULTILINE)
    assert re.search(r"^  contractor +\d+$", text, re.MULTILINE)
    assert re.search(r"^Rejected flows by destination port: [1-9]\d* hits$", text, re.MULTILINE)
    assert re.search(r"^  undecodable +aws\.cloudtrail ", text, re.MULTILINE)
    assert re.search(r"^  unclaimed +unknown ", text, re.MULTILINE)
    assert "skipped, by reason: 1 not_a_log, 1 test_event" in text
    assert "WARNING object not read to its end  reason=unclaimed" in text
    assert len(re.findall(r"^  ok      ", text, re.MULTILINE)) == 5
    assert "FAILED" not in text
    assert survivors(environment["MARK"]) == []


def test_it_stays_until_ctrl_c(environment: dict[str, str]) -> None:
    """Its addresses answer until it is told to end; then it ends in order and with 0."""
    demo = Demo(environment)
    demo.said("OpenSearch  http")
    address = urlsplit(demo.said("Metrics     http").split()[-1])
    demo.said("Ctrl-C ends it")
    assert address.port is not None
    answer = get(address.port, address.path)
    assert answer is not None
    assert b'shipper_records_total{dataset="aws.vpcflow",outcome="indexed"}' in answer[1]
    assert len(survivors(environment["MARK"])) > 2
    assert demo.end(signal.SIGINT) == 0
    assert "ending" in demo.lines[-1]
    assert survivors(environment["MARK"]) == []


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("starting moto", signal.SIGTERM),
        ("notifies queue", signal.SIGINT),
        ("starting shipper run", signal.SIGTERM),
        ("uploading", signal.SIGINT),
        ("| ", signal.SIGTERM),
    ],
)
def test_it_may_be_ended_at_any_time(environment: dict[str, str], said: str, number: signal.Signals) -> None:
    """Whatever it is about to do, it ends with the status of an interrupt and leaves no process behind."""
    demo = Demo(environment)
    demo.said(said)
    assert demo.end(number) == 130
    assert survivors(environment["MARK"]) == []


def test_when_it_is_killed_nothing_stays(environment: dict[str, str]) -> None:
    """Even then its processes end, in a moment."""
    demo = Demo(environment)
    demo.said("uploading")
    assert len(survivors(environment["MARK"])) > 2
    demo.end(signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while survivors(environment["MARK"]):
        assert time.monotonic() < deadline, survivors(environment["MARK"])
        time.sleep(0.1)


def test_an_opensearch_out_of_reach_is_told(environment: dict[str, str]) -> None:
    """In one line, with the part that failed; no traceback."""
    (port,) = free_ports(1)
    environment["OPENSEARCH_URL"] = f"http://demo:secret@127.0.0.1:{port}"
    status, text, errors = played_once(environment)
    assert status == 1
    assert errors.startswith("shipper: `shipper install` ended with exit status 1: ")
    assert "Traceback" not in errors
    assert "secret" not in text + errors
    assert survivors(environment["MARK"]) == []
