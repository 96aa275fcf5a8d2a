"""Pages for operators: which ones are public, and which ones have a separate port."""

from app.api.http.asgi import App, Receive, Scope, Send
from app.api.http.errors import PathNotFound
from app.api.http.refusals import refuse
from app.api.monitoring.redaction import path_for_log
from app.kit.quoting import quote_text
from app.settings import Settings

_METRICS = "/metrics"
_REFERENCE = ("/docs", "/openapi.json")
_PROBES = ("/healthz", "/readyz")


class PublicPagesMiddleware:
    """Answers 404 for pages of operators that are not public."""

    def __init__(self, app: App, settings: Settings) -> None:
        """Wrap the application."""
        self._app = app
        self._hides_metrics = settings.metrics != "public"
        self._hides_reference = settings.docs != "public"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 404."""
        if scope["type"] == "http" and self._hides(scope["path"]):
            await _answer_not_found(scope, send)
        else:
            await self._app(scope, receive, send)

    def _hides(self, path: str) -> bool:
        if path == _METRICS:
            return self._hides_metrics
        return self._hides_reference and _is_reference(path)


class OperatorsOnlyMiddleware:
    """Serves only the pages of operators: the application of the separate port."""

    def __init__(self, app: App, settings: Settings) -> None:
        """Wrap the application."""
        self._app = app
        self._metrics = settings.metrics != "off"
        self._reference = settings.docs != "off"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 404."""
        if self._serves(scope["path"]):
            await self._app(scope, receive, send)
        else:
            await _answer_not_found(scope, send)

    def _serves(self, path: str) -> bool:
        if path == _METRICS:
            return self._metrics
        return path in _PROBES or (self._reference and _is_reference(path))


def _is_reference(path: str) -> bool:
    return path in _REFERENCE or path.startswith("/docs/")


async def _answer_not_found(scope: Scope, send: Send) -> None:
    failure = PathNotFound(f"Nothing is served at {quote_text(path_for_log(scope['path']))}.")
    await refuse(scope, send, failure)
