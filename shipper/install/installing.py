"""Everything that `shipper install` does, in order."""

from collections.abc import AsyncIterator, Callable, Sequence

from shipper.config import Retention
from shipper.install import retention as policies
from shipper.install import streams, templates
from shipper.install.conflicts import rivals
from shipper.install.step import Change, Step
from shipper.mappings.templates import FLAVOURS, Template, document_types
from shipper.mappings.templates import templates as all_templates
from shipper.product import Client, Server, detect
from shipper.retention.policy import FeatureMissingError


async def install(
    client: Client,
    retention: Sequence[Retention] = (),
    *,
    dry_run: bool = False,
    note: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Step]:
    """
    Bring templates and policies to the state of this version and these settings; gives each step as it is done.

    Policies come first, so that an index never names one that is not there, and data streams last, when all they are
    made from is in place. What was broken off is finished by the next run.

    Args:
        client: makes the requests
        retention: how long documents are kept
        dry_run: only tell what would be done
        note: receives what a person should know besides

    Raises:
        ConfigError: the settings name a dataset that there is not
        OpenSearchError: the cluster refuses something
    """
    server = await detect(client)
    note(str(server))
    if server.too_old:
        note(server.too_old)
    async for step in _policies(client, server, retention, dry_run=dry_run, note=note):
        yield step
    wanted = all_templates(flavour=FLAVOURS[server.product])
    steps = await templates.plan(client, wanted)
    for template, step in zip(wanted, steps, strict=True):
        if step.change in (Change.CREATED, Change.UPDATED) and not dry_run:
            await templates.put(client, template)
        yield step
    if Change.NEWER in {step.change for step in steps}:
        return  # what a newer one maps otherwise is no reason to roll over
    others = await rivals(client, wanted)
    for dataset in sorted(document_types()):
        ours, users = _of(dataset, wanted)
        for step in await streams.roll(client, dataset, mappings=ours, customs=users, rivals=others, dry_run=dry_run):
            yield step


async def _policies(
    client: Client, server: Server, retention: Sequence[Retention], *, dry_run: bool, note: Callable[[str], None]
) -> AsyncIterator[Step]:
    manager = policies.policies_of(client, server)
    try:
        async for step in policies.bring_all(manager, retention, dry_run=dry_run):
            yield step
    except FeatureMissingError:
        note(
            f"no retention: this cluster has no {manager.product_feature}; nothing is rolled over by size or age, and "
            "nothing is deleted"
        )


def _of(dataset: str, wanted: Sequence[Template]) -> tuple[list[Template], list[Template]]:
    """Give the templates that declare fields of a dataset: ours, and the user's."""
    (whole,) = (one for one in wanted if one.kind == "index" and one.name == f"shipper-{dataset}")
    parts = [one for one in wanted if one.kind == "component" and one.name in whole.body["composed_of"]]
    return [one for one in (*parts, whole) if not one.belongs_to_user], [one for one in parts if one.belongs_to_user]
