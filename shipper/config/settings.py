"""Every setting, declared once: name, type, bounds, default and a sentence about it.

`load` reads them, `documents` writes the example file and the JSON schema from them. A group is a Struct and a
table of the TOML file; its docstring describes it there. Units stand in the names.
"""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from shipper.config.fieldtypes import (
    BucketName,
    Dataset,
    DirectoryPath,
    HostPort,
    HttpUrl,
    KeyPattern,
    KeyPrefix,
    Namespace,
    NodeAttribute,
    QueueUrl,
    Region,
    S3Prefix,
    Secret,
    SecretFile,
    Username,
)


class Queue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An SQS queue that is told of new objects; repeat the table for more queues."""

    url: Annotated[
        QueueUrl,
        Meta(
            description="URL of the queue.",
            examples=["https://sqs.eu-central-1.amazonaws.com/123456789012/security-logs"],
        ),
    ]
    region: Annotated[
        Region | None,
        Meta(
            description="Region of the queue; default: the region in the URL's host, else aws.region.",
            examples=["eu-central-1"],
        ),
    ] = None
    wait_seconds: Annotated[
        int, Meta(ge=0, le=20, description="How long one receive waits for messages (long polling).")
    ] = 20
    # Upper bound: 12 hours, SQS's own.
    visibility_seconds: Annotated[
        int,
        Meta(
            ge=30,
            le=43_200,
            description="How long a message stays hidden from other consumers; extended while we work on it.",
        ),
    ] = 300
    # Upper bound: SQS's own for maxReceiveCount of a redrive policy.
    max_receives: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Receives of a message after which its missing or broken object becomes a dead letter.",
        ),
    ] = 3


class Aws(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to reach AWS; credentials come from its own chain (environment, profile, role), never from this file."""

    region: Annotated[
        Region | None,
        Meta(
            description="Region to use where neither notification nor URL names one; default: $AWS_REGION, "
            "else $AWS_DEFAULT_REGION, else the profile's.",
            examples=["eu-central-1"],
        ),
    ] = None
    endpoint_url: Annotated[
        HttpUrl | None,
        Meta(
            description="Address of S3 and SQS instead of AWS's public ones, for VPC endpoints and tests.",
            examples=["http://127.0.0.1:5000"],
        ),
    ] = None
    connect_timeout_seconds: Annotated[
        int, Meta(ge=1, le=300, description="How long a connection to AWS may take to open.")
    ] = 10
    read_timeout_seconds: Annotated[
        int, Meta(ge=1, le=900, description="How long AWS may stay silent; more than any queue's wait_seconds.")
    ] = 60
    max_attempts: Annotated[
        int, Meta(ge=1, le=20, description="Attempts at one AWS request, the first one counted.")
    ] = 5


class OpenSearch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where documents go, and how we identify ourselves there: by password, API key or client certificate."""

    urls: Annotated[
        tuple[HttpUrl, ...],
        Meta(
            description="Addresses of OpenSearch or Elasticsearch; several nodes of one cluster share the load.",
            examples=[["https://opensearch.example.com:9200"]],
        ),
    ] = ()
    username: Annotated[Username | None, Meta(description="User for basic authentication.", examples=["shipper"])] = (
        None
    )
    password: Annotated[Secret | None, Meta(description="Password of that user.")] = None
    password_file: Annotated[
        SecretFile | None,
        Meta(description="File that holds the password.", examples=["/run/secrets/opensearch_password"]),
    ] = None
    api_key: Annotated[
        Secret | None, Meta(description="API key in its encoded form, instead of user and password.")
    ] = None
    api_key_file: Annotated[
        SecretFile | None,
        Meta(description="File that holds the API key.", examples=["/run/secrets/opensearch_api_key"]),
    ] = None
    ca_file: Annotated[
        Path | None,
        Meta(
            description="Certificate authorities to trust instead of the system's (PEM).",
            examples=["/etc/shipper/ca.pem"],
        ),
    ] = None
    client_cert_file: Annotated[
        Path | None, Meta(description="Certificate we present (PEM).", examples=["/etc/shipper/client.pem"])
    ] = None
    client_key_file: Annotated[
        Path | None, Meta(description="Private key of that certificate (PEM).", examples=["/etc/shipper/client.key"])
    ] = None
    verify: Annotated[
        bool, Meta(description="Whether the server's certificate must be valid; false only for tests.")
    ] = True
    namespace: Annotated[
        Namespace, Meta(description="Last part of the data streams' names: logs-<dataset>-<namespace>.")
    ] = "default"
    timeout_seconds: Annotated[
        int, Meta(ge=1, le=600, description="How long one request may take; less than any queue's visibility_seconds.")
    ] = 60
    compress: Annotated[bool, Meta(description="Whether request bodies are sent as gzip.")] = True


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much may be in flight at once."""

    memory_mib: Annotated[
        int,
        Meta(
            ge=16,
            le=65_536,
            description="Budget for all bytes in flight: objects being read and bulk bodies on their way.",
        ),
    ] = 128
    bulk_mib: Annotated[int, Meta(ge=1, le=50, description="Size at which a bulk body is sent.")] = 5
    bulk_requests: Annotated[int, Meta(ge=1, le=64, description="Bulk requests in flight.")] = 4
    flush_seconds: Annotated[
        float, Meta(ge=0.05, le=30.0, description="Idle time after which a bulk body is sent though it is not full.")
    ] = 1.0
    # Upper bound: a record and its document have to fit what the budget sets aside for one object.
    record_kib: Annotated[
        int, Meta(ge=16, le=4096, description="Largest raw record; a longer one becomes a dead letter.")
    ] = 1024
    object_records: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000_000,
            description="Most records of one object; one dead letter stands for what comes after them.",
        ),
    ] = 20_000_000
    messages: Annotated[int, Meta(ge=1, le=100_000, description="Queue messages in flight.")] = 1000
    grace_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=3600,
            description="Time to finish after SIGTERM, then messages are released; less than the container's own.",
        ),
    ] = 25
    inflated_mib: Annotated[
        int, Meta(ge=1, le=1_048_576, description="Largest object after decompression; a larger one is a dead letter.")
    ] = 4096
    inflated_ratio: Annotated[
        int,
        Meta(
            ge=10,
            le=100_000,
            description="Bytes that one byte of an object may inflate to, beyond the first 64 MiB; more is a bomb.",
        ),
    ] = 500


