"""Collects what is to be seen in OpenSearch, over all backing indices."""

from collections.abc import AsyncIterator
from typing import Any, Final

from faults.expectation import WHOLE_OBJECT
from faults.oracle import Document, Entry, Letter
from shipper.opensearch import OpenSearch

_PAGE: Final = 2000
_FIELDS: Final = [
    *("event.id", "aws.vpcflow.interface_id", "aws.s3.object", "shipper.deadletter.reason"),
    *("shipper.object", "tags"),
]
_DEAD: Final = "logs-shipper.deadletter-"
_LEDGER: Final = "logs-shipper.objects-"


async def collect(
    engine: OpenSearch, namespace: str, *, streams: str = "logs-*"
) -> tuple[list[Document], list[Letter], list[Entry]]:
    """
    Give all documents, dead letters and ledger entries of a namespace.

    Args:
        engine: where they are
        namespace: of the data streams
        streams: pattern for type and dataset of the data streams that are read
    """
    documents: list[Document] = []
    letters: list[Letter] = []
    entries: list[Entry] = []
    told = await engine.request("GET", f"/_data_stream/{streams}-{namespace}")
    for stream in told["data_streams"] if told else ():
        for index in stream["indices"]:
            async for hit in _hits(engine, index["index_name"]):
                if stream["name"].startswith(_DEAD):
                    letters.append(_letter(hit))
                elif stream["name"].startswith(_LEDGER):
                    entries.append(_entry(hit))
                else:
                    documents.append(_document(hit))
    return documents, letters, entries


async def _hits(engine: OpenSearch, index: str) -> AsyncIterator[dict[str, Any]]:
    await engine.request("POST", f"/{index}/_refresh")
    body = {"size": _PAGE, "_source": _FIELDS, "sort": ["_doc"]}
    answer = await engine.request("POST", f"/{index}/_search", body, {"scroll": "1m"})
    while hits := answer["hits"]["hits"]:
        for hit in hits:
            yield hit
        answer = await engine.request("POST", "/_search/scroll", {"scroll": "1m", "scroll_id": answer["_scroll_id"]})
    await engine.request("DELETE", "/_search/scroll", {"scroll_id": answer["_scroll_id"]})


def _document(hit: dict[str, Any]) -> Document:
    source = hit["_source"]
    return Document(_id(source), hit["_index"], rescued="rescued" in source.get("tags", ()))


def _id(source: dict[str, Any]) -> str:
    """Find the id that the record carried; a document without one is shown by its place."""
    flow = source["aws"].get("vpcflow", {}).get("interface_id")
    return str(flow or source.get("event", {}).get("id") or source["aws"]["s3"]["object"])


def _letter(hit: dict[str, Any]) -> Letter:
    source = hit["_source"]
    place = source.get("aws", {}).get("s3", {}).get("object", {})
    reason = source["shipper"]["deadletter"]["reason"]
    return Letter(place.get("key", ""), place.get("offset", WHOLE_OBJECT), reason, hit["_index"])


def _entry(hit: dict[str, Any]) -> Entry:
    told = hit["_source"]["shipper"]["object"]
    others = sum(told[name] for name in ("duplicates", "filtered", "dead_lettered", "released"))
    key = hit["_source"]["aws"]["s3"]["object"]["key"]
    return Entry(
        key=key,
        id=hit["_id"],
        index=hit["_index"],
        delivered=told["outcome"] == "delivered",
        read=told["read"],
        indexed=told["indexed"],
        others=others,
    )
