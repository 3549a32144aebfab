"""Sources of other packages: found, kept from standing in the place of others, and alone in their faults."""

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from lines import BEGINNING, LINES, LineDocument
from msgspec import Meta, Raw

from shipper import ecs
from shipper.config import Documents, load
from shipper.errors import ConfigError
from shipper.formats import Record
from shipper.mappings.fields import fields
from shipper.notification import ObjectRef
from shipper.retain import Retain
from shipper.source import Origin, Skip, Source, Sources, SourceSettings

BROKEN = replace(LINES, dataset="broken.lines")


class Wrong(ecs.Document, kw_only=True):
    """A document with a field where none may be."""

    nowhere: str


def wrong(_record: Record, _origin: Origin) -> Wrong:
    """Make a document of it."""
    raise NotImplementedError


def undecided(_record: Record, _origin: Origin) -> "Unknown":  # type: ignore[name-defined]  # noqa: F821 -- the point
    """Make a document whose type there is not."""
    raise NotImplementedError


def entry(value: Any, package: str = "acme-siem", name: str = "lines") -> Any:
    """Make an entry point; an exception is raised when it is loaded."""

    def load() -> Any:
        if isinstance(value, BaseException):
            raise value
        return value

    return SimpleNamespace(
        name=name, value="acme_siem:source", dist=SimpleNamespace(name=package, version="1.0"), load=load
    )


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let packages be installed that bring these entry points."""
    return lambda *entries: monkeypatch.setattr("shipper.packages.entry_points", lambda **_: entries)


def datasets(sources: Sources) -> set[str]:
    """Give the datasets of sources."""
    return {source.dataset for source in sources}


class Free(ecs.FieldSet):
    """A free-form part in one form."""

    parameters: ecs.Flat | None = None


class Acme(ecs.FieldSet):
    """The same part in both."""

    flattened: Free | None = None
    parameters: str | None = None


class FreeDocument(LineDocument, kw_only=True):
    """A document with a free-form part."""

    acme: Acme | None = None


class Kept(SourceSettings):
    """What is set of a source."""

    spelled: Annotated[str, Meta(description="The string form.")] = "{}"


def unwilling(settings: Kept) -> Source[Any, Any]:
    """Fail where it should make a source from its settings."""
    raise KeyError(settings.spelled)


def free(settings: Kept) -> "Source[Any, Any]":
    """Make a source whose documents have what is set."""

    def document(_record: Record, _origin: Origin) -> FreeDocument:
        acme = Acme(parameters=settings.spelled, flattened=Free(parameters=ecs.Flat(Raw(b"{}"))))
        return FreeDocument(timestamp=BEGINNING, cloud=ecs.Cloud(), event=ecs.Event(), message="", acme=acme)

    return replace(LINES, dataset="acme.free", document=document, configured=free)


@pytest.mark.parametrize(
    ("retain", "spelled", "flattened"), [("both", "x", True), ("string", "x", False), ("flattened", None, True)]
)
def test_documents_of_a_package_are_made_as_settings_say(
    install: Any, tmp_path: Path, retain: Retain, spelled: str | None, *, flattened: bool
) -> None:
    """What is set of a single source, and the forms of free-form parts that are kept, hold for its documents too."""
    install(entry(free(Kept())))
    file = tmp_path / "shipper.toml"
    file.write_text("[sources.acme_free]\nspelled = 'x'")
    settings = load(file, {}, Sources.discover().settings)
    sources = Sources.discover(documents=Documents(retain=retain), settings=settings.sources)
    source = next(one for one in sources if one.dataset == "acme.free")
    made = source.document(Record(), Origin(ObjectRef(bucket="b", key="k")))
    assert isinstance(made, FreeDocument)
    assert made.acme
    assert (made.acme.parameters, made.acme.flattened is not None) == (spelled, flattened)


def test_a_package_adds_a_source(install: Any) -> None:
    """Its source is one of all sources, with its keys and its routes."""
    install(entry(LINES))
    sources = Sources.discover()
    assert datasets(sources) == datasets(Sources.built_in()) | {"test.lines"}
    assert sources.broken == ()
    claim = sources.route(ObjectRef(bucket="b", key="logs/x"))
    assert isinstance(claim, tuple)
    assert claim[0] is LINES
    assert sources.route(ObjectRef(bucket="b", key="logs/digest/x")) == Skip("not_a_log")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (ImportError("no module named acme"), "ImportError: no module named acme"),
        (SystemExit(3), "SystemExit: 3"),
        (ValueError("two\nlines"), "ValueError: two lines"),
        ("text", "TypeError: it names a str, and no Source"),
        (replace(LINES, dataset="lines"), "write <vendor>.<log>"),
        (replace(LINES, dataset="Acme.lines"), "write <vendor>.<log>"),
        (replace(LINES, dataset="shipper.lines"), "shipper.* is the shipper's own"),
        (replace(LINES, dataset="user.lines"), "'user' is a name of ECS"),
        (replace(BROKEN, key="("), "error: missing )"),
        (replace(BROKEN, skip="["), "error: unterminated character set"),
        (replace(BROKEN, document=wrong), "nowhere is no field of ECS"),
        (replace(BROKEN, document=undecided), "NameError: name 'Unknown' is not defined"),
        (replace(BROKEN, configured=unwilling), "KeyError: '{}'"),
    ],
)
def test_a_broken_package_is_named_and_hides_no_other(install: Any, value: Any, told: str) -> None:
    """Whatever is wrong with one, the message names package and entry point, and all others are there."""
    install(entry(value, "broken-siem", "broken"), entry(LINES))
    sources = Sources.discover()
    assert datasets(sources) == datasets(Sources.built_in()) | {"test.lines"}
    (problem,) = sources.broken
    assert problem.startswith("the source 'broken' of the package broken-siem 1.0 (acme_siem:source) is left out: ")
    assert told in problem


@pytest.mark.parametrize(
    ("dataset", "told"), [("aws.cloudtrail", "dataset aws.cloudtrail"), ("aws.vpc.flow", None), ("aws.s3access", "s3")]
)
def test_no_source_stands_in_the_place_of_ours(install: Any, dataset: str, told: str | None) -> None:
    """A package with a dataset of ours ends everything before it begins, and is named."""
    install(entry(replace(LINES, dataset=dataset), "greedy-siem"))
    if told is None:
        assert dataset in datasets(Sources.discover())
        return
    with pytest.raises(ConfigError, match=rf"package greedy-siem 1\.0 brings .*{told}.*the shipper itself has already"):
        Sources.discover()


def test_two_packages_cannot_have_one_name(install: Any) -> None:
    """Both are named; a table of the settings is a name too."""
    install(entry(LINES, "a"), entry(LINES, "b"))
    with pytest.raises(ConfigError, match=r"package b 1\.0 .*which the package a 1\.0 has already"):
        Sources.discover()
    install(entry(replace(LINES, dataset="acme.x.y"), "a"), entry(replace(LINES, dataset="acme.x_y"), "b"))
    with pytest.raises(ConfigError, match=r"table sources\.acme_x_y"):
        Sources.discover()


def test_a_module_name_of_ours_cannot_be_taken(install: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples and explanations go by it."""
    monkeypatch.setattr(Source, "name", property(lambda _: "aws_waf"))
    install(entry(LINES))
    with pytest.raises(ConfigError, match="module name aws_waf"):
        Sources.discover()


def test_keys_of_ours_stay_ours() -> None:
    """A source that claims, or passes over, all keys takes none that one of ours claims."""
    key = (
        "AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/02/03/"
        "123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20260203T0905Z_x.log.gz"
    )
    claim = Sources.built_in().route(ObjectRef(bucket="b", key=key))
    sources = Sources(Sources.built_in(), own=[replace(LINES, key="", skip="")])
    assert isinstance(claim, tuple)
    assert sources.route(ObjectRef(bucket="b", key=key)) == claim


def test_own_fields_stand_below_the_vendor() -> None:
    """Below the first part of the dataset's name, and nowhere else."""

    class Acme(ecs.FieldSet):
        verdict: str | None = None

    class Document(LineDocument, kw_only=True):
        acme: Acme | None = None

    assert fields(Document, "acme.proxy")["acme.verdict"].type == "keyword"
    for dataset in ("", "acm.proxy", "aws.proxy"):
        with pytest.raises(TypeError, match=re.escape("acme.verdict is no field of ECS")):
            fields(Document, dataset)
