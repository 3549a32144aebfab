"""Documents' Structs become fields, fields become templates."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import pytest
from msgspec import Meta, Raw, Struct, defstruct, field

from shipper import ecs
from shipper.mappings import ecs_list
from shipper.mappings.aliases import ALIASES, aliases
from shipper.mappings.ecs_list import EcsField, ecs_fields
from shipper.mappings.elasticsearch import ELASTICSEARCH
from shipper.mappings.fields import Field, fields
from shipper.mappings.files import fields_csv, template_json
from shipper.mappings.flavour import Flavour
from shipper.mappings.opensearch import OPENSEARCH
from shipper.mappings.templates import Template, document_types, templates

KEYWORD = {"type": "keyword", "ignore_above": 1024}


class Part(Struct):
    """A field set of a made-up source."""

    name: str = ""
    count: int | None = None


class Made(Struct):
    """`aws.made` of a made-up source."""

    part: Part | None = None
    parts: tuple[Part, ...] = ()
    spelled: str | None = field(name="spelledOtherwise", default=None)


class MadeAws(ecs.Aws, kw_only=True):
    """`aws` of a made-up source."""

    made: Made


class MadeDocument(ecs.Document, kw_only=True):
    """Document of a made-up source."""

    aws: MadeAws
    source: ecs.Endpoint | None = None


@pytest.fixture
def made() -> list[Template]:
    """Templates of one made-up dataset."""
    return templates({"aws.made": MadeDocument})


def document(path: str, kind: Any) -> type[Struct]:
    """Declare a document with one field."""
    for name in reversed(path.split(".")):
        kind = defstruct(name, [("member", kind, field(name=name))])
    return kind  # type: ignore[no-any-return]  # after the first round it is a Struct


def leaf(path: str, kind: Any, flavour: Flavour = OPENSEARCH) -> dict[str, Any]:
    """How a field is written to the mapping."""
    return flavour.parameters(fields(document(path, kind))[path])


def body(made: list[Template], name: str) -> dict[str, Any]:
    """Body of the only template with this name."""
    (found,) = [template.body for template in made if template.name == name]
    return found


def paths(properties: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Paths of the fields in a mapping."""
    for name, parameters in properties.items():
        if "properties" in parameters:
            yield from paths(parameters["properties"], f"{prefix}{name}.")
        if "type" in parameters:
            yield prefix + name


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (str, KEYWORD),
        (str | None, KEYWORD),
        (tuple[str, ...], KEYWORD),
        (list[str] | None, KEYWORD),
        (bool, {"type": "boolean"}),
        (int | None, {"type": "long"}),
        (ecs.Int, {"type": "long"}),
        (float, {"type": "float"}),
        (datetime | None, {"type": "date"}),
        (tuple[ecs.Ip, ...], {"type": "ip"}),
        (ecs.Flat | None, {"type": "flat_object"}),
        (ecs.Text | None, {"type": "match_only_text"}),
        (ecs.LongText | None, {"type": "keyword", "ignore_above": 8191}),
        (tuple[ecs.LongText, ...], {"type": "keyword", "ignore_above": 8191}),
        (ecs.Identifier | None, {**KEYWORD, "doc_values": False}),
        (Annotated[str, Meta(description="no limit in it")], KEYWORD),
        (ecs.Unindexed | None, {"type": "keyword", "index": False, "doc_values": False}),
    ],
)
def test_own_field_has_the_type_that_stands_for_its_python_type(kind: Any, written: dict[str, Any]) -> None:
    """Below `aws.` the declared type decides, whether the field is optional or a list."""
    assert leaf("aws.made.field", kind) == written


