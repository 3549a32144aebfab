"""What the Elastic Common Schema says of each of its fields."""

import csv
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from shipper import ecs

_PACKAGE: Final = Path(__file__).parents[1]
_PLACES: Final = (_PACKAGE / "data" / "mappings" / "ecs.csv", _PACKAGE.parent / "mappings" / "ecs.csv")
"""In an installed package and in a checkout."""


class EcsField(Struct, frozen=True):
    """
    A field of ECS.

    Attributes:
        type: by Elasticsearch's name
        is_indexed: whether it can be searched; otherwise it is only kept
    """

    type: str
    is_indexed: bool


@cache
def ecs_fields() -> dict[str, EcsField]:
    """
    Read all fields of the ECS version that the documents follow, by path.

    Raises:
        ValueError: the list is that of another version
    """
    path = next((place for place in _PLACES if place.exists()), _PLACES[-1])
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    versions = {row["ECS_Version"] for row in rows}
    if versions != {ecs.VERSION}:
        raise ValueError(f"{path} is the list of ECS {', '.join(sorted(versions))}; shipper.ecs follows {ecs.VERSION}")
    return {row["Field"]: EcsField(row["Type"], row["Indexed"] == "true") for row in rows}
