"""Fields that no source declares, as all daemons saw them: asked of the ledger."""

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from shipper import ledger
from shipper.opensearch import OpenSearch

MOST_DATASETS: Final = 100
MOST_FIELDS: Final = 200
"""Of one dataset."""


class Sighting(Struct, frozen=True, kw_only=True):
    """
    A field that is not declared.

    Attributes:
        dataset: of the records
        field: its path
        objects: in how many objects it was seen
        first: when for the first time
        last: when for the last time
        bucket, key: of the object where it was seen last
    """

    dataset: str
    field: str
    objects: int
    first: str
    last: str
    bucket: str
    key: str


async def sightings(engine: OpenSearch, namespace: str) -> list[Sighting]:
    """
    Give all that the ledger has, by dataset, the most frequent first.

    Raises:
        OpenSearchError: OpenSearch does not answer, or refuses
    """
    path = f"/logs-{ledger.DATASET}-{namespace}/_search"
    answer = await engine.request("POST", path, _question(), {"ignore_unavailable": "true"})
    return list(_found(answer.get("aggregations", {}))) if answer else []


def _question() -> dict[str, Any]:
    newest = {"size": 1, "sort": [{"@timestamp": "desc"}], "_source": ["aws.s3.bucket.name", "aws.s3.object.key"]}
    about = {
        "first": {"min": {"field": "@timestamp"}},
        "last": {"max": {"field": "@timestamp"}},
        "newest": {"top_hits": newest},
    }
    fields = {"terms": {"field": "shipper.object.unknown_fields", "size": MOST_FIELDS}, "aggs": about}
    datasets = {"terms": {"field": "shipper.object.dataset", "size": MOST_DATASETS, "order": {"_key": "asc"}}}
    delivered = [
        {"exists": {"field": "shipper.object.unknown_fields"}},
        {"term": {"shipper.object.outcome": "delivered"}},
    ]
    return {
        "size": 0,
        "query": {"bool": {"filter": delivered}},
        "aggs": {"datasets": {**datasets, "aggs": {"fields": fields}}},
    }


def _found(answer: dict[str, Any]) -> Iterator[Sighting]:
    for dataset in answer.get("datasets", {}).get("buckets", ()):
        for field in dataset["fields"]["buckets"]:
            s3 = field["newest"]["hits"]["hits"][0]["_source"]["aws"]["s3"]
            yield Sighting(
                dataset=dataset["key"],
                field=field["key"],
                objects=field["doc_count"],
                first=field["first"]["value_as_string"],
                last=field["last"]["value_as_string"],
                bucket=s3["bucket"]["name"],
                key=s3["object"]["key"],
            )
