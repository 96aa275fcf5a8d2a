"""The access log: a request id, a log line and a count for each request, and no tracebacks."""

import logging
import re
import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import ClientDisconnect

from app.api.http.asgi import App, Message, Receive, Scope, Send, answer, header
from app.api.http.problems import problem_for
from app.api.http.security_headers import safety_headers
from app.api.ops.metrics import Metrics
from app.api.ops.redaction import hide_secrets, path_for_log
from app.kit.ids import new_id
from app.kit.log import ACCESS, AccessRecord

_log = logging.getLogger(ACCESS)
# As much of a path as a log line needs.
_LONGEST = 500
_HARMLESS = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class AccessLogMiddleware:
    """Wraps every request; what fails inside becomes a problem document here at the latest."""

    def __init__(self, app: App, metrics: Metrics) -> None:
        """Stand in front of an application."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; other kinds of scope pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        known = scope.setdefault("state", {})
        id_: str = known.setdefault("request_id", id_for(header(scope, b"x-request-id")))
        status = 0

        async def tell(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = [(b"x-request-id", id_.encode()), *safety_headers(message["headers"])]
                message["headers"] = [*message["headers"], *own]
            await send(message)

        try:
            await self._app(scope, receive, tell)
        except Exception as wrong:
            if status == 500 or isinstance(wrong, ClientDisconnect):
                # The framework has answered with our problem, and lets everybody outside know. Of
                # a client that left, there is nothing to know.
                return
            if status:
                # The answer has begun; all that is left is to cut it off.
                raise
            await answer(tell, *problem_for(wrong, id_))
        finally:
            known.setdefault("method", scope["method"])
            seconds = time.perf_counter() - started
            log_request(self._metrics, known, scope["path"], status, seconds)


def log_request(
    metrics: Metrics, known: Mapping[str, Any], path: str, status: int, seconds: float
) -> None:
    """Count and log a request that was answered, of which this is known."""
    route = known.get("route", "unmatched")
    method: str = known["method"]
    metrics.request(method, route, status, seconds)
    if _log.isEnabledFor(logging.INFO):
        args = (method, path_for_log(path)[:_LONGEST], status, seconds * 1000)
        told = {"request_id": known["request_id"], "key": known.get("key_prefix"), "route": route}
        _log.handle(AccessRecord("%s %s %d %.1fms", args, **told))


def id_for(given: str | None) -> str:
    """Return the id that a proxy gave a request, if it is harmless in a log, or a new one."""
    if given is None or not _HARMLESS.fullmatch(given) or hide_secrets(given) != given:
        return new_id()
    return given
