"""
What published detection rules read, and where our documents carry it.

`mappings/detection-fields.csv` lists the fields; what fills them is seen in the expected documents of the samples. The
table is `docs/detection-fields.md`. A rule that reads a field which nothing fills finds nothing and says nothing, so a
field that is lost fails the tests.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from shipper.mappings import opensearch
from shipper.mappings.fields import fields
from shipper.mappings.templates import document_types
from shipper.resources import resource
from shipper.sigma.taxonomy import LOG_SOURCES
from shipper.source import Sources

FILE: Final = "docs/detection-fields.md"

PUBLISHERS: Final = {
    "elastic": "Elastic's prebuilt rules for AWS",
    "sigma": "Sigma's rules for CloudTrail",
}
"""Whose rules were read."""

_HEAD: Final = """\
# Fields that published rules read

<!-- Generated from mappings/detection-fields.csv and the expected documents of the samples; do not edit. -->

Counted in August 2026 in the queries of Elastic's 194 prebuilt rules for AWS and of Sigma's 57 rules for CloudTrail.
`*` stands for members of any name; Sigma's count of an object is that of the rules which read it or a member of it.
"filled by" are the datasets in whose expected documents the field has a value. How to run
rules: [detection.md](detection.md).
"""


class Reading(Struct, frozen=True):
    """
    A field that rules read.

    Attributes:
        rules_of: who published the rules, one of `PUBLISHERS`
        field: as the rules call it
        rules: how many of them read it
        dataset: that they search; empty for any
        gap: why our documents do not have it; empty if they do
    """

    rules_of: str
    field: str
    rules: int
    dataset: str = ""
    gap: str = ""

    @property
    def places(self) -> tuple[str, ...]:
        """Paths in our documents, any of which may have the value; rules of Elastic use them as they are."""
        if self.rules_of != "sigma":
            return (self.field,)
        (source,) = (one for one in LOG_SOURCES if self.dataset in one.datasets and len(one.datasets) == 1)
        return source.places(self.field)


Filled = Mapping[str, frozenset[str]]
"""Paths that have a value in the expected documents of a dataset, those of objects too."""


def generated() -> dict[str, str]:
    """Content of the generated file by its path in the repository."""
    return {FILE: table(readings(), filled())}


def readings() -> list[Reading]:
    """Read the list of the fields that rules read."""
    with (resource("mappings") / "detection-fields.csv").open(encoding="utf-8", newline="") as file:
        return msgspec.convert(list(csv.DictReader(file)), list[Reading], strict=False)


def filled() -> Filled:
    """Read what the expected documents of all samples have."""
    found: dict[str, frozenset[str]] = {}
    for source in Sources.built_in():
        there: set[str] = set()
        for file in sorted((resource("samples") / source.name).glob("*.expected.json")):
            entries = msgspec.json.decode(file.read_bytes())
            for entry in entries if isinstance(entries, list) else ():
                there.update(paths(entry.get("_source")))
        found[source.dataset] = frozenset(there)
    return found


def paths(document: Any) -> Iterator[str]:
    """Give the paths of a decoded document that have a value, those of objects too, without positions in lists."""
    return filter(None, _below(document, ""))


def carriers(reading: Reading, found: Filled) -> list[str]:
    """Give the datasets that fill a field, among those that the rules search: a log source of Sigma is one."""
    wanted = {place.removesuffix(".*") for place in reading.places}
    searched = (reading.dataset,) if reading.rules_of == "sigma" else sorted(found)
    return [dataset for dataset in searched if not wanted.isdisjoint(found[dataset])]


def faults(listed: Sequence[Reading], found: Filled) -> list[str]:
    """Say which fields are lost, and which are called a gap and are none."""
    wrong = []
    for reading in listed:
        datasets = carriers(reading, found)
        is_filled = reading.dataset in datasets if reading.dataset else bool(datasets)
        if not is_filled and not reading.gap:
            where = reading.dataset or "any dataset"
            wrong.append(f"{reading.field}: {reading.rules} rules read it, and no sample of {where} fills it any more")
        if is_filled and reading.gap:
            wrong.append(f"{reading.field} is filled now: take the gap out of mappings/detection-fields.csv")
    return wrong


def table(listed: Sequence[Reading], found: Filled) -> str:
    """Write all fields as a page of the documentation."""
    types = field_types()
    lines = [_HEAD]
    for publisher, title in PUBLISHERS.items():
        rows = [one for one in listed if one.rules_of == publisher]
        lines += [f"## {title}", "", "| field | rules | in our documents | type | filled by |", "|---|--:|---|---|---|"]
        lines += [_row(one, carriers(one, found), types) for one in rows if not one.gap]
        if gaps := [one for one in rows if one.gap]:
            lines += ["", "### Gaps", "", "| field | rules | why | filled by |", "|---|--:|---|---|"]
            lines += [f"| `{one.field}` | {one.rules} | {one.gap} | {_names(carriers(one, found))} |" for one in gaps]
        lines.append("")
    return "\n".join(lines)


def field_types() -> dict[str, str]:
    """Give the type of every field in OpenSearch by its path; a path has one type in all datasets."""
    documents = document_types(Sources.built_in()).values()
    return {
        path: str(opensearch.OPENSEARCH.parameters(field)["type"])
        for document in documents
        for path, field in fields(document).items()
    }


def _row(reading: Reading, datasets: Sequence[str], types: Mapping[str, str]) -> str:
    places = reading.places
    kinds = dict.fromkeys(_type(place, types) for place in places)
    return f"| `{reading.field}` | {reading.rules} | {_names(places)} | {', '.join(kinds)} | {_names(datasets)} |"


def _type(place: str, types: Mapping[str, str]) -> str:
    """Give the type of a field, or of the flat object that it is a member of."""
    while place not in types and "." in place:
        place = place.rpartition(".")[0]
    return types.get(place, "")


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _below(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _below(item, path)
    elif isinstance(value, dict):
        yield path
        for name, member in value.items():
            yield from _below(member, f"{path}.{name}" if path else name)
    else:
        yield path
