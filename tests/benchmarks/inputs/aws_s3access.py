"""
S3 server access logs of an account with some dozen buckets: applications, a website, a data lake, and the internet.

One object holds the requests to one bucket, as S3 writes them: most are reads and writes of objects by roles, a tenth
is anonymous, some fail, and here and there a client sends quotes of its own.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random
from typing import Final, NamedTuple

from benchmarks.inputs import Facts, Framing, Input, over_and_over
from benchmarks.packing import packed, unpacked
from benchmarks.templates import Scene, Template, Vocabulary, compiled
from benchmarks.vocabulary import REGIONS, aws_words, moment
from shipper.demo.objects import StoredObject

_ROLE: Final = "arn:aws:sts::{account}:assumed-role/{role}/{session}"
_USER: Final = "arn:aws:iam::{account}:user/{user}"
_CLOUDFRONT: Final = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2QWRUHAPOMQZL"
_JAVA: Final = "aws-sdk-java/2.31.63 md/io#sync md/http#Apache ua/2.1 lang/java#21.0.7 {word}"
_BOTO: Final = "Boto3/1.34.162 md/Botocore#1.34.162 ua/2.0 os/linux#6.1.{small} md/arch#x86_64 lang/python#3.12.{small}"
_BROWSER: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.{small}.0 Safari/537.36"
_SIGNED: Final = "SigV4 TLS_AES_128_GCM_SHA256 AuthHeader"
_ANONYMOUS: Final = "- ECDHE-RSA-AES128-GCM-SHA256 -"


class _Kind(NamedTuple):
    """
    Requests of one kind.

    Attributes:
        share: how often they are met, in relation to others
        requester: who asks
        request: operation, key and request line
        outcome: from the status to the turn-around time
        client: referrer and user agent, with their quotes
        signature: signature version, cipher and authentication type
    """

    share: int
    requester: str
    request: str
    outcome: str
    client: str
    signature: str = _SIGNED


_GET: Final = 'REST.GET.OBJECT {key} "GET /{key} HTTP/1.1"'
_KINDS: Final = (
    _Kind(40, _ROLE, _GET, "200 - {count} {count} {small} {small}", f'"-" "{_JAVA}"'),
    _Kind(15, _ROLE, 'REST.PUT.OBJECT {key} "PUT /{key} HTTP/1.1"', "200 - - {count} {small} 9", f'"-" "{_BOTO}"'),
    _Kind(
        8,
        _USER,
        'REST.GET.BUCKET - "GET /?list-type=2&prefix={word}%2F&max-keys=1000 HTTP/1.1"',
        "200 - {small}731 - {small} {small}",
        f'"-" "{_BOTO}"',
    ),
    _Kind(6, _ROLE, 'REST.HEAD.OBJECT {key} "HEAD /{key} HTTP/1.1"', "404 NoSuchKey 343 - 9 -", f'"-" "{_JAVA}"'),
    _Kind(
        10,
        "-",
        'WEBSITE.GET.OBJECT {word}/{word}.html "GET /{word}/{word}.html?ref={word} HTTP/1.1"',
        "200 - {small}512 {small}512 {small} 8",
        f'"https://www.example.com/{{word}}" "{_BROWSER}"',
        _ANONYMOUS,
    ),
    _Kind(
        4,
        "-",
        'REST.GET.OBJECT {word}/.env "GET /{word}/.env HTTP/1.1"',
        "403 AccessDenied 243 - {small} -",
        '"-" "() ( :; ); echo "{word}" {hex8}"',
        _ANONYMOUS,
    ),
    _Kind(6, _CLOUDFRONT, _GET, "200 - {count} {count} {small} {small}", '"-" "Amazon CloudFront"'),
    _Kind(6, _ROLE, "BATCH.DELETE.OBJECT {key} -", "204 - - {count} - -", "- -"),
    _Kind(5, "AmazonS3", "S3.EXPIRE.OBJECT {key} -", "- - - {count} - -", "- -", "- - -"),
)


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write log files of one bucket each, under date-partitioned keys."""
    words = aws_words()
    lines = [(_line(kind, words), kind) for kind in _KINDS]
    shares = [kind.share for kind in _KINDS]
    for _ in range(objects):
        region, account = random.choice(REGIONS), f"{random.randrange(10**11, 10**12)}"
        bucket, owner = words.lasting["bucket"](random), f"{random.getrandbits(256):064x}"
        text = []
        for line, kind in random.choices(lines, shares, k=records // objects):
            address = "-" if kind.requester == "AmazonS3" else words.passing["public_ip"](random)
            start = f"{owner} {bucket} [{moment(random):%d/%b/%Y:%H:%M:%S} +0000] {address}"
            text.append(f"{start} {line(Scene(random))} {bucket}.s3.{region}.amazonaws.com TLSv1.3 - - {region}\n")
        place = f"audit/{account}/{region}/{bucket}/2026/02/03"
        name = f"2026-02-03-00-00-00-{random.getrandbits(64):016X}"
        yield StoredObject(f"{place}/{name}", packed(["".join(text).encode()]))


def _line(kind: _Kind, words: Vocabulary) -> Template:
    """Compile a line from the requester to the authentication type."""
    parts = (kind.requester, "{hex16}", kind.request, kind.outcome, kind.client, "-", "{base64}{base64}=")
    return compiled(" ".join([*parts, kind.signature]), words)


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes logs varied."""
    rows = written = small = quotes = 0
    operations: Counter[str] = Counter()
    requesters: set[str] = set()
    for stored in objects:
        text = unpacked(stored.body)
        small += len(stored.body)
        written += len(text)
        for line in text.decode().splitlines():
            rows += 1
            quotes += line.count('"') > 6
            start = line.partition('"')[0].split(" ")
            requesters.add(start[5])
            operations[next(word for word in start if word.count(".") > 1 and word.isupper())] += 1
    return {
        "records": rows,
        "bytes a record": round(written / rows),
        "gzip ratio": round(written / small, 1),
        "requesters": len(requesters),
        "with quotes in quotes %": round(100 * quotes / rows, 1),
        **{f"{name} %": round(100 * count / rows, 1) for name, count in operations.most_common(5)},
    }


inputs = (Input("aws.s3access", 100_000, write, facts, {"": Framing(over_and_over)}),)
