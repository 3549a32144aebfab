"""What can be set of a source: it declares a Struct and makes itself from one, and the configuration fills it in."""

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
from msgspec import Meta

import shipper.sources
from shipper import ecs
from shipper.config import load
from shipper.errors import ConfigError
from shipper.formats import Row, Table
from shipper.source import Origin, Source, Sources, SourceSettings


class Line(Row):
    """What the proxy writes."""

    ip: str | None = None
    time: str | None = None


class ProxySettings(SourceSettings):
    """How some proxy writes its logs."""

    columns: Annotated[tuple[Annotated[str, Meta(max_length=4)], ...], Meta(description="Its columns.")] = ("time",)


def document(_: Line, origin: Origin) -> ecs.Document:
    """Map nothing."""
    raise NotImplementedError(origin)


def configured(settings: ProxySettings) -> Source[Line, ecs.Document]:
    """Make the source as it is set."""
    if not settings.columns:
        raise ConfigError("columns: names none; name one at least")
    return replace(SOURCE, format=Table(Line, headerless=[settings.columns]))


SOURCE = Source(dataset="acme.proxy", key="^proxy/", format=Table(Line), document=document, configured=configured)


@pytest.fixture(autouse=True)
def _discovered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the source be found in the folder of sources, and no other one."""
    module = ModuleType("shipper.sources.acme_proxy")
    module.source = SOURCE  # type: ignore[attr-defined]
    (tmp_path / "acme_proxy.py").touch()
    monkeypatch.setattr(shipper.sources, "__path__", [str(tmp_path)])
    monkeypatch.setitem(sys.modules, module.__name__, module)


def columns(tmp_path: Path, toml: str, environ: Mapping[str, str] | None = None) -> Any:
    """Give the columns with which the source's format is made; None for those it has by itself."""
    file = tmp_path / "shipper.toml"
    file.write_text(toml)
    settings = load(file, environ or {}, Sources.discover().settings)
    (source,) = Sources.discover(settings.routes, settings.sources)
    return source.format.layout(["2026", "::1"]) or source.format.layout(["2026"])  # type: ignore[attr-defined]


def test_a_source_tells_what_can_be_set() -> None:
    """The Struct is found by the annotation of the function that takes it, and its table by the dataset."""
    assert Sources.discover().settings == {"acme_proxy": ProxySettings}
    assert replace(SOURCE, configured=None).settings is None


def test_without_a_setting_the_defaults_hold(tmp_path: Path) -> None:
    """A source works without its table, and with an empty one."""
    assert columns(tmp_path, "") == columns(tmp_path, "[sources.acme_proxy]") == ("time",)


def test_file_and_variable_set_it(tmp_path: Path) -> None:
    """The table is read as all others are, and the variable is stronger."""
    toml = '[sources.acme_proxy]\ncolumns = ["time", "ip"]'
    assert columns(tmp_path, toml) == ("time", "ip")
    assert columns(tmp_path, toml, {"SHIPPER_SOURCES_ACME_PROXY_COLUMNS": "ip,time"}) == ("ip", "time")


@pytest.mark.parametrize(
    ("toml", "environ", "told"),
    [
        ("[sources.acme_prxy]", {}, "shipper.toml: sources.acme_prxy: unknown setting; did you mean acme_proxy?"),
        ("[sources.acme_proxy]\ncolumn = []", {}, "sources.acme_proxy.column: unknown setting; did you mean columns?"),
        ("[sources.acme_proxy]\ncolumns = 'ip'", {}, "sources.acme_proxy.columns: expected an array of text, got 'ip'"),
        (
            "[sources.acme_proxy]\ncolumns = ['ip', 'agent']",
            {},
            "sources.acme_proxy.columns[1]: expected text, got 'ag",
        ),
        ("[sources.acme_proxy]\ncolumns = []", {}, "sources.acme_proxy.columns: names none; name one at least"),
        ("", {"SHIPPER_SOURCES_ACME_PROXY_COLUMNS": "agent"}, "environment variable SHIPPER_SOURCES_ACME_PROXY_COLU"),
        ("", {"SHIPPER_SOURCES_ACME_PROXY_COLUMN": "ip"}, "did you mean SHIPPER_SOURCES_ACME_PROXY_COLUMNS?"),
    ],
)
def test_wrong_settings_are_refused_at_the_start(
    toml: str, environ: Mapping[str, str], told: str, tmp_path: Path
) -> None:
    """The error names file or variable, the setting, and what to do; the source's own checks speak the same way."""
    with pytest.raises(ConfigError, match=re.escape(told)):
        columns(tmp_path, toml, environ)
