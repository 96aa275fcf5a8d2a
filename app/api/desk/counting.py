"""What processes of one server have counted, told as one."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

# What goes up with everything that happens. What is so just now each process knows by itself.
_COUNTED = frozenset({"counter", "histogram"})


class Together(Collector):
    """The metrics of this process, with what another has counted added to its counts."""

    def __init__(self, own: CollectorRegistry, other: bytes) -> None:
        """Take our own metrics, and another's in Prometheus' text format."""
        self._own = own
        families = text_string_to_metric_families(other.decode())
        self._others = {one.name: one.samples for one in families}

    def collect(self) -> Iterator[Metric]:
        """Yield each metric of ours."""
        for family in self._own.collect():
            if family.type in _COUNTED:
                family.samples = _added(family.samples, self._others.get(family.name, ()))
            yield family


def _added(own: Iterable[Sample], others: Iterable[Sample]) -> list[Sample]:
    sums: dict[tuple[str, frozenset[tuple[str, str]]], Sample] = {}
    for one in (*own, *others):
        key = one.name, frozenset(one.labels.items())
        before = sums.get(key)
        sums[key] = one if before is None else one._replace(value=before.value + one.value)
    return list(sums.values())
