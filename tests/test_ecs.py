"""The helpers that make values of ECS fields."""

import ipaddress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import tried

from shipper import ecs


@pytest.mark.parametrize("text", ["10.0.0.1", "255.255.255.255", "::", "::ffff:10.0.0.1", "2001:db8::1"])
def test_addresses(text: str) -> None:
    """An address is taken as it is written."""
    assert ecs.ip(text) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "-",
        "AWS Internal",
        "ec2.amazonaws.com",
        "10.0.0",
        "10.0.0.256",
        "10.0.0.1:80",
        "1::2::3",
        "a\0b",
        "\u00e9",
    ],
)
def test_what_is_no_address(text: str | None) -> None:
    """Whatever OpenSearch would refuse as an address is none."""
    assert ecs.ip(text) is None


@pytest.mark.parametrize("text", ["010.0.0.1", "1.2.3", "fe80::1%eth0", " 10.0.0.1", "10.0.0.1\n", "[::1]", "1:2"])
def test_what_looks_like_an_address(text: str) -> None:
    """Forms that OpenSearch refuses are no addresses, although other programs take them."""
    assert ecs.ip(text) is None


@tried
@given(st.ip_addresses().map(str) | st.text("0123456789abcdef.:%", max_size=16) | st.text(max_size=16))
def test_any_text_is_an_address_or_none(text: str) -> None:
    """What is taken as an address is one, as it is written, and nothing raises."""
    taken = ecs.ip(text)
    if taken is None:
        assert not text or ":" in text or text.count(".") != 3 or not _is_address(text)
    else:
        assert taken == text
        assert _is_address(text)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@tried
@given(st.text("0123456789-+:.TZW ", max_size=24) | st.text(max_size=12) | st.datetimes().map(str))
def test_any_text_is_a_time_or_none(text: str) -> None:
    """What is taken as a time has a zone, and nothing raises."""
    moment = ecs.time(text)
    assert moment is None or moment.tzinfo is not None


@pytest.mark.parametrize(
    "text",
    [
        "2013-11-02T01:06:28Z",
        "20131102T010628Z",
        "2013-11-02 01:06:28",
        "2013-11-02T01:06:28",
        "2013-11-02T02:06:28+01:00",
        "2013-11-02T01:06:28.000Z",
        "2013-11-02-01-06-28",
    ],
)
def test_times(text: str) -> None:
    """A time is read in all the forms that AWS writes; without a zone it is UTC."""
    assert ecs.time(text) == datetime(2013, 11, 2, 1, 6, 28, tzinfo=UTC)


@pytest.mark.parametrize("text", [None, "", "-", "Mar 23, 2016, 2:39:57 AM", "20131302T010628Z", "2013-11-02-25-06-28"])
def test_what_is_no_time(text: str | None) -> None:
    """What cannot be read as a time is none; it raises nothing."""
    assert ecs.time(text) is None


def test_field_sets_without_a_value_are_not_written() -> None:
    """A field set is there only if it has a value; false and zero are values."""
    assert ecs.some(ecs.Network()) is None
    assert ecs.some(ecs.Network(packets=0)) == ecs.Network(packets=0)


def test_related_values_are_there_once_and_in_order() -> None:
    """Related values are those that are there, each once."""
    found = ecs.related(hosts=["b", None, "a", "b"], ip=[None], user=["", "u"])
    assert found == ecs.Related(hosts=("b", "a"), user=("u",))
    assert ecs.related(hosts=[None], ip=(), user=[""]) is None
