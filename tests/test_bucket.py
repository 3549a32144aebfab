"""S3 as far as it makes sense without a server: how an object is opened and read, and what errors mean."""

import asyncio
import gzip
import os
import re
from typing import Any, Self

import pytest
from aiohttp import ClientPayloadError
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    IncompleteReadError,
    InvalidRegionError,
    NoCredentialsError,
    ParamValidationError,
)
from fakes import on_fake_time
from isal import igzip

from shipper.bucket import CHECKED_BYTES, MOST_REGIONS, SLOWEST, Bucket
from shipper.errors import (
    KeyDenied,
    ObjectCorrupt,
    ObjectDenied,
    ObjectError,
    ObjectMissing,
    ObjectTooLarge,
    ObjectUnreadable,
)
from shipper.notification import ObjectRef

REF = ObjectRef(bucket="logs", key="AWSLogs/a b+é.json.gz", region="eu-central-1")


class Body:
    """The body of an answer: pieces of bytes, or an error in the place of one."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = list(pieces)
        self.closed = False
        self.seconds = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closed = True

    async def read(self, _: int) -> bytes:
        """Give the next piece."""
        await asyncio.sleep(self.seconds)
        piece = self._pieces.pop(0) if self._pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece


class S3:
    """
    A client of S3 and the session that opens it.

    Attributes:
        answer: to each GetObject, or an error
        asked: arguments of each GetObject
        opened: region of each client
        faults: errors of the next attempts to open a client
    """

    def __init__(self, *pieces: bytes | Exception, error: Exception | None = None, **headers: str) -> None:
        self.body = Body(*pieces)
        self.answer = {"Body": self.body, "ETag": '"etag"', "ContentLength": 7, **headers}
        self.error = error
        self.asked: list[dict[str, str]] = []
        self.opened: list[str | None] = []
        self.faults: list[Exception] = []

    async def client(self, service: str, region: str | None) -> "S3":
        """Open a client."""
        assert service == "s3"
        await asyncio.sleep(1)
        if self.faults:
            raise self.faults.pop()
        self.opened.append(region)
        return self

    async def get_object(self, **asked: str) -> dict[str, Any]:
        """Open an object."""
        self.asked.append(asked)
        if self.error is not None:
            raise self.error
        return self.answer


def bucket(s3: S3, *, inflated_bytes: int = 1 << 20) -> Bucket:
    """Make a store of that client."""
    return Bucket(s3, inflated_bytes=inflated_bytes, inflated_ratio=500)  # type: ignore[arg-type]


async def read(store: Bucket, ref: ObjectRef = REF) -> tuple[str, bytes]:
    """Read an object; give its version and its bytes."""
    async with store.read(ref) as reading:
        return reading.version, b"".join([block async for block in reading.blocks()])


def refusal(code: str, message: str = "so it is") -> ClientError:
    """Make an error as botocore does of an answer."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "GetObject")


@on_fake_time
async def test_an_object_is_inflated() -> None:
    """An object is asked for by its decoded key and inflated; its entity tag is its version."""
    data = gzip.compress(b"a line\n" * 1000)
    s3 = S3(data[:20], data[20:])
    assert await read(bucket(s3)) == ("etag", b"a line\n" * 1000)
    assert s3.asked == [{"Bucket": "logs", "Key": "AWSLogs/a b+é.json.gz"}]
    assert s3.body.closed


@pytest.mark.parametrize(("told", "version"), [("v2", "v2"), ("null", "etag")])
@on_fake_time
async def test_versions(told: str, version: str) -> None:
    """A version id tells contents apart, but not `null`, which all contents of a key without versions share."""
    assert await read(bucket(S3(b"a", VersionId=told))) == (version, b"a")


@on_fake_time
async def test_the_announced_version_is_read() -> None:
    """Of a bucket with versions, the one that was announced is read, not what was put there later."""
    s3 = S3(b"a")
    await read(bucket(s3), ObjectRef(bucket="logs", key="a", version="v1"))
    assert s3.asked == [{"Bucket": "logs", "Key": "a", "VersionId": "v1"}]


# -- clients -----------------------------------------------------------------------------------------------------------


