"""What logs of the web have in common, and what is remembered of it."""

import pytest

from shipper import web
from shipper.remembered import LONGEST, remembered


@pytest.mark.parametrize(
    ("written", "domain", "port"),
    [
        ("www.example.com", "www.example.com", None),
        ("www.example.com:8443", "www.example.com", 8443),
        ("[2001:db8::7]:443", "[2001:db8::7]", 443),
        ("2001:db8::7", "2001:db8::7", None),
        ("www.example.com:65536", "www.example.com:65536", None),
        ("www.example.com:000443", "www.example.com:000443", None),
        ("www.example.com:٤٤٣", "www.example.com:٤٤٣", None),
        ("www.example.com:", "www.example.com:", None),
        (":443", ":443", None),
    ],
)
def test_authority(written: str, domain: str, port: int | None) -> None:
    """A port is told from the rest of a name, whatever clients write."""
    assert web.authority(written) == (domain, port)


@pytest.mark.parametrize(
    ("path", "extension"),
    [
        ("/a.b/c.html", "html"),
        ("/a.b/c", None),
        ("/c.", None),
        ("/.x", "x"),
        ("/a." + "x" * 15, "x" * 15),
        ("/a." + "x" * 16, None),
        ("", None),
    ],
)
def test_extension(path: str, extension: str | None) -> None:
    """The last part of a path may have one, which is short."""
    assert web.extension(path) == extension


@pytest.mark.parametrize(
    ("written", "number", "protocol"),
    [
        ("TLSv1.2", "1.2", "tls"),
        ("TLSV1.3", "1.3", "tls"),
        ("tlsv12", "1.2", "tls"),
        ("SSLv3", "3", "ssl"),
        ("unknown", "unknown", None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_tls_version(written: str | None, number: str | None, protocol: str | None) -> None:
    """All spellings of a version are one."""
    assert web.tls_version(written) == (number, protocol)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("06/Feb/2019:00:00:38 +0000", "2019-02-06 00:00:38+00:00"),
        ("06/Feb/2019:01:00:38 +0100", "2019-02-06 01:00:38+01:00"),
        ("06/Fev/2019:00:00:38 +0000", None),
        ("30/Feb/2019:00:00:38 +0000", None),
        ("", None),
    ],
)
def test_clf_time(written: str, moment: str | None) -> None:
    """A time of the Common Log Format is read, whatever the locale."""
    found = web.clf_time(written)
    assert (found and str(found)) == moment


def test_long_texts_are_not_remembered() -> None:
    """Whoever sends a request decides how long its headers are, but not how much is kept of them."""
    read: list[str] = []

    @remembered(8)
    def length(text: str) -> int:
        read.append(text)
        return len(text)

    short, long = "x" * LONGEST, "x" * (LONGEST + 1)
    assert [length(text) for text in (short, short, long, long)] == [LONGEST, LONGEST, LONGEST + 1, LONGEST + 1]
    assert read == [short, long, long]
