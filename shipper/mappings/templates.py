"""
The templates of all data streams.

For each dataset an index template, `shipper-<dataset>`, with its aliases, composed of

    shipper@settings              settings of all log indices
    shipper@mappings              fields that every document has
    shipper-<dataset>@mappings    fields of the dataset; in Elasticsearch the name of its retention policy too
    shipper@custom                the user's, for all datasets
    shipper-<dataset>@custom      the user's, for this dataset

What comes later wins, so the user has the last word on all but the aliases.
https://docs.opensearch.org/latest/im-plugin/index-templates/
https://www.elastic.co/docs/manage-data/data-store/templates
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from shipper import __version__, deadletter, ecs, ledger
from shipper.history import entries
from shipper.mappings.aliases import aliases
from shipper.mappings.elasticsearch import ELASTICSEARCH
from shipper.mappings.fields import Field, fields
from shipper.mappings.flavour import Flavour
from shipper.mappings.opensearch import OPENSEARCH
from shipper.product import Product
from shipper.source import Sources

PRIORITY: Final = 300
"""Above the templates for `logs-*-*` that come with other products (100) and those of their integrations (200)."""

MANAGER: Final = "s3-siem-shipper"

META: Final = {"managed_by": MANAGER, "version": __version__}

DYNAMIC: Final[dict[str, Any]] = {"date_detection": False, "dynamic": "false"}
"""A field that is not declared stays in the document and is never mapped, whatever a log brings."""

FLAVOURS: Final = {Product.OPENSEARCH: OPENSEARCH, Product.ELASTICSEARCH: ELASTICSEARCH}

_TIMES: Final = frozenset({"created_date", "created_date_millis", "modified_date", "modified_date_millis"})
"""What Elasticsearch notes of a template from 9.1 on."""

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

    def found(self, answer: Any) -> dict[str, Any] | None:
        """
        Give the body of this template in the server's answer to a GET of `path`, without what the server adds.

        Elasticsearch says of data streams what they are by default, and when a template was written.
        """
        kind = f"{self.kind}_template"
        for one in (answer or {}).get(f"{kind}s", ()):
            if one["name"] == self.name:
                body = {name: value for name, value in one[kind].items() if name not in _TIMES}
                if self.body.get("data_stream") == {} and "data_stream" in body:
                    body["data_stream"] = {name: value for name, value in body["data_stream"].items() if value}
                return body
        return None

    def is_in(self, answer: Any) -> bool:
        """Whether the server's answer to a GET of `path` holds exactly this template."""
        return self.found(answer) == self.body


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


def templates(documents: DocumentTypes | None = None, flavour: Flavour = OPENSEARCH) -> list[Template]:
    """
    Give all templates in the order in which they have to be installed.

    Args:
        documents: what to make templates of; all datasets there are by default
        flavour: of the product that they are for

    Raises:
        TypeError: a field has no type, or an alias has no field; see `fields` and `aliases`
        ValueError: the name of a dataset cannot be part of a data stream's
    """
    common = fields(ecs.Document)
    mapping = {**DYNAMIC, "properties": flavour.properties(common.values())}
    return [
        _component("shipper@settings", {"settings": dict(flavour.settings)}),
        _component("shipper@mappings", {"mappings": mapping}),
        _custom("shipper@custom"),
        *(
            template
            for dataset, document in sorted((document_types() if documents is None else documents).items())
            for template in _of_dataset(dataset, fields(document, dataset), common, flavour)
        ),
    ]


def policy_name(dataset: str) -> str:
    """Name the retention policy of a dataset."""
    return f"shipper-{dataset}"


def _of_dataset(
    dataset: str, all_fields: Mapping[str, Field], common: Mapping[str, Field], flavour: Flavour
) -> Iterator[Template]:
    if not _DATASET.fullmatch(dataset):
        raise ValueError(
            f"dataset {dataset!r}: only lower-case letters, digits, '_' and '.', a letter first, up to 100"
        )
    name = f"shipper-{dataset}"
    own = [field for path, field in all_fields.items() if common.get(path) != field]
    components = ["shipper@settings", "shipper@mappings", f"{name}@mappings", "shipper@custom", f"{name}@custom"]
    template: dict[str, Any] = {"mappings": {"properties": flavour.properties(own)}}
    if flavour.has_lifecycle_setting:
        template["settings"] = {"index": {"lifecycle": {"name": policy_name(dataset)}}}
    yield _component(f"{name}@mappings", template)
    yield _custom(f"{name}@custom")
    body: dict[str, Any] = {
        "_meta": META,
        "composed_of": components,
        "data_stream": dict(flavour.data_stream),
        "index_patterns": [f"logs-{dataset}-*"],
        "priority": PRIORITY,
    }
    # An alias has to stand where all fields are: each component template is checked by itself.
    if names := aliases(dataset, all_fields):
        body["template"] = {"mappings": {"properties": flavour.properties((), names)}}
    yield Template(kind="index", name=name, body=body)


def _component(name: str, template: dict[str, Any]) -> Template:
    return Template(kind="component", name=name, body={"_meta": META, "template": template})


def _custom(name: str) -> Template:
    return Template(kind="component", name=name, body={"template": {}}, belongs_to_user=True)