@pytest.mark.parametrize(
    ("path", "kind", "written"),
    [
        ("cloud.account.id", str, KEYWORD),
        ("data_stream.dataset", str, KEYWORD),
        ("url.path", str, {"type": "keyword", "ignore_above": 8191}),
        ("error.message", str, {"type": "match_only_text"}),
        ("event.original", str, {"type": "keyword", "index": False, "doc_values": False}),
        ("event.duration", int, {"type": "long"}),
        ("event.risk_score", float, {"type": "float"}),
        ("host.cpu.usage", float, {"type": "scaled_float", "scaling_factor": 1000.0}),
        ("related.ip", tuple[ecs.Ip, ...], {"type": "ip"}),
        ("network.iana_number", str, KEYWORD),
        ("labels", ecs.Flat, {"type": "flat_object"}),
        ("tls.server.x509.public_key_exponent", int, {"type": "long", "index": False}),
    ],
)
def test_ecs_field_has_the_type_that_ecs_says(path: str, kind: Any, written: dict[str, Any]) -> None:
    """Where ECS has a field the declared type only has to fit."""
    assert leaf(path, kind) == written


@pytest.mark.parametrize(
    ("path", "kind", "complaint"),
    [
        ("source.adress", str, r"source\.adress is no field of ECS 9\.4\.0: rename it, or move it below aws\. or"),
        ("awss.made", str, r"awss\.made is no field of ECS"),
        ("source.ip", str, r"source\.ip: ECS says ip, but str is declared"),
        ("source.port", str, r"source\.port: ECS says long, but str is declared"),
        ("event.action", int, r"event\.action: ECS says keyword, but int is declared"),
        ("event.severity", float, r"event\.severity: ECS says long, but float is declared"),
        ("error.message", ecs.Flat, r"error\.message: ECS says match_only_text, but ecs\.Flat is declared"),
        ("event.action", Part, r"event\.action: ECS says keyword, but Part is declared"),
        ("aws.made", dict[str, str], r"aws\.made: dict has no field type; declare one of str, bool, .*, ecs\.Ip"),
        ("aws.made", bytes, r"aws\.made: bytes has no field type"),
        ("aws.made", Raw | None, r"aws\.made: Raw has no field type"),
        ("aws.made", int | str, r"aws\.made: a field has one type, but int and str are declared"),
        ("aws.made", tuple[int, str], r"aws\.made: the values of a field have one type"),
    ],
)
def test_wrong_declaration_is_refused(path: str, kind: Any, complaint: str) -> None:
    """The error says which field it is and what to do."""
    with pytest.raises(TypeError, match=complaint):
        fields(document(path, kind))


def test_a_field_set_may_be_encoded_already() -> None:
    """What may stand in the place of a field set, the same in JSON, changes nothing of its fields."""
    assert fields(document("aws.made", Part | Raw | None)) == fields(document("aws.made", Part))


def test_a_struct_that_holds_itself_is_refused() -> None:
    """It would have infinitely many fields."""

    class Tree(Struct):
        above: "Tree | None" = None

    Tree.__annotations__["above"] = Tree | None
    with pytest.raises(TypeError, match=r"aws\.tree\.above: Tree holds itself"):
        fields(document("aws.tree", Tree))


def test_names_are_those_that_are_written() -> None:
    """A field is named as the encoder writes it, on every level; Structs in lists are objects like any other."""
    found = fields(MadeDocument)
    assert found["@timestamp"] == Field("@timestamp", "date", is_ecs=True)
    assert {path for path in found if path.startswith("aws.made")} == {
        "aws.made.part.name",
        "aws.made.part.count",
        "aws.made.parts.name",
        "aws.made.parts.count",
        "aws.made.spelledOtherwise",
    }


