"""What every document is given beside its own fields: the same for all records of an object, but for three of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from shipper import ecs
from shipper.digest import digest
from shipper.envelopes import Context
from shipper.formats import Unparsed
from shipper.notification import NO_OBJECT
from shipper.source import Origin, Source

ID_BYTES: Final = 512
"""OpenSearch refuses a longer `_id`."""


class Stamp:
    """
    Completes the documents of one object.

    Args:
        source: the object's source
        origin: where its records come from
        namespace: of the data stream
        version: what tells this content of the object from another: its version id or entity tag as S3 answers it
    """

    def __init__(self, source: Source[Any, Any], origin: Origin, *, namespace: str, version: str) -> None:
        ref = origin.object
        self._unique = digest(ref.bucket, ref.key, version)
        self._id: Callable[[Any], str | None] | None = source.id
        self.index = f"logs-{source.dataset}-{namespace}"
        self._dataset = source.dataset
        self._module = source.dataset.partition(".")[0]
        self._data_stream = ecs.DataStream(type="logs", dataset=source.dataset, namespace=namespace)
        self._ecs = ecs.Ecs(version=ecs.VERSION)
        self._bucket = None if ref is NO_OBJECT else ecs.S3Bucket(name=ref.bucket)
        self._key = ref.key
        self._account = ecs.CloudAccount(id=origin.account) if origin.account else None
        self._region = origin.region

    def id(self, record: Any, position: int) -> str:
        """
        Name a record's document so that reading it again gives no second document.

        Args:
            record: as decoded
            position: of the record in its object, counted from 0 before any filter
        """
        if self._id is not None and (own := self._id(record)) and len(own) <= ID_BYTES // 4:
            return own
        return f"{self._unique}-{position}"

    def complete(
        self,
        document: ecs.Document,
        position: int,
        now: datetime,
        unparsed: tuple[Unparsed, ...],
        context: Context | None = None,
    ) -> None:
        """Fill in what the source left to us; what an envelope says counts more than what the key says."""
        event = document.event
        event.module = self._module
        event.dataset = self._dataset
        event.ingested = now
        cloud = document.cloud
        if cloud.provider is None:
            cloud.provider = "aws"
        if document.aws is None:
            document.aws = ecs.Aws()
        if context is not None:
            _complete_from(context, cloud, document.aws)
        if cloud.account is None:
            cloud.account = self._account
        if cloud.region is None:
            cloud.region = self._region
        document.data_stream = self._data_stream
        document.ecs = self._ecs
        if self._bucket is not None:
            document.aws.s3 = ecs.S3(bucket=self._bucket, object=ecs.S3Object(key=self._key, offset=position))
        if document.shipper is None:
            document.shipper = ecs.Shipper()
        document.shipper.lag_seconds = (now - document.timestamp).total_seconds()
        if unparsed:
            document.shipper.unparsed += ecs.set_aside(unparsed)
        if document.shipper.unparsed:
            document.tags += ("type_drift",)


def _complete_from(context: Context, cloud: ecs.Cloud, aws: ecs.Aws) -> None:
    """Fill in what an envelope says of its records."""
    if cloud.account is None and context.account:
        cloud.account = ecs.CloudAccount(id=context.account)
    if cloud.region is None and context.region:
        cloud.region = context.region
    aws.cloudwatch = ecs.some(
        ecs.CloudWatch(log_group=context.log_group or None, log_stream=context.log_stream or None)
    )
