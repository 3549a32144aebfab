"""A time as people write it: `2026-08-03`, `2026-08-03T12:00:00Z`, or so long ago, `2h`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from shipper.errors import ConfigError

_AGO: Final = re.compile(r"(?P<number>\d{1,6})(?P<unit>[smhdw])", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> datetime:
    """
    Read a time; one without a zone is in UTC.

    Args:
        text: ISO 8601, or a number and one of s, m, h, d, w for so long before now
        now: the time

    Raises:
        ConfigError: it is neither
    """
    try:
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago["unit"]]: int(ago["number"])})
        time = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"{text!r} is no time; write 2026-08-03, 2026-08-03T12:00:00Z, or 2h for two hours ago (s, m, h, d, w)"
        ) from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)
