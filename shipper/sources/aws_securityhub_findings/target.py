"""What a finding is about: its resources."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from shipper import ecs, freeform
from shipper.mirrored import Unfit
from shipper.sources.aws_securityhub_findings.activity import Names
from shipper.sources.aws_securityhub_findings.finding import Resource

Members = Mapping[str, Any]


class Target(Struct, kw_only=True, gc=False):
    """What ECS has of the resources; of each kind the first counts."""

    names: Names
    container: ecs.Container | None = None
    faas: ecs.Faas | None = None
    host: ecs.Host | None = None
    instance: ecs.CloudInstance | None = None
    machine: ecs.CloudMachine | None = None
    orchestrator: ecs.Orchestrator | None = None
    user: ecs.User | None = None


def read_target(resources: list[Resource], fields: Any, names: Names, unfit: Unfit) -> Target:
    """
    Read the resources of a finding.

    Args:
        resources: of the finding
        fields: what documents have of each, whose free-form parts are filled here
        names: takes all that the resources can be found by
        unfit: takes what does not fit

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: a free-form part is not JSON
    """
    target = Target(names=names)
    for resource, own in zip(resources, fields, strict=True):
        details = freeform.read(resource.details)
        own.flat_details = details.flat
        unfit.is_cut |= details.cut
        own.flat_data_classification = unfit.flat(resource.data_classification)
        own.flat_tags = unfit.flat(resource.tags)
        if describe := KINDS.get(resource.type or ""):
            describe(target, ecs.given(resource.id) or "", _inner(details.members or {}))
    return target


def _inner(details: Members) -> Members:
    """
    Give what is known of a resource, by names in lower case without `_`.

    One format has it under the resource's type, the other there too or not, and each spells the names in its own way.
    """
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
