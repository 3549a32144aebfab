"""What a letter itself holds of its record, for when the object is gone."""

from datetime import datetime
from typing import Any

from shipper.errors import LetterError
from shipper.formats import ByMagic, Format, Parquet, Table
from shipper.redrive.letters import Letter
from shipper.shipment import Shipment, Shipped
from shipper.source import Origin, Source


def stands_alone(form: Format[Any]) -> bool:
    """Tell whether a record of a format can be read without what stands before it in the object, such as a header."""
    if isinstance(form, ByMagic):
        return all(map(stands_alone, (*form.formats.values(), form.otherwise)))
    return not isinstance(form, Table | Parquet)


def shipped_from_original(
    letter: Letter, source: Source[Any, Any], origin: Origin, *, namespace: str, record_bytes: int, now: datetime
) -> Shipped:
    """
    Drive the record that a letter holds, under the id and position that it had in its object.

    What an envelope around the record said (account, log group) is not kept and will be missing.

    Args:
        letter: with its original
        source: of its object
        origin: of its object
        namespace: of the data stream
        record_bytes: longest record
        now: the time

    Raises:
        LetterError: the letter does not hold all that is needed
    """
    if not stands_alone(source.format):
        raise LetterError("a line of a table cannot be read without the header of its object")
    position = letter.content.position
    if position is None or not letter.version:
        raise LetterError("the letter does not say which record it holds")
    original = letter.original
    shipment = Shipment(
        source, origin, namespace=namespace, version=letter.version, record_bytes=record_bytes, first=position
    )
    found = [*shipment.feed(original, now), *shipment.finish(now)]
    if len(found) != 1:
        raise LetterError(f"the original holds {len(found)} records")
    return found[0]