def test_nested_and_geo_point_keep_their_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Struct where ECS says nested is nested, with its fields; a geo_point is one field, whatever the Struct has."""
    known = {
        "email.attachments": EcsField("nested", is_indexed=True),
        "email.attachments.name": EcsField("keyword", is_indexed=True),
        "email.attachments.count": EcsField("long", is_indexed=True),
        "email.place": EcsField("geo_point", is_indexed=True),
    }
    monkeypatch.setattr("shipper.mappings.fields.ecs_fields", lambda: known)
    email = defstruct("Email", [("attachments", tuple[Part, ...]), ("place", Part)])
    found = fields(document("email", email))
    assert OPENSEARCH.properties(found.values()) == {
        "email": {
            "properties": {
                "attachments": {"type": "nested", "properties": {"count": {"type": "long"}, "name": KEYWORD}},
                "place": {"type": "geo_point"},
            }
        }
    }


def test_every_alias_stands_for_a_field_and_takes_the_place_of_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that asks for an alias finds a field, and no document has a value under its name."""
    documents = document_types()
    assert ALIASES.keys() <= documents.keys()
    for dataset, names in ALIASES.items():
        assert aliases(dataset, fields(documents[dataset])) == names
    declared = fields(MadeDocument)
    for names, complaint in (
        ({"a": "event.nothing"}, r"a is an alias of event\.nothing, which aws\.made does not declare"),
        ({"event.action": "event.id"}, r"event\.action is an alias of aws\.made, but event\.action is a field"),
        ({"event.action.b": "event.id"}, r"event\.action\.b is an alias of aws\.made, but event\.action is a field"),
    ):
        monkeypatch.setattr("shipper.mappings.aliases.ALIASES", {"aws.made": names})
        with pytest.raises(TypeError, match=complaint):
            aliases("aws.made", declared)


def test_every_field_of_elasticsearch_has_a_type_that_it_has() -> None:
    """
    Each field type of the full product is one that is documented, from 8.7 on.

    https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/field-data-types
    """
    known = {"boolean", "constant_keyword", "date", "double", "flattened", "float", "geo_point", "integer", "ip"}
    known |= {"keyword", "long", "match_only_text", "nested", "object", "scaled_float", "wildcard"}
    written = {
        ELASTICSEARCH.parameters(one)["type"]
        for dataset, kind in document_types().items()
        for one in fields(kind, dataset).values()
    }
    assert written <= known
    assert {"constant_keyword", "flattened", "match_only_text"} <= written
    assert leaf("aws.made.field", ecs.Flat, ELASTICSEARCH) == {"type": "flattened", "ignore_above": 8191}


def test_what_elasticsearch_adds_is_no_difference(made: list[Template]) -> None:
    """Defaults of data streams and times of writing do not make a template look changed."""
    (whole,) = (one for one in templates({"aws.made": MadeDocument}, ELASTICSEARCH) if one.kind == "index")
    extended = {"data_stream": {"hidden": False, "allow_custom_routing": False}, "created_date_millis": 1}
    answer = {"index_templates": [{"name": whole.name, "index_template": {**whole.body, **extended}}]}
    assert whole.is_in(answer)
    answer["index_templates"][0]["index_template"] = {**whole.body, "data_stream": {"hidden": True}}
    assert not whole.is_in(answer)
    assert "settings" not in body(made, "shipper-aws.made@mappings")["template"]


def test_list_of_another_ecs_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list and the version that documents name move together."""
    monkeypatch.setattr(ecs_list.ecs, "VERSION", "9.5.0")
    with pytest.raises(ValueError, match=r"ecs\.csv is the list of ECS 9\.4\.0; shipper\.ecs follows 9\.5\.0"):
        ecs_fields.__wrapped__()


def test_a_template_comes_after_all_it_is_composed_of() -> None:
    """Installed in the order given, no template refers to one that is not there yet; no name comes twice."""
    seen: set[str] = set()
    for template in templates():
        assert template.path not in seen
        assert {f"/_component_template/{name}" for name in template.body.get("composed_of", ())} <= seen
        seen.add(template.path)


def test_each_dataset_has_an_index_template_for_its_data_streams(made: list[Template]) -> None:
    """It wins over the templates of other products and knows who manages it."""
    found = body(made, "shipper-aws.made")
    assert found["index_patterns"] == ["logs-aws.made-*"]
    assert found["priority"] > 200
    assert found["data_stream"] == {"timestamp_field": {"name": "@timestamp"}}
    assert found["_meta"]["managed_by"] == "s3-siem-shipper"


def test_the_user_has_the_last_word(made: list[Template]) -> None:
    """The user's templates are empty, marked as the user's, and come after all of ours."""
    composed = body(made, "shipper-aws.made")["composed_of"]
    assert composed[-2:] == ["shipper@custom", "shipper-aws.made@custom"]
    users = [template for template in made if template.belongs_to_user]
    assert [template.name for template in users] == composed[-2:]
    assert all(template.body == {"template": {}} for template in users)


def test_what_all_documents_have_is_mapped_once(made: list[Template]) -> None:
    """The common template and the dataset's share no field and have all fields together."""
    common = set(paths(body(made, "shipper@mappings")["template"]["mappings"]["properties"]))
    own = set(paths(body(made, "shipper-aws.made@mappings")["template"]["mappings"]["properties"]))
    assert not common & own
    assert common | own == set(fields(MadeDocument))
    assert {"@timestamp", "event.ingested", "aws.s3.object.key", "shipper.lag_seconds"} <= common


