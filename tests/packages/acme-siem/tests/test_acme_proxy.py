"""What the source makes of its samples."""

import json
from pathlib import Path
from typing import Any

import pytest

from shipper.cli import main

SAMPLES = Path(__file__).parents[1] / "samples" / "acme_proxy"
KEYS = (SAMPLES / "keys.txt").read_text().splitlines()


def parsed(capsys: pytest.CaptureFixture[str], key: str) -> list[dict[str, Any]]:
    """Read the sample as `shipper parse` does."""
    assert main(["parse", str(SAMPLES / "requests.log"), "--key", key]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("key", [*KEYS, "under/a/key/of/somebody"])
def test_key_or_content_tells(capsys: pytest.CaptureFixture[str], key: str) -> None:
    """The source is found by its keys, and by its records where the key does not tell."""
    assert {document["event"]["dataset"] for document in parsed(capsys, key)} == {"acme.proxy"}


def test_requests_become_documents(capsys: pytest.CaptureFixture[str]) -> None:
    """A request that was blocked is a failure of whoever made it."""
    first, blocked, bare = parsed(capsys, KEYS[0])
    assert first["source"] == {"address": "192.0.2.10", "ip": "192.0.2.10"}
    assert first["url"] == {"domain": "www.example.com", "path": "/index.html", "port": 443}
    assert first["cloud"] == {"account": {"id": "111122223333"}, "provider": "aws", "region": "eu-central-1"}
    assert blocked["event"]["outcome"] == "failure"
    assert blocked["acme"] == {"proxy": {"risk": 0.97, "verdict": "blocked"}}
    assert "user" not in blocked
    assert "acme" not in bare
