"""
Where a document comes from: its object and record, the ledger's entries of that object, and the record read again.

https://docs.opensearch.org/latest/query-dsl/term/ids/
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from shipper import deadletter, ledger
from shipper.comparison import Difference, differences
from shipper.digest import digest
from shipper.errors import DocumentMissing, ObjectError, ObjectMissing, RecordError
from shipper.mappings.templates import document_types
from shipper.notification import ObjectRef
from shipper.opensearch import OpenSearch
from shipper.rereading import Reread, Rereader
from shipper.shipment import Shipped
from shipper.source import Skip, Sources

MOST_ENTRIES: Final = 100
"""Ledger entries that are shown of an object; each is an attempt."""


class Again(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    The record read again.

    Attributes:
        outcome: `same`, `differs`, `document` (a dead letter's record becomes one now), `error`, `filtered`, or
            `unreadable`
        text: the outcome in words
        version: of the object as S3 answers it now
        original: the record as it stands in the object
        document: what the current code makes of it
        differences: from the document that is indexed
    """

    outcome: str
    text: str
    version: str | None = None
    original: str | None = None
    document: dict[str, Any] | None = None
    differences: tuple[Difference, ...] = ()


class Explanation(Struct, frozen=True, kw_only=True):
    """
    All that is known of a document.

    Attributes:
        id: its `_id`
        index: its backing index
        dataset: of its source; for a dead letter or a ledger entry that of the object's records
        source: name of the source's module
        bucket, key: the object; None for a dead letter that stands for a message
        version: of the object when it was read, if the ledger tells
        position: of its record; None where it stands for the whole object
        ledger: all attempts at the object, the oldest first
        document: as it is indexed
        again: the record read again; None where there is no record to read
    """

    id: str
    index: str
    dataset: str
    source: str | None
    bucket: str | None
    key: str | None
    version: str | None
    position: int | None
    ledger: tuple[dict[str, Any], ...]
    document: dict[str, Any]
    again: Again | None


class Explainer:
    """
    Explains documents.

    Args:
        engine: where they are
        namespace: of the data streams
        sources: the log sources
        rereader: reads records again
    """

    def __init__(self, engine: OpenSearch, namespace: str, sources: Sources, rereader: Rereader) -> None:
        self._engine = engine
        self._namespace = namespace
        self._sources = sources
        self._rereader = rereader

    async def explain(self, id_: str) -> AsyncIterator[Explanation]:
        """
        Explain each document with an id: after a rollover, or in several data streams, there may be more than one.

        Raises:
            DocumentMissing: there is none
            OpenSearchError: OpenSearch does not answer, or refuses
        """
        streams = ",".join(f"logs-{dataset}-{self._namespace}" for dataset in sorted(document_types()))
        hits = await self._search(streams, {"ids": {"values": [id_]}}, MOST_ENTRIES)
        if not hits:
            raise DocumentMissing(
                f"no document of namespace {self._namespace!r} has the id {id_!r}; "
                "what is new can be found after the index's refresh_interval"
            )
        for hit in hits:
            yield await self._explained(hit)

    async def _explained(self, hit: Mapping[str, Any]) -> Explanation:
        document = hit["_source"]
        s3 = document.get("aws", {}).get("s3", {})
        bucket, key = s3.get("bucket", {}).get("name"), s3.get("object", {}).get("key")
        position = s3.get("object", {}).get("offset")
        entries = await self._entries(bucket, key) if key else ()
        entry = _entry_of(hit["_id"], bucket, key, entries)
        told = entry.get("shipper", {}).get("object", {})
        dataset = _dataset(document)
        source = next((source.name for source in self._sources if source.dataset == dataset), None)
        again = None
        if key and position is not None:
            region = entry.get("cloud", {}).get("region")
            ref = ObjectRef(bucket=bucket, key=key, region=region, version=told.get("version_id"))
            again = await self._again(hit, ref, dataset, position, told.get("version"))
        return Explanation(
            id=hit["_id"],
            index=hit["_index"],
            dataset=dataset,
            source=source,
            bucket=bucket,
            key=key,
            version=told.get("version"),
            position=position,
            ledger=entries,
            document=document,
            again=again,
        )

    async def _again(
        self, hit: Mapping[str, Any], ref: ObjectRef, dataset: str, position: int, version: str | None
    ) -> Again:
        """Read the record again and compare."""
        claim = self._sources.route(ref) or self._sources.of(ref, dataset)
        if claim is None or isinstance(claim, Skip):
            why = (
                f"it holds no logs ({claim.reason})" if claim else f"no source claims its key, or is that of {dataset}"
            )
            return Again(outcome="unreadable", text=f"the object is not read again: by the current settings {why}")
        try:
            reread = await self._rereader.read(*claim, position)
        except ObjectMissing as error:
            return Again(outcome="unreadable", text=f"the object is gone: {error.message}")
        except ObjectError as error:
            return Again(outcome="unreadable", text=f"the object cannot be read again: {error.message}")
        return _compared(hit, reread, version)

    async def _entries(self, bucket: str, key: str) -> tuple[dict[str, Any], ...]:
        """Give all ledger entries of an object."""
        query = {"bool": {"filter": [{"term": {"aws.s3.bucket.name": bucket}}, {"term": {"aws.s3.object.key": key}}]}}
        hits = await self._search(f"logs-{ledger.DATASET}-{self._namespace}", query, MOST_ENTRIES)
        return tuple(hit["_source"] for hit in hits)

    async def _search(self, index: str, query: dict[str, Any], size: int) -> list[dict[str, Any]]:
        body = {"query": query, "size": size, "sort": [{"@timestamp": "asc"}]}
        answer = await self._engine.request("POST", f"/{index}/_search", body, {"ignore_unavailable": "true"})
        return list(answer["hits"]["hits"]) if answer else []