class DeadLetter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a dead letter is kept that OpenSearch refuses too; without a place its message comes again."""

    s3: Annotated[
        S3Prefix | None,
        Meta(description="A prefix in S3.", examples=["s3://security-logs-dead/shipper/"]),
    ] = None
    directory: Annotated[
        DirectoryPath | None,
        Meta(
            description="A directory of this machine, on a disk that outlives the container.",
            examples=["/var/lib/shipper/dead"],
        ),
    ] = None


class Route(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which log the objects under some keys are, whatever key and content tell; the first route that fits decides."""

    bucket: Annotated[
        BucketName | None, Meta(description="Name of the bucket; default: any.", examples=["security-logs"])
    ] = None
    prefix: Annotated[
        KeyPrefix | None, Meta(description="What the key begins with; default: anything.", examples=["vpc/"])
    ] = None
    pattern: Annotated[
        KeyPattern | None,
        Meta(
            description="Regular expression (Python's) that is searched in the key; default: any key. Its groups named "
            "account and region are taken for records that do not say.",
            examples=["/(?P<account>[0-9]{12})/flows/"],
        ),
    ] = None
    dataset: Annotated[
        Dataset | None,
        Meta(description="The log, as `shipper sources` names it.", examples=["aws.vpcflow"]),
    ] = None
    action: Annotated[
        Literal["ignore"] | None,
        Meta(
            description="What to do instead; ignore: the object is not read, its message is acknowledged and counted.",
            examples=["ignore"],
        ),
    ] = None


class Documents(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What documents are made of."""

    # The values of `shipper.retain.Retain`, which settings do not import.
    retain: Annotated[
        Literal["both", "string", "flattened", "none"],
        Meta(
            description="Forms in which free-form parts are kept, such as CloudTrail's requestParameters: as a string, "
            "which Sigma rules match, as flattened objects, or both."
        ),
    ] = "both"
    original: Annotated[
        bool,
        Meta(
            description="Whether each document has its record as AWS wrote it, in `event.original`, which is kept and "
            "not searched. It has secrets too, where AWS wrote any."
        ),
    ] = False


class Retention(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long documents are kept, for `shipper install`; the first table that fits a dataset decides."""

    dataset: Annotated[
        Dataset | None,
        Meta(
            description="The log, as `shipper sources` names it, shipper.deadletter, shipper.imports or "
            "shipper.objects; default: any.",
            examples=["aws.vpcflow"],
        ),
    ] = None
    rollover_gib: Annotated[
        int, Meta(ge=1, le=200, description="Size of its largest primary shard at which an index is rolled over.")
    ] = 30
    rollover_days: Annotated[int, Meta(ge=1, le=365, description="Age at which an index is rolled over.")] = 30
    warm_days: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=36_500,
                description="Days after its rollover until an index is merged to one segment and moved to warm_node.",
                examples=[7],
            ),
        ]
        | None
    ) = None
    warm_node: Annotated[
        NodeAttribute | None,
        Meta(
            description="Attribute of the nodes that warm indices move to; default: they stay.", examples=["temp=warm"]
        ),
    ] = None
    delete_days: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=36_500,
                description="Days after its rollover until an index is deleted; default: it is kept for ever.",
                examples=[365],
            ),
        ]
        | None
    ) = None


class SourceTables(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set of single logs, each in a table of its own; all of them work without."""


class Metrics(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The HTTP server for /metrics, /healthz and /readyz."""

    listen: Annotated[
        HostPort, Meta(description="Address to listen on; port 0 takes any free one, 0.0.0.0 all interfaces.")
    ] = "127.0.0.1:9090"

    @property
    def host(self) -> str:
        """Host part of `listen`, an IPv6 address without its brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """Port part of `listen`."""
        return int(self.listen.rpartition(":")[2])


class Log(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the program says about itself, on standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least severe level that is written.")
    ] = "info"
    format: Annotated[
        Literal["auto", "json", "text"], Meta(description="Form of a line; auto is text on a terminal, else json.")
    ] = "auto"


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of the shipper."""

    queues: tuple[Queue, ...] = ()
    aws: Aws = Aws()
    opensearch: OpenSearch = OpenSearch()
    limits: Limits = Limits()
    deadletter: DeadLetter = DeadLetter()
    routes: tuple[Route, ...] = ()
    documents: Documents = Documents()
    retention: tuple[Retention, ...] = ()
    metrics: Metrics = Metrics()
    log: Log = Log()
    sources: SourceTables = SourceTables()
