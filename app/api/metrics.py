"""What operators watch: counts and durations in Prometheus' text format."""

from collections.abc import Sized

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from app import __version__
from app.search.queries import Standing

MEDIA_TYPE = CONTENT_TYPE_LATEST
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


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
        self._seconds = Histogram(
            "dateline_request_seconds",
            "How long requests took that were not answered from memory, in seconds.",
            ["route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
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
        self._counts: dict[tuple[str, str, int], int] = {}
        Gauge(
            "dateline_build", "The version that runs.", ["version"], registry=self.registry
        ).labels(__version__).set(1)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered; `route` is a template, never a path."""
        self.count(method, route, status)
        self._seconds.labels(route).observe(seconds)

    def count(self, method: str, route: str, status: int) -> None:
        """Count a request that was answered from memory: too quick to be worth a clock.

        It is a number in a dictionary until somebody asks, which costs a tenth of a metric.
        """
        key = (method, route, status)
        self._counts[key] = self._counts.get(key, 0) + 1

    def watch_cache(self, entries: Sized) -> None:
        """Tell how many finished answers are kept in memory."""
        self._kept.set_function(lambda: len(entries))

    def database(self, serial: int | None) -> None:
        """Note the log's position, or that the database did not answer."""
        self._up.set(0 if serial is None else 1)
        if serial is not None:
            self._serial.set(serial)

    def index(self, standing: Standing | None) -> None:
        """Note how the search index stands, where that could be found out."""
        if standing is not None:
            self._behind.set(standing.behind)
            self._indexed.set(standing.stories)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        counts, self._counts = self._counts, {}
        for (method, route, status), count in counts.items():
            known = method if method in _METHODS else "OTHER"
            self._requests.labels(known, route, str(status)).inc(count)
        return generate_latest(self.registry)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
