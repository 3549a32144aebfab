"""The values of one record, all of which a template may have in quotes."""

from datetime import UTC, datetime
from typing import Final, TypeVar

from shipper import ecs, web
from shipper.formats import Entry
from shipper.remembered import remembered
from shipper.source import Origin
from shipper.sources.aws_apigateway_logs.record import Number, Truth

T = TypeVar("T")

_LONG: Final = 1 << 63
_MILLISECONDS: Final = 10**11
"""A larger number of time since 1970 counts milliseconds: HTTP APIs may count seconds."""
_DATE: Final = "%b %d %H:%M:%S %Y GMT"
_TRUTHS: Final = {"true": True, "false": False}


class Values:
    """
    Reads the values of one record.

    Attributes:
        unread: those that are not what they should be
    """

    __slots__ = ("unread",)

    def __init__(self) -> None:
        self.unread: tuple[ecs.Unparsed, ...] = ()

    def number(self, written: Number, name: str) -> int | None:
        """Read a whole number."""
        if written is None or written in {"-", ""}:
            return None
        try:
            number = int(written)
        except (ValueError, OverflowError):
            number = _LONG
        return self._kept(number if -_LONG <= number < _LONG else None, written, name)

    def since_1970(self, written: Number, name: str) -> datetime | None:
        """Read a time that is a number of milliseconds, or of seconds."""
        number = self.number(written, name)
        return None if number is None else self._kept(_since_1970(number), written, name)

    def second(self, written: str | None, name: str) -> datetime | None:
        """Read a time of the Common Log Format."""
        text = ecs.given(written)
        return self._kept(web.clf_time(text), text, name) if text else None

    def date(self, written: str | None, name: str) -> datetime | None:
        """Read a time as certificates have it."""
        text = ecs.given(written)
        return self._kept(_date(text), text, name) if text else None

    def truth(self, written: Truth, name: str) -> bool | None:
        """Read `true` or `false`."""
        if isinstance(written, bool):
            return written
        text = ecs.given(written)
        return self._kept(_TRUTHS.get(text), text, name) if text else None

    def _kept(self, value: T | None, written: Number, name: str) -> T | None:
        """Give a value back; where there is none, keep what is written."""
        if value is None:
            self.unread += (ecs.Unparsed(field=name, value=str(written)),)
        return value


def time_of(moment: datetime | None, record: Entry, origin: Origin) -> tuple[datetime, tuple[str, ...]]:
    """
    Give the time of a record, and the tags that say whence it is.

    Args:
        moment: the record's own time
        record: where there is none, its envelope may tell
        origin: tells it less exactly

    Raises:
        ValueError: nothing tells it
    """
    if moment:
        return moment, ()
    if record.around.time:
        return record.around.time, ("time_from_envelope",)
    if origin.time is None:
        raise ValueError("the record has no time that can be read, and the key has no time")
    return origin.time, ("time_from_key",)


def _since_1970(number: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, UTC)
    except (ValueError, OverflowError, OSError):  # beyond the years that there are
        return None


def identifier(written: str | int | None) -> str | None:
    """Give an id, which may look like a number."""
    return ecs.given(written) if written is None or isinstance(written, str) else str(written)


@remembered(256)
def _date(text: str) -> datetime | None:
    """Read `May 28 12:30:02 2019 GMT`."""
    try:
        return datetime.strptime(text, _DATE).replace(tzinfo=UTC)
    except ValueError:
        return None
