"""The example of a package with a source of its own: installed beside our wheel, used, shipped, tested and broken."""

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from integration.shipping import Site, running

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / "tests" / "packages" / "acme-siem"
KEY: Final = (EXAMPLE / "samples" / "acme_proxy" / "keys.txt").read_text().splitlines()[0]
TEMPLATES: Final = """
from shipper.mappings.templates import templates
print(*[template.name for template in templates() if "acme" in template.name])
"""

Done = subprocess.CompletedProcess[str]


class Environment:
    """
    A fresh virtual environment; only dependencies are those of whoever runs the tests.

    Attributes:
        example: copy of the example, from which it is installed
    """

    def __init__(self, folder: Path) -> None:
        venv.create(folder / "venv")
        self.python = folder / "venv" / "bin" / "python"
        (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
        (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
        self.site = site
        self.folder = folder
        self.example = folder / "acme-siem"
        shutil.copytree(EXAMPLE, self.example)

    def install(self, what: Path) -> None:
        """Install a wheel or a directory, without any network."""
        offline = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
        arguments = ("-m", "pip", "--python", self.python, "install", "--quiet", *offline, what)
        subprocess.run([sys.executable, *arguments], check=True)

    def run(self, *arguments: str | Path, cwd: Path | None = None, **variables: str) -> Done:
        """Run Python there."""
        environment = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **variables}
        return subprocess.run(
            [self.python, *arguments],
            cwd=cwd or self.folder,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )

    def shipper(self, *arguments: str | Path) -> Done:
        """Run a command."""
        return self.run("-m", "shipper", *arguments)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Our wheel and the example."""
    folder = tmp_path_factory.mktemp("own")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    environment = Environment(folder)
    (wheel,) = folder.glob("*.whl")
    environment.install(wheel)
    environment.install(environment.example)
    return environment


@pytest.fixture
def broken(installed: Environment) -> Iterator[Environment]:
    """The same with a package whose source cannot be imported, until the end of the test."""
    info = installed.site / "broken_siem-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-siem\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text("[s3_siem_shipper.sources]\nbroken = broken_siem.nowhere:source\n")
    yield installed
    shutil.rmtree(info)


def test_its_source_is_listed_and_read(installed: Environment) -> None:
    """`shipper sources` lists it with where it comes from, `shipper parse` reads its sample."""
    listed = installed.shipper("sources", "--json")
    rows = {row["dataset"]: row for row in map(json.loads, listed.stdout.splitlines())}
    assert listed.returncode == 0, listed.stderr
    assert rows["acme.proxy"]["module"] == "acme_siem.acme_proxy"
    assert "aws.cloudtrail" in rows
    sample = installed.example / "samples" / "acme_proxy" / "requests.log"
    parsed = installed.shipper("parse", sample, "--key", KEY)
    documents = [json.loads(line) for line in parsed.stdout.splitlines()]
    assert [document["event"]["module"] for document in documents] == ["acme"] * 3
    assert [document["event"]["dataset"] for document in documents] == ["acme.proxy"] * 3


def test_templates_are_made_for_it(installed: Environment) -> None:
    """Its data stream gets an index template and its components, as ours do."""
    made = installed.run("-c", TEMPLATES)
    assert made.stdout.split() == ["shipper-acme.proxy@mappings", "shipper-acme.proxy@custom", "shipper-acme.proxy"]


async def test_its_objects_are_shipped(installed: Environment, bare: Site) -> None:
    """From the bucket by the queue to a data stream with a template of its own, whose fields are searched."""
    variables = {name: value for name, value in bare.environment.items() if name != "PYTHONPATH"}
    # Safe: else the checkout, where the tests are run, would be taken for the installed package.
    there = replace(bare, environment=variables | {"PYTHONSAFEPATH": "1"}, python=str(installed.python))
    sample = installed.example / "samples" / "acme_proxy" / "requests.log"
    await there.install()
    async with running(there):
        await there.put(KEY, sample.read_bytes(), packed=KEY.endswith(".gz"))
        await there.put("somewhere/else", sample.read_bytes())
        await there.emptied()
    everything = await there.search("acme.proxy")
    risky = await there.search("acme.proxy", {"range": {"acme.proxy.risk": {"gte": 0.9}}})
    nearby = await there.search("acme.proxy", {"term": {"source.ip": "192.0.2.0/24"}})
    # The copy under a key that tells nothing was known by its content, and has the same ids.
    assert len(everything) == len({hit["_source"]["event"]["id"] for hit in everything}) == 3
    assert [hit["_source"]["acme"]["proxy"]["verdict"] for hit in risky] == ["blocked"]
    assert {hit["_source"]["source"]["address"] for hit in nearby} == {"192.0.2.10", "192.0.2.11"}
    assert await there.search("shipper.deadletter") == []


def test_its_own_tests_pass(installed: Environment) -> None:
    """What its author would run where it is installed."""
    done = installed.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", cwd=installed.example)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_contract_of_our_sources_can_be_asked_of_it(installed: Environment) -> None:
    """The tests that every source of ours has to pass, run from a checkout over the samples of the package."""
    samples = str(installed.example / "samples")
    arguments = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_sources.py")
    done = installed.run(*arguments, cwd=ROOT, PACKAGE_SAMPLES=samples)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_broken_package_is_told_and_hides_no_other(broken: Environment) -> None:
    """Listing fails with its name and lists all others; reading goes on."""
    listed = broken.shipper("sources")
    assert listed.returncode == 1
    assert (
        "the source 'broken' of the package broken-siem 2.0 (broken_siem.nowhere:source) is left out" in listed.stderr
    )
    assert "ModuleNotFoundError: No module named 'broken_siem'" in listed.stderr
    assert "acme.proxy" in listed.stdout
    assert "aws.waf" in listed.stdout
    sample = broken.example / "samples" / "acme_proxy" / "requests.log"
    parsed = broken.shipper("parse", sample, "--key", KEY)
    assert (parsed.returncode, len(parsed.stdout.splitlines())) == (0, 3)
    assert "broken-siem 2.0" in parsed.stderr


def test_a_package_with_a_name_of_ours_is_refused(installed: Environment) -> None:
    """Nothing starts with it, and the message names it."""
    module = installed.site / "greedy_siem.py"
    info = installed.site / "greedy_siem-3.0.dist-info"
    info.mkdir()
    try:
        module.write_text(
            "from dataclasses import replace\nfrom acme_siem import acme_proxy\n"
            "source = replace(acme_proxy.source, dataset='aws.cloudtrail')\n"
        )
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: greedy-siem\nVersion: 3.0\n")
        (info / "entry_points.txt").write_text("[s3_siem_shipper.sources]\ngreedy = greedy_siem:source\n")
        for command in ("sources", "run"):
            done = installed.shipper(command)
            assert done.returncode == 2
            assert done.stdout == ""
            assert done.stderr.startswith(
                "shipper: the package greedy-siem 3.0 brings a source with the dataset aws.cloudtrail, "
                "which the shipper itself has already"
            )
    finally:
        shutil.rmtree(info)
        module.unlink()
