"""
Acme Proxy access log: requests of employees to the web.

One JSON object a line, written to `s3://<bucket>/acme-proxy/<account>/<region>/<yyyymmddThhmmZ>_<name>.log.gz`.
"""

from datetime import datetime

from shipper import ecs, web
from shipper.formats import JsonRecords, Record
from shipper.marks import Marks
from shipper.source import Origin, Source

# -- what the proxy writes ---------------------------------------------------------------------------------------------


class ProxyRecord(Record):
    """One request; every member may be missing but the time."""

    time: datetime
    request_id: str | None = None
    client: str | None = None
    user: str | None = None
    method: str | None = None
    host: str | None = None
    path: str | None = None
    status: int | None = None
    bytes_out: int | None = None
    verdict: str | None = None
    risk: float | None = None


# -- what we add to ECS ------------------------------------------------------------------------------------------------


class Proxy(ecs.FieldSet):
    """`acme.proxy`."""

    risk: float | None = None
    verdict: str | None = None


class Acme(ecs.FieldSet):
    """Fields of our own stand below the first part of the dataset's name."""

    proxy: Proxy | None = None


class ProxyDocument(ecs.Document, kw_only=True):
    """A request as it is indexed; the index template is made from this."""

    acme: Acme | None = None
    http: ecs.Http | None = None
    source: ecs.Endpoint | None = None
    url: ecs.Url | None = None
    user: ecs.User | None = None


# -- how one becomes the other -----------------------------------------------------------------------------------------


def document(record: ProxyRecord, _origin: Origin) -> ProxyDocument:
    """Map one request."""
    address = ecs.ip(record.client)
    host = web.authority(record.host) if ecs.given(record.host) and record.host else None
    user = ecs.given(record.user)
    proxy = ecs.some(Proxy(risk=record.risk, verdict=ecs.given(record.verdict)))
    return ProxyDocument(
        timestamp=record.time,
        acme=Acme(proxy=proxy) if proxy else None,
        cloud=ecs.Cloud(),
        event=ecs.Event(
            category=("network", "web"),
            id=ecs.given(record.request_id),
            kind="event",
            outcome="failure" if record.verdict == "blocked" else "success",
            type=("access", "denied" if record.verdict == "blocked" else "allowed"),
        ),
        http=_http(record),
        related=ecs.related(hosts=(host.domain if host else None,), ip=(address,), user=(user,)),
        source=ecs.some(ecs.Endpoint(address=ecs.given(record.client), ip=address)),
        url=ecs.some(
            ecs.Url(domain=host.domain if host else None, path=ecs.given(record.path), port=host.port if host else None)
        ),
        user=ecs.User(name=user) if user else None,
    )


def _http(record: ProxyRecord) -> ecs.Http | None:
    method = ecs.given(record.method)
    response = ecs.HttpResponse(bytes=record.bytes_out, status_code=record.status)
    return ecs.some(ecs.Http(request=ecs.HttpRequest(method=method) if method else None, response=ecs.some(response)))


def request_id(record: ProxyRecord) -> str | None:
    """Give the proxy's own id: copies of a record in several objects are one document."""
    return record.request_id


source = Source(
    dataset="acme.proxy",
    key=r"(?:^|/)acme-proxy/(?P<account>\d{12})/(?P<region>[a-z0-9-]+)/(?P<time>\d{8}T\d{4}Z)_[^/]*\.log(?:\.gz)?$",
    format=JsonRecords(ProxyRecord),
    marks=Marks(members=(("time", "request_id", "client", "verdict"),)),
    document=document,
    id=request_id,
)
