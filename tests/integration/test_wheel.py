"""The package as users install it: built, installed apart from the checkout, and run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROBE = """
from shipper.resources import resource
from shipper.mappings.templates import templates
files = {"config": "shipper.toml", "dashboards": "README.md", "mappings": "ecs.csv", "samples": "aws_vpcflow/keys.txt"}
for name, file in files.items():
    assert (resource(name) / file).is_file(), (name, file)
    assert "data" in resource(name).parts, resource(name)
assert templates()
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed wheel and nothing else of ours."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder / "site", wheel], check=True
    )
    return folder / "site"


def run(site: Path, *arguments: str) -> str:
    """Run Python with the installed wheel, away from the checkout; gives what it printed."""
    environment = {"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=site, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_wheel_carries_its_data(site: Path) -> None:
    """Configuration example, field list, dashboards and samples travel in the wheel and are found there."""
    run(site, "-c", PROBE)


def test_wheel_runs_commands(site: Path) -> None:
    """The installed package parses a sample that it carries."""
    sample = site / "shipper" / "data" / "samples" / "aws_vpcflow" / "one_record.log"
    key = (sample.parent / "keys.txt").read_text().splitlines()[0]
    documents = [
        json.loads(line) for line in run(site, "-m", "shipper", "parse", str(sample), "--key", key).splitlines()
    ]
    assert documents
    assert {document["event"]["dataset"] for document in documents} == {"aws.vpcflow"}


def test_wheel_brings_the_pipeline_for_sigma(site: Path) -> None:
    """Where sigma-cli is installed too, it finds the pipeline by its name; rules and the pipeline's file come along."""
    sigma = site / "shipper" / "data" / "config" / "sigma"
    command = ("-c", "from sigma.cli.main import main; main()", "convert", "-t", "opensearch_lucene", "-p")
    by_name, by_file = (
        run(site, *command, pipeline, str(sigma / "rules" / "aws_root_use.yml"))
        for pipeline in ("s3_siem_shipper", str(sigma / "pipeline.yml"))
    )
    assert by_name.startswith("data_stream.dataset:aws.cloudtrail AND ")
    assert by_name == by_file
