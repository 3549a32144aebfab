"""What CloudFront logs need beside the contract of all sources."""

from datetime import UTC, datetime

import pytest

from shipper.notification import ObjectRef
from shipper.source import Origin, Sources
from shipper.sources.aws_cloudfront_logs import RequestDocument, RequestRow, document, source

KEY = "logs/E2DX1SLDPK0123.2026-02-03-09.0a1b2c3d.gz"
HOUR = datetime(2026, 2, 3, 9, tzinfo=UTC)


def mapped(row: RequestRow, key: str = KEY) -> RequestDocument:
    """Map a line of an object."""
    return document(row, Origin(ObjectRef(bucket="b", key=key), time=HOUR))


@pytest.mark.parametrize(
    ("stem", "path", "full"),
    [
        ("/a b", "/a b", "/a b"),
        ("/a%20b", "/a b", "/a%20b"),
        ("/a%2520b", "/a b", "/a%20b"),
        ("/a%252520b", "/a%20b", "/a%2520b"),
        ("/a%20b%2520c", "/a b%20c", "/a%20b%20c"),
        ("/100%2525", "/100%", "/100%25"),
        ("/caf%25C3%25A9", "/café", "/caf%C3%A9"),
        ("/caf%E9%20x", "/caf%E9%20x", "/caf%E9%20x"),
        ("/a+b%", "/a+b%", "/a+b%"),
    ],
)
def test_path(stem: str, path: str, full: str) -> None:
    """The log's own encoding is taken off, then the viewer's; what is in neither stays."""
    url = mapped(RequestRow(cs_uri_stem=stem, cs_protocol="https", x_host_header="h")).url
    assert url is not None
    assert (url.original, url.path, url.full) == (stem, path, f"https://h{full}")


@pytest.mark.parametrize(
    ("logged", "agent"),
    [
        ("a%20(b)", "a (b)"),
        ("a%2520(b)", "a (b)"),
        ("My%2520App%20(b)", "My%20App (b)"),
        ("a+b", "a+b"),
        ("%E9%20x", "%E9%20x"),
    ],
)
def test_user_agent(logged: str, agent: str) -> None:
    """Some logs encode it once, older ones twice; escapes among blanks are the client's own."""
    found = mapped(RequestRow(cs_user_agent=logged)).user_agent
    assert found is not None
    assert found.original == agent


def test_distribution() -> None:
    """The id of the distribution is in the object's name, whatever stands before it; other names have none."""
    fields = [mapped(RequestRow(), key).aws.cloudfront for key in (KEY, KEY.partition("/")[2], "own/name.gz")]
    assert [one and one.distribution_id for one in fields] == ["E2DX1SLDPK0123", "E2DX1SLDPK0123", None]


@pytest.mark.parametrize(
    "key",
    [
        "E2DX1SLDPK0123.2026-02-03.0a1b2c3d.gz",
        "E2DX1SLDPK0123.2026-02-03-09.tar.gz",
        "e2dx1sldpk0123.2026-02-03-09.0a1b2c3d.gz",
        "prefixE2DX1SLDPK0123.2026-02-03-09.0a1b2c3d.gz",
        "E2DX1SLDPK0123.2026-02-03-09.0a1b2c3d.gz.md5",
        "logs/CloudFront/prod/realtime/2026/02/03/10/cf-rt-1-2026-02-03-10-04-11-3f6bbd1c-9c0e-4d7e-8d7f-0d9d1a2b3c4d.gz",
    ],
)
def test_other_names(key: str) -> None:
    """What is not named like a log of CloudFront's is not taken for one."""
    assert Sources([source]).route(ObjectRef(bucket="b", key=key)) is None


def test_no_time_at_all() -> None:
    """Where neither the line nor the key has a time there is no document."""
    with pytest.raises(ValueError, match="time"):
        document(RequestRow(date="2026-02-03"), Origin(ObjectRef(bucket="b", key="k")))