def test_nothing_undeclared_is_ever_mapped(made: list[Template]) -> None:
    """The whole document is `dynamic: false`."""
    assert body(made, "shipper@mappings")["template"]["mappings"]["dynamic"] == "false"


@pytest.mark.parametrize("dataset", ["aws.made-other", "AWS.made", "", "aws*", "aws made", "9aws"])
def test_dataset_that_cannot_name_a_data_stream_is_refused(dataset: str) -> None:
    """With a `-` in it, one dataset's pattern could match the indices of another."""
    with pytest.raises(ValueError, match=r"dataset '.*': only lower-case letters"):
        templates({dataset: MadeDocument})


def test_a_template_knows_itself_in_the_servers_answer(made: list[Template]) -> None:
    """It is found by name, and any difference counts."""
    template = made[0]
    there = {"name": template.name, "component_template": template.body}
    other = {"name": "other", "component_template": template.body}
    changed = {"name": template.name, "component_template": {**template.body, "version": 1}}
    assert template.is_in({"component_templates": [other, there]})
    assert not template.is_in({"component_templates": [other]})
    assert not template.is_in({"component_templates": [changed]})


def test_every_dataset_fits_below_the_limit_of_fields() -> None:
    """All fields and objects of a dataset leave half of the limit to the user."""
    limit = int(OPENSEARCH.settings["index"]["mapping"]["total_fields"]["limit"])
    for dataset, declared in document_types().items():
        found = fields(declared)
        objects = {path.rsplit(".", depth)[0] for path in found for depth in range(1, path.count(".") + 1)}
        assert len(found) + len(objects) < limit / 2, dataset


def test_string_forms_of_free_form_parts_are_searched_whole() -> None:
    """
    Detection rules search CloudTrail's parameters with wildcards; 1,024 characters would lose most policies.

    Nobody sorts or groups by them, so they have no doc values.
    """
    found = fields(document_types()["aws.cloudtrail"])
    for name in ("request_parameters", "response_elements", "additional_eventdata", "service_event_details"):
        written = {"type": "keyword", "ignore_above": 8191, "doc_values": False}
        assert OPENSEARCH.parameters(found[f"aws.cloudtrail.{name}"]) == written
        assert OPENSEARCH.parameters(found[f"aws.cloudtrail.flattened.{name}"]) == {"type": "flat_object"}


def test_originals_in_dead_letters_have_no_limit() -> None:
    """What is kept for repair is neither indexed nor refused for its length."""
    found = fields(document_types()["shipper.deadletter"])
    for name in ("original", "document"):
        written = OPENSEARCH.parameters(found[f"shipper.deadletter.{name}"])
        assert written == {"type": "keyword", "index": False, "doc_values": False}


def test_template_files_are_sorted_json(made: list[Template]) -> None:
    """A difference between two versions shows what changed and nothing else."""
    text = template_json(made[1])
    assert json.loads(text) == made[1].body
    assert text == json.dumps(made[1].body, indent=2, sort_keys=True) + "\n"


def test_list_of_fields_names_type_and_origin() -> None:
    """One line a field and dataset: its type in OpenSearch, and whether ECS has it."""
    first, *lines = fields_csv({"aws.made": MadeDocument}).splitlines()
    assert first == "dataset,field,type,ecs"
    assert "aws.made,source.ip,ip,yes" in lines
    assert "aws.made,aws.made.part.count,long,no" in lines
    assert len(lines) == len(fields(MadeDocument))
