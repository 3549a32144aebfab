"""What a finding saw, in ECS's terms: the action, the process, files, indicators, and those who took part."""

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

from shipper import ecs
from shipper.sources.aws_securityhub_findings.fields import Endpoint
from shipper.sources.aws_securityhub_findings.finding import (
    Action,
    AwsApiCallAction,
    Finding,
    LocalIpDetails,
    Network,
    NetworkConnectionAction,
    PortDetails,
    PortProbeAction,
    ProcessDetails,
    RemoteIpDetails,
    Sequence,
    ThreatIntelIndicator,
)

FRAMEWORK: Final = "MITRE ATT&CK"

TACTICS: Final = "TTPs"
"""Namespace of the types that name a tactic of ATT&CK."""

DIRECTIONS: Final = {"in": "inbound", "lateral": "internal", "out": "outbound"}
"""Words of both formats, in lower case, for which ECS has others."""

INDICATORS: Final = {
    "DOMAIN": "domain-name",
    "EMAIL_ADDRESS": "email-addr",
    "HASH_MD5": "file",
    "HASH_SHA1": "file",
    "HASH_SHA256": "file",
    "HASH_SHA512": "file",
    "IPV4_ADDRESS": "ipv4-addr",
    "IPV6_ADDRESS": "ipv6-addr",
    "MUTEX": "mutex",
    "PROCESS": "process",
    "URL": "url",
}
"""Kinds of indicators by ECS's names, which are those of STIX."""

_TECHNIQUE: Final = re.compile(r"T\d{4}(?:\.\d{3})?")
_NO_REMOTE: Final = RemoteIpDetails()


class Names(Struct, kw_only=True, gc=False):
    """All that a document can be found by, whatever its role is; with gaps."""

    addresses: tuple[ecs.Ip | None, ...] = ()
    hashes: tuple[str | None, ...] = ()
    hosts: tuple[str | None, ...] = ()
    users: tuple[str | None, ...] = ()


class Activity(Struct, kw_only=True, gc=False):
    """
    What a finding saw.

    Attributes:
        names: all who took part
        category: of the event, beside what the finding's types say
        type: of the event
        provider: the service that was called
    """

    names: Names
    category: tuple[str, ...] = ()
    type: tuple[str, ...] = ("info",)
    provider: str | None = None
    destination: Endpoint | None = None
    dns: ecs.Dns | None = None
    file: ecs.File | None = None
    network: ecs.Network | None = None
    process: ecs.Process | None = None
    source: Endpoint | None = None
    threat: ecs.Threat | None = None


def read_activity(finding: Finding) -> Activity:
    """Read what a finding saw; most are about the state of a resource and saw nothing."""
    found = Activity(names=Names())
    if finding.action:
        _act(finding.action, found)
    if finding.network:
        _network_of(finding.network, found)
    if finding.process:
        found.process = _process(finding.process)
        found.category += ("process",)
    if finding.malware or finding.threats:
        _malware(finding, found)
    indicators = finding.threat_intel_indicators or []
    for one in indicators:
        _indicator(one, found.names)
    sequence = finding.detection.sequence if finding.detection else None
    if sequence:
        _took_part(sequence, found)
    if indicators or sequence or finding.types:
        found.threat = _threat(finding, indicators, sequence)
    return found


# -- the action --------------------------------------------------------------------------------------------------------


def _act(action: Action, found: Activity) -> None:
    if action.network_connection_action:
        _connection(action.network_connection_action, found)
    elif action.aws_api_call_action:
        _api_call(action.aws_api_call_action, found)
    elif action.dns_request_action:
        request = action.dns_request_action
        name = ecs.given(request.domain)
        found.dns = ecs.Dns(question=ecs.DnsQuestion(name=name), type="query") if name else None
        found.names.hosts += (name,)
        found.category, found.type = ("network",), ("protocol", *_verdict(request.blocked))
        found.network = traffic(request.protocol, None, None)
        found.network.protocol = "dns"
    elif action.port_probe_action:
        _port_probe(action.port_probe_action, found)


