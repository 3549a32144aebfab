"""Dead letters: what they say, and that reading again gives none a second time."""

import json
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

import pytest

from shipper import __version__
from shipper.deadletter import MOST_BYTES, DeadLetters, Place
from shipper.errors import RecordError
from shipper.notification import ObjectRef

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)
CREATED = datetime(2026, 8, 3, 11, tzinfo=UTC)
REF = ObjectRef(bucket="logs", key="a/b.gz", region="eu-central-1", version="v1", event_time=CREATED)
PLACE = Place(dataset="aws.cloudtrail", object=REF, version="v1")
LETTERS = DeadLetters("prod")


def content(letter: tuple[str, bytes]) -> dict[str, Any]:
    """Read a letter."""
    assert b"\n" not in letter[1]
    decoded: dict[str, Any] = json.loads(letter[1])
    return decoded


def of_record(original: bytes, length: int | None = None) -> dict[str, Any]:
    """Give what a letter keeps of an original."""
    error = RecordError("undecodable", "so it is", original, len(original) if length is None else length)
    kept: dict[str, Any] = content(LETTERS.of_record(PLACE, 7, error, NOW))["shipper"]["deadletter"]
    return kept


def test_a_record() -> None:
    """The letter of a record says what, where, why and when, and is a document like all others."""
    letter = content(LETTERS.of_record(PLACE, 7, RecordError("undecodable", "no JSON", b"{", 1), NOW))
    assert letter == {
        "@timestamp": "2026-08-03T12:00:00Z",
        "aws": {"s3": {"bucket": {"name": "logs"}, "object": {"key": "a/b.gz", "offset": 7}}},
        "cloud": {"provider": "aws", "region": "eu-central-1"},
        "data_stream": {"type": "logs", "dataset": "shipper.deadletter", "namespace": "prod"},
        "ecs": {"version": "9.4.0"},
        "error": {"message": "no JSON", "type": "undecodable"},
        "event": {
            "dataset": "shipper.deadletter",
            "ingested": "2026-08-03T12:00:00Z",
            "kind": "pipeline_error",
            "module": "shipper",
        },
        "shipper": {
            "deadletter": {
                "dataset": "aws.cloudtrail",
                "encoding": "utf-8",
                "id": LETTERS.of_record(PLACE, 7, RecordError("undecodable", "", b"", 0), NOW)[0],
                "length": 1,
                "object": {"created": "2026-08-03T11:00:00Z", "version": "v1", "version_id": "v1"},
                "original": "{",
                "position": 7,
                "reason": "undecodable",
                "version": __version__,
            }
        },
    }
    assert LETTERS.index == "logs-shipper.deadletter-prod"


@pytest.mark.parametrize("original", [b"", "é\n\u2028\x00".encode(), b"\xff\xfe", b"a\x80", "é".encode()[:1]])
def test_originals_can_be_restored(original: bytes) -> None:
    """Whatever the bytes of a record are, they can be restored from its letter."""
    kept = of_record(original)
    text = kept.get("original", "")
    assert original == (b64decode(text) if kept["encoding"] == "base64" else text.encode())
    assert kept["length"] == len(original)


def test_a_cut_through_a_character() -> None:
    """A text that was cut in the middle of a character stays text."""
    kept = of_record("aé".encode()[:2], length=10)
    assert (kept["encoding"], kept["original"], kept["length"]) == ("utf-8", "a", 10)


def test_originals_are_bounded() -> None:
    """Of an endless record the beginning is kept, and its length."""
    kept = of_record(b"a" * (MOST_BYTES + 1))
    assert (len(kept["original"]), kept["length"]) == (MOST_BYTES, MOST_BYTES + 1)


def test_a_document() -> None:
    """The letter of a refused document holds the document as text, with the reason for its refusal."""
    document = '{"a":"é"}'.encode()
    letter = content(LETTERS.of_document(PLACE, 0, document, "mapper_parsing_exception", NOW, document_id="id-1"))
    assert letter["error"] == {"message": "mapper_parsing_exception", "type": "document_rejected"}
    assert letter["shipper"]["deadletter"]["document"] == '{"a":"é"}'
    assert letter["shipper"]["deadletter"]["document_id"] == "id-1"
    assert letter["shipper"]["deadletter"]["position"] == 0


def test_an_object() -> None:
    """The letter of an object has no position: it stands for all its records."""
    letter = content(LETTERS.of_object(PLACE, "object_missing", "NoSuchKey", NOW))
    assert letter["aws"]["s3"]["object"] == {"key": "a/b.gz"}
    assert "position" not in letter["shipper"]["deadletter"]


def test_a_message() -> None:
    """The letter of a message holds its body, and names no object."""
    letter = content(LETTERS.of_message("m-1", "héllo", "no notification", NOW))
    assert "aws" not in letter
    kept = letter["shipper"]["deadletter"]
    assert (kept["original"], kept["length"], kept["dataset"]) == ("héllo", 6, "unknown")


def test_ids() -> None:
    """The same failure in the same place has the same id; another place or reason has another."""
    error = RecordError("undecodable", "no JSON", b"{", 1)
    other = RecordError("too_long", "no JSON", b"{", 1)
    changed = Place(dataset="aws.cloudtrail", object=REF, version="v2")
    moved = Place(dataset="aws.cloudtrail", object=ObjectRef(bucket="logs", key="a/c.gz"), version="v1")
    ids = [
        LETTERS.of_record(PLACE, 7, error, NOW)[0],
        LETTERS.of_record(PLACE, 8, error, NOW)[0],
        LETTERS.of_record(PLACE, 7, other, NOW)[0],
        LETTERS.of_record(changed, 7, error, NOW)[0],
        LETTERS.of_record(moved, 7, error, NOW)[0],
        LETTERS.of_object(PLACE, "undecodable", "", NOW)[0],
        LETTERS.of_message("m-1", "a", "", NOW)[0],
        LETTERS.of_message("m-2", "a", "", NOW)[0],
    ]
    assert len(set(ids)) == len(ids)
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert LETTERS.of_record(PLACE, 7, RecordError("undecodable", "other words", b"", 0), later)[0] == ids[0]
