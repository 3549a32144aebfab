"""What Prometheus reads."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shipper.deadletter import Place
from shipper.metrics import CONTENT_TYPE, MOST_FIELDS, Metrics
from shipper.notification import ObjectRef
from shipper.tally import Tally

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)


def tally(*, created: datetime | None = None, dataset: str = "aws.cloudtrail") -> Tally:
    """Open an account of an object with records of every outcome."""
    account = Tally(Place(dataset=dataset, object=ObjectRef(bucket="b", key="k", event_time=created)))
    account.read, account.indexed, account.duplicates = 15, 5, 4
    account.filtered, account.dead_lettered, account.released = 3, 2, 1
    account.saw(NOW - timedelta(seconds=400))
    account.saw(NOW - timedelta(seconds=100))
    return account


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """Give one sample."""
    return metrics.registry.get_sample_value(name, labels)


def test_the_text_can_be_read() -> None:
    """The exposition is in Prometheus' format; every metric has our prefix and says what it is."""
    metrics = Metrics()
    metrics.settled(tally(), delivered=True, now=NOW)
    metrics.messages.labels('a"b\n', "delivered").inc()
    families = list(text_string_to_metric_families(metrics.exposition().decode()))
    assert len(families) > 12
    assert all(family.name.startswith("shipper_") and family.documentation.endswith(".") for family in families)
    assert "text/plain" in CONTENT_TYPE


def test_unknown_fields_are_told_apart_up_to_a_limit() -> None:
    """Each object counts once for a field, when it is done with; names beyond the limit are counted as one."""
    metrics = Metrics()

    def count(field: str) -> float | None:
        return value(metrics, "shipper_unknown_fields_total", dataset="aws.waf", field=field)

    for fields in ({f"field_{number}" for number in range(MOST_FIELDS)}, {"field_7", "one_more", "and_another"}):
        metrics.settled(tally(dataset="aws.waf"), delivered=False, now=NOW, unknown_fields=fields)
        metrics.settled(tally(dataset="aws.waf"), delivered=True, now=NOW, unknown_fields=fields)
    metrics.settled(tally(), delivered=True, now=NOW, unknown_fields=["one_more"])
    assert (count("field_7"), count("field_8"), count("other"), count("one_more")) == (2, 1, 1, None)


def test_counters_have_nothing_in_common() -> None:
    """Two daemons in one process do not share their numbers."""
    one, other = Metrics(), Metrics()
    one.bulk_bytes.inc(7)
    assert value(other, "shipper_bulk_bytes_total") == 0


def test_records_by_outcome() -> None:
    """What became of an object's records is counted by outcome, and read is the sum of the others."""
    metrics = Metrics()
    metrics.settled(tally(), delivered=False, now=NOW)
    outcomes = {"read": 15, "indexed": 5, "duplicates": 4, "filtered": 3, "dead_lettered": 2, "released": 1}
    for outcome, count in outcomes.items():
        assert value(metrics, "shipper_records_total", dataset="aws.cloudtrail", outcome=outcome) == count
    assert value(metrics, "shipper_imbalance_records") == 0


@pytest.mark.parametrize("difference", [-2, 3])
def test_an_imbalance_shows(difference: int) -> None:
    """Records without an outcome, or with two, show in a metric of their own."""
    metrics = Metrics()
    account = tally()
    account.read += difference
    metrics.settled(account, delivered=False, now=NOW)
    assert value(metrics, "shipper_imbalance_records") == difference


def test_lag() -> None:
    """Lag is measured from the oldest event, and from the creation of the object, to now."""
    metrics = Metrics()
    metrics.settled(tally(created=NOW - timedelta(seconds=50)), delivered=True, now=NOW)
    assert value(metrics, "shipper_event_lag_seconds_sum", dataset="aws.cloudtrail") == 400
    assert value(metrics, "shipper_object_lag_seconds_sum", dataset="aws.cloudtrail") == 50
    newest = value(metrics, "shipper_newest_event_timestamp_seconds", dataset="aws.cloudtrail")
    assert newest == NOW.timestamp() - 100


def test_no_lag_of_what_is_tried_again() -> None:
    """An object that is tried again has no lag yet."""
    metrics = Metrics()
    metrics.settled(tally(created=NOW), delivered=False, now=NOW)
    assert value(metrics, "shipper_event_lag_seconds_count", dataset="aws.cloudtrail") is None
    assert value(metrics, "shipper_object_lag_seconds_count", dataset="aws.cloudtrail") is None
    assert value(metrics, "shipper_newest_event_timestamp_seconds", dataset="aws.cloudtrail") is None


def test_lag_is_never_negative() -> None:
    """An event of a clock that is ahead has no lag."""
    metrics = Metrics()
    metrics.settled(tally(created=NOW + timedelta(seconds=9)), delivered=True, now=NOW - timedelta(hours=1))
    assert value(metrics, "shipper_event_lag_seconds_sum", dataset="aws.cloudtrail") == 0
    assert value(metrics, "shipper_object_lag_seconds_sum", dataset="aws.cloudtrail") == 0


def test_the_newest_event_never_goes_back() -> None:
    """An old object that is read late does not make a source look silent."""
    metrics = Metrics()
    metrics.settled(tally(), delivered=True, now=NOW)
    old = tally()
    old.first = old.last = NOW - timedelta(days=9)
    metrics.settled(old, delivered=True, now=NOW)
    newest = value(metrics, "shipper_newest_event_timestamp_seconds", dataset="aws.cloudtrail")
    assert newest == NOW.timestamp() - 100


def test_an_object_of_which_little_is_known() -> None:
    """An object without events, or a message that names none, is counted without lag."""
    metrics = Metrics()
    metrics.settled(Tally(Place(dataset="unknown")), delivered=True, now=NOW)
    assert value(metrics, "shipper_imbalance_records") == 0
    assert value(metrics, "shipper_object_lag_seconds_count", dataset="unknown") is None
