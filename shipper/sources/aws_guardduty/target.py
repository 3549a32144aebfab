"""What a finding is about: the resource, which most findings share with others to the byte."""

from functools import lru_cache
from typing import Final

from msgspec import Raw, Struct

from shipper import ecs
from shipper.formats import Held
from shipper.mirrored import Unfit, encoded, filled
from shipper.sources.aws_guardduty.fields import Names, ResourceFields
from shipper.sources.aws_guardduty.finding import (
    Container,
    InstanceDetails,
    KubernetesWorkloadDetails,
    LambdaDetails,
    NetworkInterface,
    Resource,
    S3BucketDetails,
)

RESOURCE_BYTES: Final = 4_096
"""Longest resource that is remembered; those of instances have some 1,500 bytes."""

_resources: Final = Held(Resource, "resource")
_NOTHING: Final = Resource()


class Target(Struct, frozen=True, gc=False, kw_only=True):
    """
    What a resource says.

    Attributes:
        fields: `aws.guardduty.resource`, already encoded
        related: all that it can be found by
        unfit: values in it that do not fit
    """

    fields: Raw | None
    related: ecs.Related
    unfit: Unfit
    availability_zone: str | None = None
    container: ecs.Container | None = None
    faas: ecs.Faas | None = None
    file: ecs.File | None = None
    host: ecs.Host | None = None
    instance: ecs.CloudInstance | None = None
    machine: ecs.CloudMachine | None = None
    orchestrator: ecs.Orchestrator | None = None
    user: ecs.User | None = None


def read_target(resource: Raw) -> Target:
    """
    Read a resource, from memory if its length allows.

    Raises:
        Undecodable: it is not JSON after all
    """
    data = bytes(resource)
    return (_known if len(data) <= RESOURCE_BYTES else _read)(data)


def _read(data: bytes) -> Target:
    read, unparsed = _resources.read(data)
    resource = read or _NOTHING
    unfit = Unfit(unread=ecs.set_aside(unparsed))
    fields = filled(resource, ResourceFields)
    for bucket, own in zip(resource.s3_bucket_details or (), fields.s3_bucket_details or (), strict=True):
        if bucket.public_access:
            own.public_access.flat_permission_configuration = unfit.flat(bucket.public_access.permission_configuration)
    instance = resource.instance_details or InstanceDetails()
    number, kind = ecs.given(instance.instance_id), ecs.given(instance.instance_type)
    names = Names()
    found, host = _file(resource.s3_bucket_details or [], names), _host(instance, names)
    user = _user(resource, names)
    return Target(
        fields=encoded(fields),
        related=ecs.Related(
            hash=ecs.once(names.hashes),
            hosts=ecs.once(names.hosts),
            ip=ecs.once(names.addresses),
            user=ecs.once(names.users),
        ),
        unfit=unfit,
        availability_zone=ecs.given(instance.availability_zone),
        container=_container(resource),
        faas=_function(resource.lambda_details) if resource.lambda_details else None,
        file=found,
        host=host,
        instance=ecs.CloudInstance(id=number) if number else None,
        machine=ecs.CloudMachine(type=kind) if kind else None,
        orchestrator=_orchestrator(resource),
        user=user,
    )


_known = lru_cache(maxsize=2048)(_read)


def _file(buckets: list[S3BucketDetails], names: Names) -> ecs.File | None:
    """Take the first of the objects that the finding is about."""
    objects = [one for bucket in buckets for one in bucket.s3_object_details or ()]
    names.hashes = tuple([ecs.given(one.hash) for one in objects])
    return ecs.file(objects[0].key, None, objects[0].hash) if objects else None


def _function(details: LambdaDetails) -> ecs.Faas | None:
    return ecs.some(
        ecs.Faas(
            id=ecs.given(details.function_arn),
            name=ecs.given(details.function_name),
            version=ecs.given(details.function_version),
        )
    )


