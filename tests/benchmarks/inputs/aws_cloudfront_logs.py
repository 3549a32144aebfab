"""
CloudFront standard logs of a few websites: pages, their pictures and scripts, an API, and those who look for holes.

One object holds the requests to one distribution in legacy columns. Some thousand paths and two thousand browsers are
met again and again, few of them most often. Queries, cookies and the API's paths are new each time, a sixth of the
requests comes through proxies, and escapes that clients send are encoded once more.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Final, NamedTuple

from benchmarks.inputs import Facts, Framing, Input, over_and_over
from benchmarks.packing import packed, unpacked
from benchmarks.templates import Scene, Template, Vocabulary, compiled
from benchmarks.vocabulary import aws_words, moment
from shipper.demo.objects import StoredObject
from shipper.sources.aws_cloudfront_logs import LEGACY

_ENGINE: Final = "AppleWebKit/537.36%20(KHTML,%20like%20Gecko)"
_AGENTS: Final = (
    f"Mozilla/5.0%20(Windows%20NT%2010.0;%20Win64;%20x64)%20{_ENGINE}%20Chrome/13{{small}}.0.{{small}}.0%20Safari/537.36",
    f"Mozilla/5.0%20(iPhone;%20CPU%20iPhone%20OS%2018_{{small}}%20like%20Mac%20OS%20X)%20{_ENGINE}%20Version/18.{{small}}",
    "Shop%2520App/{small}.{small}%20CFNetwork/1568.{small}%20Darwin/24.{small}.0",
    "python-requests/2.{small}.0",
)
_PATHS: Final = ("/{word}/{word}.html", "/assets/{hex8}/{word}.js", "/img/{word}%20{small}.webp")
_EDGES: Final = ("CDG50-P1", "CDG55-P2", "FRA60-P4", "IAD89-C1", "LHR62-P7", "NRT57-P3", "SFO53-P1", "DUB56-P2")
_REFERRER: Final = "https://www.example.com/{word}"
PROXIED: Final = 0.16
"""Share of requests that come through proxies."""

_TLS: Final = "TLSv1.3\tTLS_AES_128_GCM_SHA256"


class _Kind(NamedTuple):
    """
    Requests of one kind.

    Attributes:
        share: how often they are met, in relation to others
        method: of the request
        path: where it is new each time; otherwise one of those that exist
        query: of the request
        cookie: what the client was given
        status: of the answer
        result: how CloudFront calls it
        content: type and length of the answer
    """

    share: int
    method: str
    path: str
    query: str
    cookie: str
    status: str
    result: str
    content: str


_KINDS: Final = (
    _Kind(45, "GET", "", "-", "-", "200", "Hit", "image/webp\t{small}731"),
    _Kind(15, "GET", "", "v={hex8}", "-", "304", "RefreshHit", "application/javascript\t-"),
    _Kind(12, "GET", "", "q={word}%2520{word}", "session={hex32};%20t={word}", "200", "Miss", "text/html\t-"),
    _Kind(12, "POST", "/api/{word}/{hex17}", "-", "-", "200", "Miss", "application/json\t{small}2"),
    _Kind(6, "GET", "/{word}", "utm_source={word}", "-", "301", "Redirect", "-\t0"),
    _Kind(5, "GET", "/..%252f{word}/.env", "-", "-", "403", "Error", "text/html;%20charset=utf-8\t919"),
    _Kind(3, "GET", "/{word}/{hex8}", "id={hex32}", "-", "502", "Error", "text/html\t507"),
    _Kind(2, "GET", "", "-", "-", "000", "Error", "-\t-"),
)


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write log files of one distribution each."""
    words = aws_words()
    paths, agents = _known(random, _PATHS, 4_000, words), _known(random, _AGENTS, 2_000, words)
    lines = [compiled(_line(kind), words) for kind in _KINDS]
    shares = [kind.share for kind in _KINDS]
    for number in range(objects):
        text = [f"#Version: 1.0\n#Fields: {LEGACY}\n"]
        for line in random.choices(lines, shares, k=records // objects):
            filled = line(Scene(random)) % {
                "path": _often(random, paths),
                "agent": _often(random, agents),
                "host": f"d{number}11111abcdef8.cloudfront.net",
                "seconds": f"{random.randrange(40)}.{random.randrange(1000):03}",
                "proxies": f"203.0.113.{random.randrange(250)},%20198.51.100.7" if random.random() < PROXIED else "-",
            }
            start = f"{moment(random):%Y-%m-%d\t%H:%M:%S}\t{random.choice(_EDGES)}\t{random.randrange(200, 90_000)}"
            text.append(f"{start}\t{filled}\n")
        name = f"E{number}X1SLDPK0123.2026-02-03-09.{random.getrandbits(32):08x}.gz"
        yield StoredObject(f"cdn/{name}", packed(["".join(text).encode()]))


def _line(kind: _Kind) -> str:
    """Write a line from the client's address to its end, with blanks to fill in."""
    referrer = _REFERRER if kind.result in ("Hit", "RefreshHit") else "-"
    path, query, cookie = (text.replace("%", "%%") for text in (kind.path, kind.query, kind.cookie))
    return "\t".join(
        (
            f"{{public_ip}}\t{kind.method}\t%(host)s\t{path or '%(path)s'}\t{kind.status}\t{referrer}\t%(agent)s",
            f"{query}\t{cookie}\t{kind.result}\t{{base64}}{{hex10}}==\twww.example.com\thttps\t{{small}}7",
            f"%(seconds)s\t%(proxies)s\t{_TLS}\t{kind.result}\tHTTP/2.0\t-\t-\t4{{small}}9\t0.0{{small}}\t{kind.result}",
            f"{kind.content.replace('%', '%%')}\t-\t-",
        )
    )


def _known(random: Random, templates: Sequence[str], number: int, words: Vocabulary) -> list[str]:
    """Make things that exist."""
    makers: list[Template] = [compiled(one, words) for one in templates]
    return [random.choice(makers)(Scene(random)) for _ in range(number)]


def _often(random: Random, things: list[str]) -> str:
    """Choose among things that exist; some are met far more often than others."""
    return things[int(len(things) * random.random() ** 3)]


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes logs varied."""
    rows = written = small = proxied = 0
    statuses: Counter[str] = Counter()
    seen: dict[str, set[str]] = {"addresses": set(), "paths": set(), "queries": set(), "user agents": set()}
    columns = LEGACY.split()
    for stored in objects:
        text = unpacked(stored.body)
        small += len(stored.body)
        written += len(text)
        for line in text.decode().splitlines()[2:]:
            values = dict(zip(columns, line.split("\t"), strict=True))
            rows += 1
            proxied += values["x-forwarded-for"] != "-"
            statuses[values["sc-status"]] += 1
            seen["addresses"].add(values["c-ip"])
            seen["paths"].add(values["cs-uri-stem"])
            seen["queries"].add(values["cs-uri-query"])
            seen["user agents"].add(values["cs(User-Agent)"])
    return {
        "records": rows,
        "bytes a record": round(written / rows),
        "gzip ratio": round(written / small, 1),
        **{name: len(values) for name, values in seen.items()},
        "through proxies %": round(100 * proxied / rows, 1),
        **{f"{status} %": round(100 * count / rows, 1) for status, count in statuses.most_common(5)},
    }


inputs = (Input("aws.cloudfront_logs", 100_000, write, facts, {"": Framing(over_and_over)}),)
