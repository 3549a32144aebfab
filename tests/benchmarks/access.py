"""
Access logs in the manner of those of S3: values with blanks in quotes, the time in brackets.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
"""

from collections.abc import Iterable, Iterator
from itertools import repeat
from random import Random
from typing import Final

from benchmarks.inputs import Facts
from benchmarks.packing import packed, unpacked
from benchmarks.templates import Scene, compiled
from benchmarks.vocabulary import aws_words, moment
from shipper.demo.objects import StoredObject

TIME: Final = "%d/%b/%Y:%H:%M:%S +0000"
COLUMNS: Final = (
    "bucket-owner",
    "bucket",
    "time",
    "remote-ip",
    "requester",
    "request-id",
    "operation",
    "key",
    "request-uri",
    "http-status",
    "error-code",
    "bytes-sent",
    "object-size",
    "total-time",
    "referer",
    "user-agent",
    "tls-version",
)
_LINE: Final = (
    "{hex32}{hex32} {bucket} [%s] {public_ip} arn:aws:sts::{account}:assumed-role/{role}/{session} {hex16} "
    'REST.GET.OBJECT {key} "GET /{key}?versionId={hex32} HTTP/1.1" 200 - {count} {count} {small} "-" '
    '"aws-sdk-java/2.31.63 md/io#sync md/http#Apache ua/2.1 lang/java#21.0.7 {word}" TLSv1.3'
)


def write(folder: str, random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write log files under this part of the bucket."""
    line = compiled(_LINE, aws_words())
    for number in range(objects):
        lines = [f"{line(Scene(random)) % moment(random).strftime(TIME)}\n" for _ in range(records // objects)]
        yield StoredObject(f"{folder}/{number}", packed(["".join(lines).encode()]))


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count lines and bytes."""
    texts = [unpacked(body) for _, body in objects]
    records = sum(text.count(b"\n") for text in texts)
    return {"records": records, "bytes a record": round(sum(map(len, texts)) / records)}


def over_and_over(text: bytes, times: int) -> Iterator[bytes]:
    """Write an object again and again."""
    return repeat(text, times)
