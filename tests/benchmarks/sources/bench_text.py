"""Lines of an access log, each as it is."""

from datetime import UTC, datetime
from typing import Final

from shipper import ecs
from shipper.formats import Record, TextLines
from shipper.source import Origin, Source

_EPOCH: Final = datetime.fromtimestamp(0, UTC)


class Line(Record):
    """One line."""

    message: str


class LineDocument(ecs.Document, kw_only=True):
    """One line as it is indexed."""

    message: str


def document(line: Line, origin: Origin) -> LineDocument:
    """Make a document of a line, which happened when its object was written."""
    return LineDocument(
        timestamp=origin.time or _EPOCH, cloud=ecs.Cloud(), event=ecs.Event(kind="event"), message=line.message
    )


source = Source(dataset="bench.text", key=r"^bench/text/", format=TextLines(Line), document=document)
