"""Which letters: as a query for OpenSearch, and as a question to a letter that lies elsewhere."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from shipper.redrive.letters import Letter


class Selection(Struct, frozen=True, kw_only=True):
    """
    Letters for which everything that is given here is so.

    Attributes:
        id: of the letter
        reasons: any of these
        datasets: any of these
        since: written then or later
        until: written before
        bucket: of the object
        key: of the object
        prefix: what the key begins with
    """

    id: str | None = None
    reasons: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    bucket: str | None = None
    key: str | None = None
    prefix: str | None = None

    def query(self) -> dict[str, Any]:
        """Write it as a query."""
        clauses: list[dict[str, Any]] = [
            {"term": {field: value}}
            for field, value in (
                ("shipper.deadletter.id", self.id),
                ("aws.s3.bucket.name", self.bucket),
                ("aws.s3.object.key", self.key),
            )
            if value is not None
        ]
        if self.reasons:
            clauses.append({"terms": {"shipper.deadletter.reason": list(self.reasons)}})
        if self.datasets:
            clauses.append({"terms": {"shipper.deadletter.dataset": list(self.datasets)}})
        if self.prefix is not None:
            clauses.append({"prefix": {"aws.s3.object.key": self.prefix}})
        bounds = {name: time.isoformat() for name, time in (("gte", self.since), ("lt", self.until)) if time}
        if bounds:
            clauses.append({"range": {"@timestamp": bounds}})
        return {"bool": {"filter": clauses}}

    def fits(self, letter: Letter) -> bool:
        """Tell whether a letter is among them."""
        content, ref, written = letter.content, letter.ref, letter.document.timestamp
        return (
            self.id in (None, content.id)
            and (not self.reasons or content.reason in self.reasons)
            and (not self.datasets or content.dataset in self.datasets)
            and (self.since is None or written >= self.since)
            and (self.until is None or written < self.until)
            and (self.bucket is None or (ref is not None and ref.bucket == self.bucket))
            and (self.key is None or (ref is not None and ref.key == self.key))
            and (self.prefix is None or (ref is not None and ref.key.startswith(self.prefix)))
        )
