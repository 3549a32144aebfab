"""
Requests to the APIs of a company: REST APIs with the recommended JSON format, and HTTP APIs with the console's.

A few dozen APIs have some hundred resources each. Clients come back again and again, most of them browsers and apps
that no IAM role stands behind; paths, latencies and ids do not repeat. Some requests are refused by the firewall or an
authorizer, some are throttled, some fail. One object in five is of HTTP APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, NamedTuple

import msgspec

from benchmarks.inputs import Facts, Framing, Input, glued, in_payloads, over_and_over
from benchmarks.packing import packed_one_by_one, unpacked
from benchmarks.vocabulary import uuid, word
from shipper.demo.objects import StoredObject, zipped

_START: Final = datetime(2026, 2, 3, 9, tzinfo=UTC)
_SECONDS: Final = 300
_APIS: Final = 40
_RESOURCES: Final = 100
_CLIENTS: Final = 3_000
_SKEW: Final = 2.5
_SIGNED: Final = 0.1
_HTTP_APIS: Final = 5
"""One object in so many is of HTTP APIs."""
_AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/14{n}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_{n} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "okhttp/4.12.{n}",
    "python-requests/2.32.{n}",
    "Amazon CloudFront",
)
_METHODS: Final = ("GET", "POST", "PUT", "DELETE", "OPTIONS")
_METHOD_WEIGHTS: Final = (65, 20, 5, 3, 7)
_CODES: Final = (200, 201, 204, 304, 400, 404, 500)
_CODE_WEIGHTS: Final = (800, 60, 40, 20, 25, 50, 5)
_REFUSED: Final = 0.03
_REFUSALS: Final = (
    ("403", "Forbidden", "WAF_FILTERED"),
    ("401", "Unauthorized", "UNAUTHORIZED"),
    ("403", "User is not authorized to access this resource", "ACCESS_DENIED"),
    ("429", "Too Many Requests", "THROTTLED"),
    ("403", "Missing Authentication Token", "MISSING_AUTHENTICATION_TOKEN"),
)

Fields = dict[str, str]


class _Api(NamedTuple):
    """An API and what is behind it."""

    id: str
    stage: str
    domain: str
    acl: str
    resources: list[str]


class _Client(NamedTuple):
    """Somebody who calls APIs."""

    ip: str
    agent: str
    role: str | None


class _Company:
    """Whoever calls what."""

    def __init__(self, random: Random) -> None:
        self.account = f"{random.randrange(10**11, 10**12)}"
        self.apis = [self._api(random) for _ in range(_APIS)]
        self.clients = [_client(random) for _ in range(_CLIENTS)]

    def _api(self, random: Random) -> _Api:
        name = f"{random.getrandbits(50):010x}"[:10]
        return _Api(
            id=name,
            stage=random.choice(("prod", "v1", "v2")),
            domain=random.choice((f"{name}.execute-api.eu-west-3.amazonaws.com", f"api.{word(random)}.example.com")),
            acl=f"arn:aws:wafv2:eu-west-3:{self.account}:regional/webacl/{word(random)}/{uuid(random)}",
            resources=[
                f"/{word(random)}/{{id}}/{word(random)}" if random.random() < 0.5 else f"/{word(random)}"
                for _ in range(_RESOURCES)
            ],
        )


def _client(random: Random) -> _Client:
    role = f"AROA{random.getrandbits(64):016X}:{word(random)}" if random.random() < _SIGNED else None
    ip = f"{random.randrange(1, 224)}.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(256)}"
    return _Client(ip=ip, agent=random.choice(_AGENTS).format(n=random.randrange(10)), role=role)


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write objects as Firehose does, each with its own kind of API."""
    company = _Company(random)
    for number in range(objects):
        record = _http if number % _HTTP_APIS == _HTTP_APIS - 1 else _rest
        lines = [msgspec.json.encode(record(random, company)) + b"\n" for _ in range(records // objects)]
        name = f"amazon-apigateway-logs-1-{_START:%Y-%m-%d-%H}-{number:02}-00-{uuid(random)}.gz"
        yield StoredObject(f"{_START:%Y/%m/%d/%H}/{name}", zipped(b"".join(lines)))


def _extended(random: Random) -> str:
    return f"{random.getrandbits(60):015x}="


def _rest(random: Random, company: _Company) -> Fields:
    api = company.apis[int(_APIS * random.random() ** _SKEW)]
    client = company.clients[int(_CLIENTS * random.random() ** _SKEW)]
    resource = api.resources[int(_RESOURCES * random.random() ** _SKEW)]
    moment = _START + timedelta(milliseconds=random.randrange(_SECONDS * 1_000))
    latency = int(random.lognormvariate(3.5, 1))
    status = str(random.choices(_CODES, _CODE_WEIGHTS)[0])
    record = {
        "requestId": uuid(random),
        "extendedRequestId": _extended(random),
        "accountId": company.account,
        "apiId": api.id,
        "stage": api.stage,
        "domainName": api.domain,
        "ip": client.ip,
        "caller": client.role or "-",
        "user": client.role or "-",
        "userArn": f"arn:aws:sts::{company.account}:assumed-role/App/{client.role[-8:]}" if client.role else "-",
        "userAgent": client.agent,
        "apiKeyId": "-",
        "principalId": "-" if client.role else f"user-{random.randrange(10_000)}",
        "requestTime": f"{moment:%d/%b/%Y:%H:%M:%S} +0000",
        "requestTimeEpoch": str(int(moment.timestamp() * 1_000)),
        "httpMethod": random.choices(_METHODS, _METHOD_WEIGHTS)[0],
        "resourcePath": resource,
        "path": f"/{api.stage}{resource.replace('{id}', str(random.randrange(10**6)))}",
        "protocol": "HTTP/1.1",
        "status": status,
        "responseLength": str(int(random.lognormvariate(7, 1.5))),
        "responseLatency": str(latency + 3),
        "integrationLatency": str(latency),
        "integrationStatus": status,
        "errorMessage": "-",
        "errorType": "-",
        "authorizerError": "-",
        "wafResponse": "WAF_ALLOW",
        "webaclArn": api.acl,
        "tlsVersion": "TLSv1.3",
        "cipherSuite": "TLS_AES_128_GCM_SHA256",
        "xrayTraceId": f"1-{int(moment.timestamp()):08x}-{random.getrandbits(96):024x}",
    }
    if random.random() < _REFUSED:
        status, message, kind = random.choice(_REFUSALS)
        record |= {"status": status, "errorMessage": message, "errorType": kind, "responseLatency": "4"}
        record |= {"integrationLatency": "-", "integrationStatus": "-", "principalId": "-"}
        record |= {"wafResponse": "WAF_BLOCK" if kind == "WAF_FILTERED" else "WAF_ALLOW"}
    return record


def _http(random: Random, company: _Company) -> Fields:
    api = company.apis[int(_APIS * random.random() ** _SKEW)]
    client = company.clients[int(_CLIENTS * random.random() ** _SKEW)]
    method = random.choices(_METHODS, _METHOD_WEIGHTS)[0]
    moment = _START + timedelta(seconds=random.randrange(_SECONDS))
    request = _extended(random)
    return {
        "requestId": request,
        "ip": client.ip,
        "requestTime": f"{moment:%d/%b/%Y:%H:%M:%S} +0000",
        "httpMethod": method,
        "routeKey": f"{method} {api.resources[int(_RESOURCES * random.random() ** _SKEW)]}",
        "status": str(random.choices(_CODES, _CODE_WEIGHTS)[0]),
        "protocol": "HTTP/1.1",
        "responseLength": str(int(random.lognormvariate(7, 1.5))),
        "extendedRequestId": request,
    }


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count what makes logs varied."""
    records = written = packed = 0
    seen: dict[str, set[str]] = {"apiId": set(), "ip": set(), "userAgent": set(), "path": set()}
    codes: Counter[str] = Counter()
    for stored in objects:
        text = unpacked(stored.body)
        packed += len(stored.body)
        written += len(text)
        for record in msgspec.json.Decoder(Fields).decode_lines(text):
            records += 1
            codes[record["status"][0]] += 1
            for key, values in seen.items():
                values.add(record.get(key, "-"))
    return {
        "records": records,
        "bytes a record": round(written / records),
        "gzip ratio": round(written / packed, 1),
        **{f"values of {key}": len(values) for key, values in seen.items()},
        **{f"{code}xx %": round(100 * count / records, 1) for code, count in codes.most_common()},
    }


inputs = (
    Input(
        "aws.apigateway_logs",
        50_000,
        write,
        facts,
        {
            "": Framing(over_and_over),
            "cloudwatch": Framing(in_payloads, packed_one_by_one),
            "firehose": Framing(glued),
        },
    ),
)
