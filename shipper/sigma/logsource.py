"""What a log source of Sigma is to us: datasets, and where the fields of its rules are in our documents."""

from typing import Any

from msgspec import Struct, field


class Spelling(Struct, frozen=True, kw_only=True):
    """
    Values that are written in another way in our documents.

    Attributes:
        names: the fields that have them, as rules call them
        transformation: of pySigma, with its parameters
    """

    names: tuple[str, ...]
    transformation: dict[str, Any]


class LogSource(Struct, frozen=True, kw_only=True):
    """
    What rules call a log source.

    Attributes:
        name: begins the identifiers of its part of the pipeline
        rules: what the `logsource` of a rule says; one of these has to fit
        datasets: where the documents are
        fields: by name in rules, where it is; with several places one of them has to have the value
        members: the same for all members of an object, by its name and a dot
        addresses: fields that hold an address or, in its place, a name: by name in rules, the endpoint of ECS
        spellings: of values, applied before fields are renamed
    """

    name: str
    rules: tuple[dict[str, str], ...]
    datasets: tuple[str, ...]
    fields: dict[str, str | list[str]]
    members: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    spellings: tuple[Spelling, ...] = ()

    def places(self, name: str) -> tuple[str, ...]:
        """
        Give the paths in our documents of a field as rules call it; the members of an object are `<object>.*`.

        Raises:
            KeyError: there is no such field
        """
        if name in self.addresses:
            return (f"{self.addresses[name]}.address", f"{self.addresses[name]}.ip")
        if name.endswith(".*"):
            return (f"{self.members[name[:-1]]}*",)
        place = self.fields[name]
        return (place,) if isinstance(place, str) else tuple(place)
