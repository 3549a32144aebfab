"""
CloudFront real-time logs of a few websites, all fields of them, as Firehose puts them into objects of many requests.

Four of five requests are those of pages, pictures and an API, told in 46 columns with null for what media players say;
the rest are segments of videos, whose players tell much of themselves. Headers, addresses, queries and ids are new each
time; a thousand browsers are met again and again.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/real-time-logs.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random
from typing import Final, NamedTuple

from benchmarks.inputs import Facts, Framing, Input, over_and_over
from benchmarks.packing import packed, unpacked
from benchmarks.templates import Scene, compiled
from benchmarks.vocabulary import aws_words, moment
from shipper.demo.objects import StoredObject
from shipper.sources.aws_cloudfront_realtime import FIELDS

_AGENTS: Final = (
    "Mozilla/5.0%20(Windows%20NT%2010.0;%20Win64;%20x64)%20Chrome/13{small}.0.{small}.0%20Safari/537.36",
    "Mozilla/5.0%20(iPhone;%20CPU%20iPhone%20OS%2018_{small}%20like%20Mac%20OS%20X)%20Version/18.{small}",
    "VideoPlayer/{small}.{small}%20CFNetwork/1568.{small}%20Darwin/24.{small}.0",
)
_EDGES: Final = ("CDG50-P1", "FRA60-P4", "IAD89-C1", "LHR62-P7", "NRT57-P3", "SFO53-P1")
VIDEO: Final = 0.2
"""Share of requests that are for segments of videos."""


class _Kind(NamedTuple):
    """
    Requests of one kind.

    Attributes:
        share: how often they are met, in relation to others
        method: of the request
        stem: what is asked for
        query: what follows it
        status: of the answer
        result: how CloudFront calls it
    """

    share: int
    method: str
    stem: str
    query: str
    status: str
    result: str


_KINDS: Final = (
    _Kind(50, "GET", "/img/{word}%20{small}.webp", "-", "200", "Hit"),
    _Kind(15, "GET", "/{word}/{word}.html", "q={word}%2520{hex8}", "200", "Miss"),
    _Kind(15, "POST", "/api/{word}/{hex17}", "-", "200", "Miss"),
    _Kind(10, "GET", "/assets/{hex8}/{word}.js", "v={hex8}", "304", "RefreshHit"),
    _Kind(7, "GET", "/..%252f{word}/.env", "-", "403", "Error"),
    _Kind(3, "GET", "/{word}/{hex8}", "id={hex32}", "502", "Error"),
)
_VIDEO: Final = _Kind(0, "GET", "/video/{hex8}/{small}.m4v", "-", "206", "Hit")

_PLAYER: Final = {
    "cmcd-encoded-bitrate": "3{small}0",
    "cmcd-buffer-length": "2{small}00",
    "cmcd-content-id": "{hex32}",
    "cmcd-object-duration": "4004",
    "cmcd-measured-throughput": "25{small}0",
    "cmcd-next-object-request": "..%2F{small}.m4v",
    "cmcd-object-type": "v",
    "cmcd-streaming-format": "d",
    "cmcd-session-id": "{hex32}",
    "cmcd-stream-type": "v",
    "cmcd-startup": "true",
    "cmcd-top-bitrate": "6001",
    "cmcd-version": "1",
}


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write objects of requests to a few sites."""
    words = aws_words()
    makers = [compiled(one, words) for one in _AGENTS]
    agents = [random.choice(makers)(Scene(random)) for _ in range(1_000)]
    lines = [compiled(_line(kind, {}), words) for kind in _KINDS]
    video = compiled(_line(_VIDEO, _PLAYER), words)
    shares = [kind.share for kind in _KINDS]
    for number in range(objects):
        text = []
        for line in random.choices(lines, shares, k=records // objects):
            filled = (video if random.random() < VIDEO else line)(Scene(random))
            text.append(
                filled
                % {
                    "time": f"{moment(random).timestamp():.0f}.{random.randrange(1000):03}",
                    "agent": agents[int(len(agents) * random.random() ** 3)],
                    "edge": random.choice(_EDGES),
                    "seconds": f"0.{random.randrange(1000):03}",
                }
                + "\n"
            )
        name = f"rt-1-2026-02-03-10-04-11-3f6bbd1c-9c0e-4d7e-8d7f-{number:012x}.gz"
        yield StoredObject(f"CloudFront/realtime/2026/02/03/10/{name}", packed(["".join(text).encode()]))


def _line(kind: _Kind, player: dict[str, str]) -> str:
    """Write a line with all fields, with blanks to fill in."""
    query = "" if kind.query == "-" else f"?{kind.query}"
    headers = "host:www.example.com%0Auser-agent:{word}/{small}.0%0Aaccept-language:fr-FR,fr;q=0.9%0Ax-trace:{hex17}"
    values = {
        "c-ip": "{public_ip}",
        "s-ip": "203.0.113.{small}",
        "sc-status": kind.status,
        "sc-bytes": "{small}731",
        "cs-method": kind.method,
        "cs-protocol": "https",
        "cs-host": "www.example.com",
        "cs-uri-stem": kind.stem + query,
        "cs-bytes": "{small}7",
        "x-edge-request-id": "{base64}{hex10}==",
        "x-host-header": "d111111abcdef8.cloudfront.net",
        "cs-protocol-version": "HTTP/2.0",
        "c-ip-version": "IPv4",
        "cs-uri-query": kind.query,
        "x-edge-response-result-type": kind.result,
        "ssl-protocol": "TLSv1.3",
        "ssl-cipher": "TLS_AES_128_GCM_SHA256",
        "x-edge-result-type": kind.result,
        "sc-content-type": "text/html;%20charset=utf-8",
        "sc-content-len": "{small}2",
        "c-port": "4{small}9",
        "x-edge-detailed-result-type": kind.result,
        "c-country": "FR",
        "cs-accept-encoding": "gzip,%20br",
        "cs-accept": "*/*",
        "cache-behavior-path-pattern": "*",
        "cs-headers": headers,
        "cs-header-names": "host%0Auser-agent%0Aaccept-language%0Ax-trace",
        "cs-headers-count": "4",
        "origin-fbl": "0.04",
        "asn": "64{small}",
        **player,
    }
    blanks = {
        "timestamp": "%(time)s",
        "time-to-first-byte": "%(seconds)s",
        "time-taken": "%(seconds)s",
        "cs-user-agent": "%(agent)s",
        "x-edge-location": "%(edge)s",
    }
    return "\t".join(blanks.get(name) or values.get(name, "-").replace("%", "%%") for name in FIELDS)


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes logs varied."""
    rows = written = small = players = 0
    statuses: Counter[str] = Counter()
    seen: dict[str, set[str]] = {"addresses": set(), "paths": set(), "headers": set(), "user agents": set()}
    for stored in objects:
        text = unpacked(stored.body)
        small += len(stored.body)
        written += len(text)
        for line in text.decode().splitlines():
            values = dict(zip(FIELDS, line.split("\t"), strict=True))
            rows += 1
            players += values["cmcd-version"] != "-"
            statuses[values["sc-status"]] += 1
            seen["addresses"].add(values["c-ip"])
            seen["paths"].add(values["cs-uri-stem"])
            seen["headers"].add(values["cs-headers"])
            seen["user agents"].add(values["cs-user-agent"])
    return {
        "records": rows,
        "bytes a record": round(written / rows),
        "gzip ratio": round(written / small, 1),
        **{name: len(values) for name, values in seen.items()},
        "of media players %": round(100 * players / rows, 1),
        **{f"{status} %": round(100 * count / rows, 1) for status, count in statuses.most_common(5)},
    }


inputs = (Input("aws.cloudfront_realtime", 60_000, write, facts, {"": Framing(over_and_over)}),)