def _api_call(call: AwsApiCallAction, found: Activity) -> None:
    found.provider = ecs.given(call.service_name)
    found.source = _remote(call.remote_ip_details, None, found.names)
    domain = ecs.given(call.domain_details.domain) if call.domain_details else None
    if domain:
        found.source = found.source or Endpoint(address=domain)
        found.source.domain = domain
        if not domain.endswith(".amazonaws.com"):  # a service of AWS is no host
            found.names.hosts += (domain,)


def _connection(connection: NetworkConnectionAction, found: Activity) -> None:
    local = _endpoint(None, connection.local_port_details, found.names)
    remote = _remote(connection.remote_ip_details, connection.remote_port_details, found.names)
    direction = read_direction(connection.connection_direction)
    found.source, found.destination = (local, remote) if direction == "outbound" else (remote, local)
    found.category, found.type = ("network",), ("connection", *_verdict(connection.blocked))
    found.network = ecs.some(traffic(connection.protocol, direction, remote.ip if remote else None))


def _port_probe(probe: PortProbeAction, found: Activity) -> None:
    """Take the first of the probes; who else probed is in `related.ip`, and all of it in `aws.securityhub_findings`."""
    for one in probe.port_probe_details or ():
        source = _remote(one.remote_ip_details, None, found.names)
        destination = _endpoint(one.local_ip_details, one.local_port_details, found.names)
        if not found.source and not found.destination:
            found.source, found.destination = source, destination
    found.category, found.type = ("network",), ("connection", *_verdict(probe.blocked))
    found.network = traffic(None, "inbound", found.source.ip if found.source else None)


def _verdict(blocked: bool | None) -> tuple[str, ...]:  # noqa: FBT001 -- as AWS writes it
    return () if blocked is None else ("denied",) if blocked else ("allowed",)


def read_direction(text: str | None) -> str | None:
    """Give the value of `network.direction`."""
    written = (ecs.given(text) or "").lower()
    return DIRECTIONS.get(written, written) or None


def traffic(protocol: str | None, direction: str | None, address: ecs.Ip | None) -> ecs.Network:
    """Describe the traffic with an address."""
    return ecs.Network(
        direction=direction, transport=(ecs.given(protocol) or "").lower() or None, type=ecs.ip_version(address)
    )


def _remote(remote: RemoteIpDetails | None, port: PortDetails | None, names: Names) -> Endpoint | None:
    """Describe the other side; `names` takes its address."""
    remote = remote or _NO_REMOTE
    endpoint = _endpoint(remote, port, names) or Endpoint()
    country, location, owner = remote.country, remote.geo_location, remote.organization
    endpoint.geo = ecs.geo(
        ecs.given(remote.city.city_name) if remote.city else None,
        ecs.given(country.country_code) if country else None,
        ecs.given(country.country_name) if country else None,
        location.lat if location else None,
        location.lon if location else None,
    )
    if owner:
        endpoint.autonomous_system = ecs.autonomous_system(owner.asn, ecs.given(owner.asn_org))
    return ecs.some(endpoint)


def _endpoint(
    address: RemoteIpDetails | LocalIpDetails | None, port: PortDetails | None, names: Names
) -> Endpoint | None:
    text, number = address.ip_address_v4 if address else None, port.port if port else None
    if not text and number is None:
        return None
    ip = ecs.ip(text)
    names.addresses += (ip,)
    return Endpoint(address=text or None, ip=ip, port=number)


# -- what stands beside the action -------------------------------------------------------------------------------------


def _network_of(network: Network, found: Activity) -> None:
    """Take the traffic of a finding without an action; those with one seldom have both."""
    source = _side(network.source_ip_v4, network.source_ip_v6, network.source_port, network.source_domain, found.names)
    destination = _side(
        network.destination_ip_v4,
        network.destination_ip_v6,
        network.destination_port,
        network.destination_domain,
        found.names,
    )
    if found.category:
        return
    if mac := ecs.given(network.source_mac):
        source = source or Endpoint()
        source.mac = mac.upper().replace(":", "-")
    found.source, found.destination = source, destination
    ends = [one.ip for one in (source, destination) if one and one.ip]
    found.network = ecs.some(traffic(network.protocol, read_direction(network.direction), ends[0] if ends else None))
    found.category, found.type = ("network",), ("connection",)


