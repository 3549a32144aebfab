"""The templates as files, so that people can read and review them, and the list of all fields."""

import csv
import json
from io import StringIO

from shipper.mappings.aliases import aliases
from shipper.mappings.fields import fields
from shipper.mappings.opensearch import OPENSEARCH
from shipper.mappings.templates import FLAVOURS, DocumentTypes, Template, document_types, templates
from shipper.source import Sources


def generated() -> dict[str, str]:
    """Content of the generated files by path in the repository."""
    documents = document_types(Sources.built_in())
    files = {
        f"mappings/{flavour.name}/{template.kind}/{template.name}.json": template_json(template)
        for flavour in FLAVOURS.values()
        for template in templates(documents, flavour)
    }
    return {**files, "mappings/fields.csv": fields_csv(documents)}


def template_json(template: Template) -> str:
    """Write the body of a template, sorted, so that a difference shows what changed."""
    return json.dumps(template.body, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def fields_csv(documents: DocumentTypes) -> str:
    """Write every field of every dataset with its type in OpenSearch, and whether ECS has it; aliases come last."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("dataset", "field", "type", "ecs"))
    for dataset, document in sorted(documents.items()):
        declared = fields(document, dataset)
        for path, field in declared.items():
            writer.writerow((dataset, path, OPENSEARCH.parameters(field)["type"], "yes" if field.is_ecs else "no"))
        for name in aliases(dataset, declared):
            writer.writerow((dataset, name, "alias", "no"))
    return text.getvalue()
