"""Which records of an object have a document, under whatever id: what was corrected since has other ids."""

from collections.abc import Sequence
from typing import Final

from shipper.notification import ObjectRef
from shipper.opensearch import OpenSearch

MOST_HITS: Final = 10_000
"""That a search gives; a document may lie in several backing indices, so that there can be more hits than ids."""


async def refresh(engine: OpenSearch, index: str) -> None:
    """Let searches see all that is indexed so far."""
    await engine.request("POST", f"/{index}/_refresh")


async def present_positions(engine: OpenSearch, index: str, ref: ObjectRef, positions: Sequence[int]) -> set[int]:
    """Give those of the positions in an object whose record has a document, whatever content the object had then."""
    clauses = [
        {"term": {"aws.s3.bucket.name": ref.bucket}},
        {"term": {"aws.s3.object.key": ref.key}},
        {"terms": {"aws.s3.object.offset": list(positions)}},
    ]
    body = {
        "size": MOST_HITS,
        "query": {"bool": {"filter": clauses}},
        "_source": ["aws.s3.object.offset"],
    }
    answer = await engine.request("POST", f"/{index}/_search", body)
    return {hit["_source"]["aws"]["s3"]["object"]["offset"] for hit in answer["hits"]["hits"]} if answer else set()
