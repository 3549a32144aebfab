"""Templates of others that would take our data streams: of those that fit a name, the highest priority wins alone."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final

from msgspec import Struct

from shipper.mappings.templates import MANAGER, PRIORITY, Template
from shipper.product import Client

ALL: Final = "/_index_template/*"


class Rival(Struct, frozen=True):
    """
    Another's index template with a priority that ours does not exceed.

    Attributes:
        name: of the template
        priority: of the template
        patterns: of the names that it is for
    """

    name: str
    priority: int
    patterns: tuple[str, ...]

    def fits(self, stream: str) -> bool:
        """Whether it is for a data stream of this name."""
        return any(fnmatchcase(stream, pattern.replace("[", "[[]")) for pattern in self.patterns)


class Conflict(Struct, frozen=True):
    """
    A template that keeps ours from taking effect.

    Attributes:
        rival: the template
        streams: our data streams that it takes
    """

    rival: Rival
    streams: tuple[str, ...]

    def __str__(self) -> str:
        priority = self.rival.priority
        wins = "wins over ours" if priority > PRIORITY else "cannot stand beside ours"
        return (
            f"index template {self.rival.name} fits {', '.join(self.streams)}, and with priority {priority} it {wins} "
            f"({PRIORITY}): lower its priority, or narrow its index_patterns"
        )


async def rivals(client: Client, templates: Iterable[Template]) -> list[Rival]:
    """
    Find the index templates of others that do not stand below ours; they may be for anything.

    Args:
        client: makes the requests
        templates: ours

    Raises:
        OpenSearchError: the cluster does not answer
    """
    ours = {one.name for one in templates}
    answer = await client.request("GET", ALL)
    found = []
    for other in (answer or {}).get("index_templates", ()):
        name, body = other["name"], other["index_template"]
        priority = int(body.get("priority") or 0)
        # Ours may be that of a source which has gone since it was installed.
        if name not in ours and priority >= PRIORITY and (body.get("_meta") or {}).get("managed_by") != MANAGER:
            found.append(Rival(name, priority, tuple(body.get("index_patterns", ()))))
    return found


async def conflicts(client: Client, templates: Sequence[Template], namespace: str) -> list[Conflict]:
    """
    Find the index templates of others that keep ours from taking effect.

    Args:
        client: makes the requests
        templates: ours
        namespace: of our data streams

    Raises:
        OpenSearchError: the cluster does not answer
    """
    patterns = [one.body["index_patterns"][0] for one in templates if one.kind == "index"]
    streams = [pattern.removesuffix("*") + namespace for pattern in patterns]
    found = [Conflict(rival, tuple(filter(rival.fits, streams))) for rival in await rivals(client, templates)]
    return [conflict for conflict in found if conflict.streams]
