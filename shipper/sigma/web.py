"""
Requests over HTTP by the names of W3C, as Sigma's rules for web servers and proxies call them.

https://www.w3.org/TR/WD-logfile.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html

Seven datasets hold requests, in the same fields of ECS, so one search goes through all of them. A rule with
`product: aws` and the service of one dataset has the same names, as far as its log tells them.
"""

from typing import Any, Final

from shipper.sigma.logsource import LogSource, Spelling

_URL: Final = ("url.query", "url.path", "url.original", "url.full")
"""
Where a rule finds what it expects in a URL, or in its query.

Most published rules look for paths in `cs-uri-query` too, alone or in one text with the query. `url.original` has both
as they were sent; where a log does not have it, `url.full` has both.
"""

_REFERRER: Final = "http.request.referrer"
_AGENT: Final = "user_agent.original"
_USER: Final = ("user.id", "user.name")
_COOKIES: Final = "aws.cloudfront.cookies"
_SENT: Final = "http.request.bytes"
_ANSWERED: Final = "http.response.bytes"
_BODY: Final = "http.response.body.bytes"
_FROM_PORT: Final = "source.port"
_TO_PORT: Final = "destination.port"
_SERVER: Final = "destination"

_PLACES: Final[dict[str, tuple[str, ...]]] = {
    "c-port": (_FROM_PORT,),
    "c-uri": _URL,
    "c-uri-extension": ("url.extension",),
    "c-uri-query": _URL,
    "c-uri-stem": ("url.path",),
    "c-useragent": (_AGENT,),
    "cs-bytes": (_SENT,),
    "cs-cookie": (_COOKIES,),
    "cs-host": ("url.domain",),
    "cs-method": ("http.request.method",),
    "cs-referer": (_REFERRER,),
    "cs-referrer": (_REFERRER,),
    "cs-uri": _URL,
    "cs-uri-query": _URL,
    "cs-uri-stem": ("url.path",),
    "cs-user-agent": (_AGENT,),
    "cs-username": _USER,
    "cs-version": ("http.version",),
    "r-dns": ("url.domain",),
    "s-port": (_TO_PORT,),
    "sc-bytes": (_ANSWERED, _BODY),
    "sc-status": ("http.response.status_code",),
}
_ENDPOINTS: Final = {"c-ip": "source", "src_ip": "source", "dst_ip": _SERVER, "s-ip": _SERVER}


def _missing(pattern: str, *names: str) -> Spelling:
    """Ask for documents without a field where rules ask for what a log writes instead of a value."""
    is_missing = {"type": "match_string", "cond": "all", "pattern": pattern}
    return Spelling(
        names=names,
        transformation={"type": "set_value", "value": None, "detection_item_conditions": [is_missing]},
    )


_SPELLINGS: Final = (
    Spelling(names=("cs-version",), transformation={"type": "replace_string", "regex": "^HTTP/", "replacement": ""}),
    _missing("^(-|anonymous)?$", "cs-username"),
    _missing("^-?$", "c-useragent", "cs-cookie", "cs-referer", "cs-referrer", "cs-user-agent"),
)


def _requests(name: str, datasets: tuple[str, ...], *rules: dict[str, str], lacks: tuple[str, ...] = ()) -> LogSource:
    """Give a log source whose documents have requests, but do not have some of the places of our fields."""
    places = {name: [place for place in places if place not in lacks] for name, places in _PLACES.items()}
    fields: dict[str, Any] = {name: left if len(left) > 1 else left[0] for name, left in places.items() if left}
    return LogSource(
        name=name,
        rules=rules,
        datasets=datasets,
        fields=fields,
        addresses={name: endpoint for name, endpoint in _ENDPOINTS.items() if endpoint not in lacks},
        spellings=_SPELLINGS,
    )


def _service(name: str, *lacks: str) -> LogSource:
    return _requests(name, (f"aws.{name}",), {"product": "aws", "service": name}, lacks=lacks)


_SERVICES: Final = (
    _service("apigateway_logs", "url.query", _REFERRER, _COOKIES, _SENT, _ANSWERED, _FROM_PORT, _TO_PORT, _SERVER),
    # Of the server there are a name and a port, but no address.
    _service("cloudfront_logs", *_USER, _SERVER),
    _service("cloudfront_realtime", *_USER),
    _service("elb_logs", *_USER, _REFERRER, _COOKIES),
    _service("s3access", _COOKIES, _SENT, _ANSWERED, _FROM_PORT, _TO_PORT, _SERVER),
    _service("vpc_lattice", "url.original", _REFERRER, _COOKIES, _BODY),
)

WEB: Final = (
    _requests(
        "web",
        tuple(sorted([*(dataset for one in _SERVICES for dataset in one.datasets), "aws.waf"])),
        {"category": "webserver"},
        {"category": "proxy"},
    ),
    *_SERVICES,
)
