"""
Data streams whose mapping is no longer that of the templates are rolled over.

A template is for indices to come. The index that is written to is compared with what the templates declare, so that a
stream is rolled over when, and only when, a field of ours is missing there or has another type, whoever changed what
and when. Fields that a `@custom` template declares are the user's business. Older indices stay as they are, and what is
in them is found as before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from shipper.install.conflicts import Rival
from shipper.install.step import Change, Step
from shipper.mappings.templates import Template
from shipper.product import Client

SHOWN: Final = 5
"""Fields that a step names."""


async def roll(
    client: Client,
    dataset: str,
    *,
    mappings: Iterable[Template],
    customs: Iterable[Template],
    rivals: Sequence[Rival],
    dry_run: bool,
) -> list[Step]:
    """
    Roll the data streams of a dataset over that lack a declared field.

    Args:
        client: makes the requests
        dataset: in every namespace
        mappings: the templates that declare its fields
        customs: the user's component templates for it
        rivals: templates of others; a stream that one of them takes would only be rolled over again and again
        dry_run: only tell what would be done

    Raises:
        OpenSearchError: the cluster does not answer, or refuses
    """
    answer = await client.request("GET", f"/_data_stream/logs-{dataset}-*") or {}
    streams = [
        stream for stream in answer.get("data_streams", ()) if not any(rival.fits(stream["name"]) for rival in rivals)
    ]
    if not streams:
        return []
    wanted = _declared(template.body for template in mappings)
    present = [template.found(await client.request("GET", template.path)) for template in customs]
    users = _declared(body for body in present if body)
    steps = []
    for stream in streams:
        index = stream["indices"][-1]["index_name"]
        answer = await client.request("GET", f"/{index}/_mapping") or {}
        there = dict(_leaves((answer.get(index) or {}).get("mappings", {}).get("properties", {})))
        if lacking := _lacking(wanted, there, users):
            if not dry_run:
                await client.request("POST", f"/{stream['name']}/_rollover")
            more = f" and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
            detail = f"fields that are new or have changed: {', '.join(lacking[:SHOWN])}{more}"
            steps.append(Step(Change.ROLLED, "stream", stream["name"], detail))
    return steps


def _lacking(wanted: Mapping[str, Any], there: Mapping[str, Any], users: Mapping[str, Any]) -> list[str]:
    return [
        path
        for path, parameters in wanted.items()
        if there.get(path) != parameters and not any(_overlap(path, own) for own in users)
    ]


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _declared(bodies: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Give the parameters of all fields that templates declare, by path."""
    found: dict[str, Any] = {}
    for body in bodies:
        mappings = body.get("template", {}).get("mappings", {})
        found |= _leaves(mappings.get("_doc", mappings).get("properties", {}))
    return found


def _leaves(properties: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, parameters in properties.items():
        path = prefix + name
        if "properties" in parameters:
            yield from _leaves(parameters["properties"], f"{path}.")
        own = {key: value for key, value in parameters.items() if key != "properties"}
        if own or "properties" not in parameters:
            yield path, own
