"""The access log: a request id, a log line and a count for each request, and no tracebacks."""

import logging
import re
import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import ClientDisconnect

from app.api.http.asgi import App, Message, Receive, Scope, Send, header, send_response
from app.api.http.clients import client_address
from app.api.http.problems import problem_for
from app.api.http.security_headers import build_safety_headers
from app.api.monitoring.metrics import Metrics, Tally
from app.api.monitoring.redaction import hide_secrets, path_for_log
from app.kit.ids import new_id
from app.kit.process.log import ACCESS, AccessRecord
from app.partners.usage import Usage
from app.settings import Settings

_log = logging.getLogger(ACCESS)
# The longest path in a log line.
_LONGEST = 500
# The logged status if the client disconnected or the server stopped before an answer was sent.
CLIENT_LEFT = 499
# The route of a request that no route answers.
UNMATCHED = "unmatched"
_HARMLESS = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class RequestLog:
    """Counts requests, and logs them with the addresses of their clients."""

    def __init__(self, metrics: Metrics, settings: Settings) -> None:
        """Count in metrics; settings list the trusted proxies, and say what is logged."""
        self._metrics = metrics
        self._settings = settings
        self._logs_cached = settings.access_log == "all"

    def add(
        self, scope: Scope, known: Mapping[str, Any], status: int, size: int, seconds: float
    ) -> None:
        """Count and log an answered request; `size` is that of the body."""
        route, method = known.get("route", UNMATCHED), known["method"]
        self._metrics.request(method, route, status, seconds)
        if _log.isEnabledFor(logging.INFO):
            milliseconds = round(seconds * 1000, 1)
            extra = {
                "request_id": known["request_id"],
                "key": known.get("key_prefix"),
                "milliseconds": milliseconds,
            }
            self._log(scope, method, route, status, size, f"{milliseconds}ms", extra)

    def add_cached(self, scope: Scope, tally: Tally, size: int, id_: str, started: float) -> None:
        """Count an answer from the cache, and log it if the settings say so."""
        tally.hits += 1
        if self._logs_cached and _log.isEnabledFor(logging.INFO):
            seconds = time.perf_counter() - started
            extra = {"request_id": id_, "milliseconds": round(seconds * 1000, 3)}
            self._log(scope, scope["method"], tally.route, tally.status, size, "from memory", extra)

    def _log(
        self,
        scope: Scope,
        method: str,
        route: str,
        status: int,
        size: int,
        time_taken: str,
        extra: Mapping[str, Any],
    ) -> None:
        client = client_address(scope, self._settings)
        path = path_for_log(scope["path"])[:_LONGEST]
        fields = {"client": client, "method": method, "route": route, "status": status}
        args = (method, path, status, size, time_taken, client or "-")
        _log.handle(AccessRecord("%s %s %d %dB %s %s", args, bytes=size, **fields, **extra))


class AccessLogMiddleware:
    """Logs every request, counts those with keys; answers what nothing inside has answered."""

    def __init__(self, app: App, log: RequestLog, usage: Usage) -> None:
        """Wrap an application."""
        self._app = app
        self._log = log
        self._usage = usage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; other scopes pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        known = scope.setdefault("state", {})
        id_: str = known.setdefault("request_id", id_for(header(scope, b"x-request-id")))
        status = size = 0

        async def send_counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                own = [(b"x-request-id", id_.encode()), *build_safety_headers(message["headers"])]
                message["headers"] = [*message["headers"], *own]
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_counted)
        except Exception as wrong:
            if status == 500 or isinstance(wrong, ClientDisconnect):
                # The framework has sent the problem document and raises the exception again. A
                # client that has disconnected is no failure.
                return
            if status:
                # The answer has begun; it can only be aborted.
                raise
            await send_response(send_counted, *problem_for(wrong, id_))
        finally:
            known.setdefault("method", scope["method"])
            seconds = time.perf_counter() - started
            self._log.add(scope, known, status or CLIENT_LEFT, size, seconds)
            if "caller" in known:
                self._usage.add(known["caller"], known.get("route", UNMATCHED), size)


def id_for(given: str | None) -> str:
    """Return the request id of a proxy if it is safe to log, or else a new id."""
    if given is None or not _HARMLESS.fullmatch(given) or hide_secrets(given) != given:
        return new_id()
    return given
