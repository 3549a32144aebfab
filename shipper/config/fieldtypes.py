"""Types of settings: what a text must look like, in words (`title`) and as a pattern.

A type's `extra` may hold "advice", a function from a wrong text to a remedy or None, and "confidential", which keeps
the text out of messages because people put the secret itself there.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from msgspec import Meta

Advice = Callable[[str], str | None]


class Secret:
    """A password or key that shows as `***` wherever it is printed, logged or formatted."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself, for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


def url_advice(text: str) -> str | None:
    """What to do about a text that is no URL, or None when it gives no hint. Never repeats a user or password."""
    if "@" in text:
        return "take user and password out of the URL and give them by their own settings"
    match text.split(":"):
        case ["arn", "aws", "sqs", region, account, name]:
            return f"that is an ARN; the queue's URL is https://sqs.{region}.amazonaws.com/{account}/{name}"
        case [_] | [_, _] if "://" not in text:
            return "put https:// in front"
    return None


# The very end of the text, in Python (where `$` alone also matches before a last newline) and in ECMAScript.
_END = r"$(?!\n)"
_HOST = r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)"
_PORT = r"([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"

HttpUrl = Annotated[
    str,
    Meta(
        pattern=rf"^https?://{_HOST}(:{_PORT})?(/[^\s?#@]*)?{_END}",
        title="https:// or http:// URL without user, query and fragment",
        extra={"advice": url_advice},
    ),
]
QueueUrl = Annotated[
    str,
    Meta(
        pattern=rf"^https?://{_HOST}(:{_PORT})?/[^\s?#@]*[^\s?#@/]{_END}",
        title="https:// or http:// URL of a queue",
        extra={"advice": url_advice},
    ),
]
HostPort = Annotated[
    str,
    Meta(pattern=rf"^{_HOST}:{_PORT}{_END}", title="host:port (an IPv6 host in brackets, a port of at most 65535)"),
]
Region = Annotated[str, Meta(pattern=rf"^[a-z]{{2,}}(-[a-z0-9]+)+{_END}", title="name of an AWS region")]
# A data stream is called logs-<dataset>-<namespace>, so a "-" would shift the parts:
# https://www.elastic.co/docs/reference/ecs/ecs-data_stream
Namespace = Annotated[
    str,
    Meta(pattern=rf"^[a-z0-9_.]{{1,100}}{_END}", title="1 to 100 lower-case letters, digits, '_' and '.', but no '-'"),
]
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BucketName = Annotated[
    str, Meta(pattern=rf"^[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]{_END}", title="name of an S3 bucket, not an ARN or URL")
]
KeyPrefix = Annotated[str, Meta(pattern=rf"^[^/\n][^\n]*{_END}", title="beginning of a key, without a leading slash")]
S3Prefix = Annotated[
    str,
    Meta(pattern=rf"^s3://[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]/[^/\n][^\n]*/{_END}", title="s3://bucket/prefix/"),
]
DirectoryPath = Annotated[str, Meta(pattern=rf"^/[^\n]*{_END}", title="absolute path of a directory")]
KeyPattern = Annotated[str, Meta(pattern=rf"^[^\n]+{_END}", title="regular expression")]
Dataset = Annotated[str, Meta(pattern=rf"^[a-z][a-z0-9_.]*{_END}", title="name of a dataset, such as aws.cloudtrail")]
NodeAttribute = Annotated[
    str, Meta(pattern=rf"^[A-Za-z0-9_.-]+=[A-Za-z0-9_.-]+{_END}", title="name=value of a node attribute")
]
# Basic authentication puts a ":" between user and password: https://www.rfc-editor.org/rfc/rfc7617#section-2
Username = Annotated[
    str, Meta(pattern=rf"^[^:]+{_END}", title="name of a user, without ':'", extra={"confidential": True})
]
SecretFile = Annotated[Path, Meta(title="path of a file that holds the secret", extra={"confidential": True})]
