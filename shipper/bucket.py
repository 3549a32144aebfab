"""
S3: from an object's name to its inflated bytes, block by block.

Botocore's errors become ours here; each says which permission is missing where that is the likely cause.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

from aiohttp import ClientError as ConnectionFault
from botocore.exceptions import BotoCoreError, ClientError, InvalidRegionError, ParamValidationError

from shipper.aws import Session, said
from shipper.compression import Inflater
from shipper.errors import (
    CompressionError,
    InflatedTooLarge,
    KeyDenied,
    ObjectCorrupt,
    ObjectDenied,
    ObjectError,
    ObjectMissing,
    ObjectTooLarge,
    ObjectUnreadable,
)
from shipper.notification import ObjectRef

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

READ_BYTES: Final = 256 << 10
"""Most bytes that are taken from the network at once: they inflate to a few blocks."""

CHECKED_BYTES: Final = 4 << 20
"""Inflated bytes that are kept back until the checksum of what they were inflated from has been seen."""

MOST_REGIONS: Final = 64
"""Clients, of which each keeps connections; AWS has fewer regions, but a notification may name any."""

PATIENCE_SECONDS: Final = 60.0
SLOWEST: Final = 16 << 10
"""Bytes a second that a body has to come with once this patience is used up: a slower one holds up the others."""

NO_VERSION: Final = "null"
"""Version id of whatever was written while its bucket kept no versions: it does not tell one content from another."""

_MISSING: Final = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NoSuchVersion"})
_DENIED: Final = frozenset({"403", "AccessDenied", "AllAccessDisabled"})
_CREDENTIALS: Final = frozenset({"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch"})


class Reading(Protocol):
    """An object that is being read."""

    @property
    def version(self) -> str:
        """What tells this content from another under the same key: version id, else entity tag, as S3 answered it."""

    @property
    def size(self) -> int:
        """Bytes as stored."""

    def blocks(self) -> AsyncIterator[bytes]:
        """
        Give the inflated bytes in order.

        Raises:
            ObjectError: the body broke off, is damaged, or is larger than the limit
        """


class ObjectStore(Protocol):
    """Where objects lie; `Bucket` is the real one."""

    def read(self, ref: ObjectRef, *, whole: bool = False) -> AbstractAsyncContextManager[Reading]:
        """
        Open an object.

        Args:
            ref: the object
            whole: whether nothing is to be given of an object that turns out to be damaged, unless it is large

        Raises:
            ObjectError: it is missing, or may not be read
        """


class Bucket:
    """
    Reads objects of any bucket, with a client per region.

    Args:
        session: opens the clients
        inflated_bytes: most inflated bytes of an object
        inflated_ratio: most inflated bytes for each byte of a large object
    """

    def __init__(self, session: Session, *, inflated_bytes: int, inflated_ratio: int) -> None:
        self._session = session
        self._inflated_bytes = inflated_bytes
        self._inflated_ratio = inflated_ratio
        self._clients: dict[str | None, asyncio.Task[S3Client]] = {}

    @asynccontextmanager
    async def read(self, ref: ObjectRef, *, whole: bool = False) -> AsyncIterator[Reading]:
        """Open an object; see `ObjectStore`."""
        with _mapped(ref):
            client = await self._client(ref.region)
            if ref.version:
                answer = await client.get_object(Bucket=ref.bucket, Key=ref.key, VersionId=ref.version)
            else:
                answer = await client.get_object(Bucket=ref.bucket, Key=ref.key)
        async with answer["Body"] as body:
            version = answer.get("VersionId", NO_VERSION)
            if version == NO_VERSION:
                version = answer["ETag"].strip('"')
            inflater = Inflater(limit=self._inflated_bytes, ratio=self._inflated_ratio)
            checked = CHECKED_BYTES if whole else 0
            yield _Body(ref, body, version, size=answer["ContentLength"], inflater=inflater, checked=checked)

    async def probe(self, name: str) -> str:
        """
        Try what reading a bucket needs, on its first object; gives what was seen.

        Raises:
            ObjectError: the bucket cannot be listed, or its first object cannot be read
        """
        ref = ObjectRef(bucket=name, key="")
        with _mapped(ref):
            client = await self._client(None)
            listing = await client.list_objects_v2(Bucket=name, MaxKeys=1)
            for found in listing.get("Contents", []):
                answer = await client.get_object(Bucket=name, Key=found["Key"], Range="bytes=0-0")
                answer["Body"].close()
                return f"can be listed and read, e.g. {found['Key']!r}"
        return "can be listed; it is empty, so that reading could not be tried"

    async def _client(self, region: str | None) -> "S3Client":
        """Give the client of a region; the first caller opens it, the others wait for it."""
        if region not in self._clients and len(self._clients) >= MOST_REGIONS:
            region = None
        opening = self._clients.get(region)
        if opening is None or (opening.done() and opening.exception()):
            opening = self._clients[region] = asyncio.create_task(self._session.client("s3", region))
        return await asyncio.shield(opening)


class _Body:
    """The body of one GetObject."""

    def __init__(self, ref: ObjectRef, body: Any, version: str, *, size: int, inflater: Inflater, checked: int) -> None:
        self._ref = ref
        self._body = body
        self.version = version
        self.size = size
        self._inflater = inflater
        self._checked = checked
        self._patience = PATIENCE_SECONDS

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        """Give the inflated bytes in order; see `Reading`."""
        kept: list[bytes] = []
        room = self._checked
        try:
            async for block in self._inflated():
                room -= len(block)
                kept.append(block)
                if room < 0:
                    for one in kept:
                        yield one
                    kept.clear()
        except ObjectTooLarge:  # which it will always be
            for one in kept:
                yield one
            raise
        for one in kept:
            yield one

    async def _inflated(self) -> AsyncGenerator[bytes, None]:
        with _mapped(self._ref):
            while data := await self._read():
                for block in self._inflater.feed(data):
                    yield block
            for block in self._inflater.finish():
                yield block

    async def _read(self) -> bytes:
        """Read some bytes, unless all of them together have kept us waiting for too long."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        data: bytes = await self._body.read(READ_BYTES)
        self._patience += len(data) / SLOWEST - (loop.time() - started)
        if self._patience < 0:
            raise ObjectUnreadable(self._ref.bucket, self._ref.key, f"S3 sends less than {SLOWEST} bytes a second")
        return data


