"""When CloudWatch Logs was given a message, as its envelopes say it."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS: Final = 13


def moment(written: Any) -> datetime | None:
    """
    Read such a time.

    Args:
        written: milliseconds since 1970 as a number, or the stamp of an export task, which may be these too

    Returns:
        The time; None for whatever else is there.
    """
    if isinstance(written, bytes):
        text = written.strip().decode("ascii", "replace")
        written = int(text) if text.isdecimal() else text
    if isinstance(written, str):
        try:
            return datetime.fromisoformat(written)
        except ValueError:
            return None
    if type(written) is int and 0 < written < 10**_MILLISECONDS:
        return _EPOCH + timedelta(milliseconds=written)
    return None
