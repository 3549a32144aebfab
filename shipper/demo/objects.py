"""Objects as AWS puts them into a bucket: logs under the keys that AWS gives them, and things that are no logs."""

import gzip
from collections.abc import Iterable
from datetime import datetime
from random import Random
from typing import Any, Final, NamedTuple

import msgspec

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class StoredObject(NamedTuple):
    """An object of a bucket."""

    key: str
    body: bytes


class Delivery(NamedTuple):
    """
    What the key of a log file tells.

    Attributes:
        account: that the records belong to
        region: that they belong to
        time: of delivery
        random: gives the unique part
    """

    account: str
    region: str
    time: datetime
    random: Random

    def folder(self, service: str) -> str:
        """Give the part of the key that ends with the day."""
        return f"AWSLogs/{self.account}/{service}/{self.region}/{self.time:%Y/%m/%d}"


def cloudtrail_object(records: Iterable[bytes], delivery: Delivery) -> StoredObject:
    """
    Store CloudTrail records, each in JSON.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
    """
    account, region, time, random = delivery
    unique = "".join(random.choices(_LETTERS, k=16))
    key = f"{delivery.folder('CloudTrail')}/{account}_CloudTrail_{region}_{time:%Y%m%dT%H%MZ}_{unique}.json.gz"
    return StoredObject(key, zipped(b'{"Records":[%b]}' % b",".join(records)))


def flow_object(lines: bytes, delivery: Delivery) -> StoredObject:
    """
    Store the lines of a flow log.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
    """
    account, region, time, random = delivery
    log, unique = f"fl-{random.getrandbits(68):017x}", f"{random.getrandbits(32):08x}"
    name = f"{account}_vpcflowlogs_{region}_{log}_{time:%Y%m%dT%H%MZ}_{unique}.log.gz"
    return StoredObject(f"{delivery.folder('vpcflowlogs')}/{name}", zipped(lines))


def digest(delivery: Delivery) -> StoredObject:
    """
    Store a digest, which lies beside CloudTrail's log files, vouches for them, and holds no records.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
    """
    account, region, time, _ = delivery
    name = f"{account}_CloudTrail-Digest_{region}_main_{region}_{time:%Y%m%dT%H%M%SZ}.json.gz"
    body = json({"awsAccountId": account, "digestSignatureAlgorithm": "SHA256withRSA"})
    return StoredObject(f"{delivery.folder('CloudTrail-Digest')}/{name}", zipped(body))


def backup(time: datetime) -> StoredObject:
    """Store something that is no log, as happens in a bucket that several teams use."""
    return StoredObject(f"backups/{time:%Y-%m-%d}/database.sql.gz", zipped(b"CREATE TABLE t (id integer);\n"))


def zipped(data: bytes) -> bytes:
    """Compress, without the time of doing it."""
    return gzip.compress(data, mtime=0)


def json(value: Any) -> bytes:
    """Write JSON."""
    return msgspec.json.encode(value)
