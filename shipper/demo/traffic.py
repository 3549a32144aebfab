"""
A minute in the life of three AWS accounts, as objects, with the numbers that must be found again.

What happens depends on the seed alone, so that each run of the demo finds the same. Times and the ids of events depend
on the time too: on an OpenSearch that has seen an earlier run they are new events, not duplicates.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final, TypeVar

from shipper.demo.cloudtrail import Record, Trail, denied_by_user, logins_without_mfa
from shipper.demo.incidents import incidents
from shipper.demo.objects import Delivery, StoredObject, backup, cloudtrail_object, digest, flow_object, json
from shipper.demo.routine import routine
from shipper.demo.vpcflow import CUSTOM, DEFAULT, TRANSIT_GATEWAY, Flow, Network, lines, rejected_by_port
from shipper.demo.world import ACCOUNTS, REGIONS

SPAN: Final = timedelta(seconds=60)
"""Age of the oldest event."""

ROUTINE_RECORDS: Final = 2_600
ACCEPTED_FLOWS: Final = 2_400
REJECTED_FLOWS: Final = 260
TRANSIT_FLOWS: Final = 240
SILENT_MINUTES: Final = 12

RECORDS_PER_OBJECT: Final = 60
FLOWS_PER_OBJECT: Final = 100

CLOUDTRAIL: Final = "aws.cloudtrail"
VPCFLOW: Final = "aws.vpcflow"

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Expected:
    """
    What must be found in OpenSearch.

    Attributes:
        documents: by dataset
        logins_without_mfa: successful sign-ins to the console without a second factor
        denied: denied calls by name of the user or role
        rejected: rejected flows by destination port
    """

    documents: Counter[str]
    logins_without_mfa: int
    denied: Counter[str]
    rejected: Counter[int]


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """
    What is put into the bucket.

    Attributes:
        logs: the first of them has a record that is no JSON among many that are
        digest: lies among the logs and is none
        unclaimed: an object of which no source knows anything
        expected: what becomes of the logs
        since: no event is older
    """

    logs: tuple[StoredObject, ...]
    digest: StoredObject
    unclaimed: StoredObject
    expected: Expected
    since: datetime


def traffic(seed: int, now: datetime) -> Traffic:
    """
    Make it up.

    Args:
        seed: decides what happens
        now: time of the newest events, a whole second of UTC
    """
    random = Random(seed)  # noqa: S311 -- made-up traffic, not a secret
    ids = Random(f"{seed} {now.isoformat()}")  # noqa: S311 -- as above
    since = now - SPAN

    def moment() -> datetime:
        return since + timedelta(seconds=random.uniform(0, SPAN.total_seconds()))

    trail, network = Trail(random, ids, moment, now), Network(random, moment)
    records = [*incidents(trail), *routine(trail, ROUTINE_RECORDS)]
    flows = [*network.accepted(ACCEPTED_FLOWS), *network.rejected(REJECTED_FLOWS), *network.silent(SILENT_MINUTES)]
    transit = list(network.transit(TRANSIT_FLOWS))
    random.shuffle(flows)
    return Traffic(
        logs=(
            *_cloudtrail_objects(records, now, random),
            *_flow_objects("2", DEFAULT, flows[::2], _deliveries(ACCOUNTS[0], now, random)),
            *_flow_objects("5", CUSTOM, flows[1::2], _deliveries(ACCOUNTS[1], now, random)),
            *_flow_objects("6", TRANSIT_GATEWAY, transit, _deliveries(ACCOUNTS[2], now, random)),
        ),
        digest=digest(Delivery(ACCOUNTS[0], REGIONS[1], now, random)),
        unclaimed=backup(now),
        expected=Expected(
            documents=Counter({CLOUDTRAIL: len(records), VPCFLOW: len(flows) + len(transit)}),
            logins_without_mfa=logins_without_mfa(records),
            denied=denied_by_user(records),
            rejected=rejected_by_port(flows),
        ),
        since=since,
    )


def _cloudtrail_objects(records: list[Record], now: datetime, random: Random) -> Iterator[StoredObject]:
    """Sort records into objects as CloudTrail does: one account and region in each, in order of time."""
    groups: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda record: str(record["eventTime"])):
        groups[record["recipientAccountId"], record["awsRegion"]].append(record)
    broken = [_broken(records[0])]
    for (account, region), group in sorted(groups.items()):
        for part in _parts(group, RECORDS_PER_OBJECT):
            first, *others = map(json, part)
            yield cloudtrail_object([first, *broken, *others], Delivery(account, region, now, random))
            broken = []


def _broken(record: Record) -> bytes:
    """Write a record that begins and ends like any other, and is no JSON in between."""
    return json(record).replace(b'"eventTime":', b'"eventTime":yesterday,"was":')


def _deliveries(account: str, now: datetime, random: Random) -> list[Delivery]:
    return [Delivery(account, region, now, random) for region in REGIONS]


def _flow_objects(version: str, columns: str, flows: list[Flow], deliveries: list[Delivery]) -> Iterator[StoredObject]:
    """Share flows out among objects of one region each, in order of time."""
    for index, delivery in enumerate(deliveries):
        of_log = {"version": version, "account-id": delivery.account, "region": delivery.region}
        share = sorted(flows[index :: len(deliveries)], key=lambda flow: int(flow["end"]))
        for part in _parts(share, FLOWS_PER_OBJECT):
            yield flow_object(lines(columns, [{**flow, **of_log} for flow in part]), delivery)


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
