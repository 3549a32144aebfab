"""What the daemon's metrics say became of every record: the sum that must be right."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

OUTCOMES: Final = ("indexed", "duplicates", "filtered", "dead_lettered", "released")


@dataclass(frozen=True, kw_only=True)
class Account:
    """
    The records of one dataset.

    Attributes:
        read: records met
        outcomes: how many of them ended in each way
    """

    dataset: str
    read: int
    outcomes: Mapping[str, int]

    @property
    def holds(self) -> bool:
        """Whether every record read has an outcome."""
        return self.read == sum(self.outcomes[name] for name in OUTCOMES)


@dataclass(frozen=True, kw_only=True)
class Books:
    """
    Everything the daemon counted.

    Attributes:
        accounts: one for each dataset
        imbalance: records of which it does not know what became of them
        messages: by outcome
        objects: objects that were read, once for each time they were announced
        ignored: what was announced and holds no logs, by reason
        object_lag: seconds from the creation of an object until OpenSearch had all of it, on average
    """

    accounts: tuple[Account, ...]
    imbalance: int
    messages: Mapping[str, int]
    objects: int
    ignored: Mapping[str, int]
    object_lag: float

    def total(self, outcome: str) -> int:
        """Sum one outcome over all datasets."""
        return sum(account.outcomes[outcome] for account in self.accounts)


def read_books(exposition: str) -> Books:
    """
    Read metrics.

    Args:
        exposition: as Prometheus receives them
    """
    metrics = _Exposition(exposition)
    records: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (dataset, outcome), count in metrics.by("shipper_records_total", "dataset", "outcome").items():
        records[dataset][outcome] = count
    timed = sum(metrics.by("shipper_object_lag_seconds_count", "dataset").values())
    return Books(
        accounts=tuple(
            Account(dataset=dataset, read=counts["read"], outcomes={name: counts[name] for name in OUTCOMES})
            for dataset, counts in sorted(records.items())
        ),
        imbalance=sum(metrics.by("shipper_imbalance_records").values()),
        messages={outcome: count for (outcome,), count in metrics.by("shipper_messages_total", "outcome").items()},
        objects=sum(
            count
            for (outcome,), count in metrics.by("shipper_objects_total", "outcome").items()
            if outcome == "delivered"
        ),
        ignored={reason: count for (reason,), count in metrics.by("shipper_ignored_total", "reason").items()},
        object_lag=metrics.sum("shipper_object_lag_seconds_sum") / timed if timed else 0.0,
    )


class _Exposition:
    """All samples of an exposition by name."""

    def __init__(self, text: str) -> None:
        self._samples: dict[str, list[Any]] = defaultdict(list)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples[sample.name].append(sample)

    def by(self, name: str, *labels: str) -> dict[tuple[str, ...], int]:
        """Sum the samples of a name that agree in some labels; whole numbers."""
        sums: dict[tuple[str, ...], int] = defaultdict(int)
        for sample in self._samples[name]:
            sums[tuple(sample.labels[label] for label in labels)] += int(sample.value)
        return sums

    def sum(self, name: str) -> float:
        """Sum all samples of a name."""
        return sum(float(sample.value) for sample in self._samples[name])
