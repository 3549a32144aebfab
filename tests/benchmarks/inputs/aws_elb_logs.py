"""
Logs of the load balancers of a dozen accounts: most are of requests to Application Load Balancers, some of other kinds.

One object holds the lines of one load balancer, as AWS writes them. Most requests are answered, some are redirected,
blocked or malformed, and here and there a client sends quotes of its own.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random
from typing import Final, NamedTuple

from benchmarks.inputs import Facts, Framing, Input, over_and_over
from benchmarks.packing import packed, unpacked
from benchmarks.templates import Scene, Template, Vocabulary, compiled
from benchmarks.vocabulary import aws_words, moment
from shipper.demo.objects import StoredObject

_BROWSER: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.{small}.0 Safari/537.36"
_PHONE: Final = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_{small} like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
_TLS: Final = "TLS_AES_128_GCM_SHA256 TLSv1.3"
_OLD_TLS: Final = "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2"
_CERT: Final = "arn:aws:acm:{region}:{account}:certificate/{certificate}"
_GROUP: Final = "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{group}"
_ANSWERED: Final = "0.000 0.0{small} 0.001 200 200 {small}7 {small}431"


class _Kind(NamedTuple):
    """
    Requests of one kind, in the order of their columns.

    Attributes:
        share: how often they are met, in relation to others
        type: of the request or connection
        handled: from the target to the bytes sent
        request: the request line
        agent: the user agent
        tls: cipher and protocol
        decided: from the action to the reason of an error
    """

    share: int
    type: str
    handled: str
    request: str
    agent: str
    tls: str
    decided: str


_SITE: Final = "https://{word}.example.com:443"
_FORWARDED: Final = '"forward" "-" "-"'
_KINDS: Final = (
    _Kind(
        40,
        "h2",
        f"{{target}} {_ANSWERED}",
        f"GET {_SITE}/{{word}}/{{word}}?page={{small}}&sort={{word}} HTTP/2.0",
        _BROWSER,
        _TLS,
        _FORWARDED,
    ),
    _Kind(
        20,
        "h2",
        f"{{target}} {_ANSWERED}",
        f"GET {_SITE}/static/{{word}}.{{hex8}}.js HTTP/2.0",
        _PHONE,
        _TLS,
        _FORWARDED,
    ),
    _Kind(
        20,
        "https",
        f"{{target}} {_ANSWERED}",
        f"POST {_SITE}/api/v2/{{word}}/{{uuid}} HTTP/1.1",
        "okhttp/4.12.{small}",
        _OLD_TLS,
        '"waf,authenticate,forward" "-" "-"',
    ),
    _Kind(
        8,
        "http",
        "- -1 -1 -1 301 - {small}3 {small}4",
        "GET http://{word}.example.com:80/{word} HTTP/1.1",
        _BROWSER,
        "- -",
        f'"redirect" "{_SITE}/{{word}}" "-"',
    ),
    _Kind(
        6,
        "https",
        "- -1 -1 -1 403 - {small}3 520",
        f"GET {_SITE}/{{word}}.php?id=1%27%20OR%201=1 HTTP/1.1",
        '() ( :; ); echo "{word}" {hex8}',
        _OLD_TLS,
        '"waf" "-" "-"',
    ),
    _Kind(
        4,
        "https",
        "{target} 0.001 {small}.002 -1 504 - {small}3 {small}2",
        f"GET {_SITE}/reports/{{uuid}} HTTP/1.1",
        "python-requests/2.32.{small}",
        _TLS,
        '"forward" "-" "TargetTimeout"',
    ),
    _Kind(2, "http", "- -1 -1 -1 400 - 0 272", "- http://10.0.0.{small}:80- -", "-", "- -", '"-" "-" "-"'),
)

_ANSWER: Final = '"{target}" "200" "-" "-" TID_{hex32} "-" "-" "-"'
_NO_ANSWER: Final = '"-" "-" "-" "-" TID_{hex32} "-" "-" "-"'
"""From the list of targets to the end of the line."""

_SECURED: Final = f'"{{word}}.example.com" "{_CERT}"'
_PLAIN: Final = '"-" "-"'
"""The name that was asked for, and the certificate that was shown."""

_CLIENT: Final = "{public_ip}:{port}"
_APPLICATIONS: Final = 7
_CONNECTION: Final = (
    '{instant} {public_ip} {port} 443 TLSv1.3 TLS_AES_128_GCM_SHA256 0.0{small} "CN={word}.example.com,O={word}" '
    "NotBefore=2026-01-01T00:00:00Z;NotAfter=2027-01-01T00:00:00Z {hex16} Success TID_{hex32} X25519MLKEM768"
)
_NETWORK: Final = (
    f"tls 2.0 2026-02-03T10:00:{{second}} net/{{balancer}}/{{balancer_id}} {{listener}} {_CLIENT} {{target}} "
    f"{{small}}7 {{small}} {{small}}98 {{small}}246 - {_CERT} - ECDHE-RSA-AES128-SHA tlsv12 - {{word}}.example.com "
    'h2 http/1.1 "h2","http/1.1" 2026-02-03T09:59:{second}'
)
_OTHERS: Final = (
    ("conn_log_", "app.{balancer}.{balancer_id}", _CONNECTION),
    ("health_check_log_", "app.{balancer}.{balancer_id}", "http {instant} 0.0{small}584 {target} {word} PASS 200 -"),
    ("", "net.{balancer}.{balancer_id}", _NETWORK),
)
"""Beginning of the file's name, the load balancer in it, and a line."""

