"""Keys below a prefix in S3 as a place for dead letters."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shipper.aws import Session, refusal
from shipper.errors import LastResortError
from shipper.lastresort.shelf import is_name

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client


class S3Prefix:
    """
    A prefix in a bucket; see `Shelf`. S3 shows an object as a whole or not at all.

    Args:
        session: opens the client
        bucket: name of the bucket
        prefix: what all keys begin with, a slash at its end
    """

    def __init__(self, session: Session, bucket: str, prefix: str) -> None:
        self._session = session
        self._bucket = bucket
        self._prefix = prefix
        self._client: S3Client | None = None

    @property
    def place(self) -> str:
        """URL of the prefix."""
        return f"s3://{self._bucket}/{self._prefix}"

    async def write(self, name: str, letter: bytes) -> None:
        """Keep a letter; see `Shelf`."""
        with self._asking("s3:PutObject"):
            client = await self._opened()
            await client.put_object(
                Bucket=self._bucket, Key=self._prefix + name, Body=letter, ContentType="application/json"
            )

    async def names(self) -> AsyncIterator[str]:
        """Give the names of all letters; see `Shelf`."""
        with self._asking("s3:ListBucket"):
            client = await self._opened()
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            async for page in pages:
                for found in page.get("Contents", []):
                    name = found["Key"].removeprefix(self._prefix)
                    if is_name(name):
                        yield name

    async def read(self, name: str) -> bytes:
        """Give one letter; see `Shelf`."""
        with self._asking("s3:GetObject"):
            client = await self._opened()
            answer = await client.get_object(Bucket=self._bucket, Key=self._prefix + name)
            async with answer["Body"] as body:
                return await body.read()

    async def remove(self, name: str) -> None:
        """Take a letter away; see `Shelf`."""
        with self._asking("s3:DeleteObject"):
            client = await self._opened()
            await client.delete_object(Bucket=self._bucket, Key=self._prefix + name)

    async def _opened(self) -> "S3Client":
        if self._client is None:
            self._client = await self._session.client("s3", None)
        return self._client

    @contextmanager
    def _asking(self, permission: str) -> Iterator[None]:
        """Make our errors of those of botocore."""
        try:
            yield
        except ClientError as error:
            raise LastResortError(f"{self.place}: {refusal(error, 'S3', f'{permission} is needed')}") from error
        except BotoCoreError as error:
            raise LastResortError(f"{self.place}: S3 does not answer: {error}") from error
