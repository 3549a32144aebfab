"""Templates: written when they differ, never over the user's or those of a newer shipper."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from shipper import __version__
from shipper.errors import OpenSearchError
from shipper.install.step import Change, Step, difference, is_newer
from shipper.mappings.templates import Template, templates
from shipper.product import Client, numbers


async def plan(client: Client, wanted: Sequence[Template]) -> list[Step]:
    """
    Compare templates with what is installed; tells what is to be done, and changes nothing.

    Templates go together: where a newer shipper wrote one, none is to be written.

    Raises:
        OpenSearchError: the cluster does not answer
    """
    found = [(template, template.found(await client.request("GET", template.path))) for template in wanted]
    versions = [version for _, body in found if (version := _version(body))]
    newest = max(filter(is_newer, versions), key=numbers, default=None)
    return [_step(template, body, newest) for template, body in found]


async def put(client: Client, template: Template) -> None:
    """
    Write a template.

    Raises:
        OpenSearchError: the cluster refuses it
    """
    try:
        await client.request("PUT", template.path, template.body)
    except OpenSearchError as error:
        raise type(error)(f"{template.kind} template {template.name}: {error}") from error


def _step(template: Template, present: dict[str, Any] | None, newest: str | None) -> Step:
    kind, name = template.kind, template.name
    if present is not None and template.belongs_to_user:
        return Step(Change.KEPT, kind, name)
    if present == template.body:
        return Step(Change.UNCHANGED, kind, name)
    if newest is not None:
        return Step(Change.NEWER, kind, name, f"version {newest} is installed, this is {__version__}: update it")
    change = Change.CREATED if present is None else Change.UPDATED
    return Step(change, kind, name, difference(present, template.body))


def _version(body: dict[str, Any] | None) -> str | None:
    version = ((body or {}).get("_meta") or {}).get("version")
    return version if isinstance(version, str) else None


class Unfit(Struct, frozen=True):
    """
    An index template that is not as this version wants it.

    Attributes:
        name: of the template
        version: of the shipper that wrote it; None when it is missing, or was not written by one
        missing: whether it is not there at all
        newer: whether a newer shipper wrote it
    """

    name: str
    version: str | None
    missing: bool
    newer: bool


async def unfit_templates(client: Client) -> list[Unfit]:
    """
    Name the index templates that are missing or of another version.

    Raises:
        OpenSearchError: the cluster does not answer
    """
    found = []
    for template in templates():
        if template.kind == "index":
            present = template.found(await client.request("GET", template.path))
            version = _version(present)
            if present is None or version != __version__:
                found.append(Unfit(template.name, version, present is None, is_newer(version)))
    return found


async def missing_templates(client: Client) -> list[str]:
    """
    Name the index templates that are not there.

    Raises:
        OpenSearchError: the cluster does not answer
    """
    return [one.name for one in await unfit_templates(client) if one.missing]
