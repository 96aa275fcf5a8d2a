"""Prometheus metrics of the parts of a deployment: one class for each part."""

from collections import Counter as Counted
from collections.abc import Callable, Sized
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge

from app.api.ops.collectors import CounterReading, Totals
from app.search.queries import IndexStatus
from app.server.limits import Limits
from app.syndication.push.purging import CdnPurger
from app.syndication.push.push import PushStatus as PushStanding


class LogMetrics:
    """The database and its change log."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them."""
        self._serial = Gauge(
            "dateline_log_serial", "The last serial of the change log.", registry=registry
        )
        self._up = Gauge(
            "dateline_database_up", "Whether the database answers: 1 or 0.", registry=registry
        )

    def note(self, serial: int | None) -> None:
        """Note the log's position, or that the database did not answer."""
        self._up.set(0 if serial is None else 1)
        if serial is not None:
            self._serial.set(serial)


class IndexMetrics:
    """The search index."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them."""
        self._behind = Gauge(
            "dateline_index_lag",
            "How many serials of the change log the search index has still to follow.",
            registry=registry,
        )
        self._stories = Gauge(
            "dateline_index_documents", "Stories in the search index.", registry=registry
        )

    def note(self, standing: IndexStatus | None) -> None:
        """Note how the index stands, where that could be found out."""
        if standing is not None:
            self._behind.set(standing.behind)
            self._stories.set(standing.stories)


class Weighed(Sized, Protocol):
    """What is kept in memory, and how many bytes that takes."""

    @property
    def weight(self) -> int:
        """Bytes, about."""


class CacheMetrics:
    """The response cache."""

    def __init__(self, process: CollectorRegistry, hits: Callable[[], Totals]) -> None:
        """Register them; `hits` returns how many answers came from memory."""
        self._entries = Gauge(
            "dateline_cache_entries", "Finished answers kept in memory.", registry=process
        )
        self._bytes = Gauge(
            "dateline_cache_bytes",
            "Memory that finished answers take, in bytes, about.",
            registry=process,
        )
        counter = CounterReading("dateline_cache_hits", "Requests answered from memory.")
        counter.read = hits
        process.register(counter)

    def watch(self, entries: Weighed) -> None:
        """Tell of the entries of this process."""
        self._entries.set_function(lambda: len(entries))
        self._bytes.set_function(lambda: entries.weight)


class ConnectionMetrics:
    """Connections of clients, and those of them that listen."""

    def __init__(self, process: CollectorRegistry) -> None:
        """Register them."""
        self._connections = Gauge(
            "dateline_connections", "Connections of clients that are open.", registry=process
        )
        self._listeners = Gauge(
            "dateline_listeners",
            "Clients that listen, by /v1/stream or by `wait`.",
            registry=process,
        )

    def watch(self, limits: Limits) -> None:
        """Tell of the connections and listeners that are counted for their limits."""
        self._connections.set_function(lambda: limits.connections.used)
        self._listeners.set_function(lambda: limits.listeners.used)


class PurgeMetrics:
    """What a CDN is told."""

    def __init__(self, process: CollectorRegistry, deployment: CollectorRegistry) -> None:
        """Register them."""
        self._requests = CounterReading(
            "dateline_purges",
            "Requests that told a CDN what to fetch anew.",
            ["outcome"],
        )
        process.register(self._requests)
        self._lag = Gauge(
            "dateline_purge_lag",
            "How many serials of the change log a CDN has not been told of.",
            registry=deployment,
        )

    def watch(self, purging: CdnPurger) -> None:
        """Tell how often a CDN was told since the start."""
        self._requests.read = lambda: {("sent",): purging.sent, ("failed",): purging.failed}

    def note(self, lag: int | None) -> None:
        """Note how far behind the CDN is, if that could be found out."""
        if lag is not None:
            self._lag.set(lag)


class PushMetrics:
    """What webhooks and subscribers of feeds are told."""

    def __init__(self, process: CollectorRegistry, deployment: CollectorRegistry) -> None:
        """Register them."""
        self._deliveries = CounterReading(
            "dateline_push_deliveries",
            "Requests that told webhooks and subscribers of feeds.",
            ["kind", "outcome"],
        )
        process.register(self._deliveries)
        self._lag = Gauge(
            "dateline_push_lag",
            "How many serials of the change log push has still to follow.",
            registry=deployment,
        )
        self._pending = Gauge(
            "dateline_push_pending", "Deliveries that wait to be made.", registry=deployment
        )
        self._paused = Gauge(
            "dateline_push_paused", "Webhooks that are paused or disabled.", registry=deployment
        )

    def watch(self, outcomes: Counted[tuple[str, str]]) -> None:
        """Tell what came of deliveries since the start."""
        self._deliveries.read = lambda: dict(outcomes.items())

    def note(self, standing: PushStanding | None) -> None:
        """Note how push stands, if that could be found out."""
        if standing is not None:
            self._lag.set(standing.lag)
            self._pending.set(standing.pending)
            self._paused.set(standing.paused)
