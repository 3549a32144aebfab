"""The table of what AWS delivers."""

from sample_files import SOURCES

from shipper.readme import deliveries


def test_every_log_is_told_how_to_get() -> None:
    """Each dataset has a way to get its log, and each way leads to a dataset that there is."""
    assert {one["dataset"] for one in deliveries()} == {source.dataset for source in SOURCES}
    assert all(all(one.values()) for one in deliveries())
