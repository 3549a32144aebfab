"""Whether we are ready."""

import pytest

from shipper.health import Health
from shipper.metrics import Metrics


def ready(metrics: Metrics) -> float | None:
    """Give what Prometheus would see."""
    return metrics.registry.get_sample_value("shipper_ready")


def test_ready_from_the_start() -> None:
    """A daemon is ready until something says otherwise."""
    metrics = Metrics()
    assert Health(metrics).problems == {}
    assert ready(metrics) == 1


def test_ready_when_the_last_problem_is_over() -> None:
    """Each part has its own problem, and we are ready again when none has one."""
    metrics = Metrics()
    health = Health(metrics)
    health.trouble("opensearch", "away")
    health.trouble("queue", "denied")
    assert health.problems == {"opensearch": "away", "queue": "denied"}
    health.well("opensearch")
    assert ready(metrics) == 0
    health.well("queue")
    assert health.problems == {}
    assert ready(metrics) == 1


def test_the_latest_problem_counts() -> None:
    """A part that has another problem now shows that one."""
    health = Health(Metrics())
    health.trouble("opensearch", "away")
    health.trouble("opensearch", "denied")
    assert health.problems == {"opensearch": "denied"}


def test_problems_are_a_copy() -> None:
    """Who looks at the problems cannot change them."""
    health = Health(Metrics())
    health.problems["a"] = "b"
    assert health.problems == {}


def test_a_problem_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """A problem is told when it begins and when it is over, not with every attempt in between."""
    caplog.set_level("INFO", "shipper")
    health = Health(Metrics())
    health.well("opensearch")
    for _ in range(5):
        health.trouble("opensearch", "away")
    health.well("opensearch")
    health.well("opensearch")
    assert [record.getMessage() for record in caplog.records] == ["not ready", "ready again"]
