"""A Prometheus collector of totals that are read when the metrics are scraped."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

# Totals since the start of the process, by the values of the labels.
Totals = Mapping[tuple[str, ...], int]


class CounterReading(Collector):
    """A counter whose totals are kept elsewhere."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ()) -> None:
        """Start without totals, until `read` is set."""
        self._name, self._meaning, self._labels = name, meaning, labels
        self.read: Callable[[], Totals] = dict

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Read the current totals."""
        family = CounterMetricFamily(self._name, self._meaning, labels=self._labels)
        for values, total in self.read().items():
            family.add_metric(values, total)
        yield family
