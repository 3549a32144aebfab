"""
The pipeline as a document, in the form that pySigma reads from YAML files.

https://sigmahq.io/docs/digging-deeper/pipelines.html

For each log source values are spelled as in our documents, fields are renamed, and the query is kept to the datasets.
What could only be a search that never finds anything is refused: a log source that is no dataset of ours, a field that
no document of it has, a part of a value where values are compared as a whole, and a name that a query would misread.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from shipper.mappings.fields import fields
from shipper.mappings.templates import document_types
from shipper.sigma.logsource import LogSource
from shipper.sigma.taxonomy import LOG_SOURCES
from shipper.source import Sources

NAME: Final = "s3_siem_shipper"
FILE: Final = "config/sigma/pipeline.yml"

Item = dict[str, Any]
"""A step of the pipeline."""

_PRIORITY: Final = 20
"""That of the other pipelines that rename fields."""

_HEAD: Final = f"""\
# For `sigma convert -t opensearch_lucene -p {FILE} <rules>`: see docs/detection.md.
# Generated from shipper/sigma/ and the documents' fields; do not edit.
"""
_IS_TEXT: Final = [{"type": "match_string", "cond": "any", "pattern": ".*"}, {"type": "is_null", "cond": "any"}]
_IS_NULL: Final = _IS_TEXT[1:]
_IS_PART: Final = {
    "detection_item_conditions": {
        "part": {"type": "contains_wildcard", "cond": "any"},
        "anything": {"type": "match_string", "cond": "all", "pattern": r"^\*$"},
    },
    "detection_item_cond_expr": "part and not anything",
}

_MISREAD: Final = r""".*(?<!\\)[:/"(){}\[\]^~!&|]"""
"""Names of members of free-form parts with characters of Lucene's syntax; pySigma does not escape them."""

_WHOLE: Final = frozenset({"boolean", "date", "float", "geo_point", "ip", "long"})
"""Types of fields in which no part of a value can be looked for: OpenSearch finds nothing then, and does not say so."""


def generated() -> dict[str, str]:
    """Content of the generated file by its path in the repository; JSON is YAML."""
    return {FILE: _HEAD + json.dumps(definition(), indent=2) + "\n"}


def definition() -> dict[str, Any]:
    """Give the pipeline as `ProcessingPipeline.from_dict` of pySigma takes it."""
    items = [item for source in LOG_SOURCES for item in _items(source)]
    return {"name": NAME, "priority": _PRIORITY, "transformations": [_refusal_of_others(), *items]}


def known_fields(source: LogSource) -> tuple[list[str], list[str]]:
    """Give the names of all fields of a log source's documents, and of those that have members of any name."""
    types = _types(source)
    return sorted(types), sorted(path for path, type_ in types.items() if type_ == "flattened")


def _types(source: LogSource) -> dict[str, str]:
    return {path: type_ for dataset in source.datasets for path, type_ in _all_types()[dataset].items()}


@cache
def _all_types() -> dict[str, dict[str, str]]:
    """Give the types of all fields, by dataset and path."""
    documents = document_types(Sources.built_in())
    return {name: {one.path: one.type for one in fields(document).values()} for name, document in documents.items()}


def _items(source: LogSource) -> Iterator[Item]:
    for number, spelling in enumerate(source.spellings, 1):
        yield _item(source, f"spelling_{number}", **spelling.transformation, **_only(*spelling.names))
    if source.addresses:
        # Text, or a part of it, stands in the address alone; a field of type `ip` can be asked for a network alone.
        # What else there is, such as a regular expression, cannot be told from a network here: both are asked.
        texts = {name: source.places(name)[0] for name in source.addresses}
        either = {name: list(source.places(name)) for name in source.addresses}
        is_text = {"detection_item_conditions": _IS_TEXT, "detection_item_cond_op": "or"}
        yield _item(source, "addresses", type="field_name_mapping", mapping=texts, **is_text)
        yield _item(source, "networks", type="field_name_mapping", mapping=either)
    # "Is not there" has to be asked of one place: it is true of any other where the value is not.
    first = {name: place[0] for name, place in source.fields.items() if isinstance(place, list)}
    if first:
        yield _item(source, "nulls", type="field_name_mapping", mapping=first, detection_item_conditions=_IS_NULL)
    yield _item(source, "fields", type="field_name_mapping", mapping=source.fields)
    if source.members:
        yield _item(source, "members", type="field_name_prefix_mapping", mapping=source.members)
    yield _refusal_of_fields(source)
    if known_fields(source)[1]:
        yield _refusal_of_names(source)
    yield _refusal_of_parts(source)
    yield _item(source, "dataset", type="add_condition", conditions={"data_stream.dataset": _one(source.datasets)})
    indices = [f"logs-{dataset}-*" for dataset in source.datasets]
    yield _item(source, "indices", type="set_state", key="index", val=_one(indices))  # for ES|QL


def _refusal_of_fields(source: LogSource) -> Item:
    """Refuse fields that no document has; searches that name no field may go on."""
    exact, free = known_fields(source)
    known = [*_patterns(exact), *(rf"{re.escape(path)}\." for path in free)]
    return _item(
        source,
        "unknown",
        type="detection_item_failure",
        message=(
            f"the rule reads a field that no document of {' or '.join(source.datasets)} has; "
            "docs/detection.md says which there are"
        ),
        field_name_conditions={
            "named": {"type": "include_fields", "mode": "re", "fields": [".*"]},
            "known": {"type": "include_fields", "mode": "re", "fields": known},
        },
        field_name_cond_expr="named and not known",
    )


def _refusal_of_names(source: LogSource) -> Item:
    """Refuse names in which a query would see something else: `a:b` is the field `a`."""
    return _item(
        source,
        "names",
        type="detection_item_failure",
        message=r"the name has a character of the query language: write a \ ahead of it, as in aws\:SourceVpc",
        field_name_conditions=[{"type": "include_fields", "mode": "re", "fields": [_MISREAD]}],
    )


def _refusal_of_parts(source: LogSource) -> Item:
    """Refuse parts of a text where there are numbers, addresses and the like; `*` alone asks whether there is any."""
    whole = sorted(path for path, type_ in _types(source).items() if type_ in _WHOLE)
    return _item(
        source,
        "parts",
        type="detection_item_failure",
        message=(
            "the rule looks for a part of a value where there are numbers, addresses, times or truth values: "
            "ask for whole values, with `cidr` for a network, with `gte` and `lte` for a range"
        ),
        field_name_conditions=[{"type": "include_fields", "mode": "re", "fields": list(_patterns(whole))}],
        **_IS_PART,
    )


def _patterns(paths: list[str]) -> Iterator[str]:
    """Give regular expressions for paths, one for all members of an object."""
    members: dict[str, list[str]] = {}
    for path in paths:
        parent, dot, name = path.rpartition(".")
        members.setdefault(re.escape(parent + dot), []).append(re.escape(name))
    return (f"{parent}({'|'.join(names)})$" for parent, names in members.items())


def _refusal_of_others() -> Item:
    """Refuse the rules for log sources that are no datasets of ours."""
    return {
        "id": "unknown_log_source",
        "type": "rule_failure",
        "message": "no dataset of s3-siem-shipper holds this log source; docs/detection.md says which there are",
        "rule_conditions": [_logsource(rule) for source in LOG_SOURCES for rule in source.rules],
        "rule_cond_op": "or",
        "rule_cond_not": True,
    }


def _item(source: LogSource, name: str, **parameters: Any) -> Item:
    conditions = [_logsource(rule) for rule in source.rules]
    return {"id": f"{source.name}_{name}", **parameters, "rule_conditions": conditions, "rule_cond_op": "or"}


def _logsource(rule: dict[str, str]) -> Item:
    return {"type": "logsource", **rule}


def _only(*names: str) -> Item:
    return {"field_name_conditions": [{"type": "include_fields", "fields": list(names)}]}


def _one(values: list[str] | tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
