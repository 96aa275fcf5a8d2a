"""A Prometheus collector of totals that are read when somebody asks for the metrics."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

# Totals since the start of the process, by the values of the labels.
Totals = Mapping[tuple[str, ...], int]


class CounterReading(Collector):
    """A counter whose totals somebody else keeps."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ()) -> None:
        """Have no totals until `read` is set."""
        self._name, self._meaning, self._labels = name, meaning, labels
        self.read: Callable[[], Totals] = dict

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Return the totals as they are now."""
        family = CounterMetricFamily(self._name, self._meaning, labels=self._labels)
        for values, total in self.read().items():
            family.add_metric(values, total)
        yield family
