"""Spans of incoming requests, which continue the trace of the client."""

from dataclasses import replace
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, Tracer

from app.api.http.asgi import App, Message, Receive, Scope, Send
from app.api.middleware.access_log import RequestLog
from app.api.monitoring.metrics import Tally
from app.server.interface import find_hooks
from app.telemetry.instruments import mark_failed

# The key of the scope for the span that started before its task.
_SPAN = "dateline.span"


class TracedRequestLog(RequestLog):
    """Names the span of a request by its route template, never by its path or query."""

    def add(self, scope: Scope, known: Any, status: int, size: int, seconds: float) -> None:
        """Record how a request was answered."""
        super().add(scope, known, status, size, seconds)
        route = known.get("route", "unmatched")
        _describe_request(known["method"], route, status, known["request_id"], from_memory=False)

    def add_cached(self, scope: Scope, tally: Tally, size: int, id_: str, started: float) -> None:
        """Record a cached answer."""
        super().add_cached(scope, tally, size, id_, started)
        _describe_request(scope["method"], tally.route, tally.status, id_, from_memory=True)


class TracingMiddleware:
    """Records a span around each request; the outermost middleware."""

    def __init__(self, app: App, tracer: Tracer) -> None:
        """Wrap an application and its hooks."""
        self._app, self._tracer = app, tracer
        inner = find_hooks(app)
        self._inner_lookup = inner.lookup
        self.hooks = replace(inner, lookup=self.lookup)

    def lookup(self, scope: Scope) -> Message | None:
        """Return a cached answer; without one, the span continues in the task of the request."""
        span = self._begin(scope)
        with trace.use_span(span, record_exception=False, set_status_on_exception=False):
            message = self._inner_lookup(scope)
        if message is None:
            scope[_SPAN] = span
        else:
            span.end()
        return message

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request inside its span."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        span = scope.pop(_SPAN, None) or self._begin(scope)
        with trace.use_span(
            span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        ):
            await self._app(scope, receive, send)

    def _begin(self, scope: Scope) -> Span:
        carrier = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        return self._tracer.start_span(scope["method"], propagate.extract(carrier), SpanKind.SERVER)


def _describe_request(method: str, route: str, status: int, id_: str, *, from_memory: bool) -> None:
    span = trace.get_current_span()
    span.update_name(f"{method} {route}")
    span.set_attributes(
        {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            "dateline.request_id": id_,
            "dateline.from_memory": from_memory,
        }
    )
    if status >= 500:
        mark_failed(span, str(status))
