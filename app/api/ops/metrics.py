"""What operators watch: counts and durations in Prometheus' text format."""

from bisect import bisect_left
from collections.abc import Iterator, Sized
from itertools import accumulate
from math import inf

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from app import __version__
from app.api.ops.component_metrics import IndexMetrics, LogMetrics, PurgeMetrics, PushMetrics
from app.kit.leadership import Leadership

MEDIA_TYPE = CONTENT_TYPE_LATEST
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Tally:
    """How many requests of one kind were answered since somebody asked.

    Raising it costs a tenth of what a metric does.
    """

    __slots__ = ("count", "route", "status")

    def __init__(self, route: str, status: int) -> None:
        """Begin at none."""
        self.count = 0
        self.route, self.status = route, status


class _Durations(Collector):
    """How long requests of each route took, in buckets; noting one costs a tenth of a histogram."""

    def __init__(self, name: str, told: str) -> None:
        """Begin at none."""
        self._family = (name, told)
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def note(self, route: str, seconds: float) -> None:
        """Count one more."""
        counts = self._counts.get(route)
        if counts is None:
            counts = self._counts[route] = [0] * (len(_BUCKETS) + 1)
            self._sums[route] = 0.0
        counts[bisect_left(_BUCKETS, seconds)] += 1
        self._sums[route] += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Return them as Prometheus reads them: each bucket with all below it."""
        family = HistogramMetricFamily(*self._family, labels=["route"])
        for route, counts in list(self._counts.items()):
            reached = map(floatToGoString, (*_BUCKETS, inf))
            buckets = list(zip(reached, map(float, accumulate(counts)), strict=True))
            family.add_metric([route], buckets, self._sums[route])
        yield family


class Metrics:
    """The metrics of one process, in a registry of their own: of requests, and of its parts."""

    def __init__(self) -> None:
        """Register every metric; docs/operations.md lists them, and a test compares."""
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "dateline_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = _Durations(
            "dateline_request_seconds",
            "How long requests took that were not answered from memory, in seconds.",
        )
        self.registry.register(self._seconds)
        self._tallies: dict[tuple[str, str, int], Tally] = {}
        self._kept = Gauge(
            "dateline_cache_entries", "Finished answers kept in memory.", registry=self.registry
        )
        self._leads = Gauge(
            "dateline_leader",
            "Whether this process does the background work: 1 or 0.",
            registry=self.registry,
        )
        self.log = LogMetrics(self.registry)
        self.index = IndexMetrics(self.registry)
        self.purges = PurgeMetrics(self.registry)
        self.push = PushMetrics(self.registry)
        _tell_version(self.registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered; `route` is a template, never a path."""
        self.tally(method, route, status).count += 1
        self._seconds.note(route, seconds)

    def tally(self, method: str, route: str, status: int) -> Tally:
        """Return where to count requests; those answered from memory are too quick for a clock."""
        key = (method if method in _METHODS else "OTHER", route, status)
        return self._tallies.get(key) or self._tallies.setdefault(key, Tally(route, status))

    def watch_leadership(self, leadership: Leadership) -> None:
        """Tell whether this process does the background work."""
        self._leads.set_function(lambda: leadership.term is not None)

    def watch_cache(self, entries: Sized) -> None:
        """Tell how many finished answers are kept in memory."""
        self._kept.set_function(lambda: len(entries))

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        for (method, route, status), tally in self._tallies.items():
            self._requests.labels(method, route, str(status)).inc(tally.count)
            tally.count = 0
        return generate_latest(self.registry)


def _tell_version(registry: CollectorRegistry) -> None:
    build = Gauge("dateline_build", "The version that runs.", ["version"], registry=registry)
    build.labels(__version__).set(1)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
