"""Prometheus metrics of the parts of a deployment: one class for each part."""

from collections import Counter as Counted

from prometheus_client import CollectorRegistry, Counter, Gauge

from app.search.queries import Standing
from app.syndication.push.push import Standing as PushStanding


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

    def note(self, standing: Standing | None) -> None:
        """Note how the index stands, where that could be found out."""
        if standing is not None:
            self._behind.set(standing.behind)
            self._stories.set(standing.stories)


class PurgeMetrics:
    """What a CDN is told."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them."""
        self._requests = Counter(
            "dateline_purges",
            "Requests by which this process told a CDN what to fetch anew.",
            ["outcome"],
            registry=registry,
        )
        self._lag = Gauge(
            "dateline_purge_lag",
            "How many serials of the change log a CDN has not been told of.",
            registry=registry,
        )
        self._told = {"sent": 0, "failed": 0}

    def note(self, sent: int, failed: int, lag: int | None) -> None:
        """Note how often a CDN was told since the start, and how far behind it is, if known."""
        for outcome, total in (("sent", sent), ("failed", failed)):
            self._requests.labels(outcome).inc(total - self._told[outcome])
            self._told[outcome] = total
        if lag is not None:
            self._lag.set(lag)


class PushMetrics:
    """What webhooks and subscribers of feeds are told."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them."""
        self._deliveries = Counter(
            "dateline_push_deliveries",
            "Requests by which this process told webhooks and subscribers of feeds.",
            ["kind", "outcome"],
            registry=registry,
        )
        self._lag = Gauge(
            "dateline_push_lag",
            "How many serials of the change log push has still to follow.",
            registry=registry,
        )
        self._pending = Gauge(
            "dateline_push_pending", "Deliveries that wait to be made.", registry=registry
        )
        self._paused = Gauge(
            "dateline_push_paused", "Webhooks that are paused or disabled.", registry=registry
        )
        self._told: Counted[tuple[str, str]] = Counted()

    def note(self, outcomes: Counted[tuple[str, str]], standing: PushStanding | None) -> None:
        """Note what came of deliveries since the start, and how push stands, if known."""
        for (kind, outcome), total in tuple(outcomes.items()):
            self._deliveries.labels(kind, outcome).inc(total - self._told[kind, outcome])
            self._told[kind, outcome] = total
        if standing is not None:
            self._lag.set(standing.lag)
            self._pending.set(standing.pending)
            self._paused.set(standing.paused)
