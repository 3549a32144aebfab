"""
Fields and settings as OpenSearch takes them, from 2.15 on.

https://docs.opensearch.org/latest/mappings/supported-field-types/index/
"""

from typing import Any, Final

from shipper.mappings.flavour import IGNORE_ABOVE, IGNORE_ABOVE_LONG, Flavour
from shipper.product import Product

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
"""Settings of all log indices; `docs/templates.md` says why."""

OPENSEARCH: Final = Flavour(
    product=Product.OPENSEARCH,
    settings=SETTINGS,
    types={
        # Aggregations on `constant_keyword` give the name of the backing index (3.6).
        "constant_keyword": {"type": "keyword", "ignore_above": IGNORE_ABOVE},
        "flattened": {"type": "flat_object"},
        "keyword": {"type": "keyword", "ignore_above": IGNORE_ABOVE},
        "scaled_float": {"type": "scaled_float", "scaling_factor": 1000.0},
        # A `query_string` query does not find `field:*part*` in a `wildcard` field (3.6), and Dashboards does not know
        # the type.
        "wildcard": {"type": "keyword", "ignore_above": IGNORE_ABOVE_LONG},
    },
    data_stream={"timestamp_field": {"name": "@timestamp"}},
    # An index state management policy says itself which indices it is for.
    has_lifecycle_setting=False,
)
