"""What VPC Lattice access logs need beside the contract of all sources."""

import json
from typing import Any, Final

import pytest
from reading import Failed, Indexed, read

from shipper.sources import aws_vpc_lattice as lattice

PLACE: Final = "AWSLogs/111122223333/VpcLattice/AccessLogs/eu-west-3/2026/02/03/svc-0a1b2c3d"
KEY: Final = f"{PLACE}/111122223333_VpcLatticeAccessLogs_eu-west-3_svc-0a1b2c3d_20260203T1015Z_0a1b2c3d.json.gz"


def document(**fields: Any) -> dict[str, Any]:
    """Give the document of a request with these fields."""
    record = {"startTime": "2026-02-03T09:05:00Z", "protocol": "HTTP/1.1", **fields}
    (one,) = read(lattice.source, KEY, [json.dumps(record).encode()])
    assert isinstance(one, Indexed)
    found: dict[str, Any] = json.loads(one.body)
    return found


@pytest.mark.parametrize(
    ("cache", "kept", "fields"),
    [
        (lattice._known_front, 0, {"hostHeader": "h" * (lattice.NAME_CHARACTERS + 1)}),  # noqa: SLF001 -- seen nowhere else
        (lattice._known_front, 1, {"hostHeader": "h" * lattice.NAME_CHARACTERS}),  # noqa: SLF001
        (lattice._known_caller, 0, {"callerPrincipalTags": "t" * (lattice.TAGS_BYTES + 1)}),  # noqa: SLF001
        (lattice._known_caller, 1, {"callerPrincipalTags": "t"}),  # noqa: SLF001
    ],
)
def test_long_texts_of_clients_are_not_kept(cache: Any, kept: int, fields: dict[str, str]) -> None:
    """What is remembered is bounded in bytes, not only in number: whoever sends a request decides about its names."""
    cache.cache_clear()
    made = document(**fields)
    (text,) = fields.values()
    assert text in (
        made.get("url", {}).get("domain"),
        made["aws"].get("vpc_lattice", {}).get("caller", {}).get("principal_tags", {}).get("value"),
    )
    assert cache.cache_info().currsize == kept


def test_tags_that_are_no_json_in_a_record_that_is_none_either() -> None:
    """A string that JSON does not have is an error of its record, which the next record does not suffer from."""
    text = rb'{"startTime":"2026-02-03T09:05:00Z","callerPrincipalTags":"\ud800"}'
    broken, sound = read(lattice.source, KEY, [text + b'\n{"startTime":"2026-02-03T09:05:00Z"}\n'])
    assert isinstance(broken, Failed)
    assert isinstance(sound, Indexed)
