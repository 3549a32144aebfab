"""S3 over real HTTP."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Final

import pytest
from types_aiobotocore_s3 import S3Client

from shipper.aws import Session
from shipper.bucket import Bucket
from shipper.config import Aws
from shipper.errors import ObjectCorrupt, ObjectMissing, ObjectTooLarge, ObjectUnreadable
from shipper.notification import ObjectRef

REGION: Final = "eu-central-1"
TEXT = b"a line of a log\n" * 10_000


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials from the environment, as in a container."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
async def store(aws_url: str) -> AsyncIterator[Bucket]:
    """A store as the daemon has it."""
    async with Session(Aws(endpoint_url=aws_url), connections=20) as session:
        yield Bucket(session, inflated_bytes=4 << 20, inflated_ratio=500)


@pytest.fixture
async def bucket(s3: S3Client, unique: str) -> str:
    """A bucket of one test's own."""
    await s3.create_bucket(Bucket=unique, CreateBucketConfiguration={"LocationConstraint": REGION})
    return unique


async def read(store: Bucket, bucket: str, key: str, version: str | None = None) -> tuple[str, bytes]:
    """Read an object; give its version and its bytes."""
    async with store.read(ObjectRef(bucket=bucket, key=key, region=REGION, version=version)) as reading:
        return reading.version, b"".join([block async for block in reading.blocks()])


@pytest.mark.parametrize(
    "body",
    [TEXT, gzip.compress(TEXT), gzip.compress(TEXT[:32]) + gzip.compress(TEXT[32:]), gzip.compress(TEXT) + b"\0" * 512],
    ids=["plain", "gzip", "members", "padded"],
)
async def test_an_object(store: Bucket, s3: S3Client, bucket: str, body: bytes) -> None:
    """An object is inflated by what is in it, and has its entity tag for a version."""
    put = await s3.put_object(Bucket=bucket, Key="a.log", Body=body)
    assert await read(store, bucket, "a.log") == (put["ETag"].strip('"'), TEXT)


async def test_content_encoding_does_not_matter(store: Bucket, s3: S3Client, bucket: str) -> None:
    """An object whose headers say that it is gzip is inflated once, not twice and not by the client."""
    await s3.put_object(Bucket=bucket, Key="a", Body=gzip.compress(TEXT), ContentEncoding="gzip")
    assert (await read(store, bucket, "a"))[1] == TEXT


async def test_an_empty_object(store: Bucket, s3: S3Client, bucket: str) -> None:
    """An object of no bytes is nothing, not an error."""
    await s3.put_object(Bucket=bucket, Key="a", Body=b"")
    assert (await read(store, bucket, "a"))[1] == b""


@pytest.mark.parametrize(
    "key", ["with blank", "with+plus", "ünïcode/日本", "a=b/c&d", "100%", "a//b", "q?u#e", "ends."]
)
async def test_keys(store: Bucket, s3: S3Client, bucket: str, key: str) -> None:
    """An object is found under its decoded key, whatever characters are in it."""
    await s3.put_object(Bucket=bucket, Key=key, Body=b"a")
    assert (await read(store, bucket, key))[1] == b"a"


async def test_an_object_that_is_not_there(store: Bucket, bucket: str) -> None:
    """A missing object is told from trouble, and named."""
    with pytest.raises(ObjectMissing, match="NoSuchKey") as caught:
        await read(store, bucket, "a")
    assert str(caught.value).startswith(f"s3://{bucket}/a: ")


async def test_a_bucket_that_is_not_there(store: Bucket, unique: str) -> None:
    """An object of a missing bucket is missing."""
    with pytest.raises(ObjectMissing, match="NoSuchBucket"):
        await read(store, unique, "a")


@pytest.mark.parametrize("name", ["no such name", "a/b", ""])
async def test_a_bucket_that_cannot_be(store: Bucket, name: str) -> None:
    """A bucket's name that nobody can have is an object that is missing, not trouble that passes."""
    with pytest.raises(ObjectMissing, match="there can be no such object"):
        await read(store, name, "a")


async def test_versions(store: Bucket, s3: S3Client, bucket: str) -> None:
    """In a bucket with versions the announced one is read and told from the others; a removed one is missing."""
    await s3.put_object(Bucket=bucket, Key="a", Body=b"before")
    await s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = (await s3.put_object(Bucket=bucket, Key="a", Body=b"first"))["VersionId"]
    second = (await s3.put_object(Bucket=bucket, Key="a", Body=b"second"))["VersionId"]
    assert await read(store, bucket, "a", first) == (first, b"first")
    assert await read(store, bucket, "a") == (second, b"second")
    await s3.delete_object(Bucket=bucket, Key="a", VersionId=first)
    with pytest.raises(ObjectMissing):
        await read(store, bucket, "a", first)


async def test_damaged_and_too_large(store: Bucket, s3: S3Client, bucket: str) -> None:
    """Half a gzip object is corrupt; one that inflates to more than allowed is too large."""
    await s3.put_object(Bucket=bucket, Key="half", Body=gzip.compress(TEXT)[:-10])
    await s3.put_object(Bucket=bucket, Key="large", Body=gzip.compress(b"a" * (5 << 20)))
    with pytest.raises(ObjectCorrupt):
        await read(store, bucket, "half")
    with pytest.raises(ObjectTooLarge):
        await read(store, bucket, "large")


async def test_many_at_once(store: Bucket, s3: S3Client, bucket: str) -> None:
    """Many objects are read at once, also more than there are connections."""
    await s3.put_object(Bucket=bucket, Key="a", Body=gzip.compress(TEXT))
    read_all = await asyncio.gather(*(read(store, bucket, "a") for _ in range(40)))
    assert {content for _, content in read_all} == {TEXT}


async def test_an_object_that_is_left_half_read(store: Bucket, s3: S3Client, bucket: str) -> None:
    """Objects that are given up in the middle leave their connections to others."""
    await s3.put_object(Bucket=bucket, Key="a", Body=bytes(3 << 20))
    for _ in range(25):
        async with store.read(ObjectRef(bucket=bucket, key="a", region=REGION)) as reading:
            assert await anext(aiter(reading.blocks()))
    assert len((await read(store, bucket, "a"))[1]) == 3 << 20


async def test_nobody_listens() -> None:
    """An S3 that cannot be reached is trouble that passes, and the error names the address."""
    nowhere = Aws(endpoint_url="http://127.0.0.1:1", max_attempts=1)
    async with Session(nowhere, connections=1) as session:
        store = Bucket(session, inflated_bytes=1, inflated_ratio=500)
        with pytest.raises(ObjectUnreadable, match=r"S3 does not answer: .*127\.0\.0\.1:1"):
            await read(store, "bucket", "a")
