"""What a finding saw: the action, who else took part in it, and what was found by looking closer."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw, Struct

from shipper import ecs
from shipper.mirrored import Unfit, encoded, filled
from shipper.sources.aws_guardduty.fields import Endpoint, Names, ServiceFields
from shipper.sources.aws_guardduty.finding import (
    Action,
    AwsApiCallAction,
    DnsRequestAction,
    Evidence,
    KubernetesApiCallAction,
    LocalIpDetails,
    NetworkConnectionAction,
    PortDetails,
    PortProbeAction,
    Process,
    RdsLoginAttemptAction,
    RemoteIpDetails,
    RuntimeDetails,
    Sequence,
    Service,
)

FRAMEWORK: Final = "MITRE ATT&CK"
_AS_DIGITS: Final = 10
_FIRST_ERROR: Final = 400
_TECHNIQUE: Final = re.compile(r"T\d{4}(?:\.\d{3})?")
_NO_REMOTE: Final = RemoteIpDetails()
_NO_LOCAL: Final = LocalIpDetails()
_NO_PORT: Final = PortDetails()


class Activity(Struct, kw_only=True, gc=False):
    """
    What the service says, in ECS's terms.

    Attributes:
        category: of the event, beside `intrusion_detection`
        type: of the event
        names: all who took part
        unfit: values that do not fit
        fields: `aws.guardduty.service`, already encoded
    """

    fields: Raw | None = None
    category: tuple[str, ...] = ()
    type: tuple[str, ...] = ("info",)
    names: Names
    unfit: Unfit
    outcome: str | None = None
    provider: str | None = None
    destination: Endpoint | None = None
    dns: ecs.Dns | None = None
    file: ecs.File | None = None
    http: ecs.Http | None = None
    network: ecs.Network | None = None
    orchestrator: ecs.Orchestrator | None = None
    process: ecs.Process | None = None
    source: Endpoint | None = None
    threat: ecs.Threat | None = None
    url: ecs.Url | None = None
    user: ecs.User | None = None
    user_agent: ecs.UserAgent | None = None


def read_activity(service: Service) -> Activity:
    """
    Read what the service says.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: a free-form part is not JSON
    """
    found = Activity(names=Names(), unfit=Unfit())
    if service.action:
        _act(service.action, found)
    if service.evidence:
        _evidence(service.evidence, found)
    if service.runtime_details:
        _runtime(service.runtime_details, found)
    if service.ebs_volume_scan_details or service.malware_scan_details:
        _scan(service, found)
    if service.detection and service.detection.sequence:
        _sequence(service.detection.sequence, found)
    found.fields = _fields(service, found.unfit)
    return found


def _fields(service: Service, unfit: Unfit) -> Raw | None:
    fields = filled(service, ServiceFields)
    if service.additional_info:
        fields.flat_additional_info = unfit.flat(_opened(service.additional_info))
    if service.action and (call := service.action.aws_api_call_action):
        fields.action.aws_api_call_action.flat_affected_resources = unfit.flat(call.affected_resources)
    if detection := service.detection:
        if anomaly := detection.anomaly:
            fields.detection.anomaly.flat_profiles = unfit.flat(anomaly.profiles)
            if anomaly.unusual:
                fields.detection.anomaly.unusual.flat_behavior = unfit.flat(anomaly.unusual.behavior)
        if sequence := detection.sequence:
            owned = fields.detection.sequence.resources or ()
            for resource, own in zip(sequence.resources or (), owned, strict=True):
                own.flat_data = unfit.flat(resource.data)
    return encoded(fields)


def _opened(info: Raw) -> Raw:
    """Take additional information out of the text that the API has it in: `{"value": <JSON>, "type": "default"}`."""
    if b'"value"' not in bytes(info):
        return info
    outer = msgspec.json.decode(info)
    text = outer.get("value") if isinstance(outer, dict) else None
    if not isinstance(text, str) or not outer.keys() <= {"type", "value"}:
        return info
    try:
        inner = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return info
    if not isinstance(inner, dict):
        return info
    return Raw(msgspec.json.encode({**({"type": kind} if (kind := outer.get("type")) else {}), **inner}))


# -- the action --------------------------------------------------------------------------------------------------------


def _act(action: Action, found: Activity) -> None:
    if action.network_connection_action:
        _connection(action.network_connection_action, found)
    elif action.aws_api_call_action:
        _api_call(action.aws_api_call_action, found)
    elif action.dns_request_action:
        _dns_request(action.dns_request_action, found)
    elif action.port_probe_action:
        _port_probe(action.port_probe_action, found)
    elif action.kubernetes_api_call_action:
        _kubernetes_call(action.kubernetes_api_call_action, found)
    elif action.rds_login_attempt_action:
        _login(action.rds_login_attempt_action, found)
    elif checked := action.kubernetes_permission_checked_details:
        found.orchestrator = ecs.some(
            ecs.Orchestrator(
                namespace=ecs.given(checked.namespace), resource=_resource(None, checked.resource), type="kubernetes"
            )
        )


def _api_call(call: AwsApiCallAction, found: Activity) -> None:
    domain = ecs.given(call.domain_details.domain) if call.domain_details else None
    if ecs.given(call.api):
        found.outcome = "failure" if ecs.given(call.error_code) else "success"
    found.provider = ecs.given(call.service_name)
    found.source = _remote(call.remote_ip_details, None, found, "awsApiCallAction")
    if domain:
        found.source = found.source or Endpoint(address=domain)
        found.source.domain = domain
        if not domain.endswith(".amazonaws.com"):  # a service of AWS is no host
            found.names.hosts += (domain,)
    found.user_agent = _user_agent(call.user_agent)


def _connection(connection: NetworkConnectionAction, found: Activity) -> None:
    local = _local(connection.local_ip_details, connection.local_port_details, found)
    remote = _remote(connection.remote_ip_details, connection.remote_port_details, found, "networkConnectionAction")
    direction = (ecs.given(connection.connection_direction) or "").lower()
    found.source, found.destination = (local, remote) if direction == "outbound" else (remote, local)
    found.category, found.type = ("network",), ("connection", *_verdict(connection.blocked))
    found.network = _network(connection.protocol, direction or None, remote or local)


def _dns_request(request: DnsRequestAction, found: Activity) -> None:
    name, registered = ecs.given(request.domain), ecs.given(request.domain_with_suffix)
    question = ecs.some(ecs.DnsQuestion(name=name, registered_domain=registered))
    found.dns = ecs.Dns(question=question, type="query") if question else None
    found.names.hosts += (name, registered)
    found.category, found.type = ("network",), ("protocol", *_verdict(request.blocked))
    found.network = _network(request.protocol, None, None)
    found.network.protocol = "dns"


def _port_probe(probe: PortProbeAction, found: Activity) -> None:
    """Take the first of the probes; who else probed is in `related.ip`, and all of it in `aws.guardduty`."""
    for one in probe.port_probe_details or ():
        source = _remote(one.remote_ip_details, None, found, None)
        destination = _local(one.local_ip_details, one.local_port_details, found)
        if not found.source and not found.destination:
            found.source, found.destination = source, destination
    found.category, found.type = ("network",), ("connection", *_verdict(probe.blocked))
    found.network = _network(None, "inbound", found.source)


def _kubernetes_call(call: KubernetesApiCallAction, found: Activity) -> None:
    call.source_ips = call.source_ips or call.source_ips_in_camel_case
    callers = tuple([ip for one in call.source_ips or () if (ip := ecs.ip(one))])
    found.source = _remote(call.remote_ip_details, None, found, "kubernetesApiCallAction")
    if not found.source and callers:
        found.source = Endpoint(address=callers[0], ip=callers[0])
    found.names.addresses += callers
    uri = ecs.given(call.request_uri)
    if uri:
        path, _, query = uri.partition("?")
        found.url = ecs.Url(original=uri, path=path or None, query=query or None)
    if call.status_code is not None:
        found.http = ecs.Http(response=ecs.HttpResponse(status_code=call.status_code))
        found.outcome = "success" if call.status_code < _FIRST_ERROR else "failure"
    found.orchestrator = ecs.Orchestrator(
        namespace=ecs.given(call.namespace), resource=_resource(call.resource_name, call.resource), type="kubernetes"
    )
    found.user_agent = _user_agent(call.user_agent)


def _login(login: RdsLoginAttemptAction, found: Activity) -> None:
    login.login_attributes = login.login_attributes or login.login_attributes_in_pascal_case
    attempts = login.login_attributes or []
    found.source = _remote(login.remote_ip_details, None, found, "rdsLoginAttemptAction")
    users = ecs.once([ecs.given(one.user) for one in attempts])
    found.names.users += users
    found.user = ecs.User(name=users[0]) if users else None
    if any(one.successful_login_attempts for one in attempts):
        found.outcome = "success"
    elif any(one.failed_login_attempts for one in attempts):
        found.outcome = "failure"


def _resource(name: str | None, kind: str | None) -> ecs.OrchestratorResource | None:
    return ecs.some(ecs.OrchestratorResource(name=ecs.given(name), type=ecs.given(kind)))


def _verdict(blocked: bool | None) -> tuple[str, ...]:  # noqa: FBT001 -- as AWS writes it
    return () if blocked is None else ("denied",) if blocked else ("allowed",)


def _user_agent(text: str | None) -> ecs.UserAgent | None:
    agent = ecs.given(text)
    return ecs.UserAgent(original=agent) if agent else None


def _network(protocol: str | None, direction: str | None, endpoint: Endpoint | None) -> ecs.Network:
    """Describe the traffic; a protocol that AWS has no name for has its number."""
    address, protocol = endpoint.ip if endpoint else None, (ecs.given(protocol) or "").lower()
    network = ecs.Network(direction=direction, type=ecs.ip_version(address))
    if protocol.isdecimal():
        network.iana_number = protocol
    else:
        network.transport = protocol or None
    return network


# -- the two sides of it -----------------------------------------------------------------------------------------------


def _local(address: LocalIpDetails | None, port: PortDetails | None, found: Activity) -> Endpoint | None:
    address = address or _NO_LOCAL
    return _endpoint(address.ip_address_v4, address.ip_address_v6, port, found)


def _remote(
    remote: RemoteIpDetails | None, port: PortDetails | None, found: Activity, action: str | None
) -> Endpoint | None:
    """
    Describe the other side.

    Args:
        remote: what the finding knows of it
        port: its port
        found: takes its addresses, and what does not fit
        action: that it is of; None where `aws.guardduty` has all of it too
    """
    remote = remote or _NO_REMOTE
    if remote.city and not remote.city.city_name:  # often so, and not to be found and left out once more
        remote.city = None
    endpoint = _endpoint(remote.ip_address_v4, remote.ip_address_v6, port, found) or Endpoint()
    country, location, owner = remote.country, remote.geo_location, remote.organization
    endpoint.geo = ecs.geo(
        ecs.given(remote.city.city_name) if remote.city else None,
        ecs.given(country.country_code) if country else None,
        ecs.given(country.country_name) if country else None,
        location.lat if location else None,
        location.lon if location else None,
    )
    if owner:
        number = ecs.given(owner.asn)
        as_number = int(number) if number and _is_as_number(number) else None
        endpoint.autonomous_system = ecs.autonomous_system(as_number, ecs.given(owner.asn_org))
        if action and number and not _is_as_number(number):
            place = f"service.action.{action}.remoteIpDetails.organization.asn"
            found.unfit.unread += (ecs.Unparsed(field=place, value=number),)
    return ecs.some(endpoint)


def _endpoint(v4: str | None, v6: str | None, port: PortDetails | None, found: Activity) -> Endpoint | None:
    address, number = v4 or v6, port.port if port else None
    if not address and number is None:
        return None
    ip = ecs.ip(address)
    found.names.addresses += (ip, ecs.ip(v6)) if v4 and v6 else (ip,)
    return Endpoint(address=address or None, ip=ip, port=number)


def _is_as_number(text: str) -> bool:
    """AWS writes the number as text; it has 32 bits."""
    return text.isdecimal() and len(text) <= _AS_DIGITS


# -- what was found by looking closer ----------------------------------------------------------------------------------


def _evidence(evidence: Evidence, found: Activity) -> None:
    details = evidence.threat_intelligence_details or []
    found.names.hashes += tuple([ecs.given(one.threat_file_sha256) for one in details])
    lists = ecs.once([ecs.given(one.threat_list_name) for one in details])
    if lists:
        found.threat = ecs.Threat(feed=ecs.ThreatFeed(name=lists[0]))


def _runtime(runtime: RuntimeDetails, found: Activity) -> None:
    context = runtime.context
    if process := runtime.process:
        found.category += ("process",)
        found.process = _process(process)
        found.names.hashes += (ecs.given(process.executable_sha256),)
        found.names.users += (ecs.given(process.user),)
    if context:
        found.names.hashes += (ecs.given(context.module_sha256),)
        for other in filter(None, (context.modifying_process, context.target_process)):
            found.names.hashes += (ecs.given(other.executable_sha256),)
            found.names.users += (ecs.given(other.user),)
        found.file = ecs.file(context.threat_file_path or context.file_path)


def _process(process: Process) -> ecs.Process | None:
    user_id = None if process.user_id is None else str(process.user_id)
    return ecs.some(
        ecs.Process(
            entity_id=ecs.given(process.uuid),
            executable=ecs.given(process.executable_path),
            hash=ecs.hashed(process.executable_sha256),
            name=ecs.given(process.name),
            parent=_parent(process),
            pid=process.pid,
            start=process.start_time,
            user=ecs.some(ecs.ProcessUser(id=user_id, name=ecs.given(process.user))),
            working_directory=ecs.given(process.pwd),
        )
    )


def _parent(process: Process) -> ecs.ProcessParent | None:
    """Find the parent in the lineage, by its id."""
    number = ecs.given(process.parent_uuid)
    parent = next((one for one in process.lineage or () if number and one.uuid == number), None)
    return ecs.some(
        ecs.ProcessParent(
            entity_id=number,
            executable=ecs.given(parent.executable_path) if parent else None,
            name=ecs.given(parent.name) if parent else None,
            pid=parent.pid if parent else None,
        )
    )


def _scan(service: Service, found: Activity) -> None:
    """Take the first of the infected files; the hashes of all are in `related.hash`."""
    found.category += ("malware",)
    files = list(_files(service))
    found.names.hashes += tuple([ecs.given(value) for _, _, value in files])
    if files:
        found.file = ecs.file(*files[0])


def _files(service: Service) -> Iterator[tuple[str | None, str | None, str | None]]:
    """Give path, name and hash of each infected file."""
    volumes, malware = service.ebs_volume_scan_details, service.malware_scan_details
    detections = volumes.scan_detections if volumes else None
    by_name = detections.threat_detected_by_name if detections else None
    for threat in (by_name.threat_names if by_name else None) or ():
        for one in threat.file_paths or ():
            yield one.file_path, one.file_name, one.hash
    for kind in (malware.threats if malware else None) or ():
        for path in kind.item_paths or ():
            yield path.nested_item_path, None, path.hash
        for item in kind.item_details or ():
            yield item.item_path, None, item.hash
        if kind.hash:
            yield None, None, kind.hash


def _sequence(sequence: Sequence, found: Activity) -> None:
    """Gather who took part in an attack, and by what means."""
    actors, endpoints = sequence.actors or [], sequence.endpoints or []
    users = [one.user for one in actors if one.user]
    for user in users:
        found.names.users += (ecs.given(user.name), ecs.given(user.uid))
    if users:
        found.user = ecs.some(ecs.User(id=ecs.given(users[0].uid), name=ecs.given(users[0].name)))
    found.names.hashes += tuple([ecs.given(one.process.sha256) for one in actors if one.process])
    found.names.addresses += tuple([ecs.ip(one.ip) for one in endpoints])
    found.names.hosts += tuple([ecs.given(one.domain) for one in endpoints])
    found.threat = _threat(sequence) or found.threat


def _threat(sequence: Sequence) -> ecs.Threat | None:
    """
    Name the tactics and techniques of an attack, from its indicators.

    A technique has its number (`T1562.008`) or its name.
    """
    indicators = [*(sequence.sequence_indicators or ())]
    for signal in sequence.signals or ():
        indicators += signal.signal_indicators or ()
    values: dict[str | None, list[str | None]] = {}
    for one in indicators:
        values.setdefault(one.key, []).extend(map(ecs.given, one.values or ()))
    tactics = ecs.once(values.get("ATTACK_TACTIC", ()))
    techniques = ecs.once(values.get("ATTACK_TECHNIQUE", ()))
    if not tactics and not techniques:
        return None
    numbers = ecs.once([_number(one) for one in techniques])
    names = ecs.once([one for one in techniques if not _number(one)])
    return ecs.Threat(
        framework=FRAMEWORK,
        tactic=ecs.ThreatTactic(name=tactics) if tactics else None,
        technique=ecs.some(ecs.ThreatTechnique(id=numbers, name=names)),
    )


def _number(technique: str) -> str | None:
    return technique if _TECHNIQUE.fullmatch(technique) else None