_QUOTES: Final = 2 * 15


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write log files of one load balancer each: of ten, seven are of requests to Application Load Balancers."""
    words = _words()
    kinds = [("", "app.{balancer}.{balancer_id}", _application(words))] * _APPLICATIONS
    kinds += [(prefix, name, [compiled(line, words)]) for prefix, name, line in _OTHERS]
    for at in range(objects):
        prefix, name, lines = kinds[at % len(kinds)]
        said = {word: words.lasting[word](random) for word in ("account", "region", "balancer", "balancer_id")}
        text = []
        for line in random.choices(lines, k=records // objects):
            scene = Scene(random)
            scene.said.update(said)
            text.append(f"{line(scene)}\n")
        account, region = said["account"], said["region"]
        end = f"20260203T1005Z_10.0.0.{at + 1}_{random.getrandbits(40):010x}.log.gz"
        key = f"{prefix}{account}_elasticloadbalancing_{region}_{name.format_map(said)}_{end}"
        place = f"AWSLogs/{account}/elasticloadbalancing/{region}/2026/02/03"
        yield StoredObject(f"{place}/{key}", packed(["".join(text).encode()]))


def _words() -> Vocabulary:
    """Add what only load balancers write."""
    words = aws_words()
    certificates, groups = _several("uuid", words), _several("hex16", words)
    targets = [f"10.{random.randrange(20)}.{random.randrange(256)}.7:8443" for random in map(Random, range(300))]
    lasting = {
        "balancer": words.passing["name"],
        "balancer_id": words.passing["hex16"],
        "certificate": lambda random: random.choice(certificates),
        "group": lambda random: f"{words.lasting['cluster'](random)}/{random.choice(groups)}",
        "listener": words.passing["hex16"],
        "target": lambda random: random.choice(targets),
    }
    passing = {
        "instant": lambda random: f"{moment(random):%Y-%m-%dT%H:%M:%S}.{random.randrange(10**6):06d}Z",
        "second": lambda random: f"{random.randrange(60):02d}",
        "port": lambda random: str(random.randrange(1024, 65_536)),
    }
    return Vocabulary(lasting=words.lasting | lasting, passing=words.passing | passing)


def _several(word: str, words: Vocabulary) -> list[str]:
    """Give what there are a few dozen of."""
    return [words.passing[word](random) for random in map(Random, range(40))]


def _application(words: Vocabulary) -> list[Template]:
    """Compile the lines of requests to Application Load Balancers, each as often as it is met."""
    lines = []
    for kind in _KINDS:
        is_tls, is_answered = kind.tls != "- -", kind.handled.startswith("{target}")
        parts = (
            f"{kind.type} {{instant}} app/{{balancer}}/{{balancer_id}} {_CLIENT} {kind.handled}",
            f'"{kind.request}" "{kind.agent}" {kind.tls} {_GROUP if is_answered else "-"}',
            f'"Root=1-{{hex8}}-{{hex8}}{{hex16}}" {_SECURED if is_tls else _PLAIN}',
            f"{{small}} {{instant}} {kind.decided} {_ANSWER if is_answered else _NO_ANSWER}",
        )
        lines += [compiled(" ".join(parts), words)] * kind.share
    return lines


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes logs varied."""
    rows = written = small = quotes = 0
    kinds: Counter[str] = Counter()
    clients: set[str] = set()
    for stored in objects:
        text = unpacked(stored.body)
        small += len(stored.body)
        written += len(text)
        for line in text.decode().splitlines():
            rows += 1
            quotes += line.count('"') > _QUOTES
            start = line.split(" ", 4)
            clients.add(start[3])
            kinds[start[0] if start[0].isalnum() else "connection"] += 1
    return {
        "records": rows,
        "bytes a record": round(written / rows),
        "gzip ratio": round(written / small, 1),
        "clients": len(clients),
        "with quotes in quotes %": round(100 * quotes / rows, 1),
        **{f"{name} %": round(100 * count / rows, 1) for name, count in kinds.most_common(6)},
    }


inputs = (Input("aws.elb_logs", 50_000, write, facts, {"": Framing(over_and_over)}),)
