"""What tells the records of one log from those of all others: for objects whose keys do not tell."""

import re

from msgspec import Struct


class Specimen(Struct, frozen=True, kw_only=True):
    """
    What can be seen of one record without knowing which log it is of.

    Attributes:
        members: names of its members, of a JSON object
        line: the line, of a text
        columns: names of columns, where the line is a header; of a Parquet file those of its schema
    """

    members: frozenset[str] = frozenset()
    line: str = ""
    columns: frozenset[str] = frozenset()


class Marks(Struct, frozen=True, kw_only=True):
    """
    What only the records of one source have. Any one of these is enough.

    Attributes:
        members: groups of names; a JSON object is marked when it has all members of a group
        line: pattern that a line of text begins with
        columns: names of which a header, or the schema of a Parquet file, has one
    """

    members: tuple[tuple[str, ...], ...] = ()
    line: str | None = None
    columns: tuple[str, ...] = ()

    def fit(self, specimen: Specimen) -> bool:
        """Tell whether a record has any of these."""
        return (
            any(specimen.members.issuperset(group) for group in self.members)
            or not specimen.columns.isdisjoint(self.columns)
            or (self.line is not None and re.match(self.line, specimen.line) is not None)
        )