def _side(v4: ecs.Ip | None, v6: ecs.Ip | None, port: int | None, domain: str | None, names: Names) -> Endpoint | None:
    ips, domain = (ecs.ip(v4), ecs.ip(v6)), ecs.given(domain)
    names.addresses += ips
    names.hosts += (domain,)
    ip = ips[0] or ips[1]
    return ecs.some(Endpoint(address=ip or domain, domain=domain, ip=ip, port=port))


def _process(process: ProcessDetails) -> ecs.Process | None:
    parent = process.parent_pid
    return ecs.some(
        ecs.Process(
            end=process.terminated_at,
            executable=ecs.given(process.path),
            name=ecs.given(process.name),
            parent=None if parent is None else ecs.ProcessParent(pid=parent),
            pid=process.pid,
            start=process.launched_at,
        )
    )


def _malware(finding: Finding, found: Activity) -> None:
    """Take the first of the files; the hashes of all are in `related.hash`."""
    found.category += ("malware",)
    files = [one for threat in finding.threats or () for one in threat.file_paths or ()]
    found.names.hashes += tuple([ecs.given(one.hash) for one in files])
    if files:
        found.file = ecs.file(files[0].file_path, files[0].file_name, files[0].hash)
    elif finding.malware:
        found.file = ecs.file(finding.malware[0].path)


def _indicator(indicator: ThreatIntelIndicator, names: Names) -> None:
    """Let a finding be found by what it was indicated by."""
    kind, value = indicator.type or "", ecs.given(indicator.value)
    if kind.startswith("IPV"):
        names.addresses += (ecs.ip(value),)
    elif kind.startswith("HASH_"):
        names.hashes += (value,)
    elif kind == "DOMAIN":
        names.hosts += (value,)


def _took_part(sequence: Sequence, found: Activity) -> None:
    """Gather who took part in an attack."""
    endpoints = sequence.endpoints or []
    for user in [one.user for one in sequence.actors or () if one.user]:
        found.names.users += (ecs.given(user.name), ecs.given(user.uid))
    found.names.addresses += tuple([ecs.ip(one.ip) for one in endpoints])
    found.names.hosts += tuple([ecs.given(one.domain) for one in endpoints])


def _threat(finding: Finding, indicators: list[ThreatIntelIndicator], sequence: Sequence | None) -> ecs.Threat | None:
    """Name tactics and techniques, from the finding's types and from the signals of an attack; and one indicator."""
    tactics = _tactics(tuple(finding.types or ()))
    techniques: tuple[str, ...] = ()
    if sequence:
        signs = [*(sequence.sequence_indicators or ())]
        for signal in sequence.signals or ():
            signs += signal.signal_indicators or ()
        told = [(one.key, ecs.given(value)) for one in signs for value in one.values or ()]
        tactics = ecs.once([*tactics, *[value for key, value in told if key == "ATTACK_TACTIC"]])
        techniques = ecs.once([value for key, value in told if key == "ATTACK_TECHNIQUE"])
    if not indicators and not tactics and not techniques:
        return None
    numbers = tuple([one for one in techniques if _TECHNIQUE.fullmatch(one)])
    names = tuple([one for one in techniques if one not in numbers])
    return ecs.some(
        ecs.Threat(
            framework=FRAMEWORK if tactics or techniques else None,
            indicator=_first(indicators[0]) if indicators else None,
            tactic=ecs.ThreatTactic(name=tactics) if tactics else None,
            technique=ecs.some(ecs.ThreatTechnique(id=numbers, name=names)),
        )
    )


@lru_cache(maxsize=1024)
def _tactics(types: tuple[str, ...]) -> tuple[str, ...]:
    """Give the categories of `TTPs/Credential Access/UnauthorizedAccess:EC2-SSHBruteForce` and its like."""
    parts = [one.split("/", 2) for one in types]
    return ecs.once([part[1] for part in parts if part[0] == TACTICS and len(part) > 1])


def _first(indicator: ThreatIntelIndicator) -> ecs.ThreatIndicator | None:
    kind, value = indicator.type or "", ecs.given(indicator.value)
    return ecs.some(
        ecs.ThreatIndicator(
            ip=ecs.ip(value),
            last_seen=indicator.last_observed_at,
            name=value,
            provider=ecs.given(indicator.source),
            reference=ecs.given(indicator.source_url),
            type=INDICATORS.get(kind),
        )
    )
