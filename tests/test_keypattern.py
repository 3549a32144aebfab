"""Key patterns as people read them."""

import pytest

from shipper.keypattern import readable


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (
            r"(?:^|/)AWSLogs/(?P<account>\d{12})/x/\d{4}/.*_x_[^/]*\.log(?:\.gz|\.parquet)?$",
            "AWSLogs/{account}/x/*/*_x_*.log[.gz|.parquet]",
        ),
        (r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)/(?:a|b(?:c)?)/(?P<id>\w+)_(?P=id)", "{region}/(a|b[c])/{id}_{id}"),
        (r"^20\d\d-[01]\d(?:-\d\d){3}(?=x)$", "20*"),
        (r"a*\.b[^/]*?_c\d{2}?", "a*.b*_c*"),
    ],
)
def test_a_pattern_becomes_a_picture(pattern: str, text: str) -> None:
    """Groups have their names, what varies is a star, what may be missing is in brackets."""
    assert readable(pattern) == (text,)


def test_alternatives_stand_apart() -> None:
    """Each of several layouts is a text of its own."""
    assert readable(r"(?:^|/)a/(?:b|c)$|(?:^|/)d-\d+$") == ("a/(b|c)", "d-*")
