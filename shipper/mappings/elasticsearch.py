"""
Fields and settings as Elasticsearch takes them, from 8.7 on.

https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/field-data-types
"""

from typing import Any, Final

from shipper.mappings.flavour import IGNORE_ABOVE, IGNORE_ABOVE_LONG, Flavour
from shipper.mappings.opensearch import SETTINGS
from shipper.product import Product

_LOGS: Final[dict[str, Any]] = {
    # From 9.0 on a data stream `logs-*-*` would otherwise be `logsdb`, which sorts and spells documents anew, so that
    # what is read back is not what was sent.
    "mode": "standard",
}

ELASTICSEARCH: Final = Flavour(
    product=Product.ELASTICSEARCH,
    settings={"index": {**SETTINGS["index"], **_LOGS}},
    types={
        "flattened": {"type": "flattened", "ignore_above": IGNORE_ABOVE_LONG},
        "keyword": {"type": "keyword", "ignore_above": IGNORE_ABOVE},
        "scaled_float": {"type": "scaled_float", "scaling_factor": 1000.0},
        "wildcard": {"type": "wildcard", "ignore_above": IGNORE_ABOVE_LONG},
    },
    data_stream={},
    has_lifecycle_setting=True,
)
