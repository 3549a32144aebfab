"""The user's routes decide what objects are whose keys do not tell, or tell wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from shipper.config import Route, load
from shipper.errors import ConfigError
from shipper.notification import ObjectRef
from shipper.source import Skip, Sources

TRAIL = "AWSLogs/123456789012/CloudTrail/us-east-1/2026/02/03/123456789012_CloudTrail_us-east-1_20260203T1015Z.json.gz"


def routed(route: Route, key: str, bucket: str = "logs") -> str | None:
    """Name the dataset of an object, or the reason why it is skipped."""
    claim = Sources.discover([route]).route(ObjectRef(bucket=bucket, key=key))
    if claim is None:
        return None
    return claim.reason if isinstance(claim, Skip) else claim[0].dataset


@pytest.mark.parametrize(
    ("route", "key", "bucket", "dataset"),
    [
        (Route(prefix="net/", dataset="aws.vpcflow"), "net/own/name", "logs", "aws.vpcflow"),
        (Route(prefix="net/", dataset="aws.vpcflow"), "other/net/name", "logs", None),
        (Route(bucket="flows", dataset="aws.vpcflow"), "any/name", "flows", "aws.vpcflow"),
        (Route(bucket="flows", dataset="aws.vpcflow"), "any/name", "logs", None),
        (Route(pattern=r"\.flow$", dataset="aws.vpcflow"), "a/b.flow", "logs", "aws.vpcflow"),
        (Route(pattern=r"\.flow$", dataset="aws.vpcflow"), "a/b.flow.gz", "logs", None),
        (Route(bucket="flows", prefix="a/", pattern="b", dataset="aws.vpcflow"), "a/b", "flows", "aws.vpcflow"),
        (Route(bucket="flows", prefix="a/", pattern="b", dataset="aws.vpcflow"), "a/c", "flows", None),
        (Route(prefix="AWSLogs/", action="ignore"), TRAIL, "logs", "ignored"),
        (Route(prefix="AWSLogs/", dataset="aws.vpcflow"), TRAIL, "logs", "aws.vpcflow"),
        (Route(prefix="elsewhere/", action="ignore"), TRAIL, "logs", "aws.cloudtrail"),
    ],
)
def test_route_fits_when_all_that_it_names_fits(route: Route, key: str, bucket: str, dataset: str | None) -> None:
    """Bucket, prefix and pattern have to fit together; the user's word goes before what the key tells."""
    assert routed(route, key, bucket) == dataset


def test_first_route_that_fits_decides() -> None:
    """Routes are asked in their order."""
    routes = [Route(prefix="a/b/", action="ignore"), Route(prefix="a/", dataset="aws.vpcflow")]
    sources = Sources.discover(routes)
    assert sources.route(ObjectRef(bucket="logs", key="a/b/c")) == Skip("ignored")
    claim = sources.route(ObjectRef(bucket="logs", key="a/c"))
    assert isinstance(claim, tuple)
    assert claim[0].dataset == "aws.vpcflow"


def test_groups_of_the_pattern_tell_account_and_region() -> None:
    """What the pattern names is taken for the records, as it is from AWS's own keys."""
    route = Route(pattern=r"^(?P<account>\d{12})/(?P<region>[a-z0-9-]+)/", dataset="aws.vpcflow")
    claim = Sources.discover([route]).route(ObjectRef(bucket="logs", key="123456789012/eu-west-3/x"))
    assert isinstance(claim, tuple)
    assert (claim[1].account, claim[1].region) == ("123456789012", "eu-west-3")


def test_a_key_that_two_sources_claim_tells_nothing() -> None:
    """Then it is the content's turn, whatever the order of the sources."""
    one = next(iter(Sources.discover()))
    both = Sources([replace(one, dataset=dataset, key=r"^net/") for dataset in ("aws.one", "aws.two")])
    assert both.route(ObjectRef(bucket="logs", key="net/a")) is None


@pytest.mark.parametrize(("size", "key"), [(0, "net/x"), (9, "net/")])
def test_what_holds_nothing_is_no_matter_of_routes(size: int, key: str) -> None:
    """Empty objects and folder markers are skipped whatever a route says."""
    sources = Sources.discover([Route(prefix="net/", dataset="aws.vpcflow")])
    assert isinstance(sources.route(ObjectRef(bucket="logs", key=key, size=size)), Skip)


def test_unknown_dataset_is_refused_with_a_suggestion() -> None:
    """A route to a dataset that no source has stops the program, and the right spelling is offered."""
    with pytest.raises(ConfigError, match=r"no dataset 'aws\.vpcflows'; did you mean 'aws\.vpcflow'\?"):
        Sources.discover([Route(prefix="net/", dataset="aws.vpcflows")])


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("prefix = 'a/'", r"routes\[0\]: must say what becomes of its objects"),
        ("prefix = 'a/'\ndataset = 'aws.vpcflow'\naction = 'ignore'", r"routes\[0\]: must say what becomes"),
        ("dataset = 'aws.vpcflow'", r"routes\[0\]: fits every object"),
        ("pattern = '(a'\naction = 'ignore'", r"routes\[0\]\.pattern: is no regular expression: missing \)"),
        ('pattern = "(?\\ra)"\naction = "ignore"', r"is no regular expression: unknown extension \?\\r"),
        ("prefix = '/a'\naction = 'ignore'", r"routes\[0\]\.prefix: .*without a leading slash"),
        ("prefix = 'a/'\naction = 'drop'", r"routes\[0\]\.action: .*ignore"),
    ],
)
def test_route_that_makes_no_sense_is_refused(table: str, told: str, tmp_path: Path) -> None:
    """A route must fit some objects and say one thing about them; the error names the route."""
    file = tmp_path / "shipper.toml"
    file.write_text(f"[[routes]]\n{table}\n")
    with pytest.raises(ConfigError, match=told):
        load(file, {})
