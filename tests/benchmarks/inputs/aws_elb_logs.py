"""
Logs of the load balancers of a dozen accounts: most of it requests to Application Load Balancers, and of each other kind some.

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
from benchmarks.vocabulary import REGIONS, aws_words, moment
from shipper.demo.objects import StoredObject

_BROWSER: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.{small}.0 Safari/537.36"
_PHONE: Final = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_{small} like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
_TLS: Final = "TLS_AES_128_GCM_SHA256 TLSv1.3"
_OLD_TLS: Final = "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2"
_CERT: Final = "arn:aws:acm:{region}:{account}:certificate/{uuid}"
_GROUP: Final = "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{word}/{hex16}"
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
        20, "h2", f"{{target}} {_ANSWERED}", f"GET {_SITE}/static/{{word}}.{{hex8}}.js HTTP/2.0", _PHONE, _TLS, _FORWARDED
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

_CONNECTION: Final = (
    '{client} 443 TLSv1.3 TLS_AES_128_GCM_SHA256 0.0{small} "CN={word}.example.com,O={word},C=US" '
    "NotBefore=2026-01-01T00:00:00Z;NotAfter=2027-01-01T00:00:00Z {hex16} Success TID_{hex32} X25519MLKEM768"
)
_HEALTH_CHECK: Final = "0.0{small}584 {target} {word} PASS 200 -"
_TLS_CONNECTION: Final = (
    "net/{word}/{hex16} {hex16} {client_and_port} {target} {small}7 {small} {small}98 {small}246 - "
    "arn:aws:acm:{region}:{account}:certificate/{uuid} - ECDHE-RSA-AES128-SHA tlsv12 - {word}.example.com "
    'h2 http/1.1 "h2","http/1.1"'
)


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write log files of one load balancer each; of ten, seven are of requests to Application Load Balancers."""
    words = _words()
    for at in range(objects):
        scene = Scene(random)
        region, account = words.lasting["region"](random), words.lasting["account"](random)
        scene.said.update(region=region, account=account)
        name, prefix, lines = _LOGS[at % len(_LOGS)](words, scene, records // objects)
        place = f"AWSLogs/{account}/elasticloadbalancing/{region}/2026/02/03"
        end = f"20260203T1005Z_10.0.0.{at + 1}_{random.getrandbits(40):010x}"
        key = f"{place}/{prefix}{account}_elasticloadbalancing_{region}_{name}_{end}.log.gz"
        yield StoredObject(key, packed(["".join(lines).encode()]))
