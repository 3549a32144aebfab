"""From a TOML file and the environment to Settings, or to one error that lists all that is wrong."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from difflib import get_close_matches
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from msgspec import UnsetType, structs

from shipper.config import describe
from shipper.config.checks import contradictions
from shipper.config.settings import Aws, Queue, Settings
from shipper.config.sources import Declared, settings_with
from shipper.config.tables import Reader, Variable
from shipper.errors import ConfigError

# Names the configuration file: read by the command line, before there are settings.
CONFIG_VARIABLE = "SHIPPER_CONFIG"

_NO_SOURCES: Final[Declared] = MappingProxyType({})

# Kubernetes gives a container such variables for every Service in its namespace, so a Service named "shipper" or
# "shipper-metrics" would otherwise keep the container from starting:
# https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
_SERVICE_LINK = re.compile(
    r"SHIPPER_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)=.*"
    r"|SHIPPER_(\w+_)?PORT=(tcp|udp|sctp)://.*",
    re.DOTALL,
)
_AWS_CREDENTIAL = re.compile(r"access_?key|secret_?key|session_?token|credential|profile", re.IGNORECASE)
# sqs.eu-west-1.amazonaws.com, vpce-1a2b.sqs.eu-west-1.vpce.amazonaws.com, sqs-fips.us-gov-west-1.amazonaws.com,
# and the legacy eu-west-1.queue.amazonaws.com: https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
_REGION_IN_HOST = re.compile(
    r"""https?://
    (?: (?:[^/]+\.)? sqs(?:-fips)?\. (?P<region>[a-z]+(?:-[a-z0-9]+)+) \.
      | (?P<legacy>[a-z]+(?:-[a-z0-9]+)+) \.queue\. )
    """,
    re.VERBOSE,
)


def load(path: Path | None, environ: Mapping[str, str], sources: Declared = _NO_SOURCES) -> Settings:
    """Read the settings; a variable SHIPPER_<GROUP>_<NAME> is stronger than the file.

    An empty variable counts as not set, since that is how Compose and Helm spell a value that was left out.

    Args:
        path: TOML file, or None to use the environment alone
        environ: environment variables
        sources: what the log sources declare; see `Sources.settings`

    Returns:
        Checked settings, secrets read from their files, the region of each queue filled in where it is known.

    Raises:
        ConfigError: something is wrong; the message has one line for each problem.
    """
    tables = _tables(path) if path else {}
    kind = settings_with(sources)
    variables = _variables(environ, kind)
    if not _has_region(tables):
        variables = _aws_region(environ) | variables
    reader = Reader(kind, path, variables, forbidden)
    settings = reader.table(kind, _overlaid(tables, variables))
    if isinstance(settings, Settings):
        for setting, message in contradictions(settings, reader.wrong):
            reader.refuse(setting, message)
    problems = [*_unknown_variables(environ, kind), *map(str, reader.problems)]
    if problems or isinstance(settings, UnsetType):
        raise ConfigError("\n".join(problems))
    return structs.replace(settings, queues=tuple(_with_region(queue, settings.aws) for queue in settings.queues))


def require(settings: Settings, *names: str) -> None:
    """Demand settings which only some commands need.

    Args:
        settings: what was loaded
        names: dotted names of settings that must not be empty, such as "queues" and "opensearch.urls"

    Raises:
        ConfigError: one of them is empty; the message has one line for each.
    """
    missing = [name for name in names if not attrgetter(name)(settings)]
    if missing:
        raise ConfigError(
            "\n".join(
                f"configuration: {name}: is not set, and this command needs it; set it in the configuration file "
                f"or by the environment variable {describe.variable(name)}"
                for name in missing
            )
        )


def forbidden(name: str) -> str | None:
    """Why a name that is no setting must not become one; None if nothing speaks against it."""
    if _AWS_CREDENTIAL.search(name):
        return (
            "AWS credentials are no settings of the shipper; give it a role (instance, task or service account), "
            "or AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment"
        )
    return None


def _tables(path: Path) -> dict[str, Any]:
    try:
        # An editor on Windows may put a byte order mark in front.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; check the path and who may read it") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except ValueError as error:  # TOMLDecodeError, or a number of more digits than Python reads
        raise ConfigError(f"{path}: is not TOML: {error}; compare with the example, config/shipper.toml") from error


def _variables(environ: Mapping[str, str], kind: type[Settings]) -> dict[str, Variable]:
    """The variables that set something, by the dotted name of the setting."""
    names = {setting: describe.variable(setting) for setting in describe.settings(kind)}
    return {setting: Variable(name, environ[name]) for setting, name in names.items() if environ.get(name, "").strip()}


def _has_region(tables: dict[str, Any]) -> bool:
    aws = tables.get("aws")
    return isinstance(aws, dict) and "region" in aws


def _aws_region(environ: Mapping[str, str]) -> dict[str, Variable]:
    """The region as AWS gives it to containers; botocore by itself looks at the second name only."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if text := environ.get(name):
            return {"aws.region": Variable(name, text)}
    return {}


def _overlaid(tables: dict[str, Any], variables: Mapping[str, Variable]) -> dict[str, Any]:
    """The tables of the file, with variables in place of what they replace."""
    overlaid = deepcopy(tables)
    for setting, variable in variables.items():
        *groups, name = setting.split(".")
        table: Any = overlaid
        for group in groups:
            table = table.setdefault(group, {}) if isinstance(table, dict) else None
        if isinstance(table, dict):  # anything else stays as it is, for the reader to refuse
            table[name] = variable
    return overlaid


def _unknown_variables(environ: Mapping[str, str], kind: type[Settings]) -> Iterator[str]:
    known = {describe.variable(setting) for setting in describe.settings(kind)} | {CONFIG_VARIABLE}
    for name in sorted(environ.keys() - known):
        if name.startswith(describe.VARIABLE_PREFIX) and not _SERVICE_LINK.fullmatch(f"{name}={environ[name]}"):
            remedy = forbidden(name) or _nearest(name, known)
            yield f"environment variable {name}: names no setting; {remedy}"


def _nearest(name: str, known: Iterable[str]) -> str:
    """A suggestion; the prefix, which all names share, must not make them look alike."""
    prefix = describe.VARIABLE_PREFIX
    near = get_close_matches(name.removeprefix(prefix), [other.removeprefix(prefix) for other in sorted(known)], n=1)
    return f"did you mean {prefix}{near[0]}?" if near else "the example, config/shipper.toml, lists all of them"


def _with_region(queue: Queue, aws: Aws) -> Queue:
    """The queue with its region: its own, else that of its host, else the general one."""
    found = _REGION_IN_HOST.match(queue.url)
    in_host = found and (found["region"] or found["legacy"])
    return structs.replace(queue, region=queue.region or in_host or aws.region)
