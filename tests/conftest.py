"""Options of the whole test suite."""

import gc

import pytest
from hypothesis import settings

# How long an example takes says more of the machine than of the code.
settings.register_profile("shipper", deadline=None)
settings.load_profile("shipper")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch that rewrites the expected documents."""
    parser.addoption(
        "--update-goldens",
        action="store_true",
        help="write what the sources give now to tests/samples/*/*.expected.json; invariants are judged all the same",
    )


def pytest_collection_finish() -> None:
    """Leave what was collected out of garbage collections: thousands of tests are all there for good."""
    gc.collect()
    gc.freeze()


collect_ignore = ["packages"]  # packages of others, whose tests run where they are installed


@pytest.fixture
def update_goldens(request: pytest.FixtureRequest) -> bool:
    """Whether expected documents are to be written instead of compared."""
    return bool(request.config.getoption("--update-goldens"))
