"""
Error log of IAM database authentication, which RDS and Aurora write for MySQL, MariaDB and PostgreSQL alike.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Troubleshooting.html
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.Troubleshooting.html
"""

import re
from datetime import datetime
from typing import Final

from shipper import ecs
from shipper.formats import Entry, Kind, matching
from shipper.sources.aws_rds_logs import fields
from shipper.sources.aws_rds_logs.fields import Rds, RdsDocument
from shipper.sources.aws_rds_logs.mysql import moment

# -- what AWS writes ---------------------------------------------------------------------------------------------------


class IamAuthEntry(Entry):
    """An entry."""

    time: str | None = None
    level: str | None = None
    message: str | None = None


_STAMP: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{3}"
KIND: Final = Kind(
    name="iam-db-auth-error",
    record=IamAuthEntry,
    begins=rf"{_STAMP} \[[A-Z]",
    read=matching(
        IamAuthEntry, re.compile(rf"(?P<time>{_STAMP}) \[(?P<level>[A-Z]{{1,16}})\] (?P<message>.*)", re.DOTALL)
    ),
)


# -- how one becomes the other -----------------------------------------------------------------------------------------

_REFUSED: Final = re.compile(
    r"Failed to (?:authenticate|authorize) the connection request for user '(?P<user>.{0,255}?)' (?:because|due to) "
)
_REASON: Final = re.compile(r"\(Status Code: (?P<status>\d{1,9}), Error Code: (?P<code>\w{1,99})\)")


def document(entry: IamAuthEntry, _: datetime | None) -> RdsDocument:
    """Map an entry; its time has no zone and is UTC."""
    message = (entry.message or "").strip()
    reason, refused = _REASON.search(message), _REFUSED.match(message)
    event = fields.happened(None, fields.ERROR, "failure")
    rds = Rds(log_type=KIND.name)
    if reason:
        event.code, rds.return_code = reason["code"], reason["status"]
    made = fields.document(moment(entry.time or ""), event, rds, None, None, message)
    made.log = ecs.Log(level=entry.level.lower()) if entry.level else None
    made.error = ecs.some(ecs.Error(code=event.code, message=made.message))
    if refused:
        event.action = "iam_authentication_failed"
        event.category, event.type = fields.LOGIN
        made.user = fields.user(refused["user"])
        made.related = fields.related(None, None, refused["user"])
    return made