@contextmanager
def _mapped(ref: ObjectRef) -> Iterator[None]:
    """Make our errors of those of botocore and of the decompression."""
    try:
        yield
    except ClientError as error:
        raise _of_answer(ref, error) from error
    except (ParamValidationError, InvalidRegionError) as error:
        raise ObjectMissing(ref.bucket, ref.key, f"there can be no such object: {error}") from error
    except (BotoCoreError, ConnectionFault, TimeoutError) as error:
        raise ObjectUnreadable(ref.bucket, ref.key, f"S3 does not answer: {error}") from error
    except InflatedTooLarge as error:
        raise ObjectTooLarge(ref.bucket, ref.key, str(error)) from error
    except CompressionError as error:
        raise ObjectCorrupt(ref.bucket, ref.key, str(error)) from error


def _of_answer(ref: ObjectRef, error: ClientError) -> ObjectError:
    """Tell a missing object from a denied one, and both from a service that has trouble."""
    code, message = said(error)
    if code in _MISSING:
        return ObjectMissing(ref.bucket, ref.key, f"there is no such object ({code}): {message}")
    if code.startswith("KMS") or "kms:" in message:
        return KeyDenied(
            ref.bucket, ref.key, f"kms:Decrypt is needed for the key it is encrypted with ({code}): {message}"
        )
    if code in _DENIED:
        hint = "s3:GetObject is needed, and s3:ListBucket to tell a missing object from a denied one"
        return ObjectDenied(ref.bucket, ref.key, f"{hint} ({code}): {message}")
    if code in _CREDENTIALS:
        return ObjectUnreadable(ref.bucket, ref.key, f"our AWS credentials are not valid ({code}): {message}")
    return ObjectUnreadable(ref.bucket, ref.key, f"S3 answered {code}: {message}")
