"""
The templates of all data streams.

For each dataset an index template, `shipper-<dataset>`, composed of

    shipper@settings              settings of all log indices
    shipper@mappings              fields that every document has
    shipper-<dataset>@mappings    fields of the dataset
    shipper@custom                the user's, for all datasets
    shipper-<dataset>@custom      the user's, for this dataset

What comes later wins, so the user has the last word.
https://docs.opensearch.org/latest/im-plugin/index-templates/
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from shipper import __version__, deadletter, ecs, ledger
from shipper.history import entries
from shipper.mappings import opensearch
from shipper.mappings.fields import Field, fields
from shipper.source import Sources

PRIORITY: Final = 300
"""Above the templates for `logs-*-*` that come with other products (100) and those of their integrations (200)."""

META: Final = {"managed_by": "s3-siem-shipper", "version": __version__}

_DATASET = re.compile(r"[a-z][a-z0-9_.]{0,99}")
"""ECS allows no `-` in `data_stream.dataset`: with it one pattern could match the indices of another dataset."""

DocumentTypes = Mapping[str, type[ecs.Document]]
"""Struct of the documents by dataset."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """
    A template as it is installed.

    Attributes:
        kind: of template
        name: unique within its kind
        body: of the request, as OpenSearch gives it back
        belongs_to_user: it is installed empty when it is missing, and never changed
    """

    kind: Literal["component", "index"]
    name: str
    body: dict[str, Any]
    belongs_to_user: bool = False

    @property
    def path(self) -> str:
        """Path of the requests that read and write it."""
        return f"/_{self.kind}_template/{self.name}"

    def is_in(self, answer: Any) -> bool:
        """Whether the server's answer to a GET of `path` holds exactly this template."""
        kind = f"{self.kind}_template"
        return any(found["name"] == self.name and found[kind] == self.body for found in answer[f"{kind}s"])


def document_types(sources: Sources | None = None) -> DocumentTypes:
    """
    Give all datasets there are: one for each source, and those the shipper writes about itself.

    Args:
        sources: all there are by default
    """
    of_sources = {source.dataset: source.document_type for source in sources or Sources.discover()}
    own: DocumentTypes = {
        deadletter.DATASET: deadletter.DeadLetterDocument,
        entries.DATASET: entries.EntryDocument,
        ledger.DATASET: ledger.EntryDocument,
    }
    return {**of_sources, **own}


def templates(documents: DocumentTypes | None = None) -> list[Template]:
    """
    Give all templates in the order in which they have to be installed.

    Args:
        documents: what to make templates of; all datasets there are by default

    Raises:
        TypeError: a field has no type; see `fields`
        ValueError: the name of a dataset cannot be part of a data stream's
    """
    common = fields(ecs.Document)
    mapping = {**opensearch.DYNAMIC, "properties": opensearch.properties(common.values())}
    return [
        _component("shipper@settings", {"settings": opensearch.SETTINGS}),
        _component("shipper@mappings", {"mappings": mapping}),
        _custom("shipper@custom"),
        *(
            template
            for dataset, document in sorted((document_types() if documents is None else documents).items())
            for template in _of_dataset(dataset, fields(document, dataset), common)
        ),
    ]


def _of_dataset(dataset: str, all_fields: Mapping[str, Field], common: Mapping[str, Field]) -> Iterator[Template]:
    if not _DATASET.fullmatch(dataset):
        raise ValueError(
            f"dataset {dataset!r}: only lower-case letters, digits, '_' and '.', a letter first, up to 100"
        )
    name = f"shipper-{dataset}"
    own = [field for path, field in all_fields.items() if common.get(path) != field]
    components = ["shipper@settings", "shipper@mappings", f"{name}@mappings", "shipper@custom", f"{name}@custom"]
    yield _component(f"{name}@mappings", {"mappings": {"properties": opensearch.properties(own)}})
    yield _custom(f"{name}@custom")
    yield Template(
        kind="index",
        name=name,
        body={
            "_meta": META,
            "composed_of": components,
            "data_stream": {"timestamp_field": {"name": "@timestamp"}},
            "index_patterns": [f"logs-{dataset}-*"],
            "priority": PRIORITY,
        },
    )


def _component(name: str, template: dict[str, Any]) -> Template:
    return Template(kind="component", name=name, body={"_meta": META, "template": template})


def _custom(name: str) -> Template:
    return Template(kind="component", name=name, body={"template": {}}, belongs_to_user=True)
