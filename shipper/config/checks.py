"""Settings that are fine alone and contradict each other together."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from shipper.config.settings import Settings

# What one object in flight may hold: its blocks, the record being decoded, the document being encoded.
OBJECT_MIB = 8


class Contradiction(NamedTuple):
    """A setting to change, and what to do about it."""

    setting: str
    message: str


Found = Iterator[Contradiction]


class Check(NamedTuple):
    """A question to the settings.

    Attributes:
        reads: dotted settings it looks at; it is not asked while one of them is wrong
        find: yields what contradicts
    """

    reads: tuple[str, ...]
    find: Callable[[Settings], Found]


def contradictions(settings: Settings, wrong: set[str]) -> Found:
    """Yield what contradicts among the settings.

    Args:
        settings: what was read
        wrong: dotted settings and tables that had a problem, so that their value here is a default or nothing
    """
    for check in CHECKS:
        if not any(setting == bad or setting.startswith(f"{bad}.") for setting in check.reads for bad in wrong):
            yield from check.find(settings)


def _memory(settings: Settings) -> Found:
    limits = settings.limits
    needed = limits.bulk_requests * limits.bulk_mib * 2 + OBJECT_MIB
    if limits.memory_mib < needed:
        yield Contradiction(
            "limits.memory_mib",
            f"{limits.memory_mib} MiB is too small for bulk_requests x bulk_mib x 2 + {OBJECT_MIB} = {needed} MiB; "
            f"set it to {needed} at least, or lower limits.bulk_requests or limits.bulk_mib",
        )


def _record_fits_bulk(settings: Settings) -> Found:
    limits = settings.limits
    if limits.record_kib > limits.bulk_mib * 1024:
        yield Contradiction(
            "limits.record_kib",
            f"{limits.record_kib} KiB does not fit a bulk body of {limits.bulk_mib} MiB; "
            f"set it to {limits.bulk_mib * 1024} at most, or raise limits.bulk_mib",
        )


def _visibility(settings: Settings) -> Found:
    timeout = settings.opensearch.timeout_seconds
    for index, queue in enumerate(settings.queues):
        if queue.visibility_seconds <= timeout:
            yield Contradiction(
                f"queues[{index}].visibility_seconds",
                f"{queue.visibility_seconds} s would show a message again while a request to OpenSearch still runs; "
                f"set it above opensearch.timeout_seconds = {timeout}",
            )


def _long_polling(settings: Settings) -> Found:
    waits = [queue.wait_seconds for queue in settings.queues]
    if settings.aws.read_timeout_seconds <= max(waits, default=0):
        yield Contradiction(
            "aws.read_timeout_seconds",
            f"{settings.aws.read_timeout_seconds} s would cut off every receive from an idle queue; "
            f"set it above the longest queues.wait_seconds = {max(waits)}",
        )


def _queues_differ(settings: Settings) -> Found:
    urls = [queue.url for queue in settings.queues]
    for index, url in enumerate(urls):
        if url in urls[:index]:
            yield Contradiction(
                f"queues[{index}].url", f"is the same queue as queues[{urls.index(url)}]; take one of them out"
            )


def _one_last_resort(settings: Settings) -> Found:
    if settings.deadletter.s3 and settings.deadletter.directory:
        yield Contradiction("deadletter.directory", "is given besides deadletter.s3; take one of the two out")


def _routes(settings: Settings) -> Found:
    for index, route in enumerate(settings.routes):
        place = f"routes[{index}]"
        if (route.dataset is None) == (route.action is None):
            yield Contradiction(place, 'must say what becomes of its objects: either dataset or action = "ignore"')
        if route.bucket is route.prefix is route.pattern is None:
            yield Contradiction(place, "fits every object; give it a bucket, a prefix or a pattern")
        try:
            re.compile(route.pattern or "")
        except re.error as error:
            yield Contradiction(f"{place}.pattern", f"is no regular expression: {ascii(str(error))[1:-1]}")


def _retention(settings: Settings) -> Found:
    for index, rule in enumerate(settings.retention):
        place = f"retention[{index}]"
        if any(earlier.dataset in (None, rule.dataset) for earlier in settings.retention[:index]):
            yield Contradiction(place, "never decides, as a table before it fits all that it fits; put it first")
        if rule.warm_node and rule.warm_days is None:
            yield Contradiction(f"{place}.warm_node", "has no time; set warm_days, or take it out")
        if rule.warm_days is not None and rule.delete_days is not None and rule.warm_days >= rule.delete_days:
            yield Contradiction(
                f"{place}.warm_days", f"{rule.warm_days} is not before delete_days = {rule.delete_days}; set it below"
            )


def _password(settings: Settings) -> Found:
    opensearch = settings.opensearch
    if opensearch.username and not opensearch.password:
        yield Contradiction(
            "opensearch.username",
            "has no password; set opensearch.password_file or SHIPPER_OPENSEARCH_PASSWORD, or take the user out",
        )
    if opensearch.password and not opensearch.username:
        yield Contradiction(
            "opensearch.password", "belongs to no user; set opensearch.username, or take the password out"
        )


def _one_identity(settings: Settings) -> Found:
    if settings.opensearch.username and settings.opensearch.api_key:
        yield Contradiction("opensearch.api_key", "is given besides opensearch.username; take one of the two out")


def _client_certificate(settings: Settings) -> Found:
    opensearch = settings.opensearch
    pair = {"client_cert_file": opensearch.client_cert_file, "client_key_file": opensearch.client_key_file}
    missing = [name for name, file in pair.items() if file is None]
    if len(missing) == 1:
        given = next(name for name, file in pair.items() if file)
        yield Contradiction(
            f"opensearch.{given}", f"works only together with opensearch.{missing[0]}; set both or neither"
        )


def _tls(settings: Settings) -> Found:
    opensearch = settings.opensearch
    if opensearch.ca_file and not opensearch.verify:
        yield Contradiction("opensearch.verify", "false ignores opensearch.ca_file; take one of the two out")
    plain = any(url.startswith("http://") for url in opensearch.urls)
    for name in ("ca_file", "client_cert_file"):
        if plain and getattr(opensearch, name):
            yield Contradiction(
                "opensearch.urls", f"http:// makes no use of opensearch.{name}; write https://, or take the file out"
            )


CHECKS = (
    Check(("limits.memory_mib", "limits.bulk_requests", "limits.bulk_mib"), _memory),
    Check(("limits.record_kib", "limits.bulk_mib"), _record_fits_bulk),
    Check(("queues.visibility_seconds", "opensearch.timeout_seconds"), _visibility),
    Check(("queues.wait_seconds", "aws.read_timeout_seconds"), _long_polling),
    Check(("queues.url",), _queues_differ),
    Check(("deadletter.s3", "deadletter.directory"), _one_last_resort),
    Check(("routes",), _routes),
    Check(("retention",), _retention),
    Check(("opensearch.username", "opensearch.password", "opensearch.password_file"), _password),
    Check(("opensearch.username", "opensearch.api_key", "opensearch.api_key_file"), _one_identity),
    Check(("opensearch.client_cert_file", "opensearch.client_key_file"), _client_certificate),
    Check(("opensearch.urls", "opensearch.verify", "opensearch.ca_file", "opensearch.client_cert_file"), _tls),
)