def _host(instance: InstanceDetails, names: Names) -> ecs.Host | None:
    addresses: list[ecs.Ip | None] = []
    hosts = [instance.instance_id]
    for interface in instance.network_interfaces or ():
        addresses += _addresses(interface)
        hosts += [interface.private_dns_name, interface.public_dns_name]
        hosts += [one.private_dns_name for one in interface.private_ip_addresses or ()]
    names.addresses = tuple(addresses)
    names.hosts = tuple(map(ecs.given, hosts))
    platform = ecs.given(instance.platform)
    return ecs.some(
        ecs.Host(
            id=ecs.given(instance.instance_id),
            ip=ecs.once(addresses),
            os=ecs.HostOs(platform=platform) if platform else None,
            type=ecs.given(instance.instance_type),
        )
    )


def _addresses(interface: NetworkInterface) -> list[ecs.Ip | None]:
    return [
        ecs.ip(interface.private_ip_address),
        *[ecs.ip(one.private_ip_address) for one in interface.private_ip_addresses or ()],
        *map(ecs.ip, interface.ipv6_addresses or ()),
        ecs.ip(interface.public_ip),
    ]


def _user(resource: Resource, names: Names) -> ecs.User | None:
    """Name who acted: with AWS's credentials, in a cluster, or in a database."""
    key, database = resource.access_key_details, resource.rds_db_user_details
    if key:
        user = ecs.User(id=ecs.given(key.principal_id), name=ecs.given(key.user_name))
    elif resource.kubernetes_details and (inside := resource.kubernetes_details.kubernetes_user_details):
        user = ecs.User(
            id=ecs.given(inside.uid),
            name=ecs.given(inside.username),
            roles=tuple(filter(ecs.given, inside.groups or ())),
        )
        names.users = tuple(map(ecs.given, inside.session_name or ()))
        if other := inside.impersonated_user:
            user.effective = ecs.some(
                ecs.UserEffective(name=ecs.given(other.username), roles=tuple(filter(ecs.given, other.groups or ())))
            )
            names.users += (ecs.given(other.username),)
    elif database:
        user = ecs.User(name=ecs.given(database.user))
    else:
        return None
    names.users += (user.name, user.id)
    return ecs.some(user)


def _container(resource: Resource) -> ecs.Container | None:
    """Take the container that the finding is about, else the first of its workload or of its task."""
    workload = _workload(resource)
    task = resource.ecs_cluster_details.task_details if resource.ecs_cluster_details else None
    containers = [
        *([resource.container_details] if resource.container_details else []),
        *((workload.containers if workload else None) or []),
        *((task.containers if task else None) or []),
    ]
    return _container_fields(containers[0]) if containers else None


def _container_fields(container: Container) -> ecs.Container | None:
    image = ecs.given(container.image)
    return ecs.some(
        ecs.Container(
            id=ecs.given(container.id),
            image=ecs.ContainerImage(name=image) if image else None,
            name=ecs.given(container.name),
            runtime=ecs.given(container.container_runtime),
        )
    )


def _workload(resource: Resource) -> KubernetesWorkloadDetails | None:
    return resource.kubernetes_details.kubernetes_workload_details if resource.kubernetes_details else None


def _orchestrator(resource: Resource) -> ecs.Orchestrator | None:
    cluster = resource.eks_cluster_details or resource.ecs_cluster_details
    workload = _workload(resource)
    if not cluster and not resource.kubernetes_details:
        return None
    found = ecs.Orchestrator(type="ecs" if resource.ecs_cluster_details else "kubernetes")
    if cluster:
        found.cluster = ecs.some(ecs.OrchestratorCluster(id=ecs.given(cluster.arn), name=ecs.given(cluster.name)))
    if workload:
        found.namespace = ecs.given(workload.namespace)
        found.resource = ecs.some(
            ecs.OrchestratorResource(
                id=ecs.given(workload.uid), name=ecs.given(workload.name), type=ecs.given(workload.type)
            )
        )
    return found