def _dataset(document: Mapping[str, Any]) -> str:
    """Give the dataset of the records that a document tells of."""
    own = document["event"]["dataset"]
    about = {deadletter.DATASET: "deadletter", ledger.DATASET: "object"}
    return str(document["shipper"][about[own]]["dataset"] if own in about else own)


def _entry_of(id_: str, bucket: str, key: str, entries: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """Find the entry of the content that a document was made of: its id tells, else it is the latest one read."""
    read = [entry for entry in entries if "version" in entry["shipper"]["object"]]
    for entry in read:
        if id_.startswith(digest(bucket, key, entry["shipper"]["object"]["version"])):
            return entry
    return read[-1] if read else {}


def _compared(hit: Mapping[str, Any], reread: Reread, version: str | None) -> Again:
    then = f"; the object was overwritten: {version} then, {reread.version} now"
    note = then if version not in {None, reread.version} else ""
    if reread.shipped is None:
        text = f"the object has only {reread.records} records"
        return Again(outcome="unreadable", text=text + note, version=reread.version)
    outcome, text, found = _judged(hit, reread.shipped)
    result = reread.shipped.result
    return Again(
        outcome=outcome,
        text=text + note,
        version=reread.version,
        original=reread.original.decode(errors="backslashreplace"),
        document=msgspec.json.decode(result) if isinstance(result, bytes) else None,
        differences=found,
    )


def _judged(hit: Mapping[str, Any], shipped: Shipped) -> tuple[str, str, tuple[Difference, ...]]:
    """Give the outcome of a record that was read again, that in words, and where its document differs."""
    stored, result = hit["_source"], shipped.result
    letter = stored.get("shipper", {}).get("deadletter")
    if result is None:
        return "filtered", "the current code takes the record for not worth a document", ()
    if isinstance(result, RecordError):
        same = letter is not None and letter["reason"] == result.reason
        return "same" if same else "error", f"the record becomes no document: {result.reason}: {result.cause}", ()
    if letter is not None:
        return "document", "the current code makes a document of it", ()
    found = differences({"_id": hit["_id"], **stored}, {"_id": shipped.id, **msgspec.json.decode(result)})
    if not found:
        return "same", "the same document", ()
    return "differs", f"the current code makes another document of it; fields that differ: {len(found)}", found
