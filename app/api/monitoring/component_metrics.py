"""Prometheus metrics of the parts of a deployment: one class for each part."""

from collections import Counter as Counted
from collections.abc import Callable, Sized
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge

from app.api.monitoring.collectors import CounterReading, Totals
from app.search.queries import IndexStatus
from app.server.limits import Limits
from app.syndication.push.purging import CdnPurger
from app.syndication.push.push import PushStatus


class LogMetrics:
    """The database and its change log."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""
        self._serial = Gauge(
            "dateline_log_serial", "The last serial of the change log.", registry=registry
        )
        self._up = Gauge(
            "dateline_database_up", "Whether the database answers: 1 or 0.", registry=registry
        )

    def note(self, serial: int | None) -> None:
        """Set the log position; None if the database did not answer."""
        self._up.set(0 if serial is None else 1)
        if serial is not None:
            self._serial.set(serial)


class IndexMetrics:
    """The search index."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""
        self._behind = Gauge(
            "dateline_index_lag",
            "How many serials of the change log the search index has still to follow.",
            registry=registry,
        )
        self._stories = Gauge(
            "dateline_index_documents", "Stories in the search index.", registry=registry
        )

    def note(self, status: IndexStatus | None) -> None:
        """Set the status of the index, if it could be read."""
        if status is not None:
            self._behind.set(status.behind)
            self._stories.set(status.stories)


class Weighed(Sized, Protocol):
    """A cache in memory, with its size in bytes."""

    @property
    def weight(self) -> int:
        """About how many bytes it takes."""


class CacheMetrics:
    """The response cache."""

    def __init__(self, process: CollectorRegistry, hits: Callable[[], Totals]) -> None:
        """Register the metrics; `hits` returns the number of cache hits."""
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
        """Report the entries of this process."""
        self._entries.set_function(lambda: len(entries))
        self._bytes.set_function(lambda: entries.weight)


class ConnectionMetrics:
    """Client connections and listeners."""

    def __init__(self, process: CollectorRegistry) -> None:
        """Register the metrics."""
        self._connections = Gauge(
            "dateline_connections", "Connections of clients that are open.", registry=process
        )
        self._listeners = Gauge(
            "dateline_listeners",
            "Clients that listen, by /v1/stream or by `wait`.",
            registry=process,
        )

    def watch(self, limits: Limits) -> None:
        """Report the connections and listeners that are counted for the limits."""
        self._connections.set_function(lambda: limits.connections.used)
        self._listeners.set_function(lambda: limits.listeners.used)


class PurgeMetrics:
    """CDN purging."""

    def __init__(self, process: CollectorRegistry, deployment: CollectorRegistry) -> None:
        """Register the metrics."""
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
        """Report the purge requests since the start."""
        self._requests.read = lambda: {("sent",): purging.sent, ("failed",): purging.failed}

    def note(self, lag: int | None) -> None:
        """Set the lag of purging, if it could be read."""
        if lag is not None:
            self._lag.set(lag)


class PushMetrics:
    """Push: webhooks and subscribers of feeds."""

    def __init__(self, process: CollectorRegistry, deployment: CollectorRegistry) -> None:
        """Register the metrics."""
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
        """Report the outcomes of deliveries since the start."""
        self._deliveries.read = lambda: dict(outcomes.items())

    def note(self, status: PushStatus | None) -> None:
        """Set the status of push, if it could be read."""
        if status is not None:
            self._lag.set(status.lag)
            self._pending.set(status.pending)
            self._paused.set(status.paused)
