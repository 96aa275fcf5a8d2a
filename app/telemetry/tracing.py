"""Tracing: the instruments that record spans, and the export of spans."""

from functools import partial

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import (
    SERVICE_NAME,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from app import __version__
from app.api.http.asgi import App
from app.bootstrap import Instruments
from app.telemetry.instruments import TraceCarriers, TracedDatabase, TracedHttpClient, TracedSearch
from app.telemetry.requests import TracingMiddleware


class Tracing:
    """Records spans with a tracer provider of OpenTelemetry's SDK."""

    def __init__(self, provider: TracerProvider) -> None:
        """Create a tracer."""
        self._provider = provider
        self._tracer = provider.get_tracer("dateline", __version__)

    @property
    def instruments(self) -> Instruments:
        """Return the services that record spans."""
        carriers = TraceCarriers()
        tracer = self._tracer
        search = type("Search", (TracedSearch,), {"tracer": tracer})
        client = type("HttpClient", (TracedHttpClient,), {"tracer": tracer})
        return Instruments(
            database=partial(TracedDatabase, tracer),
            search=search,
            client=client,
            subscribers=(carriers.remember,),
            headers_about=carriers.headers,
        )

    def wrap(self, app: App) -> App:
        """Wrap an application, to record a span for each request."""
        return TracingMiddleware(app, self._tracer)

    def close(self) -> None:
        """Export the remaining spans."""
        self._provider.shutdown()


def start_tracing() -> Tracing:
    """Export spans as the `OTEL_…` environment variables say."""
    resource = Resource({SERVICE_NAME: "dateline", SERVICE_VERSION: __version__})
    provider = TracerProvider(resource=resource.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)