@on_fake_time
async def test_a_client_for_each_region() -> None:
    """Each region has one client, however many objects are read at once."""
    s3 = S3()
    store = bucket(s3)
    refs = [ObjectRef(bucket="logs", key="a", region=region) for region in ("eu-west-1", None, "us-east-1") * 5]
    await asyncio.gather(*(read(store, ref) for ref in refs))
    assert s3.opened == ["eu-west-1", None, "us-east-1"]


@on_fake_time
async def test_clients_are_bounded() -> None:
    """However many regions notifications name, there are not more clients than there can be regions."""
    s3 = S3(b"a")
    store = bucket(s3)
    for number in range(3 * MOST_REGIONS):
        await read(store, ObjectRef(bucket="logs", key="a", region=f"eu-west-{number}"))
    assert len(s3.opened) == MOST_REGIONS + 1
    assert s3.opened[-1] is None


@on_fake_time
async def test_a_client_that_could_not_be_opened_is_tried_again() -> None:
    """Without credentials nothing can be read; as soon as there are some, it can."""
    s3 = S3(b"a")
    s3.faults.append(NoCredentialsError())
    store = bucket(s3)
    with pytest.raises(ObjectUnreadable, match="Unable to locate credentials"):
        await read(store)
    assert await read(store) == ("etag", b"a")


@on_fake_time
async def test_who_is_cancelled_leaves_the_client_to_others() -> None:
    """A reader that gives up while its client is being opened does not spoil it for the others."""
    s3 = S3(b"a")
    store = bucket(s3)
    first, second = asyncio.create_task(read(store)), asyncio.create_task(read(store))
    await asyncio.sleep(0.5)
    first.cancel()
    assert (await second)[1] == b"a"
    assert s3.opened == ["eu-central-1"]


# -- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (refusal("NoSuchKey"), ObjectMissing, "NoSuchKey"),
        (refusal("NoSuchBucket"), ObjectMissing, "NoSuchBucket"),
        (refusal("NoSuchVersion"), ObjectMissing, "NoSuchVersion"),
        (refusal("404"), ObjectMissing, "404"),
        (ParamValidationError(report="Invalid bucket name"), ObjectMissing, "Invalid bucket name"),
        (InvalidRegionError(region_name="x y"), ObjectMissing, "x y"),
        (refusal("AccessDenied"), ObjectDenied, "s3:GetObject is needed, and s3:ListBucket"),
        (refusal("403"), ObjectDenied, "s3:GetObject"),
        (
            refusal("AccessDenied", "not authorized to perform: kms:Decrypt on the resource"),
            KeyDenied,
            "^kms:Decrypt",
        ),
        (refusal("KMS.DisabledException"), KeyDenied, "^kms:Decrypt"),
        (refusal("AccessDenied", "no s3:GetObject on arn:aws:s3:::kms-logs/a"), ObjectDenied, "^s3:GetObject"),
        (refusal("ExpiredToken"), ObjectUnreadable, "credentials"),
        (refusal("InvalidAccessKeyId"), ObjectUnreadable, "credentials"),
        (refusal("SlowDown"), ObjectUnreadable, "SlowDown: so it is"),
        (refusal("InternalError"), ObjectUnreadable, "InternalError"),
        (EndpointConnectionError(endpoint_url="https://s3"), ObjectUnreadable, "does not answer"),
        (TimeoutError(), ObjectUnreadable, "does not answer"),
    ],
)
@on_fake_time
async def test_errors_of_opening(error: Exception, kind: type[ObjectError], told: str) -> None:
    """What S3 answers instead of an object is sorted by what helps against it, and names the object and the remedy."""
    with pytest.raises(ObjectError) as caught:
        await read(bucket(S3(error=error)))
    assert type(caught.value) is kind
    assert str(caught.value).startswith("s3://logs/AWSLogs/a b+é.json.gz: ")
    assert re.search(told, caught.value.message)


