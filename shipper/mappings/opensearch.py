"""
Fields as OpenSearch takes them, and the settings of log indices.

https://docs.opensearch.org/latest/mappings/supported-field-types/index/

Everything is written as OpenSearch gives it back (settings are strings below `index`), so that what is installed can be
compared with what ought to be.
"""

from collections.abc import Iterable
from typing import Any, Final

from shipper.mappings.fields import Field

IGNORE_ABOVE: Final = 1_024
"""Characters of a keyword that can be searched, as ECS says; the document is kept whole in any case."""

IGNORE_ABOVE_LONG: Final = 8_191
"""The same for strings that may be long: Lucene takes terms of 32,766 bytes, and a character is up to four."""

SETTINGS: Final[dict[str, Any]] = {
    "index": {
        "auto_expand_replicas": "0-1",
        "codec": "best_compression",
        "mapping": {"total_fields": {"limit": "2000"}},
        "number_of_shards": "1",
        "refresh_interval": "10s",
        "sort": {"field": "@timestamp", "order": "desc"},
    }
}
"""Settings of all log indices; `mappings/README.md` says why."""

DYNAMIC: Final[dict[str, Any]] = {"date_detection": False, "dynamic": "false"}
"""A field that is not declared stays in the document and is never mapped, whatever a log brings."""

_TYPES: Final[dict[str, dict[str, Any]]] = {
    # Aggregations on `constant_keyword` give the name of the backing index (3.6).
    "constant_keyword": {"type": "keyword", "ignore_above": IGNORE_ABOVE},
    "flattened": {"type": "flat_object"},
    "keyword": {"type": "keyword", "ignore_above": IGNORE_ABOVE},
    "scaled_float": {"type": "scaled_float", "scaling_factor": 1000.0},
    # A `query_string` query does not find `field:*part*` in a `wildcard` field (3.6), and Dashboards does not know it.
    "wildcard": {"type": "keyword", "ignore_above": IGNORE_ABOVE_LONG},
}
"""Where a type has another name than in ECS, or a parameter."""

_UNINDEXED: Final = {"type": "keyword", "index": False, "doc_values": False}
"""Takes text of any length: only what is indexed has a limit."""


def properties(fields: Iterable[Field]) -> dict[str, Any]:
    """Write fields as the `properties` of a mapping."""
    root: dict[str, Any] = {}
    for field in fields:
        *parents, name = field.path.split(".")
        place = root
        for parent in parents:
            place = place.setdefault(parent, {}).setdefault("properties", {})
        place[name] = parameters(field)
    return root


def parameters(field: Field) -> dict[str, Any]:
    """Write one field."""
    if field.type == "keyword" and not field.is_indexed:
        return dict(_UNINDEXED)
    written = dict(_TYPES.get(field.type, {"type": field.type}))
    if field.ignore_above and "ignore_above" in written:
        written["ignore_above"] = field.ignore_above
    if not field.is_indexed:
        written["index"] = False
    return written
