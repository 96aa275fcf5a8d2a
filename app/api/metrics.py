"""What operators watch: counts and durations in Prometheus' text format."""

from bisect import bisect_left
from collections import Counter as Counted
from collections.abc import Iterator, Sized
from itertools import accumulate
from math import inf

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from app import __version__
from app.search.queries import Standing
from app.syndication.push.push import Standing as PushStanding

MEDIA_TYPE = CONTENT_TYPE_LATEST
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Tally:
    """How many requests of one kind were answered since somebody asked.

    Raising it costs a tenth of what a metric does.
    """

    __slots__ = ("count",)

    def __init__(self) -> None:
        """Begin at none."""
        self.count = 0


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
    """The metrics of one process, in a registry of their own."""

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
        self._serial = Gauge(
            "dateline_log_serial", "The last serial of the change log.", registry=self.registry
        )
        self._up = Gauge(
            "dateline_database_up",
            "Whether the database answers: 1 or 0.",
            registry=self.registry,
        )
        self._kept = Gauge(
            "dateline_cache_entries",
            "Finished answers kept in memory.",
            registry=self.registry,
        )
        self._behind = Gauge(
            "dateline_index_lag",
            "How many serials of the change log the search index has still to follow.",
            registry=self.registry,
        )
        self._indexed = Gauge(
            "dateline_index_documents", "Stories in the search index.", registry=self.registry
        )
        self._purges = Counter(
            "dateline_purges",
            "Requests by which this process told a CDN what to fetch anew.",
            ["outcome"],
            registry=self.registry,
        )
        self._purge_lag = Gauge(
            "dateline_purge_lag",
            "How many serials of the change log a CDN has not been told of.",
            registry=self.registry,
        )
        self._deliveries = Counter(
            "dateline_push_deliveries",
            "Requests by which this process told webhooks and subscribers of feeds.",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self._push_lag = Gauge(
            "dateline_push_lag",
            "How many serials of the change log push has still to follow.",
            registry=self.registry,
        )
        self._push_pending = Gauge(
            "dateline_push_pending",
            "Deliveries that wait to be made.",
            registry=self.registry,
        )
        self._push_paused = Gauge(
            "dateline_push_paused",
            "Webhooks that are paused or disabled.",
            registry=self.registry,
        )
        self._pushed: Counted[tuple[str, str]] = Counted()
        self._purged = {"sent": 0, "failed": 0}
        self._tallies: dict[tuple[str, str, int], Tally] = {}
        Gauge(
            "dateline_build", "The version that runs.", ["version"], registry=self.registry
        ).labels(__version__).set(1)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered; `route` is a template, never a path."""
        self.tally(method, route, status).count += 1
        self._seconds.note(route, seconds)

    def tally(self, method: str, route: str, status: int) -> Tally:
        """Return where to count requests; those answered from memory are too quick for a clock."""
        key = (method if method in _METHODS else "OTHER", route, status)
        return self._tallies.get(key) or self._tallies.setdefault(key, Tally())

    def watch_cache(self, entries: Sized) -> None:
        """Tell how many finished answers are kept in memory."""
        self._kept.set_function(lambda: len(entries))

    def database(self, serial: int | None) -> None:
        """Note the log's position, or that the database did not answer."""
        self._up.set(0 if serial is None else 1)
        if serial is not None:
            self._serial.set(serial)

    def purging(self, sent: int, failed: int, lag: int | None) -> None:
        """Note how often a CDN was told since the start, and how far behind it is, if known."""
        for outcome, total in (("sent", sent), ("failed", failed)):
            self._purges.labels(outcome).inc(total - self._purged[outcome])
            self._purged[outcome] = total
        if lag is not None:
            self._purge_lag.set(lag)

    def push(self, outcomes: Counted[tuple[str, str]], standing: PushStanding | None) -> None:
        """Note what came of deliveries since the start, and how push stands, if known."""
        for (kind, outcome), total in tuple(outcomes.items()):
            new = total - self._pushed[kind, outcome]
            self._deliveries.labels(kind, outcome).inc(new)
            self._pushed[kind, outcome] = total
        if standing is not None:
            self._push_lag.set(standing.lag)
            self._push_pending.set(standing.pending)
            self._push_paused.set(standing.paused)

    def index(self, standing: Standing | None) -> None:
        """Note how the search index stands, where that could be found out."""
        if standing is not None:
            self._behind.set(standing.behind)
            self._indexed.set(standing.stories)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        for (method, route, status), tally in self._tallies.items():
            self._requests.labels(method, route, str(status)).inc(tally.count)
            tally.count = 0
        return generate_latest(self.registry)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
