"""What S3 access logs need beside the contract of all sources."""

from datetime import UTC, datetime

import msgspec
import pytest

from shipper.notification import ObjectRef
from shipper.source import Origin
from shipper.sources import aws_s3access
from shipper.sources.aws_s3access import AccessRow, S3Access, document

CREATED = datetime(2026, 2, 3, 10, 20, tzinfo=UTC)
ORIGIN = Origin(ObjectRef(bucket="b", key="k"), time=CREATED)


def test_own_fields_are_the_columns() -> None:
    """Columns and own fields are the same in the same order, for they are taken over by their place."""
    columns = [name for name in AccessRow.__struct_fields__ if name != "time"]
    assert list(S3Access.__struct_fields__) == columns
    assert aws_s3access.source.format.columns == AccessRow.__struct_fields__


@pytest.mark.parametrize(
    ("arn", "host", "region"),
    [
        (None, "b.s3.us-west-1.amazonaws.com", "us-west-1"),
        (None, "b.s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        (None, "s3-fips-us-gov-west-1.amazonaws.com:443", None),
        (None, "s3-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        (None, "b.s3-website-us-east-1.amazonaws.com", "us-east-1"),
        (None, "b.vpce-1a2b.s3.us-east-2.vpce.amazonaws.com", "us-east-2"),
        (None, "b-us-east-1.s3.amazonaws.com", None),
        (None, "www.example.com", None),
        ("arn:aws:s3:eu-west-3:111122223333:accesspoint/a", "www.example.com", "eu-west-3"),
        ("arn:aws:s3::111122223333:accesspoint/m.mrap", "b.s3.us-west-1.amazonaws.com", "us-west-1"),
    ],
)
def test_region(arn: str | None, host: str, region: str | None) -> None:
    """The region is that of the key, of the access point, or of the endpoint."""
    row = AccessRow(time="06/Feb/2019:00:00:38 +0000", access_point_arn=arn, host_header=host)
    assert document(row, ORIGIN).cloud.region == region
    assert document(row, msgspec.structs.replace(ORIGIN, region="eu-west-1")).cloud.region == "eu-west-1"


def test_line_without_time() -> None:
    """A line without a time has that of its object, and says so."""
    one = document(AccessRow(operation="REST.GET.OBJECT"), ORIGIN)
    assert (one.timestamp, one.tags) == (CREATED, ("time_from_key",))


@pytest.mark.parametrize("time", ["06/Foo/2019:00:00:38 +0000", "31/Feb/2019:00:00:38 +0000", "2019-02-06", "x"])
def test_wrong_time(time: str) -> None:
    """A time that is none is an error which shows it."""
    with pytest.raises(ValueError, match=time.replace("+", r"\+")):
        document(AccessRow(time=time), ORIGIN)
