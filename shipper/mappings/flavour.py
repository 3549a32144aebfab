"""How one product takes fields and settings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shipper.mappings.fields import Field
from shipper.product import Product

IGNORE_ABOVE: Final = 1_024
"""Characters of a keyword that can be searched, as ECS says; the document is kept whole in any case."""

IGNORE_ABOVE_LONG: Final = 8_191
"""The same for strings that may be long: Lucene takes terms of 32,766 bytes, and a character is up to four."""

_UNINDEXED: Final = {"type": "keyword", "index": False, "doc_values": False}
"""Takes text of any length: only what is indexed has a limit."""


@dataclass(frozen=True, kw_only=True)
class Flavour:
    """
    A product's way to write mappings and templates.

    Everything is written as the server gives it back (settings are strings below `index`), so that what is installed
    can be compared with what ought to be.

    Attributes:
        product: whose it is
        settings: of all log indices
        types: parameters of a field by its ECS type, where a type has another name than in ECS or a parameter
        data_stream: what an index template says of its data streams
        has_lifecycle_setting: whether an index names its policy in its settings
    """

    product: Product
    settings: Mapping[str, Any]
    types: Mapping[str, Mapping[str, Any]]
    data_stream: Mapping[str, Any]
    has_lifecycle_setting: bool

    @property
    def name(self) -> str:
        """Name of its folder."""
        return self.product.value

    def properties(self, fields: Iterable[Field], aliases: Mapping[str, str] | None = None) -> dict[str, Any]:
        """
        Write fields as the `properties` of a mapping.

        Args:
            fields: with values of their own
            aliases: path of the field that each stands for, by their own path
        """
        written = {field.path: self.parameters(field) for field in fields}
        written |= {name: {"type": "alias", "path": path} for name, path in (aliases or {}).items()}
        root: dict[str, Any] = {}
        for path, parameters in written.items():
            *parents, name = path.split(".")
            place = root
            for parent in parents:
                place = place.setdefault(parent, {}).setdefault("properties", {})
            place[name] = parameters
        return root

    def parameters(self, field: Field) -> dict[str, Any]:
        """Write one field."""
        if field.type == "keyword" and not field.is_indexed:
            return dict(_UNINDEXED)
        written = dict(self.types.get(field.type, {"type": field.type}))
        if field.ignore_above and "ignore_above" in written:
            written["ignore_above"] = field.ignore_above
        if not field.is_indexed:
            written["index"] = False
        if not field.is_sorted:
            written["doc_values"] = False
        return written
