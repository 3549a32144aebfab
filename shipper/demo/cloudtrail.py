"""
CloudTrail records as AWS writes them.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from random import Random
from typing import Any, Final
from uuid import UUID

from shipper.demo.world import ACCOUNTS, REGIONS, Person, Role

Record = dict[str, Any]

DENIED: Final = ("AccessDenied", "Client.UnauthorizedOperation")
"""Error codes of calls for which a permission is missing: of most services, and of EC2."""


class Trail:
    """
    Writes the records of several accounts.

    Args:
        random: decides what happens
        ids: decides the ids, which have to differ from run to run even when the same happens
        moment: gives the time of the next event
        end: time of the last events

    Attributes:
        random: as given
        end: as CloudTrail writes it
    """

    def __init__(self, random: Random, ids: Random, moment: Callable[[], datetime], end: datetime) -> None:
        self.random = random
        self.end = _written(end)
        self._ids = ids
        self._moment = moment

    def record(
        self, service: str, name: str, who: Record, address: str, *, region: str = "", account: str = "", **more: Any
    ) -> Record:
        """
        Write one record.

        Args:
            service: first part of the event's source
            name: of the event
            who: the identity
            address: where the call comes from
            region: any one if not given
            account: that receives the record; that of the identity if not given
            more: further members by AWS's names, which also replace ours
        """
        return {
            "eventVersion": "1.11",
            "userIdentity": who,
            "eventTime": _written(self._moment()),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": region or self.random.choice(REGIONS),
            "sourceIPAddress": address,
            "requestParameters": None,
            "responseElements": None,
            "requestID": self._id(),
            "eventID": self._id(),
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": account or who["accountId"],
            "eventCategory": "Management",
            **more,
        }

    def user(self, person: Person) -> Record:
        """Write the identity of an IAM user in any account."""
        account = self.random.choice(ACCOUNTS)
        return {
            "type": "IAMUser",
            "principalId": f"AIDAEXAMPLE{person.name.upper()}",
            "arn": f"arn:aws:iam::{account}:user/{person.name}",
            "accountId": account,
            "userName": person.name,
        }

    def role(self, role: Role, account: str | None = None) -> Record:
        """Write the identity of a role's session; in any account if none is given."""
        account = account or self.random.choice(ACCOUNTS)
        principal = f"AROAEXAMPLE{role.name.upper()}"
        return {
            "type": "AssumedRole",
            "principalId": f"{principal}:{role.session}",
            "arn": f"arn:aws:sts::{account}:assumed-role/{role.name}/{role.session}",
            "accountId": account,
            "accessKeyId": f"ASIAEXAMPLE{role.name.upper()}",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": principal,
                    "arn": f"arn:aws:iam::{account}:role/{role.name}",
                    "accountId": account,
                    "userName": role.name,
                },
                "attributes": {"creationDate": _written(self._moment()), "mfaAuthenticated": "false"},
            },
        }

    def root(self, account: str) -> Record:
        """Write the identity of an account's root user."""
        return {"type": "Root", "principalId": account, "arn": f"arn:aws:iam::{account}:root", "accountId": account}

    def _id(self) -> str:
        return str(UUID(int=self._ids.getrandbits(128), version=4))


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def logins_without_mfa(records: Iterable[Record]) -> int:
    """Count sign-ins to the console that succeeded without a second factor."""
    return sum(
        record["responseElements"]["ConsoleLogin"] == "Success" and record["additionalEventData"]["MFAUsed"] == "No"
        for record in records
        if record["eventName"] == "ConsoleLogin"
    )


def denied_by_user(records: Iterable[Record]) -> Counter[str]:
    """Count denied calls by the name of the user or role."""
    return Counter(_name(record["userIdentity"]) for record in records if record.get("errorCode") in DENIED)


def _name(identity: Record) -> str:
    name: str = identity.get("userName") or identity["sessionContext"]["sessionIssuer"]["userName"]
    return name