@pytest.mark.parametrize(
    "error",
    [ClientPayloadError("half"), IncompleteReadError(actual_bytes=1, expected_bytes=2), TimeoutError()],
)
@on_fake_time
async def test_a_body_that_breaks_off(error: Exception) -> None:
    """What was read before a connection breaks is given, then an error that is tried again; the body is closed."""
    s3 = S3(b"first", error)
    async with bucket(s3).read(REF) as reading:
        blocks = aiter(reading.blocks())
        assert await anext(blocks) == b"first"
        with pytest.raises(ObjectUnreadable):
            await anext(blocks)
    assert s3.body.closed


@pytest.mark.parametrize(("piece", "seconds", "reads"), [(1, 50, 2), (SLOWEST, 2, 61), (SLOWEST // 2, 20, 4)])
@on_fake_time
async def test_a_body_that_trickles(piece: int, seconds: float, reads: int) -> None:
    """A body that comes too slowly is given up, to be tried again; it does not keep others from being read."""
    s3 = S3(*[b"a" * piece] * 1000)
    s3.body.seconds = seconds
    with pytest.raises(ObjectUnreadable, match="sends less than 16384 bytes a second"):
        await read(bucket(s3, inflated_bytes=100 << 20))
    assert asyncio.get_running_loop().time() == 1 + reads * seconds


@on_fake_time
async def test_a_body_that_comes_slowly_enough() -> None:
    """A large body may take its time, and time that we spend on what was read does not count."""
    s3 = S3(*[b"a" * SLOWEST] * 500)
    s3.body.seconds = 1.0
    async with bucket(s3, inflated_bytes=100 << 20).read(REF) as reading:
        async for _ in reading.blocks():
            await asyncio.sleep(100)


@on_fake_time
async def test_damaged_gzip() -> None:
    """Damaged gzip data is an object that is corrupt."""
    with pytest.raises(ObjectCorrupt, match="ends half-way"):
        await read(bucket(S3(gzip.compress(b"a" * 1000)[:-3])))


def damaged(data: bytes) -> list[bytes]:
    """Zip some bytes, with a checksum that is wrong and comes last."""
    packed = gzip.compress(data)
    return [packed[:-8], bytes(byte ^ 1 for byte in packed[-8:])]


async def given(store: Bucket, *, whole: bool) -> tuple[int, type[ObjectError] | None]:
    """Read an object; tell how many bytes were given, and the error at the end."""
    size = 0
    try:
        async with store.read(REF, whole=whole) as reading:
            async for block in reading.blocks():
                size += len(block)
    except ObjectError as error:
        return size, type(error)
    return size, None


@pytest.mark.parametrize(("whole", "length", "some"), [(True, 1000, False), (False, 1000, True), (True, 9 << 20, True)])
@on_fake_time
async def test_nothing_is_given_before_it_is_checked(*, whole: bool, length: int, some: bool) -> None:
    """Of an object that turns out to be damaged nothing is given if so asked, unless it is large."""
    store = bucket(S3(*damaged(os.urandom(length))), inflated_bytes=100 << 20)
    size, error = await given(store, whole=whole)
    assert error is ObjectCorrupt
    assert bool(size) == some


@on_fake_time
async def test_all_is_given_when_it_is_checked() -> None:
    """What was kept back is given in full, and what is too large up to there, since it will always be so."""
    for length in (1000, CHECKED_BYTES - 1, CHECKED_BYTES, CHECKED_BYTES + 1, 3 * CHECKED_BYTES):
        packed = igzip.compress(os.urandom(length), 1)
        assert await given(bucket(S3(packed), inflated_bytes=100 << 20), whole=True) == (length, None)
    size, error = await given(bucket(S3(gzip.compress(b"a" * 2_000_000))), whole=True)
    assert error is ObjectTooLarge
    assert size > 0


@on_fake_time
async def test_too_large() -> None:
    """An object that inflates to more than allowed is too large."""
    with pytest.raises(ObjectTooLarge, match="1000 bytes"):
        await read(bucket(S3(gzip.compress(b"a" * 1001)), inflated_bytes=1000))


@on_fake_time
async def test_errors_of_who_reads_pass_through() -> None:
    """An error of the reader's own is not taken for one of S3."""
    s3 = S3(b"a")

    async def fail() -> None:
        async with bucket(s3).read(REF):
            raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await fail()
    assert s3.body.closed
