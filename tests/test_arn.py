"""What an ARN says, and who is behind that of a principal."""

import pytest

from shipper import arn
from shipper.arn import NOBODY, NOWHERE, Arn, Principal


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/a/b",
            ("us-east-2", "123456789012", "targetgroup/a/b"),
        ),
        ("arn:aws-cn:s3:::bucket/key:with:colons", (None, None, "bucket/key:with:colons")),
        ("arn:aws:s3", NOWHERE),
        ("session-reused", NOWHERE),
        ("", NOWHERE),
        (None, NOWHERE),
    ],
)
def test_parted(text: str | None, said: tuple[str | None, str | None, str | None]) -> None:
    """Region and account are told where there are any; of what is no ARN nothing is."""
    assert arn.parted(text) == Arn(*said)


@pytest.mark.parametrize(
    ("text", "who"),
    [
        (
            "arn:aws:sts::123456789012:assumed-role/Admin/alice@example.com",
            Principal("Admin", "alice@example.com", "alice@example.com", ("Admin", "alice@example.com", "alice")),
        ),
        ("arn:aws:iam::123456789012:user/division/bob", Principal("bob", None, None, ("bob",))),
        ("arn:aws:iam::123456789012:root", Principal("root", None, None, ("root",))),
        ("79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be", NOBODY),
        (None, NOBODY),
    ],
)
def test_principal(text: str | None, who: Principal) -> None:
    """A role is named, not who took it; all names are there to be searched by."""
    assert arn.principal(text) == who
