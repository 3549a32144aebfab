"""What real-time logs of CloudFront need beside the contract of all sources: a list of their fields."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from shipper.config import Settings, load
from shipper.errors import ConfigError
from shipper.marks import Specimen
from shipper.source import Source, Sources
from shipper.sources.aws_cloudfront_realtime import FIELDS, RealtimeSettings, configured, source

DECLARED = {source.table: RealtimeSettings}


def set_as(tmp_path: Path, fields: str) -> Settings:
    """Load a configuration."""
    file = tmp_path / "shipper.toml"
    file.write_text(f"[sources.aws_cloudfront_realtime]\nfields = {fields}\n")
    return load(file, {}, DECLARED)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ('["c-ipp"]', r"fields\[0\]: expected name of a field, got 'c-ipp'; did you mean c-ip\? write new:c-ipp for"),
        ('["timestamp", "zz"]', r"fields\[1\]: expected name of a field, got 'zz'; write new:zz for a field that"),
        ('["new:A b"]', r"fields\[0\]: expected name of a field, got 'new:A b'; take it as `aws cloudfront"),
        ('["C-IP"]', r"fields\[0\]: expected name of a field, got 'C-IP'; did you mean c-ip\?$"),
        ('["c-ip", "timestamp", "new:c-ip"]', "sources.aws_cloudfront_realtime.fields: names c-ip twice"),
        ("[]", "sources.aws_cloudfront_realtime.fields: names none"),
    ],
)
def test_a_wrong_list_is_refused(fields: str, told: str, tmp_path: Path) -> None:
    """The error names the field and what to write instead."""
    with pytest.raises(ConfigError, match=told):
        Sources.discover(settings=set_as(tmp_path, fields).sources)


def test_a_new_field_that_became_known_is_that_field(tmp_path: Path) -> None:
    """A list that was written for an older version goes on working."""
    settings = set_as(tmp_path, '["new:timestamp", "new:later-one"]').sources.aws_cloudfront_realtime  # type: ignore[attr-defined]
    assert configured(settings).format.columns == ("timestamp", "later-one")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("fields", "line", "is_told"),
    [
        (FIELDS, "1770112800.123\t192.0.2.1\t-", True),
        (FIELDS, "1770112800\t2001:db8::7", True),
        (FIELDS, "1770112800.123 192.0.2.1", False),
        (FIELDS, "1770112800123\t192.0.2.1", False),
        (FIELDS, "2026-02-03\t10:00:00\tCDG50-P1", False),
        (("cs-method", "timestamp"), "GET\t1770112800.123", True),
        (("cs-method", "timestamp"), "1770112800.123\t192.0.2.1", False),
        (("c-ip", "cs-method"), "192.0.2.1\tGET", False),
    ],
)
def test_time_and_address_in_their_places_tell_it(fields: Sequence[str], line: str, *, is_told: bool) -> None:
    """Whatever order is set, a line is known by them; without a time no line is."""
    as_set: Source[object, object] = configured(RealtimeSettings(fields=tuple(fields)))  # type: ignore[assignment]
    assert as_set.marks.fit(Specimen(line=line)) is is_told
