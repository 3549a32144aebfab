"""
Amazon Resource Names: where a resource is, and who is behind one of a principal.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from typing import Final, NamedTuple

from shipper import ecs

_PARTS: Final = 5
"""Colons ahead of the resource, which may have more."""


class Arn(NamedTuple):
    """
    What an ARN says.

    Attributes:
        region: of the resource; global ones have none
        account: that it belongs to; buckets have none
        resource: type and name
    """

    region: str | None = None
    account: str | None = None
    resource: str | None = None


class Principal(NamedTuple):
    """
    Who is behind the ARN of a user, a role or a session of one.

    Attributes:
        name: of the user; of the role, not of who took it, as in CloudTrail's documents
        session: of a role
        email: the name or session, if it is an address
        names: all that they can be searched by
    """

    name: str | None = None
    session: str | None = None
    email: str | None = None
    names: tuple[str, ...] = ()


NOWHERE: Final = Arn()
NOBODY: Final = Principal()


def parted(text: str | None) -> Arn:
    """Part `arn:aws:vpc-lattice:us-west-2:123456789012:service/svc-1a2b3c4d`; what is no ARN says nothing."""
    parts = text.split(":", _PARTS) if text and text.startswith("arn:") else ()
    if len(parts) <= _PARTS:
        return NOWHERE
    *_, region, account, resource = parts
    return Arn(region or None, account or None, resource or None)


def principal(text: str | None) -> Principal:
    """Read the ARN of a principal; of an id, or whatever else is no ARN, nobody is known."""
    kind, _, path = (parted(text).resource or "").partition("/")
    if kind == "assumed-role":
        name, _, session = path.partition("/")
    else:
        name, session = path.rpartition("/")[2] or kind, ""
    email = address(name, session)
    return Principal(name or None, session or None, email, ecs.once((name, session, email and email.partition("@")[0])))


def address(*names: str | None) -> str | None:
    """Give the first of some names that is an e-mail address."""
    return next((name for name in names if name and name.find("@") > 0), None)
