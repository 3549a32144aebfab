"""From the configuration to a shelf."""

import re
from pathlib import Path
from typing import Final

from shipper.aws import Session
from shipper.config import DeadLetter, Route
from shipper.errors import ConfigError
from shipper.lastresort.directory import Directory
from shipper.lastresort.prefix import S3Prefix
from shipper.lastresort.shelf import Shelf

_S3: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<prefix>[^/\n][^\n]*/)")


def configured(settings: DeadLetter, session: Session) -> Shelf | None:
    """Give the place that is configured, if one is."""
    place = settings.s3 or settings.directory
    return shelf_at(place, session) if place else None


def shelf_at(place: str, session: Session) -> Shelf:
    """
    Give a place by its name.

    Args:
        place: `s3://bucket/prefix/` or the path of a directory
        session: opens a client for S3

    Raises:
        ConfigError: an address of S3 without bucket or prefix
    """
    if not place.startswith("s3://"):
        return Directory(Path(place))
    found = _S3.fullmatch(place)
    if found is None:
        raise ConfigError(f"{place!r} is no place for dead letters in S3; write s3://bucket/prefix/")
    return S3Prefix(session, found["bucket"], found["prefix"])


def own_routes(settings: DeadLetter) -> tuple[Route, ...]:
    """
    Give the routes that keep the shipper from taking its own letters for logs.

    Their bucket may announce them in the queue like any other object, and each would be the cause of another letter.
    """
    found = _S3.fullmatch(settings.s3 or "")
    return (Route(bucket=found["bucket"], prefix=found["prefix"], action="ignore"),) if found else ()
