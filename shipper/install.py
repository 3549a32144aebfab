"""Putting the index templates into a cluster, and seeing whether they are there."""

from collections.abc import AsyncIterator
from enum import Enum

from msgspec import Struct

from shipper.mappings.templates import Template, templates
from shipper.opensearch import OpenSearch


class Change(Enum):
    """What installing does to a template."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    """It belongs to the user and is never overwritten."""


class Installed(Struct, frozen=True):
    """One template and what was done to it."""

    template: Template
    change: Change


async def install(engine: OpenSearch) -> AsyncIterator[Installed]:
    """
    Bring all templates to the state of this version; gives each as it is done.

    Raises:
        OpenSearchError: the cluster refuses one
    """
    for template in templates():
        yield Installed(template, await _install(engine, template))


async def _install(engine: OpenSearch, template: Template) -> Change:
    present = await engine.request("GET", template.path)
    if present is not None and template.belongs_to_user:
        return Change.KEPT
    if present is not None and template.is_in(present):
        return Change.UNCHANGED
    await engine.request("PUT", template.path, template.body)
    return Change.CREATED if present is None else Change.UPDATED


async def missing_templates(engine: OpenSearch) -> list[str]:
    """
    Name the index templates that are not there.

    Raises:
        OpenSearchError: the cluster does not answer
    """
    wanted = [template for template in templates() if template.kind == "index"]
    return [template.name for template in wanted if await engine.request("GET", template.path) is None]
