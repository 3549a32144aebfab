import gzip
import io
import json
import re
import sys
from pathlib import Path

import pytest

from shipper import __version__
from shipper.cli import main

TRAIL_KEY = (
    "AWSLogs/123456789012/CloudTrail/us-east-1/2026/02/03/123456789012_CloudTrail_us-east-1_20260203T1015Z_abcd.json.gz"
)
EVENT = {"eventVersion": "1.08", "eventTime": "2026-02-03T10:11:12Z", "eventID": "id-1", "eventName": "RunInstances"}


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of whoever runs it."""
    monkeypatch.delenv("SHIPPER_CONFIG", raising=False)


def log_file(folder: Path, *events: object, packed: bool = True) -> str:
    """Write a CloudTrail file."""
    body = json.dumps({"Records": events}).encode()
    path = folder / "trail"
    path.write_bytes(gzip.compress(body) if packed else body)
    return str(path)


def test_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints the package's version."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"shipper {__version__}\n"


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`--help` says what each command does, and imports none of them."""
    monkeypatch.delitem(sys.modules, "shipper.commands.run", raising=False)
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    for command in ("check", "deadletter", "demo", "explain", "import", "install", "parse", "run", "sources"):
        assert re.search(rf"\n    {command}\s+\w", out)
    assert "shipper.commands.run" not in sys.modules


@pytest.mark.parametrize("packed", [True, False])
def test_parse_prints_each_document_as_it_would_be_indexed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, packed: bool
) -> None:
    """Packed or plain, every record gives a line of JSON."""
    path = log_file(tmp_path, EVENT, {**EVENT, "eventID": "id-2"}, packed=packed)
    assert main(["parse", path, "--key", TRAIL_KEY, "--bucket", "trail-bucket"]) == 0
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [document["event"]["id"] for document in documents] == ["id-1", "id-2"]
    assert documents[1]["aws"]["s3"] == {"bucket": {"name": "trail-bucket"}, "object": {"key": TRAIL_KEY, "offset": 1}}
    assert documents[0]["cloud"] == {"account": {"id": "123456789012"}, "provider": "aws", "region": "us-east-1"}


def test_parse_makes_documents_as_they_are_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What documents keep is what the daemon's keep."""
    monkeypatch.setenv("SHIPPER_DOCUMENTS_ORIGINAL", "true")
    path = log_file(tmp_path, EVENT)
    assert main(["parse", path, "--key", TRAIL_KEY]) == 0
    assert json.loads(json.loads(capsys.readouterr().out)["event"]["original"]) == EVENT


def test_parse_tells_of_records_that_would_be_dead_letters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A record without a time is told on standard error with its position; the others are printed; the status is 1."""
    path = log_file(tmp_path, {"eventVersion": "1.08", "eventID": "no-time"}, EVENT)
    assert main(["parse", path, "--key", TRAIL_KEY]) == 1
    out, err = capsys.readouterr()
    assert [json.loads(line)["event"]["id"] for line in out.splitlines()] == ["id-1"]
    assert err.startswith("record 0: mapping_failed: ")
    assert "eventTime" in err


def test_parse_reads_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` stands for standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps({"Records": [EVENT]}).encode())))
    assert main(["parse", "-", "--key", TRAIL_KEY]) == 0
    assert json.loads(capsys.readouterr().out)["event"]["id"] == "id-1"


def test_parse_recognises_a_file_whose_key_does_not_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under a key of one's own the content tells what the file is, and all of it is read."""
    path = log_file(tmp_path, *[{**EVENT, "sourceIPAddress": "192.0.2.1"}] * 40)
    assert main(["parse", path, "--key", "firehose/own"]) == 0
    assert [json.loads(line)["event"]["dataset"] for line in capsys.readouterr().out.splitlines()] == [
        "aws.cloudtrail"
    ] * 40


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("somebody/elses.txt", "no source claims"),
        ("AWSLogs/123456789012/CloudTrail-Digest/us-east-1/x.json.gz", "object without logs"),
    ],
)
def test_parse_refuses_keys_that_are_no_logs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str, told: str
) -> None:
    """A key that nobody claims, or that is no log, is an error that says so."""
    assert main(["parse", log_file(tmp_path, EVENT), "--key", key]) == 2
    assert told in capsys.readouterr().err


def test_parse_names_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file is an error with its name and the cause, not a traceback."""
    assert main(["parse", str(tmp_path / "none"), "--key", TRAIL_KEY]) == 2
    assert f"cannot read {tmp_path}/none: No such file" in capsys.readouterr().err


def test_parse_tells_of_a_file_that_ends_half_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged file gives what is readable, and an error."""
    path = Path(log_file(tmp_path, *({**EVENT, "eventID": f"id-{number}"} for number in range(50))))
    path.write_bytes(path.read_bytes()[:-12])
    assert main(["parse", str(path), "--key", TRAIL_KEY]) == 1
    assert "the gzip data ends half-way" in capsys.readouterr().err


def test_parse_reads_a_log_as_it_is_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is set of a source decides how it is recognised and read; without that its columns are others."""
    path = tmp_path / "log"
    path.write_text("GET\t1770112800.5\n")
    monkeypatch.setenv("SHIPPER_SOURCES_AWS_CLOUDFRONT_REALTIME_FIELDS", "cs-method,timestamp")
    assert main(["parse", str(path), "--key", "any/name"]) == 0
    assert json.loads(capsys.readouterr().out)["http"]["request"]["method"] == "GET"
    monkeypatch.delenv("SHIPPER_SOURCES_AWS_CLOUDFRONT_REALTIME_FIELDS")
    assert main(["parse", str(path), "--key", "CloudFront/realtime/a"]) == 1
    assert "2 columns, 69 are listed" in capsys.readouterr().err


def test_sources_lists_each_for_people_and_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """Both forms have the same sources; the second is JSON, a line each."""
    assert main(["sources"]) == 0
    text = capsys.readouterr().out
    assert main(["sources", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"aws.cloudtrail", "aws.vpcflow"} <= {row["dataset"] for row in rows}
    for row in rows:
        assert row["dataset"] in text
        assert row["description"] in text
        assert row["forms"] in text
        assert all(key in text for key in row["keys"])
        assert row["fields"] > 20
        assert all(f"set:   {setting}\n" in text for setting in row["settings"])
    assert "sources.aws_cloudfront_realtime.fields" in next(
        row["settings"] for row in rows if row["dataset"] == "aws.cloudfront_realtime"
    )


def test_unknown_setting_is_refused_with_a_suggestion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt setting stops the program before anything starts, and the right spelling is offered."""
    config = tmp_path / "shipper.toml"
    config.write_text('[opensearch]\nurl = ["http://127.0.0.1:9200"]\n')
    assert main(["install", "--config", str(config)]) == 2
    err = capsys.readouterr().err
    assert f"{config}" in err
    assert "urls" in err


def test_run_names_the_settings_that_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    """Without queue and cluster nothing starts, and both are named at once."""
    assert main(["run"]) == 2
    err = capsys.readouterr().err
    assert "queues" in err
    assert "opensearch.urls" in err
