"""What a finding is about: its resources."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from shipper import ecs
from shipper.formats import Held
from shipper.mirrored import Unfit, encoded, filled, flatten
from shipper.sources.aws_securityhub_findings.activity import Names
from shipper.sources.aws_securityhub_findings.fields import ResourceFields
from shipper.sources.aws_securityhub_findings.finding import Resource

Members = Mapping[str, Any]

RESOURCES_BYTES: Final = 4_096
"""Longest list of resources that is remembered; most have one with some 800 bytes, which many findings are about."""

_resources: Final = Held(list[Resource], "findings[].Resources")

_decode: Final = msgspec.json.Decoder(float_hook=Raw).decode  # there are numbers that Python cannot hold


class Target(Struct, kw_only=True, gc=False):
    """
    What the resources of a finding say; of each kind the first counts.

    Attributes:
        fields: `aws.securityhub_findings.resources`, already encoded
        names: all that they can be found by, with gaps
        related: the same without gaps
        unfit: values in them that do not fit
    """

    fields: Raw | None = None
    names: Names
    unfit: Unfit
    container: ecs.Container | None = None
    faas: ecs.Faas | None = None
    host: ecs.Host | None = None
    instance: ecs.CloudInstance | None = None
    machine: ecs.CloudMachine | None = None
    orchestrator: ecs.Orchestrator | None = None
    related: ecs.Related | None = None
    user: ecs.User | None = None


def read_resources(resources: Raw) -> Target:
    """
    Read the resources of a finding, from memory if their length allows; nobody may change what comes out.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: a free-form part is not JSON
        Undecodable: they are not JSON after all
    """
    data = bytes(resources)
    return (_known if len(data) <= RESOURCES_BYTES else _read)(data)


def _read(data: bytes) -> Target:
    resources, unparsed = _resources.read(data)
    return target(resources or [], Unfit(unread=ecs.set_aside(unparsed)))


_known = lru_cache(maxsize=4_096)(_read)


def target(resources: list[Resource], unfit: Unfit) -> Target:
    """
    Describe resources.

    Args:
        resources: of a finding
        unfit: takes what does not fit

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: a free-form part is not JSON
    """
    found = Target(names=Names(), unfit=unfit)
    written = []
    for resource in resources:
        fields = filled(resource, ResourceFields)
        flatten(resource, fields, unfit)
        if body := encoded(fields):
            written.append(bytes(body))
        if describe := KINDS.get(resource.type or ""):
            describe(found, ecs.given(resource.id) or "", _members(resource.details))
    if written:
        found.fields = Raw(b"[%b]" % b",".join(written))
    names = found.names
    found.related = ecs.related(hosts=names.hosts, ip=names.addresses, user=names.users)
    return found


def _members(written: Raw) -> Members:
    """
    Give what is known of a resource, by names in lower case without `_`.

    One format has it under the resource's type, the other there too or not, and each spells the names in its own way.
    """
    details = _decode(written) if written else None
    if not isinstance(details, dict):
        return {}
    inner = [one for one in details.values() if isinstance(one, dict)]
    members = inner[0] if inner and len(details) == 1 else details
    return {name.replace("_", "").lower(): member for name, member in members.items()}


def _text(members: Members, name: str) -> str | None:
    value = members.get(name)
    return ecs.given(value) if isinstance(value, str) else None


def _texts(members: Members, name: str) -> list[str]:
    values = members.get(name)
    return [one for one in values if isinstance(one, str)] if isinstance(values, list) else []


def _last(number: str) -> str:
    """Give the last part of an ARN, or of what is none."""
    return number.rpartition("/")[2].rpartition(":")[2]


# -- kinds of resources ------------------------------------------------------------------------------------------------


def _instance(target: Target, number: str, members: Members) -> None:
    name, kind = _last(number) or None, _text(members, "type")
    addresses = ecs.once(map(ecs.ip, [*_texts(members, "ipv4addresses"), *_texts(members, "ipv6addresses")]))
    target.names.addresses += addresses
    target.names.hosts += (name,)
    if target.host:
        return
    platform = _text(members, "platform")
    target.host = ecs.some(
        ecs.Host(id=name, ip=addresses, os=ecs.HostOs(platform=platform) if platform else None, type=kind)
    )
    target.instance = ecs.CloudInstance(id=name) if name else None
    target.machine = ecs.CloudMachine(type=kind) if kind else None


def _access_key(target: Target, _number: str, members: Members) -> None:
    _user(target, _text(members, "principalid"), _text(members, "username") or _text(members, "principalname"))


def _iam_user(target: Target, number: str, members: Members) -> None:
    _user(target, _text(members, "userid"), _text(members, "username") or _last(number) or None)


def _user(target: Target, number: str | None, name: str | None) -> None:
    target.names.users += (name, number)
    target.user = target.user or ecs.some(ecs.User(id=number, name=name))


def _function(target: Target, number: str, members: Members) -> None:
    target.faas = target.faas or ecs.some(
        ecs.Faas(id=number or None, name=_text(members, "functionname"), version=_text(members, "version"))
    )


def _container(target: Target, number: str, members: Members) -> None:
    image = _text(members, "imagename") or _text(members, "imageid")
    target.container = target.container or ecs.some(
        ecs.Container(
            id=_last(number) or None,
            image=ecs.ContainerImage(name=image) if image else None,
            name=_text(members, "name"),
            runtime=_text(members, "containerruntime"),
        )
    )


def _cluster(target: Target, number: str, members: Members) -> None:
    cluster = ecs.some(ecs.OrchestratorCluster(id=number or None, name=_text(members, "name") or _last(number) or None))
    target.orchestrator = target.orchestrator or ecs.Orchestrator(cluster=cluster, type="kubernetes")


KINDS: Final[Mapping[str, Callable[[Target, str, Members], None]]] = {
    "AWS::EC2::Instance": _instance,
    "AWS::EKS::Cluster": _cluster,
    "AWS::IAM::AccessKey": _access_key,
    "AWS::IAM::User": _iam_user,
    "AWS::Lambda::Function": _function,
    "AwsEc2Instance": _instance,
    "AwsEksCluster": _cluster,
    "AwsIamAccessKey": _access_key,
    "AwsIamUser": _iam_user,
    "AwsLambdaFunction": _function,
    "Container": _container,
}
"""What ECS has of a resource, by its type in either format."""
